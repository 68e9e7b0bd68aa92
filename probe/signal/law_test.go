package signal_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/probe/signal"
	"github.com/limpid-ml/limpid/tensor"
)

// shown is a layer that returns what it is given, so that what is measured of
// it is known.
type shown struct{}

func (shown) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor { return x.Scale(1) }

// seen measures a batch as it is.
func seen(t interface {
	Helper()
	Fatal(...any)
}, x tensor.Tensor) signal.Layer {
	t.Helper()
	net, err := nn.Build(&nn.Sequential{&shown{}, &nn.Linear{Out: 2}}, nn.Input(x.Dim(1)), nn.Float64)
	if err != nil {
		t.Fatal(err)
	}
	all, err := signal.Look(net, x, "0")
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// rows draws a batch, some of whose rows may be zeros.
func rows(t *rapid.T) (v []float64, n, d int) {
	n, d = rapid.IntRange(2, 9).Draw(t, "rows"), rapid.IntRange(1, 7).Draw(t, "columns")
	v = make([]float64, n*d)
	for i := range n {
		if rapid.IntRange(0, 4).Draw(t, "zero") == 0 {
			continue
		}
		for j := range d {
			v[i*d+j] = float64(rapid.IntRange(-30, 30).Draw(t, "v")) / 10
		}
	}
	return v, n, d
}

// Alike is the mean cosine over pairs, whatever rows there are; Dead and Zeros
// are counted, moments summed.
func TestMeasuresByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, n, d := rows(t)
		got := seen(t, tensor.Of(v, n, d))
		var cos, mean, square, zeros float64
		alive := make([]bool, d)
		for a := range n {
			for b := range n {
				if a != b {
					cos += cosineOrNone(v[a*d:a*d+d], v[b*d:b*d+d]) / float64(n*(n-1))
				}
			}
		}
		for i, x := range v {
			mean, square = mean+x/float64(n*d), square+x*x/float64(n*d)
			if x == 0 {
				zeros += 1 / float64(n*d)
			} else {
				alive[i%d] = true
			}
		}
		dead := 0.0
		for _, a := range alive {
			if !a {
				dead += 1 / float64(d)
			}
		}
		for what, pair := range map[string][2]float64{"alike": {got.Alike, cos}, "mean": {got.Mean, mean}, "square": {got.Square, square},
			"variance": {got.Variance, square - mean*mean}, "zeros": {got.Zeros, zeros}, "dead": {got.Dead, dead}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Fatalf("%s is %g, want %g, of %v", what, pair[0], pair[1], v)
			}
		}
	})
}

// cosineOrNone takes a row of zeros for one that is like any other.
func cosineOrNone(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	if aa == 0 || bb == 0 {
		return 1
	}
	return ab / math.Sqrt(aa*bb)
}

// How alike rows are does not change with their lengths or their order, and
// rows that are the same are as alike as can be.
func TestAlikeSeesDirectionsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, n, d := rows(t)
		want := seen(t, tensor.Of(v, n, d)).Alike
		var longer []float64
		for i := n - 1; i >= 0; i-- {
			by := rapid.Float64Range(.1, 9).Draw(t, "factor")
			for j := range d {
				longer = append(longer, by*v[i*d+j])
			}
		}
		if got := seen(t, tensor.Of(longer, n, d)).Alike; math.Abs(got-want) > 1e-9 {
			t.Fatalf("%g, after lengths and order changed %g", want, got)
		}
		if got := seen(t, tensor.Of(slices.Repeat(v[:d], n), n, d)).Alike; math.Abs(got-1) > 1e-9 {
			t.Fatalf("the same row again and again is alike by %g", got)
		}
	})
}

// The gradient's length is that of the derivative of what went back: through a
// last linear layer, the direction times the weights.
func TestGradientByHand(t *testing.T) {
	net, err := nn.Build(&nn.Sequential{&shown{}, &nn.Linear{Out: 3, NoBias: true}}, nn.Input(4), nn.Float64)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(2).Normal(0, 1, 5, 4).To(tensor.Float64)
	got, err := signal.Look(net, x, "0", "1")
	if err != nil {
		t.Fatal(err)
	}
	direction := tensor.NewRand(1).Normal(0, 1, 5, 3).To(tensor.Float64)
	want := direction.MatMul(net.Params()[0].Value()).Square().Sum().Item()
	if math.Abs(got[0].Grad-math.Sqrt(want/5)) > 1e-9 {
		t.Errorf("%g, want %g", got[0].Grad, math.Sqrt(want/5))
	}
	if last := math.Sqrt(direction.Square().Sum().Item() / 5); math.Abs(got[1].Grad-last) > 1e-9 {
		t.Errorf("at the result %g, want %g", got[1].Grad, last)
	}
}

// Ratings come sorted, equals in the order in which they were given, and the
// distance is the mean over draws of both sizes.
func TestRatings(t *testing.T) {
	choice := func(name string, init nn.Init) signal.Choice {
		return signal.Choice{Name: name, Build: func(seed uint64) (*nn.Net, []string, error) { return deep(5, 32, nn.Tanh, init, seed) }}
	}
	x := tensor.NewRand(3).Normal(0, 1, 10, 32)
	all := []signal.Choice{choice("small", scaled(.1)), choice("first", nn.LeCun), choice("large", scaled(9)), choice("second", nn.LeCun)}
	got, err := signal.Rank(x, 3, all)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, r := range got {
		names = append(names, r.Name)
		if all[r.At].Name != r.Name || i > 0 && r.Off < got[i-1].Off {
			t.Errorf("place %d: %+v", i, r)
		}
		if r.Off < math.Abs(r.Forward)+math.Abs(r.Back)-1e-9 {
			t.Errorf("%s: %g off, of %g and %g", r.Name, r.Off, r.Forward, r.Back)
		}
		one, err := signal.Rank(x, 1, all[r.At:r.At+1])
		if err != nil || math.Abs(one[0].Off-(math.Abs(one[0].Forward)+math.Abs(one[0].Back))) > 1e-12 {
			t.Errorf("%s, one draw: %+v, %v", r.Name, one, err)
		}
	}
	if slices.Index(names, "first")+1 != slices.Index(names, "second") || names[3] == "first" {
		t.Errorf("order %q", names)
	}
}
