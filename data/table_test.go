package data

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/tensor"
)

func people(t *testing.T) *Table {
	t.Helper()
	table, err := ReadTable("testdata/people.csv", TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func parsed(t *testing.T, text string, o TableOptions) *Table {
	t.Helper()
	table, err := ParseTable(strings.NewReader(text), "x.csv", o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// rowsOf returns X and Y of a set in memory.
func rowsOf(t *testing.T, set Dataset) (x [][]float32, y []float64) {
	t.Helper()
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		x = append(x, tensor.Data[float32](e.X))
		if e.Y.Valid() {
			y = append(y, e.Y.Reshape(1).At(0))
		}
	}
	return x, y
}

func TestTableFindsKinds(t *testing.T) {
	table := people(t)
	want := []Column{
		{Name: "name", Kind: Category}, {Name: "age", Kind: Number, Missing: 1}, {Name: "height", Kind: Number, Missing: 1},
		{Name: "smokes", Kind: Boolean}, {Name: "city", Kind: Category}, {Name: "joined", Kind: Date}, {Name: "rank", Kind: Category}, {Name: "spends", Kind: Number},
	}
	for i, c := range table.Columns {
		if c.Name != want[i].Name || c.Kind != want[i].Kind || c.Missing != want[i].Missing {
			t.Errorf("column %d is %q, %v, %d missing; want %+v", i, c.Name, c.Kind, c.Missing, want[i])
		}
	}
	city, err := table.Column("city")
	if err != nil || !slices.Equal(city.Categories, []string{"Bonn", "Köln", "Zürich"}) || city.Cell(3) != "Zürich" {
		t.Errorf("%v, %v", city, err)
	}
	rows, err := table.Complete()
	if err != nil || !slices.Equal(rows, []int{0, 2, 4, 5, 6}) {
		t.Errorf("complete rows %v, %v", rows, err)
	}
	groups, err := table.Groups("city")
	if err != nil || !slices.Equal(groups, []int{1, 0, 1, 2, 0, 0, 1}) {
		t.Errorf("groups %v, %v", groups, err)
	}
	if table.Len() != 7 || table.Line(2) != 4 {
		t.Errorf("%d rows, row 2 on line %d", table.Len(), table.Line(2))
	}
}

func ExampleTable_String() {
	table, err := ReadTable("testdata/people.csv", TableOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(table)
	// Output:
	// 7 rows, 8 columns
	// column  kind      missing  values
	// name    category        0  7 different: "Ada", "Byron, G.", "Curie", "Dirac", "Euler"
	// age     number          1  24 to 66, mean 41.8333
	// height  number          1  1.57 to 1.8, mean 1.69333
	// smokes  boolean         0  42.9% yes
	// city    category        0  3 different: "Bonn", "Köln", "Zürich"
	// joined  date            0  2017-05-06 to 2022-02-28
	// rank    category        0  3 different: "high", "low", "mid"
	// spends  number          0  60 to 200, mean 111.536
}

// TestEncoderIsScikitLearns: see testdata/encode.py.
func TestEncoderIsScikitLearns(t *testing.T) {
	text, err := os.ReadFile("testdata/people.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		X [][]float64
		Y []float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	table := people(t)
	enc, err := table.Fit(Encoding{Target: "spends", Drop: []string{"name"}, ScaleTarget: true, Impute: true}, []int{0, 1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"age", "age missing", "height", "height missing", "smokes", "city=Bonn", "city=Köln", "city=Zürich", "joined", "rank=high", "rank=low", "rank=mid"}
	if !slices.Equal(enc.Names(), names) {
		t.Errorf("names %q", enc.Names())
	}
	checkRows(t, enc, table, want.X, want.Y)

	// and again through JSON
	stored, err := json.Marshal(enc)
	if err != nil {
		t.Fatal(err)
	}
	var again Encoder
	if err := json.Unmarshal(stored, &again); err != nil {
		t.Fatal(err)
	}
	checkRows(t, &again, table, want.X, want.Y)
	if v := again.Value(want.Y[4]); math.Abs(v-200) > 1e-3 {
		t.Errorf("Euler spends %g, want 200", v)
	}
}

func checkRows(t *testing.T, enc *Encoder, table *Table, wantX [][]float64, wantY []float64) {
	t.Helper()
	set, err := enc.Dataset(table, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, y := rowsOf(t, set)
	for i := range wantX {
		if len(x[i]) != len(wantX[i]) {
			t.Fatalf("row %d is %v, want %v", i, x[i], wantX[i])
		}
		for k, w := range wantX[i] {
			if math.Abs(float64(x[i][k])-w) > 2e-6*max(1, math.Abs(w)) {
				t.Errorf("row %d: %s is %g, want %g", i, enc.Names()[k], x[i][k], w)
			}
		}
		if math.Abs(y[i]-wantY[i]) > 2e-6 {
			t.Errorf("row %d: Y is %g, want %g", i, y[i], wantY[i])
		}
	}
}

// TestScalingKnowsTrainingRowsOnly: what other rows hold changes nothing.
func TestScalingKnowsTrainingRowsOnly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.Float64Range(-1e6, 1e6).Draw(rt, "a"), rapid.Float64Range(-1e6, 1e6).Draw(rt, "b")
		text := func(last float64) string { return fmt.Sprintf("v,c\n1,x\n2,y\n5,x\n%g,y\n", last) }
		var encoders [2]string
		for i, last := range []float64{a, b} {
			table := parsed(t, text(last), TableOptions{})
			enc, err := table.Fit(Encoding{}, []int{0, 1, 2})
			if err != nil {
				rt.Fatal(err)
			}
			stored, err := json.Marshal(enc)
			if err != nil {
				rt.Fatal(err)
			}
			encoders[i] = string(stored)
		}
		if encoders[0] != encoders[1] {
			rt.Fatalf("%s and %s", encoders[0], encoders[1])
		}
	})
}

func TestTargets(t *testing.T) {
	table := parsed(t, "n,k,b,v\n1,red,yes,3\n2,blue,no,10\n3,red,no,3\n", TableOptions{})
	for _, c := range []struct {
		e       Encoding
		classes []string
		y       []float64
	}{
		{Encoding{Target: "k"}, []string{"blue", "red"}, []float64{1, 0, 1}},
		{Encoding{Target: "b"}, []string{"no", "yes"}, []float64{1, 0, 0}},
		{Encoding{Target: "v"}, nil, []float64{3, 10, 3}},
		{Encoding{Target: "v", Classes: true}, []string{"3", "10"}, []float64{0, 1, 0}},
		{Encoding{}, nil, nil},
	} {
		enc, err := table.Fit(c.e, nil)
		if err != nil {
			t.Fatal(err)
		}
		set, err := enc.Dataset(table, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, y := rowsOf(t, set); !slices.Equal(enc.Classes, c.classes) || !slices.Equal(y, c.y) {
			t.Errorf("%+v: classes %q, Y %v", c.e, enc.Classes, y)
		}
	}
}

func TestCodesAndScale(t *testing.T) {
	table := parsed(t, "n,k\n1,red\n2,blue\n4,\n", TableOptions{})
	enc, err := table.Fit(Encoding{Codes: []string{"k"}, KeepScale: true, Impute: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := enc.Dataset(table, []int{2, 0})
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := rowsOf(t, set); !slices.Equal(x[0], []float32{4, -1, 1}) || !slices.Equal(x[1], []float32{1, 1, 0}) {
		t.Errorf("%q: %v", enc.Names(), x)
	}
}

func TestTableOptions(t *testing.T) {
	table := parsed(t, "\ufeffa;b\r\n1,5;x\r\n-2,25;none\r\n", TableOptions{Missing: []string{"none"}})
	if c := table.Columns[0]; c.Kind != Number || c.numbers[0] != 1.5 || c.numbers[1] != -2.25 {
		t.Errorf("%+v", c)
	}
	if c := table.Columns[1]; c.Missing != 1 {
		t.Errorf("%+v", c)
	}
	table = parsed(t, "1\t2\n3\t4\n", TableOptions{NoHeader: true, Kinds: map[string]Kind{"2": Category}})
	if table.Len() != 2 || table.Columns[1].Name != "2" || table.Columns[1].Kind != Category || table.Columns[0].Kind != Number {
		t.Errorf("%+v", table.Columns)
	}
}

func TestTableErrors(t *testing.T) {
	many := "v\n" + strings.Repeat("1\n", 30) + "oops\n"
	for _, c := range []struct {
		text string
		o    TableOptions
		want []string
	}{
		{"", TableOptions{}, []string{"no rows"}},
		{"a,b\n", TableOptions{}, []string{"no rows"}},
		{"a,b\n1,2\n3\n", TableOptions{}, []string{"line 3", "1 fields, want 2"}},
		{"a,b\n1,\"2\n", TableOptions{}, []string{"line", "quote"}},
		{"a,b\n1,x\"y\n", TableOptions{}, []string{"line 2", "quote"}},
		{"a,a\n1,2\n", TableOptions{}, []string{`two columns are called "a"`}},
		{"a,\n1,2\n", TableOptions{}, []string{"column 2 has no name"}},
		{"a,b\n1,\xff\n", TableOptions{}, []string{"line 2", "UTF-8"}},
		{many, TableOptions{}, []string{`column "v"`, "line 32", `"oops" is no number`, "30 of the 31"}},
		{"v\n1\nx\n", TableOptions{Kinds: map[string]Kind{"v": Number}}, []string{"line 3", `"x" is no number`}},
		{"v\n1\n", TableOptions{Kinds: map[string]Kind{"w": Number}}, []string{`no column "w"`, `"v"`}},
	} {
		_, err := ParseTable(strings.NewReader(c.text), "x.csv", c.o)
		wantError(t, err, append(c.want, "x.csv")...)
	}
	_, err := ReadTable("testdata/gone.csv", TableOptions{})
	wantError(t, err, "gone.csv")
}

func TestEncodingErrors(t *testing.T) {
	table := people(t)
	_, err := table.Fit(Encoding{Target: "spend"}, nil)
	wantError(t, err, `no column "spend"`, `"spends"`, `column "age"`, "1 values are missing", "line 5", `column "height"`, "line 3")
	_, err = table.Fit(Encoding{Drop: []string{"x"}, Impute: true}, []int{})
	wantError(t, err, `no column "x"`, "no rows")
	_, err = table.Fit(Encoding{Target: "age", Impute: true}, nil)
	wantError(t, err, "values of the target are missing", "Complete")

	enc, err := table.Fit(Encoding{Target: "spends", Drop: []string{"name"}, Impute: true}, []int{0, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	_, err = enc.Dataset(table, nil)
	wantError(t, err, "line 5", `column "city"`, `"Zürich"`, `"Bonn", "Köln"`, "AllowUnseen")
	enc.AllowUnseen = true
	if _, err := enc.Dataset(table, nil); err != nil {
		t.Error(err)
	}
	_, err = enc.Dataset(parsed(t, "age\n1\n", TableOptions{}), nil)
	wantError(t, err, `no column "height"`)
	_, err = enc.Dataset(parsed(t, "age\nold\n", TableOptions{}), nil)
	wantError(t, err, `"age" is of kind category`, "number")

	var ids strings.Builder
	ids.WriteString("id,v\n")
	for i := range 300 {
		fmt.Fprintf(&ids, "u%d,%d\n", i, i)
	}
	_, err = parsed(t, ids.String(), TableOptions{}).Fit(Encoding{Target: "v"}, nil)
	wantError(t, err, `column "id"`, "300 different values", "Drop it")
}

func FuzzTable(f *testing.F) {
	text, err := os.ReadFile("testdata/people.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("a;b\n1,5;x\n")
	f.Add("a\tb\n\"1\n2\"\tyes\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ParseTable(strings.NewReader(text), "x.csv", TableOptions{})
		if err != nil {
			return
		}
		_ = table.String()
		enc, err := table.Fit(Encoding{Impute: true}, nil)
		if err != nil {
			return
		}
		set, err := enc.Dataset(table, nil)
		if err != nil {
			t.Fatalf("its own rows: %v", err)
		}
		if err := Check(set, 0); err != nil {
			t.Fatal(err)
		}
		if e, _ := set.At(0); e.X.Len() != len(enc.Names()) {
			t.Fatalf("%d places, %d names", e.X.Len(), len(enc.Names()))
		}
	})
}

func TestValue(t *testing.T) {
	table, err := ParseTable(strings.NewReader("a,b,c,d\n1.5,yes,x,1970-01-03\n,no,y,\n"), "t", TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]string{{"1.5", "NaN"}, {"1", "0"}, {"NaN", "NaN"}, {"2", "NaN"}} {
		c := &table.Columns[i]
		if got := [2]string{fmt.Sprint(c.Value(0)), fmt.Sprint(c.Value(1))}; got != want {
			t.Errorf("%s: %v, want %v", c.Name, got, want)
		}
	}
}
