package cars

import (
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
)

func TestTheTableIsWhole(t *testing.T) {
	table := Load()
	if table.Len() != 398 || len(table.Columns) != 9 {
		t.Fatalf("%d rows of %d columns", table.Len(), len(table.Columns))
	}
	for _, c := range table.Columns {
		want, missing := data.Number, 0
		if slices.Contains([]string{"origin", "name"}, c.Name) {
			want = data.Category
		}
		if c.Name == "horsepower" {
			missing = 6
		}
		if c.Kind != want || c.Missing != missing {
			t.Errorf("%s: %s, %d missing", c.Name, c.Kind, c.Missing)
		}
	}
}

// What anyone who knows the data expects: who builds how many, the thirstiest
// and the thriftiest car.
func TestCars(t *testing.T) {
	table := Load()
	column := func(name string) *data.Column {
		c, err := table.Column(name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	origin, name, mpg := column("origin"), column("name"), column(Target)
	counts, found := map[string]int{}, ""
	for i := range table.Len() {
		counts[origin.Cell(i)]++
		if v := mpg.Cell(i); v == "9" || v == "46.6" {
			found += name.Cell(i) + ", "
		}
	}
	if counts["usa"] != 249 || counts["europe"] != 70 || counts["japan"] != 79 {
		t.Errorf("origins: %v", counts)
	}
	if found != "hi 1200d, mazda glc, " {
		t.Errorf("the least and the most: %s", found)
	}
	if s := mpg.Summary(); !strings.HasPrefix(s, "9 to 46.6, mean 23.51") {
		t.Error(s)
	}
}
