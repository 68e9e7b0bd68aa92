package ringgan

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// points is a mixture of Gaussians in the plane, all equally likely.
type points struct {
	name      string
	centres   [][2]float64
	deviation float64
}

// ring and grid are the mixtures of the published protocol.
//
// Source: Srivastava et al. 2017, "VEEGAN"; Lin et al. 2018, "PacGAN: the power
// of two samples in generative adversarial networks", and its program for the
// deviations.
func ring() points {
	p := points{name: "ring", deviation: 0.01}
	for i := range 8 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 8)
		p.centres = append(p.centres, [2]float64{cos, sin})
	}
	return p
}

func grid() points {
	p := points{name: "grid", deviation: 0.05}
	for i := range 5 {
		for j := range 5 {
			p.centres = append(p.centres, [2]float64{-4 + 2*float64(i), -4 + 2*float64(j)})
		}
	}
	return p
}

// extent is how far from the middle the networks see the outermost centres. At
// 1 a deviation of a hundredth is so little that the discriminator learns to see
// it last of all.
const extent = 8

// scale is what points are divided by for the networks.
func (p points) scale() float64 {
	most := 0.0
	for _, c := range p.centres {
		most = max(most, math.Abs(c[0]), math.Abs(c[1]))
	}
	return most / extent
}

// draw draws n points [n, 2], divided by scale.
func (p points) draw(r *tensor.Rand, n int) tensor.Tensor {
	v := tensor.Data[float32](r.Normal(0, p.deviation, n, 2))
	out := make([]float32, 2*n)
	for i := range n {
		c := p.centres[r.IntN(len(p.centres))]
		for k := range 2 {
			out[2*i+k] = float32((c[k] + float64(v[2*i+k])) / p.scale())
		}
	}
	return tensor.Of(out, n, 2)
}

// count is what a set of samples shows of the mixture.
type count struct {
	perMode []int   // high-quality samples nearest to each centre
	high    float64 // share of samples within three deviations of a centre
}

// enough is how many high-quality samples make a mode that is covered.
const enough = 20

// count counts samples [n, 2], divided by scale.
func (p points) count(samples tensor.Tensor) count {
	c := count{perMode: make([]int, len(p.centres))}
	v := tensor.Data[float32](samples)
	n, high := len(v)/2, 0
	for i := range n {
		x, y := float64(v[2*i])*p.scale(), float64(v[2*i+1])*p.scale()
		best, nearest := 0, math.Inf(1)
		for k, m := range p.centres {
			if d := math.Hypot(x-m[0], y-m[1]); d < nearest {
				best, nearest = k, d
			}
		}
		if nearest <= 3*p.deviation {
			c.perMode[best]++
			high++
		}
	}
	c.high = float64(high) / float64(n)
	return c
}

// modes returns how many modes are covered.
func (c count) modes() (n int) {
	for _, k := range c.perMode {
		if k >= enough {
			n++
		}
	}
	return n
}

// duel is one game: a generator against a discriminator.
type duel struct {
	points points
	config *Config
	plain  bool
	seed   uint64

	gen, disc *nn.Net
	d, g      *train.Updater
	average   *train.Average
}

// newDuel makes the networks of a game of so many rounds; plain is the game as
// it was first described.
func newDuel(c *Config, p points, seed uint64, plain bool, rate float64, rounds int) (*duel, error) {
	e := &duel{points: p, config: c, plain: plain, seed: seed}
	var err error
	w := c.Width
	if e.gen, err = nn.Build(&nn.Sequential{
		&nn.Linear{Out: w, Act: nn.ReLU}, &nn.Linear{Out: w, Act: nn.ReLU}, &nn.Linear{Out: w, Act: nn.ReLU}, &nn.Linear{Out: 2},
	}, nn.Input(c.Latent), nn.Seed(2*seed), nn.Name("generator")); err != nil {
		return nil, err
	}
	if e.disc, err = nn.Build(&nn.Sequential{
		&nn.Linear{Out: w, Act: nn.LeakyReLU(0.2)}, &nn.Linear{Out: w, Act: nn.LeakyReLU(0.2)}, &nn.Linear{Out: w, Act: nn.LeakyReLU(0.2)}, &nn.Linear{Out: 1},
	}, nn.Input(2*e.pack()), nn.Seed(2*seed+1), nn.Name("discriminator")); err != nil {
		return nil, err
	}
	e.start(rate, rounds)
	return e, nil
}

