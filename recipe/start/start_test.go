package start

import (
	"testing"

	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/recipe"
)

// The defaults fit, and a run of them is as long as the README shows: eight
// epochs of 85 steps.
func TestDefaults(t *testing.T) {
	for _, full := range []bool{false, true} {
		c := defaults(full)
		if err := recipe.Check(&c); err != nil {
			t.Errorf("full %v: %v", full, err)
		}
	}
	task, err := Recipe.Open(Recipe.New(false))
	if err != nil {
		t.Fatal(err)
	}
	if task.Steps() != 680 || task.Fit.Epochs != 8 {
		t.Errorf("%d steps in %d epochs", task.Steps(), task.Fit.Epochs)
	}
	if len(task.Classes) != len(fashion.Classes) || task.Test.Len() != 2000 {
		t.Errorf("%d classes, %d test pictures", len(task.Classes), task.Test.Len())
	}
}
