package audio

import (
	"math"
	"sync"

	"github.com/limpid-ml/limpid/tensor"
)

// The filter: a sinc of so many zero crossings either way, in samples of the
// lower of the two rates, under a Kaiser window.
//
// Source: Kaiser 1974, "Nonrecursive digital filter design using the I0-sinh
// window function": β and the width for 100 dB.
const (
	crossings = 64
	beta      = 10.06
	cutoff    = 0.95 // of the lower rate's half; flat to 0.9 of it
	fineness  = 2048 // entries of the table from one sample to the next
)

// Resample returns c at another rate, by a windowed sinc: flat within 0.01 dB
// up to 90% of the lower rate's half, and what would fold back is weaker by
// 95 dB. The result has ⌈n·rate/c.Rate⌉ samples and starts when c does. It
// panics with a [*tensor.Error] if a rate is not positive.
func (c Clip) Resample(rate int) Clip {
	if rate < 1 || c.Rate < 1 {
		tensor.Fail("audio.Clip.Resample", "from %d to %d samples a second", c.Rate, rate)
	}
	if rate == c.Rate {
		return c.Fit(len(c.Samples))
	}
	return Clip{Samples: resample(c.Samples, rate, c.Rate), Rate: rate}
}

// Speed returns c played faster by a factor, which is rounded to a thousandth;
// its pitch rises along. It panics with a [*tensor.Error] if factor is not
// positive.
func (c Clip) Speed(factor float64) Clip {
	const steps = 1000
	of := math.Round(factor * steps)
	if !(of >= 1 && of < math.MaxInt32) {
		tensor.Fail("audio.Clip.Speed", "by a factor of %v, want one above 0.001", factor)
	}
	if of == steps {
		return c.Fit(len(c.Samples))
	}
	return Clip{Samples: resample(c.Samples, steps, int(of)), Rate: c.Rate}
}

// kernel holds the filter at 0, 1/fineness, … crossings, for the lower rate.
var kernel = sync.OnceValue(func() []float64 {
	k := make([]float64, crossings*fineness+2)
	for i := range k {
		u := float64(i) / fineness
		if i > crossings*fineness {
			break
		}
		x := math.Pi * cutoff * u
		sinc := 1.
		if x != 0 {
			sinc = math.Sin(x) / x
		}
		k[i] = sinc * bessel(beta*math.Sqrt(max(0, 1-u*u/(crossings*crossings))))
	}
	return k
})

// bessel returns the modified Bessel function I₀(x).
func bessel(x float64) float64 {
	sum, term := 1., 1.
	for k := 1.; term > sum*1e-17; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

// bank holds the taps of the filter for one ratio of rates.
type bank struct {
	up, down int
	half     int     // taps either way
	shrink   float64 // samples of the lower rate in one of the input
	phases   [][]float32
	scratch  []float32
}

// maxTaps bounds what is kept of the taps.
const maxTaps = 1 << 22

func newBank(up, down int) *bank {
	g := gcd(up, down)
	b := &bank{up: up / g, down: down / g}
	b.shrink = min(1, float64(up)/float64(down))
	b.half = int(math.Ceil(crossings / b.shrink))
	if b.up*2*b.half <= maxTaps {
		b.phases = make([][]float32, b.up)
	}
	return b
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// taps returns the weights of 2·half inputs around a place phase/up after one
// of them, which has the weight at half − 1.
func (b *bank) taps(phase int) []float32 {
	if b.phases == nil {
		if b.scratch == nil {
			b.scratch = make([]float32, 2*b.half)
		}
		b.fill(b.scratch, phase)
		return b.scratch
	}
	if b.phases[phase] == nil {
		b.phases[phase] = make([]float32, 2*b.half)
		b.fill(b.phases[phase], phase)
	}
	return b.phases[phase]
}

func (b *bank) fill(out []float32, phase int) {
	k := kernel()
	wide := make([]float64, len(out))
	sum := 0.
	for i := range out {
		u := math.Abs(float64(i-b.half+1)-float64(phase)/float64(b.up)) * b.shrink * fineness
		if u >= crossings*fineness {
			continue
		}
		n := int(u)
		wide[i] = k[n] + (k[n+1]-k[n])*(u-float64(n))
		sum += wide[i]
	}
	for i, v := range wide {
		out[i] = float32(v / sum) // so that a constant stays what it is
	}
}

// resample returns x at up/down times its rate.
func resample(x []float32, up, down int) []float32 {
	b := newBank(up, down)
	n := (len(x)*b.up + b.down - 1) / b.down
	out := make([]float32, n)
	for j := range out {
		at := j * b.down
		taps := b.taps(at % b.up)
		first := at/b.up - b.half + 1
		from, to := max(0, -first), min(len(taps), len(x)-first)
		out[j] = dot(taps[from:to], x[first+from:first+to])
	}
	return out
}

// dot sums four ways, so that a product need not wait for the one before.
func dot(a, b []float32) float32 {
	var s [4]float32
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s[0] += a[0] * b[0]
		s[1] += a[1] * b[1]
		s[2] += a[2] * b[2]
		s[3] += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s[0] += v * b[i]
	}
	return s[0] + s[1] + (s[2] + s[3])
}
