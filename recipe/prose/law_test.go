package prose

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Wrapping changes white space alone, and leaves no line too wide.
func TestWrapped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab日 \n"))).Draw(t, "text")
		n := rapid.IntRange(1, 12).Draw(t, "columns")
		got := wrapped(text, n)
		for line := range strings.Lines(got) {
			if utf8.RuneCountInString(strings.TrimRight(line, " \n")) > n {
				t.Fatalf("%q in %d columns has a line %q", text, n, line)
			}
		}
		strip := strings.NewReplacer(" ", "", "\n", "").Replace
		if strip(got) != strip(text) {
			t.Fatalf("%q in %d columns is %q", text, n, got)
		}
	})
	if got := wrapped("one two three", 8); got != "one two\nthree" {
		t.Errorf("%q", got)
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		bits float64
		want string
	}{{2.0, "network foresees the test text better than counting does, by 0.200"}, {2.5, "Counting foresees the test text better than the network does, by 0.300"}, {2.203, "equally well"}} {
		if got := (&findings{bits: tt.bits, baseline: 2.2}).verdict(); !strings.Contains(got, tt.want) {
			t.Errorf("%g: %q", tt.bits, got)
		}
	}
}

// However a text's lines lie, its parts follow each other, none is empty, and
// the test is of its last tenth.
func TestDivideLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		line := rapid.StringOfN(rapid.RuneFrom([]rune("abc é日")), 0, 80, -1)
		for n := 0; n < leastText; {
			s := line.Draw(t, "line") + rapid.SampledFrom([]string{"\n", " ", "\n\n"}).Draw(t, "end")
			s = strings.Repeat(s, 100)
			n += utf8.RuneCountInString(s)
			b.WriteString(s)
		}
		x, err := divide(b.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(x.train, x.validate, x.test)
		if len(all) != utf8.RuneCountInString(b.String()) || len(x.validate) == 0 || len(x.test) == 0 {
			t.Fatalf("%d + %d + %d of %d characters", len(x.train), len(x.validate), len(x.test), utf8.RuneCountInString(b.String()))
		}
		if got := len(x.codec.Decode(x.test)); unknowns(x.test) == 0 && got > b.Len()/10+4 {
			t.Fatalf("the test has %d bytes of %d", got, b.Len())
		}
	})
}

// Text is taken if and only if it is UTF-8 without a byte 0.
func TestCheckTextLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\n\x00\xc3\xa4\xff\xe6")), 0, 20).Draw(t, "text")
		bad := bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text)
		if err := checkText(text); (err != nil) != bad {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// Each row of windows reads its stream from the beginning, without a gap.
func TestSideBySideLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := make([]int32, rapid.IntRange(2, 300).Draw(t, "n"))
		for i := range ids {
			ids[i] = int32(i)
		}
		batch, length := rapid.IntRange(1, 6).Draw(t, "batch"), rapid.IntRange(1, 20).Draw(t, "length")
		w := sideBySide(ids, batch, length)
		if want := (len(ids) - 1) / batch / length * batch; w.Len() != want {
			t.Fatalf("%d windows, want %d", w.Len(), want)
		}
		for i := range w.Len() {
			e, err := w.At(i)
			if err != nil {
				t.Fatal(err)
			}
			x, y := tensor.Data[int32](e.X), tensor.Data[int32](e.Y)
			if i >= batch && w.starts[i] != w.starts[i-batch]+length {
				t.Fatalf("window %d begins at %d, the one before at %d", i, w.starts[i], w.starts[i-batch])
			}
			for k := range x {
				if y[k] != x[k]+1 {
					t.Fatalf("after %d comes %d", x[k], y[k])
				}
			}
		}
		for i, at := range apart(ids, length, 2*length).starts {
			if at != i*length || at+2*length >= len(ids) {
				t.Fatalf("window %d of %d begins at %d", i, len(ids), at)
			}
		}
	})
}

