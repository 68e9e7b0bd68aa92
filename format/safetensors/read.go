package safetensors

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/limpid-ml/limpid/format/internal/half"
	"github.com/limpid-ml/limpid/tensor"
)

// maxRank is the number of axes that a tensor can have.
const maxRank = 8

// Read returns the tensors and the metadata in r, which ends where the data
// do. F16 and BF16 become float32; I64 becomes int32, and a value that does
// not fit is an error.
func Read(r io.Reader) (map[string]tensor.Tensor, map[string]string, error) {
	tensors, meta, err := read(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	return tensors, meta, nil
}

// ReadFile reads a file. See [Read].
func ReadFile(file string) (map[string]tensor.Tensor, map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	defer f.Close()
	tensors, meta, err := read(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: read %q: %w", file, err)
	}
	return tensors, meta, nil
}

func read(r *bufio.Reader) (map[string]tensor.Tensor, map[string]string, error) {
	head, err := readHeader(r)
	if err != nil {
		return nil, nil, err
	}
	entries, meta, err := parse(head)
	if err != nil {
		return nil, nil, err
	}
	if err := layout(entries); err != nil {
		return nil, nil, err
	}
	tensors := make(map[string]tensor.Tensor, len(entries))
	var raw bytes.Buffer
	for _, e := range entries {
		t, err := e.read(r, &raw)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		tensors[e.name] = t
	}
	if _, err := r.ReadByte(); err == nil {
		return nil, nil, errors.New("the file goes on after the last tensor: it is damaged, or two files in one")
	} else if err != io.EOF {
		return nil, nil, err
	}
	return tensors, meta, nil
}

// readHeader returns the JSON text.
func readHeader(r io.Reader) ([]byte, error) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, cut("in the header's length", err)
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n < 2 || n > maxHeader {
		return nil, fmt.Errorf("the header claims %d bytes, want 2 to %d: not a safetensors file", n, maxHeader)
	}
	var head bytes.Buffer // grows with what is there, not with the claim
	if _, err := io.CopyN(&head, r, int64(n)); err != nil {
		return nil, cut(fmt.Sprintf("in the header, after %d of %d bytes", head.Len(), n), err)
	}
	return head.Bytes(), nil
}

// cut says where a file broke off.
func cut(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short %s: copy or download it again", where)
	}
	return err
}

// parse reads the header's JSON. It goes by tokens, for a name that comes
// twice would pass a map unseen.
func parse(head []byte) ([]entry, map[string]string, error) {
	if head[0] != '{' {
		return nil, nil, fmt.Errorf("the header starts with %q, want '{': not a safetensors file", head[0])
	}
	dec := json.NewDecoder(bytes.NewReader(head))
	dec.DisallowUnknownFields()
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("the header is not JSON: %w", err)
	}
	var entries []entry
	var meta map[string]string
	seen := map[string]bool{}
	for dec.More() {
		name, err := key(dec, seen)
		if err != nil {
			return nil, nil, err
		}
		if name == metaKey {
			err = dec.Decode(&meta)
		} else {
			e := entry{name: name, Offsets: [2]int64{-1, -1}}
			err = dec.Decode(&e)
			entries = append(entries, e)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the header's %q: %w", name, err)
		}
	}
	return entries, meta, closed(dec)
}

// key returns the next name.
func key(dec *json.Decoder, seen map[string]bool) (string, error) {
	t, err := dec.Token()
	if err != nil {
		return "", fmt.Errorf("the header is not JSON: %w", err)
	}
	name, _ := t.(string) // inside an object it is one
	if seen[name] {
		return "", fmt.Errorf("the header names %q twice", name)
	}
	seen[name] = true
	return name, nil
}

// closed makes sure that the object ends and only spaces follow.
func closed(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("the header is not JSON: %w", err)
	}
	if t, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("the header goes on with %v after its object", t)
	}
	return nil
}

