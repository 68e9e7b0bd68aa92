package data

import (
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestFromTensors(t *testing.T) {
	set := FromTensors(tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2), tensor.Ints(7, 8, 9))
	if set.Len() != 3 {
		t.Fatalf("Len is %d, want 3", set.Len())
	}
	e, err := set.At(1)
	if err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[float32](e.X); !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("X of 1 is %v", got)
	}
	if e.Y.Rank() != 0 || e.Y.Item() != 8 {
		t.Errorf("Y of 1 is %v %v, want the scalar 8", e.Y.Shape(), e.Y)
	}
	for _, i := range []int{-1, 3} {
		_, err := set.At(i)
		wantError(t, err, "no example", "0 to 2")
	}
}

func TestFromTensorsOfEveryType(t *testing.T) {
	for _, x := range []tensor.Tensor{
		tensor.Of([]float32{1, 0, 1}), tensor.Of([]float64{1, 0, 1}), tensor.Of([]int32{1, 0, 1}),
		tensor.Of([]uint8{1, 0, 1}), tensor.Of([]bool{true, false, true}),
	} {
		set := FromTensors(x, tensor.Tensor{})
		for i := range 3 {
			e, err := set.At(i)
			if err != nil {
				t.Fatal(err)
			}
			if e.X.DType() != x.DType() || e.X.Item() != x.At(i) || e.Y.Valid() {
				t.Errorf("%v: example %d is %v", x, i, e)
			}
		}
	}
}

func TestFromTensorsMisuse(t *testing.T) {
	x := tensor.Zeros(3, 2)
	wantError(t, tensor.Try(func() { FromTensors(x, tensor.Ints(1, 2)) }), "[3 2]", "[2]")
	wantError(t, tensor.Try(func() { FromTensors(tensor.Zeros(), tensor.Tensor{}) }), "scalar")
}

func labels(t *testing.T, set Dataset) []int {
	t.Helper()
	var out []int
	for i := range set.Len() {
		e, err := set.At(i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, int(e.Y.Item()))
	}
	return out
}

func TestSubset(t *testing.T) {
	for name, set := range map[string]Dataset{"direct": numbered(6, 1, 1), "not direct": opaque{numbered(6, 1, 1)}} {
		if got := Subset(set, nil); got.Len() != 6 {
			t.Errorf("%s: nil gives %d examples, want all", name, got.Len())
		}
		if got := Subset(set, []int{}); got.Len() != 0 {
			t.Errorf("%s: no index gives %d examples", name, got.Len())
		}
		s := Subset(set, []int{4, 0, 4})
		if got := labels(t, s); !slices.Equal(got, []int{4, 0, 4}) {
			t.Errorf("%s: %v", name, got)
		}
		if got := labels(t, Subset(s, []int{2, 1})); !slices.Equal(got, []int{4, 0}) {
			t.Errorf("%s: subset of a subset is %v", name, got)
		}
		_, err := s.At(3)
		wantError(t, err, "no example 3")
		wantError(t, tensor.Try(func() { Subset(set, []int{0, 6}) }), "index 6", "0 to 5")
	}
}

func TestSubsetStaysDirect(t *testing.T) {
	if _, ok := Subset(Subset(numbered(4, 1, 1), []int{1, 2}), []int{0}).(direct); !ok {
		t.Error("a subset of a subset of tensors is not direct")
	}
	if _, ok := Subset(opaque{numbered(4, 1, 1)}, []int{1}).(direct); ok {
		t.Error("a subset of any set claims to be direct")
	}
}

func TestSplit(t *testing.T) {
	a, b := Split(numbered(10, 1, 1), .75, 3)
	if a.Len() != 8 || b.Len() != 2 {
		t.Fatalf("%d and %d examples, want 8 and 2", a.Len(), b.Len())
	}
	first := labels(t, a)
	all := append(slices.Clone(first), labels(t, b)...)
	slices.Sort(all)
	if !slices.Equal(all, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("not a partition: %v", all)
	}
	again, _ := Split(numbered(10, 1, 1), .75, 3)
	if !slices.Equal(first, labels(t, again)) {
		t.Error("the same seed splits in another way")
	}
	other, _ := Split(numbered(10, 1, 1), .75, 4)
	if slices.Equal(first, labels(t, other)) {
		t.Error("another seed splits in the same way")
	}
}

func TestSplitEdges(t *testing.T) {
	for share, want := range map[float64]int{0: 0, 1: 5} {
		a, b := Split(numbered(5, 1, 1), share, 1)
		if a.Len() != want || b.Len() != 5-want {
			t.Errorf("share %g: %d and %d", share, a.Len(), b.Len())
		}
	}
	for _, share := range []float64{-.1, 1.1, nan()} {
		wantError(t, tensor.Try(func() { Split(numbered(5, 1, 1), share, 1) }), "share")
	}
}
