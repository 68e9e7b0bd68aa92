package series

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// CSV says how a file is read; the zero value finds out by itself.
type CSV struct {
	Time    string   // the column of time stamps; "": the first that holds such
	Series  string   // the column that names one of several series; "": there is one
	Columns []string // the columns of values; nil: all that hold numbers
	Layout  string   // of the stamps, as package time has it; "": one of [Layouts]
	Step    Step     // from one value to the next; zero: the most frequent
	Missing []string // what stands for no value, beside "", NA, N/A, NaN, null, none, "?" and "-"

	Comma        rune           // between fields; 0: whichever of comma, semicolon and tab the first line has most of
	DecimalComma bool           // numbers are written 3,14
	Location     *time.Location // of stamps without a zone; nil: UTC
}

// Layouts are the layouts of time stamps that are tried, in this order. All
// stamps of a file must fit one.
var Layouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
	"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", "2006-01",
	"2006/1/2 15:04:05", "2006/1/2 15:04", "2006/1/2",
	"2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006",
	"1/2/2006 15:04:05", "1/2/2006 15:04", "1/2/2006", "2/1/2006 15:04:05", "2/1/2006 15:04", "2/1/2006",
	"Jan 2006", "January 2006", "2 Jan 2006", "Jan 2, 2006", "20060102", "2006",
}

// numeric are layouts that a column of numbers may fit by chance: a column has
// to be named as the one of stamps, or sound like it.
var (
	numeric    = []string{"20060102", "2006"}
	timeNames  = []string{"time", "date", "datetime", "timestamp", "day", "month", "year", "ds", "ts"}
	noValue    = []string{"", "na", "n/a", "nan", "null", "none", "?", "-"}
	maxMissing = 20 // steps a file may lack for each that it has
)

// ReadFile reads a file; see [ReadCSV].
func ReadFile(file string, o CSV) ([]*Series, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	all, err := o.read(raw)
	if err != nil {
		return nil, fmt.Errorf("series: %s: %w", file, err)
	}
	return all, nil
}

// ReadCSV reads series, the first line of r naming the columns. Lines may come
// in any order; steps without a line become gaps. Series come in the order in
// which they first appear. Errors name the line.
func ReadCSV(r io.Reader, o CSV) ([]*Series, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	all, err := o.read(raw)
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	return all, nil
}

// row is a line of the file.
type row struct {
	line   int
	fields []string
	at     time.Time
}

// table is a file's lines.
type table struct {
	CSV
	names []string
	rows  []row
}

func (o CSV) read(raw []byte) ([]*Series, error) {
	t, err := o.parse(raw)
	if err != nil {
		return nil, err
	}
	timeColumn, err := t.stamps()
	if err != nil {
		return nil, err
	}
	seriesColumn := -1
	if t.Series != "" {
		if seriesColumn, err = t.column(t.Series); err != nil {
			return nil, err
		}
	}
	columns, passed, err := t.values(timeColumn, seriesColumn)
	if err != nil {
		return nil, err
	}
	var all []*Series
	for _, g := range t.groups(seriesColumn) {
		s, err := t.series(g, columns)
		if err != nil {
			return nil, err
		}
		s.Name, s.Passed = g.name, passed
		all = append(all, s)
	}
	return all, nil
}

// parse reads the lines.
func (o CSV) parse(raw []byte) (*table, error) {
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	switch {
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return nil, errors.New("is UTF-16: save it as UTF-8")
	case !utf8.Valid(raw):
		return nil, errors.New("is not UTF-8: convert it first")
	}
	t := &table{CSV: o}
	r := csv.NewReader(bytes.NewReader(raw))
	r.Comma = o.comma(raw)
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err // it names line and column
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		line, _ := r.FieldPos(0)
		if t.names == nil {
			t.names = fields
		} else {
			t.rows = append(t.rows, row{line: line, fields: fields})
		}
	}
	return t, t.check()
}

