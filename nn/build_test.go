package nn

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

type rangeCopy struct{ L []Linear }

func (m *rangeCopy) Forward(p *Pass, x T) T {
	for _, l := range m.L {
		x = l.Forward(p, x)
	}
	return x
}

type valueRecv struct{ L Linear }

func (m valueRecv) Forward(p *Pass, x T) T { return m.L.Forward(p, x) }

type forgotten struct{ In, Out Linear }

func (m *forgotten) Forward(p *Pass, x T) T { return p.Apply(x, &m.In) }

type early struct{ L Linear }

func (m *early) Forward(p *Pass, x T) T { return x.MatMul(p.Use(&m.L.Weight)) }

type headless struct{ L Linear }

func TestBuildErrors(t *testing.T) {
	hidden := lin()
	one := lin()
	in := Input(3)
	images := Input(8, 8, 6)
	for name, c := range map[string]struct {
		model any
		o     []Option
		want  []string
	}{
		"copies in a range":   {&rangeCopy{[]Linear{*lin()}}, []Option{in}, []string{"cannot be reached", "range over indices"}},
		"value receiver":      {&valueRecv{*lin()}, []Option{in}, []string{"cannot be reached", "pointer receivers"}},
		"value in Sequential": {&Sequential{valueRecv{*lin()}}, []Option{in}, []string{"use a pointer", "0 is a nn.valueRecv"}},
		"hidden in a Func": {&Sequential{Func(func(p *Pass, x T) T { return hidden.Forward(p, x) })}, []Option{in},
			[]string{"cannot be reached", "0 (nn.Func)"}},
		"twice":               {&Sequential{one, one}, []Option{in}, []string{"the same nn.Linear is at 0 and at 1", "nn.Share"}},
		"never runs":          {&forgotten{*lin(), *lin()}, []Option{in}, []string{"never came to out (nn.Linear)"}},
		"used before made":    {&early{*lin()}, []Option{in}, []string{"l.weight has no value yet"}},
		"values in a map":     {map[string]Linear{"a": {Out: 3}}, []Option{Trace(func(*Pass) {})}, []string{"a is", "use a pointer"}},
		"model by value":      {headless{}, []Option{in}, []string{"use a pointer"}},
		"no Forward":          {&headless{*lin()}, []Option{in}, []string{"no method Forward", "nn.Trace"}},
		"no input":            {lin(), nil, []string{"nn.Input"}},
		"nil in Sequential":   {&Sequential{nil}, []Option{in}, []string{"0 is nil"}},
		"nil":                 {nil, []Option{in}, []string{"the model is nil"}},
		"a number":            {3, []Option{in}, []string{"3 is of type int, and no model"}},
		"a nil layer":         {(*Linear)(nil), []Option{in}, []string{"the model is a nil *nn.Linear"}},
		"a nil map":           {map[string]*Linear(nil), []Option{in}, []string{"the model is a nil map"}},
		"a nil Func":          {Func(nil), []Option{in}, []string{"the model is a nil nn.Func"}},
		"no layers":           {&Sequential{}, []Option{in}, []string{"a Sequential without layers"}},
		"typed nil":           {&Sequential{lin(), (*Linear)(nil)}, []Option{in}, []string{"1 is a nil *nn.Linear"}},
		"nil Func in a row":   {&Sequential{Func(nil)}, []Option{in}, []string{"0 is a nil nn.Func"}},
		"typed nil deep":      {&Sequential{&Residual{Body: (*Conv2D)(nil)}}, []Option{in}, []string{"0.body is a nil *nn.Conv2D"}},
		"shared nil":          {&Sequential{Share(nil)}, []Option{in}, []string{"a layer that it calls is nil"}},
		"calls nil":           {Func(func(p *Pass, x T) T { return p.Apply(x, nil) }), []Option{in}, []string{"a layer that it calls is nil"}},
		"calls a nil layer":   {Func(func(p *Pass, x T) T { var l *Linear; return l.Forward(p, x) }), []Option{in}, []string{"a layer that it calls is nil"}},
		"calls a nil net":     {Func(func(p *Pass, x T) T { var n *Net; return n.Forward(p, x) }), []Option{in}, []string{"the network is nil"}},
		"input of nothing":    {lin(), []Option{Input(0)}, []string{"nn.Input is [0]", "at least 1"}},
		"negative input":      {lin(), []Option{Input(4, -3)}, []string{"nn.Input is [4 -3]"}},
		"no Out":              {&Sequential{&Linear{}}, []Option{in}, []string{"Out is 0", "0 (nn.Linear)"}},
		"conv on rows":        {&Sequential{&Conv2D{Out: 2, Kernel: 3}}, []Option{in}, []string{"[N, H, W, C]", "[2 3]", "0 (nn.Conv2D)"}},
		"conv without Kernel": {&Sequential{&Conv2D{Out: 2}}, []Option{images}, []string{"Kernel is 0"}},
		"groups":              {&Conv2D{Out: 6, Kernel: 1, Groups: 4}, []Option{images}, []string{"4 groups do not divide 6"}},
		"conv too large":      {&Sequential{&Conv2D{Out: 2, Kernel: 9}}, []Option{images}, []string{"0 (nn.Conv2D)"}},
		"pool without Size":   {&MaxPool2D{}, []Option{images}, []string{"Size is 0"}},
		"pool on rows":        {&AvgPool2D{Size: 2}, []Option{in}, []string{"[N, H, W, C]"}},
		"rate":                {&Dropout{Rate: 1.5}, []Option{in}, []string{"Rate is 1.5"}},
		"reshape":             {&Reshape{To: []int{4, 4}}, []Option{in}, []string{"[2 3]"}},
		"batch norm":          {&BatchNorm{}, []Option{Input()}, []string{"at least two axes"}},
		"group norm":          {&LayerNorm{Groups: 4}, []Option{images}, []string{"4 groups"}},
		"recurrent on rows":   {&LSTM{Hidden: 2}, []Option{in}, []string{"[N, T, C]"}},
		"no Hidden":           {&GRU{}, []Option{Input(4, 3)}, []string{"Hidden is 0"}},
		"heads":               {&Attention{Dim: 6, Heads: 4}, []Option{Input(5, 6)}, []string{"4 heads do not divide Dim 6"}},
		"embedding":           {&Embedding{Dim: 3}, []Option{in}, []string{"Count is 0"}},
		"an operation's own":  {&Sequential{lin(), Func(func(p *Pass, x T) T { return x.Reshape(2, 9) })}, []Option{in}, []string{"Reshape", "1 (nn.Func)"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(c.model, c.o...)
			wantErr(t, err, c.want...)
		})
	}
}

