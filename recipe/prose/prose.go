// Package prose is the recipe that learns to write: a language model of
// characters, an LSTM or a GPT, reads Moby-Dick or a text of the user's own and
// then writes on. Beside it stands the best that counting does, a Kneser–Ney
// model of five characters. The command and programs may import it.
package prose

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// Recipe learns to write.
var Recipe = &recipe.Recipe{
	Name:    "prose",
	Short:   "a language model that writes: an LSTM, or a GPT by --model gpt",
	Data:    "Moby-Dick, 1.2 million characters; your own text by --data FILE.txt",
	Time:    "12 min",
	Input:   "TEXT",
	Watched: "bits_per_character",
	New:     func(bool) recipe.Config { c := defaults(); return &c },
	Open:    func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals:   func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick:   []string{"epochs=2", "width=96", "dim=32", "batch=8", "window=32", "characters=80000", "lr=0.015"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Model      string  `json:"model" help:"lstm, or gpt: a transformer of about as many parameters, which learns at a third of the rate" oneof:"lstm|gpt"`
	Width      int     `json:"width" help:"values that the network thinks in; 0: 512 for lstm, 176 for gpt, where heads must divide it" min:"0" max:"4096"`
	Layers     int     `json:"layers" help:"recurrent layers, or blocks of gpt; 0: 1 for lstm, 4 for gpt" min:"0" max:"32"`
	Heads      int     `json:"heads" help:"heads of attention of gpt" min:"1" max:"64"`
	Dim        int     `json:"dim" help:"values that stand for a character in lstm" min:"1" max:"1024"`
	Window     int     `json:"window" help:"characters that a step goes back over; lstm remembers further" min:"2" max:"2048"`
	Dropout    float64 `json:"dropout" help:"share of values left out at random while training" min:"0" max:"0.95"`
	WeightDrop float64 `json:"weight-drop" help:"share of lstm's recurrent weights left out at random while training" min:"0" max:"0.95"`
	Characters int     `json:"characters" help:"use only so many characters of the text; 0: all" min:"0" max:"1000000000"`
}

func defaults() Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 10, Batch: 32, LR: 4e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.01, Clip: 1},
		Model:  "lstm", Heads: 4, Dim: 128, Window: 64, Dropout: 0.2,
	}
}

// goals returns what c must reach; nothing is set if more than the seed and the
// checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "bits_per_character", Bound: 2.05, Most: true}}
}

// sized returns c with the width and the layers that suit its model where it
// leaves them open.
func (c Config) sized() *Config {
	width, layers := 512, 1
	if c.Model == "gpt" {
		width, layers = 176, 4
	}
	if c.Width == 0 {
		c.Width = width
	}
	if c.Layers == 0 {
		c.Layers = layers
	}
	return &c
}

// lesson is the task.
type lesson struct {
	config  *Config
	text    *text // of a bare task, its codec alone
	model   *writer
	net     *nn.Net
	task    *recipe.Task
	options options
	samples samples
	found   *findings // by measure
}

func open(c *Config) (*recipe.Task, error) {
	l := &lesson{config: c.sized(), options: usualOptions()}
	if err := l.read(c); err != nil {
		return nil, err
	}
	if l.config.Model == "gpt" && (l.config.Width%l.config.Heads != 0 || l.config.Width/l.config.Heads%2 != 0) {
		return nil, fmt.Errorf("width %d is not an even multiple of heads %d: a head takes its share of the values, in pairs", l.config.Width, l.config.Heads)
	}
	l.model = newWriter(l.config, l.text.codec.Size())
	var err error
	if l.net, err = nn.Build(l.model, nn.Input(c.Window), nn.Seed(c.Seed), nn.Name("prose")); err != nil {
		return nil, err
	}
	l.task = &recipe.Task{Net: l.net, Answer: l.answer, Options: &l.options, Alone: true, Measure: l.measure, Pages: l.pages, Note: l.samples.note}
	if c.Bare {
		return l.task, nil
	}
	return l.task, l.prepare(c)
}

// prepare says how the task trains.
func (l *lesson) prepare(c *Config) error {
	set := sideBySide(l.text.train, c.Batch, c.Window)
	held := apart(l.text.validate, heldWindow, heldWindow)
	carry := &carry{model: l.model, window: c.Window}
	l.samples.lesson = l
	l.task.Fit = train.Config{
		Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed, NoShuffle: true, DropLast: true,
		Loss: loss.CrossEntropy, Objective: carry.objective, Optimizer: c.Rule(), Clip: c.Clip,
		Metrics: []metric.Metric{metric.BitsPerCharacter{}}, Observers: []train.Observer{carry, &l.samples},
	}
	if l.model.LSTM == nil { // a GPT reads each window by itself, in any order
		set, held = apart(l.text.train, c.Window, 2*c.Window), apart(l.text.validate, c.Window, c.Window)
		l.task.Fit.NoShuffle, l.task.Fit.DropLast = false, false
		l.task.Fit.Before = func(u *train.Updater) error { return u.Rate("*", 1./3) }
	}
	if set.Len() == 0 || held.Len() == 0 {
		return fmt.Errorf("the text has %d characters to learn from and %d for validation, too few for %d sequences of %d characters: take a longer text, or lower batch and window", len(l.text.train), len(l.text.validate), c.Batch, c.Window)
	}
	l.task.Fit.Data, l.task.Fit.Validate = set, held
	l.task.Fit.Schedule = c.Rates(l.task.Steps())
	return nil
}

// heldWindow is how many characters of validation text an LSTM reads from a
// fresh start, so that little of it is read knowing nothing.
const heldWindow = 200

// read gets the text, or, of a bare task, what the run knows of it: the numbers
// of its characters, which stay the run's whatever text it is measured on.
func (l *lesson) read(c *Config) (err error) {
	var codec *token.Characters
	if c.Known != "" {
		known, err := token.Read(strings.NewReader(c.Known))
		if codec, _ = known.(*token.Characters); err != nil || codec == nil {
			return fmt.Errorf("what the run knows of its text is damaged: %w", cmp.Or(err, errKind))
		}
	}
	if c.Bare && codec != nil {
		l.text = &text{codec: codec}
		return nil
	}
	if l.text, err = book(c.Data, c.Characters, codec); err != nil || c.Data == "" || c.Known != "" {
		return err
	}
	var b strings.Builder
	err = token.Write(&b, l.text.codec)
	c.Known = b.String()
	return err
}

var errKind = errors.New("it is no numbering of characters")
