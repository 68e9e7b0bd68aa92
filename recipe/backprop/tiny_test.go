package backprop

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

// drawnTiny is a 2-3-1 network with weights from seed.
func drawnTiny(seed uint64, spread float64) (n tiny) {
	v := tensor.Data[float32](tensor.NewRand(seed).Normal(0, spread, 13))
	for j := range n.w1 {
		n.w1[j] = [2]float64{float64(v[4*j]), float64(v[4*j+1])}
		n.b1[j], n.w2[j] = float64(v[4*j+2]), float64(v[4*j+3])
	}
	n.b2 = float64(v[12])
	return n
}

// params lists where all thirteen numbers are, in their written order.
func (n *tiny) params() (names []string, at []*float64) {
	for j := range n.w1 {
		for i := range n.w1[j] {
			names, at = append(names, nameW1(j, i)), append(at, &n.w1[j][i])
		}
		names, at = append(names, nameOf("b1", j), nameOf("W2", j)), append(at, &n.b1[j], &n.w2[j])
	}
	return append(names, "b2"), append(at, &n.b2)
}

// The three ways agree from many seeds, on inputs inside and far outside the
// table, and for answers between no and yes.
func TestTinyWaysAgreeFromManySeeds(t *testing.T) {
	inputs := [][2]float64{{0, 0}, {0, 1}, {1, 1}, {0.3, -0.8}, {-2, 1.5}}
	for seed := uint64(1); seed <= 25; seed++ {
		n := drawnTiny(seed, 0.8)
		for k, x := range inputs {
			y := float64((int(seed)+k)%3) / 2 // 0, ½ or 1
			_, rows, off := n.compare(x, y)
			if !(off < 1e-12) {
				t.Errorf("seed %d, x %v: values are %g apart", seed, x, off)
			}
			for _, r := range rows {
				if !(r.off() < 1e-9) {
					t.Errorf("seed %d, x %v, y %g, %s: %.12f by hand, %.12f by limpid, %.12f by differences", seed, x, y, r.name, r.hand, r.auto, r.finite)
				}
			}
		}
	}
}

// Values forward are those of the formulas written once more, in one line each.
func TestRunForward(t *testing.T) {
	n := tiny{w1: [3][2]float64{{1, -2}, {0.5, 0}, {0, 3}}, b1: [3]float64{0.25, -1, 0}, w2: [3]float64{2, -1, 0.5}, b2: 0.1}
	tr := n.run([2]float64{1, 1}, 1, "", 0)
	if tr.z1 != [3]float64{-0.75, -0.5, 3} {
		t.Errorf("z1 %v", tr.z1)
	}
	z2 := 2*math.Tanh(-0.75) - math.Tanh(-0.5) + 0.5*math.Tanh(3) + 0.1
	if math.Abs(tr.z2-z2) > 1e-15 || math.Abs(tr.p-1/(1+math.Exp(-z2))) > 1e-15 || math.Abs(tr.loss+math.Log(tr.p)) > 1e-15 {
		t.Errorf("z2 %g, want %g; p %g, loss %g", tr.z2, z2, tr.p, tr.loss)
	}
	if no := n.run([2]float64{1, 1}, 0, "", 0); math.Abs(no.loss+math.Log(1-tr.p)) > 1e-15 {
		t.Errorf("with the answer no: loss %g, want %g", no.loss, -math.Log(1-tr.p))
	}
}

// Nudging a parameter is the same as a network with that parameter moved;
// nudging what is not there changes nothing.
func TestNudgeMovesOneQuantity(t *testing.T) {
	n, x := drawnTiny(3, 1), [2]float64{0.7, -0.4}
	names, _ := n.params()
	for k, name := range names {
		moved := n
		_, at := moved.params()
		*at[k] += 0.01
		got, want := n.run(x, 1, name, 0.01).loss, moved.run(x, 1, "", 0).loss
		if math.Abs(got-want) > 1e-15 {
			t.Errorf("%s: loss %.15f, want %.15f", name, got, want)
		}
		if got == n.run(x, 1, "", 0).loss {
			t.Errorf("%s moves nothing", name)
		}
	}
	if n.run(x, 1, "W9", 1).loss != n.run(x, 1, "", 0).loss {
		t.Error("W9 moved something")
	}
}

// place knows each parameter, and no value that is none.
func TestPlace(t *testing.T) {
	n := drawnTiny(1, 1)
	names, at := n.params()
	for k, name := range names {
		if n.place(name) != at[k] {
			t.Errorf("%s is somewhere else", name)
		}
	}
	for _, name := range []string{"", "p", "z2", "h[1]", "z1[2]", "W1", "W1[4,1]", "b1[0]", "W2[4]"} {
		if n.place(name) != nil {
			t.Errorf("%q has a place", name)
		}
	}
}

