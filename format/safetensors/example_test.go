package safetensors_test

import (
	"bytes"
	"fmt"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/tensor"
)

func Example() {
	var file bytes.Buffer
	err := safetensors.Write(&file, map[string]tensor.Tensor{
		"fc.weight": tensor.Of([]float32{1, 2, 3, 4}, 2, 2),
		"fc.bias":   tensor.Of([]float32{5, 6}),
	}, map[string]string{"format": "pt"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tensors, meta, err := safetensors.Read(&file)
	fmt.Println(tensors["fc.weight"], tensors["fc.bias"], meta, err)
	// Output: float32 [2 2] {1 2 3 4} float32 [2] {5 6} map[format:pt] <nil>
}
