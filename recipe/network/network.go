// Package network is the recipe net: a network that a YAML file lists layer by
// layer, with the data it learns from and how it is trained, for people who do
// not write Go:
//
//	data: fashion            # or digits, a folder of pictures by class, a CSV file
//	layers:
//	  - conv2d: {out: 16, kernel: 3, pad: same, act: relu}
//	  - maxpool2d: 2
//	  - flatten
//	  - linear: classes
//	train: {epochs: 5, lr: 0.002}
//
// A layer is one of nn's or a ready network of model by its name in lower case,
// its options are the struct's fields (NoBias is no-bias), found by reflection,
// so that a layer of nn needs a line in kinds.go and no more. The shape of what
// goes in follows from the data, and from layer to layer; a layer that does not
// take it is named with file, line, number, shape and what to do. What a layer
// will take of memory is reckoned before it is made.
//
// The command may import it.
package network

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// Recipe trains what a file lists. It is not in the book, for without a file
// it has nothing to train.
var Recipe = &recipe.Recipe{
	Name: "net", Short: "a network that a YAML file lists layer by layer",
	Data: "what the file names: fashion, digits, a folder of pictures by class, a CSV file",
	Time: "as the file has it",
	New:  func(bool) recipe.Config { return defaults() },
	Open: func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
}

// Config is the recipe's configuration: the file, and settings that it or
// flags change.
type Config struct {
	recipe.Common
	Set       string  `json:"set" help:"what limpid brings along to learn from; unused where data names a folder or file" oneof:"fashion|digits"`
	Target    string  `json:"target" help:"column of a CSV file to learn; empty: its last"`
	Height    int     `json:"height" help:"rows of a picture of a folder, once it is scaled" min:"1" max:"2048"`
	Width     int     `json:"width" help:"columns of a picture of a folder" min:"1" max:"2048"`
	Grey      bool    `json:"grey" help:"take the pictures of a folder without their colours"`
	Smoothing float64 `json:"smoothing" help:"share of each label spread over all classes" min:"0" max:"0.5"`
	Flip      bool    `json:"flip" help:"mirror half of the training pictures"`
	Shift     int     `json:"shift" help:"move training pictures by up to so many pixels" min:"0" max:"64"`
	Erase     float64 `json:"erase" help:"cover a rectangle of up to this share of height and width in half of the training pictures" min:"0" max:"0.9"`
	Mixup     float64 `json:"mixup" help:"blend training examples in pairs: the α of the Beta distribution of the shares; 0: do not" min:"0" max:"10"`
	Examples  int     `json:"examples" help:"use only so many training examples; 0: all" min:"0" max:"100000000"`
	File      string  `json:"file" set:"no"` // that lists the network
	Text      string  `json:"text" set:"no"` // of it
}

func defaults() *Config {
	return &Config{
		Common: recipe.Common{Seed: 1, Epochs: 5, Batch: 64, LR: 2e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.01},
		Set:    "fashion", Height: 64, Width: 64,
	}
}

// topKeys are the keys of a file.
var topKeys = []string{"data", "target", "input", "layers", "train"}

// elsewhere has the settings that are no keys of train, and their place.
var elsewhere = map[string]string{
	"data": "data: stands at the margin, and not below train", "set": "write data: fashion or data: digits at the margin", "target": "target: stands at the margin",
	"height": "write input: [height, width] at the margin", "width": "write input: [height, width] at the margin", "grey": "write input: [height, width, 1] at the margin"}

// Read takes a file's text and its settings into cfg, a [Config]. Faults are
// [*yamltree.Error]s. Data that the file names are looked for beside it.
func Read(n *yamltree.Node, config recipe.Config) error {
	cfg := config.(*Config)
	cfg.File, cfg.Text = n.File(), n.Source()
	for _, p := range n.Pairs {
		if err := cfg.take(p); err != nil {
			return err
		}
	}
	if n.Get("layers") == nil {
		return yamltree.Fault(n.File(), 0, "write layers: and below it a list, as - linear: classes", "it has no layers")
	}
	return nil
}

