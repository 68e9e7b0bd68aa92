package data

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/tensor"
)

// Encoding says how a table's columns become X and Y. The zero value takes all
// columns: numbers scaled to mean 0 and deviation 1, categories as a place
// each, one of them 1.
type Encoding struct {
	Target string   // the column that is Y; "": none
	Drop   []string // columns to leave out of X
	// Classes takes the different values of a Target of numbers as classes.
	Classes bool
	// Codes are the columns whose category goes into X as its number, for an
	// order that the names have, or for an embedding.
	Codes []string
	// KeepScale leaves numbers as they are; ScaleTarget scales Y, too, where it
	// is a number: see [Encoder.Value].
	KeepScale, ScaleTarget bool
	// Impute fills what is missing: a number with the training rows' mean, a
	// category with no place; and adds a place to X that says so, for columns of
	// which training rows miss values. Without it missing values are an error.
	Impute bool
	// AllowUnseen encodes a category that no training row has as all zeros (a
	// code as −1). Without it that is an error.
	AllowUnseen bool
}

// Encoder turns rows into examples, by what it learnt from training rows alone.
// It can be stored as JSON.
type Encoder struct {
	Inputs      []Input
	Output      *Input   `json:",omitempty"` // nil: no Y
	Classes     []string `json:",omitempty"` // of Y, where it is a class
	AllowUnseen bool     `json:",omitempty"`
	Impute      bool     `json:",omitempty"` // fill what is missing where no training row missed it
}

// Input is how one column is encoded.
type Input struct {
	Column     string
	Kind       Kind
	Mean       float64  `json:",omitempty"` // v becomes (v − Mean)/Deviation
	Deviation  float64  `json:",omitempty"`
	Fill       float64  `json:",omitempty"` // v where it is missing: the training rows' mean
	Categories []string `json:",omitempty"` // those of the training rows
	Code       bool     `json:",omitempty"` // the category's number, in place of a place each
	Flag       bool     `json:",omitempty"` // a place more says that the value is missing
}

// maxPlaces bounds the categories of one column that get a place each.
const maxPlaces = 256

// Fit makes an encoder from the given rows (nil: all), which should be those
// that a network learns from. The error names every column that cannot be
// encoded.
func (t *Table) Fit(e Encoding, rows []int) (*Encoder, error) {
	if rows == nil {
		rows = indices(t.Len())
	}
	enc := &Encoder{AllowUnseen: e.AllowUnseen, Impute: e.Impute}
	var faults []error
	for _, name := range slices.Concat(e.Drop, e.Codes) {
		if t.find(name) < 0 {
			faults = append(faults, t.unknown(name))
		}
	}
	if e.Target != "" && t.find(e.Target) < 0 {
		faults = append(faults, t.unknown(e.Target))
	}
	if len(rows) == 0 {
		faults = append(faults, fmt.Errorf("there are no rows to learn the encoding from"))
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if slices.Contains(e.Drop, c.Name) {
			continue
		}
		if err := enc.add(c, e, rows, t.lines); err != nil {
			faults = append(faults, fmt.Errorf("column %q: %w", c.Name, err))
		}
	}
	if len(enc.Inputs) == 0 && faults == nil {
		faults = append(faults, fmt.Errorf("no column is left for X"))
	}
	if faults != nil {
		return nil, fmt.Errorf("data: table %q: %w", t.name, errors.Join(faults...))
	}
	return enc, nil
}

