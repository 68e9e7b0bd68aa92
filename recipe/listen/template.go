package listen

import (
	"math"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/tensor"
)

// Templates recognise words without learning: each frame of a clip is held
// against each frame of words that were heard before, whose time may be
// stretched and squeezed, and the nearest words win (dynamic time warping). They
// are what a network must beat.
//
// Source: Vintsyuk 1971, "Element-wise recognition of continuous speech composed
// of words from a specified dictionary"; Sakoe and Chiba 1978; Ney 1984, "The
// use of a one-stage dynamic programming algorithm for connected word
// recognition".
type Templates struct {
	Coefficients int     // of the cepstrum, without the first, which is loudness
	Penalty      float64 // for each word of a string
	words        []string
	frames       [][]float32
}

// stride is the samples between the frames of templates: 20 ms.
const stride = 2 * Hop

// Cepstrum returns the coefficients of each 20 ms, less their mean over the clip.
//
// Source: Davis and Mermelstein 1980, "Comparison of parametric representations
// for monosyllabic word recognition in continuously spoken sentences".
func Cepstrum(samples []float32, coefficients int) []float32 {
	x, err := melOf(key{stride, 100}).MFCC(audio.Clip{Samples: samples, Rate: Rate}, coefficients+1)
	if err != nil {
		tensor.Fail("listen.Cepstrum", "%v", err)
	}
	values := tensor.Data[float32](x)
	n := len(values) / (coefficients + 1)
	out := make([]float32, 0, n*coefficients)
	for t := range n {
		out = append(out, values[t*(coefficients+1)+1:(t+1)*(coefficients+1)]...)
	}
	for c := range coefficients {
		sum := float32(0)
		for t := range n {
			sum += out[t*coefficients+c]
		}
		for t := range n {
			out[t*coefficients+c] -= sum / float32(n)
		}
	}
	return out
}

// Add puts a word among the templates.
func (t *Templates) Add(word string, samples []float32) {
	t.words = append(t.words, word)
	t.frames = append(t.frames, Cepstrum(samples, t.Coefficients))
}

// place is how a path came to a frame of a template.
type place struct {
	cost  float64
	began int // the frame of the clip with which its word began
}

// Word returns the word whose template is nearest to samples.
func (t *Templates) Word(samples []float32) string {
	all := t.search(Cepstrum(samples, t.Coefficients), false)
	return t.words[all[len(all)-1].word]
}

// String returns the words in a row whose templates, joined, are nearest.
func (t *Templates) String(samples []float32) (words []string) {
	all := t.search(Cepstrum(samples, t.Coefficients), true)
	for at := len(all) - 1; at >= 0; at = all[at].began - 1 {
		words = append([]string{t.words[all[at].word]}, words...)
	}
	return words
}

// ending is the best word that ends with a frame of the clip.
type ending struct {
	cost        float64
	word, began int
}

// search walks through the clip frame by frame, and through all templates at
// once. Of two frames of a clip the same frame of a template may be heard, the
// next, or the one after that.
func (t *Templates) search(x []float32, many bool) []ending {
	n := len(x) / t.Coefficients
	paths := make([][]place, len(t.frames))
	for k, f := range t.frames {
		paths[k] = make([]place, len(f)/t.Coefficients)
		for i := range paths[k] {
			paths[k][i].cost = math.Inf(1)
		}
	}
	ends := make([]ending, n)
	for s := range n {
		row := x[s*t.Coefficients : (s+1)*t.Coefficients]
		start := math.Inf(1) // the cost of a word that begins here
		if s == 0 {
			start = 0
		} else if many {
			start = ends[s-1].cost + t.Penalty
		}
		ends[s].cost = math.Inf(1)
		for k, f := range t.frames {
			t.step(paths[k], f, row, start, s)
			if last := paths[k][len(paths[k])-1]; last.cost < ends[s].cost {
				ends[s] = ending{last.cost, k, last.began}
			}
		}
	}
	return ends
}

// step takes the paths through one template to the next frame of the clip.
func (t *Templates) step(paths []place, f, row []float32, start float64, s int) {
	for i := len(paths) - 1; i >= 0; i-- {
		best := paths[i]
		if i > 0 && paths[i-1].cost < best.cost {
			best = paths[i-1]
		}
		if i > 1 && paths[i-2].cost < best.cost {
			best = paths[i-2]
		}
		if i == 0 && start < best.cost {
			best = place{start, s}
		}
		if best.cost < math.Inf(1) {
			best.cost += distance(row, f[i*t.Coefficients:(i+1)*t.Coefficients])
		}
		paths[i] = best
	}
}

// distance is the Euclidean distance of two frames.
func distance(a, b []float32) float64 {
	sum := float32(0)
	for i, v := range a {
		d := v - b[i]
		sum += d * d
	}
	return math.Sqrt(float64(sum))
}
