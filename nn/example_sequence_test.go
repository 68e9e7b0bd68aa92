package nn_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func ExampleLSTM_Run_lengths() {
	l := &nn.LSTM{Hidden: 4, Bidirectional: true}
	net, err := nn.Build(l, nn.Input(6, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	x := tensor.NewRand(1).Normal(0, 1, 2, 6, 3)
	err = net.Do(func(p *nn.Pass) error {
		y, m := l.Run(p, x, nn.Memory{}, tensor.Ints(6, 2)) // the second sequence has two steps
		fmt.Println(y.Shape(), m.H.Shape(), m.C.Shape())
		fmt.Println(y.Index(0, 1).Slice(0, 2, 6).Abs().Max().Item())
		return nil
	})
	fmt.Println(err)
	// Output:
	// [2 6 8] [2 2 4] [2 2 4]
	// 0
	// <nil>
}

// A recurrent layer in a Go loop: one step at a time.
func ExampleGRU_Run() {
	l := &nn.GRU{Hidden: 4}
	net, _ := nn.Build(l, nn.Input(6, 3))
	x := tensor.NewRand(1).Normal(0, 1, 2, 6, 3)
	_ = net.Do(func(p *nn.Pass) error {
		whole := l.Forward(p, x)
		var m nn.Memory
		var y tensor.Tensor
		for t := range 6 {
			y, m = l.Run(p, x.Index(1, t), m)
		}
		fmt.Println(y.Shape(), y.Sub(whole.Index(1, -1)).Abs().Max().Item() < 1e-6)
		return nil
	})
	// Output: [2 4] true
}

// A small language model: causal blocks, and a cache to write place by place.
func ExampleEncoderBlock_Run() {
	words := &nn.Embedding{Count: 50, Dim: 8}
	block := &nn.EncoderBlock{Heads: 2, Causal: true, Rotary: true, NormFirst: true, Act: nn.GELU}
	net, err := nn.Build(&nn.Sequential{words, block}, nn.Input(5))
	if err != nil {
		fmt.Println(err)
		return
	}
	text := tensor.Ints(7, 3, 30, 12, 3).Reshape(1, 5)
	_ = net.Do(func(p *nn.Pass) error {
		whole := words.Logits(p, net.Forward(p, text))
		var c nn.Cache
		var y tensor.Tensor
		for i := range 5 {
			y, c = block.Run(p, p.Apply(text.Slice(1, i, i+1), words), tensor.Tensor{}, c)
		}
		last := words.Logits(p, y)
		fmt.Println(last.Shape(), c.Len(), last.Index(1, 0).Sub(whole.Index(1, -1)).Abs().Max().Item() < 1e-5)
		return nil
	})
	// Output: [1 1 50] 5 true
}

func ExampleDecoderBlock_Run() {
	block := &nn.DecoderBlock{Heads: 2}
	target, source := tensor.Zeros(2, 3, 8), tensor.Zeros(2, 6, 8)
	net, err := nn.Build(block, nn.Trace(func(p *nn.Pass) { block.Run(p, target, source, tensor.Tensor{}, nn.Cache{}) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	lengths := tensor.Ints(6, 4)
	mask := nn.LengthMask(lengths, 6).Unsqueeze(1).Unsqueeze(1) // no looking at padding
	_ = net.Do(func(p *nn.Pass) error {
		y, c := block.Run(p, target, source, mask, nn.Cache{})
		fmt.Println(y.Shape(), c.K.Shape(), c.CrossK.Shape())
		return nil
	})
	// Output: [2 3 8] [2 2 3 4] [2 2 6 4]
}

func ExampleLengthMask() {
	fmt.Println(nn.LengthMask(tensor.Ints(3, 1), 4))
	// Output: bool [2 4] {1 1 1 0 1 0 0 0}
}

func ExampleAttend() {
	q := tensor.Of([]float32{1, 0}, 1, 1, 2)
	k := tensor.Of([]float32{9, 0, 0, 9}, 1, 2, 2)
	v := tensor.Of([]float32{5, -5}, 1, 2, 1)
	y, weights := nn.Attend(q, k, v, tensor.Tensor{})
	fmt.Printf("%.2f of %.3f\n", y.Item(), tensor.Data[float32](weights))
	// Output: 4.98 of [0.998 0.002]
}

func ExampleResidual() {
	body := &nn.Sequential{
		&nn.Conv2D{Out: 16, Kernel: 3, Pad: nn.Same, NoBias: true}, &nn.BatchNorm{Act: nn.ReLU},
		&nn.Conv2D{Out: 16, Kernel: 3, Pad: nn.Same, NoBias: true}, &nn.BatchNorm{},
		&nn.SqueezeExcite{Hidden: 4},
	}
	net, err := nn.Build(&nn.Residual{Body: body, Skip: &nn.Conv2D{Out: 16, Kernel: 1}, Act: nn.ReLU, Drop: .1}, nn.Input(8, 8, 3))
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := net.Predict(tensor.Zeros(2, 8, 8, 3))
	fmt.Println(y.Shape(), err)
	// Output: [2 8 8 16] <nil>
}

func ExampleUpsample() {
	net, _ := nn.Build(&nn.Upsample{Factor: 2}, nn.Input(1, 2, 1))
	y, err := net.Predict(tensor.Of([]float32{1, 2}, 1, 1, 2, 1))
	fmt.Println(y, err)
	// Output: float32 [1 2 4 1] {1 1 2 2 1 1 2 2} <nil>
}

// A temporal convolutional network: each layer sees twice as far back.
func ExampleConv1D() {
	var layers nn.Sequential
	for dilation := 1; dilation <= 8; dilation *= 2 {
		layers = append(layers, &nn.Residual{Body: &nn.Conv1D{Out: 4, Kernel: 2, Dilation: dilation, Causal: true, Act: nn.ReLU}})
	}
	net, _ := nn.Build(&layers, nn.Input(20, 4))
	x := tensor.NewRand(1).Normal(0, 1, 1, 20, 4)
	y, _ := net.Predict(x)
	future := tensor.Concat(1, x.Slice(1, 0, 12), tensor.Zeros(1, 8, 4))
	z, err := net.Predict(future)
	fmt.Println(z.Slice(1, 0, 12).Sub(y.Slice(1, 0, 12)).Abs().Max().Item(), err)
	// Output: 0 <nil>
}