// take takes in one key at the margin.
func (c *Config) take(p yamltree.Pair) error {
	switch p.Key {
	case "layers":
		return nil
	case "train":
		for _, s := range p.Value.Pairs {
			if fix, ok := elsewhere[s.Key]; ok {
				return yamltree.Fault(p.Value.File(), s.Line, fix, "%s is no setting of train", s.Key)
			}
		}
		return recipe.Configure(c, p.Value)
	case "input":
		return c.input(p.Value)
	case "data", "target":
		if p.Value.Kind != yamltree.Value || p.Value.Text == "" {
			return p.Value.Fault("write it behind the colon", "%s takes a name", p.Key)
		}
		if p.Key == "target" {
			c.Target = p.Value.Text
		} else {
			c.source(p.Value)
		}
		return nil
	}
	fix := "one of: " + strings.Join(topKeys, ", ")
	if _, err := find(recipe.Settings(c), p.Key); err == nil {
		fix = "settings stand below train:"
	} else if near := recipe.Nearest(p.Key, topKeys); near != "" {
		fix = "did you mean " + near + "? All: " + strings.Join(topKeys, ", ")
	}
	return yamltree.Fault(p.Value.File(), p.Line, fix, "there is no key %q", p.Key)
}

func find(all []recipe.Setting, key string) (recipe.Setting, error) {
	for _, s := range all {
		if s.Key == key {
			return s, nil
		}
	}
	return recipe.Setting{}, errors.New("no such setting")
}

// source takes the name of a set, or of a folder or file beside the list.
func (c *Config) source(n *yamltree.Node) {
	if n.Text == "fashion" || n.Text == "digits" {
		c.Set, c.Data = n.Text, ""
		return
	}
	c.Data = n.Text
	if !filepath.IsAbs(c.Data) {
		c.Data = filepath.Join(filepath.Dir(n.File()), c.Data)
	}
}

// input takes the size of the pictures of a folder: [rows, columns], [rows,
// columns, 1] for grey ones, or one number for both.
func (c *Config) input(n *yamltree.Node) error {
	p := &parser{}
	all, err := p.integers("input", n)
	if err != nil || len(all) > 3 || min(all[0], all[min(1, len(all)-1)]) < 1 || max(all[0], all[min(1, len(all)-1)]) > 2048 || len(all) == 3 && all[2] != 1 && all[2] != 3 {
		return n.Fault("write input: [64, 64], or [64, 64, 1] for grey pictures", "input is the size of a picture: rows and columns from 1 to 2048, and 1 or 3 channels")
	}
	c.Height, c.Width = all[0], all[min(1, len(all)-1)]
	c.Grey = len(all) == 3 && all[2] == 1
	return nil
}

// open reads the data and builds the network that c lists.
func open(c *Config) (*recipe.Task, error) {
	n, err := yamltree.Parse(c.File, []byte(c.Text))
	if c.Text == "" {
		return nil, errors.New("net: there is no list of layers: limpid train FILE.yaml takes a file of them")
	}
	if err != nil {
		return nil, err
	}
	list := n.Get("layers")
	if list == nil {
		return nil, yamltree.Fault(n.File(), 0, "write layers: and below it a list", "it has no layers")
	}
	if c.Bare && c.Known != "" {
		return c.bare(list)
	}
	src, err := c.read()
	if err != nil {
		return nil, err
	}
	net, err := build(c, list, src)
	if err != nil {
		return nil, err
	}
	t, err := c.task(net, src)
	if err == nil && c.Data != "" {
		err = c.remember(src, t.Steps())
	}
	return t, err
}

// bare makes a task that only answers, of what the run keeps of its data.
func (c *Config) bare(list *yamltree.Node) (*recipe.Task, error) {
	src, steps, err := c.recall()
	if err != nil {
		return nil, err
	}
	net, err := build(c, list, src)
	if err != nil {
		return nil, err
	}
	t := &recipe.Task{Net: net, Classes: src.classes, Picture: src.picture, Total: steps}
	if src.encoder != nil {
		t.Answer = src.answer(t)
	}
	return t, nil
}

