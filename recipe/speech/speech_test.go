package speech

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

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// small are settings of a run of a moment.
func small(change ...func(c *Config)) *Config {
	c := defaults(false)
	c.Width, c.Hidden, c.Layers, c.Epochs, c.Strings, c.Templates = 4, 12, 1, 1, 8, 1
	for _, f := range change {
		f(&c)
	}
	return &c
}

func made(t *testing.T, c *Config) *lesson {
	t.Helper()
	l := &lesson{config: c, options: options{Beam: 8}}
	if err := l.find(); err != nil {
		t.Fatal(err)
	}
	net, err := nn.Build(newNetwork(c, l.codec.labels()), nn.Input(60, listen.Width, 1), nn.Seed(c.Seed))
	if err != nil {
		t.Fatal(err)
	}
	l.net = net
	return l
}

func TestGoals(t *testing.T) {
	c := defaults(false)
	c.Seed, c.Every = 7, 9
	if g := goals(&c); len(g) != 1 || g[0] != (recipe.Goal{Score: "word_error_rate", Bound: 0.15, Most: true}) {
		t.Errorf("the defaults must reach %v", g)
	}
	for name, f := range map[string]func(c *Config){"width": func(c *Config) { c.Width = 3 }, "data": func(c *Config) { c.Data = "x" }, "tokens": func(c *Config) { c.Tokens = characters }} {
		c := defaults(false)
		f(&c)
		if g := goals(&c); g != nil {
			t.Errorf("another %s: %v", name, g)
		}
	}
}

