package data

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// counted is a picture whose pixels are 0, 1, 2, …
func counted(h, w, c int) *Picture {
	p := &Picture{Pix: make([]float32, h*w*c), H: h, W: w, C: c}
	for i := range p.Pix {
		p.Pix[i] = float32(i)
	}
	return p
}

func TestRandomFlip(t *testing.T) {
	seen := map[bool]int{}
	for seed := range uint64(100) {
		p := counted(2, 3, 2)
		RandomFlip()(tensor.NewRand(seed), p)
		flipped := p.Pix[0] == 4
		seen[flipped]++
		want := counted(2, 3, 2).Pix
		if flipped {
			want = []float32{4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7}
		}
		if !slices.Equal(p.Pix, want) {
			t.Fatalf("%v, want %v", p.Pix, want)
		}
	}
	if seen[true] < 30 || seen[false] < 30 {
		t.Errorf("flipped %d of 100", seen[true])
	}
}

func TestMove(t *testing.T) {
	p := counted(3, 3, 1)
	p.move(1, -1)
	if want := []float32{3, 3, 4, 6, 6, 7, 6, 6, 7}; !slices.Equal(p.Pix, want) {
		t.Errorf("%v, want %v", p.Pix, want)
	}
}

func TestRandomCropReachesEveryPlace(t *testing.T) {
	seen := map[float32]bool{}
	for seed := range uint64(300) {
		p := counted(5, 5, 1)
		RandomCrop(1)(tensor.NewRand(seed), p)
		seen[p.Pix[12]] = true // the centre
	}
	for _, v := range []float32{6, 7, 8, 11, 12, 13, 16, 17, 18} {
		if !seen[v] {
			t.Errorf("pixel %g is never at the centre", v)
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d places, want 9", len(seen))
	}
}

func TestRandomCropOfNothingChangesNothing(t *testing.T) {
	p := counted(3, 3, 2)
	RandomCrop(0)(tensor.NewRand(1), p)
	if !slices.Equal(p.Pix, counted(3, 3, 2).Pix) {
		t.Errorf("%v", p.Pix)
	}
}

func TestNormalize(t *testing.T) {
	p := &Picture{Pix: []float32{1, 10, 3, 30}, H: 1, W: 2, C: 2}
	Normalize([]float64{1, 10}, []float64{2, 20})(nil, p)
	if !slices.Equal(p.Pix, []float32{0, 0, 1, 1}) {
		t.Errorf("%v", p.Pix)
	}
	wantError(t, tensor.Try(func() { Normalize([]float64{1}, []float64{1})(nil, p) }), "2 channels")
}

func TestRandomErase(t *testing.T) {
	changed := 0
	for seed := range uint64(200) {
		p := counted(6, 8, 1)
		RandomErase(.5)(tensor.NewRand(seed), p)
		n := 0
		for i, v := range p.Pix {
			if v != float32(i) {
				n++
				if v != 23.5 {
					t.Fatalf("painted %g, want the mean", v)
				}
			}
		}
		if n > 12 {
			t.Fatalf("%d pixels erased, want 3×4 at most", n)
		}
		changed += min(n, 1)
	}
	if changed < 40 || changed > 120 {
		t.Errorf("%d of 200 pictures changed", changed)
	}
}

func TestBrightnessAndContrast(t *testing.T) {
	for seed := range uint64(50) {
		p := counted(2, 2, 1)
		Brightness(.5)(tensor.NewRand(seed), p)
		by := p.Pix[0]
		if math.Abs(float64(by)) > .5 || math.Abs(float64(p.Pix[3]-3-by)) > 1e-6 {
			t.Fatalf("brightness: %v", p.Pix)
		}
		p = counted(2, 2, 1)
		Contrast(.5)(tensor.NewRand(seed), p)
		spread := float64(p.Pix[3]-p.Pix[0]) / 3
		if spread < .5 || spread > 1.5 || math.Abs(float64(p.mean())-1.5) > 1e-6 {
			t.Fatalf("contrast: %v", p.Pix)
		}
	}
}

func TestAffineOfNothingChangesNothing(t *testing.T) {
	p := counted(4, 5, 2)
	Affine{}.Transform()(tensor.NewRand(1), p)
	if !slices.Equal(p.Pix, counted(4, 5, 2).Pix) {
		t.Errorf("%v", p.Pix)
	}
}

func TestWarp(t *testing.T) {
	for name, c := range map[string]struct {
		cos, sin, dy, dx float64
		want             []float32
	}{
		"down by one":      {1, 0, 1, 0, []float32{0, 1, 2, 0, 1, 2, 3, 4, 5}},
		"right by one":     {1, 0, 0, 1, []float32{0, 0, 1, 3, 3, 4, 6, 6, 7}},
		"right by half":    {1, 0, 0, .5, []float32{0, .5, 1.5, 3, 3.5, 4.5, 6, 6.5, 7.5}},
		"a quarter turn":   {0, 1, 0, 0, []float32{6, 3, 0, 7, 4, 1, 8, 5, 2}},
		"twice the size":   {.5, 0, 0, 0, []float32{2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6}},
		"half a turn":      {-1, 0, 0, 0, []float32{8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"off to the right": {1, 0, 0, 9, []float32{0, 0, 0, 3, 3, 3, 6, 6, 6}},
	} {
		p := counted(3, 3, 1)
		p.Warp(Map{c.cos, c.sin, -c.sin, c.cos, c.dy, c.dx})
		if name == "a quarter turn" && p.Pix[0] == 2 { // the other way round
			slices.Reverse(c.want)
		}
		for i, v := range p.Pix {
			if math.Abs(float64(v-c.want[i])) > 1e-5 {
				t.Errorf("%s: %v, want %v", name, p.Pix, c.want)
				break
			}
		}
	}
}

func TestComposeGoesInOrder(t *testing.T) {
	add := func(_ *tensor.Rand, p *Picture) { p.Pix[0]++ }
	double := func(_ *tensor.Rand, p *Picture) { p.Pix[0] *= 2 }
	p := counted(1, 1, 1)
	Compose(add, double, add)(nil, p)
	if p.Pix[0] != 3 {
		t.Errorf("got %g, want (0+1)·2+1", p.Pix[0])
	}
}

func TestTransformMisuse(t *testing.T) {
	for name, f := range map[string]func(){
		"crop":      func() { RandomCrop(-1) },
		"erase":     func() { RandomErase(1.5) },
		"lengths":   func() { Normalize([]float64{1}, nil) },
		"deviation": func() { Normalize([]float64{1}, []float64{0}) },
		"bright":    func() { Brightness(-1) },
		"contrast":  func() { Contrast(nan()) },
		"rotate":    func() { Affine{Rotate: -1}.Transform() },
		"scale":     func() { Affine{Scale: 1}.Transform() },
	} {
		if tensor.Try(f) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTransformWantsPictures(t *testing.T) {
	set := FromTensors(tensor.Ints(1, 2, 3), tensor.Tensor{})
	_, err := last(&Loader{Data: set, Transform: RandomFlip()}, context.Background(), 0, 1)
	wantError(t, err, "example 0", "int32", "float32 [H, W, C]")
}

func TestFrame(t *testing.T) {
	var p Picture
	for want, dims := range map[[3]int][]int{{2, 3, 4}: {2, 3, 4}, {2, 3, 1}: {2, 3}, {1, 5, 1}: {5}} {
		c, _ := newColumn(formOf(dims, tensor.Float32), 2)
		if err := p.frame(c, nil, 1); err != nil || [3]int{p.H, p.W, p.C} != want || len(p.Pix) != c.size {
			t.Errorf("%v: %d×%d×%d, %v", dims, p.H, p.W, p.C, err)
		}
	}
}

func TestTransformsLeaveTheSetAlone(t *testing.T) {
	for name, set := range map[string]Dataset{"direct": numbered(4, 2, 2), "not direct": opaque{numbered(4, 2, 2)}} {
		take(t, &Loader{Data: set, Batch: 2, Transform: Brightness(1)}, 0, 4)
		e, _ := set.At(3)
		if got := tensor.Data[float32](e.X); !slices.Equal(got, []float32{3, 3, 3, 3}) {
			t.Errorf("%s: example 3 became %v", name, got)
		}
	}
}
