// Package speech is the recipe of speech recognition: strings of spoken digits,
// or whatever is said in a user's recordings, written down by convolutions and a
// recurrent layer that are trained with CTC. It learns from speech synthesisers
// and is tested on another one and on people, none of whom it has heard. The
// command and programs may import it.
package speech

import (
	"encoding/json"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe learns to write down what is said.
var Recipe = &recipe.Recipe{
	Name:    "speech",
	Short:   "write down strings of spoken digits: from synthetic voices to ones it has never heard",
	Data:    "42 voices of five speech synthesisers; a sixth, and people, for the test",
	Time:    "5 minutes",
	Input:   "FILE.wav",
	Watched: "word_error_rate",
	New:     func(full bool) recipe.Config { c := defaults(full); return &c },
	Open:    func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals:   func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick:   []string{"epochs=3", "strings=600", "width=8", "hidden=48", "layers=1", "lr=0.01", "vary=0", "dropout=0", "templates=1"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Tokens    string  `json:"tokens" help:"what a label stands for: words, of which there are those of the training data, or characters, which spell any word" oneof:"words|characters"`
	Width     int     `json:"width" help:"filters of the first convolution, later ones have twice as many" min:"1" max:"1024"`
	Hidden    int     `json:"hidden" help:"units of a recurrent layer, each way" min:"1" max:"4096"`
	Layers    int     `json:"layers" help:"recurrent layers" min:"1" max:"8"`
	Dropout   float64 `json:"dropout" help:"share of units left out at random while training" min:"0" max:"0.95"`
	Vary      float64 `json:"vary" help:"how strongly training sound is changed: speed, pitch, throat, noise, echo, microphone; 0: not" min:"0" max:"2"`
	Strings   int     `json:"strings" help:"strings of digits that an epoch puts together from training clips; without meaning for your own data" min:"1" max:"1000000"`
	Templates int     `json:"templates" help:"voices that the nearest-template rule holds against; 0: all" min:"0" max:"1000000"`
}

func defaults(full bool) Config {
	c := Config{
		Common: recipe.Common{Seed: 1, Epochs: 12, Batch: 8, LR: 5e-3, Optimizer: "adamw", Decay: 0.01, Schedule: "one-cycle", Clip: 5},
		Tokens: words, Width: 16, Hidden: 96, Layers: 2, Dropout: 0.1, Vary: 0.7, Strings: 2400,
	}
	if full {
		c.Tokens, c.Epochs = characters, 40
	}
	return c
}

// goals returns what c must reach; nothing is set if more than the seed and the
// checkpoints differ from the defaults, or for a user's own recordings.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "word_error_rate", Bound: 0.15, Most: true}}
}

// clip is sound and what is said in it.
type clip struct {
	samples []float32
	text    string
	labels  []int32
	voice   string // who says it, if that is known
	file    string // where it stands, if it is a user's
}

// corpus is what a run learns from and is tested with.
type corpus struct {
	train, validate, test, human []clip
}

// lesson is the task.
type lesson struct {
	config *Config
	codec  *codec
	corpus
	voices  []voice // whose clips training strings are put together from
	texts   []string
	net     *nn.Net
	rule    *rule
	options options
	heard   []reading // of the test, for the report
}

// known is what a run keeps of a user's data.
type known struct {
	Tokens []string `json:"tokens"`
	Texts  []string `json:"texts,omitempty"` // those of training, for a language model
}

func open(c *Config) (*recipe.Task, error) {
	l := &lesson{config: c, options: options{Beam: 8, Words: 0, Language: 0}}
	if err := l.find(); err != nil {
		return nil, err
	}
	var err error
	l.net, err = nn.Build(newNetwork(c, l.codec.labels()), nn.Input(60, listen.Width, 1), nn.Seed(c.Seed), nn.Name("speech"))
	if err != nil {
		return nil, err
	}
	t := &recipe.Task{Net: l.net, Answer: l.answer, Options: &l.options, Measure: l.measure, Pages: l.pages}
	if c.Bare && c.Data != "" {
		return t, nil
	}
	var train data.Dataset = spellings{l.train}
	if l.voices != nil {
		train = composed{l}
	}
	l.fit(t, train)
	return t, nil
}

// find finds the data, and what labels stand for.
func (l *lesson) find() error {
	c := l.config
	switch {
	case c.Bare && c.Known != "":
		var k known
		if err := json.Unmarshal([]byte(c.Known), &k); err != nil {
			return err
		}
		l.codec, l.texts = newCodec(c.Tokens, k.Tokens), k.Texts
		return nil
	case c.Data != "":
		return l.read(c.Data)
	}
	return l.embedded()
}

// fit says how the task is trained.
func (l *lesson) fit(t *recipe.Task, set data.Dataset) {
	c := l.config
	t.Fit = train.Config{
		Data: set, Validate: hearings(l.validate), Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: ctc, Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{wordErrors{l.codec}},
		Transform: listen.Strength(c.Vary).Transform(), Collate: data.PadBatch,
	}
	t.Fit.Schedule = c.Rates(t.Steps())
}

// spellings is a dataset of samples, X [n, 1, 1], which a transform turns into
// what the network looks at, and labels.
type spellings struct{ all []clip }

// Len returns how many clips there are.
func (s spellings) Len() int { return len(s.all) }

// At returns example i.
func (s spellings) At(i int) (data.Example, error) { return s.all[i].example(), nil }

func (c *clip) example() data.Example {
	return data.Example{X: tensor.Of(c.samples, len(c.samples), 1, 1), Y: tensor.Of(c.labels, len(c.labels))}
}

// hearings is a dataset of spectrograms and labels.
type hearings []clip

// Len returns how many clips there are.
func (h hearings) Len() int { return len(h) }

// At returns example i.
func (h hearings) At(i int) (data.Example, error) {
	return data.Example{X: look(h[i].samples), Y: tensor.Of(h[i].labels, len(h[i].labels))}, nil
}

// look is what the network looks at of samples that are not changed.
func look(samples []float32) tensor.Tensor {
	x := listen.Hear(samples)
	return tensor.Of(x, len(x)/listen.Width, listen.Width, 1)
}

// logits returns what the network says of samples, [steps, labels] in a row.
func (l *lesson) logits(samples []float32) ([]float32, error) {
	y, err := l.net.Predict(look(samples).Unsqueeze(0))
	if err != nil {
		return nil, err
	}
	return tensor.Data[float32](y), nil
}

// step is how many seconds a step of the network takes.
func (l *lesson) step() float64 {
	if l.config.Tokens == characters {
		return 2 * float64(listen.Hop) / listen.Rate
	}
	return 4 * float64(listen.Hop) / listen.Rate
}
