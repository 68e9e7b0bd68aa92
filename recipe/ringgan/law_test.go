package ringgan

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// However samples lie, what is counted adds up: no more than there are, the
// share of high quality is the modes' sum, and moving the samples and the
// centres together changes nothing.
func TestCountingLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "n")
		p := points{centres: make([][2]float64, rapid.IntRange(1, 6).Draw(t, "modes")), deviation: 0.1}
		r := tensor.NewRand(rapid.Uint64().Draw(t, "seed"))
		for i := range p.centres {
			p.centres[i] = [2]float64{4*r.Float64() - 2, 4*r.Float64() - 2}
		}
		p.centres[0][0] = 3 // the extent is there whatever is drawn
		x := r.Uniform(-3/p.scale(), 3/p.scale(), n, 2)
		c := p.count(x)
		sum := 0
		for _, k := range c.perMode {
			sum += k
		}
		if sum > n || math.Abs(c.high*float64(n)-float64(sum)) > 1e-9 || c.modes() > len(p.centres) {
			t.Fatalf("%+v of %d samples", c, n)
		}
		turned := points{deviation: p.deviation}
		for _, m := range p.centres {
			turned.centres = append(turned.centres, [2]float64{-m[1], m[0]}) // by a right angle
		}
		v, w := tensor.Data[float32](x), make([]float32, 2*n)
		for i := range n {
			w[2*i], w[2*i+1] = -v[2*i+1], v[2*i]
		}
		if got := turned.count(tensor.Of(w, n, 2)); !slices.Equal(got.perMode, c.perMode) {
			t.Fatalf("turned: %v, want %v", got.perMode, c.perMode)
		}
	})
}

// Points are drawn alike from the same seed and state, and lie about their
// centres with the right deviation.
func TestDrawnPoints(t *testing.T) {
	for _, p := range []points{ring(), grid()} {
		a, b := p.draw(tensor.NewRand(5), 50), p.draw(tensor.NewRand(5), 50)
		if !slices.Equal(tensor.Data[float32](a), tensor.Data[float32](b)) {
			t.Errorf("%s: two draws from one seed differ", p.name)
		}
		v, sum, n := tensor.Data[float32](p.draw(tensor.NewRand(6), 8000)), 0.0, 8000
		for i := range n {
			x, y := float64(v[2*i])*p.scale(), float64(v[2*i+1])*p.scale()
			nearest := math.Inf(1)
			for _, m := range p.centres {
				nearest = min(nearest, math.Hypot(x-m[0], y-m[1]))
			}
			sum += nearest * nearest
		}
		if got := math.Sqrt(sum / float64(2*n)); math.Abs(got/p.deviation-1) > 0.02 {
			t.Errorf("%s: deviation %g, want %g", p.name, got, p.deviation)
		}
	}
}

// A generator that is averaged is judged by the average: after a step it is
// neither the first weights nor the last.
func TestSettle(t *testing.T) {
	d, err := newDuel(small(), ring(), 1, false, 1e-2, 10)
	if err != nil {
		t.Fatal(err)
	}
	value := func() tensor.Tensor { return d.gen.Params()[0].Value().Keep() }
	first := value()
	for range 5 {
		if _, err := d.round(); err != nil {
			t.Fatal(err)
		}
	}
	last := value()
	d.settle()
	settled := value()
	for name, other := range map[string]tensor.Tensor{"first": first, "last": last} {
		if settled.Sub(other).Abs().Max().Item() == 0 {
			t.Errorf("the %s weights are judged", name)
		}
	}
	if settled.Sub(d.average.Weights()[d.gen.Params()[0].Path()]).Abs().Max().Item() != 0 {
		t.Error("what is judged is not the average")
	}
}

// Duels that are played side by side are those played one by one.
func TestSideBySide(t *testing.T) {
	c := small()
	play := func(together bool) (all []float64) {
		var duels []*duel
		for seed := range uint64(3) {
			d, err := newDuel(c, ring(), seed, seed == 2, 1e-3, 6)
			if err != nil {
				t.Fatal(err)
			}
			duels = append(duels, d)
		}
		groups := [][]*duel{duels}
		if !together {
			groups = [][]*duel{duels[:1], duels[1:2], duels[2:]}
		}
		for _, g := range groups {
			if _, err := sideBySide(g, 6).Play(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return sums(&contest{duels: duels})
	}
	if a, b := play(true), play(false); !slices.Equal(a, b) {
		t.Errorf("together %v, apart %v", a, b)
	}
}

// A game whose discriminator runs away says which round it was.
func TestRunawayGame(t *testing.T) {
	d, err := newDuel(small(), ring(), 1, true, 1e30, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sideBySide([]*duel{d}, 10).Play(t.Context()); err == nil || !strings.Contains(err.Error(), "round") {
		t.Errorf("%v", err)
	}
}

// Names of the games tell kinds and seeds apart.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for i := range 6 {
		seen[nameOf(i, 3)] = true
	}
	if len(seen) != 6 || !seen["packed-3"] || !seen["plain-1"] {
		t.Errorf("%v", seen)
	}
	c := small()
	c.Seeds = 2
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range task.Also {
		names = append(names, p.Name)
	}
	if strings.Join(names, " ") != "packed-2 plain-1 plain-2" || !task.Alone || task.Answer == nil {
		t.Errorf("%v", names)
	}
}

// What is kept on the way is kept once a moment, and none is lost to a game
// that has fewer rounds than moments.
func TestLook(t *testing.T) {
	x, _ := contestOf(t, small())
	for n := range x.config.Rounds {
		if err := x.look(n); err != nil {
			t.Fatal(err)
		}
	}
	if x.history.Dim(0) < 3*2*drawn || x.history.Dim(0)%(2*drawn) != 0 {
		t.Errorf("%v samples", x.history.Shape())
	}
	s, ok := x.growing()
	if !ok || len(s.Body) != 2 {
		t.Errorf("%+v", s)
	}
	if _, ok := (&contest{}).growing(); ok {
		t.Error("shows what was not kept")
	}
}

// Every setting has a range, and a run by other settings is held to nothing.
func TestSettings(t *testing.T) {
	for _, kv := range [][2]string{{"pack", "0"}, {"gamma", "-1"}, {"average", "1"}, {"rounds", "10"}, {"latent", "x"}} {
		c := defaults()
		if err := recipe.Set(&c, kv[0], kv[1]); err == nil {
			t.Errorf("takes %s=%s", kv[0], kv[1])
		}
	}
	c := defaults()
	if err := recipe.Check(&c); err != nil {
		t.Error(err)
	}
}
