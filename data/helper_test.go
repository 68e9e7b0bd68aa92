package data

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// wantError fails unless err says all of words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
}

// numbered is n examples [h, w, 1] whose every pixel is the example's number.
func numbered(n, h, w int) Dataset {
	x, y := make([]float32, n*h*w), make([]int32, n)
	for i := range x {
		x[i] = float32(i / (h * w))
	}
	for i := range y {
		y[i] = int32(i)
	}
	return FromTensors(tensor.Of(x, n, h, w, 1), tensor.Of(y))
}

// opaque hides that a set is direct.
type opaque struct{ Dataset }

// flaky fails or panics at one example.
type flaky struct {
	Dataset
	at   int
	does func() error
}

func (f flaky) At(i int) (Example, error) {
	if i == f.at {
		if err := f.does(); err != nil {
			return Example{}, err
		}
	}
	return f.Dataset.At(i)
}

// taken is what a batch held.
type taken struct {
	x     []float32
	y     []int32
	index []int
}

func (a taken) equal(b taken) bool {
	return slices.Equal(a.x, b.x) && slices.Equal(a.y, b.y) && slices.Equal(a.index, b.index)
}

// take copies batches from…to.
func take(t *testing.T, l *Loader, from, to int) []taken {
	t.Helper()
	var out []taken
	for b, err := range l.Batches(context.Background(), from, to) {
		if err != nil {
			t.Fatal(err)
		}
		if b.N != len(b.Index) || b.X.Dim(0) != b.N || b.Y.Dim(0) != b.N {
			t.Fatalf("N=%d, %d indices, X %v, Y %v", b.N, len(b.Index), b.X.Shape(), b.Y.Shape())
		}
		out = append(out, taken{tensor.Data[float32](b.X), tensor.Data[int32](b.Y), slices.Clone(b.Index)})
	}
	return out
}

// last loops to the end and returns the number of batches and the error.
func last(l *Loader, ctx context.Context, from, to int) (n int, err error) {
	for _, e := range l.Batches(ctx, from, to) {
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		if err != nil {
			return n, errors.New("a batch after an error")
		}
		n++
	}
	return n, err
}
