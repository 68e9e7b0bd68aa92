package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// anyRule draws an optimiser.
func anyRule(t *rapid.T) optim.Rule {
	lr := rapid.Float64Range(1e-4, 0.1).Draw(t, "rate")
	return rapid.SampledFrom([]optim.Rule{
		optim.SGD{LR: lr}, optim.SGD{LR: lr, Momentum: 0.9, Nesterov: true}, optim.Adam{LR: lr}, optim.AdamW{LR: lr, Decay: 0.1},
		optim.RMSprop{LR: lr, Momentum: 0.5, Centered: true}, optim.Adagrad{LR: lr}, optim.Adadelta{LR: lr},
		optim.Penalty{Rule: optim.Adam{LR: lr}, L1: 1e-3, L2: 1e-3},
	}).Draw(t, "rule")
}

// anyNet draws a network of linear layers.
func anyNet(t *rapid.T, in, out int, o ...nn.Option) *nn.Net {
	var s nn.Sequential
	for range rapid.IntRange(0, 3).Draw(t, "layers") {
		s = append(s, &nn.Linear{Out: rapid.IntRange(1, 200).Draw(t, "width"), Act: nn.Tanh, NoBias: rapid.Bool().Draw(t, "no bias")})
	}
	s = append(s, &nn.Linear{Out: out})
	return must(nn.Build(&s, append(o, nn.Input(in), nn.Seed(rapid.Uint64().Draw(t, "seed")))...))
}

// TestPartsAddUp: a step on n equal parts is a step on the whole.
func TestPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts, each, in := rapid.IntRange(1, 6).Draw(t, "parts"), rapid.IntRange(1, 5).Draw(t, "each"), rapid.IntRange(1, 20).Draw(t, "in")
		net := anyNet(t, in, 2, nn.Float64)
		start := net.Weights()
		n := parts * each
		x, y := normal(1, n, in).To(tensor.Float64), normal(2, n, 2).To(tensor.Float64)
		move := func(parts int) nn.Weights {
			for _, p := range net.Params() {
				p.Set(start[p.Path()])
			}
			u := NewUpdater(net, optim.SGD{LR: 0.1})
			u.Workers = rapid.IntRange(0, 4).Draw(t, "workers")
			w := n / parts
			must(u.StepN(parts, func(p *nn.Pass, k int) T {
				return loss.MSE(net.Forward(p, x.Slice(0, k*w, k*w+w)), y.Slice(0, k*w, k*w+w))
			}))
			return net.Weights()
		}
		whole, sum := move(1), move(parts)
		for path := range start {
			if d := whole[path].Sub(sum[path]).Abs().Max().Item(); !(d <= 1e-12) {
				t.Fatalf("%s is off by %g", path, d)
			}
		}
	})
}

// TestClippingBoundsTheStep: with SGD at rate 1, a step is as long as the
// clipped gradient.
func TestClippingBoundsTheStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		net := anyNet(t, 5, 2)
		u := NewUpdater(net, optim.SGD{LR: 1})
		u.Clip = rapid.Float64Range(1e-3, 10).Draw(t, "clip")
		u.ClipValue = rapid.SampledFrom([]float64{0, 1e-3, 1}).Draw(t, "value")
		var norm float64
		u.Observe(ObserverFunc(func(_ *Updater, e Event) error { norm = e.(StepDone).GradNorm; return nil }))
		before := net.Weights()
		x, y := normal(1, 8, 5), normal(2, 8, 2).Scale(rapid.Float64Range(0.1, 100).Draw(t, "far"))
		must(u.Step(func(p *nn.Pass) T { return loss.MSE(net.Forward(p, x), y) }))
		square, top := 0.0, 0.0
		for path, w := range net.Weights() {
			d := w.Sub(before[path])
			square += d.Square().Sum().Item()
			top = max(top, d.Abs().Max().Item())
		}
		length := math.Sqrt(square)
		if length > u.Clip*1.001 || u.ClipValue > 0 && top > u.ClipValue*1.001+1e-6 {
			t.Errorf("the step is %g long, %g at most; clip %g, %g", length, top, u.Clip, u.ClipValue)
		}
		if want := min(norm, u.Clip); u.ClipValue == 0 && math.Abs(length-want) > 1e-3*want+1e-5 {
			t.Errorf("the step is %g long, want %g", length, want)
		}
	})
}

