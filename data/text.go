package data

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/tensor"
)

// Text maps characters to numbers: that of a character is its place in Vocab.
type Text struct {
	Vocab []rune // sorted
	ids   map[rune]int32
}

// NewText reads all of r, UTF-8, and returns the vocabulary of its characters
// and the text as numbers, int32 [n].
func NewText(r io.Reader) (*Text, tensor.Tensor, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, tensor.Tensor{}, fmt.Errorf("data: text: %w", err)
	}
	if len(raw) == 0 {
		return nil, tensor.Tensor{}, fmt.Errorf("data: text: it is empty")
	}
	if at := badUTF8(raw); at >= 0 {
		return nil, tensor.Tensor{}, fmt.Errorf("data: text: byte %d is not UTF-8: convert the text first", at)
	}
	t := &Text{ids: map[rune]int32{}}
	for _, c := range string(raw) {
		t.ids[c] = 0
	}
	t.Vocab = slices.Sorted(maps.Keys(t.ids))
	for i, c := range t.Vocab {
		t.ids[c] = int32(i)
	}
	return t, t.Encode(string(raw)), nil
}

// badUTF8 returns where raw stops being UTF-8, −1 if it does not.
func badUTF8(raw []byte) int {
	for i := 0; i < len(raw); {
		c, n := utf8.DecodeRune(raw[i:])
		if c == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// Encode returns s as numbers, int32 [n]. It panics with a [*tensor.Error] if
// a character is not in Vocab.
func (t *Text) Encode(s string) tensor.Tensor {
	out := make([]int32, 0, len(s))
	for i, c := range s {
		id, ok := t.ids[c]
		if !ok {
			tensor.Fail("data.Text.Encode", "character %q at byte %d is not among the %d of the vocabulary", c, i, len(t.Vocab))
		}
		out = append(out, id)
	}
	return tensor.Of(out)
}

// Decode returns the characters of ids. It panics with a [*tensor.Error] if
// one is out of range.
func (t *Text) Decode(ids []int32) string {
	var b strings.Builder
	for i, id := range ids {
		if id < 0 || int(id) >= len(t.Vocab) {
			tensor.Fail("data.Text.Decode", "number %d at place %d, want 0 to %d", id, i, len(t.Vocab)-1)
		}
		b.WriteRune(t.Vocab[id])
	}
	return b.String()
}

// Windows cuts ids, int32 [n], into batch streams of equal length and loops
// over them side by side: X is [batch, length], Y the same one place on, and
// row r of a window goes on where row r of the one before ended, so that
// memory may be carried from one to the next. What does not fill a window at
// the end is left out. A batch is valid until the next. It panics with a
// [*tensor.Error] if ids do not fill one window.
func Windows(ids tensor.Tensor, batch, length int) iter.Seq2[int, Batch] {
	if batch < 1 || length < 1 {
		tensor.Fail("data.Windows", "batch %d and length %d, want at least 1", batch, length)
	}
	if ids.Rank() != 1 || ids.DType() != tensor.Int32 {
		tensor.Fail("data.Windows", "ids are %v %v, want int32 [n]", ids.DType(), ids.Shape())
	}
	stream := (ids.Len() - 1) / batch
	if stream < length {
		tensor.Fail("data.Windows", "%d numbers do not fill one window of %d×%d: take at least %d, or a smaller batch or length", ids.Len(), batch, length, batch*length+1)
	}
	all := tensor.View[int32](ids.Keep())
	return func(yield func(int, Batch) bool) {
		f := formOf([]int{length}, tensor.Int32)
		x, xt := newColumn(f, batch)
		y, yt := newColumn(f, batch)
		for k := range stream / length {
			for row := range batch {
				at := row*stream + k*length
				copy(x.i32[row*length:(row+1)*length], all[at:])
				copy(y.i32[row*length:(row+1)*length], all[at+1:])
			}
			if !yield(k, Batch{X: xt, Y: yt, N: batch}) {
				return
			}
		}
	}
}
