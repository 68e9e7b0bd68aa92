package fashion

import (
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/clothes"
	"github.com/limpid-ml/limpid/recipe/start"
)

// fashion is start with more of everything that takes time or holds
// overfitting back, as its line in the list of recipes says.
func TestMoreThanStart(t *testing.T) {
	for _, full := range []bool{false, true} {
		a, b := start.Recipe.New(full).(*clothes.Config), defaults(full)
		if err := recipe.Check(&b); err != nil {
			t.Errorf("full %v: %v", full, err)
		}
		if b.Width < a.Width || b.Epochs <= a.Epochs || b.Dropout < a.Dropout || b.Decay < a.Decay {
			t.Errorf("full %v: width %d, %d epochs, dropout %g, decay %g; start has %d, %d, %g, %g", full, b.Width, b.Epochs, b.Dropout, b.Decay, a.Width, a.Epochs, a.Dropout, a.Decay)
		}
		if !b.Flip || b.Shift <= a.Shift || b.Erase <= a.Erase {
			t.Errorf("full %v: flip %v, shift %d, erase %g", full, b.Flip, b.Shift, b.Erase)
		}
		a.Data, b.Data = "", ""
		if full {
			a.Data, b.Data = "/data", "/data"
		}
		if x, y := start.Recipe.Targets(a), Recipe.Targets(&b); len(x) != 1 || len(y) != 1 || y[0].Bound <= x[0].Bound {
			t.Errorf("full %v: goals %v, and start's %v", full, y, x)
		}
	}
}
