// Package detect is the recipe that finds things in pictures and draws boxes
// around them: garments in composed scenes, or whatever a folder of a user's own
// has boxes for (COCO, Pascal VOC or YOLO). The network is model.CenterNet,
// which needs no anchors; what it finds is held against template matching, tuned
// on validation data. The command and programs may import it.
package detect

import (
	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe finds things in pictures.
var Recipe = &recipe.Recipe{
	Name:    "detect",
	Short:   "find things in pictures and draw boxes around them, with a detector without anchors",
	Data:    "scenes composed from Fashion-MNIST; pictures with COCO, VOC or YOLO boxes by --data",
	Time:    "10 min",
	New:     func(full bool) recipe.Config { c := defaults(full); return &c },
	Open:    func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals:   func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Watched: "map50",
	Input:   "PICTURE",
	Quick:   []string{"scenes=256", "test-scenes=24", "epochs=8", "width=8", "batch=8", "lr=0.01", "size=64"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Size   int     `json:"size" help:"side in pixels of the square that pictures are fitted into, and of composed scenes" min:"64" max:"512"`
	Width  int     `json:"width" help:"channels of the finest map, doubled with each level" min:"4" max:"256"`
	Scenes int     `json:"scenes" help:"scenes to compose for training; pictures of one's own are all used" min:"16" max:"100000"`
	Tests  int     `json:"test-scenes" help:"scenes to compose for the test, and as many for validation" min:"8" max:"10000"`
	Flip   bool    `json:"flip" help:"mirror half of the training pictures"`
	Zoom   float64 `json:"zoom" help:"scale training pictures at random by up to this share, and move them by half of it" min:"0" max:"0.9"`
	Colour float64 `json:"colour" help:"change brightness, contrast, saturation and hue of training pictures at random by up to this share" min:"0" max:"0.9"`
}

// defaults returns the settings that the search (searched) points to, with as
// many steps as ten minutes of two cores allow.
func defaults(full bool) Config {
	c := Config{
		Common: recipe.Common{Seed: 1, Epochs: 12, Batch: 16, LR: 4e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.05},
		Size:   96, Width: 32, Scenes: 12000, Tests: 500, Flip: true,
	}
	if full {
		c.Epochs, c.Size, c.Zoom, c.Colour = 50, 160, 0.3, 0.2
	}
	return c
}

// goals returns what c must reach on the composed scenes: nothing is set if more
// than the seed and the checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "map50", Bound: 0.75}, {Score: "map", Bound: 0.48}, {Score: "ap50_any_class", Bound: 0.95}}
}

// work is the task while it is open.
type work struct {
	config  *Config
	classes []string
	own     bool // pictures of the user's
	parts   data.Parts[data.Dataset]
	net     *nn.Net
	model   *model.Detector
	task    *recipe.Task
	options options
	verdict *verdict // of the test split
}

func open(c *Config) (*recipe.Task, error) {
	w, err := start(c)
	if err != nil {
		return nil, err
	}
	return w.task, nil
}

// start opens the data and builds the network.
func start(c *Config) (*work, error) {
	w := &work{config: c, own: c.Data != "", options: options{Sure: sure}}
	if err := w.read(); err != nil {
		return nil, err
	}
	w.model = model.CenterNet{Classes: len(w.classes), Width: c.Width, Apart: true, Beside: true, PerClass: true, Score: 0.02, Overlap: overlap}.New()
	var err error
	if w.net, err = nn.Build(w.model, nn.Input(c.Size, c.Size, 3), nn.Seed(c.Seed), nn.Name("detect")); err != nil {
		return nil, err
	}
	w.task = &recipe.Task{Net: w.net, Test: w.parts.Test, Measure: w.measure, Pages: w.pages, Answer: w.answer, Options: &w.options}
	if c.Bare {
		return w, nil
	}
	w.task.Fit = train.Config{
		Data: w.parts.Train, Validate: w.parts.Validate, Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Objective: w.model.Objective, Collate: model.Collate, Transform: w.augment(),
		Metrics:   []metric.Metric{metric.MeanAveragePrecision{IoU: .5}, metric.MeanAveragePrecision{}},
		Optimizer: c.Rule(), Clip: c.Clip,
	}
	w.task.Fit.Schedule = c.Rates(w.task.Steps())
	return w, nil
}

// augment returns what is done to training pictures, nil for nothing.
func (w *work) augment() data.Transform {
	var all []data.Transform
	if w.config.Flip {
		all = append(all, data.RandomFlip())
	}
	if z := w.config.Zoom; z > 0 {
		all = append(all, data.Affine{Scale: z, Shift: z / 2}.Transform())
	}
	if a := w.config.Colour; a > 0 {
		all = append(all, raw(data.Jitter{Brightness: a, Contrast: a, Saturation: a, Hue: 90 * a}.Transform()))
	}
	if len(all) == 0 {
		return nil
	}
	return data.Compose(all...)
}

// raw runs a transform of values from 0 to 1 on normalised ones.
func raw(f data.Transform) data.Transform {
	return func(r *tensor.Rand, p *data.Picture) {
		for i, v := range p.Pix {
			p.Pix[i] = v*deviation + mean
		}
		f(r, p)
		for i, v := range p.Pix {
			p.Pix[i] = (v - mean) / deviation
		}
	}
}
