package fashion

import (
	"bytes"
	"compress/flate"
	_ "embed" // mini.bin
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

// mini.bin is cut by cut.go: 8 parts, each its length (uint32, little endian)
// and a deflate stream of 1,000 labels and 1,000 images. The 6,000 training
// images come first, then the 2,000 test images. An image is 14 times 28
// bytes: byte [r, x] has pixel [2r, x] in its upper and [2r+1, x] in its lower
// half. A pixel is v>>4 less a prediction, modulo 16: the median of its left
// neighbour, its upper neighbour, and their sum less the corner between them
// (0 outside the image).
//
//go:generate go run cut.go
//go:embed mini.bin
var mini []byte

const (
	miniParts = 8
	miniEach  = 1000 // images a part
	miniTrain = 6000
	size      = side * side
)

// Mini returns the embedded set: 5,400 images for training, 600 for validation
// (the last 60 of each class), 2,000 for the test. It is unpacked once; every
// call returns the same.
func Mini() Set { return unpackOnce() }

var unpackOnce = sync.OnceValue(func() Set {
	pix, labels, err := unpack(mini)
	if err != nil {
		panic(fmt.Sprintf("fashion: the embedded set is damaged: %v", err)) // only a broken build has it
	}
	s, err := newSet(pix[:miniTrain*size], labels[:miniTrain], pix[miniTrain*size:], labels[miniTrain:], 60)
	if err != nil {
		panic(fmt.Sprintf("fashion: the embedded set is damaged: %v", err))
	}
	return s
})

// unpack returns all images and labels; parts are unpacked side by side.
func unpack(file []byte) (pix, labels []uint8, err error) {
	pix, labels = make([]uint8, miniParts*miniEach*size), make([]uint8, miniParts*miniEach)
	var errs [miniParts]error
	var running sync.WaitGroup
	for p := range miniParts {
		if len(file) < 4 || uint64(len(file)-4) < uint64(binary.LittleEndian.Uint32(file)) {
			errs[p] = io.ErrUnexpectedEOF
			break
		}
		n := 4 + int(binary.LittleEndian.Uint32(file))
		z := file[4:n]
		file = file[n:]
		running.Go(func() {
			errs[p] = unpackPart(z, pix[p*miniEach*size:(p+1)*miniEach*size], labels[p*miniEach:(p+1)*miniEach])
		})
	}
	running.Wait()
	for p, err := range errs {
		if err != nil {
			return nil, nil, fmt.Errorf("part %d: %w", p, err)
		}
	}
	return pix, labels, nil
}

func unpackPart(z []byte, pix, labels []uint8) error {
	raw := make([]byte, miniEach*(1+size/2))
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(z)), raw); err != nil {
		return err
	}
	copy(labels, raw)
	raw = raw[miniEach:]
	for i := range miniEach {
		unpackImage(pix[i*size:(i+1)*size], raw[i*size/2:(i+1)*size/2])
	}
	return nil
}

// unpackImage undoes the pairing and the prediction, and spreads 0…15 to
// 0…255.
func unpackImage(pix, raw []uint8) {
	var zero [side]uint8
	up := zero[:]
	for y := range side {
		row, in := pix[y*side:(y+1)*side], raw[y/2*side:(y/2+1)*side]
		shift := 4 * (1 - y&1)
		left, corner := 0, 0
		for x, b := range in {
			u := int(up[x])
			left = (int(b>>shift) + median(left, u, left+u-corner)) & 15
			row[x], corner = uint8(left), u
		}
		up = row
	}
	for i, v := range pix {
		pix[i] = v * 17
	}
}

// median returns what lies between, where c is a + b less something: max and
// min have no branches.
func median(a, b, c int) int { return min(max(c, min(a, b)), max(a, b)) }
