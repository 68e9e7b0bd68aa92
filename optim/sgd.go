package optim

import "github.com/limpid-ml/limpid/internal/kernel"

// SGD is stochastic gradient descent, with momentum if asked for.
//
//	d = g + Decay·w
//	m = Momentum·m + (1 − Dampening)·d     (the first step: m = d)
//	w = w − lr·m                           (Nesterov: lr·(d + Momentum·m))
//
// Source: Sutskever et al. 2013, "On the importance of initialization and
// momentum in deep learning"; PyTorch's torch.optim.SGD.
type SGD struct {
	LR, Momentum, Dampening float64
	Decay                   float64 // L2 penalty, added to the gradient
	Nesterov                bool    // look ahead; needs momentum, and no dampening
}

// Slots returns 1 with momentum, else 0.
func (r SGD) Slots() int {
	if r.Momentum != 0 {
		return 1
	}
	return 0
}

// Rate returns LR.
func (r SGD) Rate() float64 { return r.LR }

// Check names every field whose value makes no sense.
func (r SGD) Check() error {
	f := faults{rule: "SGD"}
	f.rate(r.LR)
	f.share("Momentum", r.Momentum)
	f.want("Dampening", r.Dampening, r.Dampening >= 0 && r.Dampening <= 1, "a number from 0 to 1")
	f.positive("Decay", r.Decay)
	if r.Nesterov && (r.Momentum == 0 || r.Dampening != 0) {
		f.all = append(f.all, "Nesterov needs Momentum above 0 and no Dampening")
	}
	return f.error()
}

// Update moves float32 weights.
func (r SGD) Update(w, g []float32, slots [][]float32, step int, lr float64) {
	sgd(r, w, g, slots, step, lr)
}

// Update64 moves float64 weights.
func (r SGD) Update64(w, g []float64, slots [][]float64, step int, lr float64) {
	sgd(r, w, g, slots, step, lr)
}

func sgd[T kernel.Float](r SGD, w, g []T, slots [][]T, step int, lr float64) {
	s := kernel.SGDStep{LR: lr, Momentum: r.Momentum, Dampening: r.Dampening, Decay: r.Decay, Nesterov: r.Nesterov, First: step == 1}
	if r.Momentum == 0 {
		kernel.SGD(w, g, nil, &s)
		return
	}
	kernel.SGD(w, g, slots[0], &s)
}
