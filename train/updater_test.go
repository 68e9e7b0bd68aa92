package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// snapshot is everything that a step may change.
func snapshot(u *Updater) string {
	var b strings.Builder
	fmt.Fprint(&b, u.steps)
	for i, name := range nets.Names(u.Net) {
		fmt.Fprint(&b, name, elements(nets.Value(u.Net, i)))
	}
	for _, p := range u.params {
		fmt.Fprint(&b, p.steps)
		for _, s := range p.slots {
			fmt.Fprint(&b, elements(s))
		}
	}
	return b.String()
}

func elements(t T) any {
	if t.DType() == tensor.Float64 {
		return tensor.Data[float64](t)
	}
	return tensor.Data[float32](t)
}

// busy is a network with all that depends on more than its weights.
func busy(t testing.TB) *nn.Net {
	return build(t, &nn.Sequential{
		&nn.Linear{Out: 40}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Dropout{Rate: 0.3}, &nn.Linear{Out: 30, Act: nn.Tanh}, &nn.Linear{Out: 3},
	}, nn.Input(20), nn.Seed(1))
}

func TestBitsDoNotDependOnWorkersOrThreads(t *testing.T) {
	x, y := normal(1, 48, 20), labels(2, 48, 3)
	run := func(parts, workers, threads int) string {
		par.SetWorkers(threads)
		defer par.SetWorkers(0)
		net := busy(t)
		u := NewUpdater(net, optim.Adam{LR: 0.01})
		u.Workers, u.Clip = workers, 0.1
		for range 4 {
			must(u.StepN(parts, func(p *nn.Pass, k int) T {
				w := 48 / parts
				return loss.CrossEntropy(net.Forward(p, x.Slice(0, k*w, k*w+w)), y.Slice(0, k*w, k*w+w))
			}))
		}
		return snapshot(u)
	}
	for _, parts := range []int{1, 3, 6} {
		want := run(parts, 1, 1)
		for _, c := range [][2]int{{1, 3}, {2, 1}, {2, 2}, {3, 7}, {8, 2}} {
			if run(parts, c[0], c[1]) != want {
				t.Errorf("%d parts: %d workers on %d threads give other bits", parts, c[0], c[1])
			}
		}
	}
}

// TestChunksOfAllSizes has parameters below, at and above the size of a chunk.
func TestChunksOfAllSizes(t *testing.T) {
	for _, in := range []int{1, 3, 127, 128, 129, 511} {
		run := func(threads int) string {
			par.SetWorkers(threads)
			defer par.SetWorkers(0)
			u := NewUpdater(build(t, &nn.Sequential{&nn.Linear{Out: 128, Act: nn.ReLU}, &nn.Linear{Out: 2}}, nn.Input(in)), optim.SGD{LR: 0.1, Momentum: 0.9})
			step := stepOn(t, u, normal(1, 4, in), labels(2, 4, 2))
			step()
			for _, c := range u.sweep.chunks[:len(u.sweep.chunks)-1] {
				size := 0
				for _, p := range c {
					size += p.to - p.from
				}
				if size != chunkSize {
					t.Errorf("%d inputs: a chunk of %d", in, size)
				}
			}
			step()
			return snapshot(u)
		}
		if run(1) != run(3) {
			t.Errorf("%d inputs: bits depend on threads", in)
		}
	}
}

