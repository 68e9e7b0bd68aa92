package loss

import (
	"encoding/json"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// adversarial is testdata/adversarial.json.
type adversarial struct {
	Real, Fake, At []float64
	Scores         struct{ Real, Fake []float64 }
	Games          map[string][2]float64
	Critics        map[string]struct {
		Params  [][]float64
		GP, R1  float64
		GPGrads [][]float64 `json:"gp_grads"`
		R1Grads [][]float64 `json:"r1_grads"`
	}
}

func readAdversarial(t *testing.T) (g adversarial) {
	t.Helper()
	text, err := os.ReadFile("testdata/adversarial.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// pictures turns PyTorch's [N, C, H, W] into [N, H, W, C].
func pictures(v []float64) tensor.Tensor {
	return tensor.Of(v, 5, 2, 6, 6).Permute(0, 2, 3, 1).To(tensor.Float32)
}

func TestGamesAreTorchs(t *testing.T) {
	g := readAdversarial(t)
	real, fake := tensor.Of(g.Scores.Real), tensor.Of(g.Scores.Fake)
	for _, game := range Games {
		want := g.Games[game.Name]
		d, gen := game.Discriminator(real, fake).Item(), game.Generator(fake).Item()
		if math.Abs(d-want[0]) > 1e-12 || math.Abs(gen-want[1]) > 1e-12 {
			t.Errorf("%s: %g and %g, want %v", game.Name, d, gen, want)
		}
	}
	if len(Games) != len(g.Games) {
		t.Errorf("%d games", len(Games))
	}
}

var criticActs = map[string]nn.Act{
	"relu": nn.ReLU, "leaky": nn.LeakyReLU(.2), "elu": nn.ELU(1), "selu": nn.SELU, "gelu": nn.GELU, "gelu-tanh": nn.GELUTanh,
	"silu": nn.SiLU, "mish": nn.Mish, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus, "softsign": nn.Softsign,
	"hardswish": nn.HardSwish,
}

// The gradients of both penalties, which go twice through a convolutional
// critic, are those of PyTorch's double backward, for every activation.
func TestPenaltiesAreTorchs(t *testing.T) {
	g := readAdversarial(t)
	real, fake := pictures(g.Real), pictures(g.Fake)
	at := tensor.Of(g.At, 5, 1, 1, 1).To(tensor.Float32)
	if len(g.Critics) != len(criticActs) {
		t.Errorf("%d critics", len(g.Critics))
	}
	for name, want := range g.Critics {
		act := criticActs[name]
		net, err := nn.Build(&nn.Sequential{
			&nn.Conv2D{Out: 4, Kernel: 3, Pad: 1, Act: act}, &nn.Conv2D{Out: 3, Kernel: 3, Stride: 2, Pad: 1, Act: act},
			&nn.GlobalAvgPool{}, &nn.Linear{Out: 1},
		}, nn.Input(6, 6, 2))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range net.Params() {
			p.Set(fromTorch(want.Params[i], p.Value().Shape()))
		}
		for key, penalty := range map[string]func(p *nn.Pass) tensor.Tensor{
			"gp": func(p *nn.Pass) tensor.Tensor {
				x := p.Track(real.Mul(at).Add(fake.Mul(at.Neg().Shift(1))))
				return slopes(func(x tensor.Tensor) tensor.Tensor { return net.Forward(p, x) }, x).Flatten().Norm(1).Shift(-1).Square().Mean()
			},
			"r1": func(p *nn.Pass) tensor.Tensor {
				return ZeroGradient(p, func(x tensor.Tensor) tensor.Tensor { return net.Forward(p, x) }, real)
			},
		} {
			value, grads := want.GP, want.GPGrads
			if key == "r1" {
				value, grads = want.R1, want.R1Grads
			}
			err := net.Do(func(p *nn.Pass) error {
				l := penalty(p)
				if math.Abs(l.Item()-value) > 1e-5*(1+value) {
					t.Errorf("%s %s: %g, want %g", name, key, l.Item(), value)
				}
				for i, d := range tensor.Grad(l, p.Params()...) {
					golden := fromTorch(grads[i], d.Shape())
					if off := d.Sub(golden).Abs().Max().Item(); !(off <= 1e-5) {
						t.Errorf("%s %s: gradient of parameter %d is off by %g", name, key, i, off)
					}
				}
				return nil
			}, nn.TrackParams())
			if err != nil {
				t.Errorf("%s %s: %v", name, key, err)
			}
		}
	}
}

// fromTorch lays a parameter out as limpid has it: the filters' channels last.
func fromTorch(v []float64, shape []int) tensor.Tensor {
	if len(shape) == 4 {
		return tensor.Of(v, shape[0], shape[3], shape[1], shape[2]).Permute(0, 2, 3, 1).To(tensor.Float32)
	}
	return tensor.Of(v, shape...).To(tensor.Float32)
}

// The penalty of a linear critic of slope w is (‖w‖ − 1)² wherever it looks,
// and R1's is ‖w‖².
func TestPenaltiesOfALinearCritic(t *testing.T) {
	net, err := nn.Build(&nn.Linear{Out: 1}, nn.Input(2))
	if err != nil {
		t.Fatal(err)
	}
	net.Params()[0].Set(tensor.Of([]float32{3, 4}, 1, 2))
	real, fake := tensor.NewRand(1).Normal(0, 1, 6, 2), tensor.NewRand(2).Normal(0, 1, 6, 2)
	err = net.Do(func(p *nn.Pass) error {
		score := func(x tensor.Tensor) tensor.Tensor { return net.Forward(p, x) }
		if v := GradientPenalty(p, score, real, fake).Item(); math.Abs(v-16) > 1e-4 {
			t.Errorf("gradient penalty %g, want 16", v)
		}
		if v := ZeroGradient(p, score, real).Item(); math.Abs(v-25) > 1e-4 {
			t.Errorf("R1 %g, want 25", v)
		}
		return nil
	}, nn.Noise(1))
	if err != nil {
		t.Error(err)
	}
}

// dirac is the smallest game: the real distribution is a point at 0, the
// generator's one at θ, and the discriminator's score of x is ψ·x.
type dirac struct{ theta, psi float64 }

// step moves both at once by rate against the slopes of their losses, which
// tensor takes.
func (g dirac) step(t *testing.T, game Adversarial, rate float64, penalty func(p *nn.Pass, psi, theta tensor.Tensor) tensor.Tensor) dirac {
	t.Helper()
	net, err := anyNet()
	if err != nil {
		t.Fatal(err)
	}
	next := g
	err = net.Do(func(p *nn.Pass) error {
		theta, psi := p.Track(tensor.Of([]float64{g.theta}, 1, 1)), p.Track(tensor.Of([]float64{g.psi}, 1, 1))
		fake, real := theta.Mul(psi), tensor.Of([]float64{0}, 1, 1).Mul(psi)
		d := game.Discriminator(real, fake)
		if penalty != nil {
			d = d.Add(penalty(p, psi, theta))
		}
		next.psi -= rate * tensor.Grad(d, psi)[0].Item()
		next.theta -= rate * tensor.Grad(game.Generator(fake), theta)[0].Item()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// anyNet gives passes, whose parameters are not used.
var anyNet = sync.OnceValues(func() (*nn.Net, error) { return nn.Build(&nn.Linear{Out: 1}, nn.Input(1)) })

func (g dirac) length() float64 { return math.Hypot(g.theta, g.psi) }

// contraction plays the game from near its equilibrium and returns the factor
// by which it comes nearer, a step.
func contraction(t *testing.T, rate float64, penalty func(p *nn.Pass, psi, theta tensor.Tensor) tensor.Tensor) float64 {
	t.Helper()
	g := dirac{1e-3, 0}
	for range 200 { // until only the slowest direction is left
		g = g.step(t, NonSaturating, rate, penalty)
	}
	from, steps := g.length(), 400
	for range steps {
		g = g.step(t, NonSaturating, rate, penalty)
	}
	return math.Pow(g.length()/from, 1/float64(steps))
}

// r1 is γ/2 times the squared slope of the discriminator at the real point.
func r1(gamma float64) func(p *nn.Pass, psi, theta tensor.Tensor) tensor.Tensor {
	return func(p *nn.Pass, psi, _ tensor.Tensor) tensor.Tensor {
		score := func(x tensor.Tensor) tensor.Tensor { return x.Mul(psi) }
		return ZeroGradient(p, score, tensor.Of([]float64{0}, 1, 1)).Scale(gamma / 2)
	}
}

// The Dirac-GAN near its equilibrium moves as the eigenvalues of its Jacobian
// say: with f'(0) = 1/2, the plain game's are 1 ± i·h/2, beyond the unit circle,
// and with R1 they are the roots of the matrix [[1, −h/2], [h/2, 1 − h·γ]].
//
// γ = 1 is left out: its two eigenvalues are one, and nothing contracts by it
// alone.
//
// Source: Mescheder et al. 2018, lemmas 2.3 and 4.1.
func TestDiracContraction(t *testing.T) {
	for _, rate := range []float64{0.1, 0.2} {
		if got, want := contraction(t, rate, nil), math.Sqrt(1+rate*rate/4); math.Abs(got-want) > 1e-3 || got <= 1 {
			t.Errorf("rate %g, no penalty: %.5f a step, the eigenvalues say %.5f", rate, got, want)
		}
		for _, gamma := range []float64{0.3, 0.6, 2} {
			got, want := contraction(t, rate, r1(gamma)), largestEigenvalue(1, -rate/2, rate/2, 1-rate*gamma)
			if math.Abs(got-want) > 1e-3 || got >= 1 {
				t.Errorf("rate %g, R1 with γ = %g: %.5f a step, the eigenvalues say %.5f", rate, gamma, got, want)
			}
		}
	}
}

// largestEigenvalue returns the absolute value of the larger eigenvalue of a
// matrix of two rows.
func largestEigenvalue(a, b, c, d float64) float64 {
	half, det := (a+d)/2, a*d-b*c
	if disc := half*half - det; disc >= 0 {
		return math.Max(math.Abs(half+math.Sqrt(disc)), math.Abs(half-math.Sqrt(disc)))
	}
	return math.Sqrt(det)
}

// A critic whose weight is clipped, and one with the Wasserstein penalty, keep
// going round: after many steps they are as far from the equilibrium as early.
func TestWassersteinDoesNotSettle(t *testing.T) {
	const rate, clip = 0.05, 1.0
	gp := func(p *nn.Pass, psi, theta tensor.Tensor) tensor.Tensor {
		score := func(x tensor.Tensor) tensor.Tensor { return x.Mul(psi) }
		return GradientPenalty(p, score, tensor.Of([]float64{0}, 1, 1), theta).Scale(10)
	}
	for name, way := range map[string]func(g dirac) dirac{
		"clipping": func(g dirac) dirac {
			g = g.step(t, Wasserstein, rate, nil)
			g.psi = min(max(g.psi, -clip), clip)
			return g
		},
		"gradient penalty": func(g dirac) dirac { return g.step(t, Wasserstein, rate, gp) },
	} {
		g, nearest, farthest := dirac{0.5, 0.2}, math.Inf(1), 0.0
		for i := range 2000 {
			if g = way(g); i >= 1000 {
				nearest, farthest = min(nearest, g.length()), max(farthest, g.length())
			}
		}
		if farthest < 0.3 || math.IsNaN(farthest) {
			t.Errorf("%s settles: within %.3f to %.3f of the equilibrium", name, nearest, farthest)
		}
	}
	g := dirac{0.5, 0.2}
	for range 2000 {
		g = g.step(t, NonSaturating, rate, r1(1))
	}
	if g.length() > 1e-6 {
		t.Errorf("R1 does not settle: %g away", g.length())
	}
}

// The optimal discriminator of two Gaussians is p/(p + q): one that is trained
// to tell them apart, by the slopes of its loss, comes within 0.01 of it. It
// sees x and x², for log p/q is a polynomial of second degree.
func TestOptimalDiscriminator(t *testing.T) {
	net, err := nn.Build(&nn.Linear{Out: 1}, nn.Input(2), nn.Float64)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ mean, deviation, other, otherDeviation float64 }{{1, 1, -1, 1}, {0, 0.7, 0.5, 1.2}} {
		real, fake := quantiles(c.mean, c.deviation), quantiles(c.other, c.otherDeviation)
		params := net.Params()
		for _, w := range params {
			w.Set(w.Value().Scale(0))
		}
		for range 1500 {
			err := net.Do(func(pass *nn.Pass) error {
				l := NonSaturating.Discriminator(net.Forward(pass, real), net.Forward(pass, fake))
				for i, d := range tensor.Grad(l, pass.Params()...) {
					params[i].Set(params[i].Value().Sub(d.Scale(0.25)).Keep())
				}
				return nil
			}, nn.TrackParams())
			if err != nil {
				t.Fatal(err)
			}
		}
		density := func(x, mean, deviation float64) float64 {
			return math.Exp(-(x-mean)*(x-mean)/(2*deviation*deviation)) / deviation
		}
		for x := -2.5; x <= 2.5; x += 0.25 {
			p, q := density(x, c.mean, c.deviation), density(x, c.other, c.otherDeviation)
			y, err := net.Predict(tensor.Of([]float64{x, x * x}, 1, 2))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := y.Sigmoid().Item(), p/(p+q); math.Abs(got-want) > 0.01 {
				t.Errorf("at %g: %.4f, want p/(p+q) = %.4f", x, got, want)
			}
		}
	}
}

// quantiles returns points that lie as a Gaussian's do, each with its square:
// evenly by probability, in place of draws.
func quantiles(mean, deviation float64) tensor.Tensor {
	const n = 300
	v := make([]float64, 0, 2*n)
	for i := range n {
		x := mean + deviation*math.Sqrt2*math.Erfinv(2*(float64(i)+0.5)/n-1)
		v = append(v, x, x*x)
	}
	return tensor.Of(v, n, 2)
}
