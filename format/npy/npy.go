// Package npy reads and writes NumPy's files: one array in .npy, several under
// names in .npz.
//
// What is written follows from the arrays alone: no time, names sorted. What is
// read is checked in full, and a hostile header costs no more memory than the
// bytes that are there.
//
// data and all above it may import npy. It imports tensor.
//
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/limpid-ml/limpid/format/internal/half"
	"github.com/limpid-ml/limpid/tensor"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 20
	maxRank   = 8
)

// Read returns the array in r, which ends where the array does. Both byte
// orders and both layouts are read; f2 becomes float32, i1, i2, u2 and i8
// become int32, and a value that does not fit is an error.
func Read(r io.Reader) (tensor.Tensor, error) {
	t, err := read(bufio.NewReader(r))
	if err != nil {
		return t, fmt.Errorf("npy: %w", err)
	}
	return t, nil
}

// ReadFile reads a .npy file. See [Read].
func ReadFile(file string) (tensor.Tensor, error) {
	f, err := os.Open(file)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	t, err := read(bufio.NewReader(f))
	if err != nil {
		return t, fmt.Errorf("npy: read %q: %w", file, err)
	}
	return t, nil
}

func read(r io.Reader) (tensor.Tensor, error) {
	text, err := headerText(r)
	if err != nil {
		return tensor.Tensor{}, err
	}
	h, err := parse(text)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("the header %q: %w", text, err)
	}
	raw, err := body(r, h)
	if err != nil {
		return tensor.Tensor{}, err
	}
	if h.fortran {
		raw = turn(raw, h.kind.size, h.shape)
	}
	return h.kind.tensor(raw, h.shape, h.order)
}

// headerText reads up to the elements and returns the dictionary's text.
func headerText(r io.Reader) (string, error) {
	var start [8]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return "", cut("its first bytes", err)
	}
	if string(start[:6]) != magic {
		return "", fmt.Errorf("starts with %q, want %q: not a .npy file", start[:6], magic)
	}
	width := 4
	switch start[6] {
	case 1:
		width = 2
	case 2, 3:
	default:
		return "", fmt.Errorf("is of version %d, want 1 to 3", start[6])
	}
	var size [4]byte
	if _, err := io.ReadFull(r, size[:width]); err != nil {
		return "", cut("its header's length", err)
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > maxHeader {
		return "", fmt.Errorf("claims a header of %d bytes, at most %d", n, maxHeader)
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return "", cut("its header", err)
	}
	return strings.TrimRight(b.String(), " \n"), nil
}

// cut says where a file broke off.
func cut(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short in %s", where)
	}
	return err
}

// body reads the elements and makes sure that nothing follows.
func body(r io.Reader, h *header) ([]byte, error) {
	want := int64(h.kind.size)
	for _, d := range h.shape {
		want *= int64(d) // parse bounds the product
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, want+1))
	switch {
	case err != nil:
		return nil, err
	case n < want:
		return nil, fmt.Errorf("holds %d bytes of elements, its shape %v wants %d: the file is cut short", n, h.shape, want)
	case n > want:
		return nil, fmt.Errorf("goes on after the %d bytes that its shape %v wants", want, h.shape)
	}
	return b.Bytes(), nil
}

