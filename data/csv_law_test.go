package data

import (
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// written is a table as encoding/csv writes it.
func written(t *testing.T, comma rune, rows [][]string) string {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = comma
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// cellsOf draws a column of a kind: what its cells say and what they mean.
func cellsOf(r *tensor.Rand, kind Kind, n int) (cells []string, values []float64) {
	for range n {
		switch kind {
		case Number:
			v := math.Round(1000*(r.Float64()-0.5)) / 8
			cells, values = append(cells, strconv.FormatFloat(v, 'g', -1, 64)), append(values, v)
		case Boolean:
			v := r.IntN(2)
			cells, values = append(cells, []string{"no", "Yes"}[v]), append(values, float64(v))
		case Date:
			v := r.IntN(30000)
			cells, values = append(cells, day(float64(v))), append(values, float64(v))
		default:
			v := r.IntN(4)
			cells, values = append(cells, []string{"a, b", `say "c"`, "d\ne", "f;g|h"}[v]), append(values, float64(v))
		}
	}
	return cells, values
}

// TestTablesGoRound: whatever CSV's quoting can hold comes back, as the kind it
// is, with any comma; the line of a row is where it begins.
func TestTablesGoRound(t *testing.T) {
	r := tensor.NewRand(1)
	for _, comma := range []rune{',', ';', '\t', '|'} {
		for range 25 {
			n, kinds := 1+r.IntN(30), []Kind{Number, Boolean, Date, Category}
			rows := slices.Repeat([][]string{nil}, n+1)
			var all [][]float64
			for k, kind := range kinds {
				rows[0] = append(rows[0], fmt.Sprintf("column %d", k))
				cells, values := cellsOf(r, kind, n)
				for i, c := range cells {
					rows[i+1] = append(slices.Clone(rows[i+1]), c)
				}
				all = append(all, values)
			}
			text := written(t, comma, rows)
			table, err := ParseTable(strings.NewReader(text), "x.csv", TableOptions{Comma: comma})
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if table.Len() != n || len(table.Columns) != len(kinds) {
				t.Fatalf("%d rows of %d columns, want %d of %d", table.Len(), len(table.Columns), n, len(kinds))
			}
			for k, c := range table.Columns {
				if c.Kind != kinds[k] || c.Missing != 0 {
					t.Fatalf("%v is taken for a %v, %d missing: %q", kinds[k], c.Kind, c.Missing, c.cells)
				}
				for i := range n {
					if c.Cell(i) != rows[i+1][k] {
						t.Fatalf("row %d: cell %q, want %q", i, c.Cell(i), rows[i+1][k])
					}
					if c.Kind != Category && math.Abs(c.numbers[i]-all[k][i]) > 1e-9 {
						t.Fatalf("row %d: %q is %g, want %g", i, c.Cell(i), c.numbers[i], all[k][i])
					}
				}
			}
			lines := strings.Split(text, "\n")
			for i := range n {
				if first, _, _ := strings.Cut(lines[table.Line(i)-1], string(comma)); strings.Trim(first, `"`) != rows[i+1][0] {
					t.Fatalf("row %d is said to begin on line %d: %q", i, table.Line(i), lines[table.Line(i)-1])
				}
			}
		}
	}
}

// TestOneBadCellIsNamed puts something odd into one cell of each kind of column
// at every row: the error tells the column, the line and the cell.
func TestOneBadCellIsNamed(t *testing.T) {
	r := tensor.NewRand(2)
	for _, kind := range []Kind{Number, Boolean, Date} {
		cells, _ := cellsOf(r, kind, 24)
		for bad := range cells {
			rows := [][]string{{"id", "value of it"}}
			for i, c := range cells {
				if i == bad {
					c = "o,dd"
				}
				rows = append(rows, []string{fmt.Sprint("n", i), c})
			}
			_, err := ParseTable(strings.NewReader(written(t, ',', rows)), "damaged.csv", TableOptions{})
			wantError(t, err, "damaged.csv", `column "value of it"`, fmt.Sprintf("line %d:", bad+2), `"o,dd"`, kind.String(), "23 of the 24")
			_, err = ParseTable(strings.NewReader(written(t, ',', rows)), "damaged.csv", TableOptions{Kinds: map[string]Kind{"value of it": Category}})
			if err != nil {
				t.Errorf("said to be a category: %v", err)
			}
			_, err = ParseTable(strings.NewReader(written(t, ',', rows)), "damaged.csv", TableOptions{Missing: []string{"o,dd"}})
			if err != nil {
				t.Errorf("said to be missing: %v", err)
			}
		}
	}
}

// TestEveryBadColumnIsNamed at once.
func TestEveryBadColumnIsNamed(t *testing.T) {
	rows := [][]string{{"a", "b", "c"}}
	for i := range 25 {
		rows = append(rows, []string{fmt.Sprint(i), "2020-01-02", "yes"})
	}
	rows[7][0], rows[9][1], rows[11][2] = "seven", "in May", "perhaps"
	_, err := ParseTable(strings.NewReader(written(t, ',', rows)), "x.csv", TableOptions{})
	wantError(t, err, `column "a": line 8: "seven"`, `column "b": line 10: "in May"`, `column "c": line 12: "perhaps"`)
}

// TestEveryTruncationOfATable is read or refused, and never crashes; what is
// read has the head's columns.
func TestEveryTruncationOfATable(t *testing.T) {
	text := "name,age,\"city, land\"\nAda,36,\"London, \"\"UK\"\"\"\nByron,,Rome\r\nÉmile,61,Paris\n"
	refused := 0
	for n := range len(text) + 1 {
		table, err := ParseTable(strings.NewReader(text[:n]), "cut.csv", TableOptions{})
		if err != nil {
			wantError(t, err, "data: table", "cut.csv")
			refused++
			continue
		}
		if names := table.names(); !slices.Equal(names, []string{"name", "age", "city, land"}) {
			t.Errorf("%d bytes: columns %q", n, names)
		}
	}
	if refused < len("name,age,\"city, land\"\n") {
		t.Errorf("%d of %d beginnings are refused", refused, len(text)+1)
	}
}

// TestClassesDoNotDependOnTheOrderOfRows, so that a table sorted anew gives the
// same numbers, in columns where numbers and words are mixed, too.
func TestClassesDoNotDependOnTheOrderOfRows(t *testing.T) {
	values := []string{"10", "9", "1a", "b", "2", "9a", "-1", "1.5", "x2", "1e1", "10.0"}
	r := tensor.NewRand(3)
	var first []string
	for range 200 {
		order := r.Perm(len(values))
		rows := [][]string{{"x", "y"}}
		for _, i := range order {
			rows = append(rows, []string{"1", values[i]})
		}
		table, err := ParseTable(strings.NewReader(written(t, ',', rows)), "x.csv", TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		enc, err := table.Fit(Encoding{Target: "y"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = enc.Classes
		}
		if !slices.Equal(enc.Classes, first) {
			t.Fatalf("rows in the order %v give classes %q, others %q", order, enc.Classes, first)
		}
	}
}

// TestEncodingIsLinear: scaled numbers have mean 0 and deviation 1 over the
// rows fitted, whatever rows those are, and Value undoes the target's scale.
func TestEncodingIsLinear(t *testing.T) {
	r := tensor.NewRand(4)
	for range 40 {
		n := 3 + r.IntN(40)
		rows := [][]string{{"x", "y"}}
		for range n {
			rows = append(rows, []string{fmt.Sprint(1000*r.Float64() - 300), fmt.Sprint(r.Float64() * 7)})
		}
		table, err := ParseTable(strings.NewReader(written(t, ',', rows)), "x.csv", TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fitted := r.Perm(n)[:2+r.IntN(n-1)]
		enc, err := table.Fit(Encoding{Target: "y", ScaleTarget: true}, fitted)
		if err != nil {
			t.Fatal(err)
		}
		set, err := enc.Dataset(table, fitted)
		if err != nil {
			t.Fatal(err)
		}
		var sum, squares float64
		for k, row := range fitted {
			e, err := set.At(k)
			if err != nil {
				t.Fatal(err)
			}
			v := float64(e.X.Index(0, 0).Item())
			sum, squares = sum+v, squares+v*v
			want, _ := strconv.ParseFloat(rows[row+1][1], 64)
			if got := enc.Value(float64(e.Y.Item())); math.Abs(got-want) > 1e-5 {
				t.Fatalf("row %d: the target goes round to %g, want %g", row, got, want)
			}
		}
		m := float64(len(fitted))
		if mean, dev := sum/m, math.Sqrt(squares/m-sum/m*sum/m); math.Abs(mean) > 1e-5 || math.Abs(dev-1) > 1e-4 {
			t.Fatalf("%d rows: mean %g, deviation %g", len(fitted), mean, dev)
		}
	}
}
