package scenes

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/tensor"
)

func parts() map[string]*Scenes {
	set := Mini(Options{Train: 40, Validate: 20, Test: 20, Seed: 1})
	return map[string]*Scenes{"train": set.Train.(*Scenes), "validate": set.Validate.(*Scenes), "test": set.Test.(*Scenes)}
}

// Every scene keeps what the package promises of garments and what is visible.
func TestScenes(t *testing.T) {
	smallest, largest, counts, hidden := 1000, 0, map[int]bool{}, false
	for name, s := range parts() {
		for i := range s.Len() {
			c := s.compose(i)
			counts[len(c.placed)] = true
			for k, p := range c.placed {
				visible := 0
				for _, is := range c.mine(k + 1) {
					if is {
						visible++
					}
				}
				if visible != p.visible || float64(visible) < .7*float64(p.whole) {
					t.Errorf("%s %d: garment %d shows %d pixels (counted %d) of %d", name, i, k, visible, p.visible, p.whole)
				}
				hidden = hidden || visible < p.whole
				if p.label != s.garments.Label(p.garment) {
					t.Errorf("%s %d: garment %d has label %d", name, i, k, p.label)
				}
				smallest, largest = min(smallest, max(p.h, p.w)), max(largest, max(p.h, p.w))
			}
		}
	}
	if smallest < 11 || smallest > 18 || largest < 42 || largest > 48 {
		t.Errorf("garments are %d to %d pixels, want about 16 to 48", smallest, largest)
	}
	for n := 1; n <= 6; n++ {
		if !counts[n] {
			t.Errorf("no scene has %d garments: %v", n, counts)
		}
	}
	if counts[0] || counts[7] || !hidden {
		t.Errorf("numbers of garments: %v; some are partly hidden: %v", counts, hidden)
	}
}

// Boxes are tight around the mask, and the mask has each object's label.
func TestBoxesAndMasksAgree(t *testing.T) {
	for name, s := range parts() {
		for i := range 8 {
			c := s.compose(i)
			e := c.drawn().example(96)
			mask, pix := tensor.View[int32](e.Y), tensor.View[float32](e.X)
			objects := e.Objects()
			if len(objects) != len(c.placed) || !slices.Equal(e.X.Shape(), []int{96, 96, 3}) || !slices.Equal(e.Y.Shape(), []int{96, 96}) {
				t.Fatalf("%s %d: %d objects, X %v, Y %v", name, i, len(objects), e.X.Shape(), e.Y.Shape())
			}
			for p, v := range mask {
				if o := c.owner[p]; o == 0 && v != 0 || o > 0 && v != objects[o-1].Label+1 {
					t.Fatalf("%s %d: pixel %d is %d and belongs to %d", name, i, p, v, o)
				}
			}
			for k, o := range objects {
				if !tight(c.mine(k+1), o, 96) {
					t.Errorf("%s %d: box %v is not tight", name, i, o)
				}
			}
			for _, v := range pix {
				if !(v >= -Mean/Deviation && v <= (1-Mean)/Deviation) {
					t.Fatalf("%s %d: value %g", name, i, v)
				}
			}
		}
	}
}

// tight tells whether all that is on lies in a box and touches its four sides.
func tight(on []bool, o data.Object, side int) bool {
	var left, right, top, bottom bool
	for i, is := range on {
		x, y := float32(i%side), float32(i/side)
		if !is {
			continue
		}
		if x < o.X1 || x >= o.X2 || y < o.Y1 || y >= o.Y2 {
			return false
		}
		left, right = left || x == o.X1, right || x == o.X2-1
		top, bottom = top || y == o.Y1, bottom || y == o.Y2-1
	}
	return left && right && top && bottom
}

// A scene follows from seed and number: not from the order of calls, nor from
// how many there are.
func TestScenesAreTheSameEveryTime(t *testing.T) {
	a := Mini(Options{Train: 30, Test: 30, Seed: 5})
	b := Mini(Options{Train: 10, Test: 10, Seed: 5, Forget: true})
	other := Mini(Options{Train: 10, Test: 10, Seed: 6})
	for _, i := range []int{9, 0, 4, 9} {
		x, y := at(t, a.Train, i), at(t, b.Train, i)
		if !slices.Equal(tensor.View[float32](x.X), tensor.View[float32](y.X)) || !slices.Equal(x.Objects(), y.Objects()) {
			t.Errorf("scene %d differs", i)
		}
		for name, z := range map[string]data.Dataset{"another seed": other.Train, "the test": b.Test, "validation": b.Validate} {
			if slices.Equal(tensor.View[float32](x.X), tensor.View[float32](at(t, z, i).X)) {
				t.Errorf("scene %d is that of %s", i, name)
			}
		}
	}
	if slices.Equal(at(t, a.Train, 0).Objects(), at(t, a.Train, 1).Objects()) {
		t.Error("two scenes are alike")
	}
}

