package audio

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// golden holds what librosa, SciPy and pyloudnorm make; see testdata/make.py.
type golden struct {
	X, Z []float32
	Mel  []struct {
		Name                string
		Options             MelOptions
		Frames              int
		Log, Decibels, MFCC []float64
	}
	STFT     struct{ Re, Im []float64 }
	Stretch  map[string][]float64
	Trim     map[string][2]int
	Loudness []struct {
		Rate int
		LUFS float64
	}
	Resample []struct {
		Rate, To, N int
		Top         float64
		Y           []float64
	}
}

var readGolden = sync.OnceValue(func() (g golden) {
	raw, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(raw, &g)
	}
	if err != nil {
		panic(err)
	}
	return g
})

// near fails unless all values are within tolerance of what is wanted.
func near[T, U float32 | float64](t *testing.T, what string, got []T, want []U, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	worst, at := -1., 0
	for i, v := range got {
		if d := math.Abs(float64(v) - float64(want[i])); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: value %d is %v, want %v", what, at, got[at], want[at])
	}
}

func TestMelAndMFCCAreLibrosas(t *testing.T) {
	clip := Clip{readGolden().X, 16000}
	for _, c := range readGolden().Mel {
		m, err := NewMel(c.Options)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []struct {
			name string
			make func() (tensor.Tensor, error)
			want []float64
		}{
			{"log", func() (tensor.Tensor, error) { return m.Log(clip) }, c.Log},
			{"decibels", func() (tensor.Tensor, error) { return m.Decibels(clip) }, c.Decibels},
			{"MFCC", func() (tensor.Tensor, error) { return m.MFCC(clip, 13) }, c.MFCC},
		} {
			got, err := part.make()
			if err != nil {
				t.Fatal(err)
			}
			if got.Dim(0) != c.Frames || m.Frames(len(clip.Samples)) != c.Frames {
				t.Errorf("%s: %v, want %d frames", c.Name, got.Shape(), c.Frames)
			}
			near(t, c.Name+" "+part.name, tensor.View[float32](got), part.want, 1e-4)
		}
		power, err := m.Power(clip)
		if err != nil {
			t.Fatal(err)
		}
		logs := make([]float64, power.Len())
		for i, v := range tensor.View[float32](power) {
			logs[i] = math.Log(max(float64(v), Floor))
		}
		near(t, c.Name+" power", logs, c.Log, 1e-4)
	}
}

func TestSTFTIsLibrosas(t *testing.T) {
	g := readGolden()
	s := NewSTFT(STFTOptions{Window: 48, Hop: 16, FFT: 64})
	spec := s.Transform(g.X)
	var re, im []float64
	for _, v := range spec.Values[:len(g.STFT.Re)] {
		re, im = append(re, real(v)), append(im, imag(v))
	}
	near(t, "real part", re, g.STFT.Re, 1e-5)
	near(t, "imaginary part", im, g.STFT.Im, 1e-5)
}

func TestStretchIsLibrosas(t *testing.T) {
	for name, want := range readGolden().Stretch {
		factor, err := strconv.ParseFloat(name, 64)
		if err != nil {
			t.Fatal(err)
		}
		got := Clip{readGolden().Z, 22050}.Stretch(factor)
		near(t, "stretch by "+name, got.Samples, want, 1e-5)
	}
}

func TestTrimIsLibrosas(t *testing.T) {
	x := readGolden().X
	clip := Clip{append(append(make([]float32, 4000), x...), make([]float32, 5000)...), 16000}
	for name, want := range readGolden().Trim {
		db, err := strconv.ParseFloat(name, 64)
		if err != nil {
			t.Fatal(err)
		}
		got := clip.Trim(db)
		near(t, "trim to "+name+" dB", got.Samples, clip.Samples[want[0]:want[1]], 0)
	}
}

func TestLoudnessIsPyloudnorms(t *testing.T) {
	for _, c := range readGolden().Loudness {
		clip := Clip{make([]float32, c.Rate), c.Rate}
		for i := range clip.Samples {
			at := 2 * math.Pi * float64(i) / float64(c.Rate)
			clip.Samples[i] = float32(0.1*math.Sin(1000*at) + 0.1*math.Sin(50*at))
			if 2*i >= c.Rate {
				clip.Samples[i] *= 0.02
			}
		}
		if got := clip.Loudness(); math.Abs(got-c.LUFS) > 1e-3 {
			t.Errorf("%d Hz: %v LUFS, want %v", c.Rate, got, c.LUFS)
		}
	}
}

func TestResampleIsSciPys(t *testing.T) {
	for _, c := range readGolden().Resample {
		clip := Clip{make([]float32, c.N), c.Rate}
		for i := range clip.Samples {
			sum := 0.
			for k := range 7 {
				hz := 50 + (c.Top-50)*float64(k)/6
				sum += 0.2 * math.Cos(2*math.Pi*hz*float64(i)/float64(c.Rate)+float64(k))
			}
			hann := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(c.N-1))
			clip.Samples[i] = float32(sum * hann)
		}
		got := clip.Resample(c.To)
		near(t, strconv.Itoa(c.Rate)+" to "+strconv.Itoa(c.To), got.Samples, c.Y, 1e-4)
	}
}
