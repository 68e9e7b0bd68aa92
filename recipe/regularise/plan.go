package regularise

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// names are the choices that are compared: none, one for each of methods, and
// the best of their combinations.
var names = []string{"none", "l1", "l2", "dropout", "early_stopping", "augmentation", "combination"}

// plan is a setting of all that can be set.
type plan struct {
	rate, l1, l2, drop float64
	patience           int
	augment            int
}

// method is one kind of regularisation, weak to strong.
type method struct {
	strengths []float64
	set       func(p *plan, strength float64)
	words     func(p *plan) string
}

// methods are in the order of names, from the second.
var methods = []method{
	{[]float64{0.01, 0.03, 0.1}, func(p *plan, v float64) { p.l1 = v }, func(p *plan) string { return fmt.Sprintf("L1 %g", p.l1) }},
	{[]float64{0.001, 0.003, 0.01}, func(p *plan, v float64) { p.l2 = v }, func(p *plan) string { return fmt.Sprintf("L2 %g", p.l2) }},
	{[]float64{0.2, 0.4, 0.6}, func(p *plan, v float64) { p.drop = v }, func(p *plan) string { return fmt.Sprintf("dropout %g", p.drop) }},
	{[]float64{4, 2, 1}, func(p *plan, v float64) { p.patience = int(v) }, func(p *plan) string { return fmt.Sprintf("patience %d", p.patience) }},
	{[]float64{1, 2, 3}, func(p *plan, v float64) { p.augment = int(v) }, func(p *plan) string { return augmentations[p.augment] }},
}

// augmentations are what each strength of augmentation does: in one light and
// another, that is contrast and brightness, moved, and partly covered. Mirroring, which is usual,
// did not help on validation pictures: all shoes point the same way.
var augmentations = []string{"", "shift by 1, light by 0.2", "shift by 1, light by 0.4", "shift by 1, light by 0.4, erase"}

// transform is what is done to training pictures.
func (p *plan) transform() data.Transform {
	switch p.augment {
	case 1:
		return data.Compose(data.RandomCrop(1), data.Contrast(0.3), data.Brightness(0.2))
	case 2:
		return data.Compose(data.RandomCrop(1), data.Contrast(0.5), data.Brightness(0.4))
	case 3:
		return data.Compose(data.RandomCrop(1), data.Contrast(0.5), data.Brightness(0.4), data.RandomErase(0.4))
	}
	return nil
}

