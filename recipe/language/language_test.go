package language

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/datasets/udhr"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// quick returns the settings of a quick run, and some more.
func quick(t *testing.T, more ...string) *Config {
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

func mustOpen(t *testing.T, c *Config) *recipe.Task {
	t.Helper()
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func TestGoals(t *testing.T) {
	c := defaults()
	c.Seed, c.Every = 5, 9
	if got := goals(&c); len(got) != 2 || got[0].Score != "accuracy_40" || got[1].Bound != 0.975 {
		t.Errorf("goals %v", got)
	}
	c.Epochs++
	if got := goals(&c); got != nil {
		t.Errorf("with other settings: %v", got)
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"  Wo IST\tder\r\n\nBahnhof?\x00 ": "wo ist der bahnhof?", "": "", " \n\x07": "", "ÄÖ\u00a0ÉÑ": "äö éñ", "日本\u3000語": "日本 語", "ΑΒΓ": "αβγ",
	} {
		if got := string(plain(text)); got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		once := plain(rapid.String().Draw(t, "text"))
		if twice := plain(string(once)); !slices.Equal(once, twice) {
			t.Fatalf("%q, then %q", string(once), string(twice))
		}
	})
}

func TestAlphabet(t *testing.T) {
	a := learn([][]rune{[]rune("abba c"), []rune("жжa日")}) // a 3, b 2, ж 2; once: c, space, 日
	if string(a.order) != "abж" {
		t.Errorf("learned %q", string(a.order))
	}
	chars, blocks := a.sizes()
	if chars != firstKnown+3 || blocks != firstKnown+2 {
		t.Errorf("%d characters, %d blocks", chars, blocks)
	}
	for r, want := range map[rune][2]int32{'a': {2, 2}, 'b': {3, 2}, 'ж': {4, 3}, 'c': {unknown, 2}, 'я': {unknown, 3}, '日': {unknown, unknown}} {
		if char, block := a.number(r); char != want[0] || block != want[1] {
			t.Errorf("%c is %d of block %d, want %v", r, char, block, want)
		}
	}
	if got := a.numbers([]rune("abc")); !slices.Equal(got, []int32{2, 3, unknown}) {
		t.Errorf("numbers %v", got)
	}
	x := a.encode([][]rune{[]rune("ba"), []rune("жabc")}, 3)
	if want := []int32{3, 2, 2, 2, 0, 0, 4, 3, 2, 2, 3, 2}; !slices.Equal(tensor.Data[int32](x), want) || !slices.Equal(x.Shape(), []int{2, 3, 2}) {
		t.Errorf("encoded %v %v", x.Shape(), tensor.Data[int32](x))
	}
	back := newAlphabet(a.order)
	for r := range a.chars {
		c1, b1 := a.number(r)
		if c2, b2 := back.number(r); c1 != c2 || b1 != b2 {
			t.Errorf("%c comes back as another number", r)
		}
	}
}

// No passage of a test article is in what is learned from or chosen by, and
// languages that share a standard are one class.
func TestDeclarations(t *testing.T) {
	c := declarations()
	if len(c.classes) != len(udhr.All())-3 || len(c.classes) < 60 || !slices.Contains(c.classes, "Bosnian, Croatian, Serbian") {
		t.Errorf("%d classes", len(c.classes))
	}
	for i, name := range c.classes {
		seen := strings.Builder{}
		for _, text := range append(slices.Clone(c.train[i]), c.validate[i]...) {
			seen.WriteString(string(text) + "\n")
		}
		if len(c.train[i]) < 20 || len(c.validate[i]) < 3 || len(c.test[i]) < 6 {
			t.Errorf("%s: %d, %d and %d articles", name, len(c.train[i]), len(c.validate[i]), len(c.test[i]))
		}
		for _, text := range c.test[i] {
			if strings.Contains(seen.String(), string(text)) {
				t.Errorf("%s: a test article is among the others", name)
			}
		}
	}
	c.limit(5)
	if len(c.classes) != 5 || len(c.test) != 5 {
		t.Errorf("limited to %d", len(c.classes))
	}
}

func TestCutAndStretches(t *testing.T) {
	texts := [][][]rune{{[]rune("abcdefgh"), []rune("xyz")}, {[]rune("01234567890123")}}
	s := cut(texts, 3, 0)
	var all []string
	for _, text := range s.texts {
		all = append(all, string(text))
	}
	if want := []string{"abc", "def", "xyz", "012", "345", "678", "901"}; !slices.Equal(all, want) || !slices.Equal(s.labels, []int{0, 0, 0, 1, 1, 1, 1}) {
		t.Errorf("%q %v", all, s.labels)
	}
	if got := cut(texts, 3, 2); string(got.texts[3]) != "678" || len(got.texts) != 4 {
		t.Errorf("two of each: %q", got.texts)
	}
	if got := cut(texts, 40, 2); len(got.texts) != 0 {
		t.Errorf("of texts that are too short: %q", got.texts)
	}
	r := stretches(texts[:1], 3, 14)
	for i, want := range []string{"abcdefgh xyz a", "efgh xyz abcde", " xyz abcdefgh "} {
		if string(r.texts[i]) != want {
			t.Errorf("stretch %d is %q, want %q", i, string(r.texts[i]), want)
		}
	}
}

// What stands past a text's end changes nothing, whatever reads.
func TestPaddingChangesNothing(t *testing.T) {
	for _, model := range []string{"conv", "gru", "transformer"} {
		c := quick(t, "model="+model, "layers=2", "width=32")
		l := &lesson{config: c}
		if err := l.read(); err != nil {
			t.Fatal(err)
		}
		net, err := nn.Build(newReader(c, l.letter, 12), nn.Input(longest, 2), nn.Seed(3))
		if err != nil {
			t.Fatal(err)
		}
		texts := [][]rune{plain("all human beings"), plain("alle menschen sind frei und gleich"), plain("x")}
		together, err := net.Predict(l.letter.encode(texts, 60))
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			alone, err := net.Predict(l.letter.encode(texts[i:i+1], len(text)))
			if err != nil {
				t.Fatal(err)
			}
			if d := alone.Index(0, 0).Sub(together.Index(0, i)).Abs().Max().Item(); d > 1e-5 {
				t.Errorf("%s: %q differs by %g", model, string(text), d)
			}
		}
	}
}