// comma returns what stands between fields.
func (o CSV) comma(raw []byte) rune {
	if o.Comma != 0 {
		return o.Comma
	}
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// check looks at the names.
func (t *table) check() error {
	for i, name := range t.names {
		if slices.Index(t.names, name) < i {
			return fmt.Errorf("line 1 names two columns %q", name)
		}
		if _, err := strconv.ParseFloat(name, 64); err == nil {
			return fmt.Errorf("line 1 holds the value %s: want the names of the columns there", name)
		}
	}
	if len(t.rows) < 2 {
		return fmt.Errorf("has %d lines of values, want at least 2", len(t.rows))
	}
	return nil
}

// column returns the place of a column.
func (t *table) column(name string) (int, error) {
	i := slices.Index(t.names, name)
	if i < 0 {
		return 0, fmt.Errorf("no column %q, there are: %s", name, strings.Join(t.names, ", "))
	}
	return i, nil
}

// stamps finds the column of time stamps and reads it.
func (t *table) stamps() (column int, err error) {
	if t.Location == nil {
		t.Location = time.UTC
	}
	if t.Time != "" {
		if column, err = t.column(t.Time); err != nil {
			return 0, err
		}
		return column, t.readStamps(column, Layouts)
	}
	for c, name := range t.names {
		layouts := Layouts[:len(Layouts)-len(numeric)]
		if slices.Contains(timeNames, strings.ToLower(name)) {
			layouts = Layouts
		}
		if t.Layout == "" && !slices.ContainsFunc(layouts, func(l string) bool { return t.fits(t.rows[0].fields[c], l) }) {
			continue
		}
		if err = t.readStamps(c, layouts); err == nil || slices.Contains(timeNames, strings.ToLower(name)) {
			return c, err
		}
	}
	if err != nil {
		return 0, err
	}
	return 0, fmt.Errorf("line %d: no field is a time stamp of a known layout: set Time and Layout", t.rows[0].line)
}

func (t *table) fits(field, layout string) bool {
	_, err := time.ParseInLocation(layout, field, t.Location)
	return err == nil
}

// readStamps reads a column of stamps.
func (t *table) readStamps(c int, layouts []string) error {
	if t.Layout != "" {
		layouts = []string{t.Layout}
	}
	// The layout that gets furthest tells best what is wrong.
	furthest, fit := 0, []string(nil)
	for _, l := range layouts {
		n := 0
		for n < len(t.rows) && t.fits(t.rows[n].fields[c], l) {
			n++
		}
		furthest = max(furthest, n)
		if n == len(t.rows) {
			fit = append(fit, l)
		}
	}
	if len(fit) == 0 {
		r := t.rows[furthest]
		return fmt.Errorf("line %d: column %q holds %q, which is no time stamp of the layout of those before it, nor of another known one: set Layout", r.line, t.names[c], r.fields[c])
	}
	layout := fit[0]
	if strings.HasPrefix(layout, "1/2/") && slices.Contains(fit, "2/1/"+layout[4:]) {
		return fmt.Errorf("column %q: %q may be day/month or month/day: set Layout to %q or %q", t.names[c], t.rows[0].fields[c], layout, "2/1/"+layout[4:])
	}
	for i := range t.rows {
		at, err := time.ParseInLocation(layout, t.rows[i].fields[c], t.Location)
		if err != nil {
			return err
		}
		t.rows[i].at = at.UTC()
	}
	return nil
}

// number reads a value.
func (t *table) number(field string) (float64, error) {
	if slices.Contains(noValue, strings.ToLower(field)) || slices.Contains(t.Missing, field) {
		return math.NaN(), nil
	}
	if t.DecimalComma {
		field = strings.Replace(field, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(field, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no number", field)
	}
	return v, nil
}

// values finds the columns of values; those that hold no numbers are passed
// over unless they are asked for.
func (t *table) values(timeColumn, seriesColumn int) (columns []int, passed []string, err error) {
	if t.Columns != nil {
		for _, name := range t.Columns {
			c, err := t.column(name)
			if err != nil {
				return nil, nil, err
			}
			if err := t.numbers(c); err != nil {
				return nil, nil, err
			}
			columns = append(columns, c)
		}
		return columns, nil, nil
	}
	for c, name := range t.names {
		if c == timeColumn || c == seriesColumn {
			continue
		}
		if bad := t.numbers(c); bad != nil {
			passed = append(passed, name)
			err = bad
		} else {
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 && err == nil {
		err = errors.New("has no column beside that of the time stamps")
	}
	if len(columns) > 0 {
		err = nil
	}
	return columns, passed, err
}

// numbers returns an error if a column holds something else.
func (t *table) numbers(c int) error {
	for _, r := range t.rows {
		if _, err := t.number(r.fields[c]); err != nil {
			return fmt.Errorf("line %d: column %q: %w", r.line, t.names[c], err)
		}
	}
	return nil
}

// group is the lines of one series.
type group struct {
	name string
	rows []row
}

func (t *table) groups(seriesColumn int) []*group {
	if seriesColumn < 0 {
		return []*group{{rows: t.rows}}
	}
	var all []*group
	by := map[string]*group{}
	for _, r := range t.rows {
		name := r.fields[seriesColumn]
		g := by[name]
		if g == nil {
			g = &group{name: name}
			by[name] = g
			all = append(all, g)
		}
		g.rows = append(g.rows, r)
	}
	return all
}

// series lays the lines of a group on a grid.
func (t *table) series(g *group, columns []int) (*Series, error) {
	of := ""
	if g.name != "" {
		of = fmt.Sprintf("series %q: ", g.name)
	}
	slices.SortStableFunc(g.rows, func(a, b row) int { return cmp.Or(a.at.Compare(b.at), a.line-b.line) })
	for i := 1; i < len(g.rows); i++ {
		if a, b := g.rows[i-1], g.rows[i]; a.at.Equal(b.at) {
			return nil, fmt.Errorf("%slines %d and %d are both of %s: if there are several series, say by Series which column names them", of, a.line, b.line, stamp(a.at))
		}
	}
	step := t.Step
	if step == (Step{}) {
		if len(g.rows) < 2 {
			return nil, fmt.Errorf("%sline %d is its only one: set Step", of, g.rows[0].line)
		}
		step = findStep(g.rows)
	}
	places, err := grid(g.rows, step)
	if err != nil {
		return nil, fmt.Errorf("%s%w", of, err)
	}
	n := places[len(places)-1] + 1
	if n > maxMissing*(len(g.rows)+50) {
		return nil, fmt.Errorf("%sat steps of %v from %s to %s, %d of %d values are missing: set Step, or look at lines %d and %d", of, step, stamp(g.rows[0].at), stamp(g.rows[len(g.rows)-1].at), n-len(g.rows), n, g.rows[0].line, g.rows[len(g.rows)-1].line)
	}
	s := &Series{Start: g.rows[0].at, Step: step}
	for _, c := range columns {
		values := slices.Repeat([]float64{math.NaN()}, n)
		for i, r := range g.rows {
			if values[places[i]], err = t.number(r.fields[c]); err != nil {
				return nil, err
			}
		}
		s.Columns = append(s.Columns, t.names[c])
		s.Values = append(s.Values, values)
	}
	return s, nil
}
