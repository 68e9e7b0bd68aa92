package tensor

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Laws of operations that move elements or choose among them, on random shapes
// and options, by the place of each element.

// eachPlace calls f with every place of x and its element.
func eachPlace(x Tensor, f func(place []int, v float64)) {
	for i := range x.Len() {
		f(x.h.place(i), x.h.at(i))
	}
}

// moved checks that each element of y is the element of x that from names, or
// 0 where from returns nil.
func moved(t *testing.T, what string, x, y Tensor, shape []int, from func(place []int) []int) {
	t.Helper()
	if !slices.Equal(y.Shape(), shape) {
		t.Fatalf("%s of %v: shape %v, want %v", what, x.Shape(), y.Shape(), shape)
	}
	eachPlace(y, func(place []int, v float64) {
		want := 0.0
		if at := from(slices.Clone(place)); at != nil {
			want = x.At(at...)
		}
		if v != want {
			t.Fatalf("%s of %v: element %v is %v, want %v", what, x.Shape(), place, v, want)
		}
	})
}

// drawnOf returns a tensor of distinct numbers, of a drawn type and shape.
func drawnOf(d *dice, lowest int) Tensor {
	x := alloc(nil, Float64, d.full(lowest+d.Intn(4)))
	for i := range elems[float64](x.h) {
		elems[float64](x.h)[i] = float64(i + 1)
	}
	return x.To([...]DType{Float32, Float64, Int32, Uint8}[d.Intn(4)])
}

// signed returns axis, or the same counted from the end.
func signed(d *dice, axis, rank int) int {
	if d.Intn(2) == 0 {
		return axis - rank
	}
	return axis
}

func with1(shape []int, axis, n int) []int {
	s := slices.Clone(shape)
	s[axis] = n
	return s
}

func TestMovesByPlace(t *testing.T) {
	for seed := range 200 {
		d := newDice(seed)
		x := drawnOf(d, 1)
		shape, rank := x.Shape(), x.Rank()
		a := d.Intn(rank)
		n, axis := shape[a], signed(d, a, rank)
		lo := d.Intn(n + 1)
		hi := lo + d.Intn(n-lo+1)
		from, to := lo, hi
		if d.Intn(2) == 0 && lo < n && hi < n { // from the end
			from, to = lo-n, hi-n
		}
		moved(t, fmt.Sprint("Slice ", axis, from, to), x, x.Slice(axis, from, to), with1(shape, a, hi-lo), func(p []int) []int { p[a] += lo; return p })
		i := d.Intn(n)
		moved(t, fmt.Sprint("Index ", axis, i), x, x.Index(axis, signed(d, i, n)), slices.Delete(slices.Clone(shape), a, a+1), func(p []int) []int { return slices.Insert(p, a, i) })
		before, after := d.Intn(3), d.Intn(3)
		moved(t, fmt.Sprint("Pad ", axis, before, after), x, x.Pad(axis, before, after), with1(shape, a, n+before+after), func(p []int) []int {
			if p[a] -= before; p[a] < 0 || p[a] >= n {
				return nil
			}
			return p
		})
		moved(t, fmt.Sprint("Flip ", axis), x, x.Flip(axis), shape, func(p []int) []int { p[a] = n - 1 - p[a]; return p })
		moved(t, fmt.Sprint("Unsqueeze ", a), x, x.Unsqueeze(a), slices.Insert(slices.Clone(shape), a, 1), func(p []int) []int { return slices.Delete(p, a, a+1) })
		order := d.Perm(rank)
		turned := make([]int, rank)
		for k, o := range order {
			turned[k] = shape[o]
		}
		moved(t, fmt.Sprint("Permute ", order), x, x.Permute(order...), turned, func(p []int) []int {
			back := make([]int, rank)
			for k, o := range order {
				back[o] = p[k]
			}
			return back
		})
		lead := append([]int{1 + d.Intn(3)}, shape...)
		moved(t, "BroadcastTo", x, x.BroadcastTo(lead...), lead, func(p []int) []int { return p[1:] })
		if rank > 1 {
			swapped := slices.Clone(shape)
			swapped[rank-1], swapped[rank-2] = swapped[rank-2], swapped[rank-1]
			moved(t, "T", x, x.T(), swapped, func(p []int) []int { p[rank-1], p[rank-2] = p[rank-2], p[rank-1]; return p })
		}
	}
}

