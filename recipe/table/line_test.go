package table

import (
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// lined gives the networks of a study weights by which they are straight lines,
// and returns them: of each part, an output after the other, all members' mean.
// Columns named by blind weigh nothing.
func lined(t fataler, s *study, seed uint64, blind ...string) [][][]float64 {
	t.Helper()
	if err := s.build(); err != nil {
		t.Fatal(err)
	}
	r := tensor.NewRand(seed)
	var all [][][]float64
	for f, layer := range s.layers {
		in, out := len(s.Folds[f].Encoder.Names()), s.outputs()
		zero := layer.Last.Weight.Value()
		layer.Last.Weight.Set(tensor.Of(make([]float32, zero.Len()), zero.Shape()...))
		w := tensor.Data[float32](r.Normal(0, 1, layer.Members*out, in))
		for _, column := range blind {
			from, to := places(s.Folds[f].Encoder, column)
			for k := range layer.Members * out {
				clear(w[k*in+from : k*in+to])
			}
		}
		layer.Straight.Weight.Set(tensor.Of(w, layer.Members*out, in))
		mean := make([][]float64, layer.Members*out)
		for k := range mean {
			for _, v := range w[k*in : (k+1)*in] {
				mean[k] = append(mean[k], float64(v))
			}
		}
		all = append(all, mean)
	}
	return all
}

// straight is what lines answer about a row, by hand.
func straight(s *study, w [][][]float64, f int, x []float64) []float64 {
	out, members := s.outputs(), s.config.Members
	answer := make([]float64, out)
	for m := range members {
		said, sum := make([]float64, out), 0.0
		for k := range said {
			for i, v := range x {
				said[k] += w[f][m*out+k][i] * v
			}
			if s.Classes != nil {
				said[k] = math.Exp(said[k])
				sum += said[k]
			}
		}
		for k, v := range said {
			if s.Classes == nil {
				sum = 1
			}
			answer[k] += v / sum / float64(members)
		}
	}
	if s.Classes == nil {
		answer[0] = s.Folds[f].Mean + s.Folds[f].Deviation*answer[0]
	}
	return answer
}

// near tells whether two answers agree but for the rounding of float32.
func near(a, b []float64, unit float64) bool {
	for k := range a {
		if !(math.Abs(a[k]-b[k]) < 1e-4*max(unit, 1)) {
			return false
		}
	}
	return len(a) == len(b)
}

// Each row is answered by the network of the part that tests it, in the table's
// own unit.
func TestAnswersByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		s := c.study(t, config, rapid.SampledFrom([]string{"class", "y"}).Draw(t, "target"))
		w := lined(t, s, 3)
		got, err := s.answers()
		if err != nil {
			t.Fatal(err)
		}
		for f, fold := range s.folds {
			for _, i := range fold.Test {
				if want := straight(s, w, f, s.x[f][i]); !near(got[i], want, s.Folds[f].Deviation) {
					t.Fatalf("row %d: %v, want %v", i, got[i], want)
				}
			}
		}
	})
}

// Many rows are answered as each by itself.
func TestManyRowsAtOnce(t *testing.T) {
	s := byChance(1, 40).study(t, quick(func(c *Config) { c.Width = 2 }), "y")
	w := lined(t, s, 4)
	r := tensor.NewRand(9)
	rows := make([][]float64, 2*4096+3)
	for i := range rows {
		rows[i] = make([]float64, len(s.x[1][0]))
		for k := range rows[i] {
			rows[i][k] = r.Float64()
		}
	}
	got, err := s.ask(1, rows)
	if err != nil || len(got) != len(rows) {
		t.Fatalf("%d answers to %d rows (%v)", len(got), len(rows), err)
	}
	for _, i := range []int{0, 4095, 4096, 8191, 8192, 8194} {
		if want := straight(s, w, 1, rows[i]); !near(got[i], want, s.Folds[1].Deviation) {
			t.Errorf("row %d: %v, want %v", i, got[i], want)
		}
	}
	if none, err := s.ask(1, nil); err != nil || len(none) != 0 {
		t.Errorf("of no rows: %v, %v", none, err)
	}
}

