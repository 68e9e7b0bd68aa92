package dates

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// opened opens the task with small settings.
func opened(t *testing.T, change func(c *Config)) (*recipe.Task, *Config) {
	t.Helper()
	c := defaults(false)
	c.Hidden, c.Embed, c.Examples, c.Epochs = 16, 8, 400, 1
	change(&c)
	task, err := open(&c)
	if err != nil {
		t.Fatal(err)
	}
	return task, &c
}

// lessonOf is a lesson on little, at its first weights.
func lessonOf(t *testing.T) *lesson {
	t.Helper()
	c := defaults(false)
	c.Hidden, c.Embed = 16, 8
	l := &lesson{config: &c, options: &options{Beam: 2}}
	if _, _, err := l.madeUp(); err != nil {
		t.Fatal(err)
	}
	l.model = newTranslator(&c, l.language.from.Size(), l.language.to.Size())
	var err error
	if l.net, err = nn.Build(l.model, nn.Trace(l.model.trace), nn.Seed(3)); err != nil {
		t.Fatal(err)
	}
	return l
}

// The days of the two tests are none of training's, and the new forms neither.
func TestNothingOfTheTestIsLearned(t *testing.T) {
	l := lessonOf(t)
	learn, validate, err := l.madeUp()
	if err != nil {
		t.Fatal(err)
	}
	dates := map[string]bool{}
	for _, set := range []data.Dataset{learn, validate} {
		for i := range min(5000, set.Len()) {
			e, _ := set.At(i)
			y := tensor.Data[int32](e.Y)
			dates[l.language.to.Decode(y[:len(y)-1])] = true
		}
	}
	known, _ := divide(allForms(), formSeed)
	for _, s := range l.sets {
		for i, p := range s.pairs {
			if dates[p.to] {
				t.Fatalf("%s: %s is learned", s.name, p.to)
			}
			if slices.Contains(known, s.forms[i]) != (s.name == "exact") {
				t.Fatalf("%s: %v", s.name, s.forms[i])
			}
		}
	}
	if len(l.sets) != 2 || len(l.sets[0].pairs) != tested || learn.Len() != l.config.Examples {
		t.Errorf("%d sets, %d pairs, %d to learn", len(l.sets), len(l.sets[0].pairs), learn.Len())
	}
}

// Every character of a date is in the vocabulary, whatever day and form.
func TestEveryCharacterIsKnown(t *testing.T) {
	l := lessonOf(t)
	for _, f := range allForms() {
		for d := firstDay; d.Before(lastDay); d = d.AddDate(0, 5, 17) {
			if c := l.language.unknown(f.write(d)); c != "" {
				t.Fatalf("%q of %q is not known", c, f.write(d))
			}
		}
	}
	if l.language.unknown("5. März ⅓") != "⅓" {
		t.Error("⅓ passes for known")
	}
}

