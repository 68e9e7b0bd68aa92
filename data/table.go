package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind is what the values of a table's column are.
type Kind uint8

// The kinds. A column is of the first that all its values are.
const (
	Number   Kind = iota
	Boolean       // yes and no, true and false, t and f, y and n
	Date          // 2006-01-02, 2006/01/02 or 02.01.2006, perhaps with a time
	Category      // anything else: names
)

// String returns the kind's name.
func (k Kind) String() string {
	return [...]string{"number", "boolean", "date", "category"}[k]
}

// MarshalText returns the kind's name, for JSON.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	for i := Number; i <= Category; i++ {
		if i.String() == string(text) {
			*k = i
			return nil
		}
	}
	return fmt.Errorf("data: kind %q, want number, boolean, date or category", text)
}

// Column is what a table knows of one of its columns.
type Column struct {
	Name       string
	Kind       Kind
	Missing    int      // values that are not there
	Categories []string // the different values of a Category, sorted

	cells   []string
	numbers []float64 // of a Number, a Boolean (0, 1) or a Date (days from 1970); NaN where missing
	codes   []int     // of a Category: the place in Categories; −1 where missing
}

// Table is a CSV file in memory, with the kinds of its columns found out.
type Table struct {
	Columns []Column
	name    string
	lines   []int // of the file, for each row
}

// TableOptions says how a file is read. The zero value finds out.
type TableOptions struct {
	Comma    rune            // between fields; 0: the one of , ; tab | that the first line has most of
	NoHeader bool            // the first line is a row; columns are called 1, 2, …
	Missing  []string        // what stands for no value, beside nothing; nil: NA, N/A, NaN, null, None, ?, -
	Kinds    map[string]Kind // of columns, where they should not be found out
}

// What stands for a value that is not there, unless said otherwise.
var missing = []string{"NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"}

// maxTable bounds a table's file.
const maxTable = 1 << 30

// ReadTable reads a CSV file (RFC 4180), in UTF-8. The error names line and
// column.
func ReadTable(file string, o TableOptions) (*Table, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("data: table: %w", err)
	}
	defer f.Close()
	return ParseTable(f, file, o)
}

// ParseTable is [ReadTable] for a stream; name is what errors call it.
func ParseTable(r io.Reader, name string, o TableOptions) (*Table, error) {
	t, err := parseTable(r, name, o)
	if err != nil {
		return nil, fmt.Errorf("data: table %q: %w", name, err)
	}
	return t, nil
}

func parseTable(r io.Reader, name string, o TableOptions) (*Table, error) {
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	if o.Comma == 0 {
		o.Comma = comma(text)
	}
	if o.Missing == nil {
		o.Missing = missing
	}
	t := &Table{name: name}
	if err := t.read(text, o); err != nil {
		return nil, err
	}
	for column := range o.Kinds {
		if t.find(column) < 0 {
			return nil, t.unknown(column)
		}
	}
	var faults []error
	for i := range t.Columns {
		c := &t.Columns[i]
		kind, said := o.Kinds[c.Name]
		if err := c.settle(kind, said, o, t.lines); err != nil {
			faults = append(faults, fmt.Errorf("column %q: %w", c.Name, err))
		}
	}
	return t, errors.Join(faults...)
}

func readText(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxTable+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxTable {
		return nil, fmt.Errorf("is larger than %d MiB", maxTable>>20)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		line := 1
		for l := range bytes.Lines(text) {
			if !utf8.Valid(l) {
				break
			}
			line++
		}
		return nil, fmt.Errorf("line %d: not UTF-8: save the file as UTF-8", line)
	}
	return text, nil
}

// comma returns what lies between the fields of the first line.
func comma(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",;\t|" {
		if n := strings.Count(string(line), string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// read fills the columns' cells.
func (t *Table) read(text []byte, o TableOptions) error {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.ReuseRecord = o.Comma, true
	for n := 0; ; n++ {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return t.misread(err, record)
		}
		if n == 0 {
			if err := t.head(record, o); err != nil {
				return err
			}
			if !o.NoHeader {
				continue
			}
		}
		line, _ := r.FieldPos(0)
		t.lines = append(t.lines, line)
		for i, v := range record {
			t.Columns[i].cells = append(t.Columns[i].cells, strings.Clone(strings.TrimSpace(v)))
		}
	}
	if len(t.lines) == 0 {
		return fmt.Errorf("it has no rows")
	}
	return nil
}

// misread says in our words what is wrong with a line.
func (t *Table) misread(err error, record []string) error {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		return err
	}
	if errors.Is(err, csv.ErrFieldCount) {
		return fmt.Errorf("line %d: %d fields, want %d, as many as the first line has", at.Line, len(record), len(t.Columns))
	}
	return fmt.Errorf("line %d, character %d: %w: quote the field, and double the quotes in it", at.Line, at.Column, at.Err)
}

// head names the columns.
func (t *Table) head(record []string, o TableOptions) error {
	for i, name := range record {
		name = strings.Clone(strings.TrimSpace(name))
		if o.NoHeader {
			name = fmt.Sprint(i + 1)
		}
		if name == "" {
			return fmt.Errorf("line 1: column %d has no name", i+1)
		}
		if t.find(name) >= 0 {
			return fmt.Errorf("line 1: two columns are called %q", name)
		}
		t.Columns = append(t.Columns, Column{Name: name})
	}
	return nil
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.lines) }

