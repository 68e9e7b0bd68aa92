// Package commands is the recipe of keyword spotting: which of twenty words is
// said? It learns from speech synthesisers and is tested on another one and on
// people, none of whom it has heard. The command and programs may import it.
package commands

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe learns to tell words apart.
var Recipe = &recipe.Recipe{
	Name:  "commands",
	Short: "which of twenty words is said? From synthetic voices to ones it has never heard",
	Data:  "900 words by five speech synthesisers; a sixth, and people, for the test",
	Time:  "2 minutes",
	Input: "FILE.wav",
	New:   func(full bool) recipe.Config { c := defaults(full); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"epochs=4", "repeat=1", "width=8", "vary=0", "templates=1"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Width     int     `json:"width" help:"filters of the first convolution, later ones have 2 and 4 times as many" min:"1" max:"1024"`
	Dropout   float64 `json:"dropout" help:"share of units left out at random while training" min:"0" max:"0.95"`
	Smoothing float64 `json:"smoothing" help:"share of each label spread over all words" min:"0" max:"0.5"`
	Vary      float64 `json:"vary" help:"how strongly training sound is changed: speed, pitch, throat, noise, echo, microphone; 0: not" min:"0" max:"2"`
	Repeat    int     `json:"repeat" help:"how often an epoch hears each clip, changed anew" min:"1" max:"1000"`
	Templates int     `json:"templates" help:"voices that the nearest-template rule holds against; 0: all" min:"0" max:"1000000"`
}

func defaults(full bool) Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 15, Batch: 16, LR: 8e-3, Optimizer: "adamw", Decay: 0.01, Schedule: "one-cycle"},
		Width:  20, Dropout: 0.1, Vary: 0.7, Repeat: 4,
	}
}

// goals returns what c must reach; nothing is set if more than the seed and the
// checkpoints differ from the defaults, or for a user's own words.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return recipe.AtLeast("accuracy", 0.92)
}

// example is a clip and the number of its word.
type example struct {
	samples []float32
	class   int
	voice   string // who says it, if that is known
	file    string // where it stands, if it is a user's
}

// corpus is what a run learns from.
type corpus struct {
	classes                      []string
	train, validate, test, human []example
}

// lesson is the task.
type lesson struct {
	config *Config
	corpus
	task *recipe.Task
	rule *rule
}

// known is what a run keeps of a user's data.
type known struct {
	Classes []string `json:"classes"`
}

func open(c *Config) (*recipe.Task, error) {
	l := &lesson{config: c}
	var err error
	switch {
	case c.Bare && c.Known != "":
		var k known
		err = json.Unmarshal([]byte(c.Known), &k)
		l.classes = k.Classes
	case c.Data != "":
		err = l.read(c.Data)
	default:
		l.corpus = embedded()
	}
	if err != nil {
		return nil, err
	}
	net, err := nn.Build(newNetwork(c, len(l.classes)), nn.Input(frames, listen.Width, 1), nn.Seed(c.Seed), nn.Name("commands"))
	if err != nil {
		return nil, err
	}
	l.task = &recipe.Task{Net: net, Classes: l.classes, Answer: l.answer, Measure: l.measure, Pages: l.pages}
	if c.Bare && c.Data != "" {
		return l.task, nil
	}
	l.task.Test = heard(l.test)
	l.task.Fit = train.Config{
		Data: raw{l.train, c.Repeat}, Validate: heard(l.validate), Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Loss: lossOf(c), Optimizer: c.Rule(), Clip: c.Clip, Metrics: []metric.Metric{metric.Accuracy{}},
		Transform: transform(listen.Strength(c.Vary)), Collate: data.PadBatch,
	}
	l.task.Fit.Schedule = c.Rates(l.task.Steps())
	return l.task, nil
}

func lossOf(c *Config) loss.Func {
	if c.Smoothing > 0 {
		return loss.SmoothCrossEntropy(c.Smoothing)
	}
	return loss.CrossEntropy
}

