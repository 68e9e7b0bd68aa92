package data

import (
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// TestTransformedIsTheSameEveryTime, whoever asks and in whatever order.
func TestTransformedIsTheSameEveryTime(t *testing.T) {
	set := Transformed(numbered(9, 6, 6), Compose(Crop{H: 4, W: 3}.Transform(), Brightness(1)), 7)
	var want [][]float32
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil || !slices.Equal(e.X.Shape(), []int{4, 3, 1}) || e.Y.Item() != float64(i) {
			t.Fatalf("%v, %v, %v", e.X.Shape(), e.Y, err)
		}
		want = append(want, tensor.Data[float32](e.X))
	}
	if want[1][0]-want[0][0] == 1 {
		t.Error("two examples got the same brightness")
	}
	for _, b := range take(t, &Loader{Data: set, Batch: 2, Shuffle: true, Workers: 3}, 0, 10) {
		for k, i := range b.index {
			if !slices.Equal(b.x[12*k:12*k+12], want[i]) {
				t.Fatalf("example %d is otherwise in a batch", i)
			}
		}
	}
}

// TestTransformedMovesWhatLiesOnIt, and leaves the set below alone.
func TestTransformedMovesWhatLiesOnIt(t *testing.T) {
	below := scenes{scene(10, 20, Object{X1: 12, Y1: 4, X2: 18, Y2: 8, Label: 2})}
	e, err := Transformed(below, Crop{H: 10, W: 10, Centre: true}.Transform(), 0).At(0)
	if err != nil || !slices.Equal(e.Y.Shape(), []int{10, 10}) || e.Objects()[0] != (Object{X1: 7, Y1: 4, X2: 10, Y2: 8, Label: 2}) {
		t.Errorf("%v, %v", e.Objects(), err)
	}
	if below[0].Objects()[0].X1 != 12 || below[0].X.Dim(1) != 20 {
		t.Error("the set below has changed")
	}
}

func TestTransformedKnowsItsLabelsAndFaults(t *testing.T) {
	images, err := NewImages([]uint8{1, 2, 3}, []uint8{7, 8, 9}, 1, 1, 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Labels(Transformed(images, RandomFlip(), 0)); err != nil || !slices.Equal(got, []int{7, 8, 9}) {
		t.Errorf("%v, %v", got, err)
	}
	set := Transformed(FromTensors(tensor.Ints(1, 2), tensor.Tensor{}), RandomFlip(), 0)
	_, err = set.At(0)
	wantError(t, err, "example 0", "float32 [H, W, C]")
	if _, err := set.At(5); err == nil {
		t.Error("there is no example 5")
	}
	_, err = Transformed(scenes{{}}, RandomFlip(), 0).At(0)
	wantError(t, err, "no X")
}
