package regularise

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// tiny are settings of a run of a second.
func tiny() Config {
	c := defaults()
	c.Width, c.Units, c.Seeds, c.Tries, c.Examples, c.Judges, c.Epochs, c.Batch, c.LR = 3, 12, 2, 1, 60, 60, 2, 20, 0.01
	return c
}

func opened(t *testing.T, c Config) *study {
	t.Helper()
	s, err := newStudy(&c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ran is a tiny run that tests share which only look at it.
var ran struct {
	sync.Once
	s     *study
	m     *recipe.Measured
	dir   string
	steps int
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(ran.dir)
	os.Exit(code)
}

// once runs tiny settings and measures.
func once(t *testing.T) (*study, *recipe.Measured) {
	t.Helper()
	ran.Do(func() {
		ran.s = opened(t, tiny())
		if ran.dir, ran.err = os.MkdirTemp("", "limpid-regularise-"); ran.err != nil {
			return
		}
		count := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			if s, is := e.(train.StepDone); is {
				ran.steps = s.Step
			}
			return nil
		})
		if ran.err = ran.s.task.Run(t.Context(), &recipe.Bench{Dir: ran.dir, Observers: []train.Observer{count}}); ran.err == nil {
			ran.m, ran.err = ran.s.task.Measure(t.Context())
		}
	})
	if ran.err != nil {
		t.Fatal(ran.err)
	}
	return ran.s, ran.m
}

// Every key that is promised is there, for both kinds of network, and even so
// short a run learns what guessing does not.
func TestScores(t *testing.T) {
	s, m := once(t)
	for body, suffix := range bodySuffixes {
		for _, key := range []string{"accuracy_by_choice", "gap_by_choice", "sparsity_by_choice", "interval_by_choice"} {
			by, ok := m.Scores[key+suffix].(map[string]float64)
			if !ok || len(by) != len(names) {
				t.Fatalf("%s%s: %v", key, suffix, m.Scores[key+suffix])
			}
			for name, v := range by {
				if !slices.Contains(names, name) || math.IsNaN(v) || math.Abs(v) > 20 {
					t.Errorf("%s%s: %s is %g", key, suffix, name, v)
				}
			}
		}
		at := m.Scores["accuracy_by_choice"+suffix].(map[string]float64)
		gain, _ := m.Scores.Number("gain_of_best" + suffix)
		if math.Abs(gain-(at["combination"]-at["none"])) > 1e-12 {
			t.Errorf("%s: gain %g of %v", bodyNames[body], gain, at)
		}
		if low, ok := m.Scores.Number("gain_of_best_low" + suffix); !ok || low > gain {
			t.Errorf("%s: gain %g, at least %g", bodyNames[body], gain, low)
		}
		if ref := m.Reference.(map[string]float64); ref["none"+suffix] != at["none"] {
			t.Errorf("reference %v", ref)
		}
	}
	if at := m.Scores["accuracy_by_choice"].(map[string]float64); at["none"] < 0.25 {
		t.Errorf("the CNN answers %.1f%% rightly, hardly more than guesses", 100*at["none"])
	}
	if ran.steps != s.task.Total || s.task.Steps() != ran.steps {
		t.Errorf("%d steps were seen, the task says %d", ran.steps, s.task.Total)
	}
	for _, word := range []string{"none", "L1", "early stopping", "combination", "CNN", "MLP", "±"} {
		if !strings.Contains(strings.Replace(m.Story, "l1", "L1", 1), word) {
			t.Errorf("the story lacks %q:\n%s", word, m.Story)
		}
	}
}

