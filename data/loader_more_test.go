package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// uneven is a dataset whose examples take their time, some longer.
type uneven struct {
	Dataset
	calls *atomic.Int64
}

func (u uneven) At(i int) (Example, error) {
	u.calls.Add(1)
	for range i % 7 * 50 { // later ones overtake it
		runtime.Gosched()
	}
	return u.Dataset.At(i)
}

// ways are loaders that differ in all that changes a batch.
func ways() map[string]func(l *Loader) {
	return map[string]func(l *Loader){
		"in order":   func(*Loader) {},
		"shuffled":   func(l *Loader) { l.Shuffle = true },
		"drops last": func(l *Loader) { l.Shuffle, l.DropLast = true, true },
		"weights": func(l *Loader) {
			l.Weights = make([]float64, l.Data.Len())
			for i := range l.Weights {
				l.Weights[i] = float64(1 + i%4)
			}
		},
		"transforms": func(l *Loader) {
			l.Shuffle, l.Transform = true, Compose(RandomFlip(), RandomCrop(1), Brightness(1))
		},
		"resizes": func(l *Loader) { l.Shuffle, l.Transform = true, Crop{H: 2, W: 2, Area: [2]float64{0.5, 1}}.Transform() },
		"collates": func(l *Loader) {
			l.Collate = func(all []Example) (Batch, error) { return PadBatch(all) }
		},
	}
}

// TestWorkersChangeNothing but the time, on data direct or not, even or not,
// from any batch on.
func TestWorkersChangeNothing(t *testing.T) {
	r := tensor.NewRand(1)
	var calls atomic.Int64
	for name, set := range ways() {
		for kind, d := range map[string]Dataset{
			"direct": numbered(23, 3, 4), "opaque": opaque{numbered(23, 3, 4)}, "uneven": uneven{numbered(23, 3, 4), &calls},
			"subset": Subset(opaque{numbered(40, 3, 4)}, indices(40)[10:33]), "transformed": Transformed(numbered(23, 3, 4), RandomFlip(), 5),
		} {
			alone := &Loader{Data: d, Batch: 4, Seed: 9, Workers: -1}
			set(alone)
			want := take(t, alone, 0, 2*alone.PerEpoch())
			for _, workers := range []int{0, 1, 2, 5, 16} {
				l := *alone
				l.Workers = workers
				from := r.IntN(len(want))
				for k, b := range take(t, &l, from, len(want)) {
					if !b.equal(want[from+k]) {
						t.Fatalf("%s, %s: batch %d by %d workers, from %d on: %v, alone %v", name, kind, from+k, workers, from, b, want[from+k])
					}
				}
			}
		}
	}
	if calls.Load() == 0 {
		t.Error("nobody asked the uneven dataset")
	}
}

// TestSeedsDiffer in what they shuffle and in what they draw.
func TestSeedsDiffer(t *testing.T) {
	for _, name := range []string{"shuffled", "weights", "transforms", "resizes"} {
		seen := map[string]uint64{}
		for seed := range uint64(8) {
			l := &Loader{Data: numbered(23, 3, 4), Batch: 4, Seed: seed}
			ways()[name](l)
			all := fmt.Sprint(take(t, l, 0, l.PerEpoch()))
			if other, there := seen[all]; there {
				t.Errorf("%s: seeds %d and %d make the same epoch", name, other, seed)
			}
			seen[all] = seed
		}
		l := &Loader{Data: numbered(23, 3, 4), Batch: 4}
		ways()[name](l)
		if per := l.PerEpoch(); fmt.Sprint(take(t, l, 0, per)) == fmt.Sprint(take(t, l, per, 2*per)) {
			t.Errorf("%s: two epochs are the same", name)
		}
	}
}

// TestErrorsComeInOrder: of several bad examples the first in the order of
// batches is told, after all batches ahead of it, at any number of workers.
func TestErrorsComeInOrder(t *testing.T) {
	bad := func(i int) Dataset {
		inner := flaky{numbered(40, 1, 1), i, func() error { return fmt.Errorf("bad %d", i) }}
		return flaky{inner, i + 9, func() error { return errors.New("later") }}
	}
	for _, at := range []int{0, 3, 4, 17, 30} {
		for _, w := range []int{-1, 1, 2, 7} {
			n, err := last(&Loader{Data: bad(at), Batch: 4, Workers: w}, t.Context(), 0, 10)
			if n != at/4 || err == nil {
				t.Errorf("example %d, %d workers: %d batches, %v; want %d", at, w, n, err, at/4)
				continue
			}
			wantError(t, err, fmt.Sprintf("example %d", at), fmt.Sprintf("bad %d", at))
		}
	}
}

// TestCancelledBetweenBatches: however far the loop is, and however many work
// ahead, the next thing it hears is the context's error.
func TestCancelledBetweenBatches(t *testing.T) {
	before := runtime.NumGoroutine()
	var calls atomic.Int64
	for _, w := range []int{-1, 1, 4} {
		for _, after := range []int{1, 2, 9} {
			cause, cancel := context.WithCancel(context.Background())
			got := 0
			var failed error
			l := &Loader{Data: uneven{numbered(60, 1, 1), &calls}, Batch: 2, Workers: w}
			for _, err := range l.Batches(cause, 0, 300) {
				if err != nil {
					failed = err
					continue
				}
				if got++; got == after {
					cancel()
				}
			}
			cancel()
			if got != after || !errors.Is(failed, context.Canceled) {
				t.Errorf("%d workers, cancelled at batch %d: %d batches, %v", w, after, got, failed)
			}
		}
	}
	if n := settled(before); n > before {
		t.Errorf("%d goroutines are left, %d were before", n, before)
	}
}

