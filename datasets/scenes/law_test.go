package scenes

import (
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/tensor"
)

// small is a part that composes quickly.
func small(n int) *Scenes { return Mini(Options{Train: n, Seed: 8}).Train.(*Scenes) }

// Several goroutines get what one gets.
func TestScenesAtOnce(t *testing.T) {
	s, alone := small(4), small(4)
	var all sync.WaitGroup
	got := make([]data.Example, 8)
	for k := range got {
		all.Go(func() { got[k], _ = s.At(k % 4) })
	}
	all.Wait()
	for k, e := range got {
		if want := at(t, alone, k%4); !slices.Equal(tensor.View[float32](e.X), tensor.View[float32](want.X)) || !slices.Equal(e.Objects(), want.Objects()) {
			t.Errorf("scene %d differs", k%4)
		}
	}
}

// What a caller writes into an example is its own.
func TestExamplesAreCopies(t *testing.T) {
	s := small(1)
	tensor.View[float32](at(t, s, 0).X)[0] = 99
	at(t, s, 0).Objects()[0].Label = 77
	if e := at(t, s, 0); e.X.At(0, 0, 0) == 99 || e.Objects()[0].Label == 77 {
		t.Error("a scene that is kept was changed")
	}
}

// The last garment placed is in front: nothing hides it.
func TestTheLastIsInFront(t *testing.T) {
	s, overlaps := small(40), 0
	for i := range 25 {
		c := s.compose(i)
		last := &c.placed[len(c.placed)-1]
		inside := 0
		last.each(c.side, func(pixel int) {
			inside++
			if c.owner[pixel] != len(c.placed) {
				t.Fatalf("scene %d: pixel %d belongs to %d", i, pixel, c.owner[pixel])
			}
		})
		if inside != last.visible {
			t.Errorf("scene %d: %d pixels inside, %d visible", i, inside, last.visible)
		}
		for k := range c.placed {
			n := 0
			c.placed[k].each(c.side, func(int) { n++ })
			if n > c.placed[k].visible {
				overlaps++
			}
		}
	}
	if overlaps == 0 {
		t.Error("no garment is behind another")
	}
}

// All classes are drawn, sizes evenly by their logarithm.
func TestWhatIsDrawn(t *testing.T) {
	s := small(60)
	var classes [10]int
	var sizes, all float64
	for i := range 45 {
		for _, p := range s.compose(i).placed {
			classes[p.label]++
			c := s.cut[p.garment]()
			sizes += math.Log(float64(p.h)/float64(c.h)*28/16) / math.Log(3)
			all++
		}
	}
	for l, n := range classes {
		if n == 0 {
			t.Errorf("no %s in %g garments", fashion.Classes[l], all)
		}
	}
	// Large ones find room less often: the mean is a little below a half.
	if mean := sizes / all; mean < .35 || mean > .55 {
		t.Errorf("sizes are %g on the mean of a logarithm from 0 to 1", mean)
	}
}

// A garment differs from what is behind it, nearly always, or nobody could find
// it.
func TestGarmentsCanBeSeen(t *testing.T) {
	s := small(40)
	faint, all := 0, 0
	for i := range 25 {
		c := s.compose(i)
		plain := tensor.View[float32](at(t, s, i).X)
		for k := range c.placed {
			inside, outside := c.mine(k+1), make([]bool, len(c.owner))
			grown(inside, outside, c.side)
			var in, out [3]float64
			n, m := 0., 0.
			for p := range inside {
				for ch := range 3 {
					v := float64(plain[3*p+ch])
					if inside[p] {
						in[ch] += v
					} else if outside[p] {
						out[ch] += v
					}
				}
				n, m = n+one(inside[p]), m+one(outside[p] && !inside[p])
			}
			d := 0.
			for ch := range 3 {
				d = max(d, math.Abs(in[ch]/n-out[ch]/m))
			}
			all++
			if d < .1 {
				faint++
			}
		}
	}
	if float64(faint) > .1*float64(all) {
		t.Errorf("%d of %d garments are as their surroundings on the mean", faint, all)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// grown sets what lies up to two pixels from what is on.
func grown(on, to []bool, side int) {
	for i, is := range on {
		for k := 0; is && k < 25; k++ {
			y, x := i/side+k/5-2, i%side+k%5-2
			if y >= 0 && y < side && x >= 0 && x < side {
				to[y*side+x] = true
			}
		}
	}
}

// A background is the same for the same numbers, and has litter.
func TestBackgrounds(t *testing.T) {
	for name, kinds := range map[string][]func(*tensor.Rand, float64) pattern{"seen": seenKinds, "other": otherKinds} {
		for seed := range uint64(6) {
			a, b := canvas{make([]float64, 48*48*3), 48}, canvas{make([]float64, 48*48*3), 48}
			a.background(tensor.NewRand(seed), kinds)
			b.background(tensor.NewRand(seed), kinds)
			if !slices.Equal(a.pix, b.pix) {
				t.Fatalf("%s %d: differs from itself", name, seed)
			}
			before := slices.Clone(a.pix)
			a.litter(tensor.NewRand(seed + 90))
			a.grain(tensor.NewRand(seed))
			changed := 0
			for i, v := range a.pix {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%s %d: value %g", name, seed, v)
				}
				if v != before[i] {
					changed++
				}
			}
			if changed < len(a.pix)/2 {
				t.Errorf("%s %d: grain changed %d values", name, seed, changed)
			}
		}
	}
}

func TestExtent(t *testing.T) {
	on := make([]bool, 30)
	if y1, x1, y2, x2 := extent(on, 5, 6); y1+x1+y2+x2 != 0 {
		t.Error("nothing has an extent")
	}
	on[8], on[22] = true, true // 1, 2 and 3, 4
	if y1, x1, y2, x2 := extent(on, 5, 6); y1 != 1 || x1 != 2 || y2 != 4 || x2 != 5 {
		t.Errorf("extent %d %d %d %d", y1, x1, y2, x2)
	}
	for v, want := range map[float64]int{1.5: 1, -.5: -1, -2: -2, 0: 0} {
		if got := floor(v); got != want {
			t.Errorf("floor of %g is %d", v, got)
		}
	}
}

// A part hangs together over sides, not over corners.
func TestFlood(t *testing.T) {
	on := []bool{
		true, true, false, false,
		false, false, true, true,
		true, false, false, true,
	}
	seen := make([]bool, 12)
	for _, c := range []struct{ from, want int }{{0, 2}, {6, 3}, {1, 0}, {9, 0}, {8, 1}} { // 1 is seen by then, 9 is off
		if got := flood(on, seen, c.from, 3, 4); len(got) != c.want {
			t.Errorf("from %d: %v, want %d places", c.from, got, c.want)
		}
	}
}
