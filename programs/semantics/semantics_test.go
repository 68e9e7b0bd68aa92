// Package check tests what the programs rest on: who owns a tensor, what is
// recorded, when memory goes, what a failed step leaves behind.
package check

import (
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

type T = tensor.Tensor

func near(t *testing.T, what string, a, b, tol float64) {
	t.Helper()
	if math.Abs(a-b) > tol*(1+math.Abs(b)) || math.IsNaN(a) {
		t.Errorf("%s: %g, want %g", what, a, b)
	}
}
func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}
func wantErr(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want …%s…", err, part)
	} else {
		t.Log(err)
	}
}

func mlp(in, out int, seed uint64) *nn.Net {
	return must(nn.Build(&nn.Sequential{&nn.Linear{Out: 5, Act: nn.Tanh}, &nn.Linear{Out: out}}, nn.Input(in), nn.Seed(seed), nn.Float64))
}

var x0 = tensor.NewRand(7).Normal(0, 1, 4, 3).To(tensor.Float64)
var y0 = tensor.NewRand(8).Normal(0, 1, 4, 2).To(tensor.Float64)

func TestScopes(t *testing.T) {
	a, b := tensor.NewScope(), tensor.NewScope()
	x := tensor.Full(2, 2)
	u, v := a.Track(x), b.Track(x)
	wantErr(t, tensor.Try(func() { u.Add(v) }), "two passes")
	if !u.Add(x).Tracked() || x.Add(x).Tracked() {
		t.Error("ownership")
	}
	k := u.Add(x)
	a.Reset()
	wantErr(t, tensor.Try(func() { k.Add(x) }), "pass ended")
	w := a.Track(x).Add(x) // reuses the header of k's era
	if k.Valid() || !w.Valid() {
		t.Error("stale handle is valid again")
	}
	wantErr(t, tensor.Try(func() { tensor.Grad(w.Sum(), x) }), "not tracked")
	if n := testing.AllocsPerRun(10, func() {
		a.Reset()
		a.Track(x).Add(x)
	}); n != 0 {
		t.Error("steady state allocates")
	}
}

func TestSecondOrderHVP(t *testing.T) {
	net := mlp(3, 2, 1)
	lossAt := func(p *nn.Pass) T { return loss.MSE(net.Forward(p, x0), y0) }
	var v []T
	for i, w := range net.Params() {
		v = append(v, tensor.NewRand(uint64(20+i)).Normal(0, 1, w.Value().Shape()...).To(tensor.Float64))
	}
	gradDotV := func() (d float64) {
		if err := net.Do(func(p *nn.Pass) error {
			d = tensor.Dot(tensor.Grad(lossAt(p), p.Params()...), v).Item()
			return nil
		}, nn.TrackParams()); err != nil {
			t.Fatal(err)
		}
		return
	}
	var vhv float64
	if err := net.Do(func(p *nn.Pass) error {
		ws := p.Params()
		g := tensor.Grad(lossAt(p), ws...)
		hv := tensor.Grad(tensor.Dot(g, v), ws...)
		vhv = tensor.Dot(hv, v).Item()
		return nil
	}, nn.TrackParams()); err != nil {
		t.Fatal(err)
	}
	const e = 1e-5
	move := func(k float64) {
		for i, w := range net.Params() {
			w.Set(w.Value().Add(v[i].Scale(k)))
		}
	}
	move(e)
	a := gradDotV()
	move(-2 * e)
	b := gradDotV()
	near(t, "vHv", vhv, (a-b)/(2*e), 1e-5)
}

