package audio

import (
	"math"
	"math/cmplx"

	"github.com/limpid-ml/limpid/tensor"
)

// Stretch returns c played faster by a factor at the same pitch, by a phase
// vocoder whose frames are of 2,048 samples (from 22,050 a second on, half and
// a quarter of that at lower rates), one every quarter of it. It panics with a
// [*tensor.Error] if factor is not positive.
//
// Source: Flanagan and Golden 1966, "Phase vocoder"; the same values as
// librosa.effects.time_stretch.
func (c Clip) Stretch(factor float64) Clip {
	if !(factor > 0) || math.IsInf(factor, 0) {
		tensor.Fail("audio.Clip.Stretch", "by a factor of %v", factor)
	}
	if factor == 1 || len(c.Samples) == 0 {
		return c.Fit(len(c.Samples))
	}
	size := 2048
	for rate := 22050; c.Rate < rate && size > 512; rate /= 2 {
		size /= 2
	}
	s := NewSTFT(STFTOptions{Window: size})
	slow := vocode(s.Transform(c.Samples), factor, size/4)
	n := int(math.RoundToEven(float64(len(c.Samples)) / factor))
	return Clip{Samples: s.Inverse(slow, n), Rate: c.Rate}
}

// vocode returns a spectrum with a frame for each factor frames of d, whose
// phases go on as those of d do.
func vocode(d *Spectrum, factor float64, hop int) *Spectrum {
	out := &Spectrum{Frames: int(math.Ceil(float64(d.Frames) / factor)), Bins: d.Bins}
	out.Values = make([]complex128, out.Frames*out.Bins)
	silent := make([]complex128, d.Bins)
	frame := func(t int) []complex128 {
		if t >= d.Frames {
			return silent
		}
		return d.Values[t*d.Bins : (t+1)*d.Bins]
	}
	phase := make([]complex128, d.Bins) // on the unit circle
	for k, v := range frame(0) {
		phase[k] = unit(v)
	}
	for t := range out.Frames {
		at := float64(t) * factor
		a, b := frame(int(at)), frame(int(at)+1)
		share := at - math.Floor(at)
		row := out.Values[t*out.Bins : (t+1)*out.Bins]
		for k, p := range phase {
			size := (1-share)*cmplx.Abs(a[k]) + share*cmplx.Abs(b[k])
			row[k] = complex(size, 0) * p
			// The step from a to b, whole turns included, has the angle of b/a.
			phase[k] = unit(p * unit(b[k]) * cmplx.Conj(unit(a[k])))
		}
	}
	return out
}

// Pitch returns c higher by so many semitones (of which twelve double the
// frequency), as long as it was.
func (c Clip) Pitch(semitones float64) Clip {
	f := math.Round(1000*math.Pow(2, semitones/12)) / 1000 // what Speed can do
	return c.Stretch(1 / f).Speed(f).Fit(len(c.Samples))
}
