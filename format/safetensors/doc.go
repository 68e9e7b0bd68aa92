// Package safetensors reads and writes safetensors files: named tensors behind
// a JSON header, the form in which weights are exchanged.
//
// What is written follows from the tensors and the metadata alone: no time, no
// path, names in a fixed order. To have a file that is complete or not there
// at all, write through run.Replace. What is read is checked in full, and a
// hostile header costs no more memory than the bytes that are there.
//
// data, nn and all above them may import safetensors. It imports tensor.
//
// Source: https://github.com/huggingface/safetensors, "Format".
package safetensors

// maxHeader is the reference implementation's bound, in bytes.
const maxHeader = 100_000_000

// metaKey is the header's key that names no tensor.
const metaKey = "__metadata__"

// entry is what the header says of a tensor.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`

	name string
}
