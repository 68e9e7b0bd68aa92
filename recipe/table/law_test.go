package table

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/baseline"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// observer counts steps.
type observer struct{ n *int }

func (o observer) list() []train.Observer {
	return []train.Observer{train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if s, ok := e.(train.StepDone); ok {
			*o.n = s.Step
		}
		return nil
	})}
}

// Each member answers by itself: what one's weights are changes no other's.
func TestMembersAreApart(t *testing.T) {
	layer := newNetwork(3, 5, 2, 0)
	net, err := nn.Build(layer, nn.Input(4), nn.Seed(2))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(1).Normal(0, 1, 6, 4)
	before, err := net.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before.Shape(), []int{6, 3, 2}) {
		t.Fatalf("shape %v", before.Shape())
	}
	old := slices.Clone(tensor.Data[float32](before))
	w := layer.Second.Weight.Value().Keep()
	v := slices.Clone(tensor.Data[float32](w))
	for i := 25; i < 50; i++ { // the second member's
		v[i] += 1
	}
	layer.Second.Weight.Set(tensor.Of(v, w.Shape()...))
	after, err := net.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range tensor.Data[float32](after) {
		if member := i / 2 % 3; (y != old[i]) != (member == 1) {
			t.Errorf("output %d of member %d: %g, then %g", i, member, old[i], y)
		}
	}
}

// A network by hand: the same numbers written out for one row.
func TestNetworkByHand(t *testing.T) {
	layer := newNetwork(2, 3, 1, 0.5)
	net, err := nn.Build(layer, nn.Input(2), nn.Seed(3))
	if err != nil {
		t.Fatal(err)
	}
	layer.Straight.Weight.Set(tensor.Of([]float32{0.3, -0.2, 0.1, 0.5}, 2, 2))
	x := []float64{0.7, -1.1}
	y, err := net.Predict(tensor.Of([]float32{0.7, -1.1}, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	at := func(p *nn.Param) []float64 { return tensor.Data[float64](p.Value().To(tensor.Float64)) }
	silu := func(v float64) float64 { return v / (1 + math.Exp(-v)) }
	w1, w2, w3, ws := at(&layer.First.Weight), at(&layer.Second.Weight), at(&layer.Last.Weight), at(&layer.Straight.Weight)
	for m := range 2 {
		want := ws[2*m]*x[0] + ws[2*m+1]*x[1]
		var h [3]float64
		for k := range h {
			row := (3*m + k) * 2
			h[k] = silu(w1[row]*x[0] + w1[row+1]*x[1])
		}
		for o := range 3 {
			var z float64
			for i := range h {
				z += h[i] * w2[m*9+i*3+o]
			}
			want += silu(z) * w3[m*3+o]
		}
		if got := float64(tensor.Data[float32](y)[m]); math.Abs(got-want) > 1e-5 {
			t.Errorf("member %d: %g, want %g", m, got, want)
		}
	}
}

// The losses are the mean of the members' own, and the joint loss that of their
// mean answer, which is never greater.
func TestLosses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k, c := rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "members"), rapid.IntRange(1, 4).Draw(t, "classes")
		r := tensor.NewRand(uint64(rapid.IntRange(0, 999).Draw(t, "seed")))
		out := r.Normal(0, 2, n, k, c)
		v := tensor.Data[float32](out)
		classes, target, want := c, tensor.Tensor{}, 0.0
		if c == 1 {
			classes = 0
			target = r.Normal(0, 1, n, 1)
			for i := range v {
				d := float64(v[i]) - float64(tensor.Data[float32](target)[i/k])
				want += d * d / float64(n*k)
			}
		} else {
			labels := make([]int32, n)
			for i := range labels {
				labels[i] = int32(r.IntN(c))
			}
			target = tensor.Of(labels, n)
			for i := range n * k {
				want -= math.Log(recipe.Softmax(v[i*c : (i+1)*c])[labels[i/k]]) / float64(n*k)
			}
		}
		got := 0.0
		if classes == 0 {
			got = numberLoss(out, target).Item()
		} else {
			got = classLoss(out, target).Item()
		}
		if math.Abs(got-want) > 1e-4*max(1, want) {
			t.Fatalf("loss %g, want %g", got, want)
		}
		j := joint{classes}.New()
		if err := j.Add(out, target); err != nil {
			t.Fatal(err)
		}
		if j.Result() > want+1e-4 {
			t.Fatalf("joint loss %g, the members' %g", j.Result(), want)
		}
		for i, a := range means(out, classes) {
			if l := baseline.Loss(a, tensor.Data[float64](target.To(tensor.Float64))[i], classes); math.IsNaN(l) {
				t.Fatal("no loss")
			}
		}
	})
}

// The margin holds the share of rows it says, and no smaller one among the
// errors does.
func TestMargin(t *testing.T) {
	for _, n := range []int{9, 20, 101} {
		var h held
		if err := h.build(n, 1); err != nil {
			t.Fatal(err)
		}
		answers, truth := make([][]float64, n), make([]float64, n)
		for i := range n {
			answers[i] = []float64{float64((i*7)%n) * map[bool]float64{true: 1, false: -1}[i%2 == 0]}
			h.note(i, answers[i], answers[i])
		}
		h.set(answers, truth)
		m, inside := h.margin(), 0
		for _, a := range answers {
			if math.Abs(a[0]) <= m {
				inside++
			}
		}
		if want := min(n, int(math.Ceil(covered*float64(n+1)))); inside != want {
			t.Errorf("%d rows: %d inside ±%g, want %d", n, inside, m, want)
		}
	}
}

