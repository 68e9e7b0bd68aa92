// Package train teaches networks.
//
// [Fit] is the whole loop: batches, steps, validation, checkpoints, and events
// that observers see. [Updater] is one step, for loops of one's own: it runs a
// function that returns the loss, takes the loss's gradients and moves the
// parameters. [Evaluate] measures without learning.
//
//	u := train.NewUpdater(net, optim.Adam{LR: 1e-3})
//	l, err := u.Step(func(p *nn.Pass) tensor.Tensor {
//		return loss.CrossEntropy(net.Forward(p, b.X), b.Y)
//	})
//
// A step either succeeds as a whole or changes nothing: not the weights, not
// the optimiser's state, not the running statistics. What it does depends on
// the weights, the data, the seed and the number of the step, never on threads
// or time; so a run that was killed and resumed ends with the same bits as one
// that was not. A steady step allocates nothing.
//
// probe, doctor, explain, lab, dash, serve, recipe, the command and programs
// may import train. It imports nn, loss, optim, metric, data, run, format,
// tensor, internal/kernel, internal/par and internal/backstage.
package train
