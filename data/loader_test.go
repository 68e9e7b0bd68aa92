package data

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/tensor"
)

func TestBatchesCoverAnEpoch(t *testing.T) {
	for _, drop := range []bool{false, true} {
		l := &Loader{Data: numbered(10, 2, 1), Batch: 4, Shuffle: true, Seed: 1, DropLast: drop}
		want, seen := 10, []int{}
		if drop {
			want = 8
		}
		if got := l.PerEpoch(); got != (want+3)/4 {
			t.Errorf("DropLast %v: PerEpoch is %d", drop, got)
		}
		for _, b := range take(t, l, 0, l.PerEpoch()) {
			for k, i := range b.index {
				if b.y[k] != int32(i) || b.x[2*k] != float32(i) || b.x[2*k+1] != float32(i) {
					t.Errorf("row %d is not example %d: %v %v", k, i, b.x, b.y)
				}
			}
			seen = append(seen, b.index...)
		}
		slices.Sort(seen)
		if len(seen) != want || len(slices.Compact(seen)) != want {
			t.Errorf("DropLast %v: an epoch has examples %v", drop, seen)
		}
	}
}

func TestOrder(t *testing.T) {
	set := numbered(50, 1, 1)
	plain := take(t, &Loader{Data: set, Batch: 50}, 0, 2)
	if !slices.IsSorted(plain[0].index) || !plain[0].equal(plain[1]) {
		t.Errorf("without Shuffle: %v", plain)
	}
	shuffled := &Loader{Data: set, Batch: 50, Shuffle: true, Seed: 5}
	e := take(t, shuffled, 0, 2)
	if slices.Equal(e[0].index, e[1].index) || slices.IsSorted(e[0].index) {
		t.Error("Shuffle gives two epochs the same order")
	}
	other := take(t, &Loader{Data: set, Batch: 50, Shuffle: true, Seed: 6}, 0, 1)
	if slices.Equal(e[0].index, other[0].index) {
		t.Error("two seeds give the same order")
	}
}

func TestShuffleIsFair(t *testing.T) {
	// each of 4 examples comes first about as often
	first := make([]int, 4)
	l := &Loader{Data: numbered(4, 1, 1), Batch: 4, Shuffle: true, Seed: 9}
	for _, b := range take(t, l, 0, 2000) {
		first[b.index[0]]++
	}
	for i, n := range first {
		if n < 430 || n > 570 { // 500 ± 3.6 standard deviations
			t.Errorf("example %d comes first %d times in 2000", i, n)
		}
	}
}

// TestBatchesAreAFunctionOfSeedAndNumber holds batches equal at any number of
// workers, from any start, by any path.
func TestBatchesAreAFunctionOfSeedAndNumber(t *testing.T) {
	augment := Compose(RandomCrop(2), RandomFlip(), Brightness(.5))
	for _, tr := range []Transform{nil, augment} {
		for name, set := range map[string]Dataset{"direct": numbered(23, 3, 4), "not direct": opaque{numbered(23, 3, 4)}} {
			want := take(t, &Loader{Data: numbered(23, 3, 4), Batch: 5, Shuffle: true, Seed: 2, Transform: tr, Workers: -1}, 0, 12)
			for _, w := range []int{-1, 0, 1, 2, 3, 7, 40} {
				l := &Loader{Data: set, Batch: 5, Shuffle: true, Seed: 2, Transform: tr, Workers: w}
				for from := range 12 {
					for k, got := range take(t, l, from, 12) {
						if !got.equal(want[from+k]) {
							t.Fatalf("%s, %d workers, from %d: batch %d is %v, want %v", name, w, from, from+k, got, want[from+k])
						}
					}
				}
			}
		}
	}
}

func TestCollateSeesTheSameExamples(t *testing.T) {
	l := &Loader{Data: numbered(9, 2, 2), Batch: 4, Shuffle: true, Seed: 3, Transform: RandomFlip()}
	want := take(t, l, 0, 6)
	l.Collate = func(all []Example) (Batch, error) {
		index := make([]int, len(all))
		return stack(all, index)
	}
	for k, got := range take(t, l, 0, 6) {
		if !got.equal(want[k]) {
			t.Errorf("batch %d differs", k)
		}
	}
}

func TestEpoch(t *testing.T) {
	l := &Loader{Data: numbered(7, 1, 1), Batch: 3, Shuffle: true, Seed: 1}
	want := take(t, l, 6, 9)
	k := 0
	for b, err := range l.Epoch(context.Background(), 2) {
		if err != nil || !slices.Equal(b.Index, want[k].index) {
			t.Errorf("batch %d of epoch 2: %v %v, want %v", k, b.Index, err, want[k].index)
		}
		k++
	}
	if k != 3 {
		t.Errorf("epoch 2 has %d batches", k)
	}
}

func TestLoaderMisuse(t *testing.T) {
	set := numbered(5, 1, 1)
	for name, c := range map[string]struct {
		l        Loader
		from, to int
		words    []string
	}{
		"no data":     {Loader{}, 0, 1, []string{"Data is nil"}},
		"empty":       {Loader{Data: Subset(set, []int{})}, 0, 0, []string{"empty"}},
		"batch":       {Loader{Data: set, Batch: -1}, 0, 1, []string{"Batch is -1"}},
		"all dropped": {Loader{Data: set, Batch: 6, DropLast: true}, 0, 1, []string{"5 examples", "batch of 6"}},
		"range":       {Loader{Data: set}, 2, 1, []string{"2 to 1"}},
		"both":        {Loader{Batch: -1}, 0, 1, []string{"Batch is -1", "Data is nil"}},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := last(&c.l, context.Background(), c.from, c.to)
			wantError(t, err, c.words...)
			if n != 0 {
				t.Errorf("%d batches before the error", n)
			}
		})
	}
}

