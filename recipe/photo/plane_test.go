package photo

import (
	"math"
	"testing"
)

func TestBackdrop(t *testing.T) {
	for _, tt := range []struct {
		name   string
		w, h   int
		want   plane
		object int // columns at the left that are bright
	}{
		{"black", 40, 30, plane{}, 0},
		{"even", 40, 30, plane{mean: 0.4}, 0},
		{"shaded", 50, 70, plane{0.3, 0.2, -0.1}, 0},
		{"with an object at the edge", 60, 60, plane{0.2, 0.05, 0.1}, 12},
	} {
		g := newGrey(tt.w, tt.h)
		for y := range tt.h {
			for x := range tt.w {
				g.Pix[y*tt.w+x] = tt.want.at(g, x, y)
				if x < tt.object && y > tt.h/3 && y < 2*tt.h/3 {
					g.Pix[y*tt.w+x] = 0.9
				}
			}
		}
		got, unlike := backdrop(g)
		off := math.Abs(float64(got.mean-tt.want.mean)) + math.Abs(float64(got.dx-tt.want.dx)) + math.Abs(float64(got.dy-tt.want.dy))
		if off > 0.01 || unlike > 0.2 || tt.object == 0 && unlike > 0 {
			t.Errorf("%s: got %+v, want %+v; %g of the border is unlike it", tt.name, got, tt.want, unlike)
		}
	}
}

func TestBackdropOfNoise(t *testing.T) {
	g := newGrey(64, 64)
	for i := range g.Pix {
		g.Pix[i] = float32(i*7919%256) / 255
	}
	if p, unlike := backdrop(g); unlike < mixedAbove {
		t.Errorf("noise lies in a plane: %+v, unlike %g", p, unlike)
	}
}

func TestSolveNeedsPoints(t *testing.T) {
	var few, line normal
	few.add(0, 0, 1)
	for i := range 100 {
		line.add(float32(i)/100-0.5, 0, 1) // they say nothing about y
	}
	for name, s := range map[string]*normal{"few": &few, "in a line": &line} {
		if p, ok := s.solve(); ok {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
