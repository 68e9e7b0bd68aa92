package data

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// goldens is what testdata/warp.py wrote.
func goldens(t *testing.T) (g struct {
	Warp []struct {
		Map [6]float64
		Y   []float64
	}
	Resize []struct {
		H, W int
		Y    []float64
	}
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/warp.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// sample79 is the picture that warp.py takes.
func sample79() *Picture {
	p := &Picture{H: 7, W: 9, C: 2, Pix: make([]float32, 7*9*2)}
	for i := range p.Pix {
		p.Pix[i] = float32(i*37%101) / 100
	}
	return p
}

// far returns the largest difference from want, or infinity if lengths differ.
func far(got []float32, want []float64) (most float64) {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	for i, v := range got {
		most = max(most, math.Abs(float64(v)-want[i]))
	}
	return most
}

func TestWarpIsSciPys(t *testing.T) {
	for _, c := range goldens(t).Warp {
		p := sample79()
		m := c.Map
		p.Warp(Map{YY: m[0], YX: m[1], XY: m[2], XX: m[3], DY: m[4], DX: m[5]})
		if d := far(p.Pix, c.Y); d > 2e-6 {
			t.Errorf("%v: off by %g", m, d)
		}
	}
}

func TestResizeIsTorchs(t *testing.T) {
	for _, c := range goldens(t).Resize {
		p := sample79()
		p.Resize(c.H, c.W)
		if d := far(p.Pix, c.Y); d > 2e-6 {
			t.Errorf("%d×%d: off by %g", c.H, c.W, d)
		}
	}
}
