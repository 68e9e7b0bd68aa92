package nn

import (
	"io"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// writeFile writes tensors to a file that is complete or not there at all.
func writeFile(file string, tensors map[string]tensor.Tensor) error {
	return run.Replace(file, func(w io.Writer) error { return safetensors.Write(w, tensors, nil) })
}

func readFile(file string) (map[string]tensor.Tensor, error) {
	tensors, _, err := safetensors.ReadFile(file)
	return tensors, err
}
