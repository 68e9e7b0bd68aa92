package ringgan

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// small are settings for games of a moment.
func small() *Config {
	c := defaults()
	c.Rounds, c.Seeds, c.Width, c.Batch, c.Every = 40, 1, 8, 8, 10
	return &c
}

// contestOf opens a contest.
func contestOf(t *testing.T, c *Config) (*contest, *recipe.Task) {
	t.Helper()
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	x := &contest{config: c, points: pointsOf(c), options: task.Options.(*options)}
	for _, plain := range []bool{false, true} {
		for s := range c.Seeds {
			d, err := newDuel(c, x.points, c.Seed+uint64(s), plain, c.LR, c.Rounds)
			if err != nil {
				t.Fatal(err)
			}
			x.duels = append(x.duels, d)
		}
	}
	return x, task
}

// The mixtures are those of the protocol.
func TestPoints(t *testing.T) {
	for _, tt := range []struct {
		points    points
		centres   int
		deviation float64
		extent    float64
	}{{ring(), 8, 0.01, 1}, {grid(), 25, 0.05, 4}} {
		p := tt.points
		if len(p.centres) != tt.centres || p.deviation != tt.deviation || math.Abs(p.scale()*extent-tt.extent) > 1e-12 {
			t.Errorf("%s: %d centres, deviation %g, scale %g", p.name, len(p.centres), p.deviation, p.scale())
		}
		for _, c := range p.centres {
			if p.name == "ring" && math.Abs(math.Hypot(c[0], c[1])-1) > 1e-12 {
				t.Errorf("%v is not on the ring", c)
			}
			if p.name == "grid" && (math.Mod(c[0], 2) != 0 || math.Abs(c[0]) > 4 || math.Abs(c[1]) > 4) {
				t.Errorf("%v is not on the grid", c)
			}
		}
	}
}

// Real samples cover all modes evenly, and are of high quality as often as a
// Gaussian of the plane is within three deviations: 1 − e^(−9/2) = 98.9%.
func TestRealSamples(t *testing.T) {
	for _, p := range []points{ring(), grid()} {
		n := 20000
		c := p.count(p.draw(tensor.NewRand(3), n))
		if c.modes() != len(p.centres) || math.Abs(c.high-(1-math.Exp(-4.5))) > 0.003 {
			t.Errorf("%s: %d modes, high %.4f", p.name, c.modes(), c.high)
		}
		share := float64(n) / float64(len(p.centres))
		for k, got := range c.perMode {
			if math.Abs(float64(got)-share) > 5*math.Sqrt(share) {
				t.Errorf("%s: mode %d has %d of %d samples", p.name, k, got, n)
			}
		}
	}
}

// Counting, by hand: a sample belongs to its nearest centre, if it is within
// three deviations; twenty make a mode.
func TestCount(t *testing.T) {
	p := points{name: "two", centres: [][2]float64{{-1, 0}, {1, 0}}, deviation: 0.1}
	var v []float32
	add := func(n int, x, y float64) {
		for range n {
			v = append(v, float32(x/p.scale()), float32(y/p.scale()))
		}
	}
	add(20, -1, 0.29) // covered
	add(19, 1, 0)     // one too few
	add(5, 1, 0.31)   // too far
	add(6, 0, 0)      // between
	c := p.count(tensor.Of(v, len(v)/2, 2))
	if !slices.Equal(c.perMode, []int{20, 19}) || c.modes() != 1 || math.Abs(c.high-39.0/50) > 1e-12 {
		t.Errorf("%+v", c)
	}
	modes, high := means([]count{c, {perMode: []int{20, 20}, high: 1}})
	if modes != 1.5 || math.Abs(high-0.89) > 1e-12 {
		t.Errorf("means %g, %g", modes, high)
	}
}

