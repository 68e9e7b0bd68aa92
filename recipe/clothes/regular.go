package clothes

import (
	"context"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/probe/signal"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/activations"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Regular are the settings that choose an activation, and of regularisation
// beyond what pictures are changed by.
type Regular struct {
	Activation  string  `json:"activation" help:"of the hidden layers; auto: by how far signals come before training" oneof:"sigmoid|tanh|relu|leaky-relu|elu|selu|gelu|silu|auto"`
	L1          float64 `json:"l1" help:"pull of the same length on every weight, which makes many exactly 0; with weight-decay: elastic net" min:"0" max:"10"`
	MaxNorm     float64 `json:"max-norm" help:"longest row of weights of a unit; 0: any" min:"0" max:"1e6"`
	Average     string  `json:"average" help:"weights in the end: the last (none), their moving average (ema), or the mean of the last quarter's epochs (swa)" oneof:"none|ema|swa"`
	InputNoise  float64 `json:"input-noise" help:"deviation of noise added to training pictures" min:"0" max:"10"`
	WeightNoise float64 `json:"weight-noise" help:"deviation of noise added to weights in training" min:"0" max:"1"`
	Calibrate   bool    `json:"calibrate" help:"fit a temperature on validation pictures in the end, so that confidence means what it says"`
}

// Usual is how those settings stand where nothing is asked for.
var Usual = Regular{Activation: "relu", Average: "none"}

// Size is the usual width and height of pictures of a user's own, in pixels.
const Size = 32

// Act is the activation of the hidden layers.
func (c *Config) Act() nn.Act {
	name := c.Activation
	if name == auto {
		name = c.picked()
	}
	if act, ok := activations.Named(name); ok {
		return act
	}
	return nn.ReLU
}

// auto is the activation that is measured.
const auto = "auto"

// Numbers of the signals that an activation is chosen by.
const (
	looked = 64 // pictures
	draws  = 3  // of the first weights
)

// settleAct measures activations, if that was asked for, and notes the one that
// signals pass best; nil if there was nothing to measure.
func (k *Kind) settleAct(c *Config, set data.Dataset) ([]signal.Rating, error) {
	if c.Activation != auto || c.picked() != "" {
		return nil, nil
	}
	x, err := some(set, looked)
	if err != nil {
		return nil, err
	}
	var all []signal.Choice
	for _, name := range activations.Names() {
		all = append(all, signal.Choice{Name: name, Build: func(seed uint64) (*nn.Net, []string, error) {
			with := *c
			with.Activation = name
			net, err := nn.Build(k.Network(&with), nn.Input(c.input()...), nn.Seed(c.Seed+seed-1))
			return net, k.Ends(&with), err
		}})
	}
	ratings, err := signal.Rank(x, draws, all)
	if err != nil {
		return nil, err
	}
	return ratings, c.pick(ratings[0].Name)
}

// some stacks n evenly spread pictures.
func some(set data.Dataset, n int) (tensor.Tensor, error) {
	var xs []tensor.Tensor
	for _, i := range spread(set.Len(), min(n, set.Len())) {
		e, err := set.At(i)
		if err != nil {
			return tensor.Tensor{}, err
		}
		xs = append(xs, e.X)
	}
	return tensor.Stack(0, xs...), nil
}

// tellPick has the task say what was picked, and why.
func tellPick(t *recipe.Task, ratings []signal.Rating) {
	var rows [][]string
	for _, r := range ratings {
		rows = append(rows, []string{r.Name, fmt.Sprintf("%.2f", r.Off), fmt.Sprintf("%.2g", math.Exp(r.Forward)), fmt.Sprintf("%.2g", math.Exp(r.Back))})
	}
	t.Measure = func(ctx context.Context) (*recipe.Measured, error) {
		m, err := recipe.Classify(ctx, t)
		if err == nil {
			m.Story = fmt.Sprintf("activation picked before training: %s", ratings[0].Name)
		}
		return m, err
	}
	t.Pages = func(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
		all, err := recipe.Classified(t, m)
		return append(all, report.Section{Title: "The activation, picked before training", Text: []string{
			fmt.Sprintf("%s: in this network, at its first weights, signals come furthest with it. %d pictures went forward and a random direction back; of the difference between pictures and of the gradient as much should arrive as set out, a factor of 1 each. The distance from that is |ln forward| + |ln back|, the mean over %d draws of the weights. limpid train activations tells how far to trust it.", ratings[0].Name, looked, draws),
		}, Body: []report.Figure{report.Table([]string{"activation", "distance", "difference of pictures ×", "gradient ×"}, rows)}}), err
	}
}

// around adds to a network what works on its input, its weights and its scores.
func (c *Config) around(model nn.Layer, last *nn.Temperature) nn.Layer {
	if c.Calibrate { // within, so that layers keep their places, and with them their first weights
		switch m := model.(type) {
		case *Network:
			m.Warmth = last
		case *nn.Sequential:
			*m = append(*m, last)
		}
	}
	if c.WeightNoise > 0 {
		model = &nn.WeightNoise{Layer: model, Std: c.WeightNoise}
	}
	if c.InputNoise > 0 {
		model = &nn.Sequential{&nn.GaussianNoise{Std: c.InputNoise}, model}
	}
	return model
}

// emaDecay is that of the moving average: over the last hundred steps or so.
const emaDecay = 0.99

// regularise sets what the settings ask for in a fit of so many steps.
func (c *Config) regularise(f *train.Config, last *nn.Temperature, steps int) {
	f.MaxNorm = c.MaxNorm
	if c.L1 > 0 {
		f.Optimizer = optim.Penalty{Rule: f.Optimizer, L1: c.L1}
	}
	switch c.Average {
	case "ema":
		f.Average = train.EMA(emaDecay)
	case "swa":
		each := steps / max(1, f.Epochs)
		f.Average = train.SWA((f.Epochs-max(1, f.Epochs/4)+1)*each, each)
	}
	if c.Calibrate {
		f.Calibrate = last
	}
}
