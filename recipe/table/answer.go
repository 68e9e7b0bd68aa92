package table

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
)

// format is how predict prints rows.
type format struct {
	Format string `json:"format" help:"of the answers printed: lines for people, or CSV" oneof:"text|csv"`
}

// reply is the answer about a row.
type reply struct {
	Line    int                `json:"line"`              // of the file
	Class   string             `json:"class,omitempty"`   // the likeliest
	Classes map[string]float64 `json:"classes,omitempty"` // and the probabilities of all
	Number  *float64           `json:"number,omitempty"`
	Low     *float64           `json:"low,omitempty"` // the number is between these in 9 of 10 rows like those learned from
	High    *float64           `json:"high,omitempty"`
}

// replies are the answers about a table.
type replies struct {
	Target string  `json:"target"`
	Rows   []reply `json:"rows"`
}

// answer answers each row of a CSV file: the mean of all folds' networks.
func (j *job) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	text, err := readAll(q.In)
	if err != nil {
		return nil, err
	}
	s, t, err := j.match(text, q.Name)
	if err != nil {
		return nil, err
	}
	if err := s.complete(t, q.Name); err != nil {
		return nil, err
	}
	rows := make([]int, t.Len())
	for i := range rows {
		rows[i] = i
	}
	encoded := make([][][]float64, len(s.Folds))
	for f := range s.Folds {
		if encoded[f], err = s.Folds[f].encode(t, rows); err != nil {
			return nil, err
		}
	}
	answers, err := s.mean(func(f int) [][]float64 { return encoded[f] })
	if err != nil {
		return nil, err
	}
	all := replies{Target: s.Target}
	margin := 0.0
	if s.Classes == nil {
		margin = s.held.margin()
	}
	for i, a := range answers {
		all.Rows = append(all.Rows, s.reply(t.Line(i), a, margin))
	}
	out := &recipe.Answer{Value: all, Doubt: s.doubt(t)}
	out.Text, err = s.print(all.Rows, j.format.Format == "csv")
	return out, err
}

// complete refuses a value that is missing where no row to learn from missed
// one: what that means nobody has told the networks.
func (s *study) complete(t *data.Table, name string) error {
	missed := map[string]bool{}
	for _, p := range s.Folds {
		for _, in := range p.Encoder.Inputs {
			missed[in.Column] = missed[in.Column] || in.Flag
		}
	}
	for _, in := range s.Folds[0].Encoder.Inputs {
		c, err := t.Column(in.Column)
		for i := range t.Len() {
			if err == nil && !missed[in.Column] && c.Cell(i) == "" {
				return fmt.Errorf("%s: line %d, column %q: the value is missing; no training row missed it", name, t.Line(i), in.Column)
			}
		}
	}
	return nil
}

// reply puts an answer into words.
func (s *study) reply(line int, a []float64, margin float64) reply {
	r := reply{Line: line}
	if s.Classes == nil {
		low, high := a[0]-margin, a[0]+margin
		r.Number, r.Low, r.High = &a[0], &low, &high
		return r
	}
	r.Classes = map[string]float64{}
	best := 0
	for k, p := range a {
		r.Classes[s.Classes[k]] = p
		if p > a[best] {
			best = k
		}
	}
	r.Class = s.Classes[best]
	return r
}

// print writes answers as a table for people, or as CSV.
func (s *study) print(rows []reply, asCSV bool) (string, error) {
	head := []string{"line", s.Target}
	if s.Classes != nil {
		head = append(head, s.Classes...)
	} else {
		head = append(head, "low", "high")
	}
	all := [][]string{head}
	for _, r := range rows {
		cells := []string{fmt.Sprint(r.Line)}
		if s.Classes == nil {
			for _, v := range []*float64{r.Number, r.Low, r.High} {
				cells = append(cells, s.number(*v))
			}
		} else {
			cells = append(cells, r.Class)
			for _, c := range s.Classes {
				cells = append(cells, strconv.FormatFloat(r.Classes[c], 'f', 4, 64))
			}
		}
		all = append(all, cells)
	}
	var b strings.Builder
	if asCSV {
		err := csv.NewWriter(&b).WriteAll(all)
		return b.String(), err
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range all {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	err := w.Flush()
	return b.String(), err
}

// number writes a number of the target's with the places that its spread calls
// for.
func (s *study) number(v float64) string {
	places := 2 - int(math.Floor(math.Log10(s.Folds[0].Deviation)))
	return strconv.FormatFloat(v, 'f', min(max(places, 0), 12), 64)
}

// far is how many deviations from the mean a number must be to be unlike those
// learned from.
const far = 5

// doubt names the first value that is unlike all that the networks learned from:
// to none of the parts it was known.
func (s *study) doubt(t *data.Table) string {
	var text string
	more := 0
	for _, in := range s.Folds[0].Encoder.Inputs {
		c, err := t.Column(in.Column)
		if err != nil {
			continue
		}
		for i := range t.Len() {
			if c.Cell(i) == "" || !s.strange(c, i) {
				continue
			}
			if text == "" {
				text = fmt.Sprintf("line %d, column %q: %s is unlike all it learned from", t.Line(i), in.Column, c.Cell(i))
			} else {
				more++
			}
		}
	}
	if more > 0 {
		text += fmt.Sprintf("; so are %d more values", more)
	}
	return text
}

// strange tells whether the value of a row is strange to every part.
func (s *study) strange(c *data.Column, row int) bool {
	for _, p := range s.Folds {
		for _, in := range p.Encoder.Inputs {
			if in.Column == c.Name && !strange(&in, c, row) {
				return false
			}
		}
	}
	return true
}

// strange tells whether the value of a row is a category that was not there, or
// a number far from those that were.
func strange(in *data.Input, c *data.Column, row int) bool {
	if in.Kind == data.Category {
		for _, k := range in.Categories {
			if k == c.Cell(row) {
				return false
			}
		}
		return true
	}
	return in.Kind != data.Boolean && math.Abs(c.Value(row)-in.Mean) > far*in.Deviation
}