// A clip in a batch with longer ones gets what it gets alone, and is sure of the
// blank past its end.
func TestBatchIsAsOneByOne(t *testing.T) {
	for _, kind := range []string{words, characters} {
		l := made(t, small(func(c *Config) { c.Tokens = kind; c.Layers = 2 }))
		var all []data.Example
		for _, c := range []clip{l.validate[0], l.validate[5], l.human[0]} {
			all = append(all, data.Example{X: look(c.samples)})
		}
		b, err := data.PadBatch(all)
		if err != nil {
			t.Fatal(err)
		}
		y, err := l.net.Predict(b.X)
		if err != nil {
			t.Fatal(err)
		}
		steps, n := y.Dim(1), y.Dim(2)
		together := tensor.Data[float32](y)
		for i, e := range all {
			alone, err := l.net.Predict(e.X.Unsqueeze(0))
			if err != nil {
				t.Fatal(err)
			}
			row := together[i*steps*n : (i+1)*steps*n]
			for k, v := range tensor.Data[float32](alone) {
				if math.Abs(float64(v-row[k])) > 1e-4 {
					t.Fatalf("%s: clip %d, step %d: %g alone, %g in a batch", kind, i, k/n, v, row[k])
				}
			}
			for k := alone.Len(); k < len(row); k++ {
				if want := float32(-30 + 60*boolean(k%n == blank)); row[k] != want {
					t.Fatalf("%s: clip %d: past its end %g, want %g", kind, i, row[k], want)
				}
			}
			if frames := e.X.Dim(0); math.Abs(float64(alone.Dim(1))*l.step()-float64(frames)/100) > 0.04 {
				t.Errorf("%s: %d steps of %g s for %d frames", kind, alone.Dim(1), l.step(), frames)
			}
		}
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Steps that are sure of the blank add nothing: the loss is that of CTC with the
// clips' own lengths.
func TestLossIsThatOfTheClipsOwnLengths(t *testing.T) {
	r := tensor.NewRand(4)
	const n, steps, labels = 3, 9, 4
	lens := []int{9, 5, 7}
	logits := tensor.Data[float32](r.Normal(0, 2, n, steps, labels))
	sure := slices.Clone(logits)
	for i, l := range lens {
		for k := (i*steps + l) * labels; k < (i+1)*steps*labels; k++ {
			sure[k] = float32(-30 + 60*boolean(k%labels == blank))
		}
	}
	target := tensor.Of([]int32{1, 2, 2, 3, 0, 0, 2, 1, 0}, 3, 3)
	want := loss.CTC(tensor.Of(logits, n, steps, labels), tensor.Ints(lens...), target, tensor.Ints(3, 1, 2), blank).Item()
	if got := ctc(tensor.Of(sure, n, steps, labels), target).Item(); math.Abs(got-want) > 1e-5 {
		t.Errorf("loss %g, want %g", got, want)
	}
}

func TestCodec(t *testing.T) {
	texts := []string{plain("Three  ONE\tthree"), plain(" ein Öl ")}
	if texts[0] != "three one three" || texts[1] != "ein öl" {
		t.Fatalf("plain: %q", texts)
	}
	w, c := codecOf(words, texts), codecOf(characters, texts)
	if !slices.Equal(w.tokens, []string{"ein", "one", "three", "öl"}) || c.tokens[0] != " " || w.labels() != 5 {
		t.Errorf("tokens %q and %q", w.tokens, c.tokens)
	}
	for _, k := range []*codec{w, c} {
		for _, text := range texts {
			labels, err := k.encode(text)
			if err != nil || k.decode(labels) != text || slices.Contains(labels, blank) {
				t.Errorf("%s: %q becomes %v, %q: %v", k.kind, text, labels, k.decode(labels), err)
			}
		}
		if _, err := k.encode("zwölf"); err == nil || !strings.Contains(err.Error(), k.kind) {
			t.Errorf("%s: what is not known: %v", k.kind, err)
		}
	}
	if got := c.decode([]int32{1, 2, 1, 1, 3, 1}); strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
		t.Errorf("spaces: %q", got)
	}
}

// The metric is the word error rate of what is read, batch by batch.
func TestWordErrors(t *testing.T) {
	k := codecOf(words, []string{"a b c"})
	logits := func(path ...int32) []float32 {
		out := make([]float32, 4*len(path))
		for i, l := range path {
			out[4*i+int(l)] = 5
		}
		return out
	}
	s := wordErrors{k}.New()
	out := tensor.Of(slices.Concat(logits(1, 1, 0, 2, 0), logits(0, 3, 0, 3, 3)), 2, 5, 4) // "a b" and "c c"
	for _, target := range [][]int32{{1, 2, 3, 0}, {3, 3, 0, 0}} {
		if err := s.Add(out, tensor.Of(slices.Concat(target, []int32{3, 3, 0, 0}), 2, 4)); err != nil {
			t.Fatal(err)
		}
	}
	// a b for a b c: one missing; c c twice right; a b for c c: two wrong
	if want := 3. / 9; math.Abs(s.Result()-want) > 1e-9 {
		t.Errorf("rate %g, want %g", s.Result(), want)
	}
	if err := s.Add(out, tensor.Ints(1, 2)); err == nil {
		t.Error("labels of another form are taken")
	}
	if m := (wordErrors{k}); m.Name() != "word_error_rate" || m.Better() != -1 {
		t.Errorf("%s, %d", m.Name(), m.Better())
	}
}

// Pairs have as many edits as Levenshtein's distance, and both rows in them.
func TestPairsAreTheFewestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := func(name string) []string {
			return rapid.SliceOfN(rapid.SampledFrom([]string{"one", "two", "three"}), 0, 7).Draw(t, name)
		}
		want, got := row("want"), row("got")
		all := pairs(want, got)
		var a, b []string
		edits := 0
		for _, p := range all {
			if p[0] != "" {
				a = append(a, p[0])
			}
			if p[1] != "" {
				b = append(b, p[1])
			}
			edits += differ(p[0], p[1])
		}
		if !slices.Equal(a, want) || !slices.Equal(b, got) || edits != metric.Align(want, got).Errors() {
			t.Fatalf("%v and %v in pairs: %v", want, got, all)
		}
	})
}

