package npy

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/tensor"
)

// ReadZip returns the arrays of a .npz file of size bytes by their names,
// without ".npy".
func ReadZip(r io.ReaderAt, size int64) (map[string]tensor.Tensor, error) {
	all, err := readZip(r, size)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return all, nil
}

// ReadZipFile reads a .npz file. See [ReadZip].
func ReadZipFile(file string) (map[string]tensor.Tensor, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	all, err := readZip(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("npy: read %q: %w", file, err)
	}
	return all, nil
}

func readZip(r io.ReaderAt, size int64) (map[string]tensor.Tensor, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	if err := bounded(z, size); err != nil {
		return nil, err
	}
	all := make(map[string]tensor.Tensor, len(z.File))
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if _, twice := all[name]; twice {
			return nil, fmt.Errorf("array %q is there twice", name)
		}
		if all[name], err = readEntry(f); err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
	}
	return all, nil
}

// bounded refuses a file whose entries claim more than deflate can make of its
// bytes, as when they overlap. An entry that has more than it claims is an
// error of package zip.
func bounded(z *zip.Reader, size int64) error {
	const best = 1032 // deflate's greatest ratio
	total := uint64(0)
	for _, f := range z.File {
		if total += f.UncompressedSize64; total > best*uint64(size) || f.UncompressedSize64 > best*uint64(size) {
			return fmt.Errorf("%d bytes claim to hold more than they can: the file is damaged", size)
		}
	}
	return nil
}

func readEntry(f *zip.File) (tensor.Tensor, error) {
	r, err := f.Open()
	if err != nil {
		return tensor.Tensor{}, err
	}
	defer r.Close()
	return read(bufio.NewReader(r)) // to its end, where the checksum is compared
}

// WriteZip writes arrays under their names as a .npz file, compressed. Equal
// arrays give equal bytes with the same Go release.
func WriteZip(w io.Writer, arrays map[string]tensor.Tensor) error {
	z := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		entry, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Deflate})
		if err == nil {
			err = Write(entry, arrays[name])
		}
		if err != nil {
			return fmt.Errorf("npy: write array %q: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("npy: write: %w", err)
	}
	return nil
}
