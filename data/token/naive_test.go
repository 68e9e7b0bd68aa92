package token

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/tensor"
)

// babble draws text of few letters and spaces, so that pairs repeat.
func babble(t *rapid.T, most int) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune("aabbc ")), 1, most, -1).Draw(t, "text")
}

// anyText draws text of all sorts, bytes that are not UTF-8 among it.
func anyText(t *rapid.T, name string) string {
	return rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("the 'll\n\t 19é中.")), 0, 80, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) })).Draw(t, name)
}

// naiveMerges learns as the definition has it: counts every pair of every piece
// anew each round.
func naiveMerges(text string, n, minCount int) (merges [][2]int32) {
	var pieces [][]int32
	for text != "" {
		end := pieceEnd(text)
		var ids []int32
		for i := range end {
			ids = append(ids, int32(text[i]))
		}
		pieces, text = append(pieces, ids), text[end:]
	}
	for len(merges) < n {
		counts := map[[2]int32]int{}
		for _, p := range pieces {
			for i := range len(p) - 1 {
				counts[[2]int32{p[i], p[i+1]}]++
			}
		}
		best, most := [2]int32{}, 0
		for pair, k := range counts {
			if k > most || k == most && slices.Compare(pair[:], best[:]) < 0 {
				best, most = pair, k
			}
		}
		if most < minCount {
			return merges
		}
		for i, p := range pieces {
			pieces[i] = joined(p, best, int32(256+len(merges)))
		}
		merges = append(merges, best)
	}
	return merges
}

// joined replaces a pair by a token, from left to right.
func joined(p []int32, pair [2]int32, into int32) (out []int32) {
	for i := 0; i < len(p); i++ {
		if i+1 < len(p) && p[i] == pair[0] && p[i+1] == pair[1] {
			out = append(out, into)
			i++
		} else {
			out = append(out, p[i])
		}
	}
	return out
}

// Merges are those of counting anew each round, and a piece's numbers those of
// applying the merges one after the other, in the order they were learnt.
func TestMergesAgainstRecounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, n, least := babble(t, 120), rapid.IntRange(0, 20).Draw(t, "merges"), rapid.IntRange(1, 4).Draw(t, "least")
		c, err := TrainBPE(strings.NewReader(text), BPEOptions{Size: 256 + n, MinCount: least})
		if err != nil {
			t.Fatal(err)
		}
		if want := naiveMerges(text, n, least); !slices.Equal(c.merges, want) {
			t.Fatalf("%q: merges %v, want %v", text, c.merges, want)
		}
		for _, piece := range []string{babble(t, 30), strings.Repeat(babble(t, 30), 4)} {
			var want []int32
			for i := range len(piece) {
				want = append(want, int32(piece[i]))
			}
			for i, m := range c.merges {
				want = joined(want, m, int32(256+i))
			}
			if got := c.merge(nil, piece); !slices.Equal(got, want) {
				t.Fatalf("%q: %v, want %v", piece, got, want)
			}
		}
	})
}

// gpt2 is the published pattern but for its look-ahead, with Unicode's spaces.
var gpt2 = regexp.MustCompile(`^(?:'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\v\x{85}\p{Z}\p{L}\p{N}]+|[\s\v\x{85}\p{Z}]+)`)

// Pieces are those of the published pattern.
func TestPiecesAgainstThePattern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for rest := anyText(t, "text"); rest != ""; {
			end := len(gpt2.FindString(rest))
			if piece := rest[:end]; strings.TrimFunc(piece, unicode.IsSpace) == "" && end < len(rest) && utf8.RuneCountInString(piece) > 1 {
				_, last := utf8.DecodeLastRuneInString(piece) // \s+(?!\S) leaves one
				end -= last
			}
			if got := pieceEnd(rest); got != end {
				t.Fatalf("%q: the first piece is %q, want %q", rest, rest[:got], rest[:end])
			}
			rest = rest[end:]
		}
	})
}

