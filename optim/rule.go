package optim

// Rule says how a parameter moves. Rules are element-wise: a parameter may be
// updated in pieces, from several goroutines at once.
type Rule interface {
	// Slots returns how many numbers the rule keeps for each weight. They
	// start at 0.
	Slots() int
	// Rate returns the base learning rate, before a schedule's factor.
	Rate() float64
	// Update moves the weights w, of which g is the gradient and slots[i] the
	// i-th kept number. step counts from 1; lr is the learning rate of this
	// step. It must not write g, keep any of the slices, or allocate.
	Update(w, g []float32, slots [][]float32, step int, lr float64)
}

// Rule64 is a rule that moves float64 parameters too. All rules of this
// package are.
type Rule64 interface {
	Rule
	// Update64 is Update for float64.
	Update64(w, g []float64, slots [][]float64, step int, lr float64)
}

// Checker is a rule that can tell whether its values make sense. All rules of
// this package are.
type Checker interface {
	// Check returns an error that names every field whose value makes no sense,
	// or nil.
	Check() error
}

// or returns v, or its default where it was left out.
func or(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}
