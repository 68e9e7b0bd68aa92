package optim

import "github.com/limpid-ml/limpid/internal/kernel"

// Adam divides a running mean of the gradient by the root of a running mean of
// its square, both corrected for their start at 0.
//
// Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization";
// PyTorch's torch.optim.Adam.
type Adam struct {
	LR    float64
	Betas [2]float64 // of the two means; both 0: 0.9 and 0.999
	Eps   float64    // added to the root; 0: 1e-8
	Decay float64    // L2 penalty, added to the gradient
}

// Slots returns 2.
func (r Adam) Slots() int { return 2 }

// Rate returns LR.
func (r Adam) Rate() float64 { return r.LR }

// Check names every field whose value makes no sense.
func (r Adam) Check() error { return checkAdam("Adam", r) }

func checkAdam(name string, r Adam) error {
	f := faults{rule: name}
	f.rate(r.LR)
	f.share("Betas[0]", r.Betas[0])
	f.share("Betas[1]", r.Betas[1])
	f.positive("Eps", r.Eps)
	f.positive("Decay", r.Decay)
	return f.error()
}

// Update moves float32 weights.
func (r Adam) Update(w, g []float32, slots [][]float32, step int, lr float64) {
	adam(r, false, w, g, slots, step, lr)
}

// Update64 moves float64 weights.
func (r Adam) Update64(w, g []float64, slots [][]float64, step int, lr float64) {
	adam(r, false, w, g, slots, step, lr)
}

func adam[T kernel.Float](r Adam, decoupled bool, w, g []T, slots [][]T, step int, lr float64) {
	b := r.Betas
	if b == [2]float64{} {
		b = [2]float64{.9, .999}
	}
	kernel.Adam(w, g, slots[0], slots[1], &kernel.AdamStep{LR: lr, Beta1: b[0], Beta2: b[1], Eps: or(r.Eps, 1e-8), Decay: r.Decay, Step: step, Decoupled: decoupled})
}

// AdamW is [Adam] with decoupled decay: each step takes lr·Decay of the weights
// off, instead of adding a penalty to the gradient that the root would scale.
//
// Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization";
// PyTorch's torch.optim.AdamW.
type AdamW struct {
	LR    float64
	Betas [2]float64 // as of Adam
	Eps   float64    // as of Adam
	Decay float64    // 0: 0.01. Without any decay AdamW is Adam: use that
}

// Slots returns 2.
func (r AdamW) Slots() int { return 2 }

// Rate returns LR.
func (r AdamW) Rate() float64 { return r.LR }

// Check names every field whose value makes no sense.
func (r AdamW) Check() error { return checkAdam("AdamW", Adam(r)) }

// Update moves float32 weights.
func (r AdamW) Update(w, g []float32, slots [][]float32, step int, lr float64) {
	r.Decay = or(r.Decay, .01)
	adam(Adam(r), true, w, g, slots, step, lr)
}

// Update64 moves float64 weights.
func (r AdamW) Update64(w, g []float64, slots [][]float64, step int, lr float64) {
	r.Decay = or(r.Decay, .01)
	adam(Adam(r), true, w, g, slots, step, lr)
}
