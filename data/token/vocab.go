package token

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// VocabOptions says what goes into a vocabulary of characters or words.
type VocabOptions struct {
	Size     int      // tokens at most, special ones included, the most frequent first; 0: all
	MinCount int      // what is rarer is unknown
	Special  []string // the special tokens
	Lower    bool     // words only: all are turned to lower case
}

// Characters numbers Unicode characters. One that is not in the vocabulary is
// [Unknown], and so is each byte that is not UTF-8.
type Characters struct{ vocab }

// Words numbers words and marks: a run of letters, digits and accents, which
// apostrophes may join, is a word, any other character that is not white space
// is a mark. Decode puts a space between words, none before a closing mark or
// after an opening bracket: the text's own spaces are not kept.
type Words struct {
	vocab
	lower bool
}

// vocab is a list of tokens.
type vocab struct {
	specials
	list    []string // without special tokens
	ids     map[string]int32
	unknown int32
}

func newVocab(s specials, list []string) (vocab, error) {
	v := vocab{specials: s.withUnknown(), list: list, ids: make(map[string]int32, len(list))}
	v.unknown = v.Special(Unknown)
	if err := v.check(); err != nil {
		return v, err
	}
	for i, t := range list {
		if _, twice := v.ids[t]; twice || t == "" {
			return v, fmt.Errorf("token %d, %q, is empty or there twice", i, t)
		}
		v.ids[t] = int32(len(v.specials) + i)
	}
	return v, nil
}

// Size returns how many tokens there are, special ones included.
func (v *vocab) Size() int { return len(v.specials) + len(v.list) }

// Token returns a special token's name, or the text that a number stands for.
func (v *vocab) Token(id int32) string {
	inRange("token.Codec.Token", id, v.Size())
	if int(id) < len(v.specials) {
		return v.specials[id]
	}
	return v.list[int(id)-len(v.specials)]
}

func (v *vocab) append(dst []int32, t string) []int32 {
	id, ok := v.ids[t]
	if !ok {
		id = v.unknown
	}
	return append(dst, id)
}

// choose returns the tokens that o lets in, sorted: the most frequent, of those
// of one count the first in the alphabet.
func (o VocabOptions) choose(counts map[string]int) []string {
	all := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	if n := len(specials(o.Special).withUnknown()); o.Size > 0 {
		all = all[:min(len(all), max(o.Size-n, 0))]
	}
	for len(all) > 0 && counts[all[len(all)-1]] < o.MinCount {
		all = all[:len(all)-1]
	}
	slices.Sort(all)
	return all
}

// readText reads all of r and says what is wrong with it.
func readText(r io.Reader) (string, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return "", fmt.Errorf("token: the text: %w", err)
	}
	if len(raw) == 0 {
		return "", errors.New("token: the text is empty")
	}
	return string(raw), nil
}

// count counts what parts yields of the text in r.
func count(r io.Reader, parts func(string, func(string))) (map[string]int, error) {
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	parts(text, func(t string) { counts[t]++ })
	return counts, nil
}

// TrainCharacters takes the vocabulary from the text in r.
func TrainCharacters(r io.Reader, o VocabOptions) (*Characters, error) {
	counts, err := count(r, eachCharacter)
	if err != nil {
		return nil, err
	}
	v, err := newVocab(o.Special, o.choose(counts))
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return &Characters{v}, nil
}

func charactersOf(f file) (*Characters, error) {
	for i, t := range f.Vocab {
		if utf8.RuneCountInString(t) != 1 {
			return nil, fmt.Errorf("token %d is %q, want one character", i, t)
		}
	}
	v, err := newVocab(f.Special, f.Vocab)
	return &Characters{v}, err
}

// eachCharacter yields the characters of text that are UTF-8.
func eachCharacter(text string, yield func(string)) {
	for i, c := range text {
		if n := utf8.RuneLen(c); c != utf8.RuneError || strings.HasPrefix(text[i:], "\uFFFD") {
			yield(text[i : i+n])
		}
	}
}

// Encode returns a number for each character of text.
func (c *Characters) Encode(text string) []int32 {
	return c.Append(make([]int32, 0, len(text)), text)
}

// Append appends the numbers of text to dst.
func (c *Characters) Append(dst []int32, text string) []int32 {
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		dst = c.append(dst, text[i:i+n])
		i += n
	}
	return dst
}

// Decode returns the characters of ids, U+FFFD for [Unknown]; see [Codec].
func (c *Characters) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		inRange("token.Characters.Decode", id, c.Size())
		if id == c.unknown {
			b.WriteRune(utf8.RuneError)
		} else if int(id) >= len(c.specials) {
			b.WriteString(c.list[int(id)-len(c.specials)])
		}
	}
	return b.String()
}

func (c *Characters) file() file {
	return file{Kind: "characters", Special: c.specials, Vocab: c.list}
}

// TrainWords takes the vocabulary from the text in r.
func TrainWords(r io.Reader, o VocabOptions) (*Words, error) {
	w := &Words{lower: o.Lower}
	counts, err := count(r, w.each)
	if err != nil {
		return nil, err
	}
	if w.vocab, err = newVocab(o.Special, o.choose(counts)); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return w, nil
}

func wordsOf(f file) (*Words, error) {
	v, err := newVocab(f.Special, f.Vocab)
	return &Words{v, f.Lower}, err
}

// inWord tells whether c is part of a word.
func inWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
}

// each yields the words and marks of text, U+FFFD for a byte that is not UTF-8:
// a file could not keep the byte.
func (w *Words) each(text string, yield func(string)) {
	if w.lower {
		text = strings.ToLower(text)
	}
	for len(text) > 0 {
		c, n := utf8.DecodeRuneInString(text)
		switch {
		case unicode.IsSpace(c):
		case inWord(c):
			n = wordEnd(text)
			yield(text[:n])
		case c == utf8.RuneError:
			yield("\uFFFD")
		default:
			yield(text[:n])
		}
		text = text[n:]
	}
}

// wordEnd returns where the word ends that text begins with.
func wordEnd(text string) int {
	at := 0
	for at < len(text) {
		c, n := utf8.DecodeRuneInString(text[at:])
		if c == '\'' || c == '’' {
			if next, _ := utf8.DecodeRuneInString(text[at+n:]); !inWord(next) {
				return at
			}
		} else if !inWord(c) {
			return at
		}
		at += n
	}
	return at
}

// Encode returns a number for each word and mark of text.
func (w *Words) Encode(text string) []int32 { return w.Append(nil, text) }

// Append appends the numbers of text to dst.
func (w *Words) Append(dst []int32, text string) []int32 {
	w.each(text, func(t string) { dst = w.append(dst, t) })
	return dst
}

// Decode returns the words of ids, with spaces between, and [Unknown] as its
// name; see [Codec].
func (w *Words) Decode(ids []int32) string {
	var b strings.Builder
	open := true // nothing, or an opening bracket, stands before
	for _, id := range ids {
		inRange("token.Words.Decode", id, w.Size())
		if int(id) < len(w.specials) && id != w.unknown {
			continue
		}
		t := w.Token(id)
		if !open && !strings.Contains(".,;:!?)]}%”…", t) {
			b.WriteByte(' ')
		}
		b.WriteString(t)
		open = strings.Contains("([{“¿¡", t)
	}
	return b.String()
}

func (w *Words) file() file {
	return file{Kind: "words", Special: w.specials, Vocab: w.list, Lower: w.lower}
}
