// Package listen holds what the recipes on speech share: how sound becomes what
// a network looks at, how training sound is changed so that a network learns
// words and not voices, how files of a user's own are read, and the drawing of
// spectrograms with words on them. recipe/commands and recipe/speech, the
// command and programs may import it.
package listen

import (
	"math"
	"sync"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/tensor"
)

const (
	// Rate is the samples a second that networks hear.
	Rate = spoken.Rate
	// Bands is how many bands of frequency they tell apart.
	Bands = 40
	// Width is the values of a frame: its bands, and a 1 that tells it from the
	// zeros that follow a clip's end in a batch.
	Width = Bands + 1
	// Hop is the samples from one frame to the next: 10 ms.
	Hop = Rate / 100

	window    = Rate / 40
	low, high = 60, 3400 // Hz: what a telephone lets through
	depth     = 50       // dB below the loudest place of a clip, from where on all is silence
)

// key tells spectrograms apart: samples from frame to frame, and by how many
// hundredths the scale of frequencies is stretched.
type key struct{ hop, stretch int }

var mels sync.Map // of key to *audio.Mel

// melOf returns the transform for a key.
func melOf(k key) *audio.Mel {
	if m, ok := mels.Load(k); ok {
		return m.(*audio.Mel)
	}
	f := float64(k.stretch) / 100
	m, err := audio.NewMel(audio.MelOptions{Rate: Rate, Window: window, Hop: k.hop, Bands: Bands, Low: low * f, High: min(high*f, Rate/2)})
	if err != nil { // of stretches beyond those of this package only
		tensor.Fail("listen.melOf", "%v", err)
	}
	mels.Store(k, m)
	return m
}

// power returns the mel spectrogram of samples, [frames, Bands] in a row.
func power(samples []float32, k key) []float32 {
	x, err := melOf(k).Power(audio.Clip{Samples: samples, Rate: Rate})
	if err != nil {
		tensor.Fail("listen.power", "%v", err)
	}
	return tensor.Data[float32](x)
}

// Hear returns what a network looks at: the logarithm of the mel spectrogram,
// as it is to the ear, down to 50 dB below its loudest place, with mean 0 and
// deviation 1 over the clip, so that loudness makes no difference. It has
// [frames, Width] values in a row.
func Hear(samples []float32) []float32 {
	return standard(logarithm(power(samples, key{Hop, 100})), Bands)
}

// logarithm takes the logarithm in place, down to the depth.
func logarithm(p []float32) []float32 {
	top := float32(1e-9)
	for _, v := range p {
		top = max(top, v)
	}
	floor := top * float32(math.Pow(10, -depth/10.))
	for i, v := range p {
		p[i] = float32(math.Log(float64(max(v, floor))))
	}
	return p
}

// standard gives values mean 0 and deviation 1, and each frame of bands its 1.
func standard(x []float32, bands int) []float32 {
	var sum, square float64
	for _, v := range x {
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	n := float64(max(len(x), 1))
	mean := sum / n
	scale := 1 / math.Sqrt(max(square/n-mean*mean, 1e-6))
	out := make([]float32, 0, len(x)/bands*(bands+1))
	for t := 0; t < len(x); t += bands {
		for _, v := range x[t : t+bands] {
			out = append(out, float32((float64(v)-mean)*scale))
		}
		out = append(out, 1)
	}
	return out
}

// Frames returns how many frames Hear makes of n samples.
func Frames(n int) int { return melOf(key{Hop, 100}).Frames(n) }

// Fit returns frames of them: cut, or with silence, at both ends alike.
func Fit(x []float32, frames int) []float32 {
	have := len(x) / Width
	quiet := float32(math.Inf(1))
	for i, v := range x {
		if i%Width < Bands {
			quiet = min(quiet, v)
		}
	}
	out := make([]float32, frames*Width)
	from := (have - frames) / 2
	for t := range frames {
		row := out[t*Width : (t+1)*Width]
		if s := t + from; s >= 0 && s < have {
			copy(row, x[s*Width:(s+1)*Width])
			continue
		}
		for b := range Bands {
			row[b] = quiet
		}
		row[Bands] = 1
	}
	return out
}