func TestJoinsByPlace(t *testing.T) {
	for seed := range 150 {
		d := newDice(500 + seed)
		x := drawnOf(d, 1)
		shape, rank := x.Shape(), x.Rank()
		a := d.Intn(rank)
		parts := make([]Tensor, 1+d.Intn(4))
		starts := []int{0}
		for i := range parts {
			n := d.Intn(shape[a] + 1)
			parts[i] = x.Slice(a, shape[a]-n, shape[a])
			starts = append(starts, starts[i]+n)
		}
		joined := Concat(signed(d, a, rank), parts...)
		moved(t, fmt.Sprint("Concat ", a), x, joined, with1(shape, a, starts[len(parts)]), func(p []int) []int {
			k := 0
			for starts[k+1] <= p[a] {
				k++
			}
			p[a] += shape[a] - parts[k].Dim(a) - starts[k]
			return p
		})
		for i, part := range parts {
			if got := joined.Slice(a, starts[i], starts[i+1]); !slices.Equal(floatsOf(got), floatsOf(part)) {
				t.Fatalf("part %d of %d comes out as %v, went in as %v", i, len(parts), got, part)
			}
		}
		stacked := Stack(a, x, x.Flip(a))
		for i, want := range []Tensor{x, x.Flip(a)} {
			if got := stacked.Index(a, i); !slices.Equal(floatsOf(got), floatsOf(want)) || !slices.Equal(got.Shape(), shape) {
				t.Fatalf("stacked along %d, %v comes out as %v", a, want, got)
			}
		}
		k := shape[a] * (1 + d.Intn(2)) // more parts of a repeated axis
		twice := Concat(a, x, x)
		if 2*shape[a]%k == 0 {
			cut := twice.Split(signed(d, a, rank), k)
			if len(cut) != k || !slices.Equal(floatsOf(Concat(a, cut...)), floatsOf(twice)) {
				t.Fatalf("%v cut into %d along %d does not join again", twice.Shape(), k, a)
			}
		}
	}
}

func TestPicksByPlace(t *testing.T) {
	for seed := range 150 {
		d := newDice(900 + seed)
		x := drawnOf(d, 1)
		shape, rank := x.Shape(), x.Rank()
		a := d.Intn(rank)
		ix := d.index(shape[a], d.full(d.Intn(3)))
		taken := slices.Concat(shape[:a], ix.Shape(), shape[a+1:])
		moved(t, fmt.Sprint("Take ", a), x, x.Take(signed(d, a, rank), ix), taken, func(p []int) []int {
			at := int(ix.At(p[a : a+ix.Rank()]...))
			return slices.Concat(p[:a], []int{at}, p[a+ix.Rank():])
		})
		each := d.index(shape[a], with1(shape, a, 1+d.Intn(4)))
		moved(t, fmt.Sprint("Gather ", a), x, x.Gather(signed(d, a, rank), each), each.Shape(), func(p []int) []int {
			p[a] = int(each.At(p...))
			return p
		})
		f := x.To(Float64)
		places := d.index(shape[a], []int{1 + d.Intn(5)})
		v := d.normal(with1(shape, a, places.Len()))
		want := floatsOf(f)
		eachPlace(v, func(p []int, add float64) {
			p[a] = int(places.At(p[a]))
			flat := 0
			for k, i := range p {
				flat = flat*shape[k] + i
			}
			want[flat] += add
		})
		wantValues(t, fmt.Sprint("ScatterAdd ", a), f.ScatterAdd(signed(d, a, rank), places, v), shape, want...)
		hot := ix.OneHot(shape[a])
		eachPlace(hot, func(p []int, v float64) {
			if last := len(p) - 1; (v == 1) != (int(ix.At(p[:last]...)) == p[last]) || v != 0 && v != 1 {
				t.Fatalf("OneHot of %v at %v: %v", ix, p, v)
			}
		})
	}
}

// TestTopKSorts holds TopK against sorting, with ties and numbers that are
// none, which come first.
func TestTopKSorts(t *testing.T) {
	for seed := range 200 {
		d := newDice(1300 + seed)
		rows, cols := 1+d.Intn(3), 1+d.Intn(9)
		x := d.fill([]int{rows, cols}, func() float64 {
			switch v := d.Intn(12); v {
			case 0:
				return math.NaN()
			case 1:
				return math.Inf(1 - 2*d.Intn(2))
			default:
				return float64(v / 3)
			}
		}).To([...]DType{Float32, Float64}[d.Intn(2)])
		k := d.Intn(cols + 1)
		v, ix := x.TopK(k)
		if !slices.Equal(v.Shape(), []int{rows, k}) || !slices.Equal(ix.Shape(), []int{rows, k}) || ix.DType() != Int32 || v.DType() != x.DType() {
			t.Fatalf("TopK(%d) of %v gives %v and %v", k, x.Shape(), v, ix)
		}
		for r := range rows {
			order := make([]int, cols)
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(i, j int) int {
				a, b := x.At(r, i), x.At(r, j)
				switch {
				case a == b || a != a && b != b:
					return 0
				case a != a || a > b:
					return -1
				}
				return 1
			})
			for i := range k {
				if got := int(ix.At(r, i)); got != order[i] {
					t.Fatalf("TopK(%d) of %v, row %d: place %d is %d, want %d", k, x, r, i, got, order[i])
				}
			}
			if got := int(x.ArgMax(1).At(r)); got != order[0] {
				t.Fatalf("ArgMax of %v, row %d: %d, want %d", x, r, got, order[0])
			}
		}
	}
}

