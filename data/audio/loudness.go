package audio

import "math"

// Loudness returns the integrated loudness of c in LUFS, −∞ for silence. A clip
// shorter than 0.4 s is one block.
//
// Source: ITU-R BS.1770-4; the filters for other rates than 48 kHz are those of
// Brecht De Man 2014, "Evaluation of implementations of the EBU R128 loudness
// measurement".
func (c Clip) Loudness() float64 {
	blocks := c.blocks()
	loud := func(gate float64) float64 {
		sum, n := 0., 0.
		for _, p := range blocks {
			if lufs(p) >= gate {
				sum += p
				n++
			}
		}
		return lufs(sum / n) // NaN without a block
	}
	const absolute, relative = -70, -10
	all := loud(absolute)
	if math.IsNaN(all) {
		return math.Inf(-1)
	}
	return loud(max(absolute, all+relative))
}

func lufs(power float64) float64 { return -0.691 + 10*math.Log10(power) }

// Normalize returns c at a loudness in LUFS; −23 is broadcast's. Silence stays
// as it is. It does not clip: what then lies beyond ±1 is left so.
func (c Clip) Normalize(target float64) Clip {
	l := c.Loudness()
	if math.IsInf(l, -1) {
		return c.Fit(len(c.Samples))
	}
	return c.Gain(target - l)
}

// blocks returns the weighted power of windows of 0.4 s, one each 0.1 s.
func (c Clip) blocks() []float64 {
	x := make([]float64, len(c.Samples))
	for i, v := range c.Samples {
		x[i] = float64(v)
	}
	shelf(float64(c.Rate)).run(x)
	highPass(float64(c.Rate)).run(x)
	if len(x) == 0 {
		return nil
	}
	const windowSeconds, hopSeconds = 0.4, 0.1
	size := min(int(windowSeconds*float64(c.Rate)), len(x))
	var out []float64
	for k := 0; ; k++ {
		from := int(float64(k) * hopSeconds * float64(c.Rate))
		if from+size > len(x) || size == 0 {
			return out
		}
		sum := 0.
		for _, v := range x[from : from+size] {
			sum += v * v
		}
		out = append(out, sum/float64(size))
		if size == len(x) {
			return out
		}
	}
}

// biquad is a filter of two poles.
type biquad struct{ b0, b1, b2, a1, a2 float64 }

// run filters x in place.
func (f biquad) run(x []float64) {
	var s1, s2 float64
	for i, v := range x {
		y := f.b0*v + s1
		s1 = f.b1*v - f.a1*y + s2
		s2 = f.b2*v - f.a2*y
		x[i] = y
	}
}

// shelf is the gain of the head, highPass the ear's deafness to rumble.
func shelf(rate float64) biquad {
	const (
		hz   = 1681.9744509555319
		gain = 3.99984385397
		q    = 0.7071752369554193
	)
	k := math.Tan(math.Pi * hz / rate)
	vh := math.Pow(10, gain/20)
	vb := math.Pow(vh, 0.499666774155)
	a0 := 1 + k/q + k*k
	return biquad{
		(vh + vb*k/q + k*k) / a0, 2 * (k*k - vh) / a0, (vh - vb*k/q + k*k) / a0,
		2 * (k*k - 1) / a0, (1 - k/q + k*k) / a0,
	}
}

func highPass(rate float64) biquad {
	const (
		hz = 38.13547087613982
		q  = 0.5003270373253953
	)
	k := math.Tan(math.Pi * hz / rate)
	a0 := 1 + k/q + k*k
	return biquad{1, -2, 1, 2 * (k*k - 1) / a0, (1 - k/q + k*k) / a0}
}
