package look

import (
	"errors"
	"fmt"

	"github.com/limpid-ml/limpid/data"
)

// TableOptions say how a CSV file is read.
type TableOptions struct {
	data.TableOptions
	Target string // the column that is to be predicted, for the classes
}

// Column is a column of a table.
type Column struct {
	Name     string    `json:"name"`
	Kind     data.Kind `json:"kind"`
	Missing  int       `json:"missing"`
	Summary  string    `json:"summary"`
	Distinct int       `json:"distinct,omitempty"` // different categories
}

// fewClasses bounds the different numbers that are taken for classes.
const fewClasses = 20

// table examines a CSV file.
func (r *Report) table(path string, o Options) error {
	t, err := data.ReadTable(path, o.Table.TableOptions)
	if err != nil {
		return err
	}
	r.Kind, r.Examples = "table", t.Len()
	for i := range t.Columns {
		c := &t.Columns[i]
		r.Columns = append(r.Columns, Column{c.Name, c.Kind, c.Missing, c.Summary(), len(c.Categories)})
		if c.Missing > 0 {
			r.Advice = append(r.Advice, fmt.Sprintf("column %q misses %d of %d values: drop it or those rows, or set Impute", c.Name, c.Missing, t.Len()))
		}
		if c.Kind == data.Category && c.Name != o.Table.Target && len(c.Categories) > 20 && len(c.Categories)*2 > t.Len()-c.Missing {
			r.Advice = append(r.Advice, fmt.Sprintf("column %q has %d different values: if it names the row, drop it", c.Name, len(c.Categories)))
		}
	}
	r.sameRows(t)
	if o.Table.Target == "" {
		return nil
	}
	return r.target(t, o.Table.Target)
}

// sameRows counts rows that are there before.
func (r *Report) sameRows(t *data.Table) {
	seen, again := map[string]bool{}, 0
	for row := range t.Len() {
		key := ""
		for i := range t.Columns {
			key += fmt.Sprintf("%q,", t.Columns[i].Cell(row))
		}
		if seen[key] {
			again++
		}
		seen[key] = true
	}
	if again > 0 {
		r.Advice = append(r.Advice, fmt.Sprintf("%d rows are there before, word by word: remove them, or keep them in one part (data.Deal's Groups)", again))
	}
}

// target counts the classes of the target, if it has any.
func (r *Report) target(t *data.Table, name string) error {
	c, err := t.Column(name)
	if err != nil {
		return err
	}
	s := &set{}
	for i := range t.Len() {
		if v := c.Cell(i); v != "" {
			s.items = append(s.items, item{class: v, seen: &seen{}})
		}
	}
	if len(s.items) == 0 {
		return errors.New("the target has no values")
	}
	s.classes(r)
	if n := len(r.Classes); c.Kind == data.Number && (n > fewClasses || 2*n > len(s.items)) {
		r.Classes, r.Imbalance = nil, 0
	}
	return nil
}