// turn brings elements in column-major order (first axis fastest) into
// row-major order.
func turn(raw []byte, size int, shape []int) []byte {
	out := make([]byte, 0, len(raw))
	if len(raw) == 0 {
		return out
	}
	at, index := 0, make([]int, len(shape))
	for {
		out = append(out, raw[at*size:(at+1)*size]...)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- { // count up in row-major order
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
		if axis < 0 {
			return out
		}
		at = 0
		for a := len(shape) - 1; a >= 0; a-- {
			at = at*shape[a] + index[a]
		}
	}
}

// kind is an element type of the format.
type kind struct {
	size   int
	tensor func(raw []byte, shape []int, order binary.ByteOrder) (tensor.Tensor, error)
}

var kinds = map[string]kind{
	"f4": each(4, func(b []byte, o binary.ByteOrder) (float32, error) { return math.Float32frombits(o.Uint32(b)), nil }),
	"f8": each(8, func(b []byte, o binary.ByteOrder) (float64, error) { return math.Float64frombits(o.Uint64(b)), nil }),
	"f2": each(2, func(b []byte, o binary.ByteOrder) (float32, error) { return half.Float(o.Uint16(b)), nil }),
	"i1": each(1, func(b []byte, _ binary.ByteOrder) (int32, error) { return int32(int8(b[0])), nil }),
	"i2": each(2, func(b []byte, o binary.ByteOrder) (int32, error) { return int32(int16(o.Uint16(b))), nil }),
	"u2": each(2, func(b []byte, o binary.ByteOrder) (int32, error) { return int32(o.Uint16(b)), nil }),
	"i4": each(4, func(b []byte, o binary.ByteOrder) (int32, error) { return int32(o.Uint32(b)), nil }),
	"i8": each(8, func(b []byte, o binary.ByteOrder) (int32, error) { return narrow(int64(o.Uint64(b))) }),
	"u1": each(1, func(b []byte, _ binary.ByteOrder) (uint8, error) { return b[0], nil }),
	"b1": each(1, func(b []byte, _ binary.ByteOrder) (bool, error) {
		if b[0] > 1 {
			return false, fmt.Errorf("holds %d, want 0 or 1 for a bool", b[0])
		}
		return b[0] == 1, nil
	}),
}

// each decodes elements of size bytes.
func each[T tensor.Elem](size int, decode func([]byte, binary.ByteOrder) (T, error)) kind {
	return kind{size, func(raw []byte, shape []int, order binary.ByteOrder) (tensor.Tensor, error) {
		v := make([]T, len(raw)/size)
		for i := range v {
			var err error
			if v[i], err = decode(raw[i*size:], order); err != nil {
				return tensor.Tensor{}, err
			}
		}
		if len(shape) == 0 {
			return tensor.Of(v, 1).Reshape(), nil
		}
		return tensor.Of(v, shape...), nil
	}}
}

func narrow(v int64) (int32, error) {
	if v != int64(int32(v)) {
		return 0, fmt.Errorf("holds %d, which int32 cannot: save it as float64", v)
	}
	return int32(v), nil
}

// Write writes one array, row-major and little endian, as version 1.0.
func Write(w io.Writer, t tensor.Tensor) error {
	if !t.Valid() {
		return errors.New("npy: write: the tensor is none or its pass has ended")
	}
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(headerOf(t)) // b keeps its first error
	var err error
	switch t.DType() {
	case tensor.Float32:
		err = binary.Write(b, binary.LittleEndian, tensor.View[float32](t))
	case tensor.Float64:
		err = binary.Write(b, binary.LittleEndian, tensor.View[float64](t))
	case tensor.Int32:
		err = binary.Write(b, binary.LittleEndian, tensor.View[int32](t))
	case tensor.Uint8:
		_, err = b.Write(tensor.View[uint8](t))
	case tensor.Bool:
		err = binary.Write(b, binary.LittleEndian, tensor.View[bool](t))
	}
	if err = errors.Join(err, b.Flush()); err != nil {
		return fmt.Errorf("npy: write: %w", err)
	}
	return nil
}

var descrs = map[tensor.DType]string{
	tensor.Float32: "<f4", tensor.Float64: "<f8", tensor.Int32: "<i4", tensor.Uint8: "|u1", tensor.Bool: "|b1",
}

// headerOf returns all that comes before the elements: a multiple of 64 bytes.
func headerOf(t tensor.Tensor) string {
	var dims []string
	for _, d := range t.Shape() {
		dims = append(dims, fmt.Sprint(d))
	}
	shape := strings.Join(dims, ", ")
	if len(dims) == 1 {
		shape += "," // a tuple of one
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descrs[t.DType()], shape)
	const before = len(magic) + 4
	text += strings.Repeat(" ", 63-(before+len(text))%64) + "\n"
	return magic + "\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(text)))) + text
}
