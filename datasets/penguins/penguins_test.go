package penguins

import (
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
)

func TestTheTableIsWhole(t *testing.T) {
	table := Load()
	if table.Len() != 344 || len(table.Columns) != 8 {
		t.Fatalf("%d rows of %d columns", table.Len(), len(table.Columns))
	}
	missing := map[string]int{"sex": 11, "bill_length_mm": 2, "bill_depth_mm": 2, "flipper_length_mm": 2, "body_mass_g": 2}
	for _, c := range table.Columns {
		want := data.Number
		if slices.Contains([]string{"species", "island", "sex"}, c.Name) {
			want = data.Category
		}
		if c.Kind != want || c.Missing != missing[c.Name] {
			t.Errorf("%s: %s, %d missing", c.Name, c.Kind, c.Missing)
		}
	}
}

// The counts that the data's paper and package give.
func TestSpecies(t *testing.T) {
	c, err := Load().Column(Target)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for i := range Load().Len() {
		counts[c.Cell(i)]++
	}
	if got := strings.Join(c.Categories, " "); got != "Adelie Chinstrap Gentoo" || counts["Adelie"] != 152 || counts["Chinstrap"] != 68 || counts["Gentoo"] != 124 {
		t.Errorf("%s: %v", got, counts)
	}
}