// An option below its range is an error that names it; it does not act as 1.
func TestNegativeOptions(t *testing.T) {
	images, words := Input(8, 8, 6), Input(8, 6)
	for _, c := range []struct {
		l    Layer
		in   Option
		want string
	}{
		{&Conv2D{Out: 2, Kernel: 3, Stride: -2}, images, "nn.Conv2D: Stride is -2, want 0 or more"},
		{&Conv2D{Out: 2, Kernel: 3, StrideHW: [2]int{1, -2}}, images, "Stride is -2"},
		{&Conv2D{Out: 2, Kernel: 3, Dilation: -1}, images, "Dilation is -1"},
		{&Conv2D{Out: 2, Kernel: 3, DilationHW: [2]int{-3, 1}}, images, "Dilation is -3"},
		{&Conv2D{Out: 2, Kernel: 3, Groups: -2}, images, "Groups is -2"},
		{&Conv2D{Out: 2, Kernel: 3, Pad: -2}, images, "Pad is -2, want 0 or more, or nn.Same"},
		{&ConvTranspose2D{Out: 2, Kernel: 3, Stride: -2}, images, "nn.ConvTranspose2D: Stride is -2"},
		{&ConvTranspose2D{Out: 2, Kernel: 3, OutPad: -1}, images, "OutPad is -1"},
		{&ConvTranspose2D{Out: 2, Kernel: 3, Groups: -1}, images, "Groups is -1"},
		{&Conv1D{Out: 2, Kernel: 3, Stride: -2}, words, "nn.Conv1D: Stride is -2"},
		{&Conv1D{Out: 2, Kernel: 3, Dilation: -2}, words, "Dilation is -2"},
		{&Conv1D{Out: 2, Kernel: 3, Groups: -3}, words, "Groups is -3"},
		{&Conv1D{Out: 2, Kernel: 3, Pad: -5}, words, "Pad is -5"},
		{&MaxPool2D{Size: 2, Stride: -1}, images, "nn.MaxPool2D: Stride is -1"},
		{&MaxPool2D{Size: 2, Pad: -2}, images, "Pad is -2"},
		{&MaxPool2D{To: [2]int{2, -2}}, images, "To is -2"},
		{&AvgPool2D{Size: 2, StrideHW: [2]int{2, -2}}, images, "nn.AvgPool2D: Stride is -2"},
		{&MaxPool1D{Size: 2, Stride: -1}, words, "nn.MaxPool1D: Stride is -1"},
		{&AvgPool1D{Size: 2, Pad: -3}, words, "nn.AvgPool1D: Pad is -3"},
		{&AvgPool1D{To: -3}, words, "To is -3"},
	} {
		_, err := Build(&Sequential{c.l}, c.in)
		wantErr(t, err, c.want, "fix:", "0 (nn.")
	}
	l := &Conv2D{Out: 2, Kernel: 3}
	n := build(t, l, images)
	l.Stride = -1 // set later, it is not taken for 1 either
	_, err := n.Predict(tensor.Zeros(1, 8, 8, 6))
	wantErr(t, err, "Stride is -1")
}