// Pages show every choice, its interval, curves, weights and the search.
func TestPages(t *testing.T) {
	s, m := once(t)
	pages, err := s.pages(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for i, p := range pages {
		titles = append(titles, p.Title)
		if want := []int{4, 7, 7, 4, 0, 2}[i]; len(p.Body) != want {
			t.Errorf("%s: %d figures, want %d", p.Title, len(p.Body), want)
		}
		for _, bad := range []string{"NaN", "%!", "Inf"} {
			if strings.Contains(htmlOf(p), bad) {
				t.Errorf("%s: a figure has %s", p.Title, bad)
			}
		}
		for _, name := range spoken() {
			if len(p.Body) > 0 && !strings.Contains(htmlOf(p), name) {
				t.Errorf("%s: %s is not shown", p.Title, name)
			}
		}
	}
	want := []string{"What each one gains", "Overfitting, watched: CNN", "Overfitting, watched: MLP", "What it does to the weights", "Why it helps", "The search"}
	if !slices.Equal(titles, want) {
		t.Errorf("sections %q, want %q", titles, want)
	}
	for _, source := range []string{"Geman", "Tibshirani", "Srivastava", "Wager", "Bishop"} {
		if !strings.Contains(fmt.Sprint(pages[4].Text), source) {
			t.Errorf("the theory does not cite %s", source)
		}
	}
}

func htmlOf(s report.Section) string {
	var b strings.Builder
	for _, f := range s.Body {
		b.WriteString(string(f.HTML))
	}
	return b.String()
}

// What is chosen is the best that the search saw of its kind; the combination
// has the methods that it is said to have, two at least, and is the best that
// was tried with as many.
func TestSearchChoosesByValidation(t *testing.T) {
	s, _ := once(t)
	for body := range bodies {
		if len(s.choices[body]) != len(names) {
			t.Fatalf("%d choices", len(s.choices[body]))
		}
		score := map[int]float64{}
		for _, p := range s.search[body] {
			if p.chosen {
				score[p.choice] = p.accuracy
				if p.plan != s.choices[body][p.choice] {
					t.Errorf("%s: %+v is marked, %+v chosen", names[p.choice], p.plan, s.choices[body][p.choice])
				}
			}
		}
		for choice := range names[:len(names)-1] {
			for _, p := range s.search[body] {
				if p.choice == choice && p.accuracy > score[choice] {
					t.Errorf("%s: %g was found and %g chosen", names[choice], p.accuracy, score[choice])
				}
			}
		}
		last := s.choices[body][len(names)-1]
		for _, p := range s.search[body] {
			if p.choice == len(names)-1 && count(p.plan) == count(last) && p.accuracy > score[len(names)-1] {
				t.Errorf("%s has %g, and %s with %g was chosen", p.plan.words(), p.accuracy, last.words(), score[len(names)-1])
			}
		}
		if count(last) != len(s.parts[body]) || count(last) < 2 {
			t.Errorf("%s: the combination is %s", bodyNames[body], last.words())
		}
		for m, how := range methods {
			var none plan
			if has := how.words(&last) != how.words(&none); has != slices.Contains(s.parts[body], m) {
				t.Errorf("%s: parts %v of %s", bodyNames[body], s.parts[body], last.words())
			}
		}
	}
}

// count is how many methods a plan has.
func count(p plan) (n int) {
	var none plan
	for _, how := range methods {
		if how.words(&p) != how.words(&none) {
			n++
		}
	}
	return n
}

// None and each method try the same learning rates.
func TestSameRateSearch(t *testing.T) {
	s, _ := once(t)
	want := s.config.rates()
	for body := range bodies {
		for choice := range names[:len(names)-1] {
			tried := map[float64]bool{}
			for _, p := range s.search[body] {
				if p.choice == choice {
					tried[p.plan.rate] = true
				}
			}
			for _, r := range want {
				if !tried[r] {
					t.Errorf("%s, %s: the rate %g was not tried", bodyNames[body], names[choice], r)
				}
			}
			if len(tried) != len(want) {
				t.Errorf("%s: %d rates, want %d", names[choice], len(tried), len(want))
			}
		}
	}
}

// Whoever opens the run again and loads its weights measures the same.
func TestMeasuredAgainFromWeights(t *testing.T) {
	s, m := once(t)
	file := filepath.Join(t.TempDir(), "all.safetensors")
	if err := s.all.Save(file); err != nil {
		t.Fatal(err)
	}
	again := opened(t, tiny())
	if err := again.task.Also[0].Net.Load(file); err != nil {
		t.Fatal(err)
	}
	got, err := again.task.Measure(t.Context())
	if err != nil || !reflect.DeepEqual(got.Scores, m.Scores) {
		t.Errorf("%v\nwant %v: %v", got.Scores, m.Scores, err)
	}
	if again.task.Net != again.finalsOf(cnn, len(names)-1)[0].net {
		t.Error("the run's network is not the combination's")
	}
}

// Stopped on the way and gone on, at another number of workers, a run ends
// with the same scores.
func TestGoesOnWithTheSameBits(t *testing.T) {
	_, want := once(t)
	before := par.Workers()
	t.Cleanup(func() { par.SetWorkers(before) })
	dir := t.TempDir()
	for i, stop := range []int{300, 0} {
		par.SetWorkers(1 + 2*i)
		ctx, cancel := context.WithCancel(t.Context())
		s := opened(t, tiny())
		err := s.task.Run(ctx, &recipe.Bench{Dir: dir, Observers: []train.Observer{train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			if done, is := e.(train.StepDone); is && done.Step == stop {
				cancel()
			}
			return nil
		})}})
		cancel()
		if stop > 0 {
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("not stopped: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.measure(t.Context())
		if err != nil || !reflect.DeepEqual(got.Scores, want.Scores) {
			t.Errorf("%v\nwant %v: %v", got.Scores, want.Scores, err)
		}
	}
}

// Each seed draws other pictures, as many of each class, none of them a judge,
// each as often as asked; the same seed draws the same.
func TestPictures(t *testing.T) {
	c := defaults()
	c.Examples = 103
	s := opened(t, c)
	judges := map[string]bool{}
	for i := range s.judges.Len() {
		judges[string(s.judges.(*data.Images).Bytes(i))] = true
	}
	if s.judges.Len() != 800 {
		t.Errorf("%d judges", s.judges.Len())
	}
	drawn := func(seed uint64, times int) (keys []string) {
		set, err := s.pictures(seed, times)
		if err != nil {
			t.Fatal(err)
		}
		images := set.(*data.Images)
		counts := make([]int, len(fashion.Classes))
		for i := range images.Len() {
			key := string(images.Bytes(i))
			if judges[key] {
				t.Errorf("seed %d: picture %d is a judge", seed, i)
			}
			keys = append(keys, key)
			counts[images.Label(i)]++
		}
		for class, n := range counts {
			want := 10 * times
			if class < 3 {
				want += times
			}
			if n != want {
				t.Errorf("seed %d: %d of class %d, want %d", seed, n, class, want)
			}
		}
		return keys
	}
	one, again, other, thrice := drawn(5, 1), drawn(5, 1), drawn(6, 1), drawn(5, 3)
	if !slices.Equal(one, again) || slices.Equal(one, other) {
		t.Error("the pictures do not follow from the seed")
	}
	if !slices.Equal(thrice, slices.Concat(one, one, one)) {
		t.Error("three times the pictures are others")
	}
	if slices.Sort(one); len(slices.Compact(one)) != 103 {
		t.Error("a picture was drawn twice")
	}
}

func TestTooManyPictures(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"are more than the 5400": func(c *Config) { c.Examples, c.Judges = 5000, 500 },
		"are left":               func(c *Config) { c.Examples, c.Judges = 4501, 899 },
		"nowhere":                func(c *Config) { c.Data = "/nowhere" },
	} {
		c := defaults()
		change(&c)
		if _, err := open(&c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What is asked for by the issue belongs to the default settings alone.
func TestGoals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(c *Config)
		want   int
	}{
		"defaults":     {func(*Config) {}, 2},
		"another seed": {func(c *Config) { c.Seed = 9 }, 2},
		"checkpoints":  {func(c *Config) { c.Every = 5 }, 2},
		"wider":        {func(c *Config) { c.Width = 17 }, 0},
		"more":         {func(c *Config) { c.Examples = 301 }, 0},
		"full data":    {func(c *Config) { c.Data = "/data" }, 0},
	} {
		cfg := defaults()
		c.change(&cfg)
		if got := goals(&cfg); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	d := defaults()
	if err := recipe.Check(&d); err != nil {
		t.Error(err)
	}
}

// settled is a network of one layer that Config.fit trained by a plan.
func settled(t *testing.T, body int, p plan) (*nn.Net, *train.Result) {
	t.Helper()
	c := tiny()
	c.Epochs = 6
	s := opened(t, c)
	learn, err := s.pictures(3, turns)
	if err != nil {
		t.Fatal(err)
	}
	net, _, err := c.build(body, p.drop, 3)
	if err != nil {
		t.Fatal(err)
	}
	res, err := train.Fit(t.Context(), net, s.fit(p, 3, learn))
	if err != nil {
		t.Fatal(err)
	}
	return net, res
}

func sum(net *nn.Net, of func(w tensor.Tensor) tensor.Tensor) (total float64) {
	for _, p := range net.Params() {
		if p.Value().Rank() > 1 {
			total += of(p.Value()).Sum().Item()
		}
	}
	return total
}

// Each method does to a network what it is for, in both kinds.
func TestMethodsAct(t *testing.T) {
	for body := range bodies {
		plain, _ := settled(t, body, plan{rate: 0.01})
		if z := zeros(plain); z > 0 {
			t.Errorf("%s: %g of the weights are 0 without L1", bodyNames[body], z)
		}
		few, _ := settled(t, body, plan{rate: 0.01, l1: 1})
		more, _ := settled(t, body, plan{rate: 0.01, l1: 0.2})
		if a, b := zeros(few), zeros(more); a < 0.2 || b <= 0 || a <= b {
			t.Errorf("%s: L1 leaves %g and, five times weaker, %g of the weights at 0", bodyNames[body], a, b)
		}
		for _, p := range few.Params() {
			if p.Value().Rank() == 1 && p.Value().Abs().Max().Item() == 0 {
				t.Errorf("%s: L1 took the bias %s", bodyNames[body], p.Path())
			}
		}
		pulled, _ := settled(t, body, plan{rate: 0.01, l2: 0.1})
		if a, b := sum(pulled, tensor.Tensor.Square), sum(plain, tensor.Tensor.Square); a >= b || zeros(pulled) > 0 {
			t.Errorf("%s: squares of %g with L2 and %g without", bodyNames[body], a, b)
		}
		dropped, _ := settled(t, body, plan{rate: 0.01, drop: 0.5})
		moved, _ := settled(t, body, plan{rate: 0.01, augment: 3})
		for what, net := range map[string]*nn.Net{"dropout": dropped, "augmentation": moved} {
			if sum(net, tensor.Tensor.Square) == sum(plain, tensor.Tensor.Square) {
				t.Errorf("%s: %s changes nothing", bodyNames[body], what)
			}
		}
	}
	if _, res := settled(t, mlp, plan{rate: 0.1, patience: 1}); res.Best == 0 || res.Epochs == 6 && res.Best != 6 && res.Best != 5 {
		t.Errorf("early stopping: %+v", res)
	}
}