// TestWindowsShareAndCopiesDoNot: what the documentation says about memory.
func TestWindowsShareAndCopiesDoNot(t *testing.T) {
	x := NewRand(1).Normal(0, 1, 4, 6)
	shares := func(y Tensor) bool {
		at, first := uintptr(y.h.ptr), uintptr(x.h.ptr)
		return at >= first && at < first+24*4
	}
	for name, c := range map[string]struct {
		y    Tensor
		want bool
	}{
		"Reshape": {x.Reshape(6, 4), true}, "Flatten": {x.Flatten(), true}, "Unsqueeze": {x.Unsqueeze(0), true}, "Squeeze": {x.Unsqueeze(0).Squeeze(0), true},
		"Slice of the first axis": {x.Slice(0, 1, 3), true}, "Detach": {x.Detach(), true}, "Keep": {x.Keep(), true}, "To itself": {x.To(Float32), true},
		"Slice of the last axis": {x.Slice(1, 1, 3), false}, "T": {x.T(), false}, "Flip": {x.Flip(0), false}, "Concat": {Concat(0, x), false},
		"Take": {x.Take(0, Ints(0)), false}, "Scale by 1": {x.Scale(1), false}, "Pad by 0": {x.Pad(0, 0, 0), false}, "Of its Data": {Of(Data[float32](x)), false},
	} {
		if shares(c.y) != c.want {
			t.Errorf("%s: shares x's memory is %v, want %v", name, !c.want, c.want)
		}
	}
	s := NewScope()
	if leaf := s.Track(x); !shares(leaf) || !leaf.Tracked() || x.Tracked() {
		t.Error("Track copies, or tracks its operand itself")
	}
}

// TestRandomStreams: what a stream gives depends on its seed and on how many
// numbers were drawn before, and is spread as its name says.
func TestRandomStreams(t *testing.T) {
	whole := Data[float32](NewRand(5).Normal(0, 1, 40))
	r := NewRand(5)
	pieces := slices.Concat(Data[float32](r.Normal(0, 1, 10)), Data[float32](r.Normal(0, 1, 6, 5)))
	if !slices.Equal(whole, pieces) {
		t.Error("numbers drawn in pieces of even length are not those drawn at once")
	}
	seen := map[float64]bool{}
	for seed := range uint64(200) {
		v := NewRand(seed).Float64()
		if v < 0 || v >= 1 || seen[v] {
			t.Fatalf("seed %d begins with %v, which is outside [0, 1) or another's", seed, v)
		}
		seen[v] = true
	}
	const n = 40_000
	x := NewRand(6).Normal(0, 1, n)
	near(t, "third moment of the normal", x.Pow(3).Mean().Item()+1, 1, .06)
	near(t, "fourth moment of the normal", x.Pow(4).Mean().Item(), 3, .06)
	near(t, "share within one deviation", x.Abs().Less(Full(1)).To(Float32).Mean().Item(), .6827, .02)
	u := NewRand(7).Uniform(-2, 3, n)
	for i := range 5 {
		in := u.Less(Full(float64(i) - 1)).To(Float32).Sub(u.Less(Full(float64(i) - 2)).To(Float32)).Mean().Item()
		near(t, fmt.Sprint("share of the uniform in part ", i), in, .2, .05)
	}
	if lo, hi := u.Min().Item(), u.Max().Item(); lo < -2 || hi > 3 {
		t.Errorf("uniform in [-2, 3) from %v to %v", lo, hi)
	}
	for _, p := range []float64{0, .25, 1} {
		b := NewRand(8).Bernoulli(p, n)
		near(t, fmt.Sprint("Bernoulli ", p), b.Mean().Item()+1, p+1, .01)
		if b.Mul(b).Sub(b).Norm().Item() != 0 {
			t.Errorf("Bernoulli %v gives more than 0 and 1", p)
		}
	}
	firsts := [4]int{}
	for seed := range uint64(4000) {
		p := NewRand(seed).Perm(4)
		firsts[p[0]]++
		slices.Sort(p)
		if !slices.Equal(p, []int{0, 1, 2, 3}) {
			t.Fatalf("seed %d: no permutation", seed)
		}
	}
	for i, c := range firsts {
		if c < 880 || c > 1120 { // 4 standard deviations
			t.Errorf("%d of 4000 permutations begin with %d, want about 1000", c, i)
		}
	}
}
