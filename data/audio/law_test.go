package audio

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// noiseOf returns n samples of white noise.
func noiseOf(n int, seed uint64) []float32 {
	return Noise(n, 16000, 0, tensor.NewRand(seed)).Samples
}

// The transform is what its definition says.
func TestTransformIsTheSumItStandsFor(t *testing.T) {
	x := noiseOf(60, 1)
	for _, o := range []STFTOptions{{Window: 16, Hop: 5}, {Window: 11, Hop: 4, FFT: 15}, {Window: 12, FFT: 16, Reflect: true}, {Window: 10, Hop: 3, NoCenter: true}} {
		s := NewSTFT(o)
		spec := s.Transform(x)
		if spec.Bins != s.o.FFT/2+1 {
			t.Fatalf("%+v: %d bins", o, spec.Bins)
		}
		for f := range spec.Frames {
			for k := range spec.Bins {
				var want complex128
				for i := range s.o.FFT {
					from := s.start(f) + i
					at := (i - (s.o.FFT-o.Window)/2)
					w := 0.
					if at >= 0 && at < o.Window {
						w = math.Pow(math.Sin(math.Pi*float64(at)/float64(o.Window)), 2)
					}
					v := 0.
					if o.Reflect && from < 0 {
						from = -from
					}
					if o.Reflect && from >= len(x) {
						from = 2*(len(x)-1) - from
					}
					if from >= 0 && from < len(x) {
						v = float64(x[from])
					}
					want += complex(w*v, 0) * cmplx.Exp(complex(0, -2*math.Pi*float64(i*k)/float64(s.o.FFT)))
				}
				if got := spec.Values[f*spec.Bins+k]; cmplx.Abs(got-want) > 1e-9 {
					t.Fatalf("%+v: frame %d, bin %d is %v, want %v", o, f, k, got, want)
				}
			}
		}
	}
}

// The triangles of bands of height 1 add up to 1 between the first peak and the
// last; those of equal area have the area 1.
func TestTriangles(t *testing.T) {
	for _, htk := range []bool{false, true} {
		o := MelOptions{Rate: 16000, FFT: 4096, Window: 400, Hop: 160, Bands: 30, High: 8000, HTK: htk, Peak: true}
		sum := make([]float64, o.FFT/2+1)
		first, last := len(sum), 0
		for _, b := range o.filters() {
			peak := b.first + slices.Index(b.weights, slices.Max(b.weights))
			first, last = min(first, peak), max(last, peak)
			for i, w := range b.weights {
				sum[b.first+i] += w
			}
		}
		for k := first + 1; k < last; k++ {
			if math.Abs(sum[k]-1) > 1e-9 {
				t.Errorf("HTK %v: the weights of bin %d add up to %v", htk, k, sum[k])
			}
		}
		o.Peak = false
		for i, b := range o.filters() {
			area := 0.
			for _, w := range b.weights {
				area += w * float64(o.Rate) / float64(o.FFT)
			}
			if math.Abs(area-1) > 0.05 {
				t.Errorf("HTK %v: band %d has the area %v", htk, i, area)
			}
		}
		for _, hz := range []float64{0, 50, 999, 1000, 1001, 4000, 8000} {
			if back := o.fromMel(o.toMel(hz)); math.Abs(back-hz) > 1e-9 {
				t.Errorf("HTK %v: %v Hz came back as %v", htk, hz, back)
			}
		}
	}
	// Known places: 1 kHz is 1,000 mel of HTK (within rounding) and 15 of Slaney.
	if got := (MelOptions{HTK: true}).toMel(1000); math.Abs(got-1000) > 0.02 {
		t.Errorf("1 kHz is %v mel", got)
	}
	if got := (MelOptions{}).toMel(1000); got != 15 {
		t.Errorf("1 kHz is %v mel of Slaney's", got)
	}
}

// All coefficients of the cosine transform give the bands back.
func TestAllCoefficientsAreTheSpectrum(t *testing.T) {
	const bands = 20
	m, err := NewMel(MelOptions{Bands: bands})
	if err != nil {
		t.Fatal(err)
	}
	c := Clip{noiseOf(3000, 2), 16000}
	db, err := m.Decibels(c)
	if err != nil {
		t.Fatal(err)
	}
	coefficients, err := m.MFCC(c, bands)
	if err != nil {
		t.Fatal(err)
	}
	for f := range db.Dim(0) {
		for b := range bands {
			sum := coefficients.At(f, 0) * math.Sqrt(1./bands)
			for k := 1; k < bands; k++ {
				sum += coefficients.At(f, k) * math.Sqrt(2./bands) * math.Cos(math.Pi*float64(k)*(float64(b)+0.5)/bands)
			}
			if math.Abs(sum-db.At(f, b)) > 1e-3 {
				t.Fatalf("frame %d, band %d: %v, want %v", f, b, sum, db.At(f, b))
			}
		}
	}
}

