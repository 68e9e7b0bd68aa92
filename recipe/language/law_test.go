package language

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// What is read has no capitals, no control characters and no two spaces in a
// row, and none at its ends.
func TestPlainIsPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune(" \t\n\x00\u00a0")), rapid.Rune())).Draw(t, "text")
		got := plain(text)
		for i, r := range got {
			if unicode.IsControl(r) || unicode.IsSpace(r) && (r != ' ' || i == 0 || i == len(got)-1 || got[i-1] == ' ') {
				t.Fatalf("%q is read as %q", text, string(got))
			}
		}
	})
}

// Pieces are as long as is asked, and one after the other make the text's
// beginning; less than a piece is left.
func TestPiecesCoverTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Rune(), 0, 60).Draw(t, "text")
		n := rapid.IntRange(1, 12).Draw(t, "length")
		var joined []rune
		for _, p := range pieces(text, n) {
			if len(p) != n {
				t.Fatalf("a piece of %d, want %d", len(p), n)
			}
			joined = append(joined, p...)
		}
		if len(text)-len(joined) >= n || !slices.Equal(joined, text[:len(joined)]) {
			t.Fatalf("%d of %d characters are in pieces of %d", len(joined), len(text), n)
		}
	})
}

// Numbers are above padding where there is a character and padding past the
// end; counting sees the same numbers as the network.
func TestEncodeLaws(t *testing.T) {
	a := learn([][]rune{[]rune("the quick brown fox jumps over the lazy dog the quick brown fox жука жука")})
	chars, blocks := a.sizes()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.OneOf(rapid.RuneFrom([]rune("abcdefgh жук")), rapid.Rune()), 0, 30).Draw(t, "text")
		length := rapid.IntRange(1, 40).Draw(t, "length")
		x := tensor.Data[int32](a.encode([][]rune{text}, length))
		ids := a.numbers(text)
		for k := range length {
			char, block := x[2*k], x[2*k+1]
			inside := k < len(text)
			if inside && (char != ids[k] || char < unknown || int(char) >= chars || block < unknown || int(block) >= blocks) || !inside && (char != padding || block != padding) {
				t.Fatalf("place %d of %q is %d, %d", k, string(text), char, block)
			}
		}
	})
}

// Of a class there are as many snippets as its texts give, or as many as are
// asked for, and each is a part of one of its texts.
func TestCutLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.SliceOfN(rapid.SliceOfN(rapid.RuneFrom([]rune("abc ")), 0, 30), 0, 3), 1, 4).Draw(t, "texts")
		n, limit := rapid.IntRange(1, 9).Draw(t, "length"), rapid.IntRange(0, 4).Draw(t, "limit")
		counts := make([]int, len(texts))
		s := cut(texts, n, limit)
		for i, p := range s.texts {
			counts[s.labels[i]]++
			if !slices.ContainsFunc(texts[s.labels[i]], func(text []rune) bool { return strings.Contains(string(text), string(p)) }) {
				t.Fatalf("%q is in no text of its class", string(p))
			}
		}
		for class, all := range texts {
			want := 0
			for _, text := range all {
				want += len(text) / n
			}
			if limit > 0 {
				want = min(want, limit)
			}
			if counts[class] != want {
				t.Fatalf("class %d has %d snippets, want %d", class, counts[class], want)
			}
		}
	})
}

// A fault's place is where an editor shows it.
func TestPlaceLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\n")), 1, 40).Draw(t, "text")
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		line, column := 1, 1
		for _, b := range text[:at] {
			if column++; b == '\n' {
				line, column = line+1, 1
			}
		}
		if got, want := place("f", text, at), fmt.Sprintf("%q, line %d, column %d", "f", line, column); got != want {
			t.Fatalf("%q at %d: %s, want %s", text, at, got, want)
		}
	})
}

// Text is taken if and only if it is UTF-8 without a byte 0; what is said to be
// wrong is.
func TestCheckTextLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\n\x00\xc3\xa4\xff\xe6")), 0, 20).Draw(t, "text")
		bad := bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text)
		if err := checkText("f", text); (err != nil) != bad {
			t.Fatalf("%q: %v", text, err)
		} else if bad && !strings.Contains(err.Error(), "line") && !strings.Contains(err.Error(), "UTF-16") {
			t.Fatalf("%q: %v names no place", text, err)
		}
	})
}

