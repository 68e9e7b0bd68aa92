package language

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/limpid-ml/limpid/tensor"
)

// plain is how the recipe reads a text: in lower case, because a sentence in
// capitals is in the same language, and with one space for any run of white
// space and control characters.
func plain(text string) []rune {
	fields := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	return []rune(strings.ToLower(strings.Join(fields, " ")))
}

// Numbers of characters and blocks that stand for none and for one not learned.
const (
	padding = iota
	unknown
	firstKnown
)

// blockBits: characters whose numbers differ in the last 7 bits only are of a
// block, which mostly is a script's.
const blockBits = 7

// rarest is how often a character must occur in the training texts to be
// learned.
const rarest = 2

// alphabet numbers characters, and the blocks that they are of, so that an
// ideogram that was not learned still says that it is one.
type alphabet struct {
	chars, blocks map[rune]int32
	order         []rune // of chars, from firstKnown on: what Known keeps
}

// learn makes the alphabet of the training texts: characters by how often they
// occur, and of those that occur as often by their numbers.
func learn(texts [][]rune) *alphabet {
	counts := map[rune]int{}
	for _, t := range texts {
		for _, r := range t {
			counts[r]++
		}
	}
	var order []rune
	for r, n := range counts {
		if n >= rarest {
			order = append(order, r)
		}
	}
	slices.SortFunc(order, func(a, b rune) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return newAlphabet(order)
}

func newAlphabet(order []rune) *alphabet {
	a := &alphabet{chars: map[rune]int32{}, blocks: map[rune]int32{}, order: order}
	for i, r := range order {
		a.chars[r] = int32(firstKnown + i)
		if _, ok := a.blocks[r>>blockBits]; !ok {
			a.blocks[r>>blockBits] = int32(firstKnown + len(a.blocks))
		}
	}
	return a
}

// sizes are how many numbers characters and blocks have.
func (a *alphabet) sizes() (chars, blocks int) {
	return firstKnown + len(a.chars), firstKnown + len(a.blocks)
}

// number returns a character's number and its block's.
func (a *alphabet) number(r rune) (char, block int32) {
	char, block = unknown, unknown
	if n, ok := a.chars[r]; ok {
		char = n
	}
	if n, ok := a.blocks[r>>blockBits]; ok {
		block = n
	}
	return char, block
}

// numbers returns the numbers of a text's characters, for models that count.
func (a *alphabet) numbers(text []rune) []int32 {
	ids := make([]int32, len(text))
	for i, r := range text {
		ids[i], _ = a.number(r)
	}
	return ids
}

// encode returns texts as the network reads them, int32 [N, length, 2]: the
// numbers of each character and its block, padding after the end.
func (a *alphabet) encode(texts [][]rune, length int) tensor.Tensor {
	ids := make([]int32, len(texts)*length*2)
	for i, t := range texts {
		for k, r := range t[:min(len(t), length)] {
			at := (i*length + k) * 2
			ids[at], ids[at+1] = a.number(r)
		}
	}
	return tensor.Of(ids, len(texts), length, 2)
}

// pieces cuts a text into pieces of a length, one after the other; what is left
// at the end is no piece.
func pieces(text []rune, length int) (all [][]rune) {
	for ; len(text) >= length; text = text[length:] {
		all = append(all, text[:length])
	}
	return all
}
