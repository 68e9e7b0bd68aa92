package audio

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/limpid-ml/limpid/tensor"
)

// Draw returns the source of chance for one example: it follows from seed,
// epoch and index alone, and differs if one of them does.
func Draw(seed uint64, epoch, index int) *tensor.Rand {
	h := seed
	for _, v := range [...]uint64{uint64(epoch), uint64(index)} {
		// The finaliser of SplitMix64 (Steele, Lea and Flood 2014) is one to one.
		h += 0x9e3779b97f4a7c15 * (v + 1)
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return tensor.NewRand(h)
}

// Noise returns n samples of normal noise with mean square 0.01, whose power
// falls with frequency as 1/f^slope: 0 is white noise, 1 pink, 2 brown.
func Noise(n, rate int, slope float64, r *tensor.Rand) Clip {
	out := Clip{Samples: make([]float32, n), Rate: rate}
	if n == 0 {
		return out
	}
	size := 2 // a power of two, for which the transform is fast
	for size < n {
		size *= 2
	}
	draw := tensor.View[float32](r.Normal(0, 1, size))
	wide := make([]float64, size)
	for i, v := range draw {
		wide[i] = float64(v)
	}
	if slope != 0 {
		fft := fourier.NewFFT(size)
		bins := fft.Coefficients(nil, wide)
		bins[0] = 0
		for k := 1; k < len(bins); k++ {
			bins[k] *= complex(math.Pow(float64(k), -slope/2), 0)
		}
		fft.Sequence(wide, bins)
	}
	power := 0.
	for _, v := range wide[:n] {
		power += v * v / float64(n)
	}
	const level = 0.01
	scale := math.Sqrt(level / max(power, math.SmallestNonzeroFloat64))
	for i := range out.Samples {
		out.Samples[i] = float32(wide[i] * scale)
	}
	return out
}

// AddNoise returns c with noise under it at a signal-to-noise ratio in dB, both
// powers taken over the whole clip. The noise starts at a place drawn from r
// and begins again where it ends. Where c or the noise is silent, c stays as it
// is. It panics with a [*tensor.Error] if the rates differ.
func (c Clip) AddNoise(noise Clip, snr float64, r *tensor.Rand) Clip {
	if noise.Rate != c.Rate {
		tensor.Fail("audio.Clip.AddNoise", "noise of %d samples a second under a clip of %d: resample it first", noise.Rate, c.Rate)
	}
	out := c.Fit(len(c.Samples))
	if len(noise.Samples) == 0 || len(c.Samples) == 0 {
		return out
	}
	at := r.IntN(len(noise.Samples))
	part := c.like(len(c.Samples))
	for i := range part.Samples {
		part.Samples[i] = noise.Samples[(at+i)%len(noise.Samples)]
	}
	signal, power := c.power(), part.power()
	if signal == 0 || power == 0 {
		return out
	}
	f := float32(math.Sqrt(signal / power * math.Pow(10, -snr/10)))
	for i, v := range part.Samples {
		out.Samples[i] += v * f
	}
	return out
}

// Range is what a value is drawn from, evenly.
type Range struct{ From, To float64 }

func (a Range) draw(r *tensor.Rand) float64 { return a.From + (a.To-a.From)*r.Float64() }

// Augment changes a clip at random. What is the zero value is left out, but
// every change draws its number, so that leaving one out does not alter the
// others. They are applied in the order of the fields.
type Augment struct {
	Speed Range // factors of [Clip.Speed], such as 0.9 to 1.1
	Pitch Range // semitones
	Gain  Range // dB

	// Noises are laid under a share NoiseShare of the clips, one of them each.
	// With no Noises, it is noise of a slope from 0 to 2.
	SNR        Range // dB
	NoiseShare float64
	Noises     []Clip // at the clips' rate

	Shift float64 // seconds by which the clip is moved at most, either way; silence comes in
}

// Apply returns c changed. r is the only source of chance.
func (a Augment) Apply(c Clip, r *tensor.Rand) Clip {
	speed, pitch, gain := a.Speed.draw(r), a.Pitch.draw(r), a.Gain.draw(r)
	noisy, snr := r.Float64() < a.NoiseShare, a.SNR.draw(r)
	which, shift := r.Float64(), (2*r.Float64()-1)*a.Shift
	if speed != 0 {
		c = c.Speed(speed)
	}
	if pitch != 0 {
		c = c.Pitch(pitch)
	}
	if gain != 0 {
		c = c.Gain(gain)
	}
	if noisy && len(a.Noises) > 0 {
		c = c.AddNoise(a.Noises[int(which*float64(len(a.Noises)))], snr, r)
	} else if noisy {
		c = c.AddNoise(Noise(len(c.Samples), c.Rate, 2*which, r), snr, r)
	}
	if n := int(shift * float64(c.Rate)); n != 0 {
		c = c.shift(n)
	}
	return c
}

// shift returns c later by n samples, as long as it was.
func (c Clip) shift(n int) Clip {
	out := c.like(len(c.Samples))
	for i := range out.Samples {
		if from := i - n; from >= 0 && from < len(c.Samples) {
			out.Samples[i] = c.Samples[from]
		}
	}
	return out
}

// SpecAugment hides stripes of a spectrogram, so that a network learns to do
// without any of them.
//
// Source: Park et al. 2019, "SpecAugment", without its time warping, which the
// authors found to matter least.
type SpecAugment struct {
	TimeMasks int     // stripes of frames
	TimeWidth int     // frames of a stripe at most
	TimeShare float64 // of all frames that a stripe covers at most; 0: any
	BandMasks int     // stripes of bands
	BandWidth int     // bands of a stripe at most
}

// Apply returns x, float32 [frames, bands], with its mean where it is hidden.
// Widths are drawn evenly from 0 to the most, then places from those that fit.
func (s SpecAugment) Apply(x tensor.Tensor, r *tensor.Rand) tensor.Tensor {
	frames, bands := matrix("audio.SpecAugment.Apply", x)
	out := tensor.Data[float32](x)
	sum := 0.
	for _, v := range out {
		sum += float64(v)
	}
	mean := float32(sum / float64(max(len(out), 1)))
	widest := min(s.TimeWidth, frames)
	if s.TimeShare > 0 {
		widest = min(widest, int(s.TimeShare*float64(frames)))
	}
	for range s.TimeMasks {
		from, to := stripe(frames, widest, r)
		for i := from * bands; i < to*bands; i++ {
			out[i] = mean
		}
	}
	for range s.BandMasks {
		from, to := stripe(bands, min(s.BandWidth, bands), r)
		for t := range frames {
			for b := from; b < to; b++ {
				out[t*bands+b] = mean
			}
		}
	}
	return tensor.Of(out, frames, bands)
}

// stripe draws a part of 0…n−1 of up to widest places.
func stripe(n, widest int, r *tensor.Rand) (from, to int) {
	width := r.IntN(widest + 1)
	from = r.IntN(n - width + 1)
	return from, from + width
}