// The rows come in the order of the chain rule: each after what it is made of.
func TestBackwardGoesBack(t *testing.T) {
	n := drawnTiny(2, 1)
	tr := n.run([2]float64{1, 0}, 1, "", 0)
	place := map[string]int{}
	for k, r := range tr.backward() {
		if _, twice := place[r.name]; twice {
			t.Errorf("%s is there twice", r.name)
		}
		place[r.name] = k
		if r.rule == "" || r.numbers == "" {
			t.Errorf("%s has no rule or no numbers", r.name)
		}
	}
	names, _ := n.params()
	for _, name := range names {
		if _, there := place[name]; !there {
			t.Errorf("%s has no derivative", name)
		}
	}
	for _, pair := range [][2]string{{"p", "z2"}, {"z2", "b2"}, {"z2", "W2[3]"}, {"W2[1]", "h[1]"}, {"h[2]", "z1[2]"}, {"z1[3]", "b1[3]"}, {"z1[1]", "W1[1,2]"}} {
		if place[pair[0]] >= place[pair[1]] {
			t.Errorf("%s comes after %s", pair[0], pair[1])
		}
	}
}

// Known values of a network without weights: p is ½, and only what does not
// pass through a weight has a slope.
func TestNetworkOfNoughts(t *testing.T) {
	for _, e := range table {
		tr, rows, _ := tiny{}.compare(e.x, e.y)
		if tr.p != 0.5 || math.Abs(tr.loss-math.Ln2) > 1e-15 {
			t.Errorf("x %v: p %g, loss %g", e.x, tr.p, tr.loss)
		}
		for _, r := range rows {
			want := map[string]float64{"p": 2 - 4*e.y, "z2": 0.5 - e.y, "b2": 0.5 - e.y}[r.name]
			if math.Abs(r.hand-want) > 1e-15 || math.Abs(r.auto-want) > 1e-12 {
				t.Errorf("x %v, %s: %g by hand, %g by limpid, want %g", e.x, r.name, r.hand, r.auto, want)
			}
		}
	}
}

// No way that is off stays hidden, whichever of the three it is.
func TestOffSeesEachWay(t *testing.T) {
	for name, r := range map[string]row{
		"by hand": {hand: 2e-6}, "by limpid": {auto: 2e-6}, "by differences": {finite: 2e-6},
		"no number": {auto: math.NaN()},
	} {
		if r.off() <= 1e-6 {
			t.Errorf("%s: off by %g", name, r.off())
		}
	}
	if got := apart(1e6, 1e6+1); math.Abs(got-1e-6) > 1e-9 {
		t.Errorf("great numbers are %g apart, want a share", got)
	}
	w := walk{valueOff: 3, examples: []example{{rows: []row{{hand: 1}}}}}
	if w.off() != 3 {
		t.Errorf("a value off by 3 makes %g", w.off())
	}
	w.digits[2].finite = 5
	if w.off() != 5 {
		t.Errorf("a derivative of the digits off by 5 makes %g", w.off())
	}
}

// The weights that a built network has are those that the walk shows, each at
// its place: both give the same answer.
func TestWalkShowsTheNetwork(t *testing.T) {
	for _, seed := range []uint64{1, 8} {
		task := opened(t, func(c *Config) { c.Seed, c.Hidden = seed, 6 })
		net := task.Also[0].Net
		n := tinyOf(net)
		for _, e := range table {
			y, err := net.Predict(tensor.Of([]float32{float32(e.x[0]), float32(e.x[1])}, 1, 2))
			if err != nil {
				t.Fatal(err)
			}
			if z2 := n.run(e.x, 0, "", 0).z2; math.Abs(z2-y.Item()) > 1e-6 {
				t.Errorf("seed %d, x %v: %g, the network says %g", seed, e.x, z2, y.Item())
			}
		}
		d := denseOf(task.Net)
		ex, err := task.Test.At(3)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.Data[float64](ex.X.To(tensor.Float64))
		_, p, _ := d.forward(x, []int{0})
		y, err := task.Net.Predict(ex.X.Reshape(1, 8, 8, 1))
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range tensor.Data[float32](y.Softmax(-1)) {
			if math.Abs(p[k]-float64(want)) > 1e-5 {
				t.Errorf("seed %d: class %d has %g, the network says %g", seed, k, p[k], want)
			}
		}
	}
}

