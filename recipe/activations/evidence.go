package activations

import (
	"fmt"
	"math"
	"time"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/probe/signal"
	"github.com/limpid-ml/limpid/tensor"
)

// habits is what an activation does in a network: shares of its values over all
// hidden layers and a batch.
type habits struct {
	flat   float64 // places where its slope is below a twentieth of the greatest
	dead   float64 // units that are flat for every picture of the batch
	zeros  float64 // values that are exactly 0
	centre float64 // mean over root mean square: 0 is centred, ±1 is one-sided
}

// flatBelow is the share of the greatest slope below which an activation is
// flat: hardly any gradient passes.
const flatBelow = 0.05

// habitsOf looks at an activation in a network that Config.network made.
func habitsOf(k *kind, net *nn.Net, x tensor.Tensor) (habits, error) {
	var all habits
	err := net.Do(func(p *nn.Pass) error {
		h := p.Apply(p.Track(x), &nn.AvgPool2D{Size: 2}, &nn.Flatten{})
		params := net.Params() // weight and bias of each layer; the last is no hidden one
		layers := len(params)/2 - 1
		for i := range layers {
			z := h.MatMul(params[2*i].Value().T()).Add(params[2*i+1].Value())
			h = k.act.Forward(p, z)
			slope := tensor.Grad(h.Sum(), z)[0]
			all.add(tensor.Data[float32](h.Detach()), tensor.Data[float32](slope.Detach()), h.Dim(-1), k.steep, float64(layers))
		}
		return nil
	})
	return all, err
}

// add takes in one of several layers: its values, and the slopes there.
func (a *habits) add(values, slopes []float32, units int, steep, layers float64) {
	n := float64(len(values)) * layers
	awake := make([]bool, units)
	var sum, square float64
	for i, v := range values {
		sum, square = sum+float64(v), square+float64(v)*float64(v)
		if v == 0 {
			a.zeros += 1 / n
		}
		if math.Abs(float64(slopes[i])) < flatBelow*steep {
			a.flat += 1 / n
		} else {
			awake[i%units] = true
		}
	}
	for _, w := range awake {
		if !w {
			a.dead += 1 / (float64(units) * layers)
		}
	}
	if square > 0 {
		a.centre += sum / math.Sqrt(square*float64(len(values))) / layers
	}
}

// evidence is what was seen of one activation at s.config.Depth.
type evidence struct {
	first, last habits  // at the first weights, and after training
	cost        float64 // time of a value and its slope, relative to ReLU's
}

// gather looks at every activation.
func (s *study) gather() ([]evidence, error) {
	all := make([]evidence, len(kinds))
	times := costs()
	for a := range kinds {
		k := &kinds[a]
		w := s.choices[s.config.Depth][a].weights
		fresh, _, err := s.config.build(k.act, weights[w].init, s.config.Depth, s.config.Seed)
		if err != nil {
			return nil, err
		}
		if all[a].first, err = habitsOf(k, fresh, s.x); err != nil {
			return nil, err
		}
		if all[a].last, err = habitsOf(k, s.finalOf(a, s.config.Depth)[0].net, s.x); err != nil {
			return nil, err
		}
		all[a].cost = times[a] / times[reluAt]
	}
	return all, nil
}

// reluAt is ReLU's place among the kinds.
const reluAt = 2

// costs measures how long each activation takes forward and back, the best of
// several turns: what else the machine does only ever adds.
func costs() []float64 {
	const turns = 7
	x := tensor.NewRand(1).Normal(0, 1, 512, 512)
	best := make([]float64, len(kinds))
	for turn := range turns {
		for a, k := range kinds {
			net, err := nn.Build(&nn.Sequential{&nn.Flatten{}}, nn.Input(4))
			if err != nil {
				return best
			}
			_ = net.Do(func(p *nn.Pass) error {
				tracked := p.Track(x)
				from := time.Now()
				y := k.act.Forward(p, tracked)
				tensor.Grad(y.Sum(), tracked)
				if took := time.Since(from).Seconds(); turn == 0 || took < best[a] {
					best[a] = took
				}
				return nil
			})
		}
	}
	return best
}

// travel is what reaches each layer of the deepest networks, means over draws.
type travel struct {
	variance, alike, grad []float64
}

// travels measures the deepest networks before training, for every activation
// and all first weights.
func (s *study) travels() ([][]travel, error) {
	all := make([][]travel, len(kinds))
	for a, k := range kinds {
		all[a] = make([]travel, len(weights))
		for w := range weights {
			t := &all[a][w]
			for d := range uint64(drawn) {
				net, paths, err := s.config.build(k.act, weights[w].init, s.config.Deepest, s.config.Seed+d)
				if err != nil {
					return nil, err
				}
				layers, err := signal.Look(net, s.x, paths...)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", k.name, weights[w].name, err)
				}
				t.add(layers)
			}
		}
	}
	return all, nil
}

// drawn is of how many draws curves show the mean.
const drawn = 3

func (t *travel) add(layers []signal.Layer) {
	if t.variance == nil {
		t.variance, t.alike, t.grad = make([]float64, len(layers)), make([]float64, len(layers)), make([]float64, len(layers))
	}
	for i, l := range layers {
		t.variance[i] += l.Variance / drawn
		t.alike[i] += l.Alike / drawn
		t.grad[i] += l.Grad / layers[len(layers)-1].Grad / drawn
	}
}
