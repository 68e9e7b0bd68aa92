package network

import (
	"context"
	"fmt"
	"image"
	"math"
	"os"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/digits"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/photo"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// source is the data in three parts.
type source struct {
	name                  string
	train, validate, test data.Dataset
	shape                 []int    // of an example
	classes               []string // nil: the target is a number
	picture               func(img image.Image) (tensor.Tensor, *photo.Prepared)
	encoder               *data.Encoder // of a table
}

// outputs is how many numbers the network must end in.
func (s *source) outputs() int { return max(1, len(s.classes)) }

// asks says what the data ask for.
func (s *source) asks() string {
	if s.classes == nil {
		return s.name + " asks for a number"
	}
	return fmt.Sprintf("%s has %d classes", s.name, len(s.classes))
}

// read reads the data that c names.
func (c *Config) read() (*source, error) {
	src, err := c.parts()
	if err != nil {
		return nil, err
	}
	if n := src.train.Len(); c.Examples > 0 && c.Examples < n {
		some := make([]int, c.Examples)
		for i := range some {
			some[i] = i * n / c.Examples
		}
		src.train = data.Subset(src.train, some)
	}
	return src, nil
}

func (c *Config) parts() (*source, error) {
	switch {
	case c.Data == "" && c.Set == "digits":
		set := digits.Load()
		return &source{name: c.Set, train: set.Train, validate: set.Validate, test: set.Test, shape: []int{8, 8, 1}, classes: digits.Classes,
			picture: grey(8, func(v float32) float32 { return 2*v - 1 })}, nil
	case c.Data == "":
		set := fashion.Mini()
		return &source{name: c.Set, train: set.Train, validate: set.Validate, test: set.Test, shape: []int{28, 28, 1}, classes: fashion.Classes,
			picture: grey(28, func(v float32) float32 {
				return (float32(int(v*255)>>4)*17/255 - fashion.Mean) / fashion.Deviation // it has 16 levels
			})}, nil
	}
	info, err := os.Stat(c.Data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("net: data are to be fashion, digits, a folder of pictures by class or a CSV file: %w", err)
	case info.IsDir():
		return c.folder()
	}
	return c.table()
}

// grey makes pictures of any kind into small ones, bright on black.
func grey(side int, value func(v float32) float32) func(image.Image) (tensor.Tensor, *photo.Prepared) {
	return func(img image.Image) (tensor.Tensor, *photo.Prepared) {
		p := photo.Prepare(img, side)
		x := make([]float32, len(p.Image.Pix))
		for i, v := range p.Image.Pix {
			x[i] = value(v)
		}
		return tensor.Of(x, side, side, 1), p
	}
}

// The values of a folder's pictures, 0 to 1, become −2 to 2.
const middle, deviation = 0.5, 0.25

// folder reads pictures by class.
func (c *Config) folder() (*source, error) {
	parts, err := data.ImageParts(c.Data, c.Height, c.Width, c.Seed)
	if err != nil {
		return nil, err
	}
	src := &source{name: c.Data, classes: parts.Train.Classes, shape: []int{c.Height, c.Width, c.channels()}, picture: c.fitted}
	for _, p := range []struct {
		from *data.Folder
		to   *data.Dataset
	}{{parts.Train, &src.train}, {parts.Validate, &src.validate}, {parts.Test, &src.test}} {
		p.from.Grey = c.Grey
		if *p.to, err = c.load(p.from); err != nil {
			return nil, err
		}
	}
	if len(src.classes) < 2 {
		return nil, fmt.Errorf("net: %q has %d folder of pictures; a network tells two classes or more apart: make a folder for each", c.Data, len(src.classes))
	}
	return src, nil
}

func (c *Config) channels() int {
	if c.Grey {
		return 1
	}
	return 3
}

// load holds a part's pictures as bytes.
func (c *Config) load(f *data.Folder) (data.Dataset, error) {
	all, err := f.Load(context.Background())
	if err != nil {
		return nil, err
	}
	var pix, labels []uint8
	for i := range all.Len() {
		pix, labels = append(pix, all.Bytes(i)...), append(labels, uint8(all.Label(i)))
	}
	if len(f.Classes) > 256 {
		return nil, fmt.Errorf("net: %q has %d folders; at most 256 classes are taken", c.Data, len(f.Classes))
	}
	return data.NewImages(pix, labels, c.Height, c.Width, c.channels(), filled(middle, c.channels()), filled(deviation, c.channels()))
}

func filled(v float64, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = v
	}
	return all
}

