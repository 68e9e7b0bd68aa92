// Package sweep is the part of a search over settings that trains nothing:
// which settings are tried (a grid, or drawn at random), who goes on to be
// trained longer (successive halving), and how the results are shown. All of
// it follows from the specification and its seed, so that a search that was
// stopped goes on as if it had not been, at any number of threads.
//
// What chooses is a score on validation data. The test split is none of its
// business.
//
// The command may import it.
package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// Bounds on a search.
const (
	maxAxes   = 16
	maxTrials = 10_000
)

// Axis is a setting and the values to try: a list, or a range to draw from.
type Axis struct {
	Key    string   `json:"key"`
	Values []string `json:"values,omitempty"`
	// Draw is how values are drawn between Low and High: "lin" evenly, "log"
	// evenly in the logarithm, "int" and "logint" the same in whole numbers; "":
	// Values.
	Draw string  `json:"draw,omitempty"`
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
}

// draws are the ways to draw.
var draws = []string{"lin", "log", "int", "logint"}

// ParseAxis reads "lr=0.001,0.01" or "lr=log:1e-4..1e-1".
func ParseAxis(text string) (Axis, error) {
	key, values, ok := strings.Cut(text, "=")
	a := Axis{Key: strings.TrimSpace(key)}
	if !ok || a.Key == "" {
		return a, fmt.Errorf("%q is not key=value,value or key=log:low..high", text)
	}
	draw, span, isRange := strings.Cut(values, ":")
	if isRange && strings.Contains(span, "..") {
		return a, a.parseRange(strings.TrimSpace(draw), span)
	}
	for v := range strings.SplitSeq(values, ",") {
		if v = strings.TrimSpace(v); slices.Contains(a.Values, v) {
			return a, fmt.Errorf("setting %s has the value %q twice", a.Key, v)
		}
		a.Values = append(a.Values, v)
	}
	return a, nil
}

func (a *Axis) parseRange(draw, span string) (err error) {
	if !slices.Contains(draws, draw) {
		return fmt.Errorf("setting %s: %q is no way to draw; there are %s", a.Key, draw, strings.Join(draws, ", "))
	}
	low, high, _ := strings.Cut(span, "..")
	a.Draw = draw
	if a.Low, err = strconv.ParseFloat(strings.TrimSpace(low), 64); err == nil {
		a.High, err = strconv.ParseFloat(strings.TrimSpace(high), 64)
	}
	switch whole := strings.HasSuffix(draw, "int"); {
	case err != nil || math.IsInf(a.High-a.Low, 0) || math.IsNaN(a.High-a.Low):
		return fmt.Errorf("setting %s: %q is no range of numbers: write %s:1..100", a.Key, span, draw)
	case !(a.Low < a.High):
		return fmt.Errorf("setting %s: the range %s is empty: the lower bound comes first", a.Key, span)
	case strings.HasPrefix(draw, "log") && a.Low <= 0:
		return fmt.Errorf("setting %s: a logarithmic range begins above 0, and this one at %g", a.Key, a.Low)
	case whole && (a.Low != math.Trunc(a.Low) || a.High != math.Trunc(a.High) || math.Abs(a.Low)+math.Abs(a.High) > 1<<52):
		return fmt.Errorf("setting %s: %s wants whole numbers as bounds, not %s", a.Key, draw, span)
	}
	return nil
}

// Several tells whether a has more than one value.
func (a *Axis) Several() bool { return a.Draw != "" || len(a.Values) > 1 }

// draw draws a value.
func (a *Axis) draw(r *tensor.Rand) string {
	u := r.Float64()
	at := a.Low + u*(a.High-a.Low)
	switch a.Draw {
	case "":
		return a.Values[r.IntN(len(a.Values))]
	case "log":
		at = math.Exp(math.Log(a.Low) + u*(math.Log(a.High)-math.Log(a.Low)))
	case "int":
		at = a.Low + math.Floor(u*(a.High-a.Low+1))
	case "logint":
		at = math.Round(math.Exp(math.Log(a.Low) + u*(math.Log(a.High)-math.Log(a.Low))))
	}
	if strings.HasSuffix(a.Draw, "int") {
		return strconv.FormatFloat(math.Max(a.Low, math.Min(a.High, at)), 'f', -1, 64)
	}
	return strconv.FormatFloat(math.Max(a.Low, math.Min(a.High, at)), 'g', 4, 64) // which a person can read, and type again
}

// Point has a value for each axis, in their order.
type Point []string

