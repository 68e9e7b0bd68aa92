package table

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
)

// maxFile bounds a table's file.
const maxFile = 1 << 30

// own opens a user's file: to learn from it or, where a run has learned from
// another one, to be measured on it.
func (j *job) own() error {
	c := j.config
	if c.Data == "" {
		return fmt.Errorf("table: the target %q is a column of your own table: name its file with --data FILE.csv", c.Target)
	}
	text, sum, err := readFile(c.Data)
	if err != nil {
		return err
	}
	if c.Known != "" {
		var past []*study
		if err := json.Unmarshal([]byte(c.Known), &past); err != nil || len(past) == 0 {
			return fmt.Errorf("table: what the run knows of its data is damaged (%v)", err)
		}
		if past[0].File != c.Data {
			return j.other(text)
		}
		if past[0].Sum != sum {
			return fmt.Errorf("table: %q is not as it was when the run began: put back the file, or measure on the new one under another name", c.Data)
		}
	}
	t, err := data.ParseTable(bytes.NewReader(text), c.Data, c.reading())
	if err != nil {
		return err
	}
	if c.Target == "" {
		return fmt.Errorf("table: %q has the columns %s: say which one to learn, with --target COLUMN", c.Data, columnNames(t))
	}
	s, err := newStudy(c, source{name: "table", file: c.Data, sum: sum, table: t, target: c.Target})
	if err != nil {
		return fmt.Errorf("table: %w", err)
	}
	j.studies = []*study{s}
	return j.note()
}

// reading is how c's files are read.
func (c *Config) reading() data.TableOptions { return data.TableOptions{Missing: words(c.Missing)} }

// readFile reads a table's file, and what tells it from others.
func readFile(file string) (text []byte, sum string, err error) {
	info, err := os.Stat(file)
	if err == nil && info.IsDir() {
		return nil, "", fmt.Errorf("table: %q is a folder; want a CSV file", file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, "", fmt.Errorf("table: %w", err)
	}
	defer f.Close()
	text, err = readAll(f)
	if err != nil {
		return nil, "", fmt.Errorf("table: %q: %w", file, err)
	}
	h := sha256.Sum256(text)
	return text, hex.EncodeToString(h[:]), nil
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("is larger than %d MiB", maxFile>>20)
	}
	return text, err
}

func columnNames(t *data.Table) string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, fmt.Sprintf("%q", c.Name))
	}
	return strings.Join(names, ", ")
}

// other opens a table that the run has not learned from: all its rows are for
// the test.
func (j *job) other(text []byte) error {
	if err := j.recall(); err != nil {
		return err
	}
	s, t, err := j.match(text, j.config.Data)
	if err != nil {
		return err
	}
	c, err := t.Column(s.Target)
	if err != nil {
		return err
	}
	s.table, s.fresh, s.File = t, true, j.config.Data
	for i := range t.Len() {
		if c.Cell(i) == "" {
			continue
		}
		y := c.Value(i)
		if s.Classes != nil {
			k := slices.Index(s.Classes, c.Cell(i))
			if k < 0 {
				return fmt.Errorf("table: %q: line %d, column %q: the class %q is none of those learned, %q", s.File, t.Line(i), c.Name, c.Cell(i), s.Classes)
			}
			y = float64(k)
		} else if math.IsNaN(y) {
			return fmt.Errorf("table: %q: line %d, column %q: %q is no number", s.File, t.Line(i), c.Name, c.Cell(i))
		}
		s.rows, s.y = append(s.rows, i), append(s.y, y)
	}
	if len(s.rows) == 0 {
		return fmt.Errorf("table: %q: no row has a %s to measure by", s.File, s.Target)
	}
	for _, p := range s.Folds {
		x, err := p.encode(t, s.rows)
		if err != nil {
			return err
		}
		s.x = append(s.x, x)
	}
	return nil
}

// match finds the study that a table's columns fit, and reads the table as that
// one's was: kinds of columns are known, other columns are not looked at.
func (j *job) match(text []byte, name string) (*study, *data.Table, error) {
	first, err := bufio.NewReader(bytes.NewReader(text)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	head, err := data.ParseTable(strings.NewReader(first), name, data.TableOptions{NoHeader: true})
	if err != nil {
		return nil, nil, err
	}
	var columns []string
	for i := range head.Columns {
		columns = append(columns, head.Columns[i].Cell(0))
	}
	s, err := j.find(columns)
	if err != nil {
		return nil, nil, fmt.Errorf("table: %q: %w", name, err)
	}
	how := j.config.reading()
	how.Kinds = map[string]data.Kind{}
	for _, c := range columns {
		how.Kinds[c] = data.Category
	}
	for _, c := range s.Columns {
		how.Kinds[c.Name] = c.Kind
	}
	if s.Classes == nil && slices.Contains(columns, s.Target) {
		how.Kinds[s.Target] = data.Number
	}
	t, err := data.ParseTable(bytes.NewReader(text), name, how)
	return s, t, err
}
