// Package segment is the recipe that labels every pixel: a U-Net finds the
// garments in scenes composed of Fashion-MNIST, or what a user's own masks
// mark. The command and programs may import it.
//
// The network looks at the scene at ever coarser scales, down to a sixteenth,
// where one place sees a whole garment and can tell which it is; then it goes
// back to full size, joining at each scale what it saw there on the way down,
// so that edges are where they belong. It learns from cross-entropy, which asks
// each pixel by itself, and the Dice loss, which asks each class for its
// overlap, however few pixels it has.
package segment

import (
	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/scenes"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe trains a U-Net.
var Recipe = &recipe.Recipe{
	Name:    "segment",
	Short:   "which pixels are which garment: a U-Net on scenes of Fashion-MNIST",
	Data:    "scenes composed of Fashion-MNIST; by --data own pictures with masks",
	Time:    "8 min",
	New:     func(full bool) recipe.Config { c := defaults(full); return &c },
	Open:    func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals:   func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Watched: "miou", Input: "PICTURE",
	Quick: []string{"epochs=1", "scenes=1000", "test-scenes=40", "side=64", "width=12", "levels=2", "lr=0.01"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Width      int     `json:"width" help:"filters at half size, doubled with each halving" min:"1" max:"256"`
	Levels     int     `json:"levels" help:"halvings after the first: from 3 on one place sees a whole garment" min:"1" max:"6"`
	Side       int     `json:"side" help:"pixels of the longer side of what the network looks at" min:"64" max:"512"`
	Scenes     int     `json:"scenes" help:"scenes in an epoch, if limpid composes them" min:"8" max:"1000000"`
	Most       int     `json:"most" help:"garments in a training scene, at most; validation and test scenes have up to 6" min:"1" max:"20"`
	TestScenes int     `json:"test-scenes" help:"scenes of the test split, if limpid composes them" min:"8" max:"100000"`
	Dice       float64 `json:"dice" help:"weight of the Dice loss beside cross-entropy" min:"0" max:"100"`
	Background float64 `json:"background" help:"weight of background pixels in cross-entropy; others have 1" above:"0" max:"100"`
	Flip       bool    `json:"flip" help:"mirror half of the training pictures"`
	Jitter     float64 `json:"jitter" help:"change the colours of training pictures by up to this share" min:"0" max:"1"`
	Zoom       float64 `json:"zoom" help:"scale training pictures up or down by up to this share" min:"0" max:"0.9"`
	Mirror     bool    `json:"mirror" help:"answer with the mean of the picture and its mirror image: twice the work, fewer mistakes"`
}

// defaults are those for scenes, or for files of one's own.
func defaults(full bool) Config {
	c := Config{
		Common: recipe.Common{Seed: 1, Epochs: 6, Batch: 4, LR: 4e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.02},
		Width:  32, Levels: 3, Side: 96, Scenes: 8000, Most: 14, TestScenes: 500, Dice: 1, Background: 1, Flip: true, Mirror: true,
	}
	if full {
		c.Epochs, c.Side, c.Width, c.Jitter, c.Zoom = 30, 128, 24, 0.2, 0.25
	}
	return c
}

// goals returns what c must reach; nothing is set for a user's own data, nor if
// more than the seed and the checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "miou", Bound: 0.65}, {Score: "iou_object", Bound: 0.92}}
}

// job is the task, and what it came to know of the data and of the network.
type job struct {
	config  *Config
	known   known
	task    *recipe.Task
	options options

	seen    *seen    // by Measure, for Pages
	trivial *trivial // the reference
}

// parts are the data in three parts: inputs normalised, masks beside them.
type parts struct{ train, validate, test data.Dataset }

func open(c *Config) (*recipe.Task, error) {
	j := &job{config: c}
	if c.Bare {
		return j.bare()
	}
	set, err := j.read()
	if err != nil {
		return nil, err
	}
	if err := j.build(); err != nil {
		return nil, err
	}
	j.task.Test, j.task.Measure, j.task.Pages = set.test, j.measure, j.pages
	j.task.Fit = train.Config{
		Data: set.train, Validate: set.validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: lossOf(c, len(j.known.Classes)), Optimizer: c.Rule(), Clip: c.Clip, Transform: augment(c),
		Metrics: []metric.Metric{metric.MeanIoU{NoBackground: true}, metric.ObjectIoU{}, metric.Accuracy{}},
	}
	j.task.Fit.Schedule = c.Rates(j.task.Steps())
	return j.task, nil
}

// build makes the network and what answers with it.
func (j *job) build() error {
	c := j.config
	j.options.Tint = tint
	net, err := nn.Build(newNetwork(c, len(j.known.Classes)), nn.Input(c.Side, c.Side, 3), nn.Seed(c.Seed), nn.Name("segment"))
	j.task = &recipe.Task{Net: net, Answer: j.answer, Options: &j.options}
	return err
}

// bare makes a task that only answers.
func (j *job) bare() (*recipe.Task, error) {
	j.known = knownScenes()
	if j.config.Data != "" {
		var err error
		if j.known, err = recall(j.config.Known); err != nil {
			return nil, err
		}
	}
	err := j.build()
	return j.task, err
}

// read returns the data, scenes unless c names a folder, and what is known of
// them.
func (j *job) read() (parts, error) {
	c := j.config
	if c.Data != "" {
		return j.readFiles()
	}
	j.known = knownScenes()
	o := scenes.Options{Train: c.Scenes, Validate: min(400, max(c.Scenes/10, 8)), Test: c.TestScenes, Side: c.Side, Seed: c.Seed, Forget: c.Scenes > keep}
	set := scenes.Mini(o)
	o.Most = c.Most // fuller scenes teach more for the same work
	return parts{scenes.Mini(o).Train, set.Validate, set.Test}, nil
}

// keep is how many scenes may be kept in memory: half a gigabyte. To compose
// one anew takes a tenth of the step that learns from it.
const keep = 12000

// lossOf is cross-entropy, in which the background may weigh less, and Dice.
func lossOf(c *Config, classes int) loss.Func {
	weights := make([]float64, classes)
	for i := range weights {
		weights[i] = 1
	}
	weights[0] = c.Background
	each := loss.WeightedCrossEntropy(weights...)
	return func(out, target tensor.Tensor) tensor.Tensor {
		l := each(out, target)
		if c.Dice > 0 {
			l = l.Add(loss.Dice(out, target).Scale(c.Dice))
		}
		return l
	}
}

// augment returns what is done to training pictures, nil for nothing.
func augment(c *Config) data.Transform {
	var all []data.Transform
	if c.Zoom > 0 {
		all = append(all, data.Affine{Scale: c.Zoom}.Transform())
	}
	if c.Flip {
		all = append(all, data.RandomFlip())
	}
	if c.Jitter > 0 { // values are 4·(v − ½)
		all = append(all, data.Jitter{Brightness: 2 * c.Jitter, Contrast: c.Jitter}.Transform())
	}
	if len(all) == 0 {
		return nil
	}
	return data.Compose(all...)
}
