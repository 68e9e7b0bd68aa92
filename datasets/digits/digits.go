// Package digits holds 1,797 handwritten digits, 8×8, embedded: a set for
// first steps, on which a small network trains in seconds.
//
// A picture is float32 [8, 8, 1], each value (v/16 − 0.5)/0.5, −1 (paper) to 1
// (ink), where v is 0 to 16, the number of inked pixels in a 4×4 block of the
// scan; a label is an int32 scalar, the digit.
//
// The set is in published order, in which those written by one person follow
// each other: the first 1,257 are for training, the next 180 for validation,
// the last 360 for the test, most of them by people the training set does not
// know.
//
// digits.csv.gz is, byte for byte, the file that scikit-learn 1.9.1 ships, a
// copy of the test part of "Optical Recognition of Handwritten Digits" by E.
// Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository,
// https://doi.org/10.24432/C50P49, licensed CC BY 4.0 (see the file
// LICENSE-digits).
//
// nn and all above it may import digits. It imports data.
package digits

import (
	"bytes"
	"compress/gzip"
	_ "embed" // digits.csv.gz
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/limpid-ml/limpid/data"
)

//go:embed digits.csv.gz
var file []byte

// Classes names the labels.
var Classes = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// Set is a dataset in three parts. Test is for one last look.
type Set struct {
	Train, Validate, Test data.Dataset // each a *data.Images
}

const (
	size     = 8 * 8
	count    = 1797
	train    = 1257 // the first
	validate = 180  // the next; the rest is for the test
	darkest  = 16
)

// Load returns the set. It is unpacked once; every call returns the same.
func Load() Set { return loadOnce() }

var loadOnce = sync.OnceValue(func() Set {
	s, err := load(file)
	if err != nil {
		panic(fmt.Sprintf("digits: the embedded set is damaged: %v", err)) // only a broken build has it
	}
	return s
})

func load(file []byte) (Set, error) {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return Set{}, err
	}
	pix, labels, err := parse(z)
	if err != nil {
		return Set{}, err
	}
	all, err := data.NewImages(pix, labels, 8, 8, 1, []float64{center}, []float64{center})
	if err != nil {
		return Set{}, err
	}
	all.Classes = Classes
	return Set{part(all, 0, train), part(all, train, train+validate), part(all, train+validate, count)}, nil
}

func part(all *data.Images, from, to int) data.Dataset {
	var indices []int
	for i := from; i < to; i++ {
		indices = append(indices, i)
	}
	return all.Pick(indices)
}

// center is half of the darkest value, as a share of a byte's greatest: with
// it as mean and deviation 0 becomes −1 and 16 becomes 1.
const center = darkest / 2 / 255.

// parse reads rows of 64 values and a label.
func parse(r io.Reader) (pix, labels []uint8, err error) {
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = size + 1
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		for k, field := range row {
			v, err := strconv.ParseUint(field, 10, 8)
			if err != nil || v > darkest || k == size && v > 9 {
				return nil, nil, fmt.Errorf("row %d, field %d: %q", len(labels)+1, k+1, field)
			}
			if k == size {
				labels = append(labels, uint8(v))
			} else {
				pix = append(pix, uint8(v))
			}
		}
	}
	if len(labels) != count {
		return nil, nil, fmt.Errorf("%d rows, want %d", len(labels), count)
	}
	return pix, labels, nil
}
