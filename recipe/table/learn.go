package table

import (
	"context"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/baseline"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// build makes the networks of all folds, and the place of what was held out.
func (s *study) build() error {
	for f := range s.Folds {
		layer, net, err := s.network(f)
		if err != nil {
			return err
		}
		s.layers, s.nets = append(s.layers, layer), append(s.nets, net)
	}
	if p := &s.Folds[0]; s.Classes == nil && math.Abs(p.Mean) > remote*p.Deviation {
		s.held.middle = p.Mean
	}
	return s.held.build(s.Rows, s.outputs())
}

// remote is from how many deviations off 0 numbers lie far from it.
const remote = 1000

// network makes a network for fold f.
func (s *study) network(f int) (*Network, *nn.Net, error) {
	layer := newNetwork(s.config.Members, s.config.Width, s.outputs(), s.config.Dropout)
	net, err := nn.Build(layer, nn.Input(len(s.Folds[f].Encoder.Names())), nn.Seed(s.config.Seed+uint64(f)), nn.Name(s.Name))
	return layer, net, err
}

// fit says how a network learns from some of fold f's rows, and is measured on
// others.
func (s *study) fit(f int, t try, learn, validate []int) train.Config {
	c := s.config
	rule := c.Common
	rule.Decay = t.decay
	steps := (len(learn) + c.Batch - 1) / c.Batch * c.Epochs
	cfg := train.Config{Data: s.dataset(f, learn), Batch: c.Batch, Epochs: c.Epochs, Loss: numberLoss, Metrics: []metric.Metric{},
		Optimizer: rule.Rule(), Schedule: c.Rates(steps), Clip: c.Clip, Seed: c.Seed + uint64(f)}
	if s.Classes != nil {
		cfg.Loss = classLoss
	}
	if validate != nil {
		cfg.Validate, cfg.Metrics = s.dataset(f, validate), []metric.Metric{joint{len(s.Classes)}}
	}
	return cfg
}

// dataset is rows as fold f's networks take them.
func (s *study) dataset(f int, rows []int) data.Dataset {
	y, labels := make([]float32, len(rows)), make([]int32, len(rows))
	all := make([][]float64, len(rows))
	for k, i := range rows {
		all[k] = s.x[f][i]
		y[k], labels[k] = float32(s.scaled(f, s.y[i])), int32(s.y[i])
	}
	if s.Classes != nil {
		return data.FromTensors(inputs(all), tensor.Of(labels, len(rows)))
	}
	return data.FromTensors(inputs(all), tensor.Of(y, len(rows), 1))
}

// inputs makes a tensor of rows.
func inputs(rows [][]float64) tensor.Tensor {
	var flat []float32
	for _, row := range rows {
		for _, v := range row {
			flat = append(flat, float32(v))
		}
	}
	return tensor.Of(flat, len(rows), len(flat)/len(rows))
}

// search is the trials by which fold f's settings are chosen: each try on each
// of the inner folds.
func (s *study) search(f int) ([]recipe.Trial, error) {
	inner, err := s.inner(f)
	if err != nil {
		return nil, err
	}
	var all []recipe.Trial
	for k, t := range s.config.tries() {
		for i, part := range inner {
			all = append(all, recipe.Trial{Name: fmt.Sprintf("%s-%d-try-%d-%d", s.Name, f+1, k+1, i+1), Open: func() (*nn.Net, train.Config, error) {
				layer, net, err := s.network(f)
				layer.Drop.Rate = t.dropout
				return net, s.fit(f, t, pick(s.folds[f].Train, part.Train), pick(s.folds[f].Train, part.Test)), err
			}})
		}
	}
	return all, nil
}

func pick(from, places []int) []int {
	all := make([]int, len(places))
	for k, i := range places {
		all[k] = from[i]
	}
	return all
}

// steps is how many steps all fits take.
func (s *study) steps() (total int) {
	per := func(rows int) int { return (rows + s.config.Batch - 1) / s.config.Batch * s.config.Epochs }
	for f := range s.folds {
		total += per(len(s.folds[f].Train))
		inner, err := s.inner(f)
		if err != nil || !s.config.Search {
			continue // run tells
		}
		for _, part := range inner {
			total += len(s.config.tries()) * per(len(part.Train))
		}
	}
	return total
}

// run chooses settings, learns each fold's rows by them, and lets the other
// methods do the same meanwhile.
func (s *study) run(ctx context.Context, b *recipe.Bench) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	others := make(chan error, 1)
	go func() { others <- s.baselines(ctx) }()
	err := s.choices(ctx, b)
	if err == nil {
		err = s.finals(ctx, b)
	}
	if err != nil {
		stop()
		<-others
		return err
	}
	if err := <-others; err != nil {
		return err
	}
	answers, err := s.answers()
	if err != nil {
		return err
	}
	s.held.set(answers, s.y)
	return nil
}