// shuffled is what [study.importance] measures, by hand: answers about rows with
// a column's places taken from another row of the same part.
func shuffled(s *study, w [][][]float64, column string, whole float64) (all []float64) {
	r := tensor.NewRand(s.config.Seed + 77)
	for range shuffles {
		right, square := 0.0, 0.0
		for f, fold := range s.folds {
			from, to := places(s.Folds[f].Encoder, column)
			for k, other := range r.Perm(len(fold.Test)) {
				i := fold.Test[k]
				x := slices.Concat(s.x[f][i][:from], s.x[f][fold.Test[other]][from:to], s.x[f][i][to:])
				a := straight(s, w, f, x)
				if s.Classes != nil && top(a) == int(s.y[i]) {
					right++
				}
				square += (a[0] - s.y[i]) * (a[0] - s.y[i])
			}
		}
		n := float64(len(s.y))
		if s.Classes != nil {
			all = append(all, 100*(whole-right/n))
		} else {
			all = append(all, math.Sqrt(square/n)-whole)
		}
	}
	return all
}

// How much a column matters is the mean of what its shuffles cost, by hand; one
// that weighs nothing costs nothing, exactly.
func TestImportanceByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		config.Width = 1
		s := c.study(t, config, rapid.SampledFrom([]string{"class", "y"}).Draw(t, "target"))
		w := lined(t, s, 5, "day")
		v, err := s.judge()
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range []string{"num", "name", "gap"} {
			mean, spread, err := s.importance(column, &v.methods[0])
			if err != nil {
				t.Fatal(err)
			}
			all := shuffled(s, w, column, v.methods[0].score)
			want, deviation := moments(all, []int{0, 1, 2, 3, 4})
			if slices.Min(all) == slices.Max(all) {
				deviation = 0
			}
			deviation *= math.Sqrt(5. / 4)
			if tolerance := 1e-3 * max(1, s.Folds[0].Deviation); math.Abs(mean-want) > tolerance || math.Abs(spread-deviation) > tolerance {
				t.Fatalf("%s: %g ± %g, want %g ± %g", column, mean, spread, want, deviation)
			}
		}
		if mean, spread, err := s.importance("day", &v.methods[0]); mean != 0 || spread != 0 || err != nil {
			t.Fatalf("a column that weighs nothing: %g ± %g (%v)", mean, spread, err)
		}
	})
}

// Of a line the effect of a number is a line, whose slope is that of the parts'
// lines in the table's unit; it goes through the mean answer where all rows had
// that value anyway.
func TestEffectByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, config := drawn(t)
		s := c.study(t, config, "y")
		w := lined(t, s, 6)
		at := rapid.Float64Range(-30, 30).Draw(t, "at")
		a, err := s.effect("num", at, "")
		b, err2 := s.effect("num", at+2, "")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		slope, level := 0.0, 0.0
		for f, fold := range s.folds {
			p := &s.Folds[f]
			from, _ := places(p.Encoder, "num")
			in := p.Encoder.Inputs[slices.IndexFunc(p.Encoder.Inputs, func(in data.Input) bool { return in.Column == "num" })]
			for m := range config.Members {
				slope += p.Deviation * w[f][m][from] / in.Deviation / float64(config.Members) * float64(len(fold.Test)) / float64(len(s.y))
			}
			for _, i := range fold.Test {
				x := slices.Clone(s.x[f][i])
				x[from] = (at - in.Mean) / in.Deviation
				level += straight(s, w, f, x)[0] / float64(len(s.y))
			}
		}
		if got := b[0] - a[0]; math.Abs(got-2*slope) > 1e-3*max(1, math.Abs(slope)) || math.Abs(a[0]-level) > 1e-3*max(1, math.Abs(level)) {
			t.Fatalf("at %g the answer is %g, and rises by %g; want %g and %g", at, a[0], got, level, 2*slope)
		}
	})
}

