package table

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// chance is a table made by chance: numbers, numbers with gaps, names, yes or
// no, and days, a row after its head; and what each row's class and number are.
type chance struct {
	head, rows []string
	kinds      []string
}

// byChance makes a table of n rows.
func byChance(seed uint64, n int) *chance {
	r := tensor.NewRand(seed)
	c := &chance{head: []string{"num", "gap", "name", "flag", "day", "class", "y"}}
	for i := range n {
		num, gap := 20*r.Float64()-5, fmt.Sprintf("%.3f", 1e4*r.Float64())
		if i > 3 && r.IntN(4) == 0 {
			gap = ""
		}
		kind := []string{"u", "v", "w"}[(i+i/5)%3]
		c.kinds = append(c.kinds, kind)
		c.rows = append(c.rows, fmt.Sprintf("%.4f,%s,%s,%s,2023-%02d-%02d,%s,%.4f", num, gap, []string{"ash", "elm", "oak"}[r.IntN(3)],
			[]string{"yes", "no"}[r.IntN(2)], 1+r.IntN(12), 1+r.IntN(28), kind, 3*num+r.Float64()))
	}
	return c
}

// text is the table as a file holds it.
func (c *chance) text() string {
	return strings.Join(c.head, ",") + "\n" + strings.Join(c.rows, "\n") + "\n"
}

// study reads the table to learn a column from it.
func (c *chance) study(t fataler, config *Config, target string) *study {
	t.Helper()
	table, err := data.ParseTable(strings.NewReader(c.text()), "chance.csv", data.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStudy(config, source{name: "chance", table: table, target: target})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fataler is a test, or a draw of rapid's.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// drawn is a table by chance, and settings for it.
func drawn(t *rapid.T) (*chance, *Config) {
	c := quick(func(c *Config) {
		c.Folds, c.Inner, c.Seed = rapid.IntRange(2, 6).Draw(t, "folds"), rapid.IntRange(2, 4).Draw(t, "inner"), uint64(rapid.IntRange(0, 99).Draw(t, "seed"))
	})
	return byChance(uint64(rapid.IntRange(0, 9999).Draw(t, "table")), rapid.IntRange(40, 90).Draw(t, "rows")), c
}

// changed is the table with the cells of one column of some rows put to another
// value.
func (c *chance) changed(rows []int, column, value string) *chance {
	at := slices.Index(c.head, column)
	out := &chance{head: c.head, rows: slices.Clone(c.rows), kinds: c.kinds}
	for _, i := range rows {
		cells := strings.Split(out.rows[i], ",")
		cells[at] = value
		out.rows[i] = strings.Join(cells, ",")
	}
	return out
}

// asJSON is v as a run stores it.
func asJSON(t fataler, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Whatever the table, each part of the rows gets its share of every class, or of
// every tenth of the numbers: their counts differ by one at most.
func TestPartsGetTheirShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		s := c.study(t, config, rapid.SampledFrom([]string{"class", "y"}).Draw(t, "target"))
		strata := s.strata()
		most := slices.Max(strata)
		if s.Classes == nil && most != 9 {
			t.Fatalf("%d tenths", most+1)
		}
		for k := range most + 1 {
			lo, hi := len(strata), 0
			for _, f := range s.folds {
				n := 0
				for _, i := range f.Test {
					if strata[i] == k {
						n++
					}
				}
				lo, hi = min(lo, n), max(hi, n)
			}
			if hi-lo > 1 {
				t.Fatalf("of stratum %d a part has %d, another %d", k, lo, hi)
			}
		}
		for i, y := range s.y { // no number of a lower tenth is above one of a higher
			for j := range i {
				if s.Classes == nil && strata[i] < strata[j] && y > s.y[j] {
					t.Fatalf("%g is in tenth %d, %g in %d", y, strata[i], s.y[j], strata[j])
				}
			}
		}
	})
}