func TestNilNetAndFunction(t *testing.T) {
	var n *Net
	_, err := n.Predict(tensor.Zeros(1, 3))
	wantErr(t, err, "the network is nil", "nn.Build")
	wantErr(t, n.Do(func(*Pass) error { return nil }), "the network is nil")
	wantErr(t, build(t, lin(), Input(3)).Do(nil), "the function is nil")
}

func TestAFailedBuildLeavesNoTrace(t *testing.T) {
	m := &forgotten{In: *lin(), Out: *lin()}
	_, err := Build(m, Input(3))
	wantErr(t, err, "never came")
	if m.In.Weight.Value() != (T{}) || m.In.Weight.self != nil {
		t.Error("the parameter of a failed Build is still there")
	}
	build(t, &m.In, Input(5))
}

type stash struct {
	A, B Linear
	Seen T
}
type stashA struct{ m *stash }

func (s *stashA) Forward(p *Pass, x T) T { s.m.Seen = x.Square(); return p.Apply(x, &s.m.A) }
func (m *stash) Forward(p *Pass, x T) T {
	return p.Apply(p.Apply(x, &stashA{m}), &m.B).Add(m.Seen.Sum())
}

func TestAStashedTensorFailsAtBuild(t *testing.T) {
	_, err := Build(&stash{A: *lin(), B: *lin()}, Input(3))
	wantErr(t, err, "only its results live on")
}

func TestCopiesAfterBuildFail(t *testing.T) {
	l := &Linear{Out: 3}
	n := build(t, l, Input(3))
	c := *l
	wantErr(t, n.Do(func(p *Pass) error { c.Forward(p, normal(1, 4, 3)); return nil }), "copied after Build")
	_, err := n.Predict(tensor.Zeros(4, 5))
	wantErr(t, err, "weight has shape [3 3], this input asks for [3 5]", "fix:")
}

func TestBuildAgainKeepsWhatIsThere(t *testing.T) {
	m := &Sequential{&Linear{Out: 3}, &Linear{Out: 2}}
	a := build(t, m, Input(3), Seed(1))
	kept, old := a.Params()[0].Value(), a.Params()[2]
	(*m)[1] = &Linear{Out: 7}
	b := build(t, m, Input(3), Seed(2))
	if b.Params()[0].Value() != kept || b.Params()[2].Value().Dim(0) != 7 || old == b.Params()[2] {
		t.Error("rebuild")
	}
	if n := build(t, (*m)[0], Input(3)); names(n) != "weight bias" || n.Params()[0].Value() != kept {
		t.Error("a part as a network of its own")
	}
	if y := must(b.Predict(normal(1, 2, 3))); y.Dim(1) != 7 {
		t.Error("the whole after its part was built:", y)
	}
	w := build(t, m, Input(3), Float64)
	if w.Params()[0].Value().DType() != tensor.Float64 {
		t.Error("float64")
	}
}