// The parts of a folder's class follow each other and make the whole, however
// its text is spread over files.
func TestFolderLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		var whole [2]string
		for class := range 2 {
			sub := filepath.Join(dir, fmt.Sprint("class", class))
			if err := os.Mkdir(sub, 0o777); err != nil {
				rt.Fatal(err)
			}
			for i, n := range rapid.SliceOfN(rapid.IntRange(0, 300), 2, 5).Draw(rt, "lengths") {
				text := strings.Repeat("lorem ", n)
				whole[class] += text + "\n"
				if err := os.WriteFile(filepath.Join(sub, fmt.Sprint(i)), []byte(text), 0o666); err != nil {
					rt.Fatal(err)
				}
			}
		}
		c, err := folder(dir)
		short := len(plain(whole[0])) < leastText || len(plain(whole[1])) < leastText
		if (err != nil) != short {
			rt.Fatalf("%d and %d characters: %v", len(whole[0]), len(whole[1]), err)
		}
		for i := 0; err == nil && i < 2; i++ {
			parts := slices.Concat(c.train[i][0], c.validate[i][0], c.test[i][0])
			if string(parts) != string(plain(whole[i])) || len(c.test[i][0]) < len(parts)/10 {
				rt.Fatalf("class %d: %d characters of %d, %d for the test", i, len(parts), len(plain(whole[i])), len(c.test[i][0]))
			}
		}
	})
}

// Each kind of network learns: what it is asked a second time it knows better.
func TestEveryModelLearns(t *testing.T) {
	for _, more := range [][]string{{"model=gru", "width=32"}, {"model=transformer", "width=32"}, {"model=conv", "layers=3", "kernel=4", "width=16"}, {"model=conv", "forget=0", "dropout=0", "width=16"}} {
		task := mustOpen(t, quick(t, append(more, "epochs=1", "languages=4", "snippets=40")...))
		before, err := train.Evaluate(context.Background(), task.Net, task.Fit.Validate, loss.CrossEntropy)
		if err != nil {
			t.Fatal(err)
		}
		res, err := train.Fit(context.Background(), task.Net, task.Fit)
		if err != nil {
			t.Fatalf("%q: %v", more, err)
		}
		if after := res.Validation["loss"]; after > 0.9*before["loss"] {
			t.Errorf("%q: loss %.3f, then %.3f", more, before["loss"], after)
		}
	}
}