// The training rows of each part have mean 0 in every number that is read, with
// deviation 1 where none is missing, and so has the number to learn.
func TestScalesAreOfTrainingRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		s := c.study(t, config, "y")
		for f, fold := range s.folds {
			for _, column := range []string{"num", "gap", "day"} {
				at, _ := places(s.Folds[f].Encoder, column)
				var mean, square float64
				for _, i := range fold.Train {
					mean += s.x[f][i][at] / float64(len(fold.Train))
					square += s.x[f][i][at] * s.x[f][i][at] / float64(len(fold.Train))
				}
				if math.Abs(mean) > 1e-4 || column != "gap" && math.Abs(square-1) > 1e-3 || square > 1.001 {
					t.Fatalf("%s in part %d: mean %g, mean square %g", column, f, mean, square)
				}
			}
			var mean, square float64
			for _, y := range s.problem(f).Y {
				mean, square = mean+y, square+y*y
			}
			if n := float64(len(fold.Train)); math.Abs(mean/n) > 1e-9 || math.Abs(square/n-1) > 1e-9 {
				t.Fatalf("y in part %d: mean %g, mean square %g", f, mean/n, square/n)
			}
			for i, y := range s.y {
				if back := s.unscaled(f, []float64{s.scaled(f, y)})[0]; math.Abs(back-y) > 1e-9 {
					t.Fatalf("%g of row %d comes back as %g", y, i, back)
				}
			}
		}
	})
}

// Changing the rows that a part is tested on, however wildly, changes nothing of
// how its training rows are read; other parts, which learn from them, see it.
func TestReadingKnowsNoTestRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		f := rapid.IntRange(0, config.Folds-1).Draw(t, "part")
		s := c.study(t, config, "class")
		test := s.folds[f].Test
		wild := c.changed(test, "num", "1e30").changed(test, "gap", "-7e20").changed(test[:1], "name", "elm").changed(test, "day", "1777-07-07")
		o := wild.study(t, config, "class")
		if !reflect.DeepEqual(s.folds, o.folds) {
			t.Fatal("the rows are dealt otherwise")
		}
		if a, b := asJSON(t, s.Folds[f]), asJSON(t, o.Folds[f]); a != b {
			t.Fatalf("part %d is read by\n%s, then\n%s", f, a, b)
		}
		if a, b := s.problem(f), o.problem(f); !reflect.DeepEqual(a, b) {
			t.Fatalf("part %d learns from other rows", f)
		}
		other := (f + 1) % config.Folds
		if asJSON(t, s.Folds[other]) == asJSON(t, o.Folds[other]) {
			t.Fatalf("part %d does not see its own training rows", other)
		}
	})
}

// So is it with the number to learn: the largest, made larger, moves the scale
// of all parts but that which it tests.
func TestScaleKnowsNoTestRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		s := c.study(t, config, "y")
		top := slices.Index(s.y, slices.Max(s.y))
		o := c.changed([]int{top}, "y", "98765.4321").study(t, config, "y")
		for f, fold := range s.folds {
			tests := slices.Contains(fold.Test, top)
			if same := s.Folds[f].Mean == o.Folds[f].Mean && s.Folds[f].Deviation == o.Folds[f].Deviation; same != tests {
				t.Fatalf("part %d, tested on it %v: mean %g, then %g", f, tests, s.Folds[f].Mean, o.Folds[f].Mean)
			}
		}
	})
}

