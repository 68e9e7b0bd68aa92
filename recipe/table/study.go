package table

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe/baseline"
	"github.com/limpid-ml/limpid/tensor"
)

// source is a table and what to learn from it.
type source struct {
	name   string
	file   string // of a user's
	sum    string // what tells the file from others
	table  *data.Table
	target string
}

// study is a table that is learned. What is exported is known to a run that
// answers without the table.
type study struct {
	Name    string
	File    string `json:",omitempty"`
	Sum     string `json:",omitempty"`
	Target  string
	Rows    int      // those with a target
	Classes []string `json:",omitempty"` // nil: the target is a number
	Columns []column // that the target is told from
	Notes   []string // what was left out and why, in sentences
	Folds   []part

	config *Config
	table  *data.Table
	rows   []int     // of the table, those with a target
	y      []float64 // of each: a class, or the number
	folds  []data.Fold
	x      [][][]float64 // of each fold: all rows, encoded as its training rows say
	nets   []*nn.Net     // of each fold
	layers []*Network    // the same
	held   held
	fresh  bool // the rows are other than those learned from

	chosen   []try              // of each fold
	searched [][]float64        // of each fold: each try's loss on its validation rows
	linear   [][]baseline.Trial // of each fold
	trees    [][]baseline.Trial
}

// column is a column that the target is told from.
type column struct {
	Name string
	Kind data.Kind
}

// part is how rows are read for the networks of one fold: by what its training
// rows are like.
type part struct {
	Encoder   *data.Encoder
	Mean      float64 `json:",omitempty"` // a number y is learned as (y − Mean)/Deviation
	Deviation float64 `json:",omitempty"`
}

// newStudy reads what is to be learned and deals the rows.
func newStudy(c *Config, from source) (*study, error) {
	s := &study{Name: from.name, File: from.file, Sum: from.sum, Target: from.target, config: c, table: from.table}
	if err := s.aim(); err != nil {
		return nil, s.fault(err)
	}
	if err := s.choose(words(c.Drop)); err != nil {
		return nil, s.fault(err)
	}
	if err := s.deal(); err != nil {
		return nil, s.fault(err)
	}
	return s, nil
}

// fault names the file.
func (s *study) fault(err error) error {
	if s.File == "" {
		return err
	}
	return fmt.Errorf("%q: %w", s.File, err)
}

// aim finds the target's column, what kind it is, and the rows that have it.
func (s *study) aim() error {
	c, err := s.table.Column(s.Target)
	if err != nil {
		return err
	}
	var without []int
	for i := range s.table.Len() {
		if c.Cell(i) == "" {
			without = append(without, s.table.Line(i))
		} else {
			s.rows = append(s.rows, i)
		}
	}
	if len(without) > 0 {
		s.say("%d rows have no %s and are left out: %s", len(without), s.Target, lines(without))
	}
	least := max(20, s.config.Folds*s.config.Inner)
	if n := len(s.rows); n == 0 {
		return fmt.Errorf("column %q has no values", s.Target)
	} else if n < least {
		return fmt.Errorf("%d rows with a %s, want at least %d", n, s.Target, least)
	}
	isClass, err := s.isClass(c)
	if err != nil {
		return err
	}
	if isClass {
		return s.classes(c)
	}
	for _, i := range s.rows {
		s.y = append(s.y, c.Value(i))
	}
	return s.spread()
}

func (s *study) say(format string, a ...any) { s.Notes = append(s.Notes, fmt.Sprintf(format, a...)) }

// lines lists lines of a file, the first few of many.
func lines(all []int) string {
	const most = 5
	text := "line"
	if len(all) > 1 {
		text += "s"
	}
	for k, l := range all[:min(most, len(all))] {
		text += strings.Repeat(",", min(k, 1)) + fmt.Sprint(" ", l)
	}
	if len(all) > most {
		text += fmt.Sprintf(" and %d more", len(all)-most)
	}
	return text
}