func TestAFailedStepChangesNothing(t *testing.T) {
	x, y := normal(1, 16, 20), labels(2, 16, 3)
	net := busy(t)
	u := NewUpdater(net, optim.Adam{LR: 0.01})
	good := func(p *nn.Pass) T { return loss.CrossEntropy(net.Forward(p, x), y) }
	must(u.Step(good))
	before := snapshot(u)
	boom := errors.New("the line is down")
	for name, c := range map[string]struct {
		f    func(p *nn.Pass) T
		set  func()
		want string
	}{
		"no scalar":     {f: func(p *nn.Pass) T { return net.Forward(p, x) }, want: "scalar"},
		"a wrong shape": {f: func(p *nn.Pass) T { good(p); return x.MatMul(x) }, want: "MatMul"},
		"in a layer":    {f: func(p *nn.Pass) T { return net.Forward(p, x.Slice(1, 0, 3)).Sum() }, want: "0 (nn.Linear)"},
		"NaN":           {f: func(p *nn.Pass) T { return good(p).Scale(math.NaN()) }, want: "diverged"},
		"infinite":      {f: func(p *nn.Pass) T { return good(p).Scale(math.Inf(1)) }, want: "diverged"},
		"a constant":    {f: func(p *nn.Pass) T { good(p); return x.Sum() }, want: "reaches no parameter"},
		"nothing":       {f: func(p *nn.Pass) T { good(p); return T{} }, want: "tensor"},
		"detached":      {f: func(p *nn.Pass) T { return good(p).Detach() }, want: "reaches no parameter"},
		"kept":          {f: func(p *nn.Pass) T { return good(p).Keep() }, want: "reaches no parameter"},
		"reduce":        {f: good, set: func() { u.Reduce = func([]T) error { return boom } }, want: "the line is down"},
		"other shape":   {f: good, set: func() { u.Reduce = func(g []T) error { g[0] = x; return nil } }, want: "gradient of 0.weight"},
		"schedule":      {f: good, set: func() { u.Schedule = func(int) float64 { return math.NaN() } }, want: "factor NaN for step 1"},
		"clip":          {f: good, set: func() { u.Clip = -1 }, want: "Clip is -1"},
	} {
		if c.set != nil {
			c.set()
		}
		_, err := u.Step(c.f)
		u.Reduce, u.Schedule, u.Clip = nil, nil, 0
		wantErr(t, err, c.want)
		if snapshot(u) != before {
			t.Fatalf("%s: the step changed something", name)
		}
	}
	if _, err := u.StepN(0, nil); err == nil {
		t.Error("a step of no part")
	}
	// What is no *tensor.Error is a bug of the program, and passes through.
	func() {
		defer func() {
			if recover() != "a bug" {
				t.Error("the panic was lost")
			}
		}()
		u.Step(func(p *nn.Pass) T { good(p); panic("a bug") })
	}()
	if snapshot(u) != before {
		t.Error("a panic changed something")
	}
	must(u.Step(good))
}

func TestPartsThatFail(t *testing.T) {
	x, y := normal(1, 16, 20), labels(2, 16, 3)
	net := busy(t)
	u := NewUpdater(net, optim.Adam{LR: 0.01})
	u.Workers = 3
	part := func(p *nn.Pass, k int) T { return loss.CrossEntropy(net.Forward(p, x), y) }
	must(u.StepN(4, part))
	before := snapshot(u)
	_, err := u.StepN(4, func(p *nn.Pass, k int) T {
		if k == 2 {
			tensor.Fail("mine", "part %d is bad", k)
		}
		return part(p, k)
	})
	wantErr(t, err, "part 2 is bad")
	func() {
		defer func() {
			if recover() != "a bug" {
				t.Error("the panic was lost")
			}
		}()
		u.StepN(4, func(p *nn.Pass, k int) T {
			if k == 1 {
				panic("a bug")
			}
			return part(p, k)
		})
	}()
	if snapshot(u) != before {
		t.Error("a failed part changed something")
	}
	must(u.StepN(4, part))
}

func TestStepsDoNotNest(t *testing.T) {
	net := busy(t)
	u := NewUpdater(net, optim.SGD{LR: 0.1})
	x := normal(1, 4, 20)
	var inner error
	must(u.Step(func(p *nn.Pass) T {
		_, inner = u.Step(func(p *nn.Pass) T { return net.Forward(p, x).Mean() })
		return net.Forward(p, x).Mean()
	}))
	wantErr(t, inner, "runs already")
	if u.Steps() != 1 {
		t.Errorf("%d steps", u.Steps())
	}
}