// Grades are what they are by hand, and a comparison with oneself is even.
func TestGrades(t *testing.T) {
	s := &study{Classes: []string{"a", "b"}, y: []float64{0, 1, 1, 0}, config: &Config{}}
	m := method{answers: [][]float64{{0.9, 0.1}, {0.4, 0.6}, {0.8, 0.2}, {0.5, 0.5}}}
	m.grade(s)
	if want := -(math.Log(0.9) + math.Log(0.6) + math.Log(0.2) + math.Log(0.5)) / 4; m.score != 0.75 || math.Abs(m.loss-want) > 1e-12 || math.Abs(m.spread-1.96*math.Sqrt(0.75*0.25/4)) > 1e-12 {
		t.Errorf("classes: %+v, want loss %g", m, want)
	}
	v := &verdict{study: s, methods: []method{m, m}, better: 1}
	if v.compare(); v.gap != 0 || v.low != 0 || v.high != 0 {
		t.Errorf("with itself: %+v", v)
	}
	n := &study{y: []float64{1, 2, 3}, config: &Config{}}
	e := method{answers: [][]float64{{2}, {2}, {1}}}
	e.grade(n)
	if math.Abs(e.score-math.Sqrt(5.0/3)) > 1e-12 || e.loss != 1 || e.spread <= 0 {
		t.Errorf("number: %+v", e)
	}
	worse := method{right: []float64{4, 0, 16}}
	v = &verdict{study: n, methods: []method{worse, e}, better: 1}
	if v.compare(); math.Abs(v.gap-1) > 1e-12 || v.low > v.gap || v.high < v.gap {
		t.Errorf("twice the error: %+v", v)
	}
	if got := v.sentence(); !strings.Contains(got, "100.0% behind") {
		t.Error(got)
	}
	v.gap, v.low, v.high = -0.05, -0.1, 0.01
	if got := v.sentence(); !strings.Contains(got, "5.0% ahead of") || !strings.Contains(got, "-1.0 to 10.0") {
		t.Error(got)
	}
}

// A column that the networks were told nothing by does not matter, and one that
// is all there is matters much.
func TestImportance(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,noise,y\n")
	r := tensor.NewRand(8)
	for range 150 {
		x := r.Float64()
		b.WriteString(strings.Join([]string{num(x), num(r.Float64()), num(4 * x)}, ",") + "\n")
	}
	c := quick(func(c *Config) { c.Data, c.Target, c.Epochs = write(t, b.String()), "y", 30 })
	j := &job{config: c}
	if err := j.own(); err != nil {
		t.Fatal(err)
	}
	s := j.studies[0]
	if err := s.build(); err != nil {
		t.Fatal(err)
	}
	if err := s.run(context.Background(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	v, err := s.judge()
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := s.importance("x", &v.methods[0])
	noise, _, err2 := s.importance("noise", &v.methods[0])
	if err != nil || err2 != nil || x < 1 || math.Abs(noise) > 0.1*x {
		t.Errorf("x %g, noise %g (%v, %v)", x, noise, err, err2)
	}
	low, err := s.effect("x", 0.1, "")
	high, err2 := s.effect("x", 0.9, "")
	if d := high[0] - low[0]; err != nil || err2 != nil || math.Abs(d-3.2) > 0.7 {
		t.Errorf("from 0.1 to 0.9 the answer rises by %g, want about 3.2", d)
	}
}

func num(v float64) string { return (&study{Folds: []part{{Deviation: 0.01}}}).number(v) }

// Numbers are written with as many places as their spread calls for.
func TestNumber(t *testing.T) {
	for deviation, want := range map[float64]string{1234: "5", 8: "5.12", 0.05: "5.1235", 1e-20: "5.123456789012"} {
		if got := (&study{Folds: []part{{Deviation: deviation}}}).number(5.123456789012); got != want {
			t.Errorf("deviation %g: %s, want %s", deviation, got, want)
		}
	}
	names, counts := histogram([]float64{-5.5, 0, 0.1, 5.5}, func(v float64) string { return num(v) })
	if len(names) != 11 || counts[0] != 1 || counts[5] != 2 || counts[10] != 1 {
		t.Errorf("%q: %v", names, counts)
	}
	if got := lines([]int{3, 4, 5, 6, 7, 8, 9}); got != "lines 3, 4, 5, 6, 7 and 2 more" {
		t.Error(got)
	}
	if got := lines([]int{3}); got != "line 3" {
		t.Error(got)
	}
	if got := words(" a, b ,,c"); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%q", got)
	}
}

// What the target is, by its column.
func TestKindOfTarget(t *testing.T) {
	for _, tt := range []struct {
		values, kind string
		classes      string
	}{
		{"1 2 3 4", "auto", ""}, {"1 2 3 4", "classes", "1 2 3 4"}, {"10 9 9 10", "auto", "9 10"}, {"0 1 0 1", "number", ""},
		{"b a b a", "auto", "a b"}, {"yes no yes no", "auto", "no yes"}, {"10 9 2 x", "auto", "10 2 9 x"},
	} {
		text := "t,x\n"
		for i := range 40 {
			text += strings.Fields(tt.values)[i%4] + "," + num(float64(i*i)) + "\n"
		}
		table, err := data.ParseTable(strings.NewReader(text), "t", data.TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := newStudy(quick(func(c *Config) { c.Kind = tt.kind }), source{name: "t", table: table, target: "t"})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Classes, " "); got != tt.classes {
			t.Errorf("%s as %s: classes %q, want %q", tt.values, tt.kind, got, tt.classes)
		}
	}
}
