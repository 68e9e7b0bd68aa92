// Package clothes holds what the recipes on Fashion-MNIST share: the data,
// their settings, the networks and how pictures of a user's own are made like
// the data's. The recipes start, fashion and fashionmlp beside it, the command
// and programs may import it.
package clothes

import (
	"fmt"
	"image"
	"path/filepath"

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

// Kind is what distinguishes one of the recipes.
type Kind struct {
	Name, Short, Time string
	// Defaults returns the settings for the full data, or for the embedded.
	Defaults func(full bool) Config
	// Mini and Full are the test accuracies to reach by the defaults on the
	// embedded pictures and on the full data; 0: none is set.
	Mini, Full float64
	// Network makes the network that the settings ask for, with c.Act.
	Network func(c *Config) nn.Layer
	// Ends names its first and its last hidden layer, between which signals
	// are measured to choose an activation.
	Ends func(c *Config) []string
}

// quick are settings of a run of a few seconds that still learns.
var quick = []string{"epochs=2", "width=8", "examples=800", "batch=32"}

// Recipe makes a recipe of its kind.
func (k *Kind) Recipe() *recipe.Recipe {
	return &recipe.Recipe{
		Name: k.Name, Short: k.Short, Time: k.Time, Quick: quick, Input: "PICTURE",
		Data:  "Fashion-MNIST: 6,000 + 2,000 pictures; all 70,000, or a folder by class, by --data",
		New:   func(full bool) recipe.Config { c := k.Defaults(full); return &c },
		Open:  func(c recipe.Config) (*recipe.Task, error) { return k.open(c.(*Config)) },
		Goals: func(c recipe.Config) []recipe.Goal { return k.goals(c.(*Config)) },
	}
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Width     int     `json:"width" help:"filters of the first convolution, later ones have 2 and 4 times as many; of an MLP, units of the first layer" min:"1" max:"4096"`
	Dropout   float64 `json:"dropout" help:"share of units left out at random while training" min:"0" max:"0.95"`
	Smoothing float64 `json:"smoothing" help:"share of each label spread over all classes" min:"0" max:"0.5"`
	Flip      bool    `json:"flip" help:"mirror half of the training pictures, for shoes point both ways"`
	Shift     int     `json:"shift" help:"move training pictures by up to so many pixels" min:"0" max:"8"`
	Erase     float64 `json:"erase" help:"cover a rectangle of up to this share of height and width in half of the training pictures" min:"0" max:"0.9"`
	Mixup     float64 `json:"mixup" help:"blend training pictures in pairs: the α of the Beta distribution of the shares; 0: do not" min:"0" max:"10"`
	Regular
	Examples int `json:"examples" help:"use only so many training pictures; 0: all" min:"0" max:"60000"`
	Size     int `json:"size" help:"width and height that pictures of your own, in a folder by class, are brought to" min:"8" max:"512"`
}

// open reads the data and builds the network.
func (k *Kind) open(c *Config) (*recipe.Task, error) {
	set, err := read(c)
	if err != nil {
		return nil, err
	}
	ratings, err := k.settleAct(c, set.Train)
	if err != nil {
		return nil, err
	}
	var last nn.Temperature
	net, err := nn.Build(c.around(k.Network(c), &last), nn.Input(c.input()...), nn.Seed(c.Seed), nn.Name("fashion"))
	if err != nil {
		return nil, err
	}
	t := &recipe.Task{Net: net, Test: set.Test, Classes: c.Classes(), Picture: c.picture}
	if a := c.own(); a != nil {
		t.About = fmt.Sprintf("%d classes of pictures in %s, at %d × %d pixels", len(a.Classes), filepath.Base(a.Folder), a.Size, a.Size)
	}
	t.Fit = train.Config{
		Data: set.Train, Validate: set.Validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: lossOf(c), Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{metric.Accuracy{}},
		Transform: c.augment(),
	}
	if c.Mixup > 0 {
		t.Fit.Mix = data.Mixup{Alpha: c.Mixup, Classes: len(c.Classes())}.Transform()
	}
	t.Fit.Schedule = c.Rates(t.Steps())
	c.regularise(&t.Fit, &last, t.Steps())
	if ratings != nil {
		tellPick(t, ratings)
	}
	return t, nil
}

// goals returns what c must reach: nothing is set unless only the seed, the
// data's folder and the checkpoints differ from the defaults.
func (k *Kind) goals(c *Config) []recipe.Goal {
	full := c.Data != ""
	usual := k.Defaults(full)
	usual.Data = c.Data
	bound := k.Mini
	if full {
		bound = k.Full
	}
	if !recipe.Usual(c, &usual) || bound == 0 || c.own() != nil {
		return nil
	}
	return recipe.AtLeast("accuracy", bound)
}

func lossOf(c *Config) loss.Func {
	if c.Smoothing > 0 {
		return loss.SmoothCrossEntropy(c.Smoothing)
	}
	return loss.CrossEntropy
}

// read returns the embedded pictures, or those in the folder c.Data: the
// published files, or pictures by class.
func read(c *Config) (fashion.Set, error) {
	set := fashion.Mini()
	if c.isOwn() {
		var err error
		if set, err = c.readOwn(); err != nil {
			return set, err
		}
	} else if c.Data != "" {
		var err error
		if set, err = fashion.Full(c.Data); err != nil {
			return set, fmt.Errorf("%w; or give a folder with a folder of pictures for each class", err)
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
	if a := c.own(); a != nil {
		return a.picture(img)
	}
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
	if c.Erase > 0 {
		all = append(all, data.RandomErase(c.Erase))
	}
	if len(all) == 0 {
		return nil
	}
	return data.Compose(all...)
}
