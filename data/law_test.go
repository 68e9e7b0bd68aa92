package data

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// TestLoaderLaws holds for any sizes: an epoch shows every example once, batch
// sizes add up, and each batch is what it is from any start.
func TestLoaderLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 1 + r.IntN(40)
		l := &Loader{
			Data: numbered(n, 1, 2), Batch: 1 + r.IntN(12), Seed: r.Uint64(),
			Shuffle: r.IntN(2) == 0, DropLast: r.IntN(3) == 0, Workers: r.IntN(5) - 1,
		}
		if l.DropLast && l.Batch > n {
			l.Batch = n
		}
		per := l.PerEpoch()
		from := r.IntN(2 * per)
		all := take(t, l, 0, 2*per)
		for k, b := range take(t, l, from, 2*per) {
			if !b.equal(all[from+k]) {
				t.Fatalf("%+v: batch %d differs when the loop starts at %d", l, from+k, from)
			}
		}
		for e := range 2 {
			var seen []int
			for _, b := range all[e*per : (e+1)*per] {
				seen = append(seen, b.index...)
			}
			want := n
			if l.DropLast {
				want = per * l.Batch
			}
			slices.Sort(seen)
			if len(seen) != want || len(slices.Compact(seen)) != want {
				t.Fatalf("%+v: epoch %d has %v", l, e, seen)
			}
		}
	}
}

// TestTransformsKeepToTheirPicture gives every transform pictures of all small
// sizes: it must not write beside them, nor make values that are not there.
func TestTransformsKeepToTheirPicture(t *testing.T) {
	all := map[string]Transform{
		"flip": RandomFlip(), "crop": RandomCrop(3), "erase": RandomErase(1),
		"affine": Affine{Rotate: 180, Scale: .9, Shift: 1}.Transform(),
	}
	r := rand.New(rand.NewPCG(3, 4))
	for name, f := range all {
		for range 400 {
			p := &Picture{H: 1 + r.IntN(9), W: 1 + r.IntN(9), C: 1 + r.IntN(4)}
			const guard = 5
			n := p.H * p.W * p.C
			mem := make([]float32, n+2*guard)
			for i := range mem {
				mem[i] = 1 + r.Float32()
			}
			before := slices.Clone(mem)
			p.Pix = mem[guard : guard+n : guard+n]
			f(tensor.NewRand(r.Uint64()), p)
			if !slices.Equal(mem[:guard], before[:guard]) || !slices.Equal(mem[guard+n:], before[guard+n:]) {
				t.Fatalf("%s wrote beside a picture of %d×%d×%d", name, p.H, p.W, p.C)
			}
			for _, v := range p.Pix {
				if !(v >= .9999 && v <= 2.0001) {
					t.Fatalf("%s made %g of values from 1 to 2, %d×%d×%d", name, v, p.H, p.W, p.C)
				}
			}
		}
	}
}

// TestFlipTwiceIsNothing and the like: what must undo itself.
func TestFlipTwiceIsNothing(t *testing.T) {
	for w := 1; w < 7; w++ {
		p := counted(3, w, 2)
		for range 2 {
			for y := range p.H {
				mirror(p.row(y), p.C)
			}
		}
		if !slices.Equal(p.Pix, counted(3, w, 2).Pix) {
			t.Errorf("width %d: %v", w, p.Pix)
		}
	}
}

func TestHalfATurnTwiceIsNothing(t *testing.T) {
	p := counted(4, 5, 3)
	p.Warp(Map{YY: -1, XX: -1})
	p.Warp(Map{YY: -1, XX: -1})
	if !slices.Equal(p.Pix, counted(4, 5, 3).Pix) {
		t.Errorf("%v", p.Pix)
	}
}

// TestLoopsAtOnce runs loops of one Loader side by side.
func TestLoopsAtOnce(t *testing.T) {
	l := &Loader{Data: numbered(30, 2, 2), Batch: 4, Shuffle: true, Transform: RandomFlip(), Workers: 2}
	want := take(t, l, 0, 16)
	done := make(chan bool)
	for range 4 {
		go func() {
			ok, n := true, 0
			for b, err := range l.Batches(context.Background(), 0, 16) {
				ok = ok && err == nil && slices.Equal(b.Index, want[n].index) && slices.Equal(tensor.View[float32](b.X), want[n].x)
				n++
			}
			done <- ok && n == 16
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("a loop beside others saw other batches")
		}
	}
}

// TestPadBatchLaws: what is not padding is the examples, in order.
func TestPadBatchLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		lens := make([]int, 1+r.IntN(6))
		for i := range lens {
			lens[i] = r.IntN(9)
		}
		b, err := PadBatch(words(lens...))
		if err != nil {
			t.Fatal(err)
		}
		longest := slices.Max(lens)
		x := tensor.Data[float32](b.X)
		if len(x) != len(lens)*longest*2 {
			t.Fatalf("%v: X is %v", lens, b.X.Shape())
		}
		for i, v := range x {
			row, at := i/(2*longest), i%(2*longest)
			want := float32(0)
			if at < 2*lens[row] {
				want = float32(row + 1)
			}
			if v != want {
				t.Fatalf("%v: element %d of row %d is %g, want %g", lens, at, row, v, want)
			}
		}
	}
}