// The discriminator's loss is the formula, on what the pass draws: with two
// samples side by side, the relativistic pair's loss and both penalties.
func TestJudge(t *testing.T) {
	c := small()
	c.Gamma = 0.5
	for _, plain := range []bool{false, true} {
		d, err := newDuel(c, ring(), 3, plain, 1e-3, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got float64
		if err := d.disc.Do(func(p *nn.Pass) error { got = d.judge(p).Item(); return nil }, nn.Noise(5)); err != nil {
			t.Fatal(err)
		}
		var want float64
		err = d.disc.Do(func(p *nn.Pass) error {
			n := c.Batch * d.pack()
			real, fake := d.points.draw(p.Rand(), n), d.gen.Forward(p, p.Rand().Normal(0, 1, n, c.Latent))
			if plain {
				score := func(x tensor.Tensor) tensor.Tensor { return d.disc.Forward(p, x) }
				want = score(real).Neg().Softplus().Mean().Item() + score(fake).Softplus().Mean().Item()
				return nil
			}
			pairs := func(x tensor.Tensor) tensor.Tensor { return x.Reshape(c.Batch, 4) }
			score := func(x tensor.Tensor) tensor.Tensor { return d.disc.Forward(p, x) }
			want = score(pairs(fake)).Sub(score(pairs(real))).Softplus().Mean().Item()
			for _, x := range []tensor.Tensor{real, fake} {
				at := p.Track(pairs(x))
				g := tensor.Grad(score(at).Sum(), at)[0]
				want += 0.25 * g.Square().Sum(1).Mean().Item()
			}
			return nil
		}, nn.Noise(5))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got-want) > 1e-5*(1+want) {
			t.Errorf("plain %v: %g, want %g", plain, got, want)
		}
	}
}

// The losses of the pair are turned round for the generator: where both score
// alike they are log 2.
func TestPairs(t *testing.T) {
	a, b := tensor.Of([]float32{1, 2}), tensor.Of([]float32{3, 2})
	d, g := loss.RelativisticPair.Discriminator(a, b).Item(), loss.RelativisticPair.Discriminator(b, a).Item()
	if want := (math.Log1p(math.Exp(2)) + math.Ln2) / 2; math.Abs(d-want) > 1e-6 {
		t.Errorf("discriminator %g, want %g", d, want)
	}
	if want := (math.Log1p(math.Exp(-2)) + math.Ln2) / 2; math.Abs(g-want) > 1e-6 {
		t.Errorf("generator %g, want %g", g, want)
	}
}

// sums returns a number for each generator's weights.
func sums(x *contest) (all []float64) {
	for _, d := range x.duels {
		s := 0.0
		for i, p := range d.gen.Params() {
			s += p.Value().Scale(float64(i + 1)).Sum().Item()
		}
		all = append(all, s)
	}
	return all
}

// A contest ends with the same bits on any number of threads, and stopped at
// any round and gone on; what was seen on the way comes back too.
func TestContestGoesOn(t *testing.T) {
	was := par.Workers()
	defer par.SetWorkers(was)
	var want []float64
	for _, threads := range []int{1, 3} {
		par.SetWorkers(threads)
		x, _ := contestOf(t, small())
		if err := x.run(t.Context(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = sums(x)
		}
		if got := sums(x); !slices.Equal(got, want) {
			t.Fatalf("%d threads: %v, want %v", threads, got, want)
		}
	}
	dir := t.TempDir()
	for _, until := range []int{3, 9, 12, 25, 44, 999} { // rounds of the search count too
		x, _ := contestOf(t, small())
		ctx, stop := context.WithCancel(t.Context())
		stopAt := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			if e, ok := e.(train.StepDone); ok && e.Step == until {
				stop()
			}
			return nil
		})
		err := x.run(ctx, &recipe.Bench{Dir: dir, Observers: []train.Observer{stopAt}})
		stop()
		if until < 50 && !errors.Is(err, context.Canceled) || until > 50 && err != nil {
			t.Fatalf("until %d: %v", until, err)
		}
		if until > 50 {
			if got := sums(x); !slices.Equal(got, want) {
				t.Errorf("stopped and gone on: %v, want %v", got, want)
			}
			if n := x.history.Dim(0); n != (len(moments)-1)*2*drawn {
				t.Errorf("%d samples seen on the way", n)
			}
		}
	}
}

// The better rate is the one with more modes, then the one with more samples
// near them; each kind has its own.
func TestBest(t *testing.T) {
	full, half := count{perMode: []int{20, 20}, high: 0.1}, count{perMode: []int{40, 0}, high: 0.9}
	fuller := full
	fuller.high = 0.2
	x := &contest{rates: []tried{{false, 1, half}, {false, 2, full}, {false, 3, fuller}, {true, 4, full}, {true, 5, half}}}
	if x.best(false) != 3 || x.best(true) != 4 {
		t.Errorf("chose %g and %g", x.best(false), x.best(true))
	}
}

