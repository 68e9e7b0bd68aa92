package optim

import "github.com/limpid-ml/limpid/internal/kernel"

// RMSprop divides the gradient by the root of a running mean of its square.
//
// Source: Hinton 2012, lecture 6e of "Neural networks for machine learning";
// PyTorch's torch.optim.RMSprop, which adds Eps outside the root.
type RMSprop struct {
	LR       float64
	Alpha    float64 // of the running mean; 0: 0.99
	Eps      float64 // added to the root; 0: 1e-8
	Decay    float64 // L2 penalty, added to the gradient
	Momentum float64
	Centered bool // take the square of the gradient's own mean off: its variance
}

// Slots returns 1, one more with momentum, and one more if centred.
func (r RMSprop) Slots() int {
	n := 1
	if r.Momentum != 0 {
		n++
	}
	if r.Centered {
		n++
	}
	return n
}

// Rate returns LR.
func (r RMSprop) Rate() float64 { return r.LR }

// Check names every field whose value makes no sense.
func (r RMSprop) Check() error {
	f := faults{rule: "RMSprop"}
	f.rate(r.LR)
	f.share("Alpha", r.Alpha)
	f.positive("Eps", r.Eps)
	f.positive("Decay", r.Decay)
	f.share("Momentum", r.Momentum)
	return f.error()
}

// Update moves float32 weights.
func (r RMSprop) Update(w, g []float32, slots [][]float32, _ int, lr float64) {
	rmsprop(r, w, g, slots, lr)
}

// Update64 moves float64 weights.
func (r RMSprop) Update64(w, g []float64, slots [][]float64, _ int, lr float64) {
	rmsprop(r, w, g, slots, lr)
}

func rmsprop[T kernel.Float](r RMSprop, w, g []T, slots [][]T, lr float64) {
	var momentum, mean []T
	if r.Momentum != 0 {
		momentum = slots[1]
	}
	if r.Centered {
		mean = slots[len(slots)-1]
	}
	kernel.RMSprop(w, g, slots[0], momentum, mean, &kernel.RMSpropStep{LR: lr, Alpha: or(r.Alpha, .99), Eps: or(r.Eps, 1e-8), Decay: r.Decay, Momentum: r.Momentum, Centered: r.Centered})
}

// Adagrad divides the gradient by the root of the sum of all its squares.
//
// Source: Duchi et al. 2011, "Adaptive subgradient methods for online learning
// and stochastic optimization"; PyTorch's torch.optim.Adagrad.
type Adagrad struct {
	LR      float64
	Eps     float64 // added to the root; 0: 1e-10
	Decay   float64 // L2 penalty, added to the gradient
	LRDecay float64 // step t, from 1, has the rate lr/(1 + (t−1)·LRDecay)
}

// Slots returns 1.
func (r Adagrad) Slots() int { return 1 }

// Rate returns LR.
func (r Adagrad) Rate() float64 { return r.LR }

// Check names every field whose value makes no sense.
func (r Adagrad) Check() error {
	f := faults{rule: "Adagrad"}
	f.rate(r.LR)
	f.positive("Eps", r.Eps)
	f.positive("Decay", r.Decay)
	f.positive("LRDecay", r.LRDecay)
	return f.error()
}

// Update moves float32 weights.
func (r Adagrad) Update(w, g []float32, slots [][]float32, step int, lr float64) {
	adagrad(r, w, g, slots, step, lr)
}

// Update64 moves float64 weights.
func (r Adagrad) Update64(w, g []float64, slots [][]float64, step int, lr float64) {
	adagrad(r, w, g, slots, step, lr)
}

func adagrad[T kernel.Float](r Adagrad, w, g []T, slots [][]T, step int, lr float64) {
	kernel.Adagrad(w, g, slots[0], &kernel.AdagradStep{LR: lr / (1 + float64(step-1)*r.LRDecay), Eps: or(r.Eps, 1e-10), Decay: r.Decay})
}

// Adadelta scales the gradient by the ratio of two roots of running means: of
// its past steps squared, and of itself squared. Its usual LR is 1.
//
// Source: Zeiler 2012, "ADADELTA: an adaptive learning rate method"; PyTorch's
// torch.optim.Adadelta.
type Adadelta struct {
	LR    float64
	Rho   float64 // of the running means; 0: 0.9
	Eps   float64 // added inside both roots; 0: 1e-6
	Decay float64 // L2 penalty, added to the gradient
}

// Slots returns 2.
func (r Adadelta) Slots() int { return 2 }

// Rate returns LR.
func (r Adadelta) Rate() float64 { return r.LR }

// Check names every field whose value makes no sense.
func (r Adadelta) Check() error {
	f := faults{rule: "Adadelta"}
	f.rate(r.LR)
	f.share("Rho", r.Rho)
	f.positive("Eps", r.Eps)
	f.positive("Decay", r.Decay)
	return f.error()
}

// Update moves float32 weights.
func (r Adadelta) Update(w, g []float32, slots [][]float32, _ int, lr float64) {
	adadelta(r, w, g, slots, lr)
}

// Update64 moves float64 weights.
func (r Adadelta) Update64(w, g []float64, slots [][]float64, _ int, lr float64) {
	adadelta(r, w, g, slots, lr)
}

func adadelta[T kernel.Float](r Adadelta, w, g []T, slots [][]T, lr float64) {
	kernel.Adadelta(w, g, slots[0], slots[1], &kernel.AdadeltaStep{LR: lr, Rho: or(r.Rho, .9), Eps: or(r.Eps, 1e-6), Decay: r.Decay})
}