// Training strings follow from seed and number; they have one to seven digits of
// one voice, of all lengths and with every digit.
func TestCompose(t *testing.T) {
	l := made(t, small())
	set := composed{l}
	a, _ := set.At(5)
	b, _ := set.At(5)
	c, _ := set.At(6)
	if !slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](b.X)) || slices.Equal(tensor.Data[float32](a.X), tensor.Data[float32](c.X)) {
		t.Error("strings do not follow from their number")
	}
	lengths, labels := map[int]int{}, map[int32]int{}
	for i := range 300 {
		s := l.compose(l.voices[i%len(l.voices)], audio.Draw(3, 0, i))
		lengths[len(s.labels)]++
		for _, k := range s.labels {
			labels[k]++
		}
		if seconds := float64(len(s.samples)) / listen.Rate; seconds < 0.12*float64(len(s.labels)) || seconds > 1.2*float64(len(s.labels))+1 {
			t.Errorf("%q lasts %.2f s", s.text, seconds)
		}
		if room := int(squeezed * float64(len(s.samples)) / listen.Rate / l.step()); needed(s.labels) > room {
			t.Errorf("%q of %s has room for %d labels", s.text, s.voice, room)
		}
	}
	if len(lengths) != most || len(labels) != 10 || lengths[1] < 15 || lengths[7] < 15 {
		t.Errorf("lengths %v, labels %v", lengths, labels)
	}
}

// Each thing that people say is in one of their strings.
func TestPeoplesStrings(t *testing.T) {
	l := made(t, small())
	counts, voices := map[string]int{}, map[string]bool{}
	for _, c := range l.human {
		for _, w := range strings.Fields(c.text) {
			counts[w]++
		}
		voices[c.voice] = true
		if n := len(c.labels); n < 1 || n > most {
			t.Errorf("a string of %d digits", n)
		}
	}
	for _, w := range spoken.Digits {
		if counts[w] != 18 {
			t.Errorf("%d times %s", counts[w], w)
		}
	}
	if len(voices) != 6 {
		t.Errorf("voices %v", voices)
	}
}

func TestSplitsShareNoVoice(t *testing.T) {
	l := made(t, small())
	seen := map[string]string{}
	for _, v := range l.voices {
		seen[v.name] = "training"
	}
	for part, all := range map[string][]clip{"validation": l.validate, "test": l.test, "people": l.human} {
		for _, c := range all {
			if other := seen[c.voice]; other != "" && other != part {
				t.Fatalf("%s is in %s and %s", c.voice, other, part)
			}
			seen[c.voice] = part
		}
	}
	if len(l.test) != 60 || len(l.validate) != 7*12 {
		t.Errorf("%d test strings, %d of validation", len(l.test), len(l.validate))
	}
}

// The loss falls within a few steps.
func TestLearns(t *testing.T) {
	c := small(func(c *Config) {
		c.Strings, c.Epochs, c.Batch, c.Vary, c.Dropout, c.Schedule, c.LR, c.Width, c.Hidden = 48, 6, 8, 0, 0, "constant", 1e-2, 6, 24
	})
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	task.Fit.Validate, task.Fit.Metrics = nil, nil
	var losses []float64
	task.Fit.Observers = append(task.Fit.Observers, train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if d, ok := e.(train.EpochDone); ok {
			losses = append(losses, d.Loss)
		}
		return nil
	}))
	if _, err := train.Fit(t.Context(), task.Net, task.Fit); err != nil {
		t.Fatal(err)
	}
	if last := losses[len(losses)-1]; last > 0.75*losses[0] || last > 2.6 { // log 11 is 2.4
		t.Errorf("losses %.3f", losses)
	}
}

