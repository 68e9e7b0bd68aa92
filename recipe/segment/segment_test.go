package segment

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// quickly returns the quick settings and some more.
func quickly(t *testing.T, more ...string) *Config {
	t.Helper()
	c := defaults(false)
	for _, kv := range append(slices.Clone(Recipe.Quick), more...) {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// tiny returns settings of a task that is opened and looked at, and not to
// learn anything.
func tiny(t *testing.T, more ...string) *Config {
	return quickly(t, append([]string{"scenes=8", "test-scenes=8", "width=4", "levels=1", "batch=4", "side=64"}, more...)...)
}

func opened(t *testing.T, c *Config) *recipe.Task {
	t.Helper()
	task, err := Recipe.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// classesOf are the names that a task under c knows.
func classesOf(t *testing.T, c *Config) []string {
	t.Helper()
	if c.Data == "" {
		return knownScenes().Classes
	}
	k, err := recall(c.Known)
	if err != nil {
		t.Fatal(err)
	}
	return k.Classes
}

func TestGoals(t *testing.T) {
	usual := defaults(false)
	usual.Seed, usual.Every = 7, 9
	if got := goals(&usual); len(got) != 2 {
		t.Errorf("goals %v", got)
	}
	for _, change := range []func(c *Config){
		func(c *Config) { c.Data = "/x" }, func(c *Config) { c.Width++ }, func(c *Config) { c.Mirror = false }, func(c *Config) { c.Most = 6 },
	} {
		c := defaults(false)
		change(&c)
		if got := goals(&c); got != nil {
			t.Errorf("%+v must reach %v", c, got)
		}
	}
}

// The quick run learns what a garment is, if not which.
func TestQuickRunLearns(t *testing.T) {
	c := quickly(t)
	task := opened(t, c)
	if _, err := train.Fit(t.Context(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	object, _ := m.Scores.Number("iou_object")
	ref, _ := m.Reference.(map[string]any)["iou_object"].(float64)
	if object < 0.36 || object < ref {
		t.Errorf("IoU of garments and background %g, of the reference %g", object, ref)
	}
	if !strings.Contains(m.Story, "ankle boot") || !strings.Contains(m.Story, "of the reference") {
		t.Errorf("the story is %q", m.Story)
	}
	by, _ := m.Scores["iou_by_class"].(map[string]float64)
	if len(by) != 11 || by[background] < 0.5 {
		t.Errorf("by class: %v", by)
	}
	all, err := task.Sections(t.Context(), m)
	if err != nil || len(all) < 6 {
		t.Fatalf("%d sections: %v", len(all), err)
	}
	for _, s := range all {
		if s.Title == "" || len(s.Text) == 0 {
			t.Errorf("section %q says nothing", s.Title)
		}
		for _, f := range s.Body {
			if f.HTML == "" || strings.Contains(string(f.HTML), "NaN%") {
				t.Errorf("%s: an empty figure, or one with NaN", s.Title)
			}
		}
	}
	if n := strings.Count(string(all[0].Body[1].HTML), "<img"); n != shown {
		t.Errorf("%d pictures, want %d", n, shown)
	}
	if maps := all[4]; len(maps.Body) != 1+2*c.Levels+1 {
		t.Errorf("maps of %d scales", len(maps.Body)-1)
	}
}

// What settings ask for is what the task is made of.
func TestSettingsReachTheTask(t *testing.T) {
	task := opened(t, tiny(t, "epochs=3", "checkpoint=2", "clip=1.5", "seed=8", "flip=false"))
	f := task.Fit
	if f.Epochs != 3 || f.Batch != 4 || f.Every != 2 || f.Clip != 1.5 || f.Seed != 8 || f.Transform != nil || task.Steps() != 6 || task.Test.Len() != 8 {
		t.Errorf("%+v", f)
	}
	for _, kv := range []string{"flip=true", "zoom=0.2", "jitter=0.1"} {
		if opened(t, tiny(t, "flip=false", kv)).Fit.Transform == nil {
			t.Errorf("%s changes no picture", kv)
		}
	}
	count := func(more ...string) int {
		n := 0
		set := opened(t, tiny(t, append(more, "scenes=30", "side=96")...)).Fit.Data
		for i := range set.Len() {
			e, err := set.At(i)
			if err != nil {
				t.Fatal(err)
			}
			n += len(e.Objects())
		}
		return n
	}
	if few, many := count("most=1"), count("most=20"); few != 30 || many < 5*few {
		t.Errorf("%d and %d garments in 30 scenes", few, many)
	}
	first := func(seed string) float32 {
		return tensor.Data[float32](opened(t, tiny(t, seed)).Net.Params()[0].Value())[0]
	}
	if first("seed=1") != first("seed=1") || first("seed=1") == first("seed=2") {
		t.Error("first weights do not follow from the seed")
	}
}

// The network labels pictures of any size, odd ones too.
func TestNetworkTakesAnySize(t *testing.T) {
	c := tiny(t, "levels=2")
	net, err := nn.Build(newNetwork(c, 5), nn.Input(c.Side, c.Side, 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{64, 64}, {33, 47}, {17, 64}, {9, 10}} {
		y, err := net.Predict(tensor.Zeros(2, size[0], size[1], 3))
		if err != nil || !slices.Equal(y.Shape(), []int{2, size[0], size[1], 5}) {
			t.Errorf("%v: %v, %v", size, y.Shape(), err)
		}
	}
}

// With mirror, a picture's mirror image gets the mirror image of its answer.
func TestMirror(t *testing.T) {
	task := opened(t, tiny(t))
	e, err := task.Test.At(0)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Stack(0, e.X)
	a, err1 := chances(task.Net, x, true)
	b, err2 := chances(task.Net, x.Flip(2), true)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if d := a.Sub(b.Flip(2)).Abs().Max().Item(); d > 1e-5 {
		t.Errorf("off by %g", d)
	}
	if d := a.Sum(-1).Shift(-1).Abs().Max().Item(); d > 1e-5 {
		t.Errorf("probabilities add up to 1 but for %g", d)
	}
	plain, err := chances(task.Net, x, false)
	if err != nil || plain.Sub(a).Abs().Max().Item() == 0 {
		t.Errorf("mirror changes nothing: %v", err)
	}
}

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		chance []float32
		want   int
	}{
		{[]float32{0.6, 0.4, 0}, 0}, {[]float32{0.4, 0.3, 0.3}, 1}, {[]float32{0.4, 0.2, 0.4}, 2}, {[]float32{0.5, 0.5}, 1}, {[]float32{0.51, 0.49}, 0},
	} {
		if got := decide(c.chance); got != c.want {
			t.Errorf("%v: %d, want %d", c.chance, got, c.want)
		}
	}
	out := decided(tensor.Of([]float32{0.4, 0.3, 0.3, 0.9, 0.1, 0}, 1, 1, 2, 3))
	if !slices.Equal(tensor.Data[float32](out), []float32{0, 1, 0, 1, 0, 0}) {
		t.Errorf("%v", tensor.Data[float32](out))
	}
}

// The loss is cross-entropy, the background at its weight, and Dice at its own.
func TestLossOf(t *testing.T) {
	out := tensor.NewRand(1).Normal(0, 1, 1, 2, 2, 3)
	target := tensor.Of([]int32{0, 1, 2, 0}, 1, 2, 2)
	value := func(dice, background float64) float64 {
		return lossOf(&Config{Dice: dice, Background: background}, 3)(out, target).Item()
	}
	plain, d := loss.CrossEntropy(out, target).Item(), loss.Dice(out, target).Item()
	if got := value(0, 1); math.Abs(got-plain) > 1e-6 {
		t.Errorf("cross-entropy %g, want %g", got, plain)
	}
	if got := value(2, 1); math.Abs(got-plain-2*d) > 1e-6 {
		t.Errorf("with Dice %g, want %g", got, plain+2*d)
	}
	light := tensor.Of([]int32{-100, 1, 2, -100}, 1, 2, 2)
	if got, want := value(0, 1e-9), loss.CrossEntropy(out, light).Item(); math.Abs(got-want) > 1e-5 {
		t.Errorf("without background %g, want %g", got, want)
	}
}

// A bare task answers as the one that was trained, without any data.
func TestBare(t *testing.T) {
	c := tiny(t)
	c.Bare = true
	task := opened(t, c)
	if task.Fit.Data != nil || task.Answer == nil || task.Net == nil {
		t.Errorf("%v, data %v", task.Net, task.Fit.Data)
	}
	c.Data, c.Known = "/gone", `{"classes":["background","cat"],"colours":["","#ff0000"]}`
	y, err := opened(t, c).Net.Predict(tensor.Zeros(1, 64, 64, 3))
	if err != nil || y.Dim(-1) != 2 {
		t.Errorf("scores %v: %v", y.Shape(), err)
	}
	for _, bad := range []string{"", "{", `{"classes":["a"],"colours":[""]}`, `{"classes":["a","b"]}`} {
		c.Known = bad
		if _, err := Recipe.Open(c); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Scores of answers that are right are 1, and each example has its own.
func TestScore(t *testing.T) {
	task := opened(t, tiny(t))
	names := knownScenes().Classes
	at := 0
	right := func(x tensor.Tensor) (tensor.Tensor, error) {
		n, h, w := x.Dim(0), x.Dim(1), x.Dim(2)
		out := make([]float32, n*h*w*len(names))
		for i := range n {
			e, err := task.Test.At(at + i)
			if err != nil {
				return x, err
			}
			for p, l := range tensor.View[int32](e.Y) {
				out[(i*h*w+p)*len(names)+int(l)] = 1
			}
		}
		at += n
		return tensor.Of(out, n, h, w, len(names)), nil
	}
	s, err := score(context.Background(), task.Test, names, right)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"miou", "iou_object", "boundary_f", "accuracy_pixel"} {
		if v, _ := s.scores.Number(name); math.Abs(v-1) > 1e-9 {
			t.Errorf("%s is %g", name, v)
		}
	}
	if len(s.each) != task.Test.Len() || slices.Min(s.each) < 1 {
		t.Errorf("each: %v", s.each)
	}
	nothing, err := score(context.Background(), data.Subset(task.Test, []int{0, 1}), names, func(x tensor.Tensor) (tensor.Tensor, error) {
		return decided(tensor.Zeros(x.Dim(0), x.Dim(1), x.Dim(2), len(names)).Shift(0.6)), nil
	})
	if err != nil || nothing.scores["miou"].(float64) != 0 {
		t.Errorf("background everywhere: %v, %v", nothing.scores, err)
	}
	if got := (&seen{each: []float64{0.5, 0.1, 0.9, 0.1}}).order(); !slices.Equal(got, []int{1, 3, 0, 2}) {
		t.Errorf("order %v", got)
	}
}
