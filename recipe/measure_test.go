package recipe

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestSoftmax(t *testing.T) {
	e := math.E
	for _, tt := range []struct {
		logits []float32
		want   []float64
	}{
		{[]float32{0, 0}, []float64{0.5, 0.5}},
		{[]float32{1, 0}, []float64{e / (1 + e), 1 / (1 + e)}},
		{[]float32{1001, 1000}, []float64{e / (1 + e), 1 / (1 + e)}}, // e to them is no number
		{[]float32{-1000, -1001, -1000}, []float64{e / (2*e + 1), 1 / (2*e + 1), e / (2*e + 1)}},
		{[]float32{200, 0}, []float64{1, math.Exp(-200)}},
		{[]float32{3}, []float64{1}},
	} {
		got := Softmax(tt.logits)
		for i, want := range tt.want {
			if math.Abs(got[i]-want) > 1e-12 {
				t.Errorf("%v: %v, want %v", tt.logits, got, tt.want)
				break
			}
		}
	}
}

// Probabilities are of the order of the scores, add up to one, and stay when
// all scores move.
func TestSoftmaxLaws(t *testing.T) {
	for seed := range uint64(30) {
		logits := tensor.Data[float32](tensor.NewRand(seed).Normal(0, 5, 9))
		moved := make([]float32, 9)
		for i, v := range logits {
			moved[i] = v + 16
		}
		p, q, sum := Softmax(logits), Softmax(moved), 0.0
		for i := range p {
			sum += p[i]
			if math.Abs(p[i]-q[i]) > 1e-5 {
				t.Errorf("seed %d: %g, moved %g", seed, p[i], q[i])
			}
			for k := range p {
				if logits[i] > logits[k] && p[i] <= p[k] {
					t.Errorf("seed %d: %g has %g and %g has %g", seed, logits[i], p[i], logits[k], p[k])
				}
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("seed %d: they add up to %g", seed, sum)
		}
	}
}

// A classifier whose answers are set by hand is measured as one counts.
func TestClassifyCounts(t *testing.T) {
	same := func(*tensor.Rand, []int) tensor.Tensor { return tensor.Of([]float32{1, 0, 0, 1}, 2, 2) } // scores are the inputs
	task := classifier(t, &nn.Sequential{&nn.Linear{Out: 2, Init: same}}, 2)
	x := []float32{2, 0, 0, 3, 1, 0, 0, 1, 5, 0}
	task.Test = data.FromTensors(tensor.Of(x, 5, 2), tensor.Of([]int32{0, 1, 1, 1, 0}, 5))
	m, err := Classify(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := m.Scores.Number("accuracy"); math.Abs(got-0.8) > 1e-12 {
		t.Errorf("accuracy %g, want 0.8", got)
	}
	if !slices.EqualFunc(m.Confusion, [][]int{{2, 0}, {1, 2}}, slices.Equal) {
		t.Errorf("confusion %v", m.Confusion)
	}
	for i, label := range []int{0, 1, 1, 1, 0} {
		want := Softmax(x[2*i : 2*i+2])
		if m.Labels[i] != label || math.Abs(m.Chance[i][0]-want[0]) > 1e-6 {
			t.Errorf("example %d: label %d, %v; want %d, %v", i, m.Labels[i], m.Chance[i], label, want)
		}
	}
	if m.Story != "" || m.Reference != nil {
		t.Errorf("a classifier has nothing of its own to say: %q, %v", m.Story, m.Reference)
	}
}

// To measure twice gives the same, and does not add the first answers to the
// second.
func TestClassifyTwice(t *testing.T) {
	task := classifier(t, &nn.Sequential{&nn.Flatten{}, &nn.Dropout{Rate: 0.5}, &nn.Linear{Out: 2}}, 4, 4, 1)
	a, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Labels) != 6 || !slices.EqualFunc(a.Chance, b.Chance, slices.Equal) {
		t.Errorf("%v, then %v: dropout must be off", a.Chance, b.Chance)
	}
}

// answers is emptied between splits, and is of the form that metric asks for.
func TestAnswers(t *testing.T) {
	a := &answers{labels: []int{1}, chance: [][]float64{{1}}}
	acc := a.New()
	if acc.Result() != 0 {
		t.Errorf("new: %g answers", acc.Result())
	}
	for range 2 {
		if err := acc.Add(tensor.Of([]float32{1, 2, 2, 1}, 2, 2), tensor.Of([]int32{0, 1}, 2)); err != nil {
			t.Fatal(err)
		}
	}
	if acc.Result() != 4 || !slices.Equal(a.labels, []int{0, 1, 0, 1}) || a.chance[0][1] <= a.chance[0][0] || a.chance[1][1] >= a.chance[1][0] {
		t.Errorf("%g answers: %v, %v", acc.Result(), a.labels, a.chance)
	}
	if a.Better() != 1 || a.Name() == "accuracy" || a.Name() == "loss" {
		t.Errorf("its name %q is one of the scores", a.Name())
	}
}

func TestClassifyStops(t *testing.T) {
	task := classifier(t, &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 2}}, 4, 4, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := task.Examine(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	task.Test = broken{task.Test}
	if m, err := task.Examine(t.Context()); !errors.Is(err, errBroken) || m != nil {
		t.Errorf("of data that cannot be read: %v, %v", m, err)
	}
}

// A score keeps a bound or does not, on either side of it and on it.
func TestGoalOnEitherSide(t *testing.T) {
	for _, bound := range []float64{0, 0.86, -3, 1e-9} {
		step := math.Max(math.Abs(bound), 1e-3) / 100
		for _, tt := range []struct {
			v           float64
			least, most bool
		}{
			{bound - step, false, true}, {bound, true, true}, {bound + step, true, false},
			{math.NaN(), false, false}, {math.Inf(1), true, false}, {math.Inf(-1), false, true},
		} {
			scores := Scores{"s": tt.v}
			if got := (Goal{Score: "s", Bound: bound}).Met(scores); got != tt.least {
				t.Errorf("%g at least %g: %v", tt.v, bound, got)
			}
			if got := (Goal{Score: "s", Bound: bound, Most: true}).Met(scores); got != tt.most {
				t.Errorf("%g at most %g: %v", tt.v, bound, got)
			}
		}
	}
	for name, scores := range map[string]Scores{"nil": nil, "empty": {}, "another": {"t": 1.0}, "a word": {"s": "1"}, "whole": {"s": 1}} {
		for _, most := range []bool{false, true} {
			if (Goal{Score: "s", Bound: 0.5, Most: most}).Met(scores) {
				t.Errorf("%s: met", name)
			}
		}
	}
	if g := AtLeast("map", 0.3); len(g) != 1 || g[0] != (Goal{Score: "map", Bound: 0.3}) {
		t.Errorf("AtLeast: %v", g)
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    float64
		want string
	}{
		{"accuracy", 0.8999, "90.0%"}, {"accuracy_xor", 1, "100.0%"}, {"miou", 0.123, "12.3%"}, {"ap50", 0, "0.0%"}, {"gain", -0.05, "-5.0%"},
		{"loss", 0.34657, "0.3466"}, {"largest_difference", 4.8e-11, "4.8e-11"}, {"error", 12345.678, "1.235e+04"}, {"inaccuracy", 0.5, "0.5"},
		{"loss", math.NaN(), "NaN"},
	} {
		if got := Format(tt.name, tt.v); got != tt.want {
			t.Errorf("%s of %g: %q, want %q", tt.name, tt.v, got, tt.want)
		}
	}
	if got := Words("largest_difference_of_all"); got != "largest difference of all" {
		t.Errorf("got %q", got)
	}
}
