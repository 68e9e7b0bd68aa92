//go:build ignore

// This program cuts mini.bin from the published files of Fashion-MNIST:
//
//	go run cut.go -from /usr/share/datasets/fashion-mnist -to mini.bin
//
// It takes the first 600 training and the first 200 test images of each class,
// in published order, keeps the upper four bits of each pixel, and packs them
// as mini.go says. The bytes are the same for the same Go release.
package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/limpid-ml/limpid/format/idx"
	"github.com/limpid-ml/limpid/tensor"
)

const (
	side  = 28
	size  = side * side
	parts = 8
)

func main() {
	from := flag.String("from", "/usr/share/datasets/fashion-mnist", "`folder` of the published files")
	to := flag.String("to", "mini.bin", "`file` to write")
	flag.Parse()
	pix, labels := first(*from, "train", 600)
	testPix, testLabels := first(*from, "t10k", 200)
	pix, labels = append(pix, testPix...), append(labels, testLabels...)
	if err := os.WriteFile(*to, pack(pix, labels), 0o644); err != nil {
		log.Fatal(err)
	}
}

// first returns the first n images of each class, in published order.
func first(dir, name string, n int) (pix, labels []uint8) {
	images, all := read(dir, name+"-images-idx3-ubyte.gz"), read(dir, name+"-labels-idx1-ubyte.gz")
	var have [10]int
	for i, l := range all {
		if have[l]++; have[l] <= n {
			pix = append(pix, images[i*size:(i+1)*size]...)
			labels = append(labels, l)
		}
	}
	return pix, labels
}

func read(dir, name string) []uint8 {
	t, err := idx.ReadFile(filepath.Join(dir, name), "")
	if err != nil {
		log.Fatal(err)
	}
	return tensor.View[uint8](t)
}

// pack writes the parts one after the other, each with its length before it.
func pack(pix, labels []uint8) []byte {
	var out []byte
	each := len(labels) / parts
	for p := range parts {
		z := part(pix[p*each*size:(p+1)*each*size], labels[p*each:(p+1)*each])
		out = binary.LittleEndian.AppendUint32(out, uint32(len(z)))
		out = append(out, z...)
	}
	return out
}

// part compresses labels, then images.
func part(pix, labels []uint8) []byte {
	raw := bytes.Clone(labels)
	for i := range labels {
		raw = append(raw, pairs(residuals(pix[i*size:(i+1)*size]))...)
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = z.Write(raw)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}

// residuals returns each pixel's upper half less its prediction, modulo 16.
func residuals(pix []uint8) []uint8 {
	at := func(y, x int) int {
		if y < 0 || x < 0 {
			return 0
		}
		return int(pix[y*side+x] >> 4)
	}
	out := make([]uint8, size)
	for y := range side {
		for x := range side {
			left, up, corner := at(y, x-1), at(y-1, x), at(y-1, x-1)
			guess := min(max(left+up-corner, min(left, up)), max(left, up))
			out[y*side+x] = uint8(at(y, x)-guess) & 15
		}
	}
	return out
}

// pairs joins the pixels of rows 2r and 2r+1 to a byte, the first in its upper
// half.
func pairs(r []uint8) []uint8 {
	out := make([]uint8, 0, size/2)
	for y := 0; y < side; y += 2 {
		for x := range side {
			out = append(out, r[y*side+x]<<4|r[(y+1)*side+x])
		}
	}
	return out
}