// The effect of a name on classes is the mean of what the lines answer with it;
// the chances of all classes sum to 1; a name that no row has is no place.
func TestEffectOfNames(t *testing.T) {
	s := byChance(8, 66).study(t, quick(func(c *Config) { c.Folds = 3 }), "class")
	w := lined(t, s, 7)
	for at, name := range []string{"ash", "elm", "oak", "yew"} {
		got, err := s.effect("name", 0, name)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float64, 3)
		for f, fold := range s.folds {
			from, to := places(s.Folds[f].Encoder, "name")
			for _, i := range fold.Test {
				x := slices.Clone(s.x[f][i])
				clear(x[from:to])
				if at < 3 {
					x[from+at] = 1
				}
				for k, p := range straight(s, w, f, x) {
					want[k] += p / float64(len(s.y))
				}
			}
		}
		if !near(got, want, 1) || math.Abs(sumOf(got)-1) > 1e-5 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// margins fills in what a study holds about its rows: answers that are off by
// what off says.
func margins(t *testing.T, s *study, off func(i int) float64) {
	t.Helper()
	answers := make([][]float64, len(s.y))
	for i, y := range s.y {
		answers[i] = []float64{y + off(i)}
		s.held.note(i, answers[i], answers[i])
	}
	s.held.set(answers, s.y)
}

// What predict says of rows is the mean of all parts' lines, with the margin to
// both sides; the columns' order, what separates them, other columns and other
// rows do not matter.
func TestAskedRows(t *testing.T) {
	c := byChance(13, 50)
	s := c.study(t, quick(func(c *Config) { c.Folds = 3 }), "y")
	w := lined(t, s, 8)
	margins(t, s, func(i int) float64 { return float64(i%10) / 10 })
	j := &job{config: s.config, studies: []*study{s}}
	task := &recipe.Task{Answer: j.answer}
	all := ask(t, task, "rows.csv", c.text()).Value.(replies)
	if all.Target != "y" || len(all.Rows) != 50 {
		t.Fatalf("%d answers about %s", len(all.Rows), all.Target)
	}
	for i, r := range all.Rows {
		want := 0.0
		for f := range s.Folds {
			want += straight(s, w, f, s.x[f][i])[0] / 3
		}
		if r.Line != i+2 || !near([]float64{*r.Number}, []float64{want}, s.Folds[0].Deviation) {
			t.Errorf("line %d: %g, want %g", r.Line, *r.Number, want)
		}
		if math.Abs(*r.High-*r.Number-0.9) > 1e-5 || math.Abs(*r.Number-*r.Low-0.9) > 1e-5 {
			t.Errorf("line %d: between %g and %g", r.Line, *r.Low, *r.High)
		}
	}
	cells := strings.Split(c.rows[20], ",")
	slices.Reverse(cells)
	alone := "more;" + strings.Join([]string{"y", "class", "day", "flag", "name", "gap", "num"}, ";") + "\n?;" + strings.Join(cells, ";") + "\n"
	one := ask(t, task, "-", alone).Value.(replies).Rows
	if len(one) != 1 || !near([]float64{*one[0].Number}, []float64{*all.Rows[20].Number}, 1) {
		t.Errorf("alone %v, among others %g", one, *all.Rows[20].Number)
	}
}

// The answers that are printed as CSV are those that programs get.
func TestPrintedAnswersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "classes")
		s := &study{Target: "what"}
		for k := range n {
			s.Classes = append(s.Classes, fmt.Sprint(rapid.StringMatching(`[a-z",; ]{0,6}`).Draw(t, "class"), k))
		}
		var rows []reply
		r := tensor.NewRand(uint64(n))
		for line := range rapid.IntRange(1, 9).Draw(t, "rows") {
			a := make([]float64, n)
			for k := range a {
				a[k] = r.Float64()
			}
			rows = append(rows, s.reply(line+2, a, 0))
		}
		text, err := s.print(rows, true)
		if err != nil {
			t.Fatal(err)
		}
		back, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(back) != len(rows)+1 || !slices.Equal(back[0], append([]string{"line", "what"}, s.Classes...)) {
			t.Fatalf("%q (%v)", text, err)
		}
		for i, r := range rows {
			cells := back[i+1]
			if cells[0] != fmt.Sprint(r.Line) || cells[1] != r.Class {
				t.Fatalf("%q, want %+v", cells, r)
			}
			for k, class := range s.Classes {
				p, err := strconv.ParseFloat(cells[2+k], 64)
				if err != nil || math.Abs(p-r.Classes[class]) > 5.1e-5 || r.Classes[class] > r.Classes[r.Class] {
					t.Fatalf("%q: %s, want %+v", class, cells[2+k], r)
				}
			}
		}
	})
}
