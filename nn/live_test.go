package nn

import (
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// A value is live; what Keep makes of it is not.
func TestKeptValueStays(t *testing.T) {
	for _, o := range [][]Option{nil, {Float64}} {
		l := &Linear{Out: 1, Init: Zeros}
		n := build(t, l, append(o, Input(2))...)
		live := n.Params()[0].Value()
		kept, row := live.Keep(), live.Reshape(2).Keep()
		l.Weight.Set(live.Shift(3))
		if got := live.Sum().Item(); got != 6 {
			t.Errorf("float64 %t: the live value sums to %v, want 6", n.wide, got)
		}
		if a, b := kept.Sum().Item(), row.Sum().Item(); a != 0 || b != 0 {
			t.Errorf("float64 %t: what was kept sums to %v and %v, want 0", n.wide, a, b)
		}
	}
}

// A statistic's value is live too.
func TestKeptStateStays(t *testing.T) {
	l := &BatchNorm{}
	n := build(t, l, Input(3))
	kept := l.RunningVar.Value().Keep()
	step(n, nil, normal(1, 8, 3).Scale(9))
	same(t, "what was kept", kept, tensor.Full(1, 3), 0)
	if l.RunningVar.Value().Min().Item() < 2 {
		t.Errorf("the live value is %v", l.RunningVar.Value())
	}
}

// A first value that Init did not make anew is copied: training must not write
// into somebody's tensor.
func TestFirstValueIsCopied(t *testing.T) {
	mine := tensor.Of([]float32{1, 2}, 1, 2)
	l := &Linear{Out: 1, Init: func(*tensor.Rand, []int) T { return mine }}
	build(t, l, Input(2))
	l.Weight.Set(tensor.Of([]float32{8, 9}, 1, 2))
	if got := tensor.Data[float32](mine); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("the tensor that Init returned is now %v", got)
	}
}