// add fits the encoding of one column.
func (e *Encoder) add(c *Column, how Encoding, rows, lines []int) error {
	in := Input{Column: c.Name, Kind: c.Kind, Code: slices.Contains(how.Codes, c.Name)}
	if c.Name == how.Target {
		return e.target(in, c, how, rows, lines)
	}
	if c.Missing > 0 && !how.Impute {
		row := slices.Index(c.cells, "")
		return fmt.Errorf("%d values are missing, the first on line %d: drop the column, keep the rows of Table.Complete, or set Impute", c.Missing, lines[row])
	}
	in.Flag = slices.ContainsFunc(rows, c.missing) // what other rows miss must not show
	switch c.Kind {
	case Category:
		in.Categories = seen(c, rows)
		if n := len(in.Categories); n > maxPlaces && !in.Code {
			return fmt.Errorf("%d different values: is it a name or a number of the row? Drop it, or have it in Codes", n)
		}
		if len(in.Categories) == 0 {
			return fmt.Errorf("all its values are missing in the training rows: drop it")
		}
	default:
		in.scale(c, rows, how.KeepScale || c.Kind == Boolean)
	}
	e.Inputs = append(e.Inputs, in)
	return nil
}

// target fits Y.
func (e *Encoder) target(in Input, c *Column, how Encoding, rows, lines []int) error {
	var gone []int
	for _, row := range rows {
		if c.missing(row) {
			gone = append(gone, row)
		}
	}
	if len(gone) > 0 { // what other rows miss is no matter
		return fmt.Errorf("%d values of the target are missing, the first on line %d: keep the rows of Table.Complete(%q)", len(gone), lines[gone[0]], c.Name)
	}
	switch {
	case c.Kind == Category || how.Classes:
		in.Categories = seen(c, rows)
		e.Classes = in.Categories
		if len(e.Classes) > maxPlaces {
			return fmt.Errorf("%d classes, want at most %d: is it a number, or a name of the row?", len(e.Classes), maxPlaces)
		}
	case c.Kind == Boolean:
		e.Classes = []string{"no", "yes"}
	default:
		in.scale(c, rows, !how.ScaleTarget)
	}
	e.Output = &in
	return nil
}

// seen returns the different values of the rows: numbers by size, then words.
func seen(c *Column, rows []int) []string {
	var all []string
	known := map[string]bool{}
	for _, i := range rows {
		if v := c.cells[i]; v != "" && !known[v] {
			known[v] = true
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
	})
	return all
}

// rank is a number's size, and beyond all numbers for words: of each two values
// one comes first whatever the others are.
func rank(value string) float64 {
	if v, ok := parseNumber(value, ','); ok {
		return v
	}
	return math.Inf(1)
}