// words say what a plan does.
func (p *plan) words() string {
	var all []string
	for _, m := range methods {
		var none plan
		if w := m.words(p); w != m.words(&none) {
			all = append(all, w)
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// trial is a point of the search.
type trial struct {
	choice   int // of names
	added    int // of a combination: the method that it has more than the one before
	plan     plan
	accuracy float64 // on validation data, the mean over the search's seeds
	loss     float64
	chosen   bool
}

// Seeds of the search: apart from those that are measured.
const (
	searchSeeds     = 4
	firstSearchSeed = 1000
)

// rates are the learning rates to try.
func (c *Config) rates() []float64 {
	all := make([]float64, c.Tries)
	for i := range all {
		all[i] = c.LR / float64(int(1)<<i)
	}
	return all
}

// atRates is a plan at every learning rate.
func (c *Config) atRates(p plan) (all []plan) {
	for _, r := range c.rates() {
		p.rate = r
		all = append(all, p)
	}
	return all
}

// most is how many fits the run has at most.
func (s *study) most() int {
	n, k := s.config.Tries, len(methods)
	each := n + k*(n+2) + n*k*(k-1)
	return bodies*each*searchSeeds + len(s.finals)
}

// choose searches for one kind of network: for each method the learning rate
// at its middle strength, then the strength at that rate; then combinations.
func (s *study) choose(ctx context.Context, b *recipe.Bench, body int) error {
	var first []trial
	for _, p := range s.config.atRates(plan{}) {
		first = append(first, trial{plan: p})
	}
	for m, how := range methods {
		var p plan
		how.set(&p, how.strengths[1])
		for _, p := range s.config.atRates(p) {
			first = append(first, trial{choice: m + 1, plan: p})
		}
	}
	if err := s.try(ctx, b, body, first); err != nil {
		return err
	}
	var second []trial
	for m, how := range methods {
		p := first[best(first, m+1)].plan
		for _, v := range []float64{how.strengths[0], how.strengths[2]} {
			how.set(&p, v)
			second = append(second, trial{choice: m + 1, plan: p})
		}
	}
	if err := s.try(ctx, b, body, second); err != nil {
		return err
	}
	all := append(first, second...)
	s.choices[body] = nil
	for choice := range names[:len(names)-1] {
		at := best(all, choice)
		all[at].chosen = true
		s.choices[body] = append(s.choices[body], all[at].plan)
	}
	s.search[body] = all
	return s.combine(ctx, b, body)
}

// combine begins with the best method and adds another one, that which helps
// most on the validation data, and further ones as long as they help.
func (s *study) combine(ctx context.Context, b *recipe.Bench, body int) error {
	all := s.search[body]
	now := trial{accuracy: -1}
	var parts []int
	for _, t := range all {
		if t.chosen && t.choice > 0 && t.accuracy > now.accuracy {
			now, parts = t, []int{t.choice - 1}
		}
	}
	for len(parts) < len(methods) {
		var next []trial
		for m := range methods {
			if !slices.Contains(parts, m) {
				next = append(next, s.with(body, now.plan, m)...)
			}
		}
		if err := s.try(ctx, b, body, next); err != nil {
			return err
		}
		s.search[body] = append(s.search[body], next...)
		t := next[best(next, len(names)-1)]
		if len(parts) > 1 && t.accuracy <= now.accuracy {
			break
		}
		now, parts = t, append(parts, t.added)
	}
	for i := range s.search[body] {
		if t := &s.search[body][i]; t.choice == len(names)-1 && t.plan == now.plan {
			t.chosen = true
		}
	}
	slices.Sort(parts)
	s.parts[body] = parts
	s.choices[body] = append(s.choices[body], now.plan)
	return nil
}

// with is a plan with a method more, in the strength chosen for it, at every
// learning rate; and the same with all methods a strength weaker, for what two
// of them hold back they hold back together.
func (s *study) with(body int, p plan, m int) (all []trial) {
	at := s.strength(s.choices[body][m+1], m)
	methods[m].set(&p, methods[m].strengths[at])
	variants := []plan{p}
	if w := s.weaker(p); w != p {
		variants = append(variants, w)
	}
	for _, v := range variants {
		for _, q := range s.config.atRates(v) {
			all = append(all, trial{choice: len(names) - 1, plan: q, added: m})
		}
	}
	return all
}

// weaker is a plan with each of its methods a strength weaker, where there is
// one.
func (s *study) weaker(p plan) plan {
	var none plan
	for m, how := range methods {
		if at := s.strength(p, m); how.words(&p) != how.words(&none) && at > 0 {
			how.set(&p, how.strengths[at-1])
		}
	}
	return p
}

// strength tells which of a method's strengths a plan has, the middle one if
// none.
func (s *study) strength(p plan, m int) int {
	for i, v := range methods[m].strengths {
		q := p
		if methods[m].set(&q, v); q == p {
			return i
		}
	}
	return 1
}

// best returns the place of a choice's best trial, of equals the one of least
// loss.
func best(all []trial, choice int) int {
	at := -1
	for i, t := range all {
		if t.choice == choice && (at < 0 || t.accuracy > all[at].accuracy || t.accuracy == all[at].accuracy && t.loss < all[at].loss) {
			at = i
		}
	}
	return at
}

// try trains every point at every seed of the search, and notes what the
// validation data say.
func (s *study) try(ctx context.Context, b *recipe.Bench, body int, points []trial) error {
	var all []recipe.Trial
	for i := range points {
		p := points[i].plan
		for k := range searchSeeds {
			seed := s.config.Seed + firstSearchSeed + uint64(k)
			all = append(all, recipe.Trial{
				Name: fmt.Sprintf("search-%s-%s-%d", bodyNames[body], p.file(), seed),
				Open: func() (*nn.Net, train.Config, error) {
					learn, err := s.pictures(seed, turns)
					if err != nil {
						return nil, train.Config{}, err
					}
					net, _, err := s.config.build(body, p.drop, seed)
					return net, s.fit(p, seed, learn), err
				}})
		}
	}
	out, err := b.Trials(ctx, all)
	if err != nil {
		return err
	}
	for i := range out {
		t := &points[i/searchSeeds]
		t.accuracy += out[i].Score("accuracy", 0) / searchSeeds
		t.loss += out[i].Score("loss", 1e9) / searchSeeds
		s.steps += out[i].Steps
	}
	return nil
}

// file names a plan in files.
func (p *plan) file() string {
	return fmt.Sprintf("%g-%g-%g-%g-%d-%d", p.rate, p.l1, p.l2, p.drop, p.patience, p.augment)
}
