package optim_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/optim"
)

func ExampleRule() {
	var rule optim.Rule = optim.SGD{LR: .1, Momentum: .9}
	w, g := []float32{1, 2}, []float32{1, -1}
	slots := [][]float32{make([]float32, 2)} // rule.Slots() of them
	for step := 1; step <= 2; step++ {
		rule.Update(w, g, slots, step, rule.Rate())
	}
	fmt.Printf("%.2f\n", w)
	// Output: [0.71 2.29]
}

func ExampleAdam_Check() {
	fmt.Println(optim.Adam{LR: -1, Betas: [2]float64{.9, 1}}.Check())
	// Output: optim: Adam: LR is -1, want a number above 0; Betas[1] is 1, want a number from 0 to below 1
}

func ExamplePenalty() {
	rule := optim.Penalty{Rule: optim.SGD{LR: .1}, L1: 1}
	w := []float32{.05, 1}
	rule.Update(w, []float32{0, 0}, nil, 1, rule.Rate())
	fmt.Printf("%.2f\n", w) // a small weight is exactly 0 now
	// Output: [0.00 0.90]
}

func ExampleConstant() {
	fmt.Println(optim.Constant()(1000))
	// Output: 1
}

func ExampleStep() {
	s := optim.Step(10, .1)
	fmt.Printf("%.2f %.2f %.2f\n", s(9), s(10), s(20))
	// Output: 1.00 0.10 0.01
}

func ExampleCosine() {
	s := optim.Cosine(100)
	fmt.Printf("%.2f %.2f %.2f\n", s(0), s(50), s(100))
	// Output: 1.00 0.50 0.00
}

func ExampleOneCycle() {
	s := optim.OneCycle(100)
	fmt.Printf("%.2f %.2f %.2f\n", s(0), s(29), s(99))
	// Output: 0.04 1.00 0.00
}

func ExampleWarmup() {
	s := optim.Warmup(4, optim.Cosine(96))
	fmt.Printf("%.2f %.2f %.2f %.2f\n", s(0), s(1), s(3), s(52))
	// Output: 0.25 0.50 1.00 0.50
}