func at(t *testing.T, s data.Dataset, i int) data.Example {
	t.Helper()
	e, err := s.At(i)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The parts share neither garments nor, but for clouds, backgrounds.
func TestPartsAreKeptApart(t *testing.T) {
	set, mini := Mini(Options{Train: 1, Validate: 1, Test: 1}), fashion.Mini()
	for name, c := range map[string]struct{ scenes, garments data.Dataset }{
		"train": {set.Train, mini.Train}, "validate": {set.Validate, mini.Validate}, "test": {set.Test, mini.Test},
	} {
		if c.scenes.(*Scenes).garments != c.garments.(*data.Images) {
			t.Errorf("%s has garments of another part", name)
		}
	}
	if len(set.Test.(*Scenes).kinds) != len(otherKinds) || len(seenKinds) != 4 || len(otherKinds) != 4 {
		t.Error("the test has the backgrounds of training")
	}
}

func TestALoaderTakesThem(t *testing.T) {
	l := data.Loader{Data: Mini(Options{Train: 6}).Train, Batch: 3, Shuffle: true, Transform: data.RandomFlip()}
	n := 0
	for b, err := range l.Epoch(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		n += b.N
		for i := range b.N {
			mask := tensor.View[int32](b.Y)[i*96*96 : (i+1)*96*96]
			for _, o := range b.Objects(i) { // flipped along
				y, x := int(o.Y1), int(o.X1)
				found := false
				for k := y; k < int(o.Y2); k++ {
					found = found || mask[k*96+x] == o.Label+1
				}
				if !found {
					t.Errorf("example %d: box %v does not begin at its mask", i, o)
				}
			}
		}
	}
	if n != 6 {
		t.Errorf("%d scenes, want 6", n)
	}
}

func TestScenesRefuse(t *testing.T) {
	for _, o := range []Options{{Train: -1}, {Side: 20}, {Most: 21}} {
		if err := tensor.Try(func() { Mini(o) }); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
	set := Mini(Options{Test: 3})
	for _, i := range []int{-1, 3} {
		if _, err := set.Test.At(i); err == nil {
			t.Errorf("scene %d is no error", i)
		}
	}
}

// A scene of another size has the same rules.
func TestLargeScenes(t *testing.T) {
	e := at(t, Mini(Options{Side: 128, Most: 12, Train: 1}).Train, 0)
	if !slices.Equal(e.X.Shape(), []int{128, 128, 3}) || len(e.Objects()) == 0 {
		t.Errorf("X %v, %d objects", e.X.Shape(), len(e.Objects()))
	}
}

func TestSilhouettesAreFilled(t *testing.T) {
	black := 0
	s := fashion.Mini().Train.(*data.Images)
	for i := 0; i < s.Len(); i += 40 {
		c := cut(s.Bytes(i), 28, 28)
		if c.h < 3 || c.w < 3 {
			t.Errorf("garment %d is %d×%d", i, c.h, c.w)
		}
		off := make([]bool, len(c.is))
		for k, is := range c.is {
			off[k] = !is
			if is && c.shade[k] == 0 {
				black++
			}
		}
		seen := make([]bool, len(off))
		for k := range off {
			edge := false
			for _, p := range flood(off, seen, k, c.h, c.w) {
				y, x := p/c.w, p%c.w
				edge = edge || y == 0 || x == 0 || y == c.h-1 || x == c.w-1
			}
			if off[k] && !seen[k] || off[k] && !edge && len(flood(off, make([]bool, len(off)), k, c.h, c.w)) == 0 {
				t.Errorf("garment %d has a hole", i)
			}
		}
	}
	if black == 0 {
		t.Error("no garment has black pixels inside: nothing was filled")
	}
}

func TestCutByHand(t *testing.T) {
	pix := []uint8{ // a ring with a hole, and a speck
		0, 0, 0, 0, 0, 0, 9,
		0, 9, 9, 9, 9, 0, 0,
		0, 9, 0, 0, 9, 0, 0,
		0, 9, 0, 0, 9, 0, 0,
		0, 9, 9, 9, 9, 0, 0,
	}
	c := cut(pix, 5, 7)
	if c.h != 4 || c.w != 4 || slices.Contains(c.is, false) || c.shade[5] != 0 || math.Abs(c.shade[0]-9./255) > 1e-12 {
		t.Errorf("got %+v", c)
	}
	if c := cut(make([]uint8, 35), 5, 7); c.h != 0 || c.w != 0 {
		t.Errorf("nothing is %d×%d", c.h, c.w)
	}
	// A block at twice the size covers all, and mirrored is mirrored.
	half := cutout{shade: []float64{1, .5}, is: []bool{true, true}, h: 1, w: 2}
	s, m := half.scaled(2, false), half.scaled(2, true)
	if s.h != 2 || s.w != 4 || slices.Contains(s.cover, 0) || s.shade[0] != 1 || m.shade[3] != 1 || s.shade[3] != m.shade[0] {
		t.Errorf("twice as large: %+v and %+v", s, m)
	}
}

func TestColours(t *testing.T) {
	r := tensor.NewRand(2)
	var mean colour
	for range 3000 {
		c := anyColour(r, .5, .5, .8, .8)
		if lo, hi := slices.Min(c[:]), slices.Max(c[:]); math.Abs(hi-.8) > 1e-12 || math.Abs(lo-.4) > .12 {
			t.Fatalf("colour %v", c)
		}
		for k := range c {
			mean[k] += c[k] / 3000
		}
	}
	for k := range mean {
		if math.Abs(mean[k]-mean[0]) > .02 {
			t.Errorf("channels are %v on the mean", mean)
		}
	}
}

func TestPatterns(t *testing.T) {
	for k, kind := range append(slices.Clone(seenKinds), otherKinds...) {
		f := kind(tensor.NewRand(uint64(k)), 96)
		lo, hi := 1., 0.
		for i := range 96 * 96 {
			v := f(float64(i/96), float64(i%96))
			lo, hi = min(lo, v), max(hi, v)
		}
		if !(lo >= 0 && hi <= 1 && hi-lo > .3) {
			t.Errorf("pattern %d goes from %g to %g", k, lo, hi)
		}
	}
}

func BenchmarkScene(b *testing.B) {
	s := Mini(Options{Forget: true}).Train
	for i := 0; b.Loop(); i++ {
		if _, err := s.At(i % s.Len()); err != nil {
			b.Fatal(err)
		}
	}
}
