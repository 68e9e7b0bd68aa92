package network

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// known is what a run keeps of a user's data, so that it can answer without
// them.
type known struct {
	Classes []string      `json:"classes,omitempty"`
	Encoder *data.Encoder `json:"encoder,omitempty"`
	Steps   int           `json:"steps"`
}

// remember keeps what src says of a user's data.
func (c *Config) remember(src *source, steps int) error {
	text, err := json.Marshal(known{Classes: src.classes, Encoder: src.encoder, Steps: steps})
	c.Known = string(text)
	return err
}

// recall makes a source without data of what the run keeps.
func (c *Config) recall() (*source, int, error) {
	var k known
	if err := json.Unmarshal([]byte(c.Known), &k); err != nil {
		return nil, 0, fmt.Errorf("net: what the run knows of its data is damaged: %w", err)
	}
	src := &source{name: c.Data, classes: k.Classes, encoder: k.Encoder}
	if k.Encoder == nil {
		src.shape, src.picture = []int{c.Height, c.Width, c.channels()}, c.fitted
		return src, k.Steps, nil
	}
	src.shape = []int{len(k.Encoder.Names())}
	return src, k.Steps, nil
}

// mostRows bounds the rows of one question.
const mostRows = 100_000

// row is the answer about a row of a table.
type row struct {
	Line   int             `json:"line"`
	Answer any             `json:"answer"` // a class, or a number in the column's unit
	Chance []recipe.Chance `json:"chance,omitempty"`
}

// answer says what the network makes of the rows of a CSV file that has the
// columns which it learned from; the column that it learned may be missing.
func (s *source) answer(t *recipe.Task) func(ctx context.Context, q *recipe.Question) (*recipe.Answer, error) {
	return func(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
		table, err := data.ParseTable(q.In, q.Name, data.TableOptions{})
		if err != nil {
			return nil, err
		}
		if n := table.Len(); n == 0 || n > mostRows {
			return nil, fmt.Errorf("net: %q has %d rows; 1 to %d are taken", q.Name, n, mostRows)
		}
		asked := *s.encoder
		asked.Output = nil
		set, err := asked.Dataset(table, nil)
		if err != nil {
			return nil, err
		}
		return s.rows(t, table, set)
	}
}

// rows asks the network about every row.
func (s *source) rows(t *recipe.Task, table *data.Table, set data.Dataset) (*recipe.Answer, error) {
	var text strings.Builder
	var all []row
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil {
			return nil, err
		}
		y, err := t.Net.Predict(e.X.Reshape(1, s.shape[0]))
		if err != nil {
			return nil, err
		}
		r := s.row(tensor.Data[float32](y))
		r.Line = table.Line(i)
		all = append(all, r)
		fmt.Fprintf(&text, "line %d: %s\n", r.Line, s.words(r))
	}
	return &recipe.Answer{Text: text.String(), Value: all}, nil
}

// row makes an answer of what the network made of a row.
func (s *source) row(out []float32) row {
	if s.classes == nil {
		return row{Answer: s.encoder.Value(float64(out[0]))}
	}
	r, most := row{}, 0
	for i, p := range recipe.Softmax(out) {
		r.Chance = append(r.Chance, recipe.Chance{Class: s.classes[i], Probability: p})
		if p > r.Chance[most].Probability {
			most = i
		}
	}
	r.Answer = s.classes[most]
	return r
}

// words writes an answer.
func (s *source) words(r row) string {
	if s.classes == nil {
		return fmt.Sprintf("%.5g", r.Answer)
	}
	for _, c := range r.Chance {
		if c.Class == r.Answer {
			return fmt.Sprintf("%s (%.1f%%)", c.Class, 100*c.Probability)
		}
	}
	return ""
}