// Grid returns every combination, the last axis fastest.
func Grid(axes []Axis) ([]Point, error) {
	all := []Point{{}}
	if len(axes) > maxAxes {
		return nil, fmt.Errorf("there are %d settings to vary; at most %d", len(axes), maxAxes)
	}
	for _, a := range axes {
		if a.Draw != "" {
			return nil, fmt.Errorf("setting %s is a range, of which a grid has no end: give values, a,b,c, or draw with --random n", a.Key)
		}
		if len(all)*len(a.Values) > maxTrials {
			return nil, fmt.Errorf("the grid has more than %d combinations: give fewer values, or draw with --random n", maxTrials)
		}
		var more []Point
		for _, p := range all {
			for _, v := range a.Values {
				more = append(more, append(slices.Clone(p), v))
			}
		}
		all = more
	}
	return all, nil
}

// Random draws n points; the same seed draws the same, and the first of more.
//
// Source: Bergstra and Bengio 2012, "Random search for hyper-parameter
// optimization".
func Random(axes []Axis, n int, seed uint64) ([]Point, error) {
	if n < 1 || n > maxTrials || len(axes) > maxAxes {
		return nil, fmt.Errorf("%d trials of %d settings; 1 to %d of at most %d are taken", n, len(axes), maxTrials, maxAxes)
	}
	r := tensor.NewRand(seed)
	all := make([]Point, n)
	for i := range all {
		for k := range axes {
			all[i] = append(all[i], axes[k].draw(r))
		}
	}
	return all, nil
}

// Rung is a round of successive halving.
type Rung struct {
	Trials int `json:"trials"` // how many are trained
	Epochs int `json:"epochs"` // for how long
}

// Eta is how many times fewer trials a rung has than the one before, and how
// many times longer each is trained.
const Eta = 3

// Halving returns the rungs of n trials, the last of which trains for so many
// epochs: all rungs take about the same time.
//
// Source: Jamieson and Talwalkar 2016, "Non-stochastic best arm identification
// and hyperparameter optimization". There a trial is trained on; here each rung
// trains anew, for a schedule of the learning rate that ends with the rung
// tells more about one that ends later.
func Halving(n, epochs int) []Rung {
	rounds := 0
	for many, long := n, epochs; many >= Eta && long >= Eta; rounds++ {
		many, long = many/Eta, long/Eta
	}
	var all []Rung
	for i := range rounds + 1 {
		shorter := math.Pow(Eta, float64(rounds-i))
		all = append(all, Rung{max(1, int(float64(n)/math.Pow(Eta, float64(i))+1e-9)), max(1, int(math.Round(float64(epochs)/shorter)))})
	}
	return all
}

// Trial is one training of a point.
type Trial struct {
	Number  int       `json:"number"` // of its point, from 1
	Rung    int       `json:"rung"`   // from 1
	Epochs  int       `json:"epochs"`
	Values  Point     `json:"values"` // of the axes
	Score   *float64  `json:"score"`  // on validation data; null: it has none
	Trouble string    `json:"trouble,omitempty"`
	Curve   []float64 `json:"curve,omitempty"` // the score after each epoch
	Seconds float64   `json:"seconds"`
	Run     string    `json:"run"`
}

// Better compares two trials' scores: negative if a comes first. One without a
// score comes last, and ties go to the lower number.
func Better(a, b *Trial, lower bool) int {
	switch {
	case a.Score == nil && b.Score != nil:
		return 1
	case a.Score != nil && b.Score == nil:
		return -1
	case a.Score == nil || *a.Score == *b.Score:
		return a.Number - b.Number
	case *a.Score < *b.Score == lower:
		return -1
	}
	return 1
}

// Ranked returns trials with the best first: those of a later rung before those
// that were left behind.
func Ranked(trials []*Trial, lower bool) []*Trial {
	all := slices.Clone(trials)
	slices.SortStableFunc(all, func(a, b *Trial) int {
		if a.Rung != b.Rung {
			return b.Rung - a.Rung
		}
		return Better(a, b, lower)
	})
	return all
}

// Survivors returns the numbers of the n best of a rung's trials, in order. One
// that has no score does not go on.
func Survivors(trials []*Trial, n int, lower bool) []int {
	var numbers []int
	for _, t := range Ranked(trials, lower) {
		if t.Score != nil && len(numbers) < n {
			numbers = append(numbers, t.Number)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Lower tells whether less of a score is better, by its name.
func Lower(score string) bool {
	for _, s := range []string{"loss", "rmse", "mse", "mae", "nll", "perplexity", "error", "cer", "wer", "pinball", "bits"} {
		if strings.Contains(score, s) {
			return true
		}
	}
	return false
}

// Format writes a trial's score.
func (t *Trial) Format(score string) string {
	if t.Score == nil {
		return "—"
	}
	if *t.Score != 0 && math.Abs(*t.Score) < 1 && recipe.Format(score, 0.5) == "50.0%" {
		return fmt.Sprintf("%.2f%%", 100**t.Score)
	}
	return recipe.Format(score, *t.Score)
}
