package activations

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
	c.Width, c.Depth, c.Deepest, c.Seeds, c.Tries, c.Examples, c.Epochs, c.Batch, c.LR = 8, 3, 4, 2, 2, 120, 3, 20, 0.03
	return c
}

// opened opens c.
func opened(t *testing.T, c Config) (*study, *recipe.Task) {
	t.Helper()
	s, err := newStudy(&c)
	if err != nil {
		t.Fatal(err)
	}
	return s, s.task
}

// ran is a tiny run that tests share which only look at it.
var ran struct {
	sync.Once
	s     *study
	task  *recipe.Task
	dir   string
	m     *recipe.Measured
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
		ran.s, ran.task = opened(t, tiny())
		if ran.dir, ran.err = os.MkdirTemp("", "limpid-activations-"); ran.err != nil {
			return
		}
		count := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			if s, is := e.(train.StepDone); is {
				ran.steps = s.Step
			}
			return nil
		})
		if ran.err = ran.task.Run(t.Context(), &recipe.Bench{Dir: ran.dir, Observers: []train.Observer{count}}); ran.err == nil {
			ran.m, ran.err = ran.task.Measure(t.Context())
		}
	})
	if ran.err != nil {
		t.Fatal(ran.err)
	}
	return ran.s, ran.m
}

// Every key that is promised is there, shares are shares, the pick is one of
// the choices, and even so short a run learns what guessing does not.
func TestScores(t *testing.T) {
	s, m := once(t)
	at := m.Scores["accuracy_by_choice"].(map[string]float64)
	if len(at) != len(kinds) {
		t.Errorf("%d choices, want %d", len(at), len(kinds))
	}
	best := 0.0
	for name, v := range at {
		if _, ok := Named(name); !ok || v < 0 || v > 1 {
			t.Errorf("choice %q has accuracy %g", name, v)
		}
		best = max(best, v)
	}
	if best < 0.3 {
		t.Errorf("the best network answers %.1f%% rightly, hardly more than guesses", 100*best)
	}
	if _, ok := at[m.Scores["auto_pick"].(string)]; !ok {
		t.Errorf("picked %q, which is no choice", m.Scores["auto_pick"])
	}
	depths := m.Scores["accuracy_by_depth"].(map[string]map[string]float64)
	if len(depths) != 3 || !reflect.DeepEqual(depths["3"], at) {
		t.Errorf("by depth: %v", depths)
	}
	if v, ok := m.Scores.Number(shortfall); !ok || math.IsNaN(v) || v > 1 {
		t.Errorf("shortfall %g", v)
	}
	ref := m.Reference.(map[string]any)
	if at[ref["best"].(string)] != best || ref["accuracy_of_best"] != best {
		t.Errorf("reference %v, best %g", ref, best)
	}
	if ran.steps != s.task.Total || s.task.Steps() != s.task.Total {
		t.Errorf("%d steps were seen, %d announced", ran.steps, s.task.Total)
	}
}

// The story names every activation, the pick and the best.
func TestStory(t *testing.T) {
	_, m := once(t)
	for _, name := range append(Names(), "picked before training", "best after training", "3 hidden layers") {
		if !strings.Contains(m.Story, name) {
			t.Errorf("the story lacks %q:\n%s", name, m.Story)
		}
	}
}

