package audio

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/limpid-ml/limpid/tensor"
)

// STFTOptions says how sound is cut into frames. Window must be given.
type STFTOptions struct {
	Window int // samples of a frame, under a periodic Hann window
	Hop    int // samples from one frame to the next; 0: Window/4
	FFT    int // a frame is padded to this length on both sides; 0: Window

	// Frame t is centred on sample t·Hop, and the clip continued by zeros at
	// its ends (librosa) or, with Reflect, by its mirror image (torchaudio).
	// With NoCenter it starts at t·Hop, and frames lie within the clip.
	Reflect  bool
	NoCenter bool
}

// STFT is the Fourier transform of short frames. Several goroutines may use it
// at once.
type STFT struct {
	o      STFTOptions
	window []float64 // FFT long
	plans  sync.Pool // of *plan
}

// plan is what one goroutine needs.
type plan struct {
	fft   *fourier.FFT
	frame []float64
	bins  []complex128
}

// Spectrum is the result: [Frames, Bins] in a row, Bins = FFT/2 + 1.
type Spectrum struct {
	Frames, Bins int
	Values       []complex128
}

// NewSTFT returns the transform. It panics with a [*tensor.Error] if an option
// is negative, Window is below 2, or FFT is less than Window.
func NewSTFT(o STFTOptions) *STFT {
	if o.FFT == 0 {
		o.FFT = o.Window
	}
	if o.Hop == 0 {
		o.Hop = max(o.Window/4, 1)
	}
	if o.Window < 2 || o.Hop < 1 || o.FFT < o.Window {
		tensor.Fail("audio.NewSTFT", "window of %d, hop of %d, transform of %d samples: want at least 2, 1 and the window", o.Window, o.Hop, o.FFT)
	}
	s := &STFT{o: o, window: make([]float64, o.FFT)}
	for i := range o.Window {
		s.window[(o.FFT-o.Window)/2+i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(o.Window))
	}
	s.plans.New = func() any {
		return &plan{fourier.NewFFT(o.FFT), make([]float64, o.FFT), make([]complex128, o.FFT/2+1)}
	}
	return s
}

// frames returns how many frames n samples have.
func (s *STFT) frames(n int) int {
	if s.o.NoCenter {
		return max(0, (n-s.o.FFT)/s.o.Hop+1) * min(1, n/s.o.FFT)
	}
	return n/s.o.Hop + 1
}

// start returns the sample where frame t begins.
func (s *STFT) start(t int) int {
	if s.o.NoCenter {
		return t * s.o.Hop
	}
	return t*s.o.Hop - s.o.FFT/2
}

// each calls f with the bins of each frame, which are valid during the call.
func (s *STFT) each(x []float32, f func(t int, bins []complex128)) {
	p := s.plans.Get().(*plan)
	defer s.plans.Put(p)
	for t := range s.frames(len(x)) {
		s.fill(p.frame, x, s.start(t))
		f(t, p.fft.Coefficients(p.bins, p.frame))
	}
}

// fill writes the frame that begins at sample from, under the window.
func (s *STFT) fill(frame []float64, x []float32, from int) {
	if from >= 0 && from+len(frame) <= len(x) {
		inside := x[from : from+len(frame)]
		for i, w := range s.window {
			frame[i] = w * float64(inside[i])
		}
		return
	}
	for i, w := range s.window {
		frame[i] = w * s.sample(x, from+i)
	}
}

// sample returns sample i, which may lie before or after x.
func (s *STFT) sample(x []float32, i int) float64 {
	if i >= 0 && i < len(x) {
		return float64(x[i])
	}
	if !s.o.Reflect || len(x) == 0 {
		return 0
	}
	if len(x) == 1 {
		return float64(x[0])
	}
	period := 2 * (len(x) - 1)
	i = (i%period + period) % period
	return float64(x[min(i, period-i)])
}

// Transform returns the spectrum of x.
func (s *STFT) Transform(x []float32) *Spectrum {
	out := &Spectrum{Frames: s.frames(len(x)), Bins: s.o.FFT/2 + 1}
	out.Values = make([]complex128, out.Frames*out.Bins)
	s.each(x, func(t int, bins []complex128) { copy(out.Values[t*out.Bins:], bins) })
	return out
}

// Inverse returns n samples whose spectrum, by least squares, is nearest: the
// sound itself if spec is a transform of n samples and each of them lies under
// a window. It panics with a [*tensor.Error] if spec has another number of bins.
//
// Source: Griffin and Lim 1984, "Signal estimation from modified short-time
// Fourier transform", rel. 6.
func (s *STFT) Inverse(spec *Spectrum, n int) []float32 {
	if spec.Bins != s.o.FFT/2+1 {
		tensor.Fail("audio.STFT.Inverse", "a spectrum of %d bins, want %d", spec.Bins, s.o.FFT/2+1)
	}
	p := s.plans.Get().(*plan)
	defer s.plans.Put(p)
	sum, weight := make([]float64, n), make([]float64, n)
	for t := range spec.Frames {
		p.fft.Sequence(p.frame, spec.Values[t*spec.Bins:(t+1)*spec.Bins])
		from := s.start(t)
		for i, w := range s.window {
			if at := from + i; at >= 0 && at < n {
				sum[at] += w * p.frame[i] / float64(s.o.FFT)
				weight[at] += w * w
			}
		}
	}
	out := make([]float32, n)
	for i, v := range sum {
		if weight[i] > 1e-10 {
			out[i] = float32(v / weight[i])
		}
	}
	return out
}
