package train

import (
	"errors"
	"fmt"
	"math"
	"path"
	"strings"
	"sync/atomic"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

var (
	engine = backstage.OpenTensor[tensor.Tensor, tensor.Scope, tensor.Rand]()
	nets   = backstage.OpenNet[nn.Net, nn.Pass, tensor.Tensor, tensor.Scope, nn.Watcher]()
)

// Updater moves the parameters of one network, step by step. One goroutine
// uses it at a time. Parameters of other networks are constants in its steps.
//
// The fields may be changed between steps.
type Updater struct {
	Net *nn.Net // what it trains; read it only

	// Clip shortens a gradient that is longer than this to this length: the
	// Euclidean norm over all parameters. 0: never.
	Clip float64
	// ClipValue bounds each element of the gradient to ±ClipValue, ahead of
	// Clip. 0: not at all.
	ClipValue float64
	// MaxNorm bounds the length of each row of a weight matrix, that is of the
	// weights by which one unit, or one channel of a convolution, weighs its
	// inputs: after each step a longer one is shortened to it. Parameters of one
	// axis, such as biases, are left alone. 0: any length.
	//
	// Source: Srebro and Shraibman 2005, "Rank, trace-norm and max-norm";
	// Srivastava et al. 2014, "Dropout", section 5.1.
	MaxNorm float64
	// ClipWeights bounds each number that is learned to ±ClipWeights after each
	// step: how the first Wasserstein GAN keeps its critic Lipschitz. 0: not at
	// all.
	//
	// Source: Arjovsky et al. 2017, "Wasserstein GAN", algorithm 1.
	ClipWeights float64
	// Schedule gives the factor of the learning rate for each step, from 0;
	// nil: 1.
	Schedule optim.Schedule
	// Workers is how many parts of StepN run at once, each with memory of its
	// own; 0 means 1. It does not change the result.
	Workers int
	// Reduce sees the step's gradients, those of the parameters that are not
	// frozen in the order of nn.Net.Params, before they are clipped and used.
	// It may put others of the same shape in their places: means over several
	// machines, say. They are valid during the call. An error fails the step.
	Reduce func(grads []tensor.Tensor) error

	rule   optim.Rule
	fault  error // what is wrong with how it was set up
	seed   uint64
	steps  int
	epoch  int // for events
	params []*param
	frozen []bool // by value number; nil: nothing is

	workers []*worker
	one     func(p *nn.Pass) tensor.Tensor
	many    func(p *nn.Pass, part int) tensor.Tensor
	running atomic.Bool

	sweep   sweep
	planned bool
	reduced []tensor.Tensor // for Reduce

	observers []Observer
	lookers   []Looker
	watchers  []nn.Watcher
	logs      map[string]float64 // of the step that runs
	lone      string             // a batch normalisation that met one value of each channel, in
	loneParts int                // so many parts
}

// NewUpdater returns an updater of net by rule. A rule that cannot be used is
// an error of the first step.
func NewUpdater(net *nn.Net, rule optim.Rule) *Updater {
	u := &Updater{Net: net, rule: rule}
	if net == nil {
		u.fault = errors.New("train.NewUpdater: the network is nil: build it with nn.Build, and look at its error")
		return u
	}
	u.fault = usable(rule, nets.Wide(net))
	u.seed = nets.Seed(net)
	names := nets.Names(net)
	for i := range nets.ParamCount(net) {
		u.params = append(u.params, newParam(names[i], nets.Value(net, i)))
	}
	u.sweep.u = u
	return u
}

// usable tells what is wrong with a rule.
func usable(rule optim.Rule, wide bool) error {
	if rule == nil {
		return errors.New("train: the optimiser is missing: give one, optim.Adam{LR: 1e-3} for example")
	}
	if r := rule.Rate(); !(r >= 0) || math.IsInf(r, 0) {
		return fmt.Errorf("train: the learning rate of %T is %g: want a finite number, 0 or more", rule, r)
	}
	if _, ok := rule.(optim.Rule64); wide && !ok {
		return fmt.Errorf("train: %T cannot update a float64 network: give it a method Update64, or build without nn.Float64", rule)
	}
	if c, ok := rule.(optim.Checker); ok {
		return c.Check()
	}
	return nil
}

// Steps returns the number of steps done, those before a restored checkpoint
// included.
func (u *Updater) Steps() int { return u.steps }

// Freeze has the parameters and running statistics whose names match pattern
// stay as they are, and layers of which all is frozen run as in inference.
// The pattern is path.Match's, and its * crosses dots: "conv1.*". It is an
// error if nothing matches.
func (u *Updater) Freeze(pattern string) error { return u.setFrozen("Freeze", pattern, true) }

// Thaw undoes Freeze for what matches pattern.
func (u *Updater) Thaw(pattern string) error { return u.setFrozen("Thaw", pattern, false) }

func (u *Updater) setFrozen(op, pattern string, to bool) error {
	if u.Net == nil {
		return u.fault
	}
	names := nets.Names(u.Net)
	hits, err := matching(op, pattern, names)
	if err != nil {
		return err
	}
	if u.frozen == nil {
		u.frozen = make([]bool, len(names))
	}
	for _, i := range hits {
		u.frozen[i] = to
	}
	u.planned = false
	return nil
}

// Rate multiplies the learning rate of the parameters that match pattern by
// factor, in place of an earlier one. It is an error if nothing matches.
func (u *Updater) Rate(pattern string, factor float64) error {
	if !(factor >= 0) || math.IsInf(factor, 0) {
		return fmt.Errorf("train.Rate: the factor for %q is %g: want a finite number, 0 or more", pattern, factor)
	}
	return u.eachMatch("Rate", pattern, func(p *param) { p.factor = factor })
}

// Rule has the parameters that match pattern move by a rule of their own,
// whose state starts empty. It is an error if nothing matches.
func (u *Updater) Rule(pattern string, rule optim.Rule) error {
	if u.Net == nil {
		return u.fault
	}
	if err := usable(rule, nets.Wide(u.Net)); err != nil {
		return err
	}
	u.planned = false
	return u.eachMatch("Rule", pattern, func(p *param) {
		p.rule, p.steps, p.slots = rule, 0, nil
	})
}

func (u *Updater) eachMatch(op, pattern string, set func(p *param)) error {
	if u.Net == nil {
		return u.fault
	}
	hits, err := matching(op, pattern, nets.Names(u.Net)[:len(u.params)])
	for _, i := range hits {
		set(u.params[i])
	}
	return err
}

// matching returns the numbers of the names that match pattern.
func matching(op, pattern string, names []string) ([]int, error) {
	var hits []int
	for i, name := range names {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("train.%s: pattern %q: %w", op, pattern, err)
		}
		if ok {
			hits = append(hits, i)
		}
	}
	if len(hits) == 0 {
		return nil, fmt.Errorf("train.%s: no parameter matches %q; there are %s", op, pattern, some(names))
	}
	return hits, nil
}

// some lists names for a message, not too many.
func some(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" … (%d in all)", len(names))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