func TestFirstValuesFollowFromSeedAndPath(t *testing.T) {
	first := func(seed uint64, m *Sequential, i int) T {
		return build(t, m, Input(3), Seed(seed)).Params()[i].Value()
	}
	a := first(1, &Sequential{lin(), lin()}, 1)
	b := first(1, &Sequential{&Linear{Out: 3}, lin(), lin()}, 2)
	same(t, "same path", b, a, 0)
	if first(2, &Sequential{lin(), lin()}, 1).Sub(a).Abs().Sum().Item() == 0 {
		t.Error("another seed, the same values")
	}
	if first(1, &Sequential{lin(), lin()}, 0).Sub(a).Abs().Sum().Item() == 0 {
		t.Error("another path, the same values")
	}
}

func TestFirstValuesHaveTheirSize(t *testing.T) {
	r := tensor.NewRand(5)
	for name, c := range map[string]struct {
		init     Init
		shape    []int
		variance float64
	}{
		"he":          {He, []int{300, 200}, 2. / 200},
		"he conv":     {He, []int{64, 3, 3, 32}, 2. / 288},
		"glorot":      {Glorot, []int{300, 200}, 2. / 500},
		"glorot conv": {Glorot, []int{64, 3, 3, 32}, 2. / (288 + 576)},
		"lecun conv":  {LeCun, []int{64, 3, 3, 32}, 1. / 288},
		"normal":      {Normal(.3), []int{1000}, .09},
		"zeros":       {Zeros, []int{10}, 0},
		"recurrent":   {recurrent(4), []int{400, 50}, 1. / 300},
	} {
		v := c.init(r, c.shape)
		if got := v.Square().Mean().Item(); got > c.variance*1.1 || got < c.variance*.9 {
			t.Errorf("%s: variance %g, want %g", name, got, c.variance)
		}
		if got := v.Mean().Item(); math.Abs(got) > 4*math.Sqrt(c.variance/float64(v.Len())) { // four standard errors
			t.Errorf("%s: mean %g, want 0", name, got)
		}
	}
	if Ones(r, []int{3}).Sum().Item() != 3 {
		t.Error("ones")
	}
}

// TestFirstValuesCarrySignals: what an activation's own initialisation is for.
// Twelve layers neither let the signal nor its gradient vanish or grow.
func TestFirstValuesCarrySignals(t *testing.T) {
	for name, act := range map[string]Act{"ReLU": ReLU, "LeakyReLU": LeakyReLU(.2), "SELU": SELU, "none": 0} {
		var s Sequential
		for range 12 {
			s = append(s, &Linear{Out: 200, Act: act})
		}
		n := build(t, &s, Input(200), Seed(7))
		do(t, n, func(p *Pass) {
			x := p.Track(normal(1, 50, 200))
			y := n.Forward(p, x)
			g := tensor.VJP(y, normal(2, 50, 200), x)[0]
			for what, v := range map[string]float64{"signal": y.Square().Mean().Item(), "gradient": g.Square().Mean().Item()} {
				if v < .2 || v > 5 {
					t.Errorf("%s: the %s of size 1 has mean square %.3g after 12 layers", name, what, v)
				}
			}
		})
	}
}

func TestTraceRunsModelsOfSeveralInputs(t *testing.T) {
	m := map[string]*Linear{"a": lin(), "b": lin()}
	n := build(t, m, Trace(func(p *Pass) {
		p.Apply(tensor.Zeros(2, 3), m["a"]).Add(p.Apply(tensor.Zeros(2, 4), m["b"]))
	}), Name("two"))
	if names(n) != "a.weight b.weight" || n.Params()[1].Value().Dim(1) != 4 || steps.Name(n) != "two" {
		t.Error(names(n))
	}
	_, err := n.Predict(tensor.Zeros(2, 3))
	wantErr(t, err, "no method Forward")
}