// Check parses the list of a file and follows shapes through it without any
// data: what the command shows, and what is fuzzed. classes is the number of
// classes, and shape that of an example.
func Check(n *yamltree.Node, shape []int, classes int) ([]Row, error) {
	list := n.Get("layers")
	if list == nil {
		return nil, yamltree.Fault(n.File(), 0, "write layers: and below it a list", "it has no layers")
	}
	p, b := &parser{classes: classes}, &budget{}
	layers, err := p.list(list, "")
	if err != nil {
		return nil, err
	}
	_, err = b.follow(layers, shape)
	return b.rows, err
}

// build makes the network, and holds it against the data.
func build(c *Config, list *yamltree.Node, src *source) (*nn.Net, error) {
	p, b := &parser{classes: src.outputs()}, &budget{}
	layers, err := p.list(list, "")
	if err != nil {
		return nil, err
	}
	end, err := b.follow(layers, src.shape)
	if err != nil {
		return nil, err
	}
	if len(end) != 1 || end[0] != src.outputs() {
		return nil, mismatch(layers, b.rows, end, src)
	}
	if err := b.tooMuch(list, c.Batch); err != nil {
		return nil, err
	}
	model := sequence(layers)
	net, err := nn.Build(&model, nn.Input(src.shape...), nn.Seed(c.Seed), nn.Name("net"))
	if err != nil {
		return nil, list.Fault("look at the layer it names", "%v", err)
	}
	if len(net.Params()) == 0 {
		return nil, list.Fault("end with - linear: classes", "nothing in it learns: no layer has weights")
	}
	return net, nil
}

// mismatch says that the network does not end in what the data ask for.
func mismatch(layers []*layer, rows []Row, end []int, src *source) error {
	l := layers[len(layers)-1]
	fix := "end with - linear: classes"
	if len(end) > 1 && len(end) == 3 {
		fix = "put - flatten or - globalavgpool before it, and end with - linear: classes"
	} else if len(end) == 2 {
		fix = "put - last or - globalavgpool before it, and end with - linear: classes"
	}
	var trail []string
	for _, r := range rows {
		trail = append(trail, fmt.Sprintf("%s %v", r.Layer, r.Out))
	}
	return l.fault(fix, "the network ends in the shape %v for an example, and %s: want [%d] (%v → %s)", end, src.asks(), src.outputs(), src.shape, strings.Join(trail, " → "))
}

// task makes the task of a network and its data.
func (c *Config) task(net *nn.Net, src *source) (*recipe.Task, error) {
	t := &recipe.Task{Net: net, Test: src.test, Classes: src.classes, Picture: src.picture}
	t.Fit = train.Config{
		Data: src.train, Validate: src.validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: c.loss(src), Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{metric.Accuracy{}},
	}
	if src.encoder != nil {
		t.Answer = src.answer(t)
	}
	if src.classes == nil {
		t.Fit.Metrics = []metric.Metric{metric.R2{}}
		t.Measure, t.Pages = src.measure(t), src.pages
	}
	var err error
	if t.Fit.Transform, err = c.augment(src); err != nil {
		return nil, err
	}
	if c.Mixup > 0 && src.classes != nil {
		t.Fit.Mix = data.Mixup{Alpha: c.Mixup, Classes: len(src.classes)}.Transform()
	}
	t.Fit.Schedule = c.Rates(t.Steps())
	return t, nil
}

func (c *Config) loss(src *source) loss.Func {
	switch {
	case src.classes == nil:
		return loss.MSE
	case c.Smoothing > 0:
		return loss.SmoothCrossEntropy(c.Smoothing)
	}
	return loss.CrossEntropy
}

// augment returns what is done to training pictures, nil for nothing.
func (c *Config) augment(src *source) (data.Transform, error) {
	var all []data.Transform
	if c.Flip {
		all = append(all, data.RandomFlip())
	}
	if c.Shift > 0 {
		all = append(all, data.RandomCrop(c.Shift))
	}
	if c.Erase > 0 {
		all = append(all, data.RandomErase(c.Erase))
	}
	switch {
	case len(all) == 0:
		return nil, nil
	case len(src.shape) != 3:
		return nil, errors.New("net: flip, shift and erase are for pictures: leave them out for a table")
	}
	return data.Compose(all...), nil
}