// A batch has the targets once as they are and once a symbol late.
func TestCollate(t *testing.T) {
	of := func(x, y []int32) data.Example { return data.Example{X: tensor.Of(x), Y: tensor.Of(y)} }
	b, err := collate([]data.Example{of([]int32{7, 8, 9}, []int32{5, end}), of([]int32{6}, []int32{4, 5, end})})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		got  tensor.Tensor
		want []int32
	}{
		"sources": {b.X, []int32{7, 8, 9, 6, 0, 0}}, "lengths": {b.More["lengths"], []int32{3, 1}},
		"targets": {b.Y, []int32{5, end, notCounted, 4, 5, end}}, "written": {b.More["written"], []int32{start, 5, 0, start, 4, 5}},
	} {
		if got := tensor.Data[int32](tt.got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// A text is translated alike alone and among longer ones; a search that keeps
// one beginning takes the same way; one that keeps more finds nothing less
// likely.
func TestTranslateAlike(t *testing.T) {
	l := lessonOf(t)
	var sources [][]int32
	for _, p := range l.sets[0].pairs[:6] {
		sources = append(sources, l.language.from.Encode(p.from))
	}
	all, err := translate(t.Context(), l.net, l.model, sources, 9)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sources {
		alone, err := translate(t.Context(), l.net, l.model, [][]int32{s}, 9)
		if err != nil || !slices.Equal(alone[0].symbols, all[i].symbols) || math.Abs(alone[0].chance/all[i].chance-1) > 1e-4 {
			t.Errorf("%d: alone %v, among others %v: %v", i, alone, all[i], err)
		}
		one, err := search(t.Context(), l.net, l.model, s, 1, 8)
		if err != nil || !slices.Equal(one.symbols[:min(8, len(one.symbols))], all[i].symbols[:min(8, len(all[i].symbols))]) {
			t.Errorf("%d: by search %v, want %v: %v", i, one, all[i], err)
		}
		five, err := search(t.Context(), l.net, l.model, s, 5, 8)
		if err != nil || len(five.symbols) == len(one.symbols) && five.chance < one.chance*(1-1e-6) {
			t.Errorf("%d: five beginnings end at %g, one at %g: %v", i, five.chance, one.chance, err)
		}
	}
}

// Where it looks are weights over the source for each symbol, which add up to
// one.
func TestLooks(t *testing.T) {
	l := lessonOf(t)
	rows, columns, values, err := l.heat(pair{"5 May 1999", "1999-05-05"})
	if err != nil || len(rows) != 11 || rows[10] != "∎" || len(columns) != 10 || columns[1] != "␣" {
		t.Fatalf("%q %q: %v", rows, columns, err)
	}
	for u, row := range values {
		sum := 0.0
		for _, v := range row {
			sum += v
		}
		if math.Abs(sum-1) > 1e-5 || len(row) != 10 {
			t.Errorf("row %d: %d weights that add up to %g", u, len(row), sum)
		}
	}
}

// A quick run learns: it beats the share that a guess at the month's form
// would leave, and the scores name what they count.
func TestItLearns(t *testing.T) {
	c := defaults(false)
	for _, kv := range Recipe.Quick {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	task, err := open(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(t.Context(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exact, _ := m.Scores.Number("exact")
	fresh, _ := m.Scores.Number("exact_new")
	byRule, _ := m.Scores.Number("exact_rule")
	if exact < 0.5 || fresh < 0.4 || byRule < 0.4 || byRule > 0.9 || m.Examples != 2*tested {
		t.Errorf("%v of %d", m.Scores, m.Examples)
	}
	sections, err := task.Pages(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	page := recipe.Words(fmt.Sprint(sections))
	for _, want := range []string{"Where it looks", "New combinations of known parts", "right answers by the form", "What was kept from training"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

func TestGoals(t *testing.T) {
	c := defaults(false)
	c.Seed, c.Every = 9, 3
	if g := goals(&c); len(g) != 2 {
		t.Errorf("%v", g)
	}
	c.Hidden++
	if g := goals(&c); g != nil {
		t.Errorf("of other settings: %v", g)
	}
	if _, err := open(&c); err == nil || !strings.Contains(err.Error(), "even") {
		t.Errorf("129 units: %v", err)
	}
}

// pairsFile writes n pairs of words and the same in capitals.
func pairsFile(t *testing.T, n int) string {
	t.Helper()
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "w%d\tW%d\n", i, i)
	}
	name := filepath.Join(t.TempDir(), "pairs.tsv")
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// A run on a file of one's own is asked without the file.
func TestOwnPairs(t *testing.T) {
	name := pairsFile(t, 100)
	task, c := opened(t, func(c *Config) { c.Data = name })
	if task.Fit.Data.Len() != 80 || task.Fit.Validate.Len() != 10 {
		t.Fatalf("%d to learn, %d to validate", task.Fit.Data.Len(), task.Fit.Validate.Len())
	}
	m, err := task.Examine(t.Context())
	if _, ok := m.Scores.Number("exact"); err != nil || !ok || m.Examples != 10 || m.Reference != nil {
		t.Errorf("%+v: %v", m, err)
	}
	if _, err := task.Pages(t.Context(), m); err != nil {
		t.Error(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	bare := *c
	bare.Bare = true
	again, err := open(&bare)
	if err != nil {
		t.Fatal(err)
	}
	a, err := again.Answer(t.Context(), &recipe.Question{In: strings.NewReader("w7\nw8\n")})
	if err != nil || len(a.Value.([]written)) != 2 || !strings.HasPrefix(a.Text, "w7\t") {
		t.Errorf("%+v: %v", a, err)
	}
	bare.Known = "{"
	if _, err := open(&bare); err == nil {
		t.Error("knows from half a text")
	}
}

func TestPairsThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no tab":        {"a\tb\nc d\n", "line 2: it has no tab"},
		"two tabs":      {"a\tb\tc\n", "line 1: it has more than one tab"},
		"not UTF-8":     {"a\tb\n\xff\tc\n", "line 2: it is not UTF-8"},
		"no source":     {"\tb\n", "line 1: the text is empty"},
		"no target":     {"a\t\n", "line 1: what it becomes is empty"},
		"a long text":   {strings.Repeat("ä", longest+1) + "\tb\n", "257 characters; at most 256"},
		"a longer line": {"a\tb\n" + strings.Repeat("a", 20*longest), "line 2 is longer"},
		"too few":       {"a\tb\na\tc\nd\te\n", "2 different pairs; it takes at least 20"},
		"nothing":       {"", "0 different pairs"},
	} {
		file := filepath.Join(t.TempDir(), "x.tsv")
		if err := os.WriteFile(file, []byte(tt.text), 0o666); err != nil {
			t.Fatal(err)
		}
		c := defaults(true)
		c.Data = file
		if _, err := open(&c); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	for _, at := range []string{t.TempDir(), "/nothing/here"} {
		if _, err := readPairs(at); err == nil {
			t.Errorf("reads %s", at)
		}
	}
	pairs, err := parsePairs(strings.NewReader("\ufeffa\tb\r\n\n"))
	if err != nil || !slices.Equal(pairs, []pair{{"a", "b"}}) {
		t.Errorf("%q: %v", pairs, err)
	}
}

// A language survives being kept.
func TestKeep(t *testing.T) {
	l, err := learnLanguage([]pair{{"März", "03"}, {"Mai", "05"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := l.keep()
	if err != nil {
		t.Fatal(err)
	}
	again, err := recall(text)
	if err != nil || !slices.Equal(again.from.Encode("iMärz?"), l.from.Encode("iMärz?")) || again.to.Size() != l.to.Size() || again.to.Special(specials[2]) != end || l.from.Special(token.Unknown) < 0 {
		t.Errorf("%v", err)
	}
}

func TestAnswers(t *testing.T) {
	l := lessonOf(t)
	var stream bytes.Buffer
	a, err := l.answer(t.Context(), &recipe.Question{In: strings.NewReader("5 May 1999\n\n  7.7.2007  \n"), Out: &stream})
	if err != nil || a.Text != "" || strings.Count(stream.String(), "\n") != 2 || !strings.Contains(stream.String(), "\n7.7.2007\t") {
		t.Fatalf("%+v, %q: %v", a, &stream, err)
	}
	if w := a.Value.([]written); w[0].Text != "5 May 1999" || w[0].Probability <= 0 || w[0].Probability > 1 {
		t.Errorf("%+v", w)
	}
	if a.Picture == nil || a.Picture.Bounds() == (image.Rectangle{}) {
		t.Error("nothing is drawn")
	}
	if a, err = l.answer(t.Context(), &recipe.Question{In: strings.NewReader("5 ⅓ 1999")}); err != nil || !strings.Contains(a.Doubt, "⅓") {
		t.Errorf("%+v: %v", a, err)
	}
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":      {" \n\n", "nothing to rewrite"},
		"not UTF-8":    {"1.1.2000\n\xff\n", "line 2: it is not UTF-8"},
		"a long line":  {strings.Repeat("1", longest+1), "line 1: it has 257 characters"},
		"a huge line":  {"1.1.2000\n" + strings.Repeat("1", 20*longest), "line 2 is too long"},
		"many lines":   {strings.Repeat("1\n", mostLines+1), "more than"},
		"broken input": {"", "reading"},
	} {
		q := &recipe.Question{In: strings.NewReader(tt.in)}
		if name == "many lines" && testing.Short() {
			continue
		}
		if name == "broken input" {
			q.In = broken{}
		}
		if name == "many lines" {
			l.options.Beam, l.most = 1, 0
		}
		if _, err := l.answer(t.Context(), q); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// broken is an input that cannot be read.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("reading fails") }
