package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
)

func TestWorstPairs(t *testing.T) {
	classes := []string{"a", "b", "c"}
	m := [][]int{{8, 2, 0}, {5, 3, 2}, {0, 0, 0}}
	want := []pair{{"b", "a", 5, 10, 0.5}, {"a", "b", 2, 10, 0.2}}
	if got := worstPairs(m, classes, 2); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := worstPairs(m, classes, 9); len(got) != 3 {
		t.Errorf("got %v, want three pairs", got)
	}
	if got := worstPairs([][]int{{3, 0}, {0, 4}}, classes, 5); len(got) != 0 || got == nil {
		t.Errorf("no mistakes: got %v, want an empty list", got)
	}
}

func TestResultSaysWhatToDoNext(t *testing.T) {
	reached := false
	r := &result{Run: "runs/my run", Recipe: "start", Seconds: 75.2, Epochs: 3, Reference: 0.86, Reached: &reached,
		Targets: []target{{Score: "accuracy", Bound: 0.86}},
		Metrics: map[string]recipe.Scores{"test": {"accuracy": 0.8512}},
		Pairs:   []pair{{"shirt", "t-shirt", 31, 200, 0.155}}}
	got := r.write()
	for _, want := range []string{
		"test accuracy 85.1% (missed its target of 86.0%) after 3 epochs in 1 min 15 s",
		"shirt  taken for t-shirt  31 of 200 times",
		"the run is in runs/my run",
		"limpid predict 'runs/my run' PICTURE",
		"limpid inspect 'runs/my run'",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	r.Pairs, r.Targets[0].Reached = []pair{}, true
	if got = r.write(); !strings.Contains(got, "made no mistake") || !strings.Contains(got, "(reached") {
		t.Errorf("got %s", got)
	}
}