// isClass tells whether the target is a class.
func (s *study) isClass(c *data.Column) (bool, error) {
	switch {
	case c.Kind == data.Date:
		return false, fmt.Errorf("column %q is a date; want a class or a number to learn", c.Name)
	case s.config.Kind == "classes":
		return true, nil
	case s.config.Kind == "number" && c.Kind == data.Category:
		return false, fmt.Errorf("line %d, column %q: %q is no number: leave out --set kind=number to learn it as a class", s.table.Line(s.rows[0]), c.Name, c.Cell(s.rows[0]))
	case s.config.Kind == "number":
		return false, nil
	}
	return c.Kind != data.Number || len(s.different(c)) == 2, nil
}

// different lists the values of the rows with a target: numbers by size, then
// words.
func (s *study) different(c *data.Column) []string {
	first := map[string]int{}
	for _, i := range s.rows {
		if _, ok := first[c.Cell(i)]; !ok {
			first[c.Cell(i)] = i
		}
	}
	all := make([]string, 0, len(first))
	for v := range first {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b string) int {
		va, vb := c.Value(first[a]), c.Value(first[b])
		return cmp.Or(cmp.Compare(va, vb), strings.Compare(a, b))
	})
	return all
}

// mostClasses bounds the classes of a target.
const mostClasses = 100

// classes reads the target's classes.
func (s *study) classes(c *data.Column) error {
	s.Classes = s.different(c)
	if n := len(s.Classes); n > mostClasses || n > len(s.rows)/2 {
		return fmt.Errorf("column %q has %d different values in %d rows: too many to learn as classes. Is it a number with a mistake in it, or a name of the row?", c.Name, n, len(s.rows))
	}
	if len(s.Classes) < 2 {
		return fmt.Errorf("column %q is always %q: there is nothing to tell apart", c.Name, strings.Join(s.Classes, ""))
	}
	count := make([]int, len(s.Classes))
	for _, i := range s.rows {
		k := slices.Index(s.Classes, c.Cell(i))
		s.y = append(s.y, float64(k))
		count[k]++
	}
	for k, n := range count {
		if n < s.config.Folds {
			return fmt.Errorf("column %q: the class %q has %d rows, and %d parts of the rows want one each: add rows, leave the class out, or --set folds=%d", c.Name, s.Classes[k], n, s.config.Folds, max(2, n))
		}
	}
	return nil
}

// spread refuses numbers that do not differ.
func (s *study) spread() error {
	lo, hi := slices.Min(s.y), slices.Max(s.y)
	if lo == hi {
		return fmt.Errorf("column %q is always %g: there is nothing to learn", s.Target, lo)
	}
	return nil
}

// choose picks the columns that the target is told from.
func (s *study) choose(drop []string) error {
	for _, name := range drop {
		if _, err := s.table.Column(name); err != nil {
			return err
		}
	}
	for i := range s.table.Columns {
		c := &s.table.Columns[i]
		if c.Name == s.Target {
			continue
		}
		if slices.Contains(drop, c.Name) {
			s.say("column %s is left out, as asked", c.Name)
		} else if why := s.useless(c); why != "" {
			s.say("column %s is left out: %s", c.Name, why)
		} else {
			s.Columns = append(s.Columns, column{c.Name, c.Kind})
		}
	}
	if len(s.Columns) == 0 {
		return fmt.Errorf("no column is left to tell %q from: %s", s.Target, strings.Join(s.Notes, "; "))
	}
	return nil
}

// mostPlaces bounds the categories of a column: each takes a place of the input.
const mostPlaces = 256

// useless says why a column can teach nothing about rows not seen; "" if it may.
func (s *study) useless(c *data.Column) string {
	n := len(s.different(c))
	have := 0
	for _, i := range s.rows {
		if c.Cell(i) != "" {
			have++
		}
	}
	switch {
	case have == 0:
		return "no row has a value"
	case n == 1:
		return "all rows have the same value"
	case c.Kind == data.Category && (2*n > have || n > mostPlaces):
		return fmt.Sprintf("%d different values in %d rows name the rows rather than say what they are like", n, have)
	case c.Kind == data.Number && s.counts(c):
		return "it counts the rows"
	}
	return ""
}