// Line returns the line of the file that row i began on, from 1.
func (t *Table) Line(i int) int { return t.lines[i] }

func (t *Table) find(column string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

func (t *Table) unknown(column string) error {
	return fmt.Errorf("there is no column %q among %s", column, quoted(t.names()))
}

func (t *Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// quoted lists names, the first few of many.
func quoted(names []string) string {
	const most = 12
	var b strings.Builder
	for i, n := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", n)
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}

// Column returns the column of a name, or an error that lists those there are.
func (t *Table) Column(name string) (*Column, error) {
	i := t.find(name)
	if i < 0 {
		return nil, fmt.Errorf("data: table %q: %w", t.name, t.unknown(name))
	}
	return &t.Columns[i], nil
}

// Complete returns the rows in which none of the columns (none: all) misses its
// value.
func (t *Table) Complete(columns ...string) ([]int, error) {
	if columns == nil {
		columns = t.names()
	}
	whole := make([]bool, t.Len())
	for i := range whole {
		whole[i] = true
	}
	for _, name := range columns {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		for i := range whole {
			whole[i] = whole[i] && !c.missing(i)
		}
	}
	var rows []int
	for i, ok := range whole {
		if ok {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

// Groups returns a number for each row, the same for the same value of the
// column: what [Deal] takes for Classes or Groups. A missing value is a value
// of its own.
func (t *Table) Groups(column string) ([]int, error) {
	c, err := t.Column(column)
	if err != nil {
		return nil, err
	}
	number := map[string]int{}
	for _, v := range slices.Compact(slices.Sorted(slices.Values(c.cells))) {
		number[v] = len(number)
	}
	groups := make([]int, t.Len())
	for i, v := range c.cells {
		groups[i] = number[v]
	}
	return groups, nil
}

func (c *Column) missing(row int) bool { return c.cells[row] == "" }

// Cell returns the text of a row, "" where the value is missing.
func (c *Column) Cell(row int) string { return c.cells[row] }

// String shows the columns, one a line: kind, missing values, and what they
// hold.
func (t *Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows, %d columns\n", t.Len(), len(t.Columns))
	width := 6
	for _, c := range t.Columns {
		width = max(width, utf8.RuneCountInString(c.Name))
	}
	fmt.Fprintf(&b, "%-*s  %-8s  %7s  %s\n", width, "column", "kind", "missing", "values")
	for i := range t.Columns {
		c := &t.Columns[i]
		fmt.Fprintf(&b, "%-*s  %-8s  %7d  %s\n", width, c.Name, c.Kind, c.Missing, c.Summary())
	}
	return b.String()
}

// Summary says in a few words what the column holds.
func (c *Column) Summary() string {
	if c.Missing == len(c.cells) {
		return "nothing"
	}
	switch c.Kind {
	case Category:
		return fmt.Sprintf("%d different: %s", len(c.Categories), quoted(c.Categories[:min(len(c.Categories), 5)]))
	case Boolean:
		_, mean, _ := c.spread()
		return fmt.Sprintf("%.1f%% yes", 100*mean)
	case Date:
		low, _, high := c.spread()
		return fmt.Sprintf("%s to %s", day(low), day(high))
	}
	low, mean, high := c.spread()
	return fmt.Sprintf("%.6g to %.6g, mean %.6g", low, high, mean)
}

// spread returns the lowest, mean and highest number.
func (c *Column) spread() (low, mean, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	n := 0
	for _, v := range c.numbers {
		if math.IsNaN(v) {
			continue
		}
		low, high = min(low, v), max(high, v)
		n++
		mean += (v - mean) / float64(n)
	}
	return low, mean, high
}

// Value returns the number of a row: of a Number, of a Boolean (0 or 1) or of a
// Date (days from 1970). It is NaN where the value is missing, and for a
// Category.
func (c *Column) Value(row int) float64 {
	if c.numbers == nil {
		return math.NaN()
	}
	return c.numbers[row]
}
