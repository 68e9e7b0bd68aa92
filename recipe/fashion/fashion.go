// Package fashion is the recipe behind "limpid train": a convolutional
// network that tells ten kinds of clothes apart in small grey pictures. The
// command and programs may import it.
package fashion

import (
	"image"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/photo"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// side is the width and height of a picture in pixels.
const side = 28

// Test accuracies that the default configurations must reach: on the embedded
// pictures and on the full data.
const (
	targetMini = 0.86
	targetFull = 0.92
)

// Recipe trains on the embedded 6,000 pictures, or on the full 60,000.
var Recipe = &recipe.Recipe{
	Name:  "fashion",
	Short: "ten kinds of clothes in grey pictures of 28 × 28 (Fashion-MNIST), by a convolutional network",
	New:   func(full bool) recipe.Config { return defaultsFor(full) },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Width     int     `json:"width" help:"filters of the first convolution; later ones have 2 and 4 times as many" min:"1" max:"512"`
	Dropout   float64 `json:"dropout" help:"share of units left out at random while training" min:"0" max:"0.95"`
	Smoothing float64 `json:"smoothing" help:"share of each label spread over all classes" min:"0" max:"0.5"`
	Flip      bool    `json:"flip" help:"mirror half of the training pictures, for shoes point both ways"`
	Shift     int     `json:"shift" help:"move training pictures by up to so many pixels" min:"0" max:"8"`
	Examples  int     `json:"examples" help:"use only so many training pictures; 0: all" min:"0" max:"60000"`
}

// defaultsFor returns what was tuned on validation data cut from the training
// split, for the full data or for the embedded ones; RATIONALE.md has the
// figures.
func defaultsFor(full bool) *Config {
	c := &Config{
		Common: recipe.Common{Seed: 1, Epochs: 8, Batch: 64, LR: 5e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.01},
		Width:  24, Dropout: 0.25, Flip: true,
	}
	if full {
		c.Epochs, c.Width = 12, 32
	}
	return c
}

// open reads the data and builds the network.
func open(c *Config) (*recipe.Task, error) {
	set, err := read(c)
	if err != nil {
		return nil, err
	}
	net, err := nn.Build(newNetwork(c), nn.Input(side, side, 1), nn.Seed(c.Seed), nn.Name("fashion"))
	if err != nil {
		return nil, err
	}
	t := &recipe.Task{Net: net, Test: set.Test, Classes: fashion.Classes, Picture: c.picture}
	t.Fit = train.Config{
		Data: set.Train, Validate: set.Validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: lossOf(c), Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{metric.Accuracy{}},
		Transform: c.augment(),
	}
	t.Fit.Schedule = c.Rates(t.Steps())
	t.Reference = c.reference()
	return t, nil
}

// reference returns the accuracy that c must reach: none is set unless only
// the seed, the data's folder and the checkpoints differ from the defaults.
func (c *Config) reference() float64 {
	full := c.Data != ""
	usual := defaultsFor(full)
	usual.Seed, usual.Data, usual.Every = c.Seed, c.Data, c.Every
	switch {
	case *c != *usual:
		return 0
	case full:
		return targetFull
	}
	return targetMini
}

func lossOf(c *Config) loss.Func {
	if c.Smoothing > 0 {
		return loss.SmoothCrossEntropy(c.Smoothing)
	}
	return loss.CrossEntropy
}

// read returns the embedded pictures, or those in the folder c.Data.
func read(c *Config) (fashion.Set, error) {
	set := fashion.Mini()
	if c.Data != "" {
		var err error
		if set, err = fashion.Full(c.Data); err != nil {
			return set, err
		}
	}
	if c.Examples > 0 && c.Examples < set.Train.Len() {
		set.Train = data.Subset(set.Train, spread(set.Train.Len(), c.Examples))
	}
	return set, nil
}

// spread returns k of the numbers below n, evenly spaced, so that each class
// keeps its share whether examples are sorted by class or not.
func spread(n, k int) []int {
	all := make([]int, k)
	for i := range all {
		all[i] = i * n / k
	}
	return all
}

// picture turns a picture into an input: what the network was trained on.
func (c *Config) picture(img image.Image) (tensor.Tensor, *photo.Prepared) {
	p := photo.Prepare(img, side)
	x := make([]float32, len(p.Image.Pix))
	for i, v := range p.Image.Pix {
		x[i] = c.brightness(v)
	}
	return tensor.Of(x, side, side, 1), p
}

// brightness is how the data that c trains on holds a brightness from 0 to 1:
// the embedded pictures have 16 levels.
func (c *Config) brightness(v float32) float32 {
	if c.Data == "" {
		v = float32(int(v*255)>>4) * 17 / 255
	}
	return (v - fashion.Mean) / fashion.Deviation
}

// augment returns what is done to training pictures, nil for nothing.
func (c *Config) augment() data.Transform {
	var all []data.Transform
	if c.Flip {
		all = append(all, data.RandomFlip())
	}
	if c.Shift > 0 {
		all = append(all, data.RandomCrop(c.Shift))
	}
	if len(all) == 0 {
		return nil
	}
	return data.Compose(all...)
}
