package nn_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Residual is a layer of one's own: plain Go, no registration.
type Residual struct{ A, B nn.Linear }

func (r *Residual) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &r.A, &r.B).Add(x).ReLU()
}

func ExampleLayer() {
	block := func() *Residual {
		return &Residual{A: nn.Linear{Out: 4, Act: nn.ReLU}, B: nn.Linear{Out: 4}}
	}
	net, err := nn.Build(&nn.Sequential{block(), block(), &nn.Linear{Out: 2}}, nn.Input(4))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range net.Params() {
		fmt.Println(w.Path(), w.Value().Shape())
	}
	// Output:
	// 0.a.weight [4 4]
	// 0.a.bias [4]
	// 0.b.weight [4 4]
	// 0.b.bias [4]
	// 1.a.weight [4 4]
	// 1.a.bias [4]
	// 1.b.weight [4 4]
	// 1.b.bias [4]
	// 2.weight [2 4]
	// 2.bias [2]
}

func ExampleShare() {
	one := &nn.Linear{Out: 3}
	net, _ := nn.Build(&nn.Sequential{one, nn.Tanh, nn.Share(one)}, nn.Input(3))
	fmt.Println(len(net.Params()), "parameters")
	// Output: 2 parameters
}

func ExampleNet_Do() {
	net, _ := nn.Build(&nn.Linear{Out: 1, Init: nn.Ones}, nn.Input(2))
	err := net.Do(func(p *nn.Pass) error {
		x := p.Track(tensor.Of([]float32{3, 4}, 1, 2))
		y := net.Forward(p, x).Square().Sum() // (x₁ + x₂)²
		fmt.Println(tensor.Grad(y, x)[0])
		return nil
	})
	fmt.Println(err)
	// Output:
	// float32 [1 2] {14 14}
	// <nil>
}

func ExampleTrackParams() {
	net, _ := nn.Build(&nn.Linear{Out: 1, Init: nn.Ones}, nn.Input(2))
	net.Do(func(p *nn.Pass) error {
		y := net.Forward(p, tensor.Of([]float32{3, 4}, 1, 2)).Sum()
		for i, g := range tensor.Grad(y, p.Params()...) {
			fmt.Println(net.Params()[i].Path(), g)
		}
		return nil
	}, nn.TrackParams())
	// Output:
	// weight float32 [1 2] {3 4}
	// bias float32 [1] {1}
}

// printer prints what it sees.
type printer struct{}

func (printer) Value(path string, call int, y tensor.Tensor) { fmt.Println(path, y) }
func (printer) Grad(path string, call int, g tensor.Tensor)  {}

func ExampleWatch() {
	net, _ := nn.Build(&nn.Sequential{&nn.Linear{Out: 2, Init: nn.Ones}, nn.ReLU}, nn.Input(2))
	net.Predict(tensor.Of([]float32{1, -3}, 1, 2), nn.Watch(printer{}))
	// Output:
	// 0 float32 [1 2] {-2 -2}
	// 1 float32 [1 2] {0 0}
	// . float32 [1 2] {0 0}
}

func ExampleWith() {
	net, _ := nn.Build(&nn.Linear{Out: 1, Init: nn.Ones}, nn.Input(2))
	x := tensor.Of([]float32{1, 2}, 1, 2)
	half := nn.Weights{"weight": net.Weights()["weight"].Scale(.5)}
	y, _ := net.Predict(x)
	z, _ := net.Predict(x, nn.With(half))
	fmt.Println(y, z)
	// Output: float32 [1 1] {3} float32 [1 1] {1.5}
}

func ExampleRemember() {
	net, _ := nn.Build(&nn.Sequential{&nn.Linear{Out: 2, Init: nn.Ones}, &nn.Linear{Out: 1}}, nn.Input(2))
	net.Do(func(p *nn.Pass) error {
		net.Forward(p, tensor.Of([]float32{1, 2}, 1, 2))
		h, ok := p.Value("0")
		fmt.Println(h, ok)
		return nil
	}, nn.Remember("0"))
	// Output: float32 [1 2] {3 3} true
}

func ExampleLSTM_Run() {
	l := &nn.LSTM{Hidden: 3}
	net, _ := nn.Build(l, nn.Input(5, 2))
	var mem nn.Memory
	for range 2 { // two stretches of one sequence
		net.Do(func(p *nn.Pass) error {
			y, next := l.Run(p, tensor.Zeros(4, 5, 2), mem)
			mem = next.Keep()
			fmt.Println(y.Shape(), mem.H.Shape())
			return nil
		})
	}
	// Output:
	// [4 5 3] [1 4 3]
	// [4 5 3] [1 4 3]
}

func ExampleAttention_Attend() {
	l := &nn.Attention{Dim: 8, Heads: 2}
	net, _ := nn.Build(l, nn.Input(3, 8))
	net.Do(func(p *nn.Pass) error {
		y, w := l.Attend(p, tensor.Zeros(1, 3, 8), tensor.Zeros(1, 5, 8), tensor.Tensor{})
		fmt.Println(y.Shape(), w.Shape(), w.At(0, 0, 0, 0))
		return nil
	})
	// Output: [1 3 8] [1 2 3 5] 0.20000000298023224
}

func ExampleAct() {
	x := tensor.Of([]float32{-2, 0, 2})
	for _, act := range []nn.Act{nn.ReLU, nn.LeakyReLU(.1), nn.Softplus} {
		fmt.Println(act.Forward(nil, x))
	}
	// Output:
	// float32 [3] {0 0 2}
	// float32 [3] {-0.2 0 2}
	// float32 [3] {0.1269 0.6931 2.127}
}
