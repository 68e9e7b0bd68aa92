// Package language is the recipe that tells which language a text is in: a
// convolutional network reads the characters of a snippet, however long, and
// names one of 116 languages, or of the classes of a folder of the user's own
// texts. A naive Bayes of character n-grams, tuned as carefully, stands beside
// it. The command and programs may import it.
package language

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Model     string  `json:"model" help:"what reads after the convolutions: conv (nothing more), gru or transformer" oneof:"conv|gru|transformer"`
	Dim       int     `json:"dim" help:"values that stand for a character" min:"1" max:"1024"`
	Width     int     `json:"width" help:"filters of each convolution, a multiple of 8" min:"8" max:"4096"`
	Kernel    int     `json:"kernel" help:"characters that a filter of the first convolution sees" min:"1" max:"15"`
	Layers    int     `json:"layers" help:"convolutions" min:"1" max:"8"`
	Dropout   float64 `json:"dropout" help:"share of what was found left out at random while training" min:"0" max:"0.95"`
	Forget    float64 `json:"forget" help:"share of characters made unknown at random while training" min:"0" max:"0.5"`
	Languages int     `json:"languages" help:"of the languages that limpid brings along, take the first so many; 0: all" min:"0" max:"1000"`
	Snippets  int     `json:"snippets" help:"snippets of each class in an epoch; 0: 250, or as many more as make 8,000 in all" min:"0" max:"100000"`
}

func defaults() Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 5, Batch: 64, LR: 3e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.01, Clip: 1},
		Model:  "conv", Dim: 48, Width: 256, Kernel: 3, Layers: 2, Dropout: 0.3, Forget: 0.05,
	}
}

// Lengths, in characters: of the snippets that are learned from, and of the
// stretches that those are cropped from.
const (
	shortest = 15
	longest  = 120
	stretch  = 140

	shortPiece, longPiece = 40, 100 // of the test
	testEach              = 1000    // snippets of each class and length in the test, at most
)

// Recipe tells languages apart.
var Recipe = &recipe.Recipe{
	Name:  "language",
	Short: "which language is this? A network of convolutions, and a naive Bayes beside it",
	Data:  "the Declaration of Human Rights in 119 texts; your own folder of texts by --data",
	Time:  "2 min", // 200 s of CPU, two cores busy
	Input: "TEXT",
	New:   func(bool) recipe.Config { c := defaults(); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"epochs=3", "snippets=96", "width=64", "layers=1", "languages=12", "batch=16", "lr=0.006"},
}

// goals returns what c must reach; nothing is set if more than the seed and the
// checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "accuracy_40", Bound: 0.93}, {Score: "accuracy_100", Bound: 0.975}}
}

// lesson is the task.
type lesson struct {
	config  *Config
	corpus  *corpus
	letter  *alphabet
	net     *nn.Net
	task    *recipe.Task
	options options
	found   *findings // by measure
}

// known is what a run remembers of a user's texts.
type known struct {
	Classes    []string `json:"classes"`
	Characters string   `json:"characters"` // those that were learned, in the order of their numbers
}

func open(c *Config) (*recipe.Task, error) {
	l := &lesson{config: c, options: options{Top: 5}}
	if err := l.read(); err != nil {
		return nil, err
	}
	var err error
	if l.net, err = nn.Build(newReader(c, l.letter, len(l.corpus.classes)), nn.Input(longest, 2), nn.Seed(c.Seed), nn.Name("language")); err != nil {
		return nil, err
	}
	l.task = &recipe.Task{Net: l.net, Classes: l.corpus.classes, Answer: l.answer, Options: &l.options, Measure: l.measure, Pages: l.pages}
	if c.Bare {
		return l.task, nil
	}
	l.task.Test = cut(l.corpus.test, shortPiece, testEach).dataset(l.letter, shortPiece)
	l.task.Fit = train.Config{
		Data:     stretches(l.corpus.train, c.each(len(l.corpus.classes)), stretch).dataset(l.letter, stretch),
		Validate: l.corpus.held().dataset(l.letter, shortPiece),
		Batch:    c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: loss.CrossEntropy, Objective: l.objective, Optimizer: c.Rule(), Clip: c.Clip,
	}
	l.task.Fit.Schedule = c.Rates(l.task.Steps())
	return l.task, nil
}

// each returns how many snippets of each class an epoch has: of few classes
// more, so that there is something to learn in it.
func (c *Config) each(classes int) int {
	if c.Snippets > 0 {
		return c.Snippets
	}
	return max(250, (8000+classes-1)/classes)
}

// read makes the corpus and its alphabet: from what the run knows if that is
// all that is needed, else from the texts.
func (l *lesson) read() (err error) {
	c := l.config
	if c.Data == "" {
		l.corpus = declarations()
		l.corpus.limit(c.Languages)
		l.letter = learn(flat(l.corpus.train))
		return nil
	}
	if c.Known == "" {
		if l.corpus, err = folder(c.Data); err != nil {
			return err
		}
		l.letter = learn(flat(l.corpus.train))
		text, err := json.Marshal(known{l.corpus.classes, string(l.letter.order)})
		c.Known = string(text)
		return err
	}
	var k known
	if err := json.Unmarshal([]byte(c.Known), &k); err != nil {
		return fmt.Errorf("what the run knows of its texts is damaged: %w", err)
	}
	l.corpus, l.letter = &corpus{classes: k.Classes}, newAlphabet([]rune(k.Characters))
	if c.Bare {
		return nil
	}
	if l.corpus, err = folder(c.Data); err == nil && !slices.Equal(l.corpus.classes, k.Classes) {
		err = fmt.Errorf("the run knows the classes %q, and %q has %q: give a folder with the same ones", k.Classes, c.Data, l.corpus.classes)
	}
	return err
}

// objective crops the batch's stretches to snippets of one length, drawn anew
// for each step, makes some characters unknown, and asks for their classes.
func (l *lesson) objective(p *nn.Pass, net *nn.Net, b data.Batch) tensor.Tensor {
	r := p.Rand()
	n := shortest + r.IntN(longest-shortest+1)
	from := r.IntN(stretch - n + 1)
	x := b.X.Slice(1, from, from+n)
	if l.config.Forget > 0 {
		gone := r.Bernoulli(l.config.Forget, b.N, n, 1).To(tensor.Bool)
		x = tensor.Where(gone, x.Full(unknown), x)
	}
	return loss.CrossEntropy(net.Forward(p, x), b.Y)
}