// Every codec that was learnt from any text, and written, is read again as it
// was.
func TestAnyCodecIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, asked := anyText(t, "text")+"x", anyText(t, "asked")
		o := VocabOptions{Special: []string{"<a>"}, Size: rapid.SampledFrom([]int{0, 5, 12}).Draw(t, "size"), MinCount: rapid.IntRange(0, 2).Draw(t, "least"), Lower: rapid.Bool().Draw(t, "lower")}
		chars, err1 := TrainCharacters(strings.NewReader(text), o)
		words, err2 := TrainWords(strings.NewReader(text), o)
		bpe, err3 := TrainBPE(strings.NewReader(text), BPEOptions{Size: 270, Special: []string{"<a>", "<b>"}})
		for _, err := range []error{err1, err2, err3} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []Codec{chars, words, bpe, NewBytes("<a>", "é")} {
			var b bytes.Buffer
			if err := Write(&b, c); err != nil {
				t.Fatal(err)
			}
			again, err := Read(&b)
			if err != nil {
				t.Fatalf("%T learnt from %q: %v", c, text, err)
			}
			for _, s := range []string{text, asked} {
				ids := c.Encode(s)
				if got := again.Encode(s); !slices.Equal(got, ids) || again.Size() != c.Size() || again.Decode(ids) != c.Decode(ids) {
					t.Fatalf("%T: %q is %v, and read again %v", c, s, ids, got)
				}
			}
			for id := range int32(c.Size()) {
				if c.Token(id) != again.Token(id) {
					t.Fatalf("%T: token %d is %q, then %q", c, id, c.Token(id), again.Token(id))
				}
			}
		}
	})
}

// A vocabulary has the most frequent, by counting and sorting.
func TestVocabulariesHaveTheMostFrequent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("aaaabbbccdefgé中")), 1, 60, -1).Draw(t, "text")
		size, least := rapid.IntRange(2, 12).Draw(t, "size"), rapid.IntRange(0, 3).Draw(t, "least")
		c, err := TrainCharacters(strings.NewReader(text), VocabOptions{Size: size, MinCount: least, Special: []string{"<a>"}})
		if err != nil {
			t.Fatal(err)
		}
		if c.Size() > size {
			t.Fatalf("%d tokens, want at most %d", c.Size(), size)
		}
		for _, r := range text {
			n, in := strings.Count(text, string(r)), slices.Contains(c.list, string(r))
			if in && n < least {
				t.Fatalf("%q is there %d times, and has a number", r, n)
			}
			for _, other := range c.list {
				if !in && n >= least && strings.Count(text, other) < n {
					t.Fatalf("%q is left out for %q, which is rarer", r, other)
				}
			}
			if !in && n >= least && c.Size() < size {
				t.Fatalf("%q is left out, and there was room", r)
			}
		}
	})
}

// Characters that have a number survive, the others and what is no UTF-8 become
// U+FFFD, one for each.
func TestCharactersSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := TrainCharacters(strings.NewReader("the quick 中é"), VocabOptions{Special: []string{"<a>"}})
		if err != nil {
			t.Fatal(err)
		}
		text := anyText(t, "text")
		var want []rune
		for _, r := range text {
			if !strings.ContainsRune("the quick 中é", r) {
				r = utf8.RuneError
			}
			want = append(want, r)
		}
		if ids := c.Encode(text); c.Decode(ids) != string(want) || len(ids) != len(want) {
			t.Fatalf("%q becomes %q, want %q", text, c.Decode(ids), string(want))
		}
	})
}