// The pages show every activation in every part, and end with advice.
func TestPages(t *testing.T) {
	s, m := once(t)
	pages, err := s.pages(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	titles := []string{}
	for _, p := range pages {
		titles = append(titles, p.Title)
		for _, f := range p.Body {
			for _, bad := range []string{"NaN", "%!", "Inf"} {
				if strings.Contains(string(f.HTML), bad) {
					t.Errorf("%s: a figure has %s", p.Title, bad)
				}
			}
		}
	}
	want := []string{"What they reach", "How far signals come before training", "Picked before training", "What speaks for each, and what against", "The search", "Which to take"}
	if !slices.Equal(titles, want) {
		t.Errorf("sections %q, want %q", titles, want)
	}
	for i, figures := range []int{3, 9, 1, 2, 1, 0} {
		if len(pages[i].Body) != figures {
			t.Errorf("%s: %d figures, want %d", pages[i].Title, len(pages[i].Body), figures)
		}
		for _, name := range Names() {
			if figures > 0 && !strings.Contains(htmlOf(pages[i]), name) {
				t.Errorf("%s: %s is not shown", pages[i].Title, name)
			}
		}
	}
	if n := strings.Count(htmlOf(pages[4]), "✓"); n != len(kinds)*len(s.depths) {
		t.Errorf("%d points of the search are marked as chosen, want %d", n, len(kinds)*len(s.depths))
	}
	if n := strings.Count(htmlOf(pages[2]), "<tr>"); n != 1+len(kinds)*len(weights) {
		t.Errorf("%d rows of the ranking, want %d", n, 1+len(kinds)*len(weights))
	}
}

func htmlOf(s report.Section) string {
	var b strings.Builder
	for _, f := range s.Body {
		b.WriteString(string(f.HTML))
	}
	return b.String()
}

// Every point of the search is tried once; the choice at each depth is the best
// of its activation, and first weights are those of the compared depth.
func TestSearchChoosesByValidation(t *testing.T) {
	s, _ := once(t)
	seen := map[string]bool{}
	for _, p := range s.search {
		key := fmt.Sprint(p.act, p.weights, p.depth, p.rate)
		if seen[key] {
			t.Errorf("%s was tried twice", key)
		}
		seen[key] = true
		if c := s.choices[p.depth][p.act]; p.accuracy > c.accuracy {
			t.Errorf("%s at %d: %g was found, and %g chosen", kinds[p.act].name, p.depth, p.accuracy, c.accuracy)
		}
	}
	if want := len(kinds) * s.config.Tries * (len(weights) + len(s.depths) - 1); len(seen) != want {
		t.Errorf("%d points, want %d", len(seen), want)
	}
	for _, d := range s.depths {
		for a := range kinds {
			if s.choices[d][a].weights != s.choices[s.config.Depth][a].weights {
				t.Errorf("%s at %d layers has other first weights than at %d", kinds[a].name, d, s.config.Depth)
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
	_, task := opened(t, tiny())
	if err := task.Also[0].Net.Load(file); err != nil {
		t.Fatal(err)
	}
	again, err := task.Measure(t.Context())
	if err != nil || !reflect.DeepEqual(again.Scores, m.Scores) {
		t.Errorf("%v\nwant %v: %v", again.Scores, m.Scores, err)
	}
}

// Stopped on the way and gone on, at another number of workers, a run ends
// with the same scores.
func TestGoesOnWithTheSameBits(t *testing.T) {
	_, want := once(t)
	before := par.Workers()
	t.Cleanup(func() { par.SetWorkers(before) })
	dir := t.TempDir()
	for i, stop := range []int{600, 0} {
		par.SetWorkers(1 + 2*i)
		ctx, cancel := context.WithCancel(t.Context())
		s, task := opened(t, tiny())
		count := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
			if done, is := e.(train.StepDone); is && done.Step == stop {
				cancel()
			}
			return nil
		})
		err := task.Run(ctx, &recipe.Bench{Dir: dir, Observers: []train.Observer{count}})
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

// Pictures to learn from, to choose by and to test on are disjoint, in each
// part every class has its share, and what is asked for is there.
func TestPartsOfTheData(t *testing.T) {
	for _, examples := range []int{40, 999, 3000} {
		c := defaults()
		c.Examples = examples
		set, err := read(&c)
		if err != nil {
			t.Fatal(err)
		}
		if set.Train.Len() != examples || set.Validate.Len() != max(20, examples*3/5) || set.Test.Len() != 2000 {
			t.Errorf("%d examples: %d, %d and %d", examples, set.Train.Len(), set.Validate.Len(), set.Test.Len())
		}
		seen := map[string]int{}
		for i, part := range []data.Dataset{set.Train, set.Validate, set.Test} {
			counts := make([]int, len(fashion.Classes))
			for k := range part.Len() {
				e, err := part.At(k)
				if err != nil {
					t.Fatal(err)
				}
				counts[int(e.Y.Item())]++
				key := fmt.Sprint(tensor.Data[float32](e.X)[:400])
				if was, there := seen[key]; there && was != i {
					t.Errorf("a picture is in parts %d and %d", was, i)
				}
				seen[key] = i
			}
			for class, n := range counts {
				if share := float64(n) / float64(part.Len()); part.Len() > 100 && (share < 0.05 || share > 0.15) {
					t.Errorf("%d examples: %.2f of part %d are of class %d", examples, share, i, class)
				}
			}
		}
	}
	c := defaults()
	c.Examples = 5400
	if _, err := read(&c); err == nil || !strings.Contains(err.Error(), "leave some to choose by") {
		t.Errorf("all pictures to learn from: %v", err)
	}
	c.Data = filepath.Join(t.TempDir(), "nowhere")
	if _, err := open(&c); err == nil {
		t.Error("a folder that is not there is no error")
	}
}

func TestDepths(t *testing.T) {
	for _, c := range []struct {
		depth, deepest int
		want           []int
	}{{10, 30, []int{2, 5, 10, 20, 30}}, {3, 4, []int{2, 3, 4}}, {7, 7, []int{2, 5, 7}}, {2, 2, []int{2}}, {40, 25, []int{2, 5, 10, 20, 25, 40}}} {
		if got := depthsOf(&Config{Depth: c.depth, Deepest: c.deepest}); !slices.Equal(got, c.want) {
			t.Errorf("depth %d up to %d: %v, want %v", c.depth, c.deepest, got, c.want)
		}
	}
}

// All networks of a depth have the same shapes whatever the activation is, and
// the pick's first is the run's.
func TestNetworksAreAlike(t *testing.T) {
	s, task := opened(t, tiny())
	shapes := map[int]string{}
	for _, f := range s.finals {
		var all []string
		for _, p := range f.net.Params() {
			all = append(all, fmt.Sprint(p.Value().Shape()))
		}
		text := strings.Join(all, " ")
		if shapes[f.depth] == "" {
			shapes[f.depth] = text
		}
		if shapes[f.depth] != text {
			t.Errorf("%s: %s, another has %s", f.name(), text, shapes[f.depth])
		}
		if n := len(all)/2 - 1; n != f.depth {
			t.Errorf("%s has %d hidden layers", f.name(), n)
		}
	}
	if task.Net != s.finalOf(s.pick, 3)[0].net {
		t.Error("the run's network is not the pick's")
	}
	if got, want := len(s.finals), len(kinds)*(2+2+2); got != want {
		t.Errorf("%d networks, want %d", got, want)
	}
	if len(task.Classes) != 10 || task.Fit.Data.Len() != 120 || task.Test.Len() != 2000 {
		t.Errorf("%d classes, %d pictures, %d to test", len(task.Classes), task.Fit.Data.Len(), task.Test.Len())
	}
}

// At the goal's depth, before any training, the sigmoid is last, and what is
// picked is one of those that theory recommends for deep plain stacks.
func TestRankingAtTenLayers(t *testing.T) {
	c := defaults()
	c.Deepest, c.Seeds = 10, 2
	s, _ := opened(t, c)
	if len(s.ratings) != len(kinds)*len(weights) || !slices.IsSortedFunc(s.ratings, func(a, b signalRating) int {
		return compareFloats(a.Off, b.Off)
	}) {
		t.Fatalf("%d ratings, or out of order", len(s.ratings))
	}
	for _, r := range s.ratings[len(s.ratings)-3:] {
		if kinds[r.At/len(weights)].name != "sigmoid" {
			t.Errorf("%s is among the last", r.Name)
		}
	}
	if name := kinds[s.pick].name; !slices.Contains([]string{"selu", "tanh", "elu"}, name) {
		t.Errorf("picked %s", name)
	}
	place := map[string]int{}
	for i, r := range s.ratings {
		place[r.Name] = i
	}
	if place["relu, he"] > place["relu, lecun"] || place["relu, he"] > place["relu, glorot"] {
		t.Errorf("ReLU's weights: %v", place)
	}
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// What is asked for by the issue belongs to the default settings alone.
func TestGoals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(c *Config)
		want   int
	}{
		"defaults":     {func(*Config) {}, 1},
		"another seed": {func(c *Config) { c.Seed = 9 }, 1},
		"checkpoints":  {func(c *Config) { c.Every = 5 }, 1},
		"narrower":     {func(c *Config) { c.Width = 16 }, 0},
		"fewer seeds":  {func(c *Config) { c.Seeds = 3 }, 0},
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
	if g := goals(&d)[0]; g.Met(recipe.Scores{shortfall: 0.001}) || !g.Met(recipe.Scores{shortfall: 0.0}) || !g.Met(recipe.Scores{shortfall: -0.01}) {
		t.Errorf("goal %v", g)
	}
}

// Networks go through the same pass as the one that is described.
func TestBatchIsSpread(t *testing.T) {
	set := fashion.Mini().Train
	x, err := batch(set, 7)
	if err != nil || !slices.Equal(x.Shape(), []int{7, 28, 28, 1}) {
		t.Fatalf("%v, %v", x.Shape(), err)
	}
	for i := range 7 {
		e, _ := set.At(i * set.Len() / 7)
		if !slices.Equal(tensor.Data[float32](x.Index(0, i)), tensor.Data[float32](e.X)) {
			t.Errorf("picture %d is another", i)
		}
	}
	if x, err := batch(data.Subset(set, []int{4, 5}), 9); err != nil || x.Dim(0) != 2 {
		t.Errorf("more than there are: %v, %v", x.Shape(), err)
	}
	net, paths, err := func() (*nn.Net, []string, error) { c := tiny(); return c.build(nn.Tanh, nn.He, 2, 1) }()
	if err != nil || !slices.Equal(paths, []string{"2", "3"}) || len(net.Params()) != 6 {
		t.Errorf("paths %q, %v", paths, err)
	}
}
