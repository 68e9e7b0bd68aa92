package anomaly

import (
	"math"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// model is a sequence auto-encoder: it squeezes a stretch, and the one before,
// into a few numbers, and unrolls what the hidden column should be from them.
//
//	x    [N, 2·Window, channels]
//	out  [N, Window, 2]: mean and log variance
//
// Source: Malhotra et al. 2016, "LSTM-based encoder-decoder for multi-sensor
// anomaly detection"; Vincent et al. 2008, "Extracting and composing robust
// features with denoising autoencoders", for the hidden column.
type model struct {
	Encoder nn.Layer
	Code    nn.Linear
	Decoder nn.Layer
	Out     nn.Linear
	// Alarm is found after training, on the validation part: the score from which
	// on a stretch is suspicious, and which of the poolings makes the score.
	Alarm nn.Param

	window, dates int
}

func newModel(c *Config, s *source) *model {
	m := &model{window: s.Window, dates: calendar.Size(), Code: nn.Linear{Out: c.Code, Act: nn.Tanh}, Out: nn.Linear{Out: 2}}
	if c.Model == "lstm" {
		m.Encoder, m.Decoder = &nn.LSTM{Hidden: c.Hidden, ForgetBias: 1}, &nn.LSTM{Hidden: c.Hidden, Bidirectional: true, ForgetBias: 1}
		return m
	}
	m.Encoder, m.Decoder = convolutions(c.Hidden, true), convolutions(c.Hidden, false)
	return m
}

// convolutions see ever more: causal ones what came before, others both sides.
func convolutions(hidden int, causal bool) nn.Layer {
	var all nn.Sequential
	for _, d := range []int{1, 2, 4, 8} {
		l := &nn.Conv1D{Out: hidden, Kernel: 3, Dilation: d, Act: nn.ReLU}
		if l.Causal = causal; !causal {
			l.Pad = nn.Same
		}
		all = append(all, l)
	}
	return &all
}

// Forward says what the hidden column should be.
func (m *model) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	n, t := x.Dim(0), x.Dim(1)
	p.Param(&m.Alarm, nn.Zeros, 2)
	read := p.Apply(x, m.Encoder)
	code := p.Apply(tensor.Concat(1, read.Index(1, t-1), read.Mean(1)), &m.Code)
	dates := x.Slice(2, x.Dim(2)-m.dates, x.Dim(2)).Slice(1, t-m.window, t)
	place := tensor.Arange(m.window).To(x.DType()).Scale(2/float64(m.window)).Shift(-1).Reshape(1, m.window, 1).BroadcastTo(n, m.window, 1)
	in := tensor.Concat(2, code.Unsqueeze(1).BroadcastTo(n, m.window, code.Dim(1)), dates, place)
	out := p.Apply(p.Apply(in, m.Decoder), &m.Out)
	return tensor.Concat(2, out.Slice(2, 0, 1), out.Slice(2, 1, 2).Tanh().Scale(5))
}

// said is what the network says of each step of a stretch, scaled.
type said struct{ mean, dev []float64 }

// askMost is how many stretches are shown at once.
const askMost = 256

// ask shows stretches, as look writes them, to the network.
func (l *lesson) ask(all [][]float32) ([]said, error) {
	var out []said
	for len(all) > 0 {
		some := all[:min(askMost, len(all))]
		all = all[len(some):]
		var x []float32
		for _, v := range some {
			x = append(x, v...)
		}
		y, err := l.net.Predict(tensor.Of(x, len(some), 2*l.Window, l.channels()))
		if err != nil {
			return nil, err
		}
		values := tensor.Data[float32](y)
		for range some {
			var s said
			for range l.Window {
				s.mean, s.dev = append(s.mean, float64(values[0])), append(s.dev, math.Exp(float64(values[1])/2))
				values = values[2:]
			}
			out = append(out, s)
		}
	}
	return out, nil
}
