package recipe

import (
	"fmt"
	"strings"
)

// Goal is a bound that a score of the test split must keep.
type Goal struct {
	Score string  // its name among the test split's
	Bound float64 // what it must at least be
	Most  bool    // Bound is what it must at most be
}

// AtLeast is a list of one goal: the score must be at least bound.
func AtLeast(score string, bound float64) []Goal { return []Goal{{Score: score, Bound: bound}} }

// Usual tells whether a configuration differs from usual, its recipe's defaults,
// in no more than the seed, the checkpoints and what is no setting: such a run is
// held to the recipe's goals.
func Usual[C comparable, P interface {
	*C
	Config
}](c, usual P) bool {
	as, s := *usual, c.Shared()
	u := P(&as).Shared()
	u.Seed, u.Every, u.Known, u.Bare = s.Seed, s.Every, s.Known, s.Bare
	return *c == as
}

// Met tells whether the scores keep the bound. A score that is not there does
// not.
func (g Goal) Met(scores Scores) bool {
	v, ok := scores.Number(g.Score)
	return ok && (v >= g.Bound && !g.Most || v <= g.Bound && g.Most)
}

// String writes the bound: "accuracy ≥ 86.0%".
func (g Goal) String() string {
	sign := "≥"
	if g.Most {
		sign = "≤"
	}
	return fmt.Sprintf("%s %s %s", Words(g.Score), sign, Format(g.Score, g.Bound))
}

// Scores are a split's figures by name: numbers, and objects of numbers.
type Scores map[string]any

// Number returns the score with that name, if it is a number.
func (s Scores) Number(name string) (float64, bool) {
	v, ok := s[name].(float64)
	return v, ok
}

// shares are beginnings of the names of scores from 0 to 1 that read best as
// per cent.
var shares = []string{"accuracy", "map", "ap50", "miou", "iou", "boundary", "gain", "auto_shortfall", "exact", "coverage", "word_error_rate", "shortfall_error"}

// Format writes a score for people.
func Format(name string, v float64) string {
	for _, s := range shares {
		if strings.HasPrefix(name, s) {
			return fmt.Sprintf("%.1f%%", 100*v)
		}
	}
	return fmt.Sprintf("%.4g", v)
}

// Words turns a score's name into words.
func Words(name string) string { return strings.ReplaceAll(name, "_", " ") }
