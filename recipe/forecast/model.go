package forecast

import (
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// model is a few networks of one form that learn side by side, each from other
// stretches of time.
//
//	x    [N, Context, channels]
//	out  [N, Members, Horizon, 2 or 3]: mean and log variance, or three quantiles
type model struct {
	Members []*member
	// Bands stretch the bands that the members give, a factor a step of the
	// horizon: found after training, from their errors on what they did not learn
	// from.
	Bands nn.Param

	says string
}

// levels are the quantiles that a network gives if it gives quantiles: the ends
// of the band of 90%, and the median.
var levels = []float64{0.05, 0.5, 0.95}

// within is how many deviations of a normal distribution the band of 90% goes
// either way.
const within = 1.6448536269514722

func newModel(c *Config, s *source) *model {
	m := &model{says: c.Says}
	for range c.Members {
		one := &member{horizon: s.Horizon, each: 2, lags: min(4, s.Context)}
		if c.Says == "quantiles" {
			one.each = len(levels)
		}
		if one.Reader = reader(c.Model, c.Hidden); c.Dropout > 0 {
			one.Drop = &nn.Dropout{Rate: c.Dropout}
		}
		one.Straight = nn.Linear{Out: s.Horizon * one.each, Init: nn.Zeros}
		one.Head = nn.Linear{Out: s.Horizon * one.each, Init: nn.Zeros}
		m.Members = append(m.Members, one)
	}
	return m
}

// reader is the network that reads the past: an LSTM, or causal convolutions
// whose reach doubles.
//
// Source: Bai et al. 2018, "An empirical evaluation of generic convolutional and
// recurrent networks for sequence modeling", for the convolutions.
func reader(kind string, hidden int) nn.Layer {
	if kind == "lstm" {
		return &nn.LSTM{Hidden: hidden, ForgetBias: 1}
	}
	layers := nn.Sequential{&nn.Conv1D{Out: hidden, Kernel: 3, Causal: true, Act: nn.ReLU}}
	for _, d := range []int{2, 4, 8} {
		layers = append(layers, &causal{Conv: nn.Conv1D{Out: hidden, Kernel: 3, Causal: true, Dilation: d, Act: nn.ReLU}})
	}
	return &layers
}

// causal adds a causal convolution to what it was given.
type causal struct{ Conv nn.Conv1D }

// Forward convolves x and adds it.
func (l *causal) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return x.Add(p.Apply(x, &l.Conv))
}

// member is one network: a straight way from the last steps and the mean of all
// to the forecast, an autoregression, and what the reader adds to it, at first
// nothing.
//
// Source: Lai et al. 2018, "Modeling long- and short-term temporal patterns with
// deep neural networks", for the straight way.
type member struct {
	Straight nn.Linear
	Reader   nn.Layer
	Drop     *nn.Dropout
	Head     nn.Linear

	horizon, each, lags int
}

// Forward returns [N, Horizon, each].
func (m *member) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	n, t, c := x.Dim(0), x.Dim(1), x.Dim(2)
	short := tensor.Concat(1, x.Slice(1, t-m.lags, t).Reshape(n, m.lags*c), x.Mean(1))
	read := p.Apply(x, m.Reader).Index(1, t-1)
	if m.Drop != nil {
		read = p.Apply(read, m.Drop)
	}
	out := p.Apply(short, &m.Straight).Add(p.Apply(read, &m.Head)).Reshape(n, m.horizon, m.each)
	if m.each == 2 { // no band is e² times wider or narrower than what the curve leaves
		return tensor.Concat(2, out.Slice(2, 0, 1), out.Slice(2, 1, 2).Tanh().Scale(4))
	}
	return out
}

// Forward runs all members.
func (m *model) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	all := make([]tensor.Tensor, len(m.Members))
	for k, one := range m.Members {
		all[k] = p.Apply(x, one)
	}
	p.Param(&m.Bands, nn.Ones, m.Members[0].horizon)
	return tensor.Stack(1, all...)
}

// loss is that of one member.
func (m *model) loss() loss.Func {
	if m.says == "quantiles" {
		return loss.Quantile(levels...)
	}
	return loss.GaussianNLL
}

// objective is the mean loss of the members, each over the examples that are
// kept for it.
func (m *model) objective(p *nn.Pass, net *nn.Net, b data.Batch) tensor.Tensor {
	out, keep := net.Forward(p, b.X), b.More["keep"]
	one := m.loss()
	var sum tensor.Tensor
	for k := range m.Members {
		v := loss.Masked(one, out.Index(1, k), b.Y, keep.Index(1, k))
		if k == 0 {
			sum = v
		} else {
			sum = sum.Add(v)
		}
	}
	return sum.Scale(1 / float64(len(m.Members)))
}

// said is what one member, or all together, say of each step of a horizon: mean
// and deviation, in the window's scale.
type said struct{ mean, dev []float64 }

// read turns a row [Horizon, each] into means and deviations.
func (m *model) read(row []float32) said {
	each := m.Members[0].each
	s := said{}
	for ; len(row) > 0; row = row[each:] {
		if each == 2 {
			s.mean, s.dev = append(s.mean, float64(row[0])), append(s.dev, math.Exp(float64(row[1])/2))
		} else {
			s.mean, s.dev = append(s.mean, float64(row[1])), append(s.dev, max(1e-3, math.Abs(float64(row[2])-float64(row[0]))/(2*within)))
		}
	}
	return s
}

// joined is the mixture of what the members say: its mean and its deviation.
func joined(all []said) said {
	n := float64(len(all))
	out := said{mean: make([]float64, len(all[0].mean)), dev: make([]float64, len(all[0].mean))}
	for h := range out.mean {
		for _, s := range all {
			out.mean[h] += s.mean[h] / n
		}
		for _, s := range all {
			d := s.mean[h] - out.mean[h]
			out.dev[h] += (s.dev[h]*s.dev[h] + d*d) / n
		}
		out.dev[h] = math.Sqrt(out.dev[h])
	}
	return out
}

// askMost is how many views are shown to a network at once.
const askMost = 256

// ask shows views to the network: of each, what every member says.
func ask(net *nn.Net, m *model, s *source, views []*view) ([][]said, error) {
	var out [][]said
	for len(views) > 0 {
		some := views[:min(askMost, len(views))]
		views = views[len(some):]
		x := make([]float32, 0, len(some)*len(some[0].x))
		for _, v := range some {
			x = append(x, v.x...)
		}
		y, err := net.Predict(tensor.Of(x, len(some), s.Context, s.channels()))
		if err != nil {
			return nil, err
		}
		values, size := tensor.Data[float32](y), y.Dim(2)*y.Dim(3)
		for range some {
			var all []said
			for range m.Members {
				all, values = append(all, m.read(values[:size])), values[size:]
			}
			out = append(out, all)
		}
	}
	return out, nil
}
