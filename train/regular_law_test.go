package train

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// Whatever step SWA begins with and however many lie between, its weights are
// the mean of those that were there.
func TestSWAIsTheMeanOfWhatItTook(t *testing.T) {
	x, y := normal(1, 6, 3), normal(2, 6, 2)
	rapid.Check(t, func(r *rapid.T) {
		from, every, steps := rapid.IntRange(-1, 6).Draw(r, "from"), rapid.IntRange(1, 4).Draw(r, "every"), rapid.IntRange(1, 9).Draw(r, "steps")
		net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 4, Act: nn.Tanh}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Float64)
		if err != nil {
			r.Fatal(err)
		}
		u := NewUpdater(net, optim.SGD{LR: 0.3})
		avg := SWA(from, every)
		u.Observe(avg)
		sums, n := map[string][]float64{}, 0.0
		for step := 1; step <= steps; step++ {
			if _, err := u.Step(func(p *nn.Pass) T { return loss.MSE(net.Forward(p, x.To(tensor.Float64)), y.To(tensor.Float64)) }); err != nil {
				r.Fatal(err)
			}
			if first := max(from, 1); step < first || (step-first)%every != 0 {
				continue
			}
			n++
			for name, w := range net.Weights() {
				if sums[name] == nil {
					sums[name] = make([]float64, w.Len())
				}
				for i, v := range tensor.Data[float64](w) {
					sums[name][i] += v
				}
			}
		}
		got := avg.Weights()
		if (got == nil) != (n == 0) {
			r.Fatalf("%d weights after %g were to be taken in", len(got), n)
		}
		for name, w := range got {
			for i, v := range tensor.Data[float64](w) {
				if math.Abs(v-sums[name][i]/n) > 1e-12 {
					r.Fatalf("%s[%d] is %g, the mean %g", name, i, v, sums[name][i]/n)
				}
			}
		}
	})
}

// Reestimate's statistics are the means over batches of each batch's own, of
// the layer's input as it then is: the second layer's too.
func TestReestimateByHand(t *testing.T) {
	for _, wide := range []bool{false, true} {
		var o []nn.Option
		kind := tensor.Float32
		if wide {
			o, kind = append(o, nn.Float64), tensor.Float64
		}
		first, second := &nn.BatchNorm{NoAffine: true}, &nn.BatchNorm{Momentum: 0.7}
		net := build(t, &nn.Sequential{first, &nn.Dropout{Rate: 0.5}, &nn.Linear{Out: 3}, second}, append(o, nn.Input(2))...)
		x := normal(4, 21, 2).Scale(3).Shift(1).To(kind)
		set := data.FromTensors(x, labels(1, 21, 3))
		if err := Reestimate(t.Context(), net, data.Loader{Data: set, Batch: 8}); err != nil {
			t.Fatal(err)
		}
		weight, bias := net.Params()[0].Value(), net.Params()[1].Value()
		var mean, variance, mean2 T
		for i, span := range [][2]int{{0, 8}, {8, 16}, {16, 21}} {
			part := x.Slice(0, span[0], span[1])
			n := float64(span[1] - span[0])
			m, v := part.Mean(0), part.Var(0)
			z := part.Sub(m).Div(v.Shift(1e-5).Sqrt()).MatMul(weight.T()).Add(bias)
			if i == 0 {
				mean, variance, mean2 = m.Scale(0), v.Scale(0), z.Mean(0).Scale(0)
			}
			mean, variance, mean2 = mean.Add(m.Scale(1./3)), variance.Add(v.Scale(n/(n-1)/3)), mean2.Add(z.Mean(0).Scale(1./3))
		}
		for what, pair := range map[string][2]T{"mean": {first.RunningMean.Value(), mean}, "variance": {first.RunningVar.Value(), variance}, "second mean": {second.RunningMean.Value(), mean2}} {
			if d := pair[0].Sub(pair[1]).Abs().Max().Item(); d > 1e-5 {
				t.Errorf("wide %v: %s is off by %g", wide, what, d)
			}
		}
	}
}

// Measuring statistics anew leaves weights alone and says the same again, and
// training goes on with the layer's own momentum.
func TestReestimateTwice(t *testing.T) {
	net := build(t, &nn.Sequential{&nn.Linear{Out: 4}, &nn.BatchNorm{Momentum: 0.25}, &nn.Linear{Out: 3}}, nn.Input(2))
	set := data.FromTensors(normal(1, 30, 2), labels(2, 30, 3))
	if err := Reestimate(t.Context(), net, data.Loader{Data: set, Batch: 10}); err != nil {
		t.Fatal(err)
	}
	before := net.Weights()
	if err := Reestimate(t.Context(), net, data.Loader{Data: set, Batch: 10}); err != nil {
		t.Fatal(err)
	}
	for name, w := range net.Weights() {
		if w.Sub(before[name]).Abs().Max().Item() > 1e-6 {
			t.Errorf("%s has changed", name)
		}
	}
	x := normal(5, 10, 2)
	var batch T
	if err := net.Do(func(p *nn.Pass) error {
		net.Forward(p, x)
		v, _ := p.Value("0")
		batch = v.Mean(0).Keep()
		return nil
	}, nn.Remember("0")); err != nil {
		t.Fatal(err)
	}
	stepOn(t, NewUpdater(net, optim.SGD{LR: 1e-30}), x, labels(3, 10, 3))()
	want := before["1.running_mean"].Scale(.75).Add(batch.Scale(.25))
	if d := net.Weights()["1.running_mean"].Sub(want).Abs().Max().Item(); d > 1e-5 {
		t.Errorf("after a step the running mean is off by %g", d)
	}
}

// No row is ever longer than MaxNorm, and one that was not is as the rule left
// it.
func TestMaxNormKeepsShortRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		longest := rapid.Float64Range(.05, 3).Draw(r, "longest")
		seed := rapid.Uint64().Draw(r, "seed")
		step := func(bound float64) T {
			net, err := nn.Build(&nn.Conv2D{Out: 3, Kernel: 2}, nn.Input(4, 4, 2), nn.Seed(seed))
			if err != nil {
				r.Fatal(err)
			}
			u := NewUpdater(net, optim.SGD{LR: 0.05})
			u.MaxNorm = bound
			if _, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, normal(seed, 2, 4, 4, 2)).Square().Mean() }); err != nil {
				r.Fatal(err)
			}
			return net.Params()[0].Value().Reshape(3, -1).Keep()
		}
		free, bound := step(0), step(longest)
		for i := range 3 {
			was, is := free.Index(0, i), bound.Index(0, i)
			long := was.Norm().Item()
			want := was.Scale(min(1, longest/long))
			if d := is.Sub(want).Abs().Max().Item(); d > 1e-6*max(1, long) {
				r.Fatalf("row %d, %g long before, is off by %g", i, long, d)
			}
		}
	})
}