// dense agrees with itself on any sizes, and its own finite differences see a
// slip in the formulas.
func TestDenseOfAnySize(t *testing.T) {
	for _, size := range [][3]int{{1, 1, 2}, {3, 2, 4}, {5, 7, 3}} {
		d := &dense{in: size[0], hidden: size[1], out: size[2]}
		r := tensor.NewRand(uint64(size[0]))
		for k, n := range []int{d.hidden * d.in, d.hidden, d.out * d.hidden, d.out} {
			d.params[k] = tensor.Data[float64](r.Normal(0, 0.7, n).To(tensor.Float64))
		}
		x := tensor.Data[float64](r.Normal(0, 1, 2*d.in).To(tensor.Float64))
		before := fmt.Sprint(d.params)
		checks, off := d.compare(x, []int{0, d.out - 1})
		for _, c := range checks {
			if !(c.hand < 1e-12) || !(c.finite < 1e-9) || c.largest == 0 {
				t.Errorf("%v: %+v", size, c)
			}
		}
		if !(off < 1e-12) || fmt.Sprint(d.params) != before {
			t.Errorf("%v: losses %g apart; weights as before: %v", size, off, fmt.Sprint(d.params) == before)
		}
	}
}

// Of a softmax, gradients over the classes add up to nothing; probabilities
// to one.
func TestDenseAddsUp(t *testing.T) {
	d := denseOf(opened(t, func(c *Config) { c.Hidden = 4 }).Net)
	x := make([]float64, 2*d.in)
	for i := range x {
		x[i] = math.Cos(float64(i))
	}
	_, p, loss := d.forward(x, []int{2, 9})
	if want := -(math.Log(p[2]) + math.Log(p[d.out+9])) / 2; math.Abs(loss-want) > 1e-12 {
		t.Errorf("loss %g, want %g", loss, want)
	}
	for e := range 2 {
		sum := 0.0
		for _, v := range p[e*d.out : (e+1)*d.out] {
			sum += v
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("probabilities add up to %g", sum)
		}
	}
	sum := 0.0
	for _, v := range d.gradients(x, []int{2, 9})[3] {
		sum += v
	}
	if math.Abs(sum) > 1e-12 {
		t.Errorf("the derivatives by the last biases add up to %g", sum)
	}
}

// Scores so great that e to them is no number still have a softmax.
func TestSoftmaxOfGreatScores(t *testing.T) {
	for _, shift := range []float64{0, 1000, -1000} {
		s := []float64{1 + shift, 2 + shift, 3 + shift}
		loss := softmax(s, 0)
		if want := math.Log(1 + math.E + math.E*math.E); math.Abs(loss-want) > 1e-12 || math.Abs(s[2]/s[1]-math.E) > 1e-12 {
			t.Errorf("moved by %g: loss %g, want %g; probabilities %v", shift, loss, want, s)
		}
	}
}

func TestPlaces(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		n    int
		want string
	}{
		{0, 2, "0.00"}, {math.Copysign(0, -1), 2, "0.00"}, {-1e-9, 4, "0.0000"}, {-0.06, 1, "-0.1"}, {-10, 0, "-10"}, {1.25, 4, "1.2500"}, {100, 1, "100.0"},
	} {
		if got := places(tt.v, tt.n); got != tt.want {
			t.Errorf("%g with %d places: %q, want %q", tt.v, tt.n, got, tt.want)
		}
	}
}

// Of a network that is stuck the page says so, with the source, and does not
// call it learned; of one with the right weights, set by hand, it does.
func TestFate(t *testing.T) {
	stuck := tiny{w1: [3][2]float64{{-2.99, -5.39}, {1.83, 3.73}, {-2.39, 5.47}}, b2: math.Log(3)}
	right, loss := stuck.marks()
	if right != 2 || math.Abs(loss-(math.Log(4)+math.Log(4.0/3))/2) > 1e-12 {
		t.Errorf("an answer of ¾ to all gets %d right at a loss of %g", right, loss)
	}
	if text := strings.Join(fate(stuck), "\n"); !strings.Contains(text, "2 of the four") || !strings.Contains(text, "Sprinkhuizen-Kuyper and Boers 1999") || strings.Contains(text, "all four") {
		t.Errorf("stuck: %s", text)
	}
	solved := tiny{w1: [3][2]float64{{9, 9}, {9, 9}}, b1: [3]float64{-4, -13}, w2: [3]float64{8, -8}, b2: -8}
	if right, loss := solved.marks(); right != 4 || loss > 0.01 {
		t.Fatalf("weights set by hand get %d right at a loss of %g", right, loss)
	}
	if text := strings.Join(fate(solved), "\n"); !strings.Contains(text, "all four") || !strings.Contains(text, "Not every seed") {
		t.Errorf("solved: %s", text)
	}
}

// A recipe that takes no folder says so whatever the folder is; without one the
// network has the size that was asked for.
func TestOpenRefuses(t *testing.T) {
	for _, data := range []string{"/", t.TempDir(), "nowhere"} {
		c := defaults()
		c.Data = data
		if task, err := Recipe.Open(&c); err == nil || task != nil {
			t.Errorf("--data %s: %v, %v", data, task, err)
		}
	}
	got := 0
	for _, p := range opened(t, func(c *Config) { c.Hidden = 7 }).Net.Params() {
		got += p.Value().Len()
	}
	if want := 64*7 + 7 + 70 + 10; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
}
