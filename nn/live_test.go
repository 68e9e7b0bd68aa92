package nn_test

import (
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// A value is live; what Keep makes of it is not.
func TestKeptValueStays(t *testing.T) {
	for _, wide := range []bool{false, true} {
		o := []nn.Option{nn.Input(2)}
		if wide {
			o = append(o, nn.Float64)
		}
		l := &nn.Linear{Out: 1, Init: nn.Zeros}
		net, err := nn.Build(l, o...)
		if err != nil {
			t.Fatal(err)
		}
		live := net.Params()[0].Value()
		kept, row := live.Keep(), live.Reshape(2).Keep()
		l.Weight.Set(live.Shift(3))
		if got := live.Sum().Item(); got != 6 {
			t.Errorf("wide %t: the live value sums to %v, want 6", wide, got)
		}
		if a, b := kept.Sum().Item(), row.Sum().Item(); a != 0 || b != 0 {
			t.Errorf("wide %t: what was kept sums to %v and %v, want 0", wide, a, b)
		}
	}
}

// A statistic's value is live too.
func TestKeptStateStays(t *testing.T) {
	l := &nn.BatchNorm{}
	net, err := nn.Build(l, nn.Input(1))
	if err != nil {
		t.Fatal(err)
	}
	kept := l.RunningVar.Value().Keep()
	u := train.NewUpdater(net, optim.SGD{LR: 1})
	if _, err := u.Step(func(p *nn.Pass) tensor.Tensor {
		p.SetState(&l.RunningVar, tensor.Full(5, 1))
		return net.Forward(p, tensor.Zeros(2, 1)).Sum()
	}); err != nil {
		t.Fatal(err)
	}
	if a, b := kept.Item(), l.RunningVar.Value().Item(); a != 1 || b == 1 {
		t.Errorf("kept %v, live %v, want 1 and another", a, b)
	}
}

// A first value that Init did not make anew is copied: training must not write
// into somebody's tensor.
func TestFirstValueIsCopied(t *testing.T) {
	mine := tensor.Of([]float32{1, 2}, 1, 2)
	l := &nn.Linear{Out: 1, Init: func(*tensor.Rand, []int) tensor.Tensor { return mine }}
	if _, err := nn.Build(l, nn.Input(2)); err != nil {
		t.Fatal(err)
	}
	l.Weight.Set(tensor.Of([]float32{8, 9}, 1, 2))
	if got := tensor.Data[float32](mine); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("the tensor that Init returned is now %v", got)
	}
}