// layout sorts entries by place and makes sure that they fill the data without
// a gap, each with what its shape wants.
func layout(entries []entry) error {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]), cmp.Compare(a.name, b.name))
	})
	at := int64(0)
	for i := range entries {
		e := &entries[i]
		want, err := e.bytes()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		if e.Offsets[0] != at {
			return fmt.Errorf("tensor %q: starts at byte %d of the data, want %d: tensors must follow each other without gap or overlap", e.name, e.Offsets[0], at)
		}
		if got := e.Offsets[1] - e.Offsets[0]; got != want {
			return fmt.Errorf("tensor %q: has %d bytes, want %d for %s %v", e.name, got, want, e.DType, e.Shape)
		}
		at = e.Offsets[1]
	}
	return nil
}

// bytes returns how many bytes the entry's type and shape want.
func (e *entry) bytes() (int64, error) {
	k, ok := readers[e.DType]
	if !ok {
		return 0, fmt.Errorf("has type %q, want F32, F64, F16, BF16, I32, I64, U8 or BOOL: convert it first", e.DType)
	}
	if len(e.Shape) > maxRank {
		return 0, fmt.Errorf("has %d axes, at most %d", len(e.Shape), maxRank)
	}
	n, largest := int64(k.size), int64(1)
	for _, d := range e.Shape {
		if d < 0 || d > math.MaxInt32 || largest > 1<<44/max(d, 1) {
			return 0, fmt.Errorf("has the shape %v, which no tensor can have", e.Shape)
		}
		n *= d
		largest *= max(d, 1)
	}
	return n, nil
}

// read reads the entry's elements; raw is scratch.
func (e *entry) read(r io.Reader, raw *bytes.Buffer) (tensor.Tensor, error) {
	want := e.Offsets[1] - e.Offsets[0]
	raw.Reset()
	if _, err := io.CopyN(raw, r, want); err != nil {
		return tensor.Tensor{}, cut(fmt.Sprintf("after %d of its %d bytes", raw.Len(), want), err)
	}
	shape := make([]int, len(e.Shape))
	for i, d := range e.Shape {
		shape[i] = int(d)
	}
	return readers[e.DType].tensor(raw.Bytes(), shape)
}

// reader makes tensors from elements of one type.
type reader struct {
	size   int
	tensor func(raw []byte, shape []int) (tensor.Tensor, error)
}

var little = binary.LittleEndian

var readers = map[string]reader{
	"F32": each(4, func(b []byte) (float32, error) { return math.Float32frombits(little.Uint32(b)), nil }),
	"F64": each(8, func(b []byte) (float64, error) { return math.Float64frombits(little.Uint64(b)), nil }),
	"F16": each(2, func(b []byte) (float32, error) { return half.Float(little.Uint16(b)), nil }),
	"BF16": each(2, func(b []byte) (float32, error) {
		return math.Float32frombits(uint32(little.Uint16(b)) << 16), nil
	}),
	"I32": each(4, func(b []byte) (int32, error) { return int32(little.Uint32(b)), nil }),
	"I64": each(8, func(b []byte) (int32, error) {
		v := int64(little.Uint64(b))
		if v != int64(int32(v)) {
			return 0, fmt.Errorf("holds %d, which int32 cannot: store it as F64", v)
		}
		return int32(v), nil
	}),
	"U8": each(1, func(b []byte) (uint8, error) { return b[0], nil }),
	"BOOL": each(1, func(b []byte) (bool, error) {
		if b[0] > 1 {
			return false, fmt.Errorf("holds %d, want 0 or 1 for BOOL", b[0])
		}
		return b[0] == 1, nil
	}),
}

func each[T tensor.Elem](size int, decode func([]byte) (T, error)) reader {
	return reader{size, func(raw []byte, shape []int) (tensor.Tensor, error) {
		v := make([]T, len(raw)/size)
		for i := range v {
			var err error
			if v[i], err = decode(raw[i*size:]); err != nil {
				return tensor.Tensor{}, err
			}
		}
		if len(shape) == 0 {
			return tensor.Of(v, 1).Reshape(), nil
		}
		return tensor.Of(v, shape...), nil
	}}
}
