package data

import (
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestCheckLabels(t *testing.T) {
	x := tensor.Zeros(4, 2)
	pictures, err := NewImages(make([]uint8, 4), []uint8{0, 1, 7, 2}, 1, 1, 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set     Dataset
		classes int
		want    string
	}{
		"good":      {FromTensors(x, tensor.Ints(0, 2, -100, 1)), 3, ""},
		"too large": {FromTensors(x, tensor.Ints(0, 2, 3, 1)), 3, "example 2: label 3, want 0 to 2"},
		"negative":  {FromTensors(x, tensor.Ints(0, -1, 0, 1)), 3, "example 1: label -1"},
		"subset":    {Subset(FromTensors(x, tensor.Ints(0, 2, 3, 1)), []int{3, 2}), 3, "example 1: label 3"},
		"maps":      {FromTensors(x, tensor.Ints(0, 1, 2, 1, 0, 0, 5, 0).Reshape(4, 2)), 3, "example 3: label 5"},
		"pictures":  {pictures, 3, "example 2: label 7"},
		"no labels": {FromTensors(x, tensor.Tensor{}), 3, ""},
		"floats":    {FromTensors(x, tensor.Full(9, 4)), 3, ""},
	} {
		switch err := CheckLabels(c.set, c.classes); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want …%s…", name, err, c.want)
		}
	}
}
