package token

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/tensor"
)

type golden struct {
	Merges [][2]int32
	Texts  []struct {
		Text   string
		Pieces []string
		IDs    []int32
	}
}

var sample = sync.OnceValue(func() string {
	raw, err := os.ReadFile("testdata/sample.txt")
	if err != nil {
		panic(err)
	}
	return string(raw)
})

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	raw, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(raw, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func trained(t testing.TB, size int, special ...string) *BPE {
	t.Helper()
	c, err := TrainBPE(strings.NewReader(sample()), BPEOptions{Size: size, Special: special})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTrainingLearnsTheMergesOfThePlainAlgorithm(t *testing.T) {
	want := readGolden(t).Merges
	if got := trained(t, 256+len(want)).merges; !slices.Equal(got, want) {
		for i, m := range got {
			if m != want[i] {
				t.Fatalf("merge %d is %v, want %v", i, m, want[i])
			}
		}
		t.Fatalf("%d merges, want %d", len(got), len(want))
	}
}

func TestPiecesAndCodesAreThoseOfHuggingFace(t *testing.T) {
	g := readGolden(t)
	c, err := newBPE(nil, g.Merges)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range g.Texts {
		var pieces []string
		for rest := want.Text; rest != ""; {
			n := pieceEnd(rest)
			pieces = append(pieces, hex.EncodeToString([]byte(rest[:n])))
			rest = rest[n:]
		}
		if !slices.Equal(pieces, want.Pieces) {
			t.Errorf("%.40q: pieces %q, want %q", want.Text, pieces, want.Pieces)
		}
		if got := c.Encode(want.Text); !slices.Equal(got, want.IDs) {
			t.Errorf("%.40q: %v, want %v", want.Text, got, want.IDs)
		}
	}
}

// The three ways to join a piece agree: by looking, by a heap, and by the rules
// said plainly.
func TestWaysToMergeAgree(t *testing.T) {
	c := trained(t, 500)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 1 + r.IntN(shortPiece)
		at := r.IntN(len(sample()) - n)
		piece := sample()[at : at+n]
		if r.IntN(4) == 0 {
			piece = strings.Repeat(piece[:min(n, 1+r.IntN(3))], 20)[:min(n, 20)]
		}
		var start []int32
		for i := range len(piece) {
			start = append(start, int32(piece[i]))
		}
		short, long := slices.Clone(start), slices.Clone(start)
		short = short[:c.mergeShort(short)]
		long = long[:c.mergeLong(long)]
		plain := slices.Clone(start)
		for {
			best, at := int32(1<<30), -1
			for i := range len(plain) - 1 {
				if into, ok := c.ranks[pair(plain[i], plain[i+1])]; ok && into < best {
					best, at = into, i
				}
			}
			if at < 0 {
				break
			}
			plain = slices.Replace(plain, at, at+2, best)
		}
		if !slices.Equal(short, plain) || !slices.Equal(long, plain) {
			t.Fatalf("%q: looking %v, heap %v, plainly %v", piece, short, long, plain)
		}
	}
}

func codecs(t testing.TB) map[string]Codec {
	t.Helper()
	o := VocabOptions{Special: []string{"<pad>", "<end>"}}
	chars, err := TrainCharacters(strings.NewReader(sample()), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Lower, o.Size = true, 300
	words, err := TrainWords(strings.NewReader(sample()), o)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Codec{
		"bytes": NewBytes("<pad>", "<end>"), "bpe": trained(t, 600, "<pad>", "<end>"), "characters": chars, "words": words,
	}
}

func TestSavedCodecsCodeTheSame(t *testing.T) {
	for kind, c := range codecs(t) {
		file := filepath.Join(t.TempDir(), kind+".json")
		if err := Save(file, c); err != nil {
			t.Fatal(err)
		}
		back, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		text := sample() + "\xff\xfe never seen: ☃ <pad>"
		ids := c.Encode(text)
		if got := back.Encode(text); !slices.Equal(got, ids) || back.Size() != c.Size() || fmt.Sprintf("%T", back) != fmt.Sprintf("%T", c) {
			t.Errorf("%s: another codec came back", kind)
		}
		for name, want := range map[string]int32{"<pad>": 0, "<end>": 1, "<none>": -1} {
			if got := back.Special(name); got != want {
				t.Errorf("%s: %s is %d, want %d", kind, name, got, want)
			}
		}
		for id := range int32(c.Size()) {
			if c.Token(id) == "" || c.Token(id) != back.Token(id) || !utf8.ValidString(c.Token(id)) {
				t.Errorf("%s: token %d is %q and %q", kind, id, c.Token(id), back.Token(id))
			}
		}
		if got := c.Append([]int32{7}, "abc"); got[0] != 7 || !slices.Equal(got[1:], c.Encode("abc")) {
			t.Errorf("%s: appended %v", kind, got)
		}
		// Text cannot forge a special token, and Decode leaves them out.
		if slices.Contains(c.Encode("a<pad>b"), 0) || c.Decode([]int32{0, 1}) != "" {
			t.Errorf("%s: text made a special token, or one made text", kind)
		}
	}
}

func TestAnyBytesSurvive(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	texts := []string{"", sample(), "\xff\x00\xc3", strings.Repeat(" ", 1000), strings.Repeat("ab", 999)}
	for range 200 {
		b := make([]byte, r.IntN(100))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		texts = append(texts, string(b))
	}
	for kind, c := range codecs(t) {
		if kind != "bytes" && kind != "bpe" {
			continue
		}
		for _, text := range texts {
			if got := c.Decode(c.Encode(text)); got != text {
				t.Fatalf("%s: %q became %q", kind, text, got)
			}
		}
	}
}

func TestCharacters(t *testing.T) {
	c, err := TrainCharacters(strings.NewReader("abba cäc\xff\uFFFD"), VocabOptions{MinCount: 2, Special: []string{"<end>"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Size() != 5 || c.Special(Unknown) != 1 { // <end> <unk> a b c
		t.Errorf("size %d, unknown is %d", c.Size(), c.Special(Unknown))
	}
	if got := c.Encode("abcä\xff"); !slices.Equal(got, []int32{2, 3, 4, 1, 1}) {
		t.Errorf("got %v", got)
	}
	if got := c.Decode([]int32{2, 0, 1, 4}); got != "a\uFFFDc" {
		t.Errorf("got %q", got)
	}
	all, err := TrainCharacters(strings.NewReader(sample()), VocabOptions{})
	if err != nil || all.Decode(all.Encode(sample())) != sample() {
		t.Errorf("a text of known characters did not survive: %v", err)
	}
	small, err := TrainCharacters(strings.NewReader("aaabbc"), VocabOptions{Size: 3})
	if err != nil || small.Size() != 3 || small.Decode(small.Encode("abc")) != "ab\uFFFD" {
		t.Errorf("of size 3: %v, %v", small, err)
	}
}

func TestWords(t *testing.T) {
	w, err := TrainWords(strings.NewReader("Don't stop, l’été (2024) don't! naïve e\u0301tude"), VocabOptions{Lower: true})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"DON'T  stop ,l’été":  "don't stop, l’été",
		"(2024) stop!":        "(2024) stop!",
		"stop whales":         "stop <unk>",
		"'don't' e\u0301tude": "<unk> don't <unk> e\u0301tude",
		" \n":                 "",
	} {
		if got := w.Decode(w.Encode(text)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	cased, err := TrainWords(strings.NewReader("A a A b"), VocabOptions{MinCount: 2})
	if err != nil || cased.Decode(cased.Encode("A a")) != "A <unk>" {
		t.Errorf("%v", err)
	}
}

func TestBPESizes(t *testing.T) {
	if c := trained(t, 258, "<a>", "<b>"); c.Size() != 258 || len(c.merges) != 0 {
		t.Errorf("size %d", c.Size())
	}
	c, err := TrainBPE(strings.NewReader("abab abab"), BPEOptions{Size: 1000})
	if err != nil || c.Size() > 262 {
		t.Errorf("a short text gave %d tokens, %v", c.Size(), err)
	}
	if a, b := trained(t, 400, "<a>"), trained(t, 400, "<a>"); !slices.Equal(a.merges, b.merges) {
		t.Error("trained twice, two codecs")
	}
	// Repeated characters are joined up to a bound.
	c, err = TrainBPE(strings.NewReader(strings.Repeat("a", 100000)), BPEOptions{Size: 300, MinCount: 1})
	if err != nil || len(c.tokens[len(c.tokens)-1]) > maxTokenBytes {
		t.Errorf("one letter: %v", err)
	}
}

func TestWrongTrainingIsNamed(t *testing.T) {
	text := func() *strings.Reader { return strings.NewReader("text") }
	train := func(r *strings.Reader, o BPEOptions) error { _, err := TrainBPE(r, o); return err }
	chars := func(r *strings.Reader, o VocabOptions) error { _, err := TrainCharacters(r, o); return err }
	words := func(r *strings.Reader, o VocabOptions) error { _, err := TrainWords(r, o); return err }
	for want, err := range map[string]error{
		"a size of 10, want at least 257": train(text(), BPEOptions{Size: 10, Special: []string{"<a>"}}),
		"the text is empty":               train(strings.NewReader(""), BPEOptions{Size: 300}),
		`"<a>" is there twice`:            train(text(), BPEOptions{Size: 300, Special: []string{"<a>", "<a>"}}),
		"special token 0 has no name":     chars(text(), VocabOptions{Special: []string{""}}),
		"text is empty":                   chars(strings.NewReader(""), VocabOptions{}),
		"is empty":                        words(strings.NewReader(""), VocabOptions{}),
		`"<b>" is there`:                  words(text(), VocabOptions{Special: []string{"<b>", "<b>"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "token: ") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWrongFilesAreNamed(t *testing.T) {
	doubling := make([]string, 20)
	for i := range doubling {
		doubling[i] = fmt.Sprintf("[%d,%d]", max(255+i, 97), max(255+i, 97))
	}
	for _, c := range []struct{ want, raw string }{
		{"no tokeniser file", ""}, {"no tokeniser file", "[]"}, {"no tokeniser file", `{"format":`}, {"no tokeniser file", `{"merges":[[1,99999999999]]}`},
		{`format ""`, "{}"}, {"version 2", `{"format":"limpid tokeniser","version":2}`},
		{`kind "x"`, `{"format":"limpid tokeniser","version":1,"kind":"x"}`},
		{"twice", `{"format":"limpid tokeniser","version":1,"kind":"bytes","special":["a","a"]}`},
		{"want one character", `{"format":"limpid tokeniser","version":1,"kind":"characters","vocab":["ab"]}`},
		{"empty or there twice", `{"format":"limpid tokeniser","version":1,"kind":"characters","vocab":["a","a"]}`},
		{"empty or there twice", `{"format":"limpid tokeniser","version":1,"kind":"words","vocab":[""]}`},
		{"joins token 300", `{"format":"limpid tokeniser","version":1,"kind":"bpe","merges":[[97,300]]}`},
		{"joins token -1", `{"format":"limpid tokeniser","version":1,"kind":"bpe","merges":[[-1,97]]}`},
		{"joins token 0, want one of 1", `{"format":"limpid tokeniser","version":1,"kind":"bpe","special":["a"],"merges":[[0,97]]}`},
		{"as an earlier one", `{"format":"limpid tokeniser","version":1,"kind":"bpe","merges":[[97,98],[97,98]]}`},
		{"more than 4096", `{"format":"limpid tokeniser","version":1,"kind":"bpe","merges":[` + strings.Join(doubling, ",") + `]}`},
	} {
		if _, err := Read(strings.NewReader(c.raw)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: got %v, want %q", c.raw, err, c.want)
		}
	}
	file := filepath.Join(t.TempDir(), "x.json")
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "x.json") {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "x.json: has format") {
		t.Errorf("a file of another kind: %v", err)
	}
	var foreign struct{ Codec }
	if err := Save(file, foreign); err == nil || !strings.Contains(err.Error(), "cannot be saved") {
		t.Errorf("a foreign codec: %v", err)
	}
	if raw, _ := os.ReadFile(file); string(raw) != "{}" {
		t.Errorf("a failed Save left %q", raw)
	}
}

func TestMistakesArePanicsOfTheLibrary(t *testing.T) {
	all := map[string]func(){
		"special": func() { NewBytes("a", "a") }, "pad": func() { Pad(nil, 0) },
		"buckets": func() { Buckets{Lengths: []int{1}}.Epoch(0) }, "length": func() { Buckets{Lengths: []int{-1}, Batch: 1}.Epoch(0) },
	}
	for kind, c := range codecs(t) {
		all[kind] = func() { c.Decode([]int32{int32(c.Size())}) }
		all[kind+" token"] = func() { c.Token(-1) }
	}
	for name, f := range all {
		if err := tensor.Try(f); err == nil || !strings.Contains(err.Error(), "token.") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStreamGivesTheSameText(t *testing.T) {
	text := "naïve 中文 👩‍👩‍👧 whales, (and) more. \xff\xc3"
	for kind, c := range codecs(t) {
		ids := slices.Insert(c.Encode(text), 3, 0, 1)
		s := NewStream(c)
		var b strings.Builder
		for i, id := range ids {
			part := s.Next(id)
			if !utf8.ValidString(part) && kind != "characters" && !strings.ContainsAny(part, "\xff\xc3") && i < len(ids)-3 {
				t.Errorf("%s: a broken character %q came out", kind, part)
			}
			b.WriteString(part)
		}
		b.WriteString(s.Rest())
		if want := c.Decode(ids); b.String() != want {
			t.Errorf("%s: got %q, want %q", kind, b.String(), want)
		}
		if s.Rest() != "" {
			t.Errorf("%s: something is left", kind)
		}
	}
}

func TestPad(t *testing.T) {
	ids, lengths := Pad([][]int32{{1, 2}, {}, {3}}, 9)
	if got := tensor.View[int32](ids); !slices.Equal(got, []int32{1, 2, 9, 9, 3, 9}) || !slices.Equal(ids.Shape(), []int{3, 2}) {
		t.Errorf("got %v %v", ids.Shape(), got)
	}
	if got := tensor.View[int32](lengths); !slices.Equal(got, []int32{2, 0, 1}) {
		t.Errorf("lengths %v", got)
	}
	if ids, _ := Pad([][]int32{{}}, 9); !slices.Equal(ids.Shape(), []int{1, 1}) {
		t.Errorf("an empty sequence is %v", ids.Shape())
	}
}

func TestBucketsDealEachExampleOnceAndLikeWithLike(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	lengths := make([]int, 2000)
	for i := range lengths {
		lengths[i] = int(200 * r.Float64() * r.Float64())
	}
	for _, b := range []Buckets{{Batch: 16}, {Budget: 1000}, {Batch: 7, Budget: 500}, {Budget: 1}} {
		b.Lengths = lengths
		seen := make([]bool, len(lengths))
		padded, real := 0, 0
		for _, batch := range b.Epoch(3) {
			longest := 0
			for _, i := range batch {
				if seen[i] {
					t.Fatalf("example %d is dealt twice", i)
				}
				seen[i] = true
				longest = max(longest, lengths[i])
				real += lengths[i]
			}
			padded += longest * len(batch)
			if b.Batch > 0 && len(batch) > b.Batch || b.Budget > 0 && len(batch) > 1 && len(batch)*longest > b.Budget {
				t.Errorf("%+v: a batch of %d examples, the longest %d", Buckets{Batch: b.Batch, Budget: b.Budget}, len(batch), longest)
			}
		}
		if slices.Contains(seen, false) {
			t.Error("an example is missing")
		}
		if share := float64(padded) / float64(real); share > 1.1 {
			t.Errorf("batches take %.2f times what their examples do", share)
		}
	}
	b := Buckets{Lengths: lengths, Batch: 16, Seed: 1}
	same := slices.EqualFunc(b.Epoch(0), b.Epoch(0), slices.Equal[[]int])
	other := slices.EqualFunc(b.Epoch(0), b.Epoch(1), slices.Equal[[]int])
	seed := slices.EqualFunc(b.Epoch(0), Buckets{Lengths: lengths, Batch: 16, Seed: 2}.Epoch(0), slices.Equal[[]int])
	if !same || other || seed {
		t.Errorf("the same twice: %v; another epoch: %v; another seed: %v", same, other, seed)
	}
	if got := (Buckets{Batch: 3}).Epoch(0); len(got) != 0 {
		t.Errorf("of no example: %v", got)
	}
}

func FuzzBPE(f *testing.F) {
	c := trained(f, 800, "<pad>")
	f.Add("Call me Ishmael.")
	f.Add("\xff\xfe  'll don't\t\n  x")
	f.Fuzz(func(t *testing.T, text string) {
		ids := c.Encode(text)
		if got := c.Decode(ids); got != text {
			t.Fatalf("%q became %q", text, got)
		}
		s := NewStream(c)
		var b strings.Builder
		for _, id := range ids {
			b.WriteString(s.Next(id))
		}
		if b.WriteString(s.Rest()); b.String() != text {
			t.Fatalf("streamed, %q became %q", text, b.String())
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, c := range codecs(f) {
		var b bytes.Buffer
		if err := Write(&b, c); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes()[:min(b.Len(), 400)])
	}
	f.Add([]byte(`{"format":"limpid tokeniser","version":1,"kind":"bpe","merges":[[97,98],[256,99]]}`))
	f.Add([]byte(`{"format":"limpid tokeniser","version":1,"kind":"words","vocab":["a","b"],"lower":true}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		for _, id := range c.Encode("abc ABC\xff") {
			if int(id) >= c.Size() {
				t.Fatalf("number %d of %d", id, c.Size())
			}
		}
	})
}

func BenchmarkTrain(b *testing.B) {
	text := sample()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		trained(b, 600)
	}
}

func BenchmarkEncode(b *testing.B) {
	c, text := trained(b, 1000), sample()
	var ids []int32
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		ids = c.Append(ids[:0], text)
	}
}
