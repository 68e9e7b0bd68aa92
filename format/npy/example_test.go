package npy_test

import (
	"bytes"
	"fmt"

	"github.com/limpid-ml/limpid/format/npy"
	"github.com/limpid-ml/limpid/tensor"
)

func Example() {
	var file bytes.Buffer
	if err := npy.Write(&file, tensor.Of([]float32{1, 2, 3}, 3, 1)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.72q\n", file.String()[10:])
	fmt.Println(npy.Read(&file))
	// Output:
	// "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1), }             "
	// float32 [3 1] {1 2 3} <nil>
}

func ExampleWriteZip() {
	var file bytes.Buffer
	if err := npy.WriteZip(&file, map[string]tensor.Tensor{"x": tensor.Arange(3), "y": tensor.Ints(7)}); err != nil {
		fmt.Println(err)
		return
	}
	all, err := npy.ReadZip(bytes.NewReader(file.Bytes()), int64(file.Len()))
	fmt.Println(all["x"], all["y"], err)
	// Output: int32 [3] {0 1 2} int32 [1] {7} <nil>
}