func TestGANs(t *testing.T) {
	gen, disc := mlp(2, 3, 3), mlp(3, 1, 4)
	d := train.NewUpdater(disc, optim.SGD{LR: .1})
	g := train.NewUpdater(gen, optim.SGD{LR: .1})
	before := gen.Params()[0].Value().At(0, 0)
	var fakeTracked bool
	pen := []float64{}
	for range 30 {
		if _, err := d.Step(func(p *nn.Pass) T {
			fake := gen.Forward(p, p.Rand().Normal(0, 1, 4, 2))
			fakeTracked = fake.Tracked()
			eps := p.Rand().Uniform(0, 1, 4, 1)
			x := p.Track(x0.Mul(eps).Add(fake.Mul(eps.Neg().Shift(1))))
			gx := tensor.Grad(disc.Forward(p, x).Sum(), x)[0]
			penalty := gx.Flatten().Norm(1).Shift(-1).Square().Mean()
			pen = append(pen, penalty.Item())
			return penalty
		}); err != nil {
			t.Fatal(err)
		}
	}
	if fakeTracked || gen.Params()[0].Value().At(0, 0) != before {
		t.Error("generator moved in the critic's step")
	}
	if pen[29] > pen[0]*.5 {
		t.Error("penalty does not fall", pen[0], pen[29])
	}
	db := disc.Params()[0].Value().At(0, 0)
	if _, err := g.Step(func(p *nn.Pass) T { return disc.Forward(p, gen.Forward(p, p.Rand().Normal(0, 1, 4, 2))).Mean().Neg() }); err != nil {
		t.Fatal(err)
	}
	if gen.Params()[0].Value().At(0, 0) == before || disc.Params()[0].Value().At(0, 0) != db {
		t.Error("generator's step")
	}
}

func TestConsumedTape(t *testing.T) {
	s := tensor.NewScope()
	x := s.Track(tensor.Full(3, 1))
	y := x.Square().Sum()
	g := s.Backward(y, x)[0]
	near(t, "g", g.Item(), 6, 1e-9)
	wantErr(t, tensor.Try(func() { tensor.Grad(g.Mul(x).Sum(), x) }), "consumed")
	// a first-order gradient inside a larger loss is never silently constant
	s.Reset()
	x = s.Track(tensor.Full(3, 1))
	g = tensor.Grad(x.Pow(3).Sum(), x)[0]
	near(t, "gg", tensor.Grad(g.Sum(), x)[0].Item(), 18, 1e-9)
	near(t, "ggg", tensor.Grad(tensor.Grad(g.Sum(), x)[0].Sum(), x)[0].Item(), 6, 1e-9)
}

func TestAccumulate(t *testing.T) {
	run := func(n, workers int) float64 {
		net := mlp(3, 2, 5)
		u := train.NewUpdater(net, optim.SGD{LR: .1})
		u.Workers = workers
		for range 5 {
			if _, err := u.StepN(n, func(p *nn.Pass, i int) T {
				w := 4 / n
				return loss.MSE(net.Forward(p, x0.Slice(0, i*w, i*w+w)), y0.Slice(0, i*w, i*w+w))
			}); err != nil {
				t.Fatal(err)
			}
		}
		return net.Params()[0].Value().At(0, 0)
	}
	near(t, "micro-batches", run(4, 1), run(1, 1), 1e-12)
	if run(4, 4) != run(4, 1) {
		t.Error("bits differ between workers")
	}
	_, err := train.NewUpdater(mlp(3, 2, 5), optim.SGD{LR: 1}).Step(func(p *nn.Pass) T { return mlp(3, 2, 1).Forward(p, x0).Sum() })
	if t.Log("loss of a foreign network:", err); err == nil {
		t.Error("a loss that reaches no parameter must be an error")
	}
}

