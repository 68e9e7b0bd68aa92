package forecast

import (
	"context"
	"fmt"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// run trains the network of each series, then finds out how far it may be
// trusted.
func (l *lesson) run(ctx context.Context, b *recipe.Bench) error {
	for _, s := range l.all {
		if _, err := b.Fit(ctx, s.name, s.net, s.fit); err != nil {
			return err
		}
		if err := s.calibrate(); err != nil {
			return err
		}
	}
	return nil
}

// calibrate stores by how much the band of 90% is to be stretched at each step.
func (s *subject) calibrate() error {
	c, err := s.outOfFold()
	if err != nil {
		return err
	}
	factor := make([]float32, s.Horizon)
	for h := range factor {
		factor[h] = float32(c.reach(h, 0.9) / within)
	}
	s.bands().Set(tensor.Of(factor, s.Horizon))
	return nil
}

// bands is the parameter that holds the stretching.
func (s *subject) bands() *nn.Param {
	all := s.net.Params()
	for _, p := range all {
		if p.Path() == "bands" {
			return p
		}
	}
	panic(fmt.Sprintf("forecast: the network has no bands among %d parameters", len(all))) // model has the field
}

// outOfFold is what each member's errors are on its own stretch of time, from
// which it did not learn.
func (s *subject) outOfFold() (*conform, error) {
	all, err := ask(s.net, s.model, s.source, s.windows.views)
	if err != nil {
		return nil, err
	}
	c := newConform(s.Horizon)
	for i, by := range all {
		said := by[s.windows.fold[i]]
		for h, y := range s.windows.truth[i] {
			c.add(h, float64(y)-said.mean[h], said.dev[h])
		}
	}
	return c, nil
}
