package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// small are settings of a run of a moment.
func small(change ...func(c *Config)) *Config {
	c := defaults(false)
	c.Width, c.Epochs, c.Repeat, c.Templates = 4, 1, 1, 2
	for _, f := range change {
		f(&c)
	}
	return &c
}

func opened(t *testing.T, c *Config) (*recipe.Task, *lesson) {
	t.Helper()
	l := &lesson{config: c}
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	l.corpus, l.task = embedded(), task
	return task, l
}

func TestGoals(t *testing.T) {
	c := defaults(false)
	c.Seed, c.Every = 7, 9
	if g := goals(&c); len(g) != 1 || g[0] != (recipe.Goal{Score: "accuracy", Bound: 0.92}) {
		t.Errorf("the defaults must reach %v", g)
	}
	for name, f := range map[string]func(c *Config){"width": func(c *Config) { c.Width = 3 }, "data": func(c *Config) { c.Data = "x" }, "epochs": func(c *Config) { c.Epochs = 1 }} {
		c := defaults(false)
		f(&c)
		if g := goals(&c); g != nil {
			t.Errorf("another %s: %v", name, g)
		}
	}
}

// The embedded parts are whole: each word by each voice, and people's digits.
func TestEmbedded(t *testing.T) {
	c := embedded()
	if !slices.Equal(c.classes, slices.Concat(spoken.Digits, spoken.Commands)) {
		t.Errorf("classes %v", c.classes)
	}
	for name, tt := range map[string]struct {
		all   []example
		each  int
		words int
	}{"training": {c.train, 42, 20}, "validation": {c.validate, 7, 20}, "test": {c.test, 8, 20}, "people": {c.human, 18, 10}} {
		counts := map[int]int{}
		for _, e := range tt.all {
			counts[e.class]++
		}
		if len(counts) != tt.words {
			t.Errorf("%s: %d words", name, len(counts))
		}
		for class, n := range counts {
			if n != tt.each {
				t.Errorf("%s: %d clips of %s, want %d", name, n, c.classes[class], tt.each)
			}
		}
	}
}

// Training hears samples that a transform changes, each clip several times;
// validation and test hear them as they are.
func TestExamples(t *testing.T) {
	c := embedded()
	set := raw{c.train[:30], 3}
	if set.Len() != 90 {
		t.Errorf("%d examples", set.Len())
	}
	a, _ := set.At(4)
	b, _ := set.At(34)
	if !slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](b.X)) || a.Y.Item() != 4 || a.Y.Rank() != 0 {
		t.Errorf("example 4 has label %v; 34 is another", a.Y)
	}
	e, err := heard(c.train[:3]).At(2)
	if err != nil || !slices.Equal(e.X.Shape(), []int{frames, listen.Width, 1}) || e.Y.Item() != 2 {
		t.Errorf("%v, label %v: %v", e.X.Shape(), e.Y, err)
	}
	if heard(nil) != nil {
		t.Error("no clips are a dataset")
	}
}

func TestPlaced(t *testing.T) {
	x := []float32{1, 2, 3}
	for share, want := range map[float64][]float32{0: {1, 2, 3, 0, 0, 0, 0}, 0.5: {0, 0, 1, 2, 3, 0, 0}, 1: {0, 0, 0, 0, 1, 2, 3}} {
		if got := placed(x, 7, share); !slices.Equal(got, want) {
			t.Errorf("share %g: %v", share, got)
		}
	}
	if got := placed(make([]float32, 3*listen.Rate), listen.Rate, 0.5); len(got) != listen.Rate {
		t.Errorf("a long clip becomes %d samples", len(got))
	}
}