func TestFreezeAndBN(t *testing.T) {
	bn := &nn.BatchNorm{}
	net := must(nn.Build(&nn.Sequential{&nn.Linear{Out: 3}, bn, &nn.Linear{Out: 2}}, nn.Input(3), nn.Float64))
	u := train.NewUpdater(net, optim.SGD{LR: .1})
	if err := u.Freeze("0.*"); err != nil {
		t.Fatal(err)
	}
	wantErr(t, u.Freeze("nope.*"), "no parameter matches")
	w := net.Params()[0].Value().At(0, 0)
	step := func() error {
		_, err := u.Step(func(p *nn.Pass) T { return loss.MSE(net.Forward(p, x0), y0) })
		return err
	}
	m0 := bn.RunningMean.Value().At(0)
	if err := step(); err != nil {
		t.Fatal(err)
	}
	m1 := bn.RunningMean.Value().At(0)
	if m1 == m0 || net.Params()[0].Value().At(0, 0) != w {
		t.Error("running mean or freeze")
	}
	u.Step(func(p *nn.Pass) T { net.Forward(p, x0); return x0.MatMul(x0) }) // fails after the forward pass
	if bn.RunningMean.Value().At(0) != m1 {
		t.Error("a failed step changed the running mean")
	}
	u.Freeze("1.*")
	step()
	if bn.RunningMean.Value().At(0) != m1 {
		t.Error("frozen batch norm moved")
	}
	// two forward passes in one step: the second sees the first's statistics
	u.Thaw("1.*")
	b := batchMean(t, net, x0)
	if _, err := u.Step(func(p *nn.Pass) T { net.Forward(p, x0); return loss.MSE(net.Forward(p, x0), y0) }); err != nil {
		t.Fatal(err)
	}
	m2 := bn.RunningMean.Value().At(0)
	near(t, "twice in one step", m2, .81*m1+.19*b, 1e-12)
	// micro-batches: the mean of the parts' statistics
	part := func(i int) T { return x0.Slice(0, 2*i, 2*i+2) }
	b0, b1 := batchMean(t, net, part(0)), batchMean(t, net, part(1))
	if _, err := u.StepN(2, func(p *nn.Pass, i int) T {
		return loss.MSE(net.Forward(p, part(i)), y0.Slice(0, 2*i, 2*i+2))
	}); err != nil {
		t.Fatal(err)
	}
	near(t, "micro-batches", bn.RunningMean.Value().At(0), .9*m2+.1*(b0+b1)/2, 1e-12)
}

// batchMean is the mean over x of what comes to the net's batch norm.
func batchMean(t *testing.T, net *nn.Net, x T) float64 {
	t.Helper()
	var mean float64
	if err := net.Do(func(p *nn.Pass) error {
		net.Forward(p, x)
		h, _ := p.Value("0")
		mean = h.Mean(0).At(0)
		return nil
	}, nn.Remember("0")); err != nil {
		t.Fatal(err)
	}
	return mean
}

type tied struct{ In, Out nn.Linear }

func (m *tied) Forward(p *nn.Pass, x T) T {
	h := p.Apply(x, &m.In)
	return h.Tanh().MatMul(p.Use(&m.In.Weight))
}

type tiedOK struct{ In nn.Linear }

func (m *tiedOK) Forward(p *nn.Pass, x T) T {
	return p.Apply(x, &m.In).Tanh().MatMul(p.Use(&m.In.Weight))
}

func TestTying(t *testing.T) {
	_, err := nn.Build(&tied{In: nn.Linear{Out: 4}, Out: nn.Linear{Out: 3}}, nn.Input(3))
	wantErr(t, err, "never came to out")
	net := must(nn.Build(&tiedOK{In: nn.Linear{Out: 4}}, nn.Input(3), nn.Float64))
	u := train.NewUpdater(net, optim.SGD{LR: .1})
	var l0, l1 float64
	for i := range 100 {
		l, err := u.Step(func(p *nn.Pass) T { return loss.MSE(net.Forward(p, x0), x0) })
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			l0 = l
		}
		l1 = l
	}
	if l1 > l0 {
		t.Error(l0, l1)
	}
}

func TestSwap(t *testing.T) {
	net := mlp(3, 2, 1)
	w := nn.Weights{}
	for _, p := range net.Params() {
		w[p.Path()] = p.Value().Scale(0)
	}
	y := must(net.Predict(x0, nn.With(w)))
	if y.At(0, 0) != 0 || must(net.Predict(x0)).At(0, 0) == 0 {
		t.Error("swap")
	}
}

