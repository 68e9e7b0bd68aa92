package activations

import (
	"context"
	"fmt"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// trial is a point of the search: an activation, first weights, a depth and a
// learning rate.
type trial struct {
	act, weights, depth int
	rate                float64
	accuracy            float64 // on validation data, the mean over the search's seeds
}

// chosen is what the search chose for an activation at a depth.
type chosen struct {
	weights  int
	rate     float64
	accuracy float64 // on validation data
}

// searchSeeds is how many networks each point of the search trains where first
// weights are chosen too.
const searchSeeds = 2

// rates are the learning rates to try, the highest first.
func (c *Config) rates() []float64 {
	all := make([]float64, c.Tries)
	for i := range all {
		all[i] = c.LR / float64(int(1)<<i)
	}
	return all
}

// grid lists the points to try at a depth: all first weights, or those that
// were chosen already.
func (s *study) grid(depth int, known []chosen) (all []trial) {
	for a := range kinds {
		for w := range weights {
			if known != nil && known[a].weights != w {
				continue
			}
			for _, r := range s.config.rates() {
				all = append(all, trial{act: a, weights: w, depth: depth, rate: r})
			}
		}
	}
	return all
}

// seedsOf is how many networks each point of a search at a depth trains.
func (s *study) seedsOf(depth int) int {
	if depth == s.config.Depth {
		return searchSeeds
	}
	return 1
}

// trials is how many fits the whole run has.
func (s *study) trials() int {
	n := len(s.finals)
	for _, d := range s.depths {
		per := len(kinds) * s.config.Tries * s.seedsOf(d)
		if d == s.config.Depth {
			per *= len(weights)
		}
		n += per
	}
	return n
}

// searchAt tries every activation at a depth with every learning rate, and
// with all first weights unless known has them, and chooses by the validation
// data alone.
func (s *study) searchAt(ctx context.Context, b *recipe.Bench, depth int, known []chosen) error {
	grid := s.grid(depth, known)
	seeds := s.seedsOf(depth)
	var all []recipe.Trial
	for _, t := range grid {
		for i := range seeds {
			seed := s.config.Seed + firstSearchSeed + uint64(i)
			all = append(all, recipe.Trial{
				Name: fmt.Sprintf("search-%s-%s-%d-%g-%d", kinds[t.act].name, weights[t.weights].name, depth, t.rate, seed),
				Open: func() (*nn.Net, train.Config, error) {
					net, _, err := s.config.build(kinds[t.act].act, weights[t.weights].init, depth, seed)
					return net, s.fit(t.rate, seed), err
				}})
		}
	}
	out, err := b.Trials(ctx, all)
	if err != nil {
		return err
	}
	for i := range grid {
		for k := range seeds {
			grid[i].accuracy += out[i*seeds+k].Score("accuracy", 0) / float64(seeds)
		}
	}
	s.search = append(s.search, grid...)
	s.choices[depth] = choose(grid)
	return nil
}

// firstSearchSeed keeps the search's seeds apart from those that are measured.
const firstSearchSeed = 1000

// choose returns the best point of each activation, of equals the first.
func choose(grid []trial) []chosen {
	all := make([]chosen, len(kinds))
	for i := range all {
		all[i].accuracy = -1
	}
	for _, t := range grid {
		if t.accuracy > all[t.act].accuracy {
			all[t.act] = chosen{t.weights, t.rate, t.accuracy}
		}
	}
	return all
}

// trainFinals trains the networks that will be measured as the search chose.
func (s *study) trainFinals(ctx context.Context, b *recipe.Bench) error {
	nets := make([]*nn.Net, len(s.finals))
	all := make([]recipe.Trial, len(s.finals))
	for i, f := range s.finals {
		c := s.choices[f.depth][f.act]
		all[i] = recipe.Trial{Name: f.name(), Keep: true, Open: func() (net *nn.Net, fit train.Config, err error) {
			net, _, err = s.config.build(kinds[f.act].act, weights[c.weights].init, f.depth, f.seed)
			nets[i] = net
			return net, s.fit(c.rate, f.seed), err
		}}
	}
	if _, err := b.Trials(ctx, all); err != nil {
		return err
	}
	for i, f := range s.finals {
		for k, p := range f.net.Params() {
			p.Set(nets[i].Params()[k].Value())
		}
	}
	return nil
}
