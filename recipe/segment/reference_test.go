package segment

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

// Groups are those that a slow way finds: labels that spread until nothing
// changes.
func TestConnected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 7).Draw(t, "w"), rapid.IntRange(1, 7).Draw(t, "h")
		of := rapid.SliceOfN(rapid.IntRange(0, 1), w*h, w*h).Draw(t, "of")
		group := make([]int, w*h)
		for i := range group {
			group[i] = i
		}
		for changed := true; changed; {
			changed = false
			for i := range of {
				for k := range of {
					dx, dy := i%w-k%w, i/w-k/w
					if dx*dx+dy*dy == 1 && of[i] == of[k] && group[k] < group[i] {
						group[i], changed = group[k], true
					}
				}
			}
		}
		seen := 0
		for _, part := range connected(of, w) {
			for _, i := range part {
				if group[i] != group[part[0]] {
					t.Fatalf("%v in rows of %d: %v is one group, want %v", of, w, part, group)
				}
				seen++
			}
			for i, g := range group {
				if g == group[part[0]] && !slices.Contains(part, i) {
					t.Fatalf("%v in rows of %d: %v lacks %d", of, w, part, i)
				}
			}
		}
		if seen != w*h {
			t.Fatalf("%d of %d pixels", seen, w*h)
		}
	})
}

// toy is pictures of 16×16 pixels, black, with a bright square or a bright
// frame; classes 1 and 2.
func toy(n int) data.Dataset {
	const side = 16
	x, y := tensor.Zeros(n, side, side, 3), tensor.Zeros(n, side, side)
	px, py := tensor.Data[float32](x), make([]int32, y.Len())
	for i := range n {
		at, size, class := 2+i%4, 7+i%3, 1+i%2
		for r := range size {
			for c := range size {
				p := i*side*side + (at+r)*side + at + c
				if inner := min(r, c, size-1-r, size-1-c); class == 2 && inner >= 2 {
					continue
				}
				py[p] = int32(class)
				for k := range 3 {
					px[3*p+k] = 2
				}
			}
		}
	}
	return data.FromTensors(tensor.Of(px, n, side, side, 3), tensor.Of(py, n, side, side))
}

// Forms that differ are told apart, on a plain background.
func TestReferenceOnAToy(t *testing.T) {
	c, err := teach(t.Context(), toy(24), 4)
	if err != nil {
		t.Fatal(err)
	}
	if c.there[0] || !c.there[1] || !c.there[2] || c.there[3] {
		t.Errorf("classes that were seen: %v", c.there)
	}
	c.distance, c.least = 1, 10
	both, err := c.try(t.Context(), toy(9))
	if err != nil || both.Result() != 1 {
		t.Errorf("%.3f of the pixels are right: %v", both.Result(), err)
	}
	c.least = 200 // more than any has
	if both, err = c.try(t.Context(), toy(9)); err != nil || both.Recall(1) != 0 || both.Recall(0) != 1 {
		t.Errorf("objects that are too small are found: %v", err)
	}
	if f := firstOf(toy(5), 100); f.Len() != 5 {
		t.Errorf("%d of 5", f.Len())
	}
}

// A figure does not depend on where an object is, nor on its light.
func TestFigures(t *testing.T) {
	const w = 30
	draw := func(x0, y0 int, light float32) figure {
		x := slices.Repeat([]float32{-2}, w*w*3)
		var part []int
		for i := range 12 * 12 {
			p := (y0+i/12)*w + x0 + i%12
			part = append(part, p)
			for k := range 3 {
				x[3*p+k] = light*float32(1+i%12)/12 - 2
			}
		}
		return figureOf(x, part, w)
	}
	a, b := draw(2, 3, 4), draw(11, 7, 2)
	for k := range a {
		if math.Abs(a[k]-b[k]) > 1e-6 || math.Abs(a[k]-float64(1+k%12)/12) > 1e-6 {
			t.Fatalf("cell %d: %g and %g", k, a[k], b[k])
		}
	}
}

func TestBorderColour(t *testing.T) {
	const w, h = 5, 4
	x := make([]float32, w*h*3)
	for i := range w * h {
		inside := i%w > 0 && i%w < w-1 && i/w > 0 && i/w < h-1
		for k := range 3 {
			x[3*i+k] = float32(k)
			if inside {
				x[3*i+k] = 9
			}
		}
	}
	x[0] = 7 // one odd pixel does not move a median
	if c := borderColour(x, w); c != [3]float64{0, 1, 2} {
		t.Errorf("%v", c)
	}
}
