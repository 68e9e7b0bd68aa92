package book

import (
	"testing"

	"github.com/limpid-ml/limpid/recipe"
)

func TestFind(t *testing.T) {
	for _, r := range Recipes {
		if found, _ := Find(r.Name); found != r {
			t.Errorf("%s is not found", r.Name)
		}
	}
	if found, near := Find("fashon"); found != nil || near != "fashion" {
		t.Errorf("got %v, near %q", found, near)
	}
}

// Every recipe has a name, a line about it, and settings that fit; each
// setting says what it is for.
func TestRecipesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Recipes {
		if r.Name == "" || r.Short == "" || seen[r.Name] {
			t.Errorf("recipe %q, %q lacks a name or a line about it, or is there twice", r.Name, r.Short)
		}
		seen[r.Name] = true
		for _, full := range []bool{false, true} {
			if err := recipe.Check(r.New(full)); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
			for _, s := range recipe.Settings(r.New(full)) {
				if s.Help == "" {
					t.Errorf("%s: setting %s does not say what it is for", r.Name, s.Key)
				}
			}
		}
	}
}
