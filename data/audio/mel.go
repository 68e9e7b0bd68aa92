package audio

import (
	"fmt"
	"math"
	"math/cmplx"

	"github.com/limpid-ml/limpid/tensor"
)

// MelOptions says how a mel spectrogram is made. What is 0 has its usual value.
// The zero value follows librosa: Slaney's scale, triangles of equal area,
// zeros beyond the ends. torchaudio's defaults are HTK, Peak and Reflect.
type MelOptions struct {
	Rate   int // of the clips; 16,000
	Window int // samples of a frame; 25 ms
	Hop    int // samples from one frame to the next; 10 ms
	FFT    int // the next power of two from Window on
	Bands  int // 80

	Low, High float64 // the lowest and the highest frequency, Hz; 0 and Rate/2

	HTK      bool // HTK's mel scale: logarithmic all through, not above 1 kHz only
	Peak     bool // triangles of height 1
	Reflect  bool // as in STFTOptions
	NoCenter bool
}

// Mel makes mel spectrograms. Several goroutines may use it at once.
type Mel struct {
	o     MelOptions
	stft  *STFT
	bands []band
}

// band is a triangle over the bins from first on.
type band struct {
	first   int
	weights []float64
}

// Floor is what [Mel.Log] and [Mel.Decibels] raise lower powers to.
const Floor = 1e-10

// NewMel returns the transform for options, or an error that says which of them
// do not go together.
func NewMel(o MelOptions) (*Mel, error) {
	def := func(v *int, usual int) {
		if *v == 0 {
			*v = usual
		}
	}
	def(&o.Rate, 16000)
	def(&o.Window, o.Rate/40)
	def(&o.Hop, o.Rate/100)
	def(&o.Bands, 80)
	if o.FFT == 0 {
		for o.FFT = 2; o.FFT < o.Window && o.FFT < 1<<30; {
			o.FFT *= 2
		}
	}
	if o.High == 0 {
		o.High = float64(o.Rate) / 2
	}
	switch {
	case o.Rate < 1 || o.Window < 2 || o.Hop < 1 || o.FFT < o.Window || o.Bands < 1:
		return nil, fmt.Errorf("audio: mel: rate %d, window %d, hop %d, FFT %d (at least the window), bands %d: want positive numbers", o.Rate, o.Window, o.Hop, o.FFT, o.Bands)
	case !(o.Low >= 0 && o.Low < o.High && o.High <= float64(o.Rate)/2):
		return nil, fmt.Errorf("audio: mel: bands from %v to %v Hz at %d samples a second: want them within 0 and %v", o.Low, o.High, o.Rate, float64(o.Rate)/2)
	}
	m := &Mel{o: o, stft: NewSTFT(STFTOptions{Window: o.Window, Hop: o.Hop, FFT: o.FFT, Reflect: o.Reflect, NoCenter: o.NoCenter})}
	m.bands = o.filters()
	for i, b := range m.bands {
		if len(b.weights) == 0 {
			return nil, fmt.Errorf("audio: mel: band %d of %d is narrower than one of the transform's %d bins and would always be 0: take fewer bands or a larger FFT", i, o.Bands, o.FFT/2+1)
		}
	}
	return m, nil
}

// Bands returns the number of bands.
func (m *Mel) Bands() int { return m.o.Bands }

// Frames returns how many frames a clip of n samples has.
func (m *Mel) Frames(n int) int { return m.stft.frames(n) }

// toMel returns the place of a frequency on the scale, fromMel the frequency.
//
// Sources: Slaney 1998, "Auditory Toolbox" (linear below 1 kHz); O'Shaughnessy
// 1987, "Speech communication" (HTK).
func (o MelOptions) toMel(hz float64) float64 {
	if o.HTK {
		return 2595 * math.Log10(1+hz/700)
	}
	if hz < slaneyHz {
		return hz / slaneyStep
	}
	return slaneyHz/slaneyStep + math.Log(hz/slaneyHz)/slaneyLog
}

func (o MelOptions) fromMel(mel float64) float64 {
	if o.HTK {
		return 700 * (math.Pow(10, mel/2595) - 1)
	}
	if mel < slaneyHz/slaneyStep {
		return mel * slaneyStep
	}
	return slaneyHz * math.Exp(slaneyLog*(mel-slaneyHz/slaneyStep))
}

const (
	slaneyHz   = 1000.                   // where the scale turns logarithmic
	slaneyStep = 200. / 3                // Hz of a mel below
	slaneyLog  = 1.8562979903656263 / 27 // ln(6.4)/27
)

// filters returns the triangles.
func (o MelOptions) filters() []band {
	edges := make([]float64, o.Bands+2)
	low, high := o.toMel(o.Low), o.toMel(o.High)
	for i := range edges {
		edges[i] = o.fromMel(low + (high-low)*float64(i)/float64(o.Bands+1))
	}
	all := make([]band, o.Bands)
	for i := range all {
		from, mid, to := edges[i], edges[i+1], edges[i+2]
		height := 1.
		if !o.Peak {
			height = 2 / (to - from)
		}
		for bin := range o.FFT/2 + 1 {
			hz := float64(bin) * float64(o.Rate) / float64(o.FFT)
			w := min((hz-from)/(mid-from), (to-hz)/(to-mid)) * height
			if w <= 0 {
				continue
			}
			if len(all[i].weights) == 0 {
				all[i].first = bin
			}
			all[i].weights = append(all[i].weights, w)
		}
	}
	return all
}