// Louder by 6 dB is louder by 6 dB in every band, and silence is the floor.
func TestLogMelOfLouderSound(t *testing.T) {
	m, err := NewMel(MelOptions{Bands: 24})
	if err != nil {
		t.Fatal(err)
	}
	c := Clip{noiseOf(4000, 3), 16000}
	soft, err := m.Log(c)
	if err != nil {
		t.Fatal(err)
	}
	loud, err := m.Log(c.Gain(6))
	if err != nil {
		t.Fatal(err)
	}
	want := 0.6 * math.Log(10)
	for i, v := range tensor.View[float32](loud) {
		if d := float64(v - tensor.View[float32](soft)[i]); math.Abs(d-want) > 1e-4 {
			t.Fatalf("value %d rose by %v, want %v", i, d, want)
		}
	}
	silence, err := m.Log(Clip{make([]float32, 1000), 16000})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range tensor.View[float32](silence) {
		if v != float32(math.Log(Floor)) {
			t.Fatalf("silence is %v", v)
		}
	}
	flat, err := m.Decibels(Clip{make([]float32, 1000), 16000})
	if err != nil || flat.Min().Item() != -100 || flat.Max().Item() != -100 {
		t.Errorf("silence is %v dB, %v", flat, err)
	}
}

// A sound that fits both rates comes back.
func TestThereAndBack(t *testing.T) {
	for _, r := range []struct{ from, over int }{{16000, 44100}, {16000, 48000}, {8000, 11025}, {22050, 16000}} {
		c := Clip{make([]float32, 6000), r.from}
		for k, hz := range []float64{100, 440, 1234, 2900} {
			for i, v := range tone(hz, r.from, len(c.Samples)).Samples {
				c.Samples[i] += v / float32(k+2)
			}
		}
		back := c.Resample(r.over).Resample(r.from)
		if len(back.Samples) < len(c.Samples) {
			t.Fatalf("%+v: %d samples of %d came back", r, len(back.Samples), len(c.Samples))
		}
		near(t, fmt.Sprint(r), back.Samples[1000:5000], c.Samples[1000:5000], 1e-4)
	}
}

// Operands are left alone.
func TestClipsAreNotChanged(t *testing.T) {
	c := Clip{noiseOf(3000, 4), 16000}
	before := slices.Clone(c.Samples)
	noise := Clip{noiseOf(100, 5), 16000}
	r := tensor.NewRand(1)
	for name, got := range map[string]Clip{
		"resample": c.Resample(8000), "same rate": c.Resample(16000), "speed": c.Speed(1.1), "same speed": c.Speed(1), "stretch": c.Stretch(0.9), "same": c.Stretch(1),
		"pitch": c.Pitch(2), "gain": c.Gain(3), "fit": c.Fit(3000), "trim": c.Trim(60), "noise": c.AddNoise(noise, 10, r), "normalise": c.Normalize(-20),
		"mix": Mix(c), "augment": Augment{}.Apply(c, r), "shift": c.shift(1),
	} {
		if len(got.Samples) > 0 && len(c.Samples) > 0 && name != "augment" && &got.Samples[0] == &c.Samples[0] {
			t.Errorf("%s returns the memory of its operand", name)
		}
		for i := range got.Samples {
			if name != "augment" {
				got.Samples[i] = 9
			}
		}
		if !slices.Equal(c.Samples, before) {
			t.Fatalf("%s changes its operand", name)
		}
	}
	x := tensor.NewRand(1).Normal(0, 1, 10, 4)
	want := tensor.Data[float32](x)
	Standardize(x)
	SpecAugment{TimeMasks: 1, TimeWidth: 5}.Apply(x, r)
	if !slices.Equal(tensor.View[float32](x), want) {
		t.Error("a spectrogram was changed in place")
	}
}

// Silence, one sample and none pass through everything.
func TestShortClips(t *testing.T) {
	r := tensor.NewRand(1)
	for n := range 4 {
		c := Clip{noiseOf(n, 6), 16000}
		for name, got := range map[string]int{
			"resample": len(c.Resample(8000).Samples), "speed": len(c.Speed(2).Samples), "noise": len(c.AddNoise(c, 0, r).Samples), "trim": len(c.Trim(60).Samples),
			"stretch": len(c.Stretch(0.5).Samples), "pitch": len(c.Pitch(1).Samples), "normalise": len(c.Normalize(-20).Samples),
		} {
			want := map[string]int{"resample": (n + 1) / 2, "speed": (n + 1) / 2, "stretch": 2 * n}
			if w, ok := want[name]; ok && got != w || !ok && got != n {
				t.Errorf("%s of %d samples has %d", name, n, got)
			}
		}
	}
	if got := (Clip{make([]float32, 5000), 16000}).Trim(30); len(got.Samples) != 5000 {
		t.Errorf("%d samples of silence are left, none is quieter than the others", len(got.Samples))
	}
}