func TestWhatALossDoesNotReachStays(t *testing.T) {
	net := build(t, &nn.Sequential{&nn.Linear{Out: 3}, &nn.Linear{Out: 2}}, nn.Input(2))
	u := NewUpdater(net, optim.AdamW{LR: 0.1, Decay: 0.5})
	w := func(i int) any { return elements(net.Params()[i].Value()) }
	before0, before2 := w(0), w(2)
	must(u.Step(func(p *nn.Pass) T { return p.Params()[0].Square().Mean() }))
	if fmt.Sprint(w(0)) == fmt.Sprint(before0) || fmt.Sprint(w(2)) != fmt.Sprint(before2) {
		t.Error("only what the loss reaches moves, decay included")
	}
	if u.params[0].steps != 1 || u.params[2].steps != 0 {
		t.Error("a parameter counts its own updates: Adam's correction rests on them")
	}
}

func TestFrozenRatedAndRuled(t *testing.T) {
	x, y := normal(1, 8, 3), normal(2, 8, 2)
	moved := func(set func(u *Updater) error) (size [4]float64) {
		net := build(t, &nn.Sequential{&nn.Linear{Out: 4, Act: nn.Tanh}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Seed(3))
		u := NewUpdater(net, optim.SGD{LR: 0.1})
		if err := set(u); err != nil {
			t.Fatal(err)
		}
		old := net.Weights()
		stepOn(t, u, x, y)()
		for i, p := range net.Params() {
			size[i] = p.Value().Sub(old[p.Path()]).Norm().Item()
		}
		return size
	}
	plain := moved(func(*Updater) error { return nil })
	for name, c := range map[string]struct {
		set    func(u *Updater) error
		factor [4]float64
	}{
		"freeze":      {func(u *Updater) error { return u.Freeze("0.*") }, [4]float64{0, 0, 1, 1}},
		"freeze bias": {func(u *Updater) error { return u.Freeze("*bias") }, [4]float64{1, 0, 1, 0}},
		"thaw":        {func(u *Updater) error { return errors.Join(u.Freeze("*"), u.Thaw("1.weight")) }, [4]float64{0, 0, 1, 0}},
		"rate":        {func(u *Updater) error { return errors.Join(u.Rate("*", 0.5), u.Rate("1.*", 3)) }, [4]float64{.5, .5, 3, 3}},
		"rule":        {func(u *Updater) error { return u.Rule("1.*", optim.SGD{LR: 0.4}) }, [4]float64{1, 1, 4, 4}},
		"rule, rate":  {func(u *Updater) error { return errors.Join(u.Rule("1.*", optim.SGD{LR: 0.4}), u.Rate("1.bias", 0)) }, [4]float64{1, 1, 4, 0}},
	} {
		got := moved(c.set)
		for i := range got {
			if want := plain[i] * c.factor[i]; math.Abs(got[i]-want) > 1e-5*want {
				t.Errorf("%s: parameter %d moved by %g, want %g", name, i, got[i], want)
			}
		}
	}
}

func TestMistakesOfAnUpdater(t *testing.T) {
	net := busy(t)
	wide := build(t, &nn.Linear{Out: 1}, nn.Input(2), nn.Float64)
	u := NewUpdater(net, optim.SGD{LR: 0.1})
	wantErr(t, u.Freeze("nope.*"), "no parameter matches", "0.weight")
	wantErr(t, u.Thaw("nope.*"), "no parameter matches")
	wantErr(t, u.Rate("nope", 1), "no parameter matches")
	wantErr(t, u.Rate("1.running_mean", 1), "no parameter matches")
	wantErr(t, u.Rate("*", math.NaN()), "NaN")
	wantErr(t, u.Rate("*", -1), "-1")
	wantErr(t, u.Rule("nope", optim.SGD{LR: 1}), "no parameter matches")
	wantErr(t, u.Rule("*", nil), "optimiser is missing")
	wantErr(t, u.Freeze("["), "syntax error")
	for name, c := range map[string]struct {
		u    *Updater
		want string
	}{
		"no network": {NewUpdater(nil, optim.SGD{LR: 1}), "network is nil"},
		"no rule":    {NewUpdater(net, nil), "optimiser is missing"},
		"NaN":        {NewUpdater(net, optim.SGD{LR: math.NaN()}), "learning rate"},
		"negative":   {NewUpdater(net, optim.SGD{LR: -1}), "learning rate"},
		"no float64": {NewUpdater(wide, narrowRule{}), "Update64"},
	} {
		_, err := c.u.Step(func(p *nn.Pass) T { return net.Forward(p, normal(1, 4, 20)).Mean() })
		if wantErr(t, err, c.want); t.Failed() {
			t.Fatal(name)
		}
	}
	bad := NewUpdater(net, optim.SGD{LR: 0.1})
	bad.Observe(EMA(1))
	_, err := bad.Step(func(p *nn.Pass) T { return net.Forward(p, normal(1, 4, 20)).Mean() })
	wantErr(t, err, "decay is 1")
	if err := u.Freeze("*"); err != nil {
		t.Fatal(err)
	}
	_, err = u.Step(func(p *nn.Pass) T { return net.Forward(p, normal(1, 4, 20)).Mean() })
	wantErr(t, err, "every parameter is frozen")
}

// narrowRule is a rule of one's own, for float32 only.
type narrowRule struct{}

func (narrowRule) Slots() int    { return 0 }
func (narrowRule) Rate() float64 { return 0.5 }
func (narrowRule) Update(w, g []float32, _ [][]float32, _ int, lr float64) {
	for i := range w {
		w[i] -= float32(lr) * g[i]
	}
}

func TestARuleOfOnesOwn(t *testing.T) {
	run := func(r optim.Rule) string {
		u := NewUpdater(busy(t), r)
		stepOn(t, u, normal(1, 8, 20), labels(2, 8, 3))()
		return snapshot(u)
	}
	if run(narrowRule{}) != run(optim.SGD{LR: 0.5}) {
		t.Error("it does not do what SGD does")
	}
}

func TestReduce(t *testing.T) {
	run := func(set func(u *Updater)) string {
		net := busy(t)
		u := NewUpdater(net, optim.Adam{LR: 0.01})
		set(u)
		stepOn(t, u, normal(1, 8, 20), labels(2, 8, 3))()
		return snapshot(u)
	}
	plain := run(func(*Updater) {})
	shapes := 0
	same := run(func(u *Updater) {
		u.Reduce = func(g []T) error {
			for i, p := range u.Net.Params() {
				if slices.Equal(g[i].Shape(), p.Value().Shape()) {
					shapes++
				}
			}
			return nil
		}
	})
	if same != plain || shapes != 8 {
		t.Errorf("Reduce that does nothing changes the step, or saw %d good gradients", shapes)
	}
	replaced := run(func(u *Updater) {
		u.Reduce = func(g []T) error {
			for i := range g {
				g[i] = g[i].Scale(2).Scale(0.5)
			}
			return nil
		}
	})
	if replaced != plain {
		t.Error("gradients that are replaced by equal ones change the step")
	}
}

// looks watches every second step.
type looks struct {
	asked  []int
	values atomic.Int64
	grads  atomic.Int64
	events []Event
}

func (l *looks) Look(step int) nn.Watcher {
	l.asked = append(l.asked, step)
	if step%2 == 1 {
		return nil
	}
	return l
}
func (l *looks) Value(string, int, T) { l.values.Add(1) }
func (l *looks) Grad(string, int, T)  { l.grads.Add(1) }
func (l *looks) Observe(_ *Updater, e Event) error {
	l.events = append(l.events, e)
	return nil
}

func TestLookersAndEvents(t *testing.T) {
	x, y := normal(1, 8, 20), labels(2, 8, 3)
	net := busy(t)
	u := NewUpdater(net, optim.SGD{LR: 0.5})
	u.Schedule = optim.Step(1, 0.5)
	u.Workers = 2
	l := &looks{}
	u.Observe(l)
	for range 3 {
		must(u.StepN(2, func(p *nn.Pass, k int) T {
			v := loss.CrossEntropy(net.Forward(p, x), y)
			p.Log("twice", tensor.Full(float64(k)))
			p.Log("twice", tensor.Full(4))
			if k == 1 {
				p.Log("second", tensor.Full(6))
			}
			return v
		}))
	}
	if !slices.Equal(l.asked, []int{0, 1, 2}) || l.values.Load() != 2*2*6 || l.grads.Load() != 2*2*6 {
		t.Errorf("asked at %v, saw %d values and %d gradients", l.asked, l.values.Load(), l.grads.Load())
	}
	e := l.events[2].(StepDone)
	if e.Step != 3 || e.Rate != 0.125 || !(e.GradNorm > 0) || e.Logs["twice"] != 2.25 || e.Logs["second"] != 3 {
		t.Errorf("%+v", e)
	}
}

func TestObserversOfAStep(t *testing.T) {
	x, y := normal(1, 8, 20), labels(2, 8, 3)
	seen := 0
	u := NewUpdater(busy(t), optim.SGD{LR: 0.5})
	u.Observe(ObserverFunc(func(*Updater, Event) error { return Stop }),
		ObserverFunc(func(u *Updater, e Event) error {
			seen++
			_, err := u.Net.Predict(x) // the network is free
			return err
		}))
	f := func(p *nn.Pass) T { return loss.CrossEntropy(u.Net.Forward(p, x), y) }
	l, err := u.Step(f)
	if !errors.Is(err, Stop) || seen != 1 || u.Steps() != 1 || l == 0 {
		t.Errorf("loss %g, error %v, %d seen, %d steps", l, err, seen, u.Steps())
	}
	boom := errors.New("boom")
	u.Observe(ObserverFunc(func(*Updater, Event) error { return boom }))
	if _, err := u.Step(f); !errors.Is(err, boom) || u.Steps() != 2 {
		t.Errorf("error %v after %d steps", err, u.Steps())
	}
}

func TestFloat64Throughout(t *testing.T) {
	for _, rule := range []optim.Rule{optim.SGD{LR: 0.1, Momentum: 0.9}, optim.Adam{LR: 0.01}, optim.RMSprop{LR: 0.01}, optim.Penalty{Rule: optim.Adagrad{LR: 0.1}, L1: 1e-3}} {
		net := build(t, &nn.Sequential{&nn.Linear{Out: 4}, &nn.BatchNorm{Act: nn.Tanh}, &nn.Linear{Out: 1}}, nn.Input(2), nn.Float64)
		u := NewUpdater(net, rule)
		u.Clip, u.ClipValue = 1, 0.5
		avg := EMA(0.5)
		u.Observe(avg)
		x := normal(1, 16, 2).To(tensor.Float64)
		y := x.Index(1, 0).Unsqueeze(1)
		var first, last float64
		for i := range 60 {
			last = must(u.StepN(2, func(p *nn.Pass, k int) T {
				return loss.MSE(net.Forward(p, x.Slice(0, 8*k, 8*k+8)), y.Slice(0, 8*k, 8*k+8))
			}))
			if i == 0 {
				first = last
			}
		}
		if !(last < first/2) {
			t.Errorf("%T: the loss goes from %g to %g", rule, first, last)
		}
		if w := avg.Weights()["0.weight"]; w.DType() != tensor.Float64 {
			t.Errorf("%T: the average is %v", rule, w)
		}
	}
}