func TestAnErrorComesLast(t *testing.T) {
	for _, w := range []int{-1, 1, 3} {
		l := &Loader{Data: flaky{numbered(10, 1, 1), 7, func() error { return errors.New("disk gone") }}, Batch: 2, Workers: w}
		n, err := last(l, context.Background(), 0, 10)
		wantError(t, err, "example 7", "disk gone")
		if n != 3 {
			t.Errorf("%d workers: %d batches before the error, want 3", w, n)
		}
	}
}

func TestAMisuseInADatasetIsAnError(t *testing.T) {
	l := &Loader{Data: flaky{numbered(10, 1, 1), 4, func() error { tensor.Zeros(2).Item(); return nil }}, Batch: 2, Workers: 2}
	n, err := last(l, context.Background(), 0, 5)
	wantError(t, err, "tensor.Item")
	if n != 2 {
		t.Errorf("%d batches, want 2", n)
	}
}

func TestAPanicReachesTheLoop(t *testing.T) {
	for _, w := range []int{-1, 2} {
		func() {
			defer func() {
				if p := recover(); fmt.Sprint(p) != "boom" {
					t.Errorf("%d workers: recovered %v", w, p)
				}
			}()
			l := &Loader{Data: flaky{numbered(4, 1, 1), 2, func() error { panic("boom") }}, Batch: 1, Workers: w}
			n, err := last(l, context.Background(), 0, 4)
			t.Errorf("%d workers: no panic after %d batches, %v", w, n, err)
		}()
	}
}

// settled waits for goroutines to go and returns how many are left.
func settled(want int) int {
	for range 200 {
		if n := runtime.NumGoroutine(); n <= want {
			return n
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	l := &Loader{Data: opaque{numbered(100, 4, 4)}, Batch: 2, Workers: 4}
	for range l.Batches(context.Background(), 0, 1000) {
		break
	}
	if n := runtime.NumGoroutine(); n > before { // none, not even for a moment
		t.Errorf("%d goroutines after break, %d before", n, before)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	for _, err := range l.Batches(ctx, 0, 1000) {
		if n++; n == 3 {
			cancel()
		}
		if n > 4 {
			t.Fatal("batches go on after cancel")
		}
		if n == 4 && !errors.Is(err, context.Canceled) {
			t.Errorf("after cancel: %v", err)
		}
	}
	if n != 4 {
		t.Errorf("%d results, want 3 batches and an error", n)
	}
	if got := settled(before); got > before {
		t.Errorf("%d goroutines after cancel, %d before", got, before)
	}
}

func TestACancelledContextGivesNoBatch(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, w := range []int{-1, 2} {
		n, err := last(&Loader{Data: numbered(4, 1, 1), Workers: w}, ctx, 0, 4)
		if n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers: %d batches, %v", w, n, err)
		}
	}
}

// TestSteadyLoopAllocatesNothing compares loops of 40 and of 4 epochs, whose
// making costs the same.
func TestSteadyLoopAllocatesNothing(t *testing.T) {
	img, err := NewImages(make([]uint8, 70*12), make([]uint8, 70), 3, 4, 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]Dataset{
		"tensors": numbered(70, 3, 4), "images": img, "subset": Subset(img, []int{5, 1, 2, 3, 6, 9, 10}),
	} {
		for _, w := range []int{0, 2} {
			l := &Loader{Data: set, Batch: 4, Shuffle: true, Workers: w}
			cost := func(epochs int) float64 {
				return testing.AllocsPerRun(5, func() {
					for _, err := range l.Batches(context.Background(), 0, epochs*l.PerEpoch()) {
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			// a worker may meet the short batch late: allow its buffers
			if short, long := cost(8), cost(40); long > short+1 {
				t.Errorf("%s, %d workers: %g allocations in 8 epochs, %g in 40", name, w, short, long)
			}
		}
	}
}

func TestMemoryIsUsedAgain(t *testing.T) {
	l := &Loader{Data: numbered(8, 1, 1), Batch: 2}
	var first *float32
	for b := range l.Batches(context.Background(), 0, 4) {
		at := &tensor.View[float32](b.X)[0]
		if first == nil {
			first = at
		} else if first != at {
			t.Error("the next batch has other memory")
		}
	}
}

func BenchmarkImages(b *testing.B) {
	set, err := NewImages(make([]uint8, 6400*784), make([]uint8, 6400), 28, 28, 1, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	l := &Loader{Data: set, Batch: 64, Shuffle: true}
	b.ReportAllocs()
	n := 0
	for _, err := range l.Batches(context.Background(), 0, 1<<40) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; n > b.N {
			break
		}
	}
}

func BenchmarkAugment(b *testing.B) {
	set, err := NewImages(make([]uint8, 640*784), make([]uint8, 640), 28, 28, 1, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	l := &Loader{Data: set, Batch: 64, Shuffle: true, Workers: -1, Transform: Compose(RandomCrop(2), RandomFlip())}
	b.ReportAllocs()
	n := 0
	for _, err := range l.Batches(context.Background(), 0, 1<<40) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; n > b.N {
			break
		}
	}
}