// learned runs a table with a search, and returns its study.
func learned(t *testing.T, c *chance) *study {
	t.Helper()
	s := c.study(t, quick(func(c *Config) { c.Epochs, c.Width, c.Trees, c.Search = 1, 4, 10, true }), "class")
	if err := s.build(); err != nil {
		t.Fatal(err)
	}
	if err := s.run(context.Background(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	return s
}

// What is learned, and what is chosen, of all methods, is the same to the bit
// whatever the test rows are.
func TestLearningKnowsNoTestRow(t *testing.T) {
	c := byChance(5, 60)
	s := learned(t, c)
	test := s.folds[0].Test
	o := learned(t, c.changed(test, "num", "-4000").changed(test, "gap", "123456"))
	if fmt.Sprint(s.searched[0], s.chosen[0], s.linear[0], s.trees[0]) != fmt.Sprint(o.searched[0], o.chosen[0], o.linear[0], o.trees[0]) {
		t.Errorf("chosen by\n%v %v, then by\n%v %v", s.searched[0], s.linear[0], o.searched[0], o.linear[0])
	}
	same := func(f int) bool {
		a, b := s.nets[f].Params(), o.nets[f].Params()
		for k := range a {
			if !slices.Equal(tensor.Data[float32](a[k].Value()), tensor.Data[float32](b[k].Value())) {
				return false
			}
		}
		return len(a) == len(b) && len(a) > 4
	}
	if !same(0) || same(1) {
		t.Errorf("the network that does not learn from them is the same: %v; that which does: %v", same(0), same(1))
	}
	a, err := s.ask(0, s.x[0][:9])
	b, err2 := o.ask(0, s.x[0][:9])
	if err != nil || err2 != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("it answers %v, then %v (%v, %v)", a, b, err, err2)
	}
}

// What a run knows of its table is enough to read rows as they were read, to
// the bit; and stored again it is the same text.
func TestKnownReadsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		s := c.study(t, config, rapid.SampledFrom([]string{"class", "y"}).Draw(t, "target"))
		j := &job{config: config, studies: []*study{s}}
		if err := j.note(); err != nil {
			t.Fatal(err)
		}
		known := config.Known
		back := &job{config: config}
		if err := back.recall(); err != nil {
			t.Fatal(err)
		}
		if err := back.note(); err != nil || config.Known != known {
			t.Fatalf("%s, then %s (%v)", known, config.Known, err)
		}
		again, table, err := back.match([]byte(c.text()), "again.csv")
		if err != nil {
			t.Fatal(err)
		}
		for f := range s.Folds {
			x, err := again.Folds[f].encode(table, s.rows)
			if err != nil || !reflect.DeepEqual(x, s.x[f]) {
				t.Fatalf("part %d is read otherwise (%v)", f, err)
			}
		}
		if again.outputs() != s.outputs() || !slices.Equal(again.Classes, s.Classes) || again.Rows != len(c.rows) {
			t.Fatalf("%+v", again)
		}
	})
}

// Rows without a target are left out and named; those left are the rows of the
// same table without them.
func TestRowsWithoutTarget(t *testing.T) {
	c := byChance(11, 60)
	gaps := []int{0, 17, 18, 59}
	s := c.changed(gaps, "y", "").study(t, quick(nil), "y")
	fewer := &chance{head: c.head}
	for i, row := range c.rows {
		if !slices.Contains(gaps, i) {
			fewer.rows = append(fewer.rows, row)
		}
	}
	o := fewer.study(t, quick(nil), "y")
	if !reflect.DeepEqual(s.x, o.x) || !slices.Equal(s.y, o.y) || s.Rows != 56 {
		t.Errorf("%d rows are read otherwise", s.Rows)
	}
	if want := "4 rows have no y and are left out: lines 2, 19, 20, 61"; len(s.Notes) != 1 || s.Notes[0] != want {
		t.Errorf("notes %q, want %q", s.Notes, want)
	}
}

// A file of one's own and the tables that are brought along are dealt by the
// seed alone: the same rows for the same seed, others for another.
func TestSeedDeals(t *testing.T) {
	c := byChance(3, 50)
	a, b := c.study(t, quick(nil), "y"), c.study(t, quick(nil), "y")
	other := c.study(t, quick(func(c *Config) { c.Seed = 2 }), "y")
	if !reflect.DeepEqual(a.folds, b.folds) || reflect.DeepEqual(a.folds, other.folds) {
		t.Error("the seed does not say how rows are dealt")
	}
}
