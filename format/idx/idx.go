// Package idx reads IDX files, the format in which MNIST and its successors
// are published, compressed by gzip or not.
//
// data and all above it may import idx. It imports tensor.
//
// Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
package idx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/limpid-ml/limpid/tensor"
)

// What a header may claim at most.
const (
	maxRank  = 8
	maxBytes = 1 << 32
)

// kind is an element type of the format.
type kind struct {
	size   int
	tensor func(raw []byte, shape []int) tensor.Tensor
}

var kinds = map[byte]kind{
	0x08: {1, func(raw []byte, shape []int) tensor.Tensor { return tensor.Of(raw, shape...) }},
	0x09: {1, each(1, func(b []byte) int32 { return int32(int8(b[0])) })},
	0x0B: {2, each(2, func(b []byte) int32 { return int32(int16(binary.BigEndian.Uint16(b))) })},
	0x0C: {4, each(4, func(b []byte) int32 { return int32(binary.BigEndian.Uint32(b)) })},
	0x0D: {4, each(4, func(b []byte) float32 { return math.Float32frombits(binary.BigEndian.Uint32(b)) })},
	0x0E: {8, each(8, func(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) })},
}

// each decodes elements of size bytes.
func each[T tensor.Elem](size int, decode func([]byte) T) func([]byte, []int) tensor.Tensor {
	return func(raw []byte, shape []int) tensor.Tensor {
		v := make([]T, len(raw)/size)
		for i := range v {
			v[i] = decode(raw[i*size:])
		}
		return tensor.Of(v, shape...)
	}
}

// Read returns the array in r, which ends where the array does. Bytes are
// uint8, smaller signed integers int32. What a header claims costs no memory
// until the bytes are there.
func Read(r io.Reader) (tensor.Tensor, error) {
	t, err := read(bufio.NewReader(r))
	if err != nil {
		return t, fmt.Errorf("idx: %w", err)
	}
	return t, nil
}

func read(r *bufio.Reader) (tensor.Tensor, error) {
	if magic, err := r.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(r)
		if err != nil {
			return tensor.Tensor{}, fmt.Errorf("gzip: %w", err)
		}
		r = bufio.NewReader(z)
	}
	k, shape, err := header(r)
	if err != nil {
		return tensor.Tensor{}, err
	}
	raw, err := body(r, k.size, shape)
	if err != nil {
		return tensor.Tensor{}, err
	}
	return k.tensor(raw, shape), nil
}

// header reads the element type and the shape.
func header(r io.Reader) (kind, []int, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return kind{}, nil, cut("the header", err)
	}
	k, ok := kinds[magic[2]]
	if magic[0] != 0 || magic[1] != 0 || !ok {
		return k, nil, fmt.Errorf("starts with % x, want 00 00 and a type of 08, 09, 0b to 0e: not an IDX file", magic[:3])
	}
	if magic[3] < 1 || magic[3] > maxRank {
		return k, nil, fmt.Errorf("has %d axes, want 1 to %d", magic[3], maxRank)
	}
	dims := make([]byte, 4*magic[3])
	if _, err := io.ReadFull(r, dims); err != nil {
		return k, nil, cut("the shape", err)
	}
	shape := make([]int, magic[3])
	for i := range shape {
		shape[i] = int(binary.BigEndian.Uint32(dims[4*i:]))
	}
	return k, shape, nil
}

// body reads the elements and makes sure that nothing follows.
func body(r io.Reader, size int, shape []int) ([]byte, error) {
	want, largest := uint64(size), uint64(size) // largest: as if no axis were empty, for strides must fit, too
	for _, d := range shape {
		if largest > maxBytes/uint64(max(d, 1)) {
			return nil, fmt.Errorf("claims the shape %v, more than %d bytes", shape, uint64(maxBytes))
		}
		want *= uint64(d)
		largest *= uint64(max(d, 1))
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, int64(want)+1))
	switch {
	case err != nil:
		return nil, cut("the elements", err)
	case uint64(n) < want:
		return nil, fmt.Errorf("holds %d bytes of elements, its shape %v wants %d: the file is cut short", n, shape, want)
	case uint64(n) > want:
		return nil, fmt.Errorf("goes on after the %d bytes that its shape %v wants", want, shape)
	}
	return b.Bytes(), nil
}

// cut says where a file broke off.
func cut(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is cut short in %s", where)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// ReadFile reads a file; if sum is not "", the file's SHA-256 in hexadecimal
// must equal it.
func ReadFile(file, sum string) (tensor.Tensor, error) {
	f, err := os.Open(file)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("idx: %w", err)
	}
	defer f.Close()
	if sum == "" {
		t, err := Read(f)
		return t, named(file, err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("idx: %w", err)
	}
	if got := sha256.Sum256(raw); hex.EncodeToString(got[:]) != sum {
		return tensor.Tensor{}, fmt.Errorf("idx: read %q: SHA-256 is %x, want %s: the file is another or damaged; fetch it again", file, got, sum)
	}
	t, err := Read(bytes.NewReader(raw))
	return t, named(file, err)
}

func named(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %q: %w", file, err)
}
