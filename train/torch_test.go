package train

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// torchCases are the runs of testdata/torch/make.py.
var torchCases = map[string]struct {
	rule  optim.Rule
	set   func(u *Updater) error
	parts int
	ema   float64
}{
	"clip":       {rule: optim.SGD{LR: 0.1, Momentum: 0.9}, set: func(u *Updater) error { u.Clip = 0.5; return nil }},
	"clip value": {rule: optim.SGD{LR: 0.1, Momentum: 0.9, Nesterov: true}, set: func(u *Updater) error { u.ClipValue = 0.2; return nil }},
	"both":       {rule: optim.Adam{LR: 0.1}, set: func(u *Updater) error { u.Clip, u.ClipValue = 0.3, 0.2; return nil }},
	"parts":      {rule: optim.AdamW{LR: 0.05, Decay: 0.1}, parts: 4},
	"groups":     {rule: optim.Adam{LR: 0.05}, set: func(u *Updater) error { return u.Rate("0.*", 0.1) }},
	"schedule": {rule: optim.RMSprop{LR: 0.05}, set: func(u *Updater) error {
		u.Schedule = func(s int) float64 { return 1 / float64(s+1) }
		return nil
	}},
	"ema": {rule: optim.SGD{LR: 0.1}, ema: 0.7},
}

func TestStepsAgreeWithPyTorch(t *testing.T) {
	golden, _, err := safetensors.ReadFile("testdata/torch/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range torchCases {
		net := build(t, &nn.Sequential{&nn.Linear{Out: 5, Act: nn.Tanh}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Float64)
		for _, p := range net.Params() {
			p.Set(golden["start/"+p.Path()])
		}
		u := NewUpdater(net, c.rule)
		if c.set != nil {
			if err := c.set(u); err != nil {
				t.Fatal(err)
			}
		}
		avg := EMA(c.ema)
		u.Observe(avg)
		for i := range 6 {
			x, y := golden["x"].Index(0, i), golden["y"].Index(0, i)
			n := max(c.parts, 1)
			if _, err := u.StepN(n, func(p *nn.Pass, k int) T {
				return loss.MSE(net.Forward(p, x.Slice(0, k*8/n, (k+1)*8/n)), y.Slice(0, k*8/n, (k+1)*8/n))
			}); err != nil {
				t.Fatal(err)
			}
		}
		got := net.Weights()
		if c.ema > 0 {
			got = avg.Weights()
		}
		for path, w := range got {
			want := golden[name+"/"+path]
			tol := 1e-12
			if strings.HasPrefix(name, "clip") || name == "both" {
				tol = 1e-5 // PyTorch adds 1e-6 to the length
			}
			if d := tensor.Data[float64](w.Sub(want).Abs().Max())[0]; !(d <= tol) || math.IsNaN(d) {
				t.Errorf("%s: %s is off by %g", name, path, d)
			}
		}
	}
}
