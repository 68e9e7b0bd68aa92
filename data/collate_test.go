package data

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// list is examples in a slice.
type list []Example

func (l list) Len() int { return len(l) }

func (l list) At(i int) (Example, error) { return l[i], nil }

func words(lens ...int) list {
	var out list
	for i, n := range lens {
		x := make([]float32, 2*n)
		for k := range x {
			x[k] = float32(i + 1)
		}
		out = append(out, Example{
			X: tensor.Of(x, n, 2), Y: tensor.Ints(i).Reshape(),
			More: map[string]tensor.Tensor{"text": tensor.Ints(make([]int, 10-n)...)},
		})
	}
	return out
}

func only(t *testing.T, l *Loader) Batch {
	t.Helper()
	for b, err := range l.Batches(context.Background(), 0, 1) {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return Batch{}
}

func TestPadBatch(t *testing.T) {
	b := only(t, &Loader{Data: words(1, 3, 2), Batch: 3, Collate: PadBatch, Workers: -1})
	if !slices.Equal(b.X.Shape(), []int{3, 3, 2}) || !slices.Equal(b.Y.Shape(), []int{3}) {
		t.Errorf("X %v, Y %v", b.X.Shape(), b.Y.Shape())
	}
	want := []float32{1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 0, 0}
	if got := tensor.Data[float32](b.X); !slices.Equal(got, want) {
		t.Errorf("X is %v, want %v", got, want)
	}
	for name, want := range map[string][]int32{"x.len": {1, 3, 2}, "text.len": {9, 7, 8}} {
		if got := tensor.Data[int32](b.More[name]); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := b.More["text"].Shape(); !slices.Equal(got, []int{3, 9}) {
		t.Errorf("text is %v", got)
	}
	if _, ok := b.More["y.len"]; ok {
		t.Error("scalars have a length")
	}
	if !slices.Equal(b.Index, []int{0, 1, 2}) || b.N != 3 {
		t.Errorf("Index %v, N %d", b.Index, b.N)
	}
}

func TestPadBatchErrors(t *testing.T) {
	_, err := PadBatch([]Example{{X: tensor.Zeros(2, 2)}, {X: tensor.Zeros(2, 3)}})
	wantError(t, err, "x of", "[2 3]", "[2 2]", "first axis")
	_, err = PadBatch([]Example{{X: tensor.Zeros(2)}, {X: tensor.Ints(1, 2)}})
	wantError(t, err, "int32", "float32")
	_, err = PadBatch([]Example{{X: tensor.Zeros(2), Y: tensor.Zeros(1)}, {X: tensor.Zeros(2)}})
	wantError(t, err, "nothing")
	if b, err := PadBatch(nil); err != nil || b.X.Valid() {
		t.Errorf("of no examples: %v %v", b, err)
	}
}

func TestStackMore(t *testing.T) {
	set := words(4, 4)
	b := only(t, &Loader{Data: set, Batch: 2})
	if got := b.More["text"].Shape(); !slices.Equal(got, []int{2, 6}) {
		t.Errorf("text is %v", got)
	}
}

func TestStackWantsExamplesAlike(t *testing.T) {
	for name, c := range map[string]struct {
		set   list
		words []string
	}{
		"lengths": {words(2, 2, 3), []string{"X of example 2", "[3 2]", "[2 2]", "PadBatch"}},
		"types":   {list{{X: tensor.Zeros(2)}, {X: tensor.Ints(1, 2)}}, []string{"example 1", "int32"}},
		"missing Y": {list{{X: tensor.Zeros(2), Y: tensor.Zeros(1)}, {X: tensor.Zeros(2)}},
			[]string{"Y of example 1", "nothing"}},
		"missing more": {list{{X: tensor.Zeros(1), More: map[string]tensor.Tensor{"a": tensor.Zeros(1)}}, {X: tensor.Zeros(1)}},
			[]string{"a of example 1", "nothing"}},
		"no X": {list{{}}, []string{"example 0", "no X"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := last(&Loader{Data: c.set, Batch: 3, Workers: -1}, context.Background(), 0, 1)
			wantError(t, err, c.words...)
		})
	}
}

func TestACollatesErrorComesThrough(t *testing.T) {
	bad := errors.New("cannot")
	l := &Loader{Data: words(1), Collate: func([]Example) (Batch, error) { return Batch{}, bad }}
	if _, err := last(l, context.Background(), 0, 1); !errors.Is(err, bad) {
		t.Error(err)
	}
}