// choices searches the settings of each fold.
func (s *study) choices(ctx context.Context, b *recipe.Bench) error {
	tries := s.config.tries()
	s.chosen, s.searched = make([]try, len(s.folds)), make([][]float64, len(s.folds))
	if !s.config.Search {
		for f := range s.chosen {
			s.chosen[f] = tries[0]
		}
		return nil
	}
	var all []recipe.Trial
	for f := range s.folds {
		trials, err := s.search(f)
		if err != nil {
			return err
		}
		all = append(all, trials...)
	}
	outcomes, err := b.Trials(ctx, all)
	if err != nil {
		return err
	}
	for f := range s.folds {
		losses := make([]float64, len(tries))
		for k := range tries {
			for i := range s.config.Inner {
				o := outcomes[(f*len(tries)+k)*s.config.Inner+i]
				losses[k] += o.Score(joint{}.Name(), math.Inf(1)) / float64(s.config.Inner)
			}
		}
		s.searched[f], s.chosen[f] = losses, tries[least(losses)]
	}
	return nil
}

// least returns the place of the smallest.
func least(v []float64) (at int) {
	for i := range v {
		if v[i] < v[at] {
			at = i
		}
	}
	return at
}

// finals learns all of each fold's training rows by the settings chosen.
func (s *study) finals(ctx context.Context, b *recipe.Bench) error {
	all := make([]recipe.Trial, len(s.folds))
	for f := range s.folds {
		all[f] = recipe.Trial{Name: fmt.Sprintf("%s-%d", s.Name, f+1), Keep: true, Open: func() (*nn.Net, train.Config, error) {
			s.layers[f].Drop.Rate = s.chosen[f].dropout
			return s.nets[f], s.fit(f, s.chosen[f], s.folds[f].Train, nil), nil
		}}
	}
	outcomes, err := b.Trials(ctx, all)
	for f, o := range outcomes {
		if err == nil && o.Diverged != "" {
			err = fmt.Errorf("%s, part %d: %s", s.Name, f+1, o.Diverged)
		}
	}
	return err
}

// baselines lets the other methods learn each fold's rows and answer the rows
// held out.
func (s *study) baselines(ctx context.Context) error {
	s.linear, s.trees = make([][]baseline.Trial, len(s.folds)), make([][]baseline.Trial, len(s.folds))
	for f := range s.folds {
		inner, err := s.inner(f)
		if err != nil {
			return err
		}
		p := s.problem(f)
		line, trials, err := baseline.TuneLinear(ctx, p, inner)
		if err != nil {
			return err
		}
		s.linear[f] = trials
		trees, trials, err := baseline.TuneTrees(ctx, p, inner, s.config.Trees)
		if err != nil {
			return err
		}
		s.trees[f] = trials
		for _, i := range s.folds[f].Test {
			s.held.note(i, s.unscaled(f, line.Predict(s.x[f][i])), s.unscaled(f, trees.Predict(s.x[f][i])))
		}
	}
	return nil
}

// unscaled turns an answer into the table's unit, in place.
func (s *study) unscaled(f int, answer []float64) []float64 {
	if s.Classes == nil {
		answer[0] = answer[0]*s.Folds[f].Deviation + s.Folds[f].Mean
	}
	return answer
}

// ask answers rows, encoded for fold f: the members' mean.
func (s *study) ask(f int, rows [][]float64) ([][]float64, error) {
	all := make([][]float64, 0, len(rows))
	const most = 4096 // rows at once
	for from := 0; from < len(rows); from += most {
		y, err := s.nets[f].Predict(inputs(rows[from:min(from+most, len(rows))]))
		if err != nil {
			return nil, err
		}
		for _, a := range means(y, len(s.Classes)) {
			all = append(all, s.unscaled(f, a))
		}
	}
	return all, nil
}

// answers are those of networks that have not seen the row; of rows that none
// has seen, the mean of all.
func (s *study) answers() ([][]float64, error) {
	if s.fresh {
		return s.mean(func(f int) [][]float64 { return s.x[f] })
	}
	all := make([][]float64, s.Rows)
	for f, fold := range s.folds {
		rows := make([][]float64, len(fold.Test))
		for k, i := range fold.Test {
			rows[k] = s.x[f][i]
		}
		answers, err := s.ask(f, rows)
		if err != nil {
			return nil, err
		}
		for k, i := range fold.Test {
			all[i] = answers[k]
		}
	}
	return all, nil
}

// mean answers rows with the mean of all folds' networks.
func (s *study) mean(rows func(f int) [][]float64) ([][]float64, error) {
	var all [][]float64
	for f := range s.nets {
		answers, err := s.ask(f, rows(f))
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = make([][]float64, len(answers))
		}
		for i, a := range answers {
			if all[i] == nil {
				all[i] = make([]float64, len(a))
			}
			for k, v := range a {
				all[i][k] += v / float64(len(s.nets))
			}
		}
	}
	return all, nil
}
