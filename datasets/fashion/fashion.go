// Package fashion holds Fashion-MNIST: grey pictures of clothing, 28×28, in
// ten classes.
//
// [Mini] is embedded: the first 600 training and the first 200 test images of
// each class in published order, with 4 bits a pixel (the upper four, v>>4,
// spread to 0…255 again). [Full] reads the published files: 60,000 and 10,000
// images. In both, validation is cut from the training images, the last of
// each class; the test images are the published test images.
//
// A picture is float32 [28, 28, 1], each value (v/255 − Mean)/Deviation, where
// v is 0 to 255; a label is an int32 scalar, a place in [Classes].
//
// Fashion-MNIST is by Han Xiao, Kashif Rasul and Roland Vollgraf, "Fashion-
// MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
// 2017, https://github.com/zalandoresearch/fashion-mnist; copyright 2017
// Zalando SE, MIT licence (see the file LICENSE-fashion-mnist).
//
// nn and all above it may import fashion. It imports data, format/idx and
// tensor.
package fashion

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/idx"
	"github.com/limpid-ml/limpid/tensor"
)

// The mean and the standard deviation of v/255 over the 60,000 training
// images; pictures are normalised by them.
const (
	Mean      = 0.2860
	Deviation = 0.3530
)

// Classes names the labels.
var Classes = []string{"t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}

// Set is a dataset in three parts. Test is for one last look.
type Set struct {
	Train, Validate, Test data.Dataset // each a *data.Images
}

const side = 28

// newSet makes a set; hold training images of each class are for validation.
func newSet(train, trainLabels, test, testLabels []uint8, hold int) (Set, error) {
	all, err := images(train, trainLabels)
	if err != nil {
		return Set{}, err
	}
	last, err := images(test, testLabels)
	if err != nil {
		return Set{}, err
	}
	left, taken := all.HoldOut(hold)
	return Set{Train: all.Pick(left), Validate: all.Pick(taken), Test: last}, nil
}

func images(pix, labels []uint8) (*data.Images, error) {
	s, err := data.NewImages(pix, labels, side, side, 1, []float64{Mean}, []float64{Deviation})
	if err != nil {
		return nil, err
	}
	s.Classes = Classes
	return s, nil
}

// published names the files and their SHA-256.
var published = []struct {
	file, sum string
	shape     []int
}{
	{"train-images-idx3-ubyte.gz", "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7", []int{60000, side, side}},
	{"train-labels-idx1-ubyte.gz", "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056", []int{60000}},
	{"t10k-images-idx3-ubyte.gz", "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa", []int{10000, side, side}},
	{"t10k-labels-idx1-ubyte.gz", "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05", []int{10000}},
}

const whereFrom = "Debian's package dataset-fashion-mnist installs the four files in /usr/share/datasets/fashion-mnist; " +
	"https://github.com/zalandoresearch/fashion-mnist has them too"

// Full reads the four published files, *-ubyte.gz, in dir; each must have the
// published SHA-256. Validation is the last 500 training images of each class:
// 55,000 for training, 5,000 for validation, 10,000 for the test.
func Full(dir string) (Set, error) {
	var parts [4][]uint8
	for i, p := range published {
		t, err := idx.ReadFile(filepath.Join(dir, p.file), p.sum)
		if errors.Is(err, fs.ErrNotExist) {
			return Set{}, fmt.Errorf("fashion: %q lacks %s: %s", dir, p.file, whereFrom)
		}
		if err != nil {
			return Set{}, fmt.Errorf("fashion: %w (%s)", err, whereFrom)
		}
		if !slices.Equal(t.Shape(), p.shape) {
			return Set{}, fmt.Errorf("fashion: %s holds %v, want %v", p.file, t.Shape(), p.shape)
		}
		parts[i] = tensor.View[uint8](t)
	}
	return newSet(parts[0], parts[1], parts[2], parts[3], 500)
}