// counts tells whether a column is the number of the row.
func (s *study) counts(c *data.Column) bool {
	for k, i := range s.rows {
		if k > 0 && c.Value(i) != c.Value(s.rows[k-1])+1 {
			return false
		}
	}
	return len(s.rows) > 2
}

// deal divides the rows, and reads them as each fold's training rows say.
func (s *study) deal() (err error) {
	s.Rows = len(s.rows)
	s.folds, err = data.Deal{Classes: s.strata(), Seed: s.config.Seed}.Folds(s.Rows, s.config.Folds)
	if err != nil {
		return err
	}
	how := data.Encoding{Impute: true, AllowUnseen: true}
	for _, c := range s.table.Columns {
		if !slices.ContainsFunc(s.Columns, func(k column) bool { return k.Name == c.Name }) {
			how.Drop = append(how.Drop, c.Name)
		}
	}
	for _, f := range s.folds {
		p := part{Deviation: 1}
		if p.Encoder, err = s.table.Fit(how, s.of(f.Train)); err != nil {
			return err
		}
		if s.Classes == nil {
			p.Mean, p.Deviation = moments(s.y, f.Train)
		}
		s.Folds = append(s.Folds, p)
		x, err := p.encode(s.table, s.rows)
		if err != nil {
			return err
		}
		s.x = append(s.x, x)
	}
	return nil
}

// of turns places among the rows with a target into rows of the table.
func (s *study) of(places []int) []int {
	all := make([]int, len(places))
	for k, i := range places {
		all[k] = s.rows[i]
	}
	return all
}

// strata are what each fold gets the same share of: classes, or tenths of the
// numbers by size.
func (s *study) strata() []int {
	all := make([]int, len(s.y))
	order := make([]int, len(s.y))
	for i, y := range s.y {
		all[i], order[i] = int(y), i
	}
	if s.Classes != nil {
		return all
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.y[a], s.y[b]) })
	for k, i := range order {
		all[i] = 10 * k / len(order)
	}
	return all
}

// moments are the mean and the deviation of some of the numbers.
func moments(y []float64, rows []int) (mean, deviation float64) {
	n := float64(len(rows))
	for _, i := range rows {
		mean += y[i] / n
	}
	for _, i := range rows {
		deviation += (y[i] - mean) * (y[i] - mean) / n
	}
	if deviation = math.Sqrt(deviation); !(deviation > 0) {
		deviation = 1
	}
	return mean, deviation
}

// encode reads rows of a table as inputs.
func (p *part) encode(t *data.Table, rows []int) ([][]float64, error) {
	set, err := p.Encoder.Dataset(t, rows)
	if err != nil {
		return nil, err
	}
	all := make([][]float64, set.Len())
	for i := range all {
		e, err := set.At(i)
		if err != nil {
			return nil, err
		}
		all[i] = tensor.Data[float64](e.X.To(tensor.Float64))
	}
	return all, nil
}

// inner divides fold f's training rows for the choice of settings.
func (s *study) inner(f int) ([]data.Fold, error) {
	train, strata := s.folds[f].Train, s.strata()
	classes := make([]int, len(train))
	for k, i := range train {
		classes[k] = strata[i]
	}
	return data.Deal{Classes: classes, Seed: s.config.Seed + uint64(f) + 1}.Folds(len(train), s.config.Inner)
}

// problem is fold f's training rows as the methods take them, numbers scaled.
func (s *study) problem(f int) *baseline.Problem {
	p := &baseline.Problem{Classes: len(s.Classes)}
	for _, i := range s.folds[f].Train {
		p.X = append(p.X, s.x[f][i])
		p.Y = append(p.Y, s.scaled(f, s.y[i]))
	}
	return p
}

// scaled is what a number is learned as; a class is what it is.
func (s *study) scaled(f int, y float64) float64 {
	if s.Classes != nil {
		return y
	}
	return (y - s.Folds[f].Mean) / s.Folds[f].Deviation
}

// outputs is how many numbers an answer has.
func (s *study) outputs() int { return max(1, len(s.Classes)) }