// start makes the updaters of a game of so many rounds.
func (e *duel) start(rate float64, rounds int) {
	rule := optim.Adam{LR: rate, Betas: [2]float64{e.config.Momentum, 0.99}}
	e.d, e.g = train.NewUpdater(e.disc, rule), train.NewUpdater(e.gen, rule)
	e.d.Schedule, e.g.Schedule = e.config.Rates(rounds), e.config.Rates(rounds)
	e.average = train.EMA(e.config.Average)
	e.g.Observe(e.average)
}

// pack is how many samples the discriminator sees at once.
func (e *duel) pack() int {
	if e.plain {
		return 1
	}
	return e.config.Pack
}

// round is one round of the game; it returns the generator's loss.
func (e *duel) round() (float64, error) {
	if _, err := e.d.Step(e.judge); err != nil {
		return 0, err
	}
	return e.g.Step(e.fool)
}

// fake makes n samples in a pass.
func (e *duel) fake(p *nn.Pass, n int) tensor.Tensor {
	return e.gen.Forward(p, p.Rand().Normal(0, 1, n, e.config.Latent))
}

// score is the discriminator's of samples [n, 2], packed [n/pack].
func (e *duel) score(p *nn.Pass) func(x tensor.Tensor) tensor.Tensor {
	return func(x tensor.Tensor) tensor.Tensor { return e.disc.Forward(p, x.Reshape(-1, 2*e.pack())) }
}

// judge is the discriminator's loss.
func (e *duel) judge(p *nn.Pass) tensor.Tensor {
	n := e.config.Batch * e.pack()
	real, fake := e.points.draw(p.Rand(), n), e.fake(p, n)
	score := e.score(p)
	if e.plain {
		return loss.NonSaturating.Discriminator(score(real), score(fake))
	}
	l := loss.RelativisticPair.Discriminator(score(real), score(fake))
	if e.config.Gamma > 0 {
		packed := []int{-1, 2 * e.pack()}
		zero := func(x tensor.Tensor) tensor.Tensor { return loss.ZeroGradient(p, score, x.Reshape(packed...)) }
		l = l.Add(zero(real).Add(zero(fake)).Scale(e.config.Gamma / 2))
	}
	return l
}

// fool is the generator's loss.
func (e *duel) fool(p *nn.Pass) tensor.Tensor {
	n := e.config.Batch * e.pack()
	score := e.score(p)
	if e.plain {
		return loss.NonSaturating.Generator(score(e.fake(p, n)))
	}
	return loss.RelativisticPair.Discriminator(score(e.fake(p, n)), score(e.points.draw(p.Rand(), n)))
}

// sampled is how many samples are judged.
const sampled = 2500

// samples draws n samples [n, 2] from the generator.
func (e *duel) samples(seed uint64, n int, o ...nn.PassOption) (out tensor.Tensor, err error) {
	z := tensor.NewRand(seed).Normal(0, 1, n, e.config.Latent)
	err = e.gen.Do(func(p *nn.Pass) error {
		out = e.gen.Forward(p, z).Keep()
		return nil
	}, o...)
	if err != nil {
		return out, fmt.Errorf("drawing samples: %w", err)
	}
	return out, nil
}

// settle gives the generator its averaged weights: those it is judged by.
func (e *duel) settle() {
	average := e.average.Weights()
	for _, p := range e.gen.Params() {
		p.Set(average[p.Path()])
	}
}
