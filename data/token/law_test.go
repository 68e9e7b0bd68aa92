package token

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

// texts returns texts of all sorts: from the sample, of random characters, of
// random bytes, of few letters.
func texts(n int) (all []string) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		var b []byte
		size := r.IntN(120)
		switch i % 4 {
		case 0:
			at := r.IntN(len(sample()) - size)
			b = []byte(sample()[at : at+size])
		case 1:
			for range size {
				b = utf8.AppendRune(b, rune(r.IntN(0x3000)))
			}
		case 2:
			for range size {
				b = append(b, byte(r.Uint32()))
			}
		case 3:
			for range size {
				b = append(b, " \n'stehal-1"[r.IntN(11)])
			}
		}
		all = append(all, string(b))
	}
	return all
}

// Pieces cover a text, are not empty, and are of one sort, as the pattern has
// it.
func TestPiecesAreOfOneSort(t *testing.T) {
	for _, text := range texts(400) {
		for rest := text; rest != ""; {
			n := pieceEnd(rest)
			if n < 1 || n > len(rest) {
				t.Fatalf("%q: a piece of %d bytes", rest, n)
			}
			piece := rest[:n]
			if body := strings.TrimPrefix(piece, " "); body != "" && contraction(piece) != n && strings.TrimSpace(piece) != "" {
				of, _ := first(body)
				if stretch(body, of) != len(body) {
					t.Errorf("%q: the piece %q is of two sorts", text, piece)
				}
			}
			rest = rest[n:]
		}
	}
}

func TestClassesAreThoseOfUnicode(t *testing.T) {
	for c := range rune(0x3000) {
		s := string(c)
		got, n := first(s)
		want := other
		switch {
		case unicode.IsLetter(c):
			want = letter
		case unicode.IsNumber(c):
			want = number
		case unicode.IsSpace(c):
			want = space
		}
		if got != want && utf8.ValidRune(c) || n != len(s) {
			t.Errorf("%U has class %d and length %d, want %d and %d", c, got, n, want, len(s))
		}
	}
}

// No token joins what stands in two pieces, so a text is coded piece by piece.
func TestPiecesAreCodedAlone(t *testing.T) {
	c := trained(t, 700)
	for _, text := range texts(100) {
		var alone []int32
		for rest := text; rest != ""; {
			n := pieceEnd(rest)
			alone = c.merge(alone, rest[:n])
			rest = rest[n:]
		}
		if got := c.Encode(text); !slices.Equal(got, alone) {
			t.Errorf("%q: %v at once, %v by pieces", text, got, alone)
		}
	}
}

// A larger vocabulary is a smaller one and more, and codes shorter.
func TestVocabulariesGrow(t *testing.T) {
	var before *BPE
	for _, size := range []int{256, 300, 400, 600} {
		c := trained(t, size)
		if c.Size() != size {
			t.Errorf("%d tokens, want %d", c.Size(), size)
		}
		if before != nil {
			if !slices.Equal(c.merges[:len(before.merges)], before.merges) {
				t.Errorf("the first merges of %d tokens are others", size)
			}
			if a, b := len(before.Encode(sample())), len(c.Encode(sample())); b >= a {
				t.Errorf("%d tokens code the sample with %d numbers, fewer tokens with %d", size, b, a)
			}
		}
		before = c
	}
	// Special tokens move the numbers, nothing else.
	plain, special := trained(t, 400), trained(t, 402, "<a>", "<b>")
	ids := special.Encode(sample())
	for i := range ids {
		ids[i] -= 2
	}
	if !slices.Equal(ids, plain.Encode(sample())) {
		t.Error("special tokens change how text is cut")
	}
}

func TestCodecsAreUsedBySeveralAtOnce(t *testing.T) {
	for kind, c := range codecs(t) {
		want := c.Encode(sample())
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if got := c.Encode(sample()); !slices.Equal(got, want) || c.Decode(got) != c.Decode(want) {
					t.Errorf("%s: another result", kind)
				}
			})
		}
		all.Wait()
	}
}

// What a codec has decoded it codes the same again.
func TestDecodedTextIsCodedTheSame(t *testing.T) {
	for kind, c := range codecs(t) {
		for _, text := range texts(80) {
			once := c.Decode(c.Encode(text))
			if twice := c.Decode(c.Encode(once)); kind != "words" && twice != once {
				t.Errorf("%s: %q, then %q", kind, once, twice)
			}
		}
	}
}

func TestShownTokens(t *testing.T) {
	for text, want := range map[string]string{"the": "the", " the": " the", "\n": "<0a>", "\xff": "<ff>", "é": "é", "\xc3": "<c3>", "a\x00": "<6100>"} {
		if got := shown([]byte(text)); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestWholeCharacters(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "a": 1, "é": 2, "\xc3": 0, "a\xc3": 1, "a\xe4\xb8": 1, "\xf0\x9f\x91": 0, "\xf0\x9f\x91\xa9": 4, "\xff": 1, "\x80\x80\x80": 3, "a\xc0": 2,
	} {
		if got := wholeCharacters(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestBucketsOfEqualLengths(t *testing.T) {
	b := Buckets{Lengths: slices.Repeat([]int{5}, 10), Batch: 3}
	var sizes []int
	for _, batch := range b.Epoch(0) {
		sizes = append(sizes, len(batch))
	}
	slices.Sort(sizes)
	if fmt.Sprint(sizes) != "[1 3 3 3]" {
		t.Errorf("batches of %v", sizes)
	}
	long := Buckets{Lengths: []int{100, 1, 1}, Budget: 10}
	for _, batch := range long.Epoch(0) {
		if slices.Contains(batch, 0) && len(batch) != 1 {
			t.Errorf("an example beyond the budget shares the batch %v", batch)
		}
	}
}