// A quick run learns, measures what it must, and its report says who wins.
func TestQuickLearns(t *testing.T) {
	c := quick(t)
	task := mustOpen(t, c)
	smoothingsBefore := smoothings
	smoothings = []smoothing{{3, 0.1}, {3, 0}}
	defer func() { smoothings = smoothingsBefore }()
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name, least := range map[string]float64{"accuracy_40": 0.8, "accuracy_100": 0.85, "accuracy_40_bayes": 0.95, "accuracy_100_bayes": 0.95, "accuracy_10": 0.4, "f1_macro_40": 0.8} {
		if v, ok := m.Scores.Number(name); !ok || v < least || v > 1 {
			t.Errorf("%s is %v, want at least %g", name, m.Scores[name], least)
		}
	}
	sections, err := task.Sections(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	for _, s := range sections {
		words.WriteString(s.Title + "\n" + strings.Join(s.Text, "\n"))
		for _, f := range s.Body {
			words.WriteString(string(f.HTML))
		}
	}
	for _, want := range []string{"How much text", "Bayes wins", "3-grams, Kneser", "taken for", "Afrikaans", "color-mix", "most confident mistakes"} {
		if !strings.Contains(words.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	a, err := task.Answer(context.Background(), &recipe.Question{Name: "-", In: strings.NewReader("Всички хора се раждат свободни и равни по достойнство")})
	if err != nil || a.Value.(*said).Class != "Bulgarian" || !strings.Contains(a.Text, "Bulgarian") || a.Doubt != "" {
		t.Errorf("%+v, %v", a, err)
	}
}

// Of two scores the verdict names the greater.
func TestVerdict(t *testing.T) {
	f := &findings{lengths: []int{20, 40, 100}, network: []float64{0.1, 0.96, 0.99}, bayes: []float64{0.9, 0.97, 0.99}, macro: 0.95, byHand: 0.965}
	got := f.verdict()
	for _, want := range []string{"At 40 characters the Bayes wins", "96.0%", "97.0%", "At 100 characters neither wins", "0.950 and 0.965"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if f.bayes[1] = 0.9; !strings.Contains(f.verdict(), "At 40 characters the network wins") || strings.Contains(f.verdict(), "20 characters") {
		t.Errorf("%q", f.verdict())
	}
}

// The search takes the best smoothing, of equal ones the first, and says what
// each reached; it stops with its context.
func TestSearch(t *testing.T) {
	c := declarations()
	c.limit(6)
	before := smoothings
	smoothings = []smoothing{{1, 1e6}, {3, 0}, {3, 0}}
	defer func() { smoothings = before }()
	_, at, all, err := search(context.Background(), c, learn(flat(c.train)))
	if err != nil || at != 1 || len(all) != 3 || all[1].accuracy != all[2].accuracy || all[1].accuracy < 0.95 || all[0].accuracy >= all[1].accuracy {
		t.Errorf("%d of %v, %v", at, all, err)
	}
	if all[0].String() != "1-grams, 1e+06 added to each count" || all[1].String() != "3-grams, Kneser–Ney" {
		t.Errorf("%q, %q", all[0], all[1])
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, _, err := search(stopped, c, learn(flat(c.train))); err == nil {
		t.Error("a search that was stopped ends well")
	}
}

// A window of unknown characters lowers the answer where they counted: at the
// letters that one class alone has.
func TestOcclude(t *testing.T) {
	task := mustOpen(t, quick(t))
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	l := &lesson{config: quick(t), net: task.Net}
	if err := l.read(); err != nil {
		t.Fatal(err)
	}
	class := slices.Index(l.corpus.classes, "Azerbaijani, North (Latin)")
	falls, err := l.occlude(plain("hər bir insan azaddır və bərabərdir"), class)
	if err != nil || len(falls) != 35 {
		t.Fatalf("%d falls, %v", len(falls), err)
	}
	for _, v := range falls {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("falls %v", falls)
		}
	}
	if slices.Max(falls) <= 0 {
		t.Errorf("nothing counts for the class: %.2f", falls)
	}
}

// folderOf writes texts to files of a new folder.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// article returns some declarations' text.
func article(code string) string {
	for _, d := range udhr.All() {
		if d.Code == code {
			return strings.Join(d.Articles[:], "\n")
		}
	}
	return ""
}

// From a folder of a user's own to an answer, also when the folder is gone.
func TestOwnFolder(t *testing.T) {
	english, german := article("eng"), article("deu_1996")
	dir := folderOf(t, map[string]string{
		"english.txt": "\ufeff" + english, "german/a.txt": german[:3000], "german/more/b.txt": german[3000:], ".hidden": "\x00", "german/.DS_Store": "\x00\x01",
	})
	c := quick(t, "epochs=6", "data="+dir)
	task := mustOpen(t, c)
	if !slices.Equal(task.Classes, []string{"english", "german"}) || !strings.Contains(c.Known, `"german"`) {
		t.Errorf("classes %q, known %.60s", task.Classes, c.Known)
	}
	if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(t.TempDir(), "w.safetensors")
	if err := task.Net.Save(weights); err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(dir)
	c.Bare = true
	bare := mustOpen(t, c)
	if err := bare.Net.Load(weights); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"wo ist der nächste Bahnhof, und wann fährt der Zug?": "german", "everyone has the right to go where he wants": "english"} {
		a, err := bare.Answer(context.Background(), &recipe.Question{In: strings.NewReader(text)})
		if err != nil || a.Value.(*said).Class != want {
			t.Errorf("%q is %+v, %v", text, a, err)
		}
	}
	c.Bare = false
	if _, err := open(c); err == nil {
		t.Error("without its folder it trains")
	}
}

// The split keeps each class's text in order, whole, and cut between words.
func TestFolderSplit(t *testing.T) {
	word := strings.Repeat("lorem ipsum dolor sit amet ", 40)
	c, err := folder(folderOf(t, map[string]string{"a.txt": word, "b.txt": strings.ToUpper(word) + "x"}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.classes {
		whole := string(c.train[i][0]) + string(c.validate[i][0]) + string(c.test[i][0])
		if want := string(plain(word + map[int]string{1: "x"}[i])); whole != want {
			t.Errorf("%s: %d characters of %d", c.classes[i], len(whole), len(want))
		}
		if c.validate[i][0][0] != ' ' || c.test[i][0][0] != ' ' || len(c.test[i][0]) < shortPiece {
			t.Errorf("%s: cut within a word, or too short: %q", c.classes[i], string(c.test[i][0]))
		}
	}
}

func TestHostileFolders(t *testing.T) {
	long := strings.Repeat("some words of text ", 40)
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"empty", map[string]string{}, []string{"no class", "put a file"}},
		{"one class", map[string]string{"a.txt": long}, []string{"one class only"}},
		{"not UTF-8", map[string]string{"a.txt": "gut\nsch\xf6n " + long, "b.txt": long}, []string{`a.txt", line 2, column 4`, "0xf6", "iconv"}},
		{"cut rune", map[string]string{"a.txt": long + "\xe6\x97", "b.txt": long}, []string{"line 1, column 761", "iconv"}},
		{"NUL", map[string]string{"a.txt": "x\n\ny\x00", "b.txt": long}, []string{`a.txt", line 3, column 2`, "byte 0"}},
		{"UTF-16", map[string]string{"a.txt": "\xff\xfea\x00", "b.txt": long}, []string{"a.txt", "UTF-16"}},
		{"short", map[string]string{"a.txt": "hello", "b.txt": long}, []string{`class "a" has 5 characters`, "400"}},
		{"empty file", map[string]string{"a.txt": "", "b.txt": long}, []string{`class "a" has 0 characters`}},
		{"white", map[string]string{"a.txt": strings.Repeat(" \n", 900), "b.txt": long}, []string{`class "a" has 0 characters`}},
		{"twice", map[string]string{"a.txt": long, "a.md": long, "b.txt": long}, []string{`class "a" is there twice`}},
		{"empty folder", map[string]string{"a/.keep": "", "b.txt": long}, []string{`class "a" has 0 characters`}},
		{"two faults", map[string]string{"a.txt": "\x00", "b.txt": "\xff", "c.txt": long}, []string{"a.txt", "b.txt"}},
	} {
		_, err := folder(folderOf(t, tt.files))
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", tt.name, err, want)
			}
		}
	}
	if _, err := folder(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a folder that is not there")
	}
	file := filepath.Join(folderOf(t, map[string]string{"a.txt": long}), "a.txt")
	if _, err := folder(file); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file: %v", err)
	}
}

