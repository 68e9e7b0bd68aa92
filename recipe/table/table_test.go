package table

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// quick are settings of a second's run.
func quick(change func(c *Config)) *Config {
	c := defaults()
	c.Epochs, c.Folds, c.Inner, c.Members, c.Width, c.Search, c.Trees = 15, 2, 2, 2, 16, false, 30
	if change != nil {
		change(&c)
	}
	return &c
}

// ran opens the task, runs it and measures it.
func ran(t *testing.T, c *Config) (*recipe.Task, *recipe.Measured) {
	t.Helper()
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Run(context.Background(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	m, err := task.Measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return task, m
}

// saved stores a task's weights and loads them into the task of other settings.
func saved(t *testing.T, from *recipe.Task, c *Config) *recipe.Task {
	t.Helper()
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	parts := append([]recipe.Part{{Name: "main", Net: task.Net}}, task.Also...)
	for i, p := range append([]recipe.Part{{Name: "main", Net: from.Net}}, from.Also...) {
		file := filepath.Join(dir, p.Name)
		if err := p.Net.Save(file); err != nil {
			t.Fatal(err)
		}
		if p.Name != parts[i].Name {
			t.Fatalf("part %d is %s, and was %s", i, parts[i].Name, p.Name)
		}
		if err := parts[i].Net.Load(file); err != nil {
			t.Fatal(err)
		}
	}
	return task
}

// stored is what a run's record keeps of the settings.
func stored(t *testing.T, c *Config) *Config {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back := defaults()
	if err := recipe.Decode(text, &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

func ask(t *testing.T, task *recipe.Task, name, text string) *recipe.Answer {
	t.Helper()
	a, err := task.Answer(context.Background(), &recipe.Question{Name: name, In: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The two embedded tables are learned beyond guessing in a second, each score is
// there, and what was saved answers as what was trained.
func TestEmbeddedTables(t *testing.T) {
	c := quick(nil)
	task, m := ran(t, c)
	for _, name := range []string{"accuracy", "accuracy_logistic", "accuracy_trees", "loss", "rmse", "rmse_ridge", "rmse_trees", "mae", "shortfall_points", "shortfall_error"} {
		if v, ok := m.Scores.Number(name); !ok || math.IsNaN(v) {
			t.Errorf("%s is %v", name, m.Scores[name])
		}
	}
	if a, _ := m.Scores.Number("accuracy"); a < 0.85 {
		t.Errorf("accuracy %g; always Adelie gets 0.44", a)
	}
	if e, _ := m.Scores.Number("rmse"); e > 5 {
		t.Errorf("error %g; always the mean gets 7.8", e)
	}
	if m.Examples != 344+398 || !strings.Contains(m.Story, "column name is left out: 305 different values") {
		t.Errorf("%d rows, %s", m.Examples, m.Story)
	}
	again := saved(t, task, stored(t, c))
	m2, err := again.Measure(context.Background())
	if err != nil || fmt.Sprint(m2.Scores) != fmt.Sprint(m.Scores) {
		t.Errorf("saved: %v, trained: %v (%v)", m2.Scores, m.Scores, err)
	}
	bare := stored(t, c)
	bare.Bare = true
	asked := saved(t, task, bare)
	cars := "weight,cylinders,displacement,horsepower,acceleration,model_year,origin\n3504,8,307,130,12,70,usa\n1985,4,90,48,21.5,78,europe\n1985,4,90,?,21.5,78,mars\n"
	a := ask(t, asked, "cars.csv", cars)
	rows := a.Value.(replies).Rows
	if len(rows) != 3 || *rows[0].Number > *rows[1].Number-5 || rows[2].Line != 4 {
		t.Errorf("answers %s", a.Text)
	}
	if a.Text != ask(t, task, "cars.csv", cars).Text {
		t.Error("the task that was trained answers otherwise")
	}
	if !strings.Contains(a.Doubt, `line 4, column "origin": mars is unlike`) {
		t.Errorf("doubt %q", a.Doubt)
	}
	for _, r := range rows {
		if w := *r.High - *r.Low; math.Abs(w-(*rows[0].High-*rows[0].Low)) > 1e-9 || w <= 0 {
			t.Errorf("interval %g", w)
		}
	}
	task.Options.(*format).Format = "csv"
	birds := ask(t, task, "-", "species,island,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g,sex,year\n,Biscoe,47,14.5,218,5200,male,2008\n")
	if want := "line,species,Adelie,Chinstrap,Gentoo\n2,Gentoo,0."; !strings.HasPrefix(birds.Text, want) {
		t.Errorf("answer %q, want %q…", birds.Text, want)
	}
}

// write stores a table.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// made is a table of n rows: two numbers, a name and a date, of which y is the
// sum of some and kind the sign.
func made(n int) string {
	var b strings.Builder
	b.WriteString("id;a;b;colour;day;y;kind;all\n")
	r := tensor.NewRand(4)
	for i := range n {
		a, c := r.Float64(), r.Float64()
		colour := []string{"red", "green"}[r.IntN(2)]
		y := 3*a - c
		if colour == "red" {
			y++
		}
		cell := fmt.Sprintf("%.3f", c)
		if i%10 == 3 {
			cell = "none"
		}
		fmt.Fprintf(&b, "%d;%.3f;%s;%s;2024-01-%02d;%.3f;%v;same\n", i+1, a, cell, colour, 1+i%28, y, map[bool]string{true: "high", false: "low"}[y > 1.5])
	}
	return b.String()
}

// A table of one's own: kinds are found, what says nothing is left out, missing
// values are named, and rows not seen are measured and answered.
func TestOwnTable(t *testing.T) {
	file := write(t, made(120))
	for _, target := range []string{"y", "kind"} {
		c := quick(func(c *Config) {
			c.Data, c.Target, c.Missing, c.Drop = file, target, "none", map[string]string{"y": "kind", "kind": "y"}[target]
		})
		task, m := ran(t, c)
		for _, want := range []string{"column id is left out: it counts the rows", "column all is left out: all rows have the same value", "left out, as asked"} {
			if !strings.Contains(m.Story, want) {
				t.Errorf("%s: the story lacks %q:\n%s", target, want, m.Story)
			}
		}
		if a, ok := m.Scores.Number("accuracy"); target == "kind" && (!ok || a < 0.7 || m.Confusion == nil || len(task.Classes) != 2) {
			t.Errorf("kind: %v, classes %q", m.Scores, task.Classes)
		}
		if e, ok := m.Scores.Number("rmse"); target == "y" && (!ok || e > 0.8 || m.Confusion != nil) {
			t.Errorf("y: %v", m.Scores)
		}
		sections, err := task.Pages(context.Background(), m)
		if err != nil || len(sections) < 5 {
			t.Errorf("%d sections, %v", len(sections), err)
		}
		// the same run, measured on other rows
		other := stored(t, c)
		other.Data = write(t, made(40))
		m2, err := saved(t, task, other).Measure(context.Background())
		if err != nil || m2.Examples != 40 || m2.Scores["shortfall_error"] != nil || m2.Reference != nil {
			t.Errorf("other rows: %+v, %v", m2, err)
		}
		// and on the same file, when it has changed
		if err := os.WriteFile(file, []byte(made(119)), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := open(stored(t, c)); err == nil || !strings.Contains(err.Error(), "not as it was") {
			t.Errorf("changed: %v", err)
		}
		if err := os.WriteFile(file, []byte(made(120)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// Each fold's test rows are apart from those learned from, all rows are tested
// once, and the inner folds stay inside.
func TestNoRowIsTestedByWhatHasSeenIt(t *testing.T) {
	c := quick(func(c *Config) { c.Folds, c.Inner = 5, 4 })
	j := &job{config: c}
	if err := j.embedded(); err != nil {
		t.Fatal(err)
	}
	for _, s := range j.studies {
		tested := make([]int, s.Rows)
		for f, fold := range s.folds {
			for _, i := range fold.Test {
				tested[i]++
				if slices.Contains(fold.Train, i) {
					t.Fatalf("%s, fold %d: row %d is in both", s.Name, f, i)
				}
			}
			inner, err := s.inner(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range inner {
				for _, i := range slices.Concat(pick(fold.Train, part.Train), pick(fold.Train, part.Test)) {
					if slices.Contains(fold.Test, i) {
						t.Fatalf("%s, fold %d: settings are chosen on row %d, which is tested", s.Name, f, i)
					}
				}
				if len(part.Train)+len(part.Test) != len(fold.Train) {
					t.Fatal("rows are lost")
				}
			}
		}
		for i, n := range tested {
			if n != 1 {
				t.Errorf("%s: row %d is tested %d times", s.Name, i, n)
			}
		}
	}
}

// The number of steps announced is the number taken, with and without a search.
func TestSteps(t *testing.T) {
	for _, search := range []bool{false, true} {
		c := quick(func(c *Config) { c.Search, c.Epochs = search, 2 })
		task, err := open(c)
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		count := observer{&steps}
		if err := task.Run(context.Background(), &recipe.Bench{Dir: t.TempDir(), Observers: count.list()}); err != nil {
			t.Fatal(err)
		}
		if steps != task.Steps() {
			t.Errorf("search %v: %d steps of %d", search, steps, task.Steps())
		}
	}
}

func TestGoals(t *testing.T) {
	c := defaults()
	if g := goals(&c); len(g) != 2 || !g[0].Most || g[0].Bound != 1 || g[1].Bound != 0.02 {
		t.Errorf("goals %v", g)
	}
	c.Seed, c.Known, c.Every = 9, "x", 7
	if len(goals(&c)) != 2 {
		t.Error("another seed has no goals")
	}
	for _, change := range []func(c *Config){func(c *Config) { c.Epochs++ }, func(c *Config) { c.Data = "x.csv" }, func(c *Config) { c.Search = false }} {
		c := defaults()
		if change(&c); goals(&c) != nil {
			t.Errorf("%+v has goals", c)
		}
	}
	if n := len(c.tries()); n != 6 {
		t.Errorf("%d tries", n)
	}
	c.Search = false
	if got := c.tries(); len(got) != 1 || got[0] != (try{0.1, 0.01}) {
		t.Errorf("tries %v", got)
	}
}

// Where a column's inputs are is where the encoder puts them, and one value's
// encoding is what the encoder makes of a row with it.
func TestPlaces(t *testing.T) {
	j := &job{config: quick(nil)}
	if err := j.embedded(); err != nil {
		t.Fatal(err)
	}
	for _, s := range j.studies {
		p := &s.Folds[0]
		names := p.Encoder.Names()
		next := 0
		for _, c := range s.Columns {
			from, to := places(p.Encoder, c.Name)
			if from != next || to <= from {
				t.Fatalf("%s: %d to %d after %d", c.Name, from, to, next)
			}
			for _, n := range names[from:to] {
				if !strings.HasPrefix(n, c.Name) {
					t.Errorf("%s is among the places of %s", n, c.Name)
				}
			}
			next = to
			col, err := s.table.Column(c.Name)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{0, 5, 40} {
				if col.Cell(s.rows[i]) == "" {
					continue
				}
				got, want := p.value(c.Name, col.Value(s.rows[i]), col.Cell(s.rows[i])), s.x[0][i][from:to]
				for k := range want {
					if math.Abs(got[k]-want[k]) > 1e-5 {
						t.Errorf("%s of row %d: %v, want %v", c.Name, i, got, want)
					}
				}
			}
			if c.Kind != data.Number {
				continue
			}
			if g := s.grid(c.Name); len(g) != 21 || !slices.IsSorted(g) || g[0] >= g[20] {
				t.Errorf("%s: looked at %v", c.Name, g)
			}
		}
		if next != len(names) {
			t.Errorf("%d places of %d", next, len(names))
		}
		if from, to := places(p.Encoder, "nothing"); from != to {
			t.Error("a column that is not there has places")
		}
	}
}