// power returns the power of each band in each frame, [frames, bands].
func (m *Mel) power(c Clip) ([]float64, error) {
	if c.Rate != m.o.Rate {
		return nil, fmt.Errorf("audio: mel: a clip of %d samples a second, want %d: call Resample first", c.Rate, m.o.Rate)
	}
	frames := m.Frames(len(c.Samples))
	if frames == 0 || len(c.Samples) == 0 {
		return nil, fmt.Errorf("audio: mel: a clip of %d samples does not fill a frame of %d", len(c.Samples), m.o.FFT)
	}
	out := make([]float64, frames*m.o.Bands)
	bins := make([]float64, m.o.FFT/2+1)
	m.stft.each(c.Samples, func(t int, values []complex128) {
		for i, v := range values {
			bins[i] = real(v)*real(v) + imag(v)*imag(v)
		}
		row := out[t*m.o.Bands : (t+1)*m.o.Bands]
		for i, b := range m.bands {
			for k, w := range b.weights {
				row[i] += w * bins[b.first+k]
			}
		}
	})
	return out, nil
}

// Power returns the mel spectrogram of c, float32 [frames, bands].
func (m *Mel) Power(c Clip) (tensor.Tensor, error) {
	p, err := m.power(c)
	return m.tensor(p, m.o.Bands, err)
}

// Log returns the natural logarithm of the mel spectrogram, each power raised to
// at least [Floor], float32 [frames, bands].
func (m *Mel) Log(c Clip) (tensor.Tensor, error) {
	p, err := m.power(c)
	for i, v := range p {
		p[i] = math.Log(max(v, Floor))
	}
	return m.tensor(p, m.o.Bands, err)
}

// Decibels returns the mel spectrogram in dB, each value raised to at least 80
// below the greatest, float32 [frames, bands]: librosa's power_to_db with its
// usual values, torchaudio's AmplitudeToDB with top_db 80.
func (m *Mel) Decibels(c Clip) (tensor.Tensor, error) {
	p, err := m.decibels(c)
	return m.tensor(p, m.o.Bands, err)
}

func (m *Mel) decibels(c Clip) ([]float64, error) {
	const rangeDB = 80
	p, err := m.power(c)
	top := math.Inf(-1)
	for i, v := range p {
		p[i] = 10 * math.Log10(max(v, Floor))
		top = max(top, p[i])
	}
	for i, v := range p {
		p[i] = max(v, top-rangeDB)
	}
	return p, err
}

// MFCC returns the first n cepstral coefficients, float32 [frames, n]: the
// orthonormal cosine transform (type II) of [Mel.Decibels] over the bands, as
// librosa and torchaudio have it. It panics with a [*tensor.Error] if n is not
// 1 to the number of bands.
func (m *Mel) MFCC(c Clip, n int) (tensor.Tensor, error) {
	if n < 1 || n > m.o.Bands {
		tensor.Fail("audio.Mel.MFCC", "%d coefficients of %d bands", n, m.o.Bands)
	}
	db, err := m.decibels(c)
	bands := m.o.Bands
	out := make([]float64, len(db)/bands*n)
	for k := range n {
		scale := math.Sqrt(2 / float64(bands))
		if k == 0 {
			scale = math.Sqrt(1 / float64(bands))
		}
		for i := range bands {
			w := scale * math.Cos(math.Pi*float64(k)*(float64(i)+0.5)/float64(bands))
			for t := range len(db) / bands {
				out[t*n+k] += w * db[t*bands+i]
			}
		}
	}
	return m.tensor(out, n, err)
}

// tensor returns values as float32 [frames, width].
func (m *Mel) tensor(p []float64, width int, err error) (tensor.Tensor, error) {
	if err != nil {
		return tensor.Tensor{}, err
	}
	out := make([]float32, len(p))
	for i, v := range p {
		out[i] = float32(v)
	}
	return tensor.Of(out, len(p)/width, width), nil
}

// Standardize returns x, float32 [frames, bands], with mean 0 and deviation 1 in
// each band; a band that does not change becomes 0.
func Standardize(x tensor.Tensor) tensor.Tensor {
	frames, bands := matrix("audio.Standardize", x)
	out := tensor.Data[float32](x)
	for b := range bands {
		sum, square := 0., 0.
		for t := range frames {
			sum += float64(out[t*bands+b])
		}
		mean := sum / float64(frames)
		for t := range frames {
			d := float64(out[t*bands+b]) - mean
			square += d * d
		}
		deviation := math.Sqrt(square/float64(frames)) + 1e-5
		for t := range frames {
			out[t*bands+b] = float32((float64(out[t*bands+b]) - mean) / deviation)
		}
	}
	return tensor.Of(out, frames, bands)
}

// matrix returns the sizes of float32 [frames, bands].
func matrix(op string, x tensor.Tensor) (frames, bands int) {
	if x.Rank() != 2 || x.DType() != tensor.Float32 {
		tensor.Fail(op, "x is %v %v, want float32 [frames, bands]", x.DType(), x.Shape())
	}
	return x.Dim(0), x.Dim(1)
}

// unit returns v with length 1, and 1 for 0.
func unit(v complex128) complex128 {
	if a := cmplx.Abs(v); a > 0 {
		return v / complex(a, 0)
	}
	return 1
}