// TestLoopsThatPanicLeaveNobody: a loop's own panic ends the workers, too.
func TestLoopsThatPanicLeaveNobody(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		func() {
			defer func() { recover() }()
			for range (&Loader{Data: opaque{numbered(50, 2, 2)}, Batch: 2, Workers: 6}).Batches(t.Context(), 0, 100) {
				panic("the loop's")
			}
		}()
	}
	if n := settled(before); n > before {
		t.Errorf("%d goroutines are left, %d were before", n, before)
	}
}

// TestNothingIsReadTwice in an epoch, nor far ahead of who stops.
func TestNothingIsReadTwice(t *testing.T) {
	for _, w := range []int{-1, 3} {
		var calls atomic.Int64
		l := &Loader{Data: uneven{numbered(60, 1, 1), &calls}, Batch: 6, Workers: w}
		first, _ := last(l, t.Context(), 0, 10)
		whole := calls.Load()
		calls.Store(0)
		for range l.Batches(t.Context(), 0, 10) {
			break
		}
		ahead := int64(6) // alone: the batch itself
		if w > 0 {
			ahead = int64(6 * 2 * (w + 1))
		}
		if first != 10 || whole > 60+6 || calls.Load() > ahead+6 {
			t.Errorf("%d workers: %d examples were read in an epoch of 60, %d for the first batch", w, whole, calls.Load())
		}
	}
}

// TestMixesArePermutationsOfTheBatch: mixed by a share, each row is that much
// of itself and the rest another of the batch.
func TestMixesArePermutationsOfTheBatch(t *testing.T) {
	x := make([]float32, 12*5)
	for i := range x {
		x[i] = float32(i / 5)
	}
	y := tensor.Arange(12).To(tensor.Int32)
	l := &Loader{Data: FromTensors(tensor.Of(x, 12, 5), y), Batch: 4, Seed: 3, Mix: Mixup{Alpha: 1, Classes: 12}.Transform()}
	mixed := 0
	for b, err := range l.Batches(t.Context(), 0, 9) {
		if err != nil {
			t.Fatal(err)
		}
		labels := tensor.Data[float32](b.Y)
		rows := tensor.Data[float32](b.X)
		for row := range b.N {
			var of, sum float64
			parts := 0
			for c, p := range labels[row*12 : (row+1)*12] {
				of, sum = of+float64(c)*float64(p), sum+float64(p)
				if p > 0 {
					parts++
				}
				if p > 0 && !slices.Contains(b.Index, c) {
					t.Errorf("row %d has a part of %d, which is not in the batch %v", row, c, b.Index)
				}
			}
			if math.Abs(sum-1) > 1e-5 || parts > 2 {
				t.Errorf("row %d: %d labels of sum %g", row, parts, sum)
			}
			if parts == 2 {
				mixed++
			}
			for _, v := range rows[row*5 : (row+1)*5] {
				if math.Abs(float64(v)-of) > 1e-4 { // an example's values are its label
					t.Errorf("row %d holds %g, its labels say %g", row, v, of)
				}
			}
		}
	}
	if mixed < 9 {
		t.Errorf("%d of 36 rows are mixed", mixed)
	}
}

// TestTextGoesRound, every character of it, by a vocabulary sorted and without
// doubles.
func TestTextGoesRound(t *testing.T) {
	r := tensor.NewRand(5)
	signs := []rune("abz AZ09\n\t\x00äß猫\U0001F600\u0301\ufeff")
	for range 60 {
		all := make([]rune, 1+r.IntN(80))
		for i := range all {
			all[i] = signs[r.IntN(len(signs))]
		}
		text, ids, err := NewText(strings.NewReader(string(all)))
		if err != nil {
			t.Fatal(err)
		}
		v := tensor.Data[int32](ids)
		if got := text.Decode(v); got != string(all) || len(v) != len(all) {
			t.Fatalf("%q came back as %q", string(all), got)
		}
		if !slices.IsSorted(text.Vocab) || len(slices.Compact(slices.Clone(text.Vocab))) != len(text.Vocab) {
			t.Fatalf("vocabulary %q", string(text.Vocab))
		}
		if int(slices.Max(v)) >= len(text.Vocab) || slices.Min(v) < 0 {
			t.Fatalf("numbers %v of %d", v, len(text.Vocab))
		}
	}
}

// TestWindowsCoverTheirStreams: laid end to end, the rows of all windows are
// the text but for its end, and Y is X one place on.
func TestWindowsCoverTheirStreams(t *testing.T) {
	r := tensor.NewRand(6)
	for range 200 {
		batch, length := 1+r.IntN(5), 1+r.IntN(6)
		n := batch*length + 1 + r.IntN(50)
		stream := (n - 1) / batch
		rows := make([][]float32, batch)
		for k, b := range Windows(tensor.Arange(n).To(tensor.Int32), batch, length) {
			x, y := tensor.Data[int32](b.X), tensor.Data[int32](b.Y)
			for i := range x {
				if y[i] != x[i]+1 {
					t.Fatalf("%d by %d × %d, window %d: X %v, Y %v", n, batch, length, k, x, y)
				}
				rows[i/length] = append(rows[i/length], float32(x[i]))
			}
		}
		for row, got := range rows {
			if len(got) != stream/length*length {
				t.Fatalf("%d by %d × %d: row %d has %d numbers, want %d", n, batch, length, row, len(got), stream/length*length)
			}
			for i, v := range got {
				if int(v) != row*stream+i {
					t.Fatalf("%d by %d × %d: row %d has %g at %d, want %d", n, batch, length, row, v, i, row*stream+i)
				}
			}
		}
	}
}
