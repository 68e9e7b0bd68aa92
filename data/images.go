package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Images is a set of labelled pictures that is held as bytes, a quarter of
// what float32 takes. A batch's X is float32 [N, H, W, C], each value
// (v/255 − mean)/deviation of its channel; Y is int32 [N].
type Images struct {
	Classes []string // names of the labels; may be nil

	pix     []uint8
	labels  []int32
	h, w, c int
	x, y    form
	table   []float32 // [C, 256], the value of each byte
}

// NewImages returns the pictures in pix, [N, H, W, C] in a row, and their
// labels. mean and deviation are of v/255, one a channel; nil stands for 0 and
// 1. It keeps pix.
func NewImages(pix, labels []uint8, h, w, c int, mean, deviation []float64) (*Images, error) {
	wide := make([]int32, len(labels))
	for i, l := range labels {
		wide[i] = int32(l)
	}
	return newImages(pix, wide, h, w, c, mean, deviation)
}

func newImages(pix []uint8, labels []int32, h, w, c int, mean, deviation []float64) (*Images, error) {
	if h < 1 || w < 1 || c < 1 || len(pix) != len(labels)*h*w*c {
		return nil, fmt.Errorf("data: %d bytes are not %d pictures of %d×%d×%d", len(pix), len(labels), h, w, c)
	}
	table, err := byteTable(c, mean, deviation)
	if err != nil {
		return nil, err
	}
	return &Images{pix: pix, h: h, w: w, c: c, table: table, labels: labels,
		x: formOf([]int{h, w, c}, tensor.Float32), y: scalarLabel}, nil
}

// byteTable returns the value of each byte in each channel.
func byteTable(c int, mean, deviation []float64) ([]float32, error) {
	if mean == nil {
		mean = make([]float64, c)
	}
	if deviation == nil {
		deviation = slices.Repeat([]float64{1}, c)
	}
	if len(mean) != c || len(deviation) != c {
		return nil, fmt.Errorf("data: %d means and %d deviations for %d channels, want one each", len(mean), len(deviation), c)
	}
	table := make([]float32, 0, 256*c)
	for k := range c {
		if !(deviation[k] > 0) || math.IsInf(mean[k]/deviation[k], 0) || math.IsNaN(mean[k]) {
			return nil, fmt.Errorf("data: mean %g and deviation %g of channel %d, want finite numbers and the deviation above 0", mean[k], deviation[k], k)
		}
		for v := range 256 {
			table = append(table, float32((float64(v)/255-mean[k])/deviation[k]))
		}
	}
	return table, nil
}

// Len returns the number of pictures.
func (s *Images) Len() int { return len(s.labels) }

// At returns picture i and its label.
func (s *Images) At(i int) (Example, error) {
	if err := within(i, len(s.labels)); err != nil {
		return Example{}, err
	}
	return single(s, i)
}

// Bytes returns the bytes of picture i, [H, W, C]. They are the set's own:
// read them only.
func (s *Images) Bytes(i int) []uint8 {
	n := s.h * s.w * s.c
	return s.pix[i*n : (i+1)*n : (i+1)*n]
}

// Label returns the label of picture i.
func (s *Images) Label(i int) int { return int(s.labels[i]) }

// Size returns the pictures' height, width and channels.
func (s *Images) Size() (h, w, c int) { return s.h, s.w, s.c }

// Pick returns a set of its own with the pictures at indices, in that order.
func (s *Images) Pick(indices []int) *Images {
	n := s.h * s.w * s.c
	out := *s
	out.pix = make([]uint8, 0, len(indices)*n)
	out.labels = make([]int32, 0, len(indices))
	for _, i := range indices {
		out.pix = append(out.pix, s.Bytes(i)...)
		out.labels = append(out.labels, s.labels[i])
	}
	return &out
}

func (s *Images) slow() bool { return false }

func (s *Images) labelOf(i int) int { return int(s.labels[i]) }

func (s *Images) forms() (x, y form) { return s.x, s.y }

func (s *Images) write(i int, x, y *column, row int) error {
	src := s.Bytes(i)
	s.convert(x.f32[row*len(src):][:len(src)], src)
	y.i32[row] = s.labels[i]
	return nil
}

// convert looks every byte up.
func (s *Images) convert(dst []float32, src []uint8) {
	if s.c == 1 {
		table := (*[256]float32)(s.table)
		for k, v := range src {
			dst[k] = table[v]
		}
		return
	}
	for k := 0; k < len(src); k += s.c {
		for ch := range s.c {
			dst[k+ch] = s.table[ch<<8|int(src[k+ch])]
		}
	}
}

// HoldOut splits off the last n pictures of each label, in order, for
// validation: what is left and what was taken, as indices. The published order
// of a set is taken to be random.
func (s *Images) HoldOut(n int) (left, taken []int) {
	have := map[int32]int{}
	for i := len(s.labels) - 1; i >= 0; i-- {
		if have[s.labels[i]]++; have[s.labels[i]] <= n {
			taken = append(taken, i)
		} else {
			left = append(left, i)
		}
	}
	slices.Reverse(left)
	slices.Reverse(taken)
	return left, taken
}
