package decode

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Sampling says how to draw a symbol. The zero value always takes the likeliest
// (greedy decoding).
type Sampling struct {
	// Temperature divides the scores: below 1 likely symbols become likelier,
	// above 1 all become more alike. 0: the likeliest always.
	Temperature float64
	// TopK leaves the K likeliest only; 0: all.
	TopK int
	// TopP then leaves the likeliest that together have at least this
	// probability; 0 or 1: all. At least one is left.
	//
	// Source: Holtzman et al. 2020, "The curious case of neural text
	// degeneration".
	TopP float64
}

// Check returns an error that says which field is out of range.
func (s Sampling) Check() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 1):
		return fmt.Errorf("decode: temperature %g: want a number from 0", s.Temperature)
	case s.TopK < 0:
		return fmt.Errorf("decode: top-k %d: want a whole number from 0", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return fmt.Errorf("decode: top-p %g: want a probability from 0 to 1", s.TopP)
	}
	return nil
}

// Sampler draws symbols by their scores. One goroutine uses it at a time.
type Sampler struct {
	s     Sampling
	rand  *tensor.Rand
	p     []float64
	order []int
}

// NewSampler returns a sampler; the same seed draws the same symbols from the
// same scores. It panics if s is out of range, see [Sampling.Check].
func NewSampler(s Sampling, seed uint64) *Sampler {
	if err := s.Check(); err != nil {
		panic(err.Error())
	}
	return &Sampler{s: s, rand: tensor.NewRand(seed)}
}

// Next draws a symbol, its place in logits: scores whose softmax are
// probabilities, of which −∞ is 0.
func (d *Sampler) Next(logits []float32) int {
	if d.s.Temperature == 0 {
		return greatest(logits)
	}
	d.spread(logits)
	kept := d.order[:len(d.p)]
	if d.s.TopK > 0 {
		kept = kept[:min(d.s.TopK, len(kept))]
	}
	total := 0.0
	for _, i := range kept {
		total += d.p[i]
	}
	if p := d.s.TopP; p > 0 && p < 1 {
		kept, total = nucleus(kept, d.p, p*total)
	}
	u := d.rand.Float64() * total
	for _, i := range kept {
		if u -= d.p[i]; u < 0 {
			return i
		}
	}
	return kept[0] // rounding used up all
}

// nucleus keeps the first that together have the share p, and their sum.
func nucleus(order []int, weight []float64, p float64) (kept []int, total float64) {
	for n, i := range order {
		if total += weight[i]; total >= p {
			return order[:n+1], total
		}
	}
	return order, total
}

// spread sets d.p to the symbols' weights, the greatest 1, and d.order to the
// symbols by weight.
func (d *Sampler) spread(logits []float32) {
	top := float64(logits[greatest(logits)])
	d.p, d.order = d.p[:0], d.order[:0]
	for i, v := range logits {
		d.p = append(d.p, math.Exp((float64(v)-top)/d.s.Temperature))
		d.order = append(d.order, i)
	}
	if d.s.TopK == 0 && (d.s.TopP == 0 || d.s.TopP == 1) {
		return // any order will do
	}
	slices.SortStableFunc(d.order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
}

// greatest returns where the greatest score is, the first of equal ones.
func greatest(logits []float32) int {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return best
}