// A quick run learns: its samples, at first a blot in the middle, lie near the
// ring.
func TestItLearns(t *testing.T) {
	c := defaults()
	for _, kv := range Recipe.Quick {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	c.Rounds = 800
	x, _ := contestOf(t, &c)
	if off := offRing(t, x.duels[0]); off < 0.5 {
		t.Errorf("before training samples are %.2f off the ring", off)
	}
	if err := x.run(t.Context(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if off := offRing(t, x.duels[0]); off > 0.2 {
		t.Errorf("after it they are %.2f off", off)
	}
	m, err := x.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"modes", "high_quality", "modes_plain", "high_quality_plain"} {
		if v, ok := m.Scores.Number(key); !ok || v < 0 || v > 8 {
			t.Errorf("%s is %v", key, m.Scores[key])
		}
	}
	if strings.Count(m.Story, "seed 1") != 2 || m.Examples != 2*sampled {
		t.Errorf("%d examples: %s", m.Examples, m.Story)
	}
	sections, err := x.pages(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprint(sections)
	for _, want := range []string{"While it learned", "What came of it", "The search for the learning rates", "round 240", "chosen"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

// offRing is the mean distance of a duel's samples from the ring.
func offRing(t *testing.T, d *duel) float64 {
	t.Helper()
	x, err := d.samples(1, 500)
	if err != nil {
		t.Fatal(err)
	}
	v, sum := tensor.Data[float32](x), 0.0
	for i := range 500 {
		sum += math.Abs(math.Hypot(float64(v[2*i]), float64(v[2*i+1]))*d.points.scale() - 1)
	}
	return sum / 500
}

func TestGoals(t *testing.T) {
	c := defaults()
	c.Seed, c.Every, c.Data = 4, 7, "ring"
	if g := goals(&c); len(g) != 2 {
		t.Errorf("%v", g)
	}
	for name, change := range map[string]func(c *Config){"the grid": func(c *Config) { c.Data = "grid" }, "fewer rounds": func(c *Config) { c.Rounds-- }} {
		c := defaults()
		change(&c)
		if g := goals(&c); g != nil {
			t.Errorf("%s: %v", name, g)
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *Config)
		want   string
	}{
		"no such points":    {func(c *Config) { c.Data = "/tmp/spiral" }, `no points "spiral"`},
		"another optimiser": {func(c *Config) { c.Optimizer = "sgd" }, "takes adam"},
	} {
		c := small()
		tt.change(c)
		if _, err := open(c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The grid's scores have names of their own, and the published ones beside.
func TestGridScores(t *testing.T) {
	c := small()
	c.Data = "grid"
	x, task := contestOf(t, c)
	m, err := x.measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Scores.Number("grid_modes"); !ok || m.Reference.(recipe.Scores)["pacgan_modes"] != 24.8 {
		t.Errorf("%v, %v", m.Scores, m.Reference)
	}
	if len(task.Also) != 1 || task.Also[0].Name != "plain-1" || task.Steps() != 50 {
		t.Errorf("%v, %d steps", task.Also, task.Steps())
	}
}

// predict draws as many points as asked for, the same from the same seed.
func TestAnswer(t *testing.T) {
	x, _ := contestOf(t, small())
	x.options = &options{Samples: 5, Seed: 2}
	a, err := x.answer(t.Context(), &recipe.Question{})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := x.answer(t.Context(), &recipe.Question{})
	x.options.Seed = 3
	other, _ := x.answer(t.Context(), &recipe.Question{})
	if len(a.Value.([][2]float64)) != 5 || strings.Count(a.Text, "\n") != 5 || a.Text != b.Text || a.Text == other.Text || a.Picture.Bounds().Dx() != side {
		t.Errorf("%+v", a)
	}
}

// A sample is drawn where it lies: right of the middle at (1, 0).
func TestPicture(t *testing.T) {
	p := ring()
	img := p.picture(tensor.Of([]float32{float32(1 / p.scale()), 0}, 1, 2))
	want := color.RGBA{20, 60, 140, 255}
	at := int(math.Floor((1/1.3 + 1) / 2 * side))
	if c := color.RGBAModel.Convert(img.At(at, side/2)); c != want {
		t.Errorf("at (1, 0) the picture is %v", c)
	}
	if c := color.RGBAModel.Convert(img.At(side/2, side/2)); c != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("in the middle it is %v", c)
	}
}
