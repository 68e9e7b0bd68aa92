package train

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Step runs f, which returns a scalar loss, and moves the parameters against
// its gradient. It returns the loss.
//
// A step that fails changes nothing. It is an error if f panics with a
// [*tensor.Error], if the loss is no scalar or reaches no parameter that is
// not frozen, or if the loss or its gradient is not finite, a
// [*DivergedError]. What f does besides, it may do once more then, to find out
// where it went wrong. An observer's error is returned after a step that was
// done.
//
// A parameter that the loss does not reach stays as it is, decay and momentum
// included.
func (u *Updater) Step(f func(p *nn.Pass) tensor.Tensor) (float64, error) {
	if f == nil {
		return 0, errors.New("train.Step: the function is nil: give it one that returns the loss")
	}
	if !u.running.CompareAndSwap(false, true) {
		return 0, errBusy
	}
	defer u.running.Store(false)
	u.one, u.many = f, nil
	return u.step(1)
}

// StepN takes one step on the mean of n losses: f returns that of each part,
// from 0. Workers parts run at once, so that f must not write what is shared;
// the result has the same bits for any number of them. See [Updater.Step].
func (u *Updater) StepN(n int, f func(p *nn.Pass, part int) tensor.Tensor) (float64, error) {
	if n < 1 {
		return 0, fmt.Errorf("train.StepN: %d parts: want at least 1", n)
	}
	if f == nil {
		return 0, errors.New("train.StepN: the function is nil: give it one that returns a part's loss")
	}
	if !u.running.CompareAndSwap(false, true) {
		return 0, errBusy
	}
	defer u.running.Store(false)
	u.one, u.many = nil, f
	return u.step(n)
}

var errBusy = errors.New("train: a step of this updater runs already: one goroutine uses an Updater, and a step takes no other within")

// step takes a step of n parts.
func (u *Updater) step(n int) (float64, error) {
	factor, err := u.ready()
	if err != nil {
		return 0, err
	}
	defer u.release()
	if err := u.look(); err != nil {
		return 0, err
	}
	loss, err := u.gradients(n)
	if err != nil {
		return 0, err
	}
	norm := u.sweep.norm()
	if bad(loss) || bad(norm) {
		return 0, u.diagnose(n, loss, norm)
	}
	e := StepDone{Step: u.steps + 1, Epoch: u.epoch, Loss: loss, GradNorm: norm}
	if len(u.observers) > 0 {
		e.Rate, e.Logs = u.rule.Rate()*factor, u.logs
	}
	u.clip(norm)
	u.optimise(factor)
	u.shorten()
	nets.CommitStates(u.Net)
	u.steps++
	u.release() // observers may run the network
	if len(u.observers) == 0 {
		return loss, nil
	}
	return loss, u.emit(e)
}

// ready makes sure that a step can be taken; it returns the schedule's factor.
func (u *Updater) ready() (float64, error) {
	switch {
	case u.fault != nil:
		return 0, u.fault
	case u.rule == nil:
		return 0, errors.New("train.Step: the updater is empty: make it with train.NewUpdater")
	}
	if !(u.Clip >= 0) || !(u.ClipValue >= 0) || !(u.MaxNorm >= 0) || !(u.ClipWeights >= 0) {
		return 0, fmt.Errorf("train.Step: Clip is %g, ClipValue %g, MaxNorm %g and ClipWeights %g: want 0 or more", u.Clip, u.ClipValue, u.MaxNorm, u.ClipWeights)
	}
	factor := 1.0
	if u.Schedule != nil {
		if err := tensor.Try(func() { factor = u.Schedule(u.steps) }); err != nil {
			return 0, err
		}
	}
	if bad(factor) || factor < 0 {
		return 0, fmt.Errorf("train.Step: the schedule gives the factor %g for step %d: want a finite number, 0 or more", factor, u.steps)
	}
	u.plan()
	return factor, nil
}

// gradients runs the parts and leaves the mean of their gradients with the
// parameters; it returns the mean of their losses.
func (u *Updater) gradients(n int) (float64, error) {
	nets.ResetStates(u.Net)
	u.logs = nil
	direct := n == 1 && u.Reduce == nil
	if !direct {
		u.openSums()
		for _, p := range u.params {
			p.clearSum()
		}
	}
	loss, err := u.parts(n, direct)
	if err != nil {
		return 0, err
	}
	if !u.reached() {
		return 0, u.unreached()
	}
	if direct {
		return loss, nil
	}
	u.useSums(n)
	if u.Reduce != nil {
		return loss / float64(n), u.reduce()
	}
	return loss / float64(n), nil
}

// useSums makes the sums over n parts means, and the gradients.
func (u *Updater) useSums(n int) {
	for _, p := range u.params {
		if p.reached {
			p.useSum()
		}
	}
	if n > 1 {
		u.sweep.run(rescale, 1/float64(n))
	}
}