func TestTBPTT(t *testing.T) {
	l := &nn.LSTM{Hidden: 3}
	net := must(nn.Build(l, nn.Input(5, 2)))
	u := train.NewUpdater(net, optim.SGD{LR: .1})
	var mem, leaked nn.Memory
	x := tensor.NewRand(1).Normal(0, 1, 2, 5, 2)
	for range 3 {
		if _, err := u.Step(func(p *nn.Pass) T {
			y, next := l.Run(p, x, mem)
			mem, leaked = next.Keep(), next
			return y.Square().Mean()
		}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := u.Step(func(p *nn.Pass) T { y, _ := l.Run(p, x, leaked); return y.Mean() })
	wantErr(t, err, "Keep it")
}

type deep struct {
	L    []nn.Linear
	Drop nn.Dropout
	Re   bool `nn:"-"`
}

func (d *deep) Forward(p *nn.Pass, x T) T {
	f := func(x T) T {
		for i := range d.L {
			x = p.Apply(x, &d.L[i], &d.Drop).Tanh()
		}
		return x
	}
	if d.Re {
		return p.Recompute(x, f)
	}
	return f(x)
}

func TestRecompute(t *testing.T) {
	run := func(re bool) (float64, float64) {
		d := &deep{L: []nn.Linear{{Out: 3}, {Out: 3}}, Drop: nn.Dropout{Rate: .5}, Re: re}
		net := must(nn.Build(d, nn.Input(3), nn.Seed(2), nn.Float64))
		var g1, g2 float64
		if err := net.Do(func(p *nn.Pass) error {
			ws := p.Params()
			l := d.Forward(p, p.Track(x0)).Square().Mean()
			g := tensor.Grad(l, ws...)
			g1 = tensor.Dot(g, g).Item()
			h := tensor.Grad(tensor.Dot(g, g), ws...)
			g2 = tensor.Dot(h, h).Item()
			return nil
		}, nn.TrackParams(), nn.Noise(9)); err != nil {
			t.Fatal(err)
		}
		return g1, g2
	}
	a1, a2 := run(false)
	b1, b2 := run(true)
	near(t, "recomputed, first order", b1, a1, 1e-12)
	near(t, "recomputed, second order", b2, a2, 1e-12)
	if a1 == 0 {
		t.Error("zero")
	}
}

type rangeCopy struct{ L []nn.Linear }

func (m *rangeCopy) Forward(p *nn.Pass, x T) T {
	for _, l := range m.L {
		x = l.Forward(p, x)
	}
	return x
}

type valueRecv struct{ L nn.Linear }

func (m valueRecv) Forward(p *nn.Pass, x T) T { return m.L.Forward(p, x) }

type branch struct{ A, B nn.Linear }

func (m *branch) Forward(p *nn.Pass, x T) T {
	if x.Sum().Item() > 0 {
		return p.Apply(x, &m.A)
	}
	return p.Apply(x, &m.B)
}

type stash struct {
	A, B nn.Linear
	Seen T
}
type stashA struct{ m *stash }

func (s *stashA) Forward(p *nn.Pass, x T) T { s.m.Seen = x.Square(); return p.Apply(x, &s.m.A) }
func (m *stash) Forward(p *nn.Pass, x T) T {
	return p.Apply(p.Apply(x, &stashA{m}), &m.B).Add(m.Seen.Sum())
}

type swish struct{}

func (*swish) Forward(p *nn.Pass, x T) T { return x.Mul(x.Sigmoid()) }

func TestBuildTraps(t *testing.T) {
	_, err := nn.Build(&rangeCopy{[]nn.Linear{{Out: 3}, {Out: 3}}}, nn.Input(3))
	wantErr(t, err, "cannot be reached")
	_, err = nn.Build(&valueRecv{nn.Linear{Out: 3}}, nn.Input(3))
	wantErr(t, err, "cannot be reached")
	hidden := &nn.Linear{Out: 3}
	_, err = nn.Build(&nn.Sequential{nn.Func(func(p *nn.Pass, x T) T { return hidden.Forward(p, x) })}, nn.Input(3))
	wantErr(t, err, "cannot be reached")
	one := &nn.Linear{Out: 3}
	_, err = nn.Build(&nn.Sequential{one, one}, nn.Input(3))
	wantErr(t, err, "the same nn.Linear is at 0 and at 1")
	_, err = nn.Build(&branch{nn.Linear{Out: 2}, nn.Linear{Out: 2}}, nn.Input(3))
	wantErr(t, err, "never came to a")
	_, err = nn.Build(map[string]nn.Linear{"a": {Out: 3}}, nn.Trace(func(*nn.Pass) {}))
	wantErr(t, err, "use a pointer")
	_, err = nn.Build(&stash{A: nn.Linear{Out: 3}, B: nn.Linear{Out: 3}}, nn.Input(3))
	wantErr(t, err, "only its results live on")
	net := must(nn.Build(&nn.Sequential{&swish{}, &swish{}, nn.ReLU, nn.ReLU, &nn.Linear{Out: 2}}, nn.Input(3)))
	_ = net
	l := &nn.Linear{Out: 3}
	n := must(nn.Build(l, nn.Input(3)))
	c := *l //nolint:govet
	err = n.Do(func(p *nn.Pass) error { c.Forward(p, x0); return nil })
	wantErr(t, err, "copied after Build")
	_, err = n.Predict(tensor.Zeros(4, 5))
	wantErr(t, err, "has shape [3 3], this input asks for [3 5]")
	_, err = nn.Build(&nn.Sequential{&nn.Linear{Out: 3}, nn.Func(func(p *nn.Pass, x T) T { return x.Reshape(2, 9) })}, nn.Input(3))
	wantErr(t, err, "Reshape")
	wantErr(t, tensor.Try(func() { loss.MSE(tensor.Zeros(4, 1), tensor.Zeros(4)) }), "never broadcasts")
	wantErr(t, tensor.Try(func() { tensor.Zeros(4, 1).Sub(tensor.Zeros(4)) }), "do not broadcast")
	wantErr(t, tensor.Try(func() { tensor.Zeros(4).Add(tensor.Of([]float64{1})) }), "dtypes")
	// Build again keeps what is there
	m := &nn.Sequential{&nn.Linear{Out: 3}, &nn.Linear{Out: 2}}
	a := must(nn.Build(m, nn.Input(3), nn.Seed(1)))
	w := a.Params()[0].Value().At(0, 0)
	(*m)[1] = &nn.Linear{Out: 7}
	b := must(nn.Build(m, nn.Input(3), nn.Seed(2)))
	if b.Params()[0].Value().At(0, 0) != w || b.Params()[2].Value().Dim(0) != 7 {
		t.Error("rebuild")
	}
}

func TestParallelPredict(t *testing.T) {
	net := mlp(3, 2, 1)
	want := must(net.Predict(x0)).At(0, 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if must(net.Predict(x0)).At(0, 0) != want {
					t.Error("differs")
				}
			}
		})
	}
	wg.Wait()
}