// The test is measured on the unseen synthesiser and on people, beside the
// nearest templates, and the report has a section for each thing it tells.
func TestMeasureAndPages(t *testing.T) {
	c := small()
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"word_error_rate", "word_error_rate_human", "word_error_rate_template", "word_error_rate_human_template", "character_error_rate"} {
		if v, ok := m.Scores.Number(name); !ok || math.IsNaN(v) || v < 0 {
			t.Errorf("%s is %v", name, m.Scores[name])
		}
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
	for _, want := range []string{"heard, and when", "without being told", "take a network", "never heard", "sound alike", "got wrong"} {
		if !strings.Contains(strings.Join(titles, "; "), want) {
			t.Errorf("no section %q among %q", want, titles)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := task.Examine(ctx); err == nil {
		t.Error("what was stopped is measured")
	}
}

// folder writes clips and a list of what is said in them, a line each.
func folder(t *testing.T, n int, line func(i int) string) string {
	t.Helper()
	dir := t.TempDir()
	var list strings.Builder
	for i := range n {
		x := make([]float32, listen.Rate+100*i)
		for k := range x {
			x[k] = float32(0.4 * math.Sin(2*math.Pi*300*float64(k)/listen.Rate))
		}
		if err := (audio.Clip{Samples: x, Rate: listen.Rate}).Save(filepath.Join(dir, fmt.Sprintf("%d.wav", i))); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&list, line(i))
	}
	if err := os.WriteFile(filepath.Join(dir, listName), []byte(list.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func plainLine(i int) string { return fmt.Sprintf("%d.wav\tHello world %c", i, 'a'+i%3) }

// A user's recordings are dealt, their characters are the labels, and a run
// answers when the folder is gone, with a language model too.
func TestOnesOwnRecordings(t *testing.T) {
	dir := folder(t, 20, plainLine)
	c := defaults(true)
	c.Data, c.Width, c.Hidden, c.Layers, c.Epochs = dir, 4, 8, 1, 1
	l := made(t, &c)
	seen := map[string]bool{}
	for _, part := range [][]clip{l.train, l.validate, l.test} {
		for _, e := range part {
			if seen[e.file] || !strings.HasPrefix(e.text, "hello world") {
				t.Errorf("%s says %q, or is in two parts", e.file, e.text)
			}
			seen[e.file] = true
		}
	}
	if len(seen) != 20 || len(l.train) != 14 || l.codec.kind != characters || len(l.texts) != 14 {
		t.Errorf("%d files, %d to train, %s, %d texts", len(seen), len(l.train), l.codec.kind, len(l.texts))
	}
	task, err := open(&c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Scores.Number("word_error_rate"); !ok {
		t.Errorf("scores %v", m.Scores)
	}
	if _, err := task.Sections(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "3.wav"))
	if err != nil {
		t.Fatal(err)
	}
	bare := c
	bare.Bare, bare.Data = true, filepath.Join(dir, "gone")
	task, err = open(&bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []options{{Beam: 1}, {Beam: 4}, {Beam: 4, Language: 1, Words: 0.5}} {
		*task.Options.(*options) = o
		a, err := task.Answer(t.Context(), &recipe.Question{In: bytes.NewReader(raw)})
		if err != nil {
			t.Fatal(err)
		}
		s := a.Value.(*said)
		if a.Text != s.Text+"\n" || a.Picture == nil || s.Chance < 0 || s.Chance > 1.0001 || (a.Doubt != "") != (s.Chance < unsure) {
			t.Errorf("%+v: %+v, %q", o, s, a.Text)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
	}
	if _, err := task.Answer(t.Context(), &recipe.Question{In: strings.NewReader("no sound")}); err == nil {
		t.Error("text is heard")
	}
}

func TestOnesOwnRecordingsSayWhatIsWrong(t *testing.T) {
	write := func(list string) string {
		dir := folder(t, 9, plainLine)
		if err := os.WriteFile(filepath.Join(dir, listName), []byte(list), 0o666); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	lines := func(change func(i int) string) string {
		var all []string
		for i := range 9 {
			all = append(all, change(i))
		}
		return strings.Join(all, "\n")
	}
	fourth := func(line string) string {
		return lines(func(i int) string {
			if i == 3 {
				return line
			}
			return plainLine(i)
		})
	}
	noList := folder(t, 1, plainLine)
	os.Remove(filepath.Join(noList, listName))
	broken := folder(t, 9, plainLine)
	if err := os.WriteFile(filepath.Join(broken, "4.wav"), []byte("RIFF"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"not there":          {filepath.Join(t.TempDir(), "none"), "none"},
		"no list":            {noList, "there is no " + listName},
		"an empty list":      {write(""), "names no file"},
		"a heading alone":    {write("file\ttext\n"), "names no file"},
		"few":                {folder(t, 3, plainLine), "7 or more"},
		"a missing clip":     {write(fourth("gone.wav\thello")), "line 4"},
		"named twice":        {write(fourth("2.wav\thello")), `lines 3 and 4 both name "2.wav"`},
		"no tab":             {write(fourth("3.wav hello")), "line 4"},
		"nothing said":       {write(fourth("3.wav\t ")), "line 4"},
		"out of the folder":  {write(fourth("../3.wav\thello")), "line 4"},
		"not UTF-8":          {write(fourth("3.wav\tZ\xfcrich")), "UTF-8"},
		"UTF-16":             {write("\xff\xfe1\x00.\x00"), "UTF-8"},
		"a broken clip":      {broken, "4.wav"},
		"too much said":      {write(fourth("3.wav\t" + strings.Repeat("a", 90))), "3.wav lasts"},
		"a folder as a clip": {write(fourth(".\thello")), "directory"},
	} {
		c := defaults(true)
		c.Data = tt.dir
		if _, err := open(&c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	c := small(func(c *Config) { c.Bare, c.Known = true, "{" })
	if _, err := open(c); err == nil {
		t.Error("what is known and is no JSON is taken")
	}
}

// The list may have a heading, a byte order mark, Windows' line ends and more
// columns, and may be named itself.
func TestOnesOwnListMayLookDifferent(t *testing.T) {
	dir := folder(t, 9, plainLine)
	var list strings.Builder
	list.WriteString("\uFEFFpath\tsentence\tspeaker\r\n# a remark\r\n\r\n")
	for i := range 9 {
		fmt.Fprintf(&list, "%d.wav\tDrei  Öl\tme\r\n", i)
	}
	file := filepath.Join(dir, "other.tsv")
	if err := os.WriteFile(file, []byte(list.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	c := defaults(true)
	c.Data = file
	l := &lesson{config: &c}
	if err := l.find(); err != nil || l.train[0].text != "drei öl" {
		t.Errorf("%+v: %v", l.train, err)
	}
}

// A language model turns what was heard badly into what is usually said.
func TestLanguageModelHelps(t *testing.T) {
	l := &lesson{config: &Config{Tokens: characters}, options: options{Beam: 20}}
	l.texts = []string{"abc", "abc", "abc", "abd", "abc"}
	l.codec = codecOf(characters, l.texts)
	n := l.codec.labels()
	logits := make([]float32, 5*n)
	for t, label := range []int{1, 0, 2, 0, 4} { // a b d
		logits[t*n+label] = 6
	}
	logits[4*n+3] = 5.8 // or c
	for weight, want := range map[float64]string{0: "abd", 2: "abc"} {
		l.options.Language = weight
		r, err := l.search(logits)
		if err != nil || l.codec.decode(r[0].Labels) != want {
			t.Errorf("weight %g: %q, %v", weight, l.codec.decode(r[0].Labels), err)
		}
	}
}

// Of characters, marks are words.
func TestMarksOfCharacters(t *testing.T) {
	l := &lesson{config: &Config{Tokens: characters}}
	l.codec = codecOf(characters, []string{"ab c"})
	n := l.codec.labels()
	logits := make([]float32, 8*n)
	for t, label := range []int{2, 0, 3, 1, 1, 0, 4, 4} { // a b space c
		logits[t*n+label] = 9
	}
	r, err := (&lesson{config: l.config, codec: l.codec, options: options{Beam: 1}}).search(logits)
	if err != nil || l.codec.decode(r[0].Labels) != "ab c" || math.Exp(r[0].LogProb) < 0.9 {
		t.Fatalf("%+v: %v", r, err)
	}
	marks := l.marks(greedy(logits, n))
	if len(marks) != 2 || marks[0].Text != "ab" || marks[1].Text != "c" || math.Abs(marks[1].From-0.12) > 1e-9 || math.Abs(marks[0].To-0.06) > 1e-9 {
		t.Errorf("%+v", marks)
	}
}

func greedy(logits []float32, n int) []decode.Span { return decode.Greedy(logits, n, blank) }