// parts runs n parts, as many at once as there are workers, and gathers them in
// order, so that sums do not depend on workers. It returns the sum of the
// losses.
func (u *Updater) parts(n int, direct bool) (total float64, err error) {
	atOnce := u.atOnce(n)
	for len(u.workers) < atOnce {
		u.workers = append(u.workers, newWorker(u))
	}
	for from := 0; from < n; from += atOnce {
		group := u.workers[:min(atOnce, n-from)]
		runGroup(group, from)
		for i, w := range group {
			if w.cause != nil {
				panic(w.cause)
			}
			if w.err != nil {
				return 0, w.err
			}
			total += w.loss
			w.gather(n, direct)
			if !direct {
				nets.End(group[i].pass)
			}
		}
	}
	return total, nil
}

// atOnce returns how many of n parts run at once.
func (u *Updater) atOnce(n int) int {
	if len(u.watchers) > 0 {
		return 1 // watchers see one part after the other
	}
	return min(max(u.Workers, 1), n)
}

// runGroup runs one part with each worker.
func runGroup(group []*worker, from int) {
	if len(group) == 1 {
		group[0].run(from)
		return
	}
	var running sync.WaitGroup
	for i, w := range group {
		running.Go(func() {
			defer func() {
				if w.cause = recover(); w.cause == nil && !w.done && w.err == nil {
					w.cause = "train: the function of a step ended its goroutine"
				}
			}()
			w.run(from + i)
		})
	}
	running.Wait()
}

// worker runs parts of steps, in a pass of its own.
type worker struct {
	u       *Updater
	pass    *nn.Pass
	grads   []tensor.Tensor
	reached []bool
	loss    float64
	err     error
	cause   any // a panic that is no *tensor.Error, in a goroutine of ours
	done    bool
}

func newWorker(u *Updater) *worker {
	n := len(u.params)
	return &worker{u: u, pass: nets.NewPass(u.Net), grads: make([]tensor.Tensor, n), reached: make([]bool, n)}
}

// run runs one part, forwards and back.
func (w *worker) run(part int) {
	u := w.u
	w.err, w.cause, w.done = nil, nil, false
	defer w.caught()
	nets.Begin(w.pass, u.seed, u.steps, part, u.frozen, u.watchers)
	var l tensor.Tensor
	if u.one != nil {
		l = u.one(w.pass)
	} else {
		l = u.many(w.pass, part)
	}
	k := len(nets.Trained(w.pass))
	engine.Backward(nets.Scope(w.pass), l, nets.Leaves(w.pass), w.grads[:k], w.reached[:k])
	w.loss = l.Item()
	w.done = true
}

// caught turns a *tensor.Error into the part's error.
func (w *worker) caught() {
	if w.done {
		return
	}
	switch p := recover().(type) {
	case nil:
	case *tensor.Error:
		if p.Layer == "" {
			p.Layer = nets.Label(w.pass)
		}
		w.err = p
	default:
		panic(p)
	}
}

// gather adds what the part found to the step's.
func (w *worker) gather(n int, direct bool) {
	u := w.u
	nets.GatherStates(w.pass)
	if lone := nets.Lone(w.pass); lone != "" {
		u.lone = lone
		u.loneParts++
	}
	if len(u.observers) > 0 {
		u.log(w.pass, n)
	}
	for k, i := range nets.Trained(w.pass) {
		if w.reached[k] {
			u.params[i].take(w.grads[k])
		}
	}
	if direct {
		return
	}
	u.sweep.run(collect, 0)
	for _, p := range u.params {
		p.drop()
	}
}

// log takes in what a part of n logged: a step shows means over parts, and
// over the times that a name was logged in each.
func (u *Updater) log(p *nn.Pass, n int) {
	names, values := nets.Logged(p)
	if len(names) == 0 {
		return
	}
	if u.logs == nil {
		u.logs = map[string]float64{}
	}
	for i, name := range names {
		times := 0
		for _, other := range names {
			if other == name {
				times++
			}
		}
		u.logs[name] += values[i] / float64(times) / float64(n)
	}
}

func (u *Updater) reached() bool {
	for _, p := range u.params {
		if p.reached {
			return true
		}
	}
	return false
}

// unreached says why nothing would learn.
func (u *Updater) unreached() error {
	for i := range u.params {
		if u.learns(i) {
			return errors.New("train.Step: the loss reaches no parameter of the network: nothing would learn\n\tfix: compute it in the pass that is given, from the network that the updater was made for, without Detach or Keep")
		}
	}
	return errors.New("train.Step: every parameter is frozen: nothing would learn\n\tfix: Thaw some, or Evaluate instead")
}

// release ends the step: passes give their memory back.
func (u *Updater) release() {
	for _, p := range u.params {
		p.reached = false
		p.drop()
	}
	for _, w := range u.workers {
		nets.End(w.pass)
	}
}

func bad(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
