package recipe

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

func TestRule(t *testing.T) {
	for _, name := range []string{"sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta"} {
		c := Common{LR: 0.25, Optimizer: name, Momentum: 0.5, Decay: 0.125}
		rule := c.Rule()
		if rule.Rate() != 0.25 {
			t.Errorf("%s: rate %g", name, rule.Rate())
		}
		if got, want := fmt.Sprintf("%T", rule), map[string]string{"sgd": "optim.SGD", "adam": "optim.Adam", "adamw": "optim.AdamW",
			"rmsprop": "optim.RMSprop", "adagrad": "optim.Adagrad", "adadelta": "optim.Adadelta"}[name]; got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestRates(t *testing.T) {
	for _, tt := range []struct {
		schedule string
		warmup   int
		rising   bool // from step 0 to 2
		falling  bool // from step 50 to 99
	}{
		{"constant", 0, false, false},
		{"constant", 10, true, false},
		{"cosine", 0, false, true},
		{"cosine", 10, true, true},
		{"one-cycle", 0, true, true},
	} {
		c := Common{Schedule: tt.schedule, Warmup: tt.warmup}
		f := c.Rates(100)
		if got := f(2) > f(0); got != tt.rising {
			t.Errorf("%s, warm-up %d: from %g to %g", tt.schedule, tt.warmup, f(0), f(2))
		}
		if got := f(99) < f(50); got != tt.falling {
			t.Errorf("%s, warm-up %d: from %g to %g", tt.schedule, tt.warmup, f(50), f(99))
		}
		for step := range 100 {
			if v := f(step); v < 0 || v > 1+1e-12 {
				t.Errorf("%s: factor %g at step %d", tt.schedule, v, step)
			}
		}
	}
}

func TestSteps(t *testing.T) {
	set := data.FromTensors(tensor.Zeros(10, 2), tensor.Zeros(10))
	task := Task{Fit: train.Config{Data: set, Batch: 4, Epochs: 5}}
	if got := task.Steps(); got != 15 {
		t.Errorf("%d steps of 4 in 5 epochs of 10 examples, want 15", got)
	}
}

// TestNoDecayIsNone: AdamW's own default would decay without a word.
func TestNoDecayIsNone(t *testing.T) {
	for decay, want := range map[float64]optim.Rule{0: optim.Adam{LR: .1}, .25: optim.AdamW{LR: .1, Decay: .25}} {
		c := Common{Optimizer: "adamw", LR: .1, Decay: decay}
		if got := c.Rule(); !reflect.DeepEqual(got, want) {
			t.Errorf("decay %g: %#v, want %#v", decay, got, want)
		}
	}
}

// TestRatesEndWithTheRun, with and without warm-up.
func TestRatesEndWithTheRun(t *testing.T) {
	for _, warm := range []int{0, 40} {
		got := (&Common{Schedule: "cosine", Warmup: warm}).Rates(100)
		if a, b, want := got(99), got(98), optim.Cosine(100-warm)(99-warm); a != want || b <= a {
			t.Errorf("warm-up %d: ends with %g, %g, want %g", warm, b, a, want)
		}
	}
}