// embedded are the words that limpid brings along.
func embedded() corpus {
	c := corpus{classes: append(append([]string{}, spoken.Digits...), spoken.Commands...)}
	number := map[string]int{}
	for i, w := range c.classes {
		number[w] = i
	}
	words := func(p spoken.Part, human bool) (all []example) {
		for _, s := range spoken.Clips(p) {
			if class, is := number[s.Text]; is && s.Human() == human && !s.Phrase() {
				all = append(all, example{samples: s.Samples, class: class, voice: s.Voice})
			}
		}
		return all
	}
	c.train, c.validate, c.test, c.human = words(spoken.Train, false), words(spoken.Validate, false), words(spoken.Test, false), words(spoken.Test, true)
	return c
}

// fewest is how many clips a word of a user's must have: one to learn from, one
// to choose by, one to test with.
const fewest = 3

// read reads a folder with a folder of clips for each word, deals them 70 : 15 :
// 15, each word by itself, and keeps the words' names.
func (l *lesson) read(dir string) error {
	files, classes, err := audio.ClassFolder(dir)
	if err != nil {
		return err
	}
	if len(classes) < 2 {
		return fmt.Errorf("%s: only the folder %q holds .wav or .flac files: want two words or more, a folder each", dir, classes[0])
	}
	number := map[string]int{}
	for i, c := range classes {
		number[c] = i
	}
	counts, labels := make([]int, len(classes)), make([]int, len(files))
	for i, f := range files {
		labels[i] = number[f.Text]
		counts[labels[i]]++
	}
	for i, n := range counts {
		if n < fewest {
			return fmt.Errorf("%s: the word %q has %d clips: want %d or more, to learn from, to choose by and to test with", dir, classes[i], n, fewest)
		}
	}
	samples, err := listen.Load(files)
	if err != nil {
		return err
	}
	parts, err := data.Deal{Classes: labels, Seed: l.config.Seed}.Shares(len(files), 0.7, 0.15, 0.15)
	if err != nil {
		return err
	}
	for k, to := range []*[]example{&l.train, &l.validate, &l.test} {
		for _, i := range parts[k] {
			*to = append(*to, example{samples: samples[i], class: labels[i], file: files[i].File})
		}
		if len(*to) == 0 {
			return errors.New("there are too few clips to deal into three parts: want 7 or more in all")
		}
	}
	text, err := json.Marshal(known{classes})
	l.classes, l.config.Known = classes, string(text)
	return err
}

// raw is a dataset of samples, X [n, 1, 1], for a transform to turn into what
// the network looks at; each clip is in it several times.
type raw struct {
	all   []example
	times int
}

// Len returns how many examples an epoch has.
func (r raw) Len() int { return len(r.all) * r.times }

// At returns example i.
func (r raw) At(i int) (data.Example, error) {
	e := r.all[i%len(r.all)]
	return data.Example{X: tensor.Of(e.samples, len(e.samples), 1, 1), Y: tensor.Ints(e.class).Reshape()}, nil
}

// transform puts samples somewhere into a second, changes them at random, and
// turns them into a spectrogram.
func transform(v listen.Vary) data.Transform {
	return func(r *tensor.Rand, p *data.Picture) {
		p.Pix = placed(p.Pix, frames*listen.Hop*5/4, 0.2+0.6*r.Float64())
		p.Pix, p.H, p.W, p.C = listen.Fit(v.Hear(p.Pix, r), frames), frames, listen.Width, 1
	}
}

// placed puts x into n samples of silence, ahead of it the given share of what
// is left.
func placed(x []float32, n int, share float64) []float32 {
	x = listen.Loudest(x, frames*listen.Hop*4/5)
	out := make([]float32, n)
	copy(out[int(share*float64(n-len(x))):], x)
	return out
}

// look is what the network looks at of samples that are not changed.
func look(samples []float32) tensor.Tensor {
	x := listen.Hear(placed(samples, frames*listen.Hop, 0.5))
	return tensor.Of(listen.Fit(x, frames), frames, listen.Width, 1)
}

// heard is a dataset of spectrograms.
func heard(all []example) data.Dataset {
	if len(all) == 0 {
		return nil
	}
	xs, labels := make([]tensor.Tensor, len(all)), make([]int, len(all))
	for i, e := range all {
		xs[i], labels[i] = look(e.samples), e.class
	}
	return data.FromTensors(tensor.Stack(0, xs...), tensor.Ints(labels...))
}
