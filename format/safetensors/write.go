package safetensors

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// typeNames are the format's names of our types, and their sizes in bytes.
var typeNames = map[tensor.DType]struct {
	name string
	size int
}{
	tensor.Float32: {"F32", 4}, tensor.Float64: {"F64", 8}, tensor.Int32: {"I32", 4},
	tensor.Uint8: {"U8", 1}, tensor.Bool: {"BOOL", 1},
}

// Write writes tensors under their names, and meta unless it is empty. Equal
// arguments give equal bytes: tensors of larger elements come first, as in the
// reference implementation, so that all lie aligned; then names decide.
func Write(w io.Writer, tensors map[string]tensor.Tensor, meta map[string]string) error {
	names, err := order(tensors)
	if err != nil {
		return err
	}
	head, err := header(names, tensors, meta)
	if err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) // b keeps its first error
	b.Write(head)
	for _, name := range names {
		elements(b, tensors[name])
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	return nil
}

func order(tensors map[string]tensor.Tensor) ([]string, error) {
	names := make([]string, 0, len(tensors))
	for name, t := range tensors {
		if name == metaKey || !t.Valid() {
			return nil, fmt.Errorf("safetensors: write: tensor %q: the name is reserved, or the tensor is none or its pass has ended", name)
		}
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(typeNames[tensors[b].DType()].size, typeNames[tensors[a].DType()].size), cmp.Compare(a, b))
	})
	return names, nil
}

// header returns the JSON header, padded so that the data start on a multiple
// of 8 bytes.
func header(names []string, tensors map[string]tensor.Tensor, meta map[string]string) ([]byte, error) {
	out := []byte{'{'}
	if len(meta) > 0 {
		m, err := json.Marshal(meta) // sorts its keys
		if err != nil {
			return nil, err
		}
		out = fmt.Appendf(out, "%q:%s,", metaKey, m)
	}
	at := int64(0)
	for _, name := range names {
		t, key := tensors[name], typeNames[tensors[name].DType()]
		e := entry{DType: key.name, Shape: []int64{}, Offsets: [2]int64{at, at + int64(t.Len()*key.size)}}
		for _, d := range t.Shape() {
			e.Shape = append(e.Shape, int64(d))
		}
		at = e.Offsets[1]
		k, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		out = append(append(append(append(out, k...), ':'), v...), ',')
	}
	out = append(out[:max(len(out)-1, 1)], '}')
	for len(out)%8 != 0 {
		out = append(out, ' ')
	}
	if len(out) > maxHeader {
		return nil, fmt.Errorf("%d tensors make a header of %d bytes, at most %d", len(names), len(out), maxHeader)
	}
	return out, nil
}

// elements writes t's elements, little endian. w keeps its first error.
func elements(w *bufio.Writer, t tensor.Tensor) {
	var b [8]byte
	switch t.DType() {
	case tensor.Float32:
		for _, v := range tensor.View[float32](t) {
			binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			w.Write(b[:4])
		}
	case tensor.Float64:
		for _, v := range tensor.View[float64](t) {
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
			w.Write(b[:])
		}
	case tensor.Int32:
		for _, v := range tensor.View[int32](t) {
			binary.LittleEndian.PutUint32(b[:], uint32(v))
			w.Write(b[:4])
		}
	case tensor.Uint8:
		w.Write(tensor.View[uint8](t))
	case tensor.Bool:
		for _, v := range tensor.View[bool](t) {
			w.WriteByte(byteOf(v))
		}
	}
}

func byteOf(v bool) byte {
	if v {
		return 1
	}
	return 0
}