// A few passes over a few voices, and it tells words apart that it has not
// heard, better than by guessing.
func TestLearns(t *testing.T) {
	c := small(func(c *Config) {
		c.Width, c.Epochs, c.Batch, c.Vary, c.Dropout, c.Smoothing, c.LR = 6, 8, 16, 0, 0, 0, 5e-3
	})
	task, l := opened(t, c)
	few := func(all []example) (out []example) {
		for _, e := range all {
			if e.class < 4 {
				out = append(out, e)
			}
		}
		return out
	}
	task.Fit.Data, task.Fit.Validate = raw{few(l.train), 1}, heard(few(l.validate))
	task.Fit.Schedule = c.Rates(task.Steps())
	res, err := train.Fit(t.Context(), task.Net, task.Fit)
	if err != nil {
		t.Fatal(err)
	}
	if a := res.Validation["accuracy"]; a < 0.5 {
		t.Errorf("%.2f of validation words of four are right", a)
	}
}

// The test is measured on the unseen synthesiser and on people, beside the
// nearest template, and the report has a section for each thing it tells.
func TestMeasureAndPages(t *testing.T) {
	task, _ := opened(t, small())
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"accuracy", "accuracy_human", "accuracy_template", "accuracy_human_template", "loss"} {
		if v, ok := m.Scores.Number(name); !ok || math.IsNaN(v) {
			t.Errorf("%s is %v", name, m.Scores[name])
		}
	}
	if v, _ := m.Scores.Number("accuracy_template"); v < 0.15 { // of two voices
		t.Errorf("the nearest template tells %.2f right", v)
	}
	if m.Examples != 340 || !strings.Contains(m.Story, "nearest template") || m.Reference == nil {
		t.Errorf("%d examples, story %q, reference %v", m.Examples, m.Story, m.Reference)
	}
	sections, err := task.Sections(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, s := range sections {
		titles = append(titles, s.Title)
		if len(s.Body) == 0 {
			t.Errorf("%s shows nothing", s.Title)
		}
	}
	for _, want := range []string{"sees of a sound", "take a network", "never heard", "taken for what", "got wrong"} {
		if !strings.Contains(strings.Join(titles, "; "), want) {
			t.Errorf("no section %q among %q", want, titles)
		}
	}
}

func TestMeasureStops(t *testing.T) {
	task, _ := opened(t, small())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := task.Examine(ctx); err == nil {
		t.Error("what was stopped is measured")
	}
}

