package data

import (
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func nan() float64 { return math.NaN() }

func testImages(t *testing.T) *Images {
	t.Helper()
	// three pictures of 1×2, two channels
	s, err := NewImages([]uint8{0, 255, 51, 102, 1, 2, 3, 4, 5, 6, 7, 8}, []uint8{2, 0, 1}, 1, 2, 2,
		[]float64{0, .5}, []float64{1, .5})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestImages(t *testing.T) {
	s := testImages(t)
	e, err := s.At(0)
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, 1, .2, -.2}
	for i, v := range tensor.Data[float32](e.X) {
		if math.Abs(float64(v-want[i])) > 1e-6 {
			t.Errorf("element %d is %g, want %g", i, v, want[i])
		}
	}
	if !slices.Equal(e.X.Shape(), []int{1, 2, 2}) || e.Y.Rank() != 0 || e.Y.Item() != 2 {
		t.Errorf("X %v, Y %v", e.X.Shape(), e.Y)
	}
	if !slices.Equal(s.Bytes(1), []uint8{1, 2, 3, 4}) || s.Label(1) != 0 {
		t.Errorf("picture 1 is %v, label %d", s.Bytes(1), s.Label(1))
	}
	if h, w, c := s.Size(); h != 1 || w != 2 || c != 2 {
		t.Errorf("size %d %d %d", h, w, c)
	}
	_, err = s.At(3)
	wantError(t, err, "no example 3")
}

func TestImagesOfOneChannelAreLookedUpAlike(t *testing.T) {
	pix := make([]uint8, 256)
	for i := range pix {
		pix[i] = uint8(i)
	}
	grey, err := NewImages(pix, []uint8{0}, 16, 16, 1, []float64{.3}, []float64{.2})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := grey.At(0)
	for i, v := range tensor.Data[float32](e.X) {
		if want := float32((float64(i)/255 - .3) / .2); v != want {
			t.Errorf("byte %d is %g, want %g", i, v, want)
		}
	}
}

func TestNewImagesMisuse(t *testing.T) {
	_, err := NewImages(make([]uint8, 5), make([]uint8, 2), 1, 2, 1, nil, nil)
	wantError(t, err, "5 bytes", "2 pictures")
	_, err = NewImages(make([]uint8, 4), make([]uint8, 2), 1, 2, 1, []float64{1, 2}, nil)
	wantError(t, err, "2 means")
	for _, d := range []float64{0, -1, nan()} {
		_, err = NewImages(make([]uint8, 4), make([]uint8, 2), 1, 2, 1, nil, []float64{d})
		wantError(t, err, "deviation", "above 0")
	}
}

func TestPick(t *testing.T) {
	s := testImages(t).Pick([]int{2, 0})
	if s.Len() != 2 || s.Label(0) != 1 || s.Label(1) != 2 || !slices.Equal(s.Bytes(0), []uint8{5, 6, 7, 8}) {
		t.Errorf("picked %v with labels %v", s.pix, s.labels)
	}
}

func TestHoldOut(t *testing.T) {
	lab := []uint8{0, 1, 0, 0, 1, 1, 0, 1}
	s, err := NewImages(make([]uint8, len(lab)), lab, 1, 1, 1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	left, taken := s.HoldOut(2)
	if !slices.Equal(left, []int{0, 1, 2, 4}) || !slices.Equal(taken, []int{3, 5, 6, 7}) {
		t.Errorf("left %v, taken %v", left, taken)
	}
}
