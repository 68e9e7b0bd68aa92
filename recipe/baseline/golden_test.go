package baseline

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// golden is what scikit-learn answers; testdata/golden.py writes it.
type golden struct {
	X     [][]float64
	Y     map[string][]float64
	Cases []struct {
		Method, Target string
		Settings       struct {
			Alpha, Rate, L2     float64
			Rounds, Depth, Leaf int
		}
		Answers [][]float64
	}
}

// Each method answers as scikit-learn's does, for a number and for two and three
// classes.
func TestAnswersAreThoseOfScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	classes := map[string]int{"two": 2, "three": 3}
	seen := map[string]int{}
	for _, c := range g.Cases {
		p := &Problem{X: g.X, Y: g.Y[c.Target], Classes: classes[c.Target]}
		s := c.Settings
		var m Model
		most := 1e-6
		switch c.Method {
		case "ridge":
			m, most = Ridge(p, s.Alpha), 1e-9
		case "logistic":
			m = Logistic(p, s.Alpha, nil)
		case "trees": // which scikit-learn grows on gradients in float32
			m = Boost(p, Boosting{Rounds: s.Rounds, Rate: s.Rate, Depth: s.Depth, Leaf: s.Leaf, L2: s.L2})
		}
		seen[c.Method]++
		for i, want := range c.Answers { // of the first rows
			got := m.Predict(g.X[i])
			if len(got) != len(want) {
				t.Fatalf("%s: %d answers, want %d", c.Method, len(got), len(want))
			}
			for k := range want {
				if math.Abs(got[k]-want[k]) > most {
					t.Fatalf("%s of %s, %+v: row %d answers %v, scikit-learn %v", c.Method, c.Target, s, i, got, want)
				}
			}
		}
	}
	if seen["ridge"] != 3 || seen["logistic"] != 6 || seen["trees"] != 12 {
		t.Errorf("cases: %v", seen)
	}
}
