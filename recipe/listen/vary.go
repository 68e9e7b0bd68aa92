package listen

import (
	"math"
	"sync"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/tensor"
)

// Vary changes training sound at random, so that a network hears more voices,
// rooms and microphones than there are. Each field is how far a change goes at
// most; 0 leaves it out.
type Vary struct {
	Speed  float64 // share by which a clip is played faster or slower: pitch and all frequencies move along
	Tempo  float64 // share by which it is spoken faster or slower at the same pitch
	Tract  float64 // share by which frequencies are stretched: another length of the throat
	Colour float64 // dB by which some frequencies are louder: another microphone
	Echo   float64 // share of clips in a room with an echo
	Noise  float64 // share of clips with noise under them, at 0 to 30 dB
	Masks  int     // stripes of time and of frequency that are hidden, of each kind
}

// Strength returns changes of a strength: 1 is strong, 0 none.
//
// Source: Jaitly and Hinton 2013, "Vocal tract length perturbation", for Tract;
// Ko et al. 2015, "Audio augmentation for speech recognition", for Speed; Park et
// al. 2019, "SpecAugment".
func Strength(s float64) Vary {
	return Vary{
		Speed: 0.15 * s, Tempo: min(0.25*s, 0.6), Tract: min(0.15*s, 0.17), Colour: 6 * s, Echo: min(0.4*s, 1), Noise: min(0.6*s, 1),
		Masks: int(math.Round(2 * s)),
	}
}

// span draws from ±most, evenly.
func span(r *tensor.Rand, most float64) float64 { return most * (2*r.Float64() - 1) }

// Hear is [Hear] of changed samples.
func (v Vary) Hear(samples []float32, r *tensor.Rand) []float32 {
	speed, tempo, tract := span(r, v.Speed), span(r, v.Tempo), span(r, v.Tract)
	samples = played(samples, 1+speed)
	if r.Float64() < v.Noise {
		all := noises()
		samples = audio.Clip{Samples: samples, Rate: Rate}.AddNoise(all[r.IntN(len(all))], 30*r.Float64(), r).Samples
	}
	p := power(samples, key{int(math.Round(Hop * (1 + tempo))), int(math.Round(100 * (1 + tract)))})
	if r.Float64() < v.Echo {
		echo(p, 0.1+0.5*r.Float64(), 20*r.Float64())
	}
	colour(p, v.Colour, r)
	x := standard(logarithm(p), Bands)
	v.mask(x, r)
	return x
}

// noises are some seconds of noise each, from white to brown. They are made once,
// for to make noise takes longer than to hear it.
var noises = sync.OnceValue(func() (all []audio.Clip) {
	const seconds = 8
	r := tensor.NewRand(8)
	for k := range 9 {
		all = append(all, audio.Noise(seconds*Rate, Rate, float64(k)/4, r))
	}
	return all
})

// played returns samples played faster by a factor, between two samples by a
// straight line: what that does to high frequencies is one more change.
func played(samples []float32, factor float64) []float32 {
	n := int(float64(len(samples)) / factor)
	if factor == 1 || n < 2 {
		return samples
	}
	out := make([]float32, n)
	for i := range out {
		at := float64(i) * factor
		k := int(at)
		if k+1 >= len(samples) {
			out[i] = samples[len(samples)-1]
			continue
		}
		f := float32(at - float64(k))
		out[i] = samples[k]*(1-f) + samples[k+1]*f
	}
	return out
}

// echo adds to each frame of a power spectrogram what a room sends back of those
// before: it falls by 60 dB in so many seconds, and is weaker than the sound
// itself by so many dB.
func echo(p []float32, seconds, weaker float64) {
	keep := float32(math.Pow(10, -6*float64(Hop)/Rate/seconds))
	gain := (1 - keep) / keep * float32(math.Pow(10, -weaker/10)) // so that all of it has that power
	tail := make([]float32, Bands)
	for t := 0; t+Bands <= len(p); t += Bands {
		for b := range Bands {
			direct := p[t+b]
			p[t+b] += gain * tail[b]
			tail[b] = keep * (tail[b] + direct)
		}
	}
}

// colour makes bands louder or softer by a smooth curve of up to most dB.
func colour(p []float32, most float64, r *tensor.Rand) {
	tilt, wave, phase, cycles := span(r, most), span(r, most/2), 2*math.Pi*r.Float64(), 0.5+1.5*r.Float64()
	var gain [Bands]float32
	for b := range gain {
		at := float64(b) / (Bands - 1)
		gain[b] = float32(math.Pow(10, (tilt*(2*at-1)+wave*math.Sin(phase+2*math.Pi*cycles*at))/10))
	}
	for i := range p {
		p[i] *= gain[i%Bands]
	}
}

// mask hides stripes: a fifth of the frames at most, and of 6 bands.
func (v Vary) mask(x []float32, r *tensor.Rand) {
	frames := len(x) / Width
	for range v.Masks {
		width := r.IntN(max(1, min(12, frames/10)) + 1)
		hide(x, r.IntN(frames-width+1), width, 0, Bands)
		bands := r.IntN(7)
		hide(x, 0, frames, r.IntN(Bands-bands+1), bands)
	}
}

// hide sets a rectangle to the mean, which is 0.
func hide(x []float32, frame, frames, band, bands int) {
	for t := frame; t < frame+frames; t++ {
		clear(x[t*Width+band : t*Width+band+bands])
	}
}

// Transform makes of an example's samples, X [n, 1, 1], what a network looks
// at, X [frames, Width, 1]; of samples that are changed at random.
func (v Vary) Transform() data.Transform {
	return func(r *tensor.Rand, p *data.Picture) {
		x := v.Hear(p.Pix, r)
		p.Pix, p.H, p.W, p.C = x, len(x)/Width, Width, 1
	}
}