// What is not known is never written, however likely the network thinks it.
func TestUnknownIsNeverWritten(t *testing.T) {
	_, l := mustOpen(t, quick(t, small["lstm"]...))
	u := train.NewUpdater(l.net, still{LR: 50})
	for range 3 { // teach it that all is unknown
		if _, err := u.Step(func(p *nn.Pass) tensor.Tensor {
			return loss.CrossEntropy(l.model.Forward(p, tensor.Of(l.text.test[:20], 1, 20)), tensor.Zeros(1, 20).To(tensor.Int32))
		}); err != nil {
			t.Fatal(err)
		}
	}
	p := l.pen()
	if err := p.read(l.text.test[:9]...); err != nil {
		t.Fatal(err)
	}
	if slices.Max(p.logits) != p.logits[unwritten] {
		t.Fatal("it did not learn that")
	}
	for _, s := range []decode.Sampling{{}, sampling, {Temperature: 5}} {
		err := l.pen().write(context.Background(), l.text.test[:9], 40, decode.NewSampler(s, 1), func(id int32) error {
			if id == unwritten {
				return fmt.Errorf("it wrote what is unknown")
			}
			return nil
		})
		if err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// The first character that is written is drawn from what a pass over the prompt
// gives: as often as its probability says.
func TestWhatIsWrittenIsDrawnFromTheModel(t *testing.T) {
	_, l := mustOpen(t, quick(t, small["gpt"]...))
	prompt := l.text.test[:6]
	y, err := l.net.Predict(tensor.Of(prompt, 1, 6))
	if err != nil {
		t.Fatal(err)
	}
	logits := slices.Clone(tensor.Data[float32](y.Index(1, 5)))
	logits[unwritten] = float32(math.Inf(-1))
	const n = 400
	for seed := range uint64(n) {
		want := decode.NewSampler(decode.Sampling{Temperature: 1}, seed).Next(logits)
		if seed%40 != 0 {
			continue
		}
		if err := l.pen().write(context.Background(), prompt, 1, decode.NewSampler(decode.Sampling{Temperature: 1}, seed), func(id int32) error {
			if int(id) != want {
				return fmt.Errorf("seed %d: %d, want %d", seed, id, want)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// Counting with more context foresees better while there is text for it; what
// is tuned is never worse than what is estimated.
func TestCount(t *testing.T) {
	x, err := book("", 80000, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, all := count(x)
	if m.Order() != reference || len(all) != len(orders) {
		t.Errorf("order %d of %d models", m.Order(), len(all))
	}
	for i, c := range all {
		if c.order != orders[i] || c.tuned > c.estimated+1e-9 || i > 0 && c.tuned > all[i-1].tuned || c.tuned < 1.5 || c.tuned > 4 {
			t.Errorf("%+v", c)
		}
	}
}

// The validation score is that of the metric, window by window from a fresh
// start; the test's, with what comes before, is no worse.
func TestTestBitsBesideValidation(t *testing.T) {
	task, l := mustOpen(t, quick(t, "epochs=2", "width=32", "characters=60000"))
	res, err := train.Fit(context.Background(), task.Net, task.Fit)
	if err != nil {
		t.Fatal(err)
	}
	again, err := train.Evaluate(context.Background(), task.Net, task.Fit.Validate, loss.CrossEntropy, metric.BitsPerCharacter{})
	if err != nil || math.Abs(again["bits_per_character"]-res.Validation["bits_per_character"]) > 1e-9 || math.Abs(again["loss"]/math.Ln2-again["bits_per_character"]) > 1e-4 {
		t.Errorf("validation %v, again %v: %v", res.Validation, again, err)
	}
	b, err := l.bits(context.Background(), l.text.train, l.text.validate)
	if err != nil || mean(b) > again["bits_per_character"]+0.02 {
		t.Errorf("validation text with what comes before takes %.3f bits, without %.3f: %v", mean(b), again["bits_per_character"], err)
	}
	if n := len(l.samples.all); n != 2 || l.samples.all[1].Bits != res.Validation["bits_per_character"] {
		t.Errorf("%d samples: %+v", n, l.samples.all)
	}
}

func TestSamplesAreStored(t *testing.T) {
	s := &samples{all: []sampled{{1, 2.5, "one\n two"}, {2, 2.25, "three  four "}}}
	text, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	back := &samples{}
	if err := back.UnmarshalBinary(text); err != nil || !slices.Equal(back.all, s.all) {
		t.Errorf("%+v, %v", back.all, err)
	}
	if got := back.note(); got != "writes: three four" {
		t.Errorf("note %q", got)
	}
	if got := (&samples{}).note(); got != "" {
		t.Errorf("nothing was written, and it notes %q", got)
	}
	if err := back.UnmarshalBinary([]byte("[{")); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged: %v", err)
	}
}

// A state that is kept outlives its pass: what is read after it does not change
// it.
func TestStateIsKept(t *testing.T) {
	for name, more := range small {
		_, l := mustOpen(t, quick(t, more...))
		p := l.pen()
		if err := p.read(l.text.test[:3]...); err != nil {
			t.Fatal(err)
		}
		fork := &pen{model: p.model, net: p.net, window: p.window, state: p.state, seen: slices.Clone(p.seen)}
		if err := p.read(l.text.test[3:6]...); err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(p.logits)
		if err := fork.read(l.text.test[3:6]...); err != nil || !slices.Equal(fork.logits, want) {
			t.Errorf("%s: two that go on from one state differ: %v", name, err)
		}
	}
}

// What a run knows is the numbering of its characters, whatever text it is
// measured on later.
func TestKnownNumbers(t *testing.T) {
	first, err := divide(strings.Repeat("abc abd\n", 1000), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := token.Write(&b, first.codec); err != nil {
		t.Fatal(err)
	}
	codec, err := token.Read(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	other, err := divide(strings.Repeat("dcba xyz\n", 1000), codec.(*token.Characters))
	if err != nil || other.codec.Size() != first.codec.Size() {
		t.Fatalf("%d characters, want %d: %v", other.codec.Size(), first.codec.Size(), err)
	}
	if a, b := first.codec.Encode("abcd"), other.codec.Encode("abcd"); !slices.Equal(a, b) || unknowns(other.test) == 0 {
		t.Errorf("numbers %v, then %v; %d unknown", a, b, unknowns(other.test))
	}
}

// The places of a word that are shown are means over the test.
func TestSectionsOfFindings(t *testing.T) {
	x, err := divide(strings.Repeat("ab c ", 2000), nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &lesson{config: quick(t), text: x, found: &findings{bits: 1, baseline: 2, trials: []counted{{5, 2.1, 2}}}}
	for _, id := range x.test {
		cost := 4.0
		if x.codec.Decode([]int32{id}) == "b" {
			cost = 1
		}
		l.found.network, l.found.counting = append(l.found.network, cost), append(l.found.counting, 2*cost)
	}
	l.samples.all = []sampled{{1, 3, "x"}, {2, 2.5, "y"}}
	for name, tt := range map[string]struct {
		got  string
		want []string
	}{
		"score":   {strings.Join(l.scoreSection().Text, " "), []string{"better than counting", "needs 1.000", "counting needs 2.000"}},
		"word":    {string(l.wordSection().Body[0].HTML), []string{"bits by place", "letter"}},
		"sample":  {string(l.sampleSection().Body[0].HTML), []string{"<td>2</td>", "2.500"}},
		"passage": {string(l.surpriseSection().Body[0].HTML), []string{"bits a character here", `title="-0.50"`, `title="-0.12"`}},
	} {
		for _, want := range tt.want {
			if !strings.Contains(tt.got, want) {
				t.Errorf("%s: %.300q lacks %q", name, tt.got, want)
			}
		}
	}
	if n := len(l.curve()); n != 1 {
		t.Errorf("%d curves", n)
	}
	if l.samples.all = l.samples.all[:1]; l.curve() != nil {
		t.Error("a curve of one point")
	}
}