// One line of many megabytes is text like any other, and many faults are told
// in few lines.
func TestLargeFolders(t *testing.T) {
	c, err := folder(folderOf(t, map[string]string{"a.txt": strings.Repeat("x", 3<<20), "b.txt": strings.Repeat("wort ", 200)}))
	if err != nil || len(c.train[0][0])+len(c.validate[0][0])+len(c.test[0][0]) != 3<<20 {
		t.Errorf("a huge line: %v", err)
	}
	files := map[string]string{}
	for i := range 40 {
		files[strings.Repeat("f", i+1)+".txt"] = "\x00"
	}
	if _, err := folder(folderOf(t, files)); err == nil || strings.Count(err.Error(), "\n") > mostFaults || !strings.Contains(err.Error(), "and more") {
		t.Errorf("40 faults: %v", err)
	}
}

// ask puts a text to an untrained network.
func ask(t *testing.T, text string, set func(o *options)) (*recipe.Answer, error) {
	t.Helper()
	task := mustOpen(t, quick(t))
	if set != nil {
		set(task.Options.(*options))
	}
	return task.Answer(context.Background(), &recipe.Question{Name: "-", In: strings.NewReader(text)})
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct{ name, text, doubt, step string }{
		{"usual", "all human beings are born free", "", ""},
		{"short", "hello", "5 characters", ""},
		{"digits", "12345 67890 12345", "no letter", ""},
		{"other script", "ᚠᚢᚦᚨᚱᚲ ᚷᚹᚺᚾᛁᛃ ᛇᛈᛉᛊᛏᛒ", "none of the texts", ""},
		{"bytes", "der Zug f\xe4hrt gleich ab", "", "not UTF-8"},
		{"long", strings.Repeat("all human beings are born free ", 50000), "", "first 1024 KiB"},
		{"NUL", "all human\x00beings are born free", "", ""},
	} {
		a, err := ask(t, tt.text, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		sum := 0.0
		for _, c := range a.Value.(*said).Classes {
			sum += c.Probability
		}
		if !strings.Contains(a.Doubt, tt.doubt) || (tt.doubt == "") != (a.Doubt == "") || !strings.Contains(strings.Join(a.Steps, "\n"), tt.step) || sum > 1+1e-9 || strings.Count(a.Text, "\n") != 5 {
			t.Errorf("%s: doubt %q, steps %q, sum %g, text %q", tt.name, a.Doubt, a.Steps, sum, a.Text)
		}
	}
	for _, text := range []string{"", " \n\t\x00 "} {
		if _, err := ask(t, text, nil); err == nil || !strings.Contains(err.Error(), "no text") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAnswerLines(t *testing.T) {
	a, err := ask(t, "the first line\n\n  \nund die  zweite\n", func(o *options) { o.Lines, o.Top = true, 0 })
	if err != nil {
		t.Fatal(err)
	}
	all := a.Value.([]*said)
	if len(all) != 2 || all[1].Text != "und die  zweite" || len(all[0].Classes) != 12 || !strings.Contains(a.Text, "und die zweite\n") {
		t.Errorf("%d lines, %q", len(all), a.Text)
	}
	if text, err := json.Marshal(a.Value); err != nil || !strings.Contains(string(text), `"class":`) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := ask(t, "\n\n", func(o *options) { o.Lines = true }); err == nil {
		t.Error("no line with text in it is answered")
	}
}

// A long text is read in equal pieces from its beginning to its end.
func TestSpread(t *testing.T) {
	for n, want := range map[int]int{1: 1, longest: 1, longest + 1: 2, 10 * longest: 10, 1000 * longest: mostPieces} {
		text := make([]rune, n)
		all := spread(text)
		short, long := n, 0
		for _, p := range all {
			short, long = min(short, len(p)), max(long, len(p))
		}
		if len(all) != want || long > longest || long-short > 1 {
			t.Errorf("%d characters: %d pieces of %d to %d", n, len(all), short, long)
		}
	}
}

func TestKnownIsChecked(t *testing.T) {
	text := strings.Repeat("some words of text ", 40)
	dir := folderOf(t, map[string]string{"a.txt": text, "b.txt": strings.ToUpper(text)})
	c := quick(t, "data="+dir)
	mustOpen(t, c)
	if err := os.Rename(filepath.Join(dir, "b.txt"), filepath.Join(dir, "c.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(c); err == nil || !strings.Contains(err.Error(), `["a" "b"]`) {
		t.Errorf("other classes: %v", err)
	}
	c.Known, c.Bare = "{", true
	if _, err := open(c); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
}
