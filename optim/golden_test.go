package optim

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// golden is testdata/torch.json, which torch.py beside it makes.
type golden struct {
	Rules map[string]struct {
		Float32, Float64 []float64
	}
	Schedules map[string][]float64
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/torch.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const goldenSize, goldenSteps = 37, 24

// start and slope are the formulas of torch.py.
func start[T kernel.Float](n int) []T {
	w := make([]T, n)
	for i := range w {
		w[i] = T((i*29)%64-31) / 32
	}
	return w
}

func slope[T kernel.Float](g []T, step int) {
	for i := range g {
		g[i] = T((i*37+step*101)%64-31) / 16
	}
}

func newSlots[T kernel.Float](r Rule, n int) [][]T {
	s := make([][]T, r.Slots())
	for i := range s {
		s[i] = make([]T, n)
	}
	return s
}

// run takes steps with either type's update.
func run[T kernel.Float](r Rule, update func(w, g []T, slots [][]T, step int, lr float64), w []T, steps int) []T {
	g, slots := make([]T, len(w)), newSlots[T](r, len(w))
	for step := range steps {
		slope(g, step)
		update(w, g, slots, step+1, r.Rate())
	}
	return w
}

// offBy is the greatest difference over want's greatest magnitude.
func offBy[T kernel.Float](got []T, want []float64) float64 {
	var off, size float64
	for i, v := range want {
		off, size = max(off, math.Abs(float64(got[i])-v)), max(size, math.Abs(v))
		if math.IsNaN(float64(got[i])) {
			return math.Inf(1)
		}
	}
	return off / size
}

var goldenRules = map[string]Rule64{
	"sgd":              SGD{LR: .1},
	"sgd decay":        SGD{LR: .1, Decay: .05},
	"sgd momentum":     SGD{LR: .1, Momentum: .9},
	"sgd dampening":    SGD{LR: .1, Momentum: .9, Dampening: .3, Decay: .05},
	"sgd nesterov":     SGD{LR: .1, Momentum: .9, Nesterov: true, Decay: .05},
	"adam":             Adam{LR: .01},
	"adam decay":       Adam{LR: .01, Betas: [2]float64{.5, .99}, Eps: 1e-3, Decay: .05},
	"adam beta 0":      Adam{LR: .01, Betas: [2]float64{0, .9}},
	"adamw":            AdamW{LR: .01},
	"adamw decay":      AdamW{LR: .01, Betas: [2]float64{.8, .95}, Decay: .3},
	"rmsprop":          RMSprop{LR: .01},
	"rmsprop decay":    RMSprop{LR: .01, Alpha: .9, Eps: 1e-3, Decay: .05},
	"rmsprop centred":  RMSprop{LR: .01, Alpha: .9, Centered: true},
	"rmsprop momentum": RMSprop{LR: .01, Momentum: .8},
	"rmsprop all":      RMSprop{LR: .01, Alpha: .95, Eps: 1e-4, Decay: .05, Momentum: .8, Centered: true},
	"adagrad":          Adagrad{LR: .1},
	"adagrad decay":    Adagrad{LR: .1, LRDecay: .05, Decay: .05, Eps: 1e-4},
	"adadelta":         Adadelta{LR: 1},
	"adadelta decay":   Adadelta{LR: .5, Rho: .8, Eps: 1e-3, Decay: .05},
}

func TestRulesAgainstPyTorch(t *testing.T) {
	g := readGolden(t)
	if len(g.Rules) != len(goldenRules) {
		t.Errorf("%d golden rules, %d here", len(g.Rules), len(goldenRules))
	}
	for name, r := range goldenRules {
		want := g.Rules[name]
		if off := offBy(run(r, r.Update, start[float32](goldenSize), goldenSteps), want.Float32); !(off <= 1e-5) {
			t.Errorf("%s: float32 is off by %.2g of the greatest weight", name, off)
		}
		if off := offBy(run(r, r.Update64, start[float64](goldenSize), goldenSteps), want.Float64); !(off <= 1e-10) {
			t.Errorf("%s: float64 is off by %.2g of the greatest weight", name, off)
		}
	}
}

func TestSchedulesAgainstPyTorch(t *testing.T) {
	g := readGolden(t)
	schedules := map[string]Schedule{
		"constant":        Constant(),
		"step":            Step(7, .3),
		"cosine":          Cosine(40),
		"one-cycle":       OneCycle(40),
		"one-cycle short": OneCycle(4),
		"warm-up":         Warmup(8, Cosine(33)),
	}
	if len(g.Schedules) != len(schedules) {
		t.Errorf("%d golden schedules, %d here", len(g.Schedules), len(schedules))
	}
	for name, s := range schedules {
		for step, want := range g.Schedules[name] {
			if got := s(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: factor %g at step %d, want %g", name, got, step, want)
			}
		}
	}
}

// A parameter may be cut into pieces anywhere: the bits stay.
func TestPiecesHaveTheSameBits(t *testing.T) {
	for name, r := range goldenRules {
		p := Penalty{r, 1e-3, 1e-2}
		whole := run(p, p.Update, start[float32](goldenSize), 5)
		for _, cut := range []int{1, 8, 19, 32} {
			w, g, slots := start[float32](goldenSize), make([]float32, goldenSize), newSlots[float32](p, goldenSize)
			for step := range 5 {
				slope(g, step)
				for _, part := range [][2]int{{0, cut}, {cut, goldenSize}} {
					a, b := part[0], part[1]
					var pieces [][]float32
					for _, s := range slots {
						pieces = append(pieces, s[a:b])
					}
					p.Update(w[a:b], g[a:b], pieces, step+1, p.Rate())
				}
			}
			if !slices.Equal(w, whole) {
				t.Errorf("%s: cut at %d, the bits differ", name, cut)
			}
		}
	}
}
