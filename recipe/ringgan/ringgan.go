// Package ringgan is the recipe that shows whether an adversarial game finds all
// of a distribution: a generator learns eight narrow Gaussians on a ring, or
// twenty-five on a grid, and is judged by how many it covers and how precisely.
// The game as it was first described may collapse onto some of them; a discriminator that sees
// samples in packs, scores them in pairs and pays for steep slopes prevents
// that. The command and programs may import it.
package ringgan

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe plays the game several times over.
var Recipe = &recipe.Recipe{
	Name:  "ring-gan",
	Short: "a generator finds all eight modes of a ring, beside the plain game, which may lose some",
	Data:  "eight Gaussians on a ring, drawn anew at each step; twenty-five by --data grid",
	Time:  "2 min; the grid 4 min",
	Input: "--set samples=100",
	Named: []string{"ring", "grid"},
	New:   func(bool) recipe.Config { c := defaults(); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"rounds=1200", "seeds=1", "width=64", "batch=64"},
}

// Config is the recipe's configuration. Epochs are not used: a game has rounds.
type Config struct {
	recipe.Common
	Rounds  int     `json:"rounds" help:"steps of each network" min:"100" max:"10000000"`
	Seeds   int     `json:"seeds" help:"games of each kind, from seeds of their own" min:"1" max:"20"`
	Width   int     `json:"width" help:"units of each hidden layer" min:"1" max:"4096"`
	Latent  int     `json:"latent" help:"random numbers that a sample is made of" min:"1" max:"1024"`
	Pack    int     `json:"pack" help:"samples that the discriminator sees at once" min:"1" max:"16"`
	Gamma   float64 `json:"gamma" help:"weight of the penalties R1 and R2 on the discriminator's slopes" min:"0" max:"1000"`
	Average float64 `json:"average" help:"share of the averaged generator that stays at each step" min:"0" max:"0.99999"`
}

func defaults() Config {
	return Config{
		Common: recipe.Common{Seed: 1, Epochs: 1, Batch: 128, LR: 1e-3, Optimizer: "adam", Momentum: 0, Schedule: "cosine", Every: 1000},
		Rounds: 8000, Seeds: 3, Width: 128, Latent: 2, Pack: 2, Gamma: 5e-4, Average: 0.99,
	}
}

// goals returns what c must reach: on the ring, in every game, all modes.
func goals(c *Config) []recipe.Goal {
	usual := defaults()
	usual.Data = c.Data
	if !recipe.Usual(c, &usual) || pointsOf(c).name != "ring" {
		return nil
	}
	return []recipe.Goal{{Score: "modes", Bound: 8}, {Score: "high_quality", Bound: 0.9}}
}

// pointsOf returns the mixture that c asks for, none by a name that is not one.
func pointsOf(c *Config) points {
	switch c.Data {
	case "", "ring":
		return ring()
	case "grid":
		return grid()
	}
	return points{}
}

// contest is the task: games of both kinds, from several seeds.
type contest struct {
	config  *Config
	points  points
	duels   []*duel // first those of the method, then the plain ones
	rates   []tried
	history tensor.Tensor // samples of two games at some moments [moments, 2, drawn, 2]
	options *options
}

func open(c *Config) (*recipe.Task, error) {
	t := &contest{config: c, points: pointsOf(c), options: &options{Samples: 20, Seed: 1}}
	if t.points.name == "" {
		return nil, fmt.Errorf("there are no points %q: --data ring or --data grid", filepath.Base(c.Data))
	}
	if c.Optimizer != "adam" {
		return nil, &recipe.SettingError{Key: "optimizer", Value: c.Optimizer, Want: "adam"}
	}
	for _, plain := range []bool{false, true} {
		for s := range c.Seeds {
			d, err := newDuel(c, t.points, c.Seed+uint64(s), plain, c.LR, c.Rounds)
			if err != nil {
				return nil, err
			}
			t.duels = append(t.duels, d)
		}
	}
	task := &recipe.Task{
		Net: t.duels[0].gen, Run: t.run, Total: t.searchRounds() + c.Rounds, Measure: t.measure, Pages: t.pages,
		Answer: t.answer, Options: t.options, Alone: true,
	}
	for i, d := range t.duels[1:] {
		task.Also = append(task.Also, recipe.Part{Name: nameOf(i+1, c.Seeds), Net: d.gen})
	}
	return task, nil
}

// nameOf names the generator of game i.
func nameOf(i, seeds int) string {
	if i < seeds {
		return fmt.Sprintf("packed-%d", i+1)
	}
	return fmt.Sprintf("plain-%d", i-seeds+1)
}

// run searches for each kind's learning rate, then plays all games side by
// side.
func (t *contest) run(ctx context.Context, b *recipe.Bench) error {
	if err := t.search(ctx, b); err != nil {
		return err
	}
	for _, d := range t.duels {
		d.start(t.best(d.plain), t.config.Rounds)
	}
	t.history = tensor.Tensor{}
	g := sideBySide(t.duels, t.config.Rounds)
	g.Every, g.Carry = t.config.Every, map[string]*tensor.Tensor{"history": &t.history}
	play := g.Round
	g.Round = func(n int) (float64, error) {
		if err := t.look(n); err != nil {
			return 0, err
		}
		return play(n)
	}
	if err := b.Play(ctx, "games", g); err != nil {
		return err
	}
	for _, d := range t.duels {
		d.settle()
	}
	return nil
}