// The same seed gives the same weights, another gives others, and a run that
// was stopped goes on to the same.
func TestRunsAreTheSame(t *testing.T) {
	fit := func(dir string, stopAt int, more ...string) (w []float32, err error) {
		task := mustOpen(t, quick(t, append(more, "epochs=2", "languages=3", "snippets=24", "checkpoint=3", "width=16")...))
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		task.Fit.Dir = dir
		task.Fit.Observers = append(task.Fit.Observers, train.ObserverFunc(func(u *train.Updater, _ train.Event) error {
			if u.Steps() == stopAt {
				cancel()
			}
			return nil
		}))
		_, err = train.Fit(ctx, task.Net, task.Fit)
		for _, p := range task.Net.Params() {
			w = append(w, tensor.Data[float32](p.Value())...)
		}
		return w, err
	}
	whole, err := fit("", -1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := fit(dir, 4); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	if again, err := fit(dir, -1); err != nil || !slices.Equal(again, whole) {
		t.Errorf("gone on with, it ends elsewhere: %v", err)
	}
	if other, err := fit("", -1, "seed=2"); err != nil || slices.Equal(other, whole) {
		t.Errorf("another seed ends at the same: %v", err)
	}
}

// watcher keeps the shape of what the first convolution gave.
type watcher struct{ length map[int]bool }

func (w *watcher) Value(path string, _ int, y tensor.Tensor) {
	if path == "convs.0" {
		w.length[y.Dim(1)] = true
	}
}

func (w *watcher) Grad(string, int, tensor.Tensor) {}

// looker looks into every step.
type looker struct{ watcher }

func (l *looker) Observe(*train.Updater, train.Event) error { return nil }
func (l *looker) Look(int) nn.Watcher                       { return &l.watcher }

// Snippets that are learned from have all lengths within the bounds.
func TestObjectiveCropsToManyLengths(t *testing.T) {
	task := mustOpen(t, quick(t, "epochs=1", "languages=3", "snippets=60", "batch=4", "width=8"))
	l := &looker{watcher{map[int]bool{}}}
	task.Fit.Validate = nil
	task.Fit.Observers = append(task.Fit.Observers, l)
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	least, most := longest, 0
	for n := range l.length {
		least, most = min(least, n), max(most, n)
	}
	if least < shortest || most > longest || most-least < 60 || len(l.length) < 20 {
		t.Errorf("%d lengths from %d to %d", len(l.length), least, most)
	}
}

func TestEach(t *testing.T) {
	for _, tt := range []struct{ snippets, classes, want int }{{0, 116, 250}, {0, 2, 4000}, {0, 3, 2667}, {7, 2, 7}, {7, 500, 7}} {
		if got := (&Config{Snippets: tt.snippets}).each(tt.classes); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

// trained returns a lesson of few languages that learned a little.
func trained(t *testing.T, more ...string) (*recipe.Task, *lesson) {
	t.Helper()
	c := quick(t, append([]string{"languages=6", "snippets=48", "epochs=2", "width=32"}, more...)...)
	task := mustOpen(t, c)
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	l := &lesson{config: c, net: task.Net, task: task}
	if err := l.read(); err != nil {
		t.Fatal(err)
	}
	return task, l
}

// What a character counts for is what hiding it by hand does.
func TestOccludeByHand(t *testing.T) {
	_, l := trained(t)
	text := plain("zonder onderscheid van welke aard")
	falls, err := l.occlude(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(hide ...int) float64 {
		x := l.letter.encode([][]rune{text}, len(text))
		ids := slices.Clone(tensor.Data[int32](x))
		for _, k := range hide {
			ids[2*k], ids[2*k+1] = unknown, unknown
		}
		y, err := l.net.Predict(tensor.Of(ids, 1, len(text), 2))
		if err != nil {
			t.Fatal(err)
		}
		return math.Log(recipe.Softmax(tensor.Data[float32](y))[0])
	}
	for i, hide := range map[int][]int{0: {0, 1}, 7: {6, 7, 8}, len(text) - 1: {len(text) - 2, len(text) - 1}} {
		if want := ask() - ask(hide...); math.Abs(falls[i]-want) > 1e-4 {
			t.Errorf("character %d counts %g, by hand %g", i, falls[i], want)
		}
	}
}

// A long text's scores are the mean of its pieces'.
func TestLongTextsAreTheMeanOfPieces(t *testing.T) {
	_, l := trained(t)
	text := plain(strings.Repeat("alle mense word vry gebore; tutti gli esseri umani nascono liberi ", 5))
	got, err := l.chances(text)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]float32, len(got))
	all := spread(text)
	for _, p := range all {
		y, err := l.net.Predict(l.letter.encode([][]rune{p}, len(p)))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range tensor.Data[float32](y) {
			sum[i] += v
		}
	}
	for i := range sum {
		sum[i] /= float32(len(all))
	}
	for i, want := range recipe.Softmax(sum) {
		if math.Abs(got[i]-want) > 1e-5 {
			t.Errorf("class %d: %g, want %g", i, got[i], want)
		}
	}
	if string(slices.Concat(all...)) != string(text) {
		t.Error("the pieces are not the text")
	}
}

// Answers name each class once, the likeliest first; top cuts the list.
func TestAnswerLists(t *testing.T) {
	_, l := trained(t)
	for _, top := range []int{0, 1, 3, 99} {
		l.options.Top = top
		s, err := l.name(plain("të gjithë njerëzit lindin të lirë"))
		if err != nil {
			t.Fatal(err)
		}
		want := 6
		if top > 0 {
			want = min(top, 6)
		}
		sorted := slices.IsSortedFunc(s.Classes, func(a, b recipe.Chance) int {
			return -int(math.Copysign(1, a.Probability-b.Probability))
		})
		if len(s.Classes) != want || s.Class != s.Classes[0].Class || !sorted || strings.Count(s.table(), "%") != want {
			t.Errorf("top %d: %+v", top, s)
		}
	}
}

// The mean F1 is the metric's.
func TestMacro(t *testing.T) {
	s := &snippets{labels: []int{0, 0, 1, 1, 2, 2}}
	said := []int{0, 1, 1, 1, 2, 0}
	var c metric.Confusion
	logits := make([]float32, 18)
	for i, a := range said {
		logits[3*i+a] = 1
	}
	if err := c.Add(tensor.Of(logits, 6, 3), tensor.Of([]int32{0, 0, 1, 1, 2, 2}, 6)); err != nil {
		t.Fatal(err)
	}
	if got, want := s.macro(said, 3), c.Macro(c.F1); math.Abs(got-want) > 1e-12 {
		t.Errorf("%g, want %g", got, want)
	}
	if got := s.accuracy(said); math.Abs(got-4./6) > 1e-12 {
		t.Errorf("accuracy %g", got)
	}
}

// measured is a test of three snippets, one of them wrong.
func measured() (*lesson, *recipe.Measured) {
	l := &lesson{config: &Config{}, corpus: &corpus{classes: []string{"one", "two", "three"}}}
	l.found = &findings{lengths: []int{40, 100}, network: []float64{0.9, 1}, bayes: []float64{0.95, 1}, count: []int{3, 1},
		trials: []trial{{smoothing{2, 0.1}, 0.8}, {smoothing{3, 0}, 0.9}}, best: 1,
		short: &snippets{texts: [][]rune{[]rune("a<b"), []rune("c"), []rune("d")}, labels: []int{0, 1, 2}}}
	m := &recipe.Measured{Labels: []int{0, 1, 2}, Confusion: [][]int{{0, 1, 0}, {0, 1, 0}, {0, 0, 1}},
		Chance: [][]float64{{0.1, 0.8, 0.1}, {0.2, 0.7, 0.1}, {0, 0, 1}}}
	return l, m
}

// words joins what a section says.
func words(s report.Section) string {
	text := s.Title + " " + strings.Join(s.Text, " ")
	for _, f := range s.Body {
		text += string(f.HTML) + f.Caption
	}
	return text
}

func TestSections(t *testing.T) {
	l, m := measured()
	for name, tt := range map[string]struct {
		got   string
		wants []string
	}{
		"lengths":  {words(l.lengthSection()), []string{"<td>40</td><td>3</td><td>90.0%</td><td>95.0%</td>"}},
		"winner":   {words(l.winnerSection()), []string{"the Bayes wins", "99.2%", "3-grams, Kneser–Ney", "taken", "80.0%"}},
		"near":     {words(l.nearSection(m)), []string{"<td>one</td><td>two</td><td>1</td>"}},
		"mistakes": {words(l.mistakeSection(m)), []string{"1 of 3 snippets", "a&lt;b", "<td>80%</td>"}},
		"classes":  {words(l.classSection(m)), []string{"<td>one</td><td>0.0%</td>", "<td>three</td><td>100.0%</td>"}},
	} {
		for _, want := range tt.wants {
			if !strings.Contains(tt.got, want) {
				t.Errorf("%s: %q lacks %q", name, tt.got, want)
			}
		}
	}
	l.config.Data = "/own"
	if strings.Contains(words(l.winnerSection()), "declarations") {
		t.Error("of a user's texts it speaks of declarations")
	}
	m.Confusion[0], m.Chance[0] = []int{1, 0, 0}, []float64{1, 0, 0}
	if got := words(l.nearSection(m)); !strings.Contains(got, "No snippet") {
		t.Errorf("without confusions: %q", got)
	}
	if got := words(l.mistakeSection(m)); !strings.Contains(got, "0 of 3") || strings.Contains(got, "<table") {
		t.Errorf("without mistakes: %q", got)
	}
}

// The classes that are most often confused are shown, no more than fit.
func TestNearSectionIsBounded(t *testing.T) {
	l, m := measured()
	const n = 60
	l.corpus.classes, m.Confusion = nil, nil
	for i := range n {
		l.corpus.classes = append(l.corpus.classes, fmt.Sprint("class", i))
		row := make([]int, n)
		row[i], row[(i+1)%n] = 10, i+1
		m.Confusion = append(m.Confusion, row)
	}
	got := words(l.nearSection(m))
	if !strings.Contains(got, "class59") || strings.Contains(got, "class3<") || strings.Count(got, "<title>") > shownNear*shownNear+1 {
		t.Errorf("shows too much, or the wrong ones: %d cells", strings.Count(got, "<title>"))
	}
}

// What is counted of a class is bounded, whatever the text's length.
func TestCountingIsBounded(t *testing.T) {
	text := make([]rune, mostCounted+50000)
	for i := range text {
		if text[i] = 'a'; i >= mostCounted {
			text[i] = 'b'
		}
	}
	a := learn([][]rune{text})
	for _, s := range []smoothing{{2, 0.1}, {2, 0}} {
		m := s.count([][]rune{text}, a)
		if p := m.LogProb(a.numbers([]rune("a")), a.numbers([]rune("b"))[0]); p > math.Log(1e-3) {
			t.Errorf("%s: what lies beyond the bound counts: %g", s, p)
		}
	}
}
