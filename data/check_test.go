package data

import (
	"errors"
	"math"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestCheck(t *testing.T) {
	x := tensor.Zeros(3, 2)
	inf := float32(math.Inf(1))
	img, err := NewImages(make([]uint8, 3), []uint8{0, 9, 1}, 1, 1, 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set     Dataset
		classes int
		words   []string // nil: no error
	}{
		"good":            {FromTensors(x, tensor.Ints(0, 2, 1)), 3, nil},
		"ignored":         {FromTensors(x, tensor.Ints(0, -100, 1)), 3, nil},
		"no labels":       {FromTensors(x, tensor.Tensor{}), 3, nil},
		"any label":       {FromTensors(x, tensor.Ints(0, 77, 1)), 0, nil},
		"label too large": {FromTensors(x, tensor.Ints(0, 1, 3)), 3, []string{"example 2", "label 3", "0 to 2"}},
		"label negative":  {FromTensors(x, tensor.Ints(0, -1, 1)), 3, []string{"example 1", "label -1"}},
		"NaN": {FromTensors(tensor.Of([]float32{0, 0, 0, float32(nan()), 0, 0}, 3, 2), tensor.Ints(0, 1, 2)), 3,
			[]string{"example 1", "NaN", "element 1"}},
		"Inf":          {FromTensors(tensor.Of([]float32{0, 0, 0, 0, -inf, 0}, 3, 2), tensor.Tensor{}), 0, []string{"example 2", "-Inf"}},
		"NaN target":   {FromTensors(x, tensor.Of([]float64{1, nan(), 2})), 0, []string{"example 1", "Y holds NaN"}},
		"images":       {img, 10, nil},
		"image label":  {img, 9, []string{"example 1", "label 9"}},
		"NaN in more":  {list{{X: x, More: map[string]tensor.Tensor{"mask": tensor.Of([]float32{inf})}}}, 0, []string{"mask", "+Inf"}},
		"empty":        {list{}, 3, []string{"empty"}},
		"nil":          {nil, 3, []string{"empty"}},
		"broken":       {flaky{numbered(3, 1, 1), 1, func() error { return errors.New("torn") }}, 0, []string{"example 1", "torn"}},
		"many targets": {FromTensors(x, tensor.Ints(0, 1, 2, 3, 4, 5).Reshape(3, 2)), 5, []string{"example 2", "label 5"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(c.set, c.classes)
			if c.words == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, c.words...)
		})
	}
}
