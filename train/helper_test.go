package train

import (
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

type T = tensor.Tensor

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error\n%v\nlacks %q", err, part)
		}
	}
}

func normal(seed uint64, shape ...int) T { return tensor.NewRand(seed).Normal(0, 1, shape...) }

// labels returns n labels below classes.
func labels(seed uint64, n, classes int) T {
	r := tensor.NewRand(seed)
	all := make([]int, n)
	for i := range all {
		all[i] = r.IntN(classes)
	}
	return tensor.Ints(all...)
}

func build(t testing.TB, model any, o ...nn.Option) *nn.Net {
	t.Helper()
	n, err := nn.Build(model, o...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sameWeights tells whether two networks have the same bits.
func sameWeights(a, b *nn.Net) bool {
	for i := range nets.Names(a) {
		x, y := nets.Value(a, i), nets.Value(b, i)
		for k, v := range tensor.Data[float32](x.To(tensor.Float32)) {
			if v != tensor.Data[float32](y.To(tensor.Float32))[k] {
				return false
			}
		}
	}
	return true
}

// stepOn returns a step of u on one batch.
func stepOn(t testing.TB, u *Updater, x, y T) func() {
	f := func(p *nn.Pass) T { return loss.CrossEntropy(u.Net.Forward(p, x), y) }
	if y.DType() != tensor.Int32 {
		f = func(p *nn.Pass) T { return loss.MSE(u.Net.Forward(p, x), y) }
	}
	return func() {
		if _, err := u.Step(f); err != nil {
			t.Fatal(err)
		}
	}
}