// scale sets the fill and, unless numbers keep their scale, mean and deviation
// (of n, as standard scaling has it) from rows.
func (in *Input) scale(c *Column, rows []int, keep bool) {
	in.Deviation = 1
	var sum, square, n float64
	for _, i := range rows {
		if v := c.numbers[i]; !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	in.Fill = sum / max(n, 1)
	if keep {
		return
	}
	in.Mean = in.Fill
	for _, i := range rows {
		if v := c.numbers[i]; !math.IsNaN(v) {
			square += (v - in.Mean) * (v - in.Mean)
		}
	}
	if d := math.Sqrt(square / max(n, 1)); d > 0 {
		in.Deviation = d
	}
}

// width returns how many places of X the column takes.
func (in *Input) width() int {
	n := 1
	if in.Kind == Category && !in.Code {
		n = len(in.Categories)
	}
	if in.Flag {
		n++
	}
	return n
}

// Names returns what each place of X is: "age", "colour=red", "age missing".
func (e *Encoder) Names() []string {
	var names []string
	for i := range e.Inputs {
		in := &e.Inputs[i]
		if in.Kind == Category && !in.Code {
			for _, c := range in.Categories {
				names = append(names, in.Column+"="+c)
			}
		} else {
			names = append(names, in.Column)
		}
		if in.Flag {
			names = append(names, in.Column+" missing")
		}
	}
	return names
}

// Dataset returns the rows (nil: all) of a table as examples: X float32 [places],
// Y an int32 scalar for classes, float32 [1] for a number. Columns are found by
// name; the error names line and column.
func (e *Encoder) Dataset(t *Table, rows []int) (Dataset, error) {
	if rows == nil {
		rows = indices(t.Len())
	}
	width := len(e.Names())
	x := make([]float32, len(rows)*width)
	at := 0
	for i := range e.Inputs {
		in := &e.Inputs[i]
		c, err := t.of(in)
		if err != nil {
			return nil, err
		}
		for k, row := range rows {
			if err := e.put(in, c, row, x[k*width+at:(k+1)*width]); err != nil {
				return nil, fmt.Errorf("data: table %q: line %d, column %q: %w", t.name, t.lines[row], in.Column, err)
			}
		}
		at += in.width()
	}
	y, err := e.targets(t, rows)
	if err != nil {
		return nil, err
	}
	return FromTensors(tensor.Of(x, len(rows), width), y), nil
}

// of returns the column of an input, which must be of its kind; a column of
// which all values look like numbers may still be one of names.
func (t *Table) of(in *Input) (*Column, error) {
	c, err := t.Column(in.Column)
	if err != nil {
		return nil, err
	}
	if c.Kind != in.Kind && in.Kind != Category && c.Missing < len(c.cells) {
		return nil, fmt.Errorf("data: table %q: column %q is of kind %s, the encoding's is %s", t.name, in.Column, c.Kind, in.Kind)
	}
	return c, nil
}

// put writes the value of a row to the column's places.
func (e *Encoder) put(in *Input, c *Column, row int, to []float32) error {
	n := in.width()
	if c.missing(row) {
		switch {
		case in.Flag:
			to[n-1] = 1
		case !e.Impute:
			return fmt.Errorf("the value is missing; no training row missed it")
		}
		switch {
		case in.Code:
			to[0] = -1
		case in.Kind != Category:
			to[0] = float32((in.Fill - in.Mean) / in.Deviation)
		}
		return nil
	}
	if in.Kind != Category {
		to[0] = float32((c.numbers[row] - in.Mean) / in.Deviation)
		return nil
	}
	k := slices.Index(in.Categories, c.cells[row])
	if k < 0 && !e.AllowUnseen {
		return fmt.Errorf("the category %q is not one of the training rows' %s: set AllowUnseen to encode it as none of them", c.cells[row], quoted(in.Categories))
	}
	if in.Code {
		to[0] = float32(k)
	} else if k >= 0 {
		to[k] = 1
	}
	return nil
}

// targets returns Y.
func (e *Encoder) targets(t *Table, rows []int) (tensor.Tensor, error) {
	if e.Output == nil {
		return tensor.Tensor{}, nil
	}
	c, err := t.of(e.Output)
	if err != nil {
		return tensor.Tensor{}, err
	}
	labels, values := make([]int32, len(rows)), make([]float32, len(rows))
	for k, row := range rows {
		if c.missing(row) {
			return tensor.Tensor{}, fmt.Errorf("data: table %q: line %d: the target %q is missing", t.name, t.lines[row], c.Name)
		}
		switch {
		case e.Output.Categories != nil:
			l := slices.Index(e.Classes, c.cells[row])
			if l < 0 {
				return tensor.Tensor{}, fmt.Errorf("data: table %q: line %d: the class %q of %q is not one of the training rows' %s", t.name, t.lines[row], c.cells[row], c.Name, quoted(e.Classes))
			}
			labels[k] = int32(l)
		case e.Classes != nil:
			labels[k] = int32(c.numbers[row])
		default:
			values[k] = float32((c.numbers[row] - e.Output.Mean) / e.Output.Deviation)
		}
	}
	if e.Classes != nil {
		return tensor.Of(labels, len(rows)), nil
	}
	return tensor.Of(values, len(rows), 1), nil
}

// Value returns the number in the table's unit that Y or a network's output y
// stands for, where the target is a number.
func (e *Encoder) Value(y float64) float64 {
	if e.Output == nil || e.Output.Deviation == 0 {
		return y
	}
	return y*e.Output.Deviation + e.Output.Mean
}
