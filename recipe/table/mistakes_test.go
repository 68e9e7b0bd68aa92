package table

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
)

// rows makes a table of n rows by a function of the row.
func rows(head string, n int, row func(i int) string) string {
	text := head + "\n"
	for i := range n {
		text += row(i) + "\n"
	}
	return text
}

// plain is a table with nothing wrong, but for the row with the number wrong.
func plain(wrong int, row string) string {
	return rows("a,b,y", 60, func(i int) string {
		if i == wrong {
			return row
		}
		return fmt.Sprintf("%d,%s,%d", i*i%17, []string{"p", "q"}[i%2], i%13)
	})
}

// Whatever is wrong with a table, the error names the file and, where there is
// one, the line and the column, and says what to do.
func TestMistakesInTables(t *testing.T) {
	for name, tt := range map[string]struct {
		text   string
		change func(c *Config)
		want   []string
	}{
		"no file":          {"", func(c *Config) { c.Data = "nowhere.csv" }, []string{"nowhere.csv", "no such file"}},
		"a folder":         {"", func(c *Config) { c.Data = os.TempDir() }, []string{"is a folder", "CSV"}},
		"empty":            {"", nil, []string{"no rows"}},
		"head alone":       {"a,b,y\n", nil, []string{"no rows"}},
		"no target named":  {plain(-1, ""), func(c *Config) { c.Target = "" }, []string{"--target", `"a", "b", "y"`}},
		"no such target":   {plain(-1, ""), func(c *Config) { c.Target = "z" }, []string{`no column "z"`, `"a", "b", "y"`}},
		"no such drop":     {plain(-1, ""), func(c *Config) { c.Drop = "a,z" }, []string{`no column "z"`}},
		"all dropped":      {plain(-1, ""), func(c *Config) { c.Drop = "a,b" }, []string{"no column is left"}},
		"a field too few":  {plain(7, "1,p"), nil, []string{"line 9", "2 fields, want 3"}},
		"a field too many": {plain(7, "1,p,3,4"), nil, []string{"line 9", "4 fields, want 3"}},
		"a quote open":     {plain(7, "1,\"p,3"), nil, []string{"line"}},
		"a bare quote":     {plain(7, "1,p\"q,3"), nil, []string{"line 9", "quote"}},
		"a typing error":   {plain(7, "1,p,3x"), nil, []string{"line 9", `"y"`, `"3x" is no number`}},
		"not UTF-8":        {plain(7, "1,\xff,3"), nil, []string{"line 9", "not UTF-8"}},
		"UTF-16":           {"\xff\xfea\x00,\x00y\x00\n\x00", nil, []string{"line 1", "not UTF-8"}},
		"a name twice":     {rows("a,a,y", 40, func(int) string { return "1,2,3" }), nil, []string{"line 1", `two columns are called "a"`}},
		"no name":          {rows("a,,y", 40, func(int) string { return "1,2,3" }), nil, []string{"line 1", "column 2 has no name"}},
		"too few rows":     {rows("a,y", 9, func(i int) string { return fmt.Sprintf("%d,%d", i*i, i%3) }), nil, []string{"9 rows", "at least 20"}},
		"always the same":  {rows("a,y", 40, func(i int) string { return fmt.Sprintf("%d,5", i*i) }), nil, []string{`"y" is always 5`}},
		"one class":        {rows("a,y", 40, func(i int) string { return fmt.Sprintf("%d,x", i*i) }), nil, []string{`always "x"`, "nothing to tell apart"}},
		"a name each": {rows("a,y", 40, func(i int) string { return fmt.Sprintf("%d,n%d", i*i, i) }), nil,
			[]string{`"y" has 40 different values`, "too many"}},
		"a class of one row":  {plain(-1, "") + "1,p,9\n", func(c *Config) { c.Target = "b"; c.Folds = 5; c.Data += "+rare" }, []string{`"rare" has 1 rows`}},
		"a date to learn":     {rows("a,y", 40, func(i int) string { return fmt.Sprintf("%d,2024-01-%02d", i*i, 1+i%28) }), nil, []string{`"y" is a date`}},
		"words as numbers":    {plain(-1, ""), func(c *Config) { c.Target, c.Kind = "b", "number" }, []string{"line 2", `"b"`, `"p" is no number`}},
		"beyond numbers":      {rows("a,y", 40, func(i int) string { return fmt.Sprintf("%d,%de36", i*i, i-20) }), nil, []string{"number with a mistake"}},
		"target without file": {"", func(c *Config) { c.Data = "" }, []string{"--data"}},
		"no values":           {rows("a,y", 40, func(i int) string { return fmt.Sprintf("%d,", i*i) }), nil, []string{`"y" has no values`}},
		"a zero byte":         {plain(7, "1,p\x00,3"), func(c *Config) { c.Target = "b" }, []string{"rows"}},
		"only counted":        {rows("id,y", 40, func(i int) string { return fmt.Sprintf("%d,%d", i, i%7) }), nil, []string{"no column is left", "counts the rows"}},
	} {
		c := quick(func(c *Config) { c.Target, c.Data = "y", filepath.Join(t.TempDir(), "rows.csv") })
		file := c.Data
		if tt.change != nil {
			tt.change(c)
		}
		if strings.HasSuffix(c.Data, "+rare") {
			c.Data = file
			tt.text += "1,rare,9\n"
		}
		if err := os.WriteFile(file, []byte(tt.text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := open(c)
		if err == nil {
			t.Errorf("%s: it opens", name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		if c.Data == file && !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v does not name the file", name, err)
		}
	}
}

// So do those in what is asked.
func TestMistakesInQuestions(t *testing.T) {
	c := quick(func(c *Config) { c.Data, c.Target, c.Epochs = write(t, plain(-1, "")), "y", 1 })
	task, _ := ran(t, c)
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"nothing":          {"", []string{"no rows"}},
		"head alone":       {"a,b\n", []string{"no rows"}},
		"a column lacks":   {"a,c\n1,2\n", []string{"line 1", `need "b"`}},
		"no number":        {"a,b\n1,p\nx,q\n", []string{"line 3", `"a"`, `"x" is no number`}},
		"a missing value":  {"a,b\n,p\n", []string{"line 2", `"a"`, "missing"}},
		"a field too many": {"a,b\n1,p\n1,p,2\n", []string{"line 3", "3 fields, want 2"}},
		"not UTF-8":        {"a,b\n1,\xff\n", []string{"line 2", "not UTF-8"}},
		"picture":          {"\x89PNG\r\n\x1a\n\x00\x00", []string{"not UTF-8"}},
	} {
		_, err := task.Answer(context.Background(), &recipe.Question{Name: "asked.csv", In: strings.NewReader(tt.text)})
		if err == nil {
			t.Errorf("%s: it has an answer", name)
			continue
		}
		for _, want := range append(tt.want, "asked.csv") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	// Columns in another order, unknown ones with anything in them, and numbers
	// with a comma are as good.
	a := ask(t, task, "-", "more;b;a\n?!;p;1,5\nx;q;900\n")
	if !strings.Contains(a.Doubt, `line 3, column "a": 900`) || strings.Count(a.Text, "\n") != 3 {
		t.Errorf("%s, doubt %q", a.Text, a.Doubt)
	}
}

// A run on other rows says which of them does not fit.
func TestMistakesInOtherRows(t *testing.T) {
	c := quick(func(c *Config) { c.Data, c.Target, c.Epochs = write(t, plain(-1, "")), "b", 1 })
	_, _ = ran(t, c)
	for text, want := range map[string]string{
		"a,b,y\n1,r,3\n":  `line 2, column "b": the class "r" is none of those learned`,
		"a,b,y\n1,,3\n":   "no row has a b",
		"a,b\n1,p\n":      `need "y"`,
		"a,y\n1,2\n":      `no column "b"`,
		"a,b,y\n1,p,x\n":  `"x" is no number`,
		"a,b,y\n1,p,3,\n": "line 2",
	} {
		other := stored(t, c)
		other.Data = write(t, text)
		if _, err := open(other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	c.Known = "{"
	c.Bare = true
	if _, err := open(c); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
}