type eyes struct{ seen []string }

func (e *eyes) Value(path string, call int, y T) { e.seen = append(e.seen, path) }
func (e *eyes) Grad(string, int, T)              {}

type direct struct{ A, B nn.Linear }

func (m *direct) Forward(p *nn.Pass, x T) T { return m.B.Forward(p, m.A.Forward(p, x)) }

type outer struct{ R direct }

func (m *outer) Forward(p *nn.Pass, x T) T { return m.R.Forward(p, x) }

func TestPathsWithDirectCalls(t *testing.T) {
	net := must(nn.Build(&outer{direct{nn.Linear{Out: 3}, nn.Linear{Out: 3}}}, nn.Input(3), nn.Float64))
	e := &eyes{}
	must(net.Predict(x0, nn.Watch(e)))
	if got := strings.Join(e.seen, " "); got != "r.a r.b ." {
		t.Errorf("%q", got)
	}
	t.Logf("direct calls: %q (r itself is not announced)", e.seen)
}

// A pass without recording holds a few layers' results, however deep the net.
func TestInferenceMemory(t *testing.T) {
	engine := backstage.OpenTensor[tensor.Tensor, tensor.Scope, tensor.Rand]()
	nets := backstage.OpenNet[nn.Net, nn.Pass, tensor.Tensor, tensor.Scope, nn.Watcher]()
	bytes := map[int]int{}
	for _, depth := range []int{2, 10, 40} {
		var q nn.Sequential
		for range depth {
			q = append(q, &nn.Linear{Out: 256, NoBias: true, Act: nn.Tanh})
		}
		net := must(nn.Build(&q, nn.Input(256)))
		if err := net.Do(func(p *nn.Pass) error {
			net.Forward(p, tensor.Zeros(64, 256))
			bytes[depth] = engine.Bytes(nets.Scope(p))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if t.Log("bytes by depth:", bytes); bytes[40] > 2*bytes[2] {
		t.Error("memory grows with depth")
	}
}

func TestForgottenLoss(t *testing.T) {
	net := mlp(3, 2, 5)
	u := train.NewUpdater(net, optim.SGD{LR: 1})
	if _, err := u.Step(func(p *nn.Pass) T { return x0.Sum() }); err == nil {
		t.Error("a loss without any parameter must be an error")
	} else {
		t.Log(err)
	}
	_, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, x0) })
	wantErr(t, err, "scalar")
}