// fitted makes a picture into an input as those of the folder are made: scaled
// to cover the size, and cut around its centre.
func (c *Config) fitted(img image.Image) (tensor.Tensor, *photo.Prepared) {
	var from, to picture.Raster
	from.Draw(img, c.channels(), nil)
	w, h := from.W, from.H
	cw, ch := w, h
	if w*c.Height > h*c.Width {
		cw = max((2*h*c.Width+c.Height)/(2*c.Height), 1)
	} else {
		ch = max((2*w*c.Height+c.Width)/(2*c.Width), 1)
	}
	x, y := (w-cw)/2, (h-ch)/2
	new(picture.Sizer).Resize(&to, &from, image.Rect(x, y, x+cw, y+ch), c.Height, c.Width)
	values := make([]float32, len(to.Pix))
	for i, v := range to.Pix {
		values[i] = (float32(v)/255 - middle) / deviation
	}
	p := &photo.Prepared{}
	if w != c.Width || h != c.Height {
		p.Steps = append(p.Steps, fmt.Sprintf("scaled it from %d × %d to %d × %d, around its middle", w, h, c.Width, c.Height))
	}
	return tensor.Of(values, c.Height, c.Width, c.channels()), p
}

// table reads a CSV file, dealt 70 : 15 : 15.
func (c *Config) table() (*source, error) {
	t, err := data.ReadTable(c.Data, data.TableOptions{})
	if err != nil {
		return nil, err
	}
	target := c.Target
	if target == "" {
		target = t.Columns[len(t.Columns)-1].Name
	}
	rows, err := t.Complete(target)
	if err != nil {
		return nil, err
	}
	col, err := t.Column(target)
	if err != nil {
		return nil, err
	}
	deal := data.Deal{Seed: c.Seed}
	if col.Kind == data.Category {
		deal.Classes = classesOf(col, rows)
	}
	dealt, err := deal.Shares(len(rows), 0.7, 0.15, 0.15)
	if err != nil {
		return nil, err
	}
	for _, part := range dealt {
		for i := range part {
			part[i] = rows[part[i]]
		}
	}
	return c.encoded(t, target, dealt)
}

// classesOf numbers the values of a column.
func classesOf(col *data.Column, rows []int) []int {
	known, all := map[string]int{}, make([]int, len(rows))
	for i, r := range rows {
		cell := col.Cell(r)
		if _, ok := known[cell]; !ok {
			known[cell] = len(known)
		}
		all[i] = known[cell]
	}
	return all
}

// encoded makes examples of a table's rows, by what the training rows hold.
func (c *Config) encoded(t *data.Table, target string, dealt [][]int) (*source, error) {
	if min(len(dealt[0]), len(dealt[1]), len(dealt[2])) == 0 {
		return nil, fmt.Errorf("net: %q has too few rows with a %s to divide in three", c.Data, target)
	}
	enc, err := t.Fit(data.Encoding{Target: target, ScaleTarget: true, Impute: true, AllowUnseen: true}, dealt[0])
	if err != nil {
		return nil, err
	}
	src := &source{name: c.Data, classes: enc.Classes, encoder: enc, shape: []int{len(enc.Names())}}
	for i, to := range []*data.Dataset{&src.train, &src.validate, &src.test} {
		set, err := enc.Dataset(t, dealt[i])
		if err != nil {
			return nil, err
		}
		*to = set
	}
	return src, nil
}

// measure returns what measures a network that answers with a number: rmse
// and mae in the column's own unit, and r2.
func (s *source) measure(t *recipe.Task) func(ctx context.Context) (*recipe.Measured, error) {
	return func(ctx context.Context) (*recipe.Measured, error) {
		scores, err := train.Evaluate(ctx, t.Net, s.test, loss.MSE, metric.MeanAbsoluteError{}, metric.R2{})
		if err != nil {
			return nil, err
		}
		unit := math.Abs(s.encoder.Value(1) - s.encoder.Value(0))
		return &recipe.Measured{Scores: recipe.Scores{"rmse": math.Sqrt(scores["loss"]) * unit, "mae": scores["mae"] * unit, "r2": scores["r2"]}}, nil
	}
}

// pages is the part of the report about a network that answers with a number.
func (s *source) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	rmse, _ := m.Scores.Number("rmse")
	r2, _ := m.Scores.Number("r2")
	return []report.Section{{Title: "How far off it is", Text: []string{
		fmt.Sprintf("On rows that it never learned from, %s is %.4g off, as the root of the mean square. R² is %.3f: the share of the rows' differences that it explains; 0 is what the mean answers.", s.encoder.Output.Column, rmse, r2),
		"It is told by these columns: " + strings.Join(s.encoder.Names(), ", ") + ".",
	}}}, nil
}