// TestChunksCoverEveryWeightOnce, in whatever layers they are and whatever is
// frozen.
func TestChunksCoverEveryWeightOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := NewUpdater(anyNet(t, rapid.IntRange(1, 300).Draw(t, "in"), 3), anyRule(t))
		if rapid.Bool().Draw(t, "freeze") {
			if err := u.Freeze("0.*"); err != nil {
				t.Fatal(err)
			}
		}
		u.plan()
		next := map[*param]int{}
		for _, chunk := range u.sweep.chunks {
			size := 0
			for _, c := range chunk {
				if c.from != next[c.p] || c.to <= c.from {
					t.Fatalf("%s: a piece from %d to %d, want one from %d", c.p.name, c.from, c.to, next[c.p])
				}
				next[c.p] = c.to
				size += c.to - c.from
				if len(c.slots) != c.rule.Slots() {
					t.Fatalf("%d slots, want %d", len(c.slots), c.rule.Slots())
				}
			}
			if size > chunkSize {
				t.Fatalf("a chunk of %d", size)
			}
		}
		for i, p := range u.params {
			if want := p.value.Len(); u.learns(i) && next[p] != want || !u.learns(i) && next[p] != 0 {
				t.Fatalf("%s: %d of %d weights are covered", p.name, next[p], want)
			}
		}
	})
}

// TestCheckpointsBringBackEverything, for any network, rule and history.
func TestCheckpointsBringBackEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir := must(os.MkdirTemp("", ""))
		defer os.RemoveAll(dir)
		net, rule := anyNet(t, 4, 2), anyRule(t)
		first := net.Weights()
		x, y := normal(1, 6, 4), normal(2, 6, 2)
		steps := func(u *Updater, n int) {
			for range n {
				must(u.Step(func(p *nn.Pass) T { return loss.MSE(u.Net.Forward(p, x), y) }))
			}
		}
		before, after := rapid.IntRange(0, 4).Draw(t, "before"), rapid.IntRange(1, 3).Draw(t, "after")
		u := NewUpdater(net, rule)
		steps(u, before)
		if rapid.Bool().Draw(t, "freeze") {
			if err := errors.Join(u.Freeze("0.weight"), u.Rate("*", 0.3)); err != nil {
				t.Fatal(err)
			}
		}
		if err := (&Checkpoint{Dir: dir, Updaters: []*Updater{u}}).Save(); err != nil {
			t.Fatal(err)
		}
		steps(u, after) // the last layer's bias learns in any case
		want := snapshot(u)
		for _, p := range net.Params() {
			p.Set(first[p.Path()])
		}
		v := NewUpdater(net, rule)
		if found, err := (&Checkpoint{Dir: dir, Updaters: []*Updater{v}}).Restore(); !found || err != nil {
			t.Fatal(found, err)
		}
		steps(v, after)
		if snapshot(v) != want {
			t.Fatal("other bits")
		}
	})
}

// TestAnyInterruptionsComeToTheSame: a run that is cancelled again and again,
// wherever, ends as one that is not.
func TestAnyInterruptionsComeToTheSame(t *testing.T) {
	build := func() *nn.Net {
		return must(nn.Build(&nn.Sequential{&nn.Linear{Out: 6}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Dropout{Rate: 0.2}, &nn.Linear{Out: 2}}, nn.Input(2), nn.Seed(1)))
	}
	rapid.Check(t, func(t *rapid.T) {
		c := basic()
		c.Data, c.Validate = spirals(1, rapid.IntRange(20, 60).Draw(t, "examples")), spirals(2, 20)
		c.Batch, c.Every = rapid.IntRange(5, 30).Draw(t, "batch"), rapid.IntRange(0, 9).Draw(t, "every")
		c.DropLast = rapid.Bool().Draw(t, "drop last") && c.Data.Len() >= c.Batch
		c.Optimizer = anyRule(t)
		observe := func(more ...Observer) []Observer {
			return append([]Observer{EMA(0.9), EarlyStop("accuracy", 2)}, more...)
		}
		c.Dir, c.Observers = must(os.MkdirTemp("", "")), observe()
		defer os.RemoveAll(c.Dir)
		whole := build()
		want := must(Fit(context.Background(), whole, c))
		log := logged(filepath.Join(c.Dir, run.EventsFile))
		c.Dir = filepath.Join(c.Dir, "again")
		for {
			stop := rapid.IntRange(1, 8).Draw(t, "steps")
			ctx, cancel := context.WithCancel(context.Background())
			c.Observers = observe(ObserverFunc(func(_ *Updater, e Event) error {
				if stop--; isStep(e) && stop <= 0 {
					cancel()
				}
				return nil
			}))
			net := build()
			res, err := Fit(ctx, net, c)
			cancel()
			if errors.Is(err, context.Canceled) {
				continue
			}
			if err != nil || !sameWeights(net, whole) || res.Best != want.Best || res.Loss != want.Loss || logged(filepath.Join(c.Dir, run.EventsFile)) != log {
				t.Fatalf("%v: %+v, want %+v, or other bits", err, res, want)
			}
			return
		}
	})
}