// sideBySide is one game of several duels that know nothing of each other, as
// many at once as there are workers: small networks leave the cores idle one by
// one.
func sideBySide(duels []*duel, rounds int) *train.Game {
	g := &train.Game{Rounds: rounds}
	for _, d := range duels {
		g.Players = append(g.Players, d.d, d.g)
		g.Averages = append(g.Averages, d.average)
	}
	losses, faults := make([]float64, len(duels)), make([]error, len(duels))
	g.Round = func(int) (float64, error) {
		par.Each(par.Workers(), len(duels), func(i int) {
			if mistake := tensor.Try(func() { losses[i], faults[i] = duels[i].round() }); mistake != nil {
				faults[i] = mistake
			}
		})
		sum := 0.0
		for _, l := range losses {
			sum += l
		}
		return sum / float64(len(duels)), errors.Join(faults...)
	}
	return g
}

// The search for the learning rates: every kind tries the same ones, from a seed
// that no game of the contest has, for a quarter of the rounds.
var rates = []float64{5e-4, 1e-3, 2e-3}

const searchSeed = 1000

// tried is a rate that was tried.
type tried struct {
	plain bool
	rate  float64
	count count
}

func (t *contest) searchRounds() int { return t.config.Rounds / 4 }

func (t *contest) search(ctx context.Context, b *recipe.Bench) error {
	var duels []*duel
	t.rates = nil
	for _, plain := range []bool{false, true} {
		for _, rate := range rates {
			d, err := newDuel(t.config, t.points, t.config.Seed+searchSeed, plain, rate, t.searchRounds())
			if err != nil {
				return err
			}
			duels = append(duels, d)
			t.rates = append(t.rates, tried{plain: plain, rate: rate})
		}
	}
	if err := b.Play(ctx, "search", sideBySide(duels, t.searchRounds())); err != nil {
		return err
	}
	for i, d := range duels {
		d.settle()
		x, err := d.samples(searchSeed, sampled)
		if err != nil {
			return err
		}
		t.rates[i].count = t.points.count(x)
	}
	return nil
}

// best returns the rate of a kind that covered the most modes, of equal ones
// the one with the most samples near them.
func (t *contest) best(plain bool) float64 {
	var best *tried
	for i := range t.rates {
		r := &t.rates[i]
		if r.plain != plain {
			continue
		}
		if best == nil || r.count.modes() > best.count.modes() || r.count.modes() == best.count.modes() && r.count.high > best.count.high {
			best = r
		}
	}
	return best.rate
}

// The moments at which samples are kept, as shares of the rounds, and how many
// samples.
var moments = []float64{0, 0.02, 0.1, 0.3, 1}

const drawn = 600

// look keeps samples of the first game of each kind if round n is a moment; the
// last is taken from what was learned in the end.
func (t *contest) look(n int) error {
	for _, m := range moments[:len(moments)-1] {
		if n != int(m*float64(t.config.Rounds)) {
			continue
		}
		for _, d := range []*duel{t.duels[0], t.duels[t.config.Seeds]} {
			x, err := d.samples(1, drawn)
			if err != nil {
				return err
			}
			if t.history == (tensor.Tensor{}) {
				t.history = x
			} else {
				t.history = tensor.Concat(0, t.history, x).Keep()
			}
		}
	}
	return nil
}

// measure draws samples from every generator and counts them.
func (t *contest) measure(context.Context) (*recipe.Measured, error) {
	scores := recipe.Scores{}
	prefix := ""
	if t.points.name == "grid" {
		prefix = "grid_"
	}
	kinds := map[bool][]count{}
	for i, d := range t.duels {
		x, err := d.samples(uint64(sampled+i), sampled)
		if err != nil {
			return nil, err
		}
		kinds[d.plain] = append(kinds[d.plain], t.points.count(x))
	}
	for plain, name := range map[bool]string{false: "", true: "_plain"} {
		modes, high := means(kinds[plain])
		scores[prefix+"modes"+name], scores[prefix+"high_quality"+name] = modes, high
	}
	reference := recipe.Scores{"modes": scores[prefix+"modes_plain"], "high_quality": scores[prefix+"high_quality_plain"]}
	if prefix != "" { // four samples at once; Lin et al. 2018, table 1
		reference["pacgan_modes"], reference["pacgan_high_quality"] = 24.8, 0.936
	}
	return &recipe.Measured{Scores: scores, Examples: sampled * len(t.duels), Story: t.story(kinds), Reference: reference}, nil
}

// means returns the mean number of modes and share of high quality over games.
func means(all []count) (modes, high float64) {
	for _, c := range all {
		modes += float64(c.modes()) / float64(len(all))
		high += c.high / float64(len(all))
	}
	return modes, high
}

// story lists the games.
func (t *contest) story(kinds map[bool][]count) string {
	var b strings.Builder
	for _, plain := range []bool{false, true} {
		for i, c := range kinds[plain] {
			name := "packed, in pairs, with R1 and R2"
			if plain {
				name = "plain"
			}
			fmt.Fprintf(&b, "seed %d, %s: %d of %d modes, %.1f%% of %d samples within three deviations\n", t.config.Seed+uint64(i), name, c.modes(), len(t.points.centres), 100*c.high, sampled)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
