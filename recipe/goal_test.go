package recipe

import (
	"math"
	"testing"
)

func TestGoal(t *testing.T) {
	scores := Scores{"accuracy": 0.9, "error": 3.0, "by": Scores{"a": 1.0}, "none": math.NaN()}
	for _, tt := range []struct {
		goal Goal
		met  bool
		word string
	}{
		{Goal{"accuracy", 0.9, false}, true, "accuracy ≥ 90.0%"},
		{Goal{"accuracy", 0.91, false}, false, "accuracy ≥ 91.0%"},
		{Goal{"error", 3, true}, true, "error ≤ 3"},
		{Goal{"error", 2.5, true}, false, "error ≤ 2.5"},
		{Goal{"none", 0, false}, false, "none ≥ 0"},
		{Goal{"by", 0, false}, false, "by ≥ 0"},
		{Goal{"gain_of_best", -1, false}, false, "gain of best ≥ -100.0%"},
	} {
		if got := tt.goal.Met(scores); got != tt.met {
			t.Errorf("%v: met %v, want %v", tt.goal, got, tt.met)
		}
		if got := tt.goal.String(); got != tt.word {
			t.Errorf("got %q, want %q", got, tt.word)
		}
	}
}

func TestTargetsOfARecipeWithout(t *testing.T) {
	if got := (&Recipe{}).Targets(nil); got != nil {
		t.Errorf("got %v", got)
	}
}

// other is a configuration with a setting of its own.
type other struct {
	Common
	Width int
}

// A run by other seeds and checkpoints is usual; one by another setting, shared
// or its own, or on other data, is not. Asking changes neither side.
func TestUsual(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *other)
		want   bool
	}{
		"nothing":         {func(*other) {}, true},
		"seed":            {func(c *other) { c.Seed = 9 }, true},
		"checkpoints":     {func(c *other) { c.Every = 5 }, true},
		"what is known":   {func(c *other) { c.Known, c.Bare = "a b", true }, true},
		"the rate":        {func(c *other) { c.LR = 2 }, false},
		"its own setting": {func(c *other) { c.Width++ }, false},
		"other data":      {func(c *other) { c.Data = "x" }, false},
	} {
		usual := other{Common{Seed: 1, LR: 1}, 3}
		c, was := usual, usual
		tt.change(&c)
		now := c
		if Usual(&c, &usual) != tt.want || usual != was || c != now {
			t.Errorf("%s: want %v", name, tt.want)
		}
	}
}
