package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// lenders are loaders whose batches lie in memory that is used again.
func lenders() map[string]*Loader {
	all := map[string]*Loader{}
	for _, workers := range []int{-1, 1, 3} {
		all[fmt.Sprintf("%d workers", workers)] = &Loader{Data: numbered(10, 1, 1), Batch: 2, Workers: workers}
		all[fmt.Sprintf("transformed by %d workers", workers)] = &Loader{Data: numbered(10, 2, 2), Batch: 2, Workers: workers, Transform: Compose(Resize(1, 1))}
	}
	return all
}

// Batches that are kept can be collected, to step over several at once.
func TestKeptBatchesStay(t *testing.T) {
	for name, l := range lenders() {
		var xs, ys, parts []tensor.Tensor
		for b, err := range l.Epoch(context.Background(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			xs, ys, parts = append(xs, b.X.Keep()), append(ys, b.Y.Keep()), append(parts, b.X.Slice(0, 1, 2).Keep())
		}
		for i := range xs {
			even, odd := float32(2*i), float32(2*i+1)
			if x := tensor.Data[float32](xs[i]); !slices.Equal(x, []float32{even, odd}) {
				t.Errorf("%s: X of batch %d is %v", name, i, x)
			}
			if y := tensor.Data[int32](ys[i]); !slices.Equal(y, []int32{int32(even), int32(odd)}) {
				t.Errorf("%s: Y of batch %d is %v", name, i, y)
			}
			if p := tensor.Data[float32](parts[i]); !slices.Equal(p, []float32{odd}) {
				t.Errorf("%s: the part of batch %d is %v", name, i, p)
			}
		}
	}
}

// A batch that is used after it ended panics, and says what to do.
func TestLateUseOfABatch(t *testing.T) {
	for name, l := range lenders() {
		var old []tensor.Tensor
		for b, err := range l.Batches(context.Background(), 0, 7) { // into the second epoch
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range old {
				late(t, name, x)
			}
			if !b.X.Valid() || !b.Y.Valid() {
				t.Fatalf("%s: a batch that is not valid", name)
			}
			old = append(old, b.X, b.Y, b.X.Reshape(2), b.Y.Slice(0, 0, 1))
		}
		for _, x := range old {
			late(t, name, x)
		}
	}
}

func late(t *testing.T, name string, x tensor.Tensor) {
	t.Helper()
	err := tensor.Try(func() { x.Sum() })
	if x.Valid() || err == nil || !strings.Contains(err.Error(), "the batch ended") || !strings.Contains(err.Error(), "Keep it") {
		t.Fatalf("%s: late use of a batch, valid %v: %v", name, x.Valid(), err)
	}
}

// The batch of a loop that was left lives on: nothing writes it again.
func TestBatchOfALoopThatWasLeft(t *testing.T) {
	for name, l := range lenders() {
		var last Batch
		for b := range l.Epoch(context.Background(), 0) {
			if last = b; b.Index[0] == 4 {
				break
			}
		}
		if x := tensor.Data[float32](last.X); !slices.Equal(x, []float32{4, 5}) {
			t.Errorf("%s: %v", name, x)
		}
	}
}

// Data made of a batch has memory of its own.
func TestDatasetOfABatch(t *testing.T) {
	var set Dataset
	for b := range lenders()["1 workers"].Epoch(context.Background(), 0) {
		if set == nil {
			set = FromTensors(b.X, b.Y)
		}
	}
	if e, err := set.At(1); err != nil || e.X.Item() != 1 || e.Y.Item() != 1 {
		t.Errorf("example 1 is %v with %v, %v", e.X, e.Y, err)
	}
}
