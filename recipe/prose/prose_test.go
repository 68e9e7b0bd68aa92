package prose

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/datasets/prose"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// quick returns the settings of a quick run, and some more.
func quick(t testing.TB, more ...string) *Config {
	t.Helper()
	c := defaults()
	for _, kv := range append(slices.Clone(Recipe.Quick), more...) {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// mustOpen opens a task and returns what is behind it, too.
func mustOpen(t testing.TB, c *Config) (*recipe.Task, *lesson) {
	t.Helper()
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range task.Fit.Observers {
		if s, ok := o.(*samples); ok {
			return task, s.lesson
		}
	}
	return task, nil
}

// small are the settings of models that open at once.
var small = map[string][]string{
	"lstm":        {"model=lstm", "width=24", "characters=20000", "dim=8", "layers=2"},
	"gpt":         {"model=gpt", "width=24", "characters=20000", "layers=2", "window=24"},
	"wide window": {"model=lstm", "width=16", "characters=20000", "window=100", "batch=4"},
}

func TestGoals(t *testing.T) {
	c := defaults()
	c.Seed, c.Every = 5, 9
	if got := goals(&c); len(got) != 1 || got[0] != (recipe.Goal{Score: "bits_per_character", Bound: 2.05, Most: true}) {
		t.Errorf("goals %v", got)
	}
	for _, kv := range []string{"model=gpt", "epochs=1", "width=100"} {
		c := defaults()
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil || goals(&c) != nil {
			t.Errorf("%s has goals %v, %v", kv, goals(&c), err)
		}
	}
}

// Both models have about as many parameters.
func TestModelsAreOfOneSize(t *testing.T) {
	count := map[string]int{}
	for _, model := range []string{"lstm", "gpt"} {
		c := defaults()
		c.Model = model
		_, l := mustOpen(t, &c)
		for _, p := range l.net.Params() {
			count[model] += p.Value().Len()
		}
	}
	if a, b := float64(count["lstm"]), float64(count["gpt"]); a < 1e6 || math.Abs(a-b)/a > 0.15 {
		t.Errorf("parameters: %v", count)
	}
}

// The parts follow each other; the last tenth, and no more, is for the test.
func TestBookIsDivided(t *testing.T) {
	x, err := book("", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := prose.Text()
	if got := x.codec.Decode(slices.Concat(x.train, x.validate, x.test)); got != whole {
		t.Errorf("the parts make %d characters of %d", len(got), len(whole))
	}
	if want := prose.Load().Test; x.codec.Decode(x.test) != want {
		t.Errorf("the test has %d characters, the last tenth has %d", len(x.test), len(want))
	}
	if n := len(x.validate); n < 50000 || n > heldMost || unknowns(x.test) > 0 {
		t.Errorf("%d characters for validation, %d unknown in the test", n, unknowns(x.test))
	}
	for name, part := range map[string][]int32{"validation": x.validate, "test": x.test} {
		if x.codec.Decode(slices.Concat(x.train, x.validate, x.test)[len(whole)-len(x.test)-len(x.validate)-1:][:1]) != "\n" {
			t.Errorf("%s does not begin where a line does: %q", name, x.codec.Decode(part[:40]))
		}
	}
}

// A character that the training part lacks is unknown, and costs extra bits.
func TestUnknownCharacters(t *testing.T) {
	x, err := divide(strings.Repeat("abcdefg hij\n", 1000)+strings.Repeat("ж", 60), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := unknowns(x.test); n != 60 {
		t.Errorf("%d unknown", n)
	}
	if got, want := x.extra(), 60*17/float64(len(x.test)); math.Abs(got-want) > 1e-12 {
		t.Errorf("%g extra bits, want %g", got, want)
	}
}

// A line's beginning is taken where there is one soon, and never the middle of
// a character.
func TestAtLine(t *testing.T) {
	for _, tt := range []struct {
		s        string
		at, want int
	}{
		{"abc\ndef", 1, 4}, {"abc\ndef", 4, 4}, {"abcdef", 3, 3}, {"日本語", 4, 6}, {"abc\n", 1, 1},
		{strings.Repeat("x", 5000) + "\nab", 10, 10},
	} {
		if got := atLine(tt.s, tt.at, 2000); got != tt.want {
			t.Errorf("%.10q at %d: %d, want %d", tt.s, tt.at, got, tt.want)
		}
	}
}

func TestHostileFiles(t *testing.T) {
	dir := t.TempDir()
	line := strings.Repeat("a line of text\n", 500)
	for i, tt := range []struct{ name, text, want string }{
		{"empty", "", "0 characters"},
		{"short", "hello", "5 characters"},
		{"NUL", line + "x\x00y" + line, "line 501, column 2: a byte 0"},
		{"latin 1", line + "sch\xf6n\n" + line, "line 501, column 4: byte 0xf6"},
		{"cut rune", line + "\xe6\x97", "line 501, column 1: byte 0xe6"},
		{"UTF-16", "\xff\xfea\x00b\x00", "UTF-16"},
		{"white", strings.Repeat(" ", 100), "100 characters"},
	} {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, []byte(tt.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := book(name, 0, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := book(dir, 0, nil); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := book(filepath.Join(dir, "gone"), 0, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// One line without an end, of characters of several bytes, and a mark at its
// beginning.
func TestOddFiles(t *testing.T) {
	for name, s := range map[string]string{"one line": strings.Repeat("日本語で書く。", 1000), "windows": "\ufeff" + strings.Repeat("wind and water\r\n", 500)} {
		file := filepath.Join(t.TempDir(), "a.txt")
		if err := os.WriteFile(file, []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
		x, err := book(file, 0, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := x.codec.Decode(slices.Concat(x.train, x.validate, x.test))
		if want := strings.ReplaceAll(strings.TrimPrefix(s, "\ufeff"), "\r\n", "\n"); got != want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
}

// Rows of a batch go on where those of the batch before ended.
func TestSideBySide(t *testing.T) {
	ids := make([]int32, 100)
	for i := range ids {
		ids[i] = int32(i)
	}
	w := sideBySide(ids, 3, 5) // streams of 33, of which 6 windows are full
	if w.Len() != 18 {
		t.Fatalf("%d windows", w.Len())
	}
	for i := range w.Len() {
		e, err := w.At(i)
		if err != nil {
			t.Fatal(err)
		}
		x, y := tensor.Data[int32](e.X), tensor.Data[int32](e.Y)
		if want := int32(i%3*33 + i/3*5); x[0] != want || y[4] != want+5 || len(x) != 5 {
			t.Errorf("window %d: %v, %v, want %d first", i, x, y, want)
		}
	}
	if a := apart(ids, 10, 20); a.Len() != 8 || a.starts[7] != 70 {
		t.Errorf("apart: %v", a.starts)
	}
	if a := apart(ids[:20], 10, 20); a.Len() != 0 {
		t.Errorf("without a next character: %v", a.starts)
	}
}

// What is read character by character, with what was remembered, is what a pass
// over all at once gives.
func TestPenEqualsForward(t *testing.T) {
	for name, more := range small {
		_, l := mustOpen(t, quick(t, more...))
		ids := l.text.test[:l.config.Window]
		all, err := l.net.Predict(tensor.Of(ids, 1, len(ids)))
		if err != nil {
			t.Fatal(err)
		}
		p := l.pen()
		if err := p.read(ids[:5]...); err != nil { // a prompt at once
			t.Fatal(err)
		}
		for i := 5; ; i++ {
			want := tensor.Data[float32](all.Index(1, i-1))
			for k, v := range p.logits {
				if d := math.Abs(float64(v - want[k])); d > 1e-5 {
					t.Fatalf("%s: after %d characters, score %d differs by %g", name, i, k, d)
				}
			}
			if i == len(ids) {
				break
			}
			if err := p.read(ids[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A GPT that has read more than it can look back over goes on from the latest.
func TestPenBeyondTheWindow(t *testing.T) {
	_, l := mustOpen(t, quick(t, small["gpt"]...))
	p := l.pen()
	n := l.config.Window + 1
	for _, id := range l.text.test[:n] {
		if err := p.read(id); err != nil {
			t.Fatal(err)
		}
	}
	half := l.config.Window / 2
	want, err := l.net.Predict(tensor.Of(l.text.test[n-half:n], 1, half))
	if err != nil {
		t.Fatal(err)
	}
	last := tensor.Data[float32](want.Index(1, half-1))
	for k, v := range p.logits {
		if math.Abs(float64(v-last[k])) > 1e-5 {
			t.Fatalf("score %d is %g, want %g", k, v, last[k])
		}
	}
	if err := l.pen().read(l.text.test[:5*n]...); err != nil {
		t.Errorf("a long prompt: %v", err)
	}
}

// The bits of a text are those of one pass from its beginning, whatever the
// stretches; an LSTM's differ by what lies further back than the lead.
func TestBitsOfAText(t *testing.T) {
	for name, more := range small {
		_, l := mustOpen(t, quick(t, more...))
		lead := 40
		if l.model.LSTM == nil {
			lead = l.config.Window/2 + 1
		}
		before, ids := l.text.validate[:lead], l.text.test[:l.config.Window/2-1]
		got, err := l.bits(context.Background(), before, ids)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(before, ids)
		y, err := l.net.Predict(tensor.Of(all, 1, len(all)))
		if err != nil {
			t.Fatal(err)
		}
		logs := y.LogSoftmax(2)
		for i, id := range ids {
			if want := -logs.At(0, len(before)+i-1, int(id)) / math.Ln2; math.Abs(got[i]-want) > 1e-4 {
				t.Fatalf("%s: character %d takes %g bits, want %g", name, i, got[i], want)
			}
		}
		many, err := l.bits(context.Background(), l.text.validate, l.text.test)
		if err != nil || len(many) != len(l.text.test) {
			t.Errorf("%s: bits of %d of %d characters, %v", name, len(many), len(l.text.test), err)
		}
		stopped, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := l.bits(stopped, l.text.validate, l.text.test); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
	}
}

// Two windows with the memory carried cost what one pass over both costs.
func TestCarriedLossIsThatOfOnePass(t *testing.T) {
	task, l := mustOpen(t, quick(t, append(small["lstm"], "dropout=0", "batch=2", "window=7")...))
	c := &carry{model: l.model, window: 7}
	u := train.NewUpdater(l.net, still{LR: 1e-9})
	u.Observe(c)
	var sum float64
	var xs, ys []tensor.Tensor
	for k := range 3 {
		var x, y []tensor.Tensor
		for r := range 2 {
			e, err := task.Fit.Data.At(2*k + r)
			if err != nil {
				t.Fatal(err)
			}
			x, y = append(x, e.X), append(y, e.Y)
		}
		b := batchOf(x, y, 2*k)
		v, err := u.Step(func(p *nn.Pass) tensor.Tensor { return c.objective(p, l.net, b) })
		if err != nil {
			t.Fatal(err)
		}
		sum, xs, ys = sum+v/3, append(xs, b.X), append(ys, b.Y)
	}
	whole, err := l.net.Predict(tensor.Concat(1, xs...))
	if err != nil {
		t.Fatal(err)
	}
	if want := loss.CrossEntropy(whole, tensor.Concat(1, ys...)).Item(); math.Abs(sum-want) > 1e-5 {
		t.Errorf("window by window %g, at once %g", sum, want)
	}
	text, err := c.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	back := &carry{}
	if err := back.UnmarshalBinary(text); err != nil || back.now.memory.H.Sub(c.now.memory.H).Abs().Max().Item() != 0 || back.now.memory.C.Sub(c.now.memory.C).Abs().Max().Item() != 0 {
		t.Errorf("the memory comes back as another: %v", err)
	}
	if err := back.UnmarshalBinary([]byte("{")); err == nil {
		t.Error("a damaged memory is taken")
	}
}

// A run that was stopped and goes on ends with the same bits and samples.
func TestStoppedRunGoesOn(t *testing.T) {
	for _, model := range []string{"lstm", "gpt"} {
		run := func(dir string, stopAt int) (*lesson, error) {
			task, l := mustOpen(t, quick(t, append(small[model], "characters=9000", "epochs=2", "batch=8", "checkpoint=5")...))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			task.Fit.Dir = dir
			task.Fit.Observers = append(task.Fit.Observers, train.ObserverFunc(func(u *train.Updater, e train.Event) error {
				if u.Steps() == stopAt {
					cancel()
				}
				return nil
			}))
			_, err := train.Fit(ctx, task.Net, task.Fit)
			return l, err
		}
		whole, err := run(t.TempDir(), -1)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := run(dir, whole.task.Steps()/2+3); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped: %v", err)
		}
		again, err := run(dir, -1)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range whole.net.Params() {
			if !slices.Equal(tensor.Data[float32](p.Value()), tensor.Data[float32](again.net.Params()[i].Value())) {
				t.Fatalf("%s: parameter %d differs", model, i)
			}
		}
		if len(again.samples.all) != 2 || again.samples.all[0] != whole.samples.all[0] || again.samples.all[1] != whole.samples.all[1] {
			t.Errorf("%s: samples %+v, want %+v", model, again.samples.all, whole.samples.all)
		}
	}
}

// A quick run learns, measures what it must, and its report shows it.
func TestQuickLearns(t *testing.T) {
	for model, bound := range map[string]float64{"lstm": 4.2, "gpt": 4.1} {
		task, l := mustOpen(t, quick(t, "model="+model, "characters=25000", "width=64", "layers=2"))
		if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
			t.Fatal(err)
		}
		m, err := task.Examine(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		bits, _ := m.Scores.Number("bits_per_character")
		counting, _ := m.Scores.Number("bits_per_character_kneser_ney")
		if bits > bound || bits < 1.5 || counting > 3.2 || counting < 2 || math.Abs(mean(l.found.network)-bits) > 1e-9 {
			t.Errorf("%s: %.3f bits, counting %.3f", model, bits, counting)
		}
		sections, err := task.Sections(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		var words strings.Builder
		for _, s := range sections {
			words.WriteString(s.Title + strings.Join(s.Text, " "))
			for _, f := range s.Body {
				words.WriteString(string(f.HTML) + f.Caption)
			}
		}
		for _, want := range []string{"in bits", "5-grams", "surprises", "bits by place", "temperature 0.5", "After each epoch"} {
			if !strings.Contains(words.String(), want) {
				t.Errorf("%s: the report lacks %q", model, want)
			}
		}
		if note := task.Note(); !strings.HasPrefix(note, "writes: ") || strings.Contains(note, "\n") {
			t.Errorf("%s: note %q", model, note)
		}
	}
}

// ask puts a prompt to an untrained network.
func ask(t *testing.T, prompt string, out *strings.Builder, set func(o *options)) (*recipe.Answer, error) {
	t.Helper()
	task, _ := mustOpen(t, quick(t, small["lstm"]...))
	o := task.Options.(*options)
	o.Length = 60
	if set != nil {
		set(o)
	}
	q := &recipe.Question{Name: "-", In: strings.NewReader(prompt)}
	if out != nil {
		q.Out = out
	}
	return task.Answer(context.Background(), q)
}

// What streams is the prompt and the text, and the same seed writes the same.
func TestAnswerStreams(t *testing.T) {
	var out, again strings.Builder
	a, err := ask(t, "Call me\n", &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := a.Value.(written)
	if w.Prompt != "Call me" || out.String() != w.Prompt+w.Text || len([]rune(w.Text)) != 60 || a.Text != "\n" || len(a.Steps) != 0 {
		t.Errorf("%q streams as %q; steps %q", w, out.String(), a.Steps)
	}
	if _, err := ask(t, "Call me\n", &again, nil); err != nil || again.String() != out.String() {
		t.Errorf("again %q, %v", again.String(), err)
	}
	b, err := ask(t, "Call me", nil, func(o *options) { o.Seed = 2 })
	if err != nil || b.Value.(written).Text == w.Text {
		t.Errorf("another seed writes the same: %v", err)
	}
	greedy, err := ask(t, "Call me", nil, func(o *options) { o.Temperature = 0 })
	if err != nil || greedy.Value.(written).Text != mustText(t, func(o *options) { o.TopK = 1 }) {
		t.Errorf("greedy and top-k 1 differ: %v", err)
	}
}

func mustText(t *testing.T, set func(o *options)) string {
	a, err := ask(t, "Call me", nil, set)
	if err != nil {
		t.Fatal(err)
	}
	return a.Value.(written).Text
}

func TestOddPrompts(t *testing.T) {
	for _, tt := range []struct{ name, prompt, step string }{
		{"none", "", ""}, {"a line's end", "\n", ""}, {"windows", "Call me\r\n", ""},
		{"unknown", "Call мене", "4 of the prompt's 9"}, {"not UTF-8", "Call \xff", "1 of the prompt's 6"}, {"NUL", "Call\x00", "1 of the prompt's 5"},
		{"long", strings.Repeat("sea ", 30000), "last 64 KiB"},
	} {
		a, err := ask(t, tt.prompt, nil, func(o *options) { o.Length = 5 })
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := strings.Join(a.Steps, "\n"); !strings.Contains(got, tt.step) || (tt.step == "") != (got == "") || strings.Contains(a.Value.(written).Text, "<unk>") {
			t.Errorf("%s: steps %q, text %q", tt.name, got, a.Value)
		}
	}
}

// broken is a pipe whose reader is gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWritingStops(t *testing.T) {
	task, l := mustOpen(t, quick(t, small["lstm"]...))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := task.Answer(ctx, &recipe.Question{In: strings.NewReader("x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if _, err := task.Answer(context.Background(), &recipe.Question{In: strings.NewReader("x"), Out: broken{}}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("nobody reads: %v", err)
	}
	n := 0
	err := l.pen().write(context.Background(), l.text.test[:3], 9, decode.NewSampler(sampling, 1), func(int32) error {
		if n++; n == 4 {
			return os.ErrClosed
		}
		return nil
	})
	if n != 4 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("%d written, %v", n, err)
	}
}

// From a file of one's own to writing, also when the file is gone.
func TestOwnFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "meer.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("Die Wellen schlagen ans Ufer, und die Möwen schreien. ", 300)), 0o666); err != nil {
		t.Fatal(err)
	}
	c := quick(t, "data="+file, "batch=4")
	task, l := mustOpen(t, c)
	if !strings.Contains(c.Known, "ö") || l.text.codec.Size() > 40 {
		t.Errorf("%d characters, known %.80q", l.text.codec.Size(), c.Known)
	}
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(t.TempDir(), "w")
	if err := task.Net.Save(weights); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	c.Bare = true
	bare, _ := mustOpen(t, c)
	if err := bare.Net.Load(weights); err != nil {
		t.Fatal(err)
	}
	a, err := bare.Answer(context.Background(), &recipe.Question{In: strings.NewReader("Die Wellen schl")})
	if err != nil || strings.ContainsAny(a.Value.(written).Text, "xyqj") {
		t.Errorf("%+v, %v", a, err)
	}
	c.Bare = false
	if _, err := open(c); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("to train it takes the file: %v", err)
	}
	c.Known = `{"kind":`
	if _, err := open(c); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
}

func TestSettingsThatDoNotFit(t *testing.T) {
	for _, tt := range []struct {
		set  []string
		want string
	}{
		{[]string{"model=gpt", "width=30", "heads=4"}, "multiple of heads"},
		{[]string{"model=gpt", "width=12", "heads=4"}, "multiple of heads"},
		{[]string{"batch=2000", "window=2000"}, "lower batch and window"},
		{[]string{"characters=100"}, "at least 5000"},
	} {
		if _, err := open(quick(t, tt.set...)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.set, err)
		}
	}
}

// BenchmarkWrite is a character at a time, by the default network; see
// -cpu 1.
func BenchmarkWrite(b *testing.B) {
	for _, model := range []string{"lstm", "gpt"} {
		b.Run(model, func(b *testing.B) {
			c := defaults()
			c.Model, c.Characters = model, 20000
			_, l := mustOpen(b, &c)
			n := 0
			b.ResetTimer()
			err := l.pen().write(context.Background(), l.text.test[:1], b.N, decode.NewSampler(sampling, 1), func(int32) error { n++; return nil })
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "characters/s")
		})
	}
}