// Numbers decoded one by one give what they give at once, whatever they are.
func TestStreamsOfAnyNumbers(t *testing.T) {
	all := codecs(t)
	rapid.Check(t, func(t *rapid.T) {
		for _, kind := range []string{"bytes", "characters", "words", "bpe"} {
			c := all[kind]
			if c == nil {
				t.Fatalf("no codec of kind %s", kind)
			}
			ids := rapid.SliceOfN(rapid.Int32Range(0, int32(c.Size())-1), 0, 30).Draw(t, kind)
			s, text := NewStream(c), ""
			for _, id := range ids {
				part := s.Next(id)
				if kind == "characters" && !utf8.ValidString(part) {
					t.Fatalf("%q is half a character", part)
				}
				text += part
			}
			if text += s.Rest(); text != c.Decode(ids) || s.Rest() != "" {
				t.Fatalf("%s: %q one by one, %q at once", kind, text, c.Decode(ids))
			}
		}
	})
}

// Padding keeps each sequence and fills up with the number given.
func TestPadKeepsSequences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.SliceOfN(rapid.Int32Range(0, 9), 0, 7), 1, 6).Draw(t, "sequences")
		ids, lengths := Pad(all, 77)
		values, sizes, width := tensor.View[int32](ids), tensor.View[int32](lengths), ids.Dim(1)
		longest := 1
		for i, s := range all {
			row := values[i*width : (i+1)*width]
			if int(sizes[i]) != len(s) || !slices.Equal(row[:len(s)], s) || slices.ContainsFunc(row[len(s):], func(v int32) bool { return v != 77 }) {
				t.Fatalf("%v became %v of length %d", s, row, sizes[i])
			}
			longest = max(longest, len(s))
		}
		if width != longest || ids.Dim(0) != len(all) {
			t.Fatalf("%v for sequences up to %d", ids.Shape(), longest)
		}
	})
}

// Each example comes once an epoch, no batch is beyond its bounds, and epochs
// are the same however often they are asked for.
func TestBucketsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Buckets{Lengths: rapid.SliceOfN(rapid.IntRange(0, 60), 0, 50).Draw(t, "lengths"), Batch: rapid.IntRange(0, 8).Draw(t, "batch"),
			Budget: rapid.IntRange(0, 200).Draw(t, "budget"), Seed: rapid.Uint64().Draw(t, "seed")}
		if b.Batch == 0 && b.Budget == 0 {
			b.Batch = 1
		}
		epoch := rapid.IntRange(0, 5).Draw(t, "epoch")
		var seen []int
		for _, batch := range b.Epoch(epoch) {
			longest := 0
			for _, i := range batch {
				longest = max(longest, b.Lengths[i])
			}
			if len(batch) == 0 || b.Batch > 0 && len(batch) > b.Batch || b.Budget > 0 && len(batch) > 1 && len(batch)*longest > b.Budget {
				t.Fatalf("a batch of %d, the longest %d", len(batch), longest)
			}
			seen = append(seen, batch...)
		}
		slices.Sort(seen)
		for i, v := range seen {
			if i != v {
				t.Fatalf("examples %v", seen)
			}
		}
		if len(seen) != len(b.Lengths) || fmt.Sprint(b.Epoch(epoch)) != fmt.Sprint(b.Epoch(epoch)) {
			t.Fatal("an example is missing, or an epoch differs from itself")
		}
	})
}

// Special tokens that a file could not keep are refused, wherever they come from.
func TestSpecialsThatCannotBeWritten(t *testing.T) {
	bad := []string{"<a>", "\xff"}
	text := func() *strings.Reader { return strings.NewReader("text") }
	for name, try := range map[string]func() error{
		"bpe":        func() error { _, err := TrainBPE(text(), BPEOptions{Size: 300, Special: bad}); return err },
		"characters": func() error { _, err := TrainCharacters(text(), VocabOptions{Special: bad}); return err },
		"words":      func() error { _, err := TrainWords(text(), VocabOptions{Special: bad}); return err },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), `special token 1, "\xff", is not UTF-8`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that is gone, a folder, and text where a file of ours should be.
func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{filepath.Join(dir, "gone.json"): "gone.json", dir: dir} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if err := Save(filepath.Join(name, "no", "folder.json"), NewBytes()); err == nil {
			t.Errorf("%s: written into no folder", name)
		}
	}
}
