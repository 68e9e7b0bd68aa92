package data

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/limpid-ml/limpid/tensor"
)

func TestText(t *testing.T) {
	text, ids, err := NewText(strings.NewReader("hällo"))
	if err != nil {
		t.Fatal(err)
	}
	if string(text.Vocab) != "hloä" {
		t.Errorf("vocabulary %q", string(text.Vocab))
	}
	if got := tensor.Data[int32](ids); !slices.Equal(got, []int32{0, 3, 1, 1, 2}) {
		t.Errorf("ids %v", got)
	}
	if got := text.Decode(tensor.Data[int32](text.Encode("lohä"))); got != "lohä" {
		t.Errorf("there and back: %q", got)
	}
}

func TestTextErrors(t *testing.T) {
	_, _, err := NewText(strings.NewReader(""))
	wantError(t, err, "empty")
	_, _, err = NewText(strings.NewReader("ab\xffc"))
	wantError(t, err, "byte 2", "UTF-8")
	_, _, err = NewText(iotest.ErrReader(errors.New("gone")))
	wantError(t, err, "gone")
	text, _, _ := NewText(strings.NewReader("ab"))
	wantError(t, tensor.Try(func() { text.Encode("axb") }), "'x'", "byte 1")
	wantError(t, tensor.Try(func() { text.Decode([]int32{0, 2}) }), "number 2", "0 to 1")
}

func TestWindows(t *testing.T) {
	var x, y [][]int32
	for k, b := range Windows(tensor.Arange(14), 2, 3) {
		if k != len(x) || b.N != 2 || !slices.Equal(b.X.Shape(), []int{2, 3}) {
			t.Errorf("window %d: N %d, X %v", k, b.N, b.X.Shape())
		}
		x, y = append(x, tensor.Data[int32](b.X)), append(y, tensor.Data[int32](b.Y))
	}
	wantX := [][]int32{{0, 1, 2, 6, 7, 8}, {3, 4, 5, 9, 10, 11}}
	wantY := [][]int32{{1, 2, 3, 7, 8, 9}, {4, 5, 6, 10, 11, 12}}
	for k := range wantX {
		if len(x) != 2 || !slices.Equal(x[k], wantX[k]) || !slices.Equal(y[k], wantY[k]) {
			t.Fatalf("X %v, Y %v", x, y)
		}
	}
}

func TestWindowsJustFit(t *testing.T) {
	n := 0
	for range Windows(tensor.Arange(7), 2, 3) {
		n++
	}
	if n != 1 {
		t.Errorf("%d windows, want 1", n)
	}
	wantError(t, tensor.Try(func() { Windows(tensor.Arange(6), 2, 3) }), "6 numbers", "at least 7")
	wantError(t, tensor.Try(func() { Windows(tensor.Arange(6), 0, 3) }), "at least 1")
	wantError(t, tensor.Try(func() { Windows(tensor.Zeros(6), 1, 3) }), "want int32 [n]")
}