// folder makes a folder of words: tones, each word of its own pitch.
func folder(t *testing.T, counts map[string]int) string {
	t.Helper()
	dir := t.TempDir()
	for word, n := range counts {
		sub := filepath.Join(dir, word)
		if err := os.MkdirAll(sub, 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			x := make([]float32, 3000+100*i)
			for k := range x {
				x[k] = float32(0.4 * math.Sin(2*math.Pi*float64(200+400*int(word[0]-'a'))*float64(k)/listen.Rate))
			}
			if err := (audio.Clip{Samples: x, Rate: listen.Rate}).Save(filepath.Join(sub, fmt.Sprintf("%02d.wav", i))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// A user's words are dealt by word, no file into two parts, and the run knows
// their names when the folder is gone.
func TestOnesOwnWords(t *testing.T) {
	dir := folder(t, map[string]int{"a": 20, "b": 10, "c": 3})
	c := small(func(c *Config) { c.Data = dir })
	l := &lesson{config: c}
	if err := l.read(dir); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, part := range [][]example{l.train, l.validate, l.test} {
		for _, e := range part {
			if seen[e.file] {
				t.Errorf("%s is in two parts", e.file)
			}
			seen[e.file] = true
			if filepath.Base(filepath.Dir(e.file)) != l.classes[e.class] {
				t.Errorf("%s is taken for %s", e.file, l.classes[e.class])
			}
		}
	}
	if len(seen) != 33 || len(l.train) < 22 || len(l.test) < 4 {
		t.Errorf("%d files: %d, %d, %d", len(seen), len(l.train), len(l.validate), len(l.test))
	}
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	if task.Fit.Data.Len() != len(l.train) || !slices.Equal(task.Classes, []string{"a", "b", "c"}) {
		t.Errorf("%d training clips, classes %v", task.Fit.Data.Len(), task.Classes)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Scores.Number("accuracy_human"); ok {
		t.Error("a user's words have a score of people")
	}
	if _, err := task.Sections(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	bare := *c
	bare.Bare, bare.Data = true, filepath.Join(dir, "gone")
	task, err = open(&bare)
	if err != nil || !slices.Equal(task.Classes, []string{"a", "b", "c"}) || task.Net == nil {
		t.Fatalf("of what is known: %v", err)
	}
	answer(t, task, sound(t, filepath.Join(dir, "b", "01.wav")))
}

func sound(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func answer(t *testing.T, task *recipe.Task, in []byte) *recipe.Answer {
	t.Helper()
	a, err := task.Answer(t.Context(), &recipe.Question{In: bytes.NewReader(in)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOnesOwnWordsSayWhatIsWrong(t *testing.T) {
	broken := folder(t, map[string]int{"a": 4, "b": 4})
	if err := os.WriteFile(filepath.Join(broken, "b", "02.wav"), []byte("RIFF, and no more"), 0o666); err != nil {
		t.Fatal(err)
	}
	renamed := folder(t, map[string]int{"a": 4, "b": 4})
	if err := os.Rename(filepath.Join(renamed, "b", "02.wav"), filepath.Join(renamed, "b", "02.mp3")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"not there":       {filepath.Join(t.TempDir(), "none"), "none"},
		"empty":           {t.TempDir(), "no folder in it holds"},
		"one word":        {folder(t, map[string]int{"a": 9}), "two words or more"},
		"two clips":       {folder(t, map[string]int{"a": 9, "b": 2}), `the word "b" has 2 clips`},
		"a broken file":   {broken, filepath.Join("b", "02.wav")},
		"files in no way": {folder(t, map[string]int{}), "no folder in it holds"},
	} {
		c := small(func(c *Config) { c.Data = tt.dir })
		if _, err := open(c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, err := open(small(func(c *Config) { c.Data = renamed })); err != nil {
		t.Errorf("a file of another kind beside the others: %v", err)
	}
	if _, err := open(small(func(c *Config) { c.Bare, c.Known = true, "{" })); err == nil {
		t.Error("what is known and is no JSON is taken")
	}
}

// An answer names the likeliest words in order, draws the sound, and doubts what
// it is not sure of.
func TestAnswer(t *testing.T) {
	task, l := opened(t, small())
	name := filepath.Join(t.TempDir(), "x.wav")
	x := slices.Concat(make([]float32, listen.Rate), l.test[3].samples, make([]float32, listen.Rate), l.test[3].samples)
	if err := (audio.Clip{Samples: x, Rate: listen.Rate}).Save(name); err != nil {
		t.Fatal(err)
	}
	a := answer(t, task, sound(t, name))
	s := a.Value.(*said)
	if s.Word != s.Words[0].Class || len(s.Words) != 20 || len(strings.Split(strings.TrimSpace(a.Text), "\n")) != 3 || a.Picture == nil {
		t.Errorf("%+v, %q", s, a.Text)
	}
	total := 0.0
	for i, w := range s.Words {
		total += w.Probability
		if i > 0 && w.Probability > s.Words[i-1].Probability {
			t.Errorf("word %d is likelier than the one before", i)
		}
	}
	if math.Abs(total-1) > 1e-6 || (a.Doubt != "") != (s.Words[0].Probability < unsure) {
		t.Errorf("probabilities add up to %g; doubt %q at %g", total, a.Doubt, s.Words[0].Probability)
	}
	if said := strings.Join(a.Steps, "; "); !strings.Contains(said, "silence") || !strings.Contains(said, "loudest second") {
		t.Errorf("steps %q", said)
	}
	if text, err := json.Marshal(s); err != nil || !strings.HasPrefix(string(text), `{"word":"`) {
		t.Errorf("%s: %v", text, err)
	}
	if _, err := task.Answer(t.Context(), &recipe.Question{In: strings.NewReader("no sound")}); err == nil {
		t.Error("text has a word")
	}
}

func TestEveryVoiceIsListed(t *testing.T) {
	_, l := opened(t, small())
	names, shares, err := l.voices(slices.Concat(l.test[:40], l.test[80:100], l.human[:40]))
	if err != nil || len(names) != len(shares) || !slices.IsSortedFunc(names, listen.Compare) || len(names) < 4 {
		t.Errorf("%v %v: %v", names, shares, err)
	}
}
