package speech

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// What a label stands for.
const (
	words      = "words"
	characters = "characters"
)

// codec turns transcripts into labels and back. Label 0 is the blank.
type codec struct {
	kind   string
	tokens []string // of label 1 on, sorted
	number map[string]int32
}

func newCodec(kind string, tokens []string) *codec {
	c := &codec{kind: kind, tokens: tokens, number: map[string]int32{}}
	for i, t := range tokens {
		c.number[t] = int32(i + 1)
	}
	return c
}

// codecOf makes a codec of the tokens of texts.
func codecOf(kind string, texts []string) *codec {
	seen := map[string]bool{}
	for _, text := range texts {
		for _, t := range split(kind, text) {
			seen[t] = true
		}
	}
	var tokens []string
	for t := range seen {
		tokens = append(tokens, t)
	}
	slices.Sort(tokens)
	return newCodec(kind, tokens)
}

// plain is a text as it is learned: lower case, one space between words.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.Map(unicode.ToLower, text)), " ")
}

// split cuts a plain text into tokens.
func split(kind, text string) []string {
	if kind == characters {
		return strings.Split(text, "")
	}
	return strings.Fields(text)
}

// encode returns the labels of a text, or an error that names a token that is not
// known.
func (c *codec) encode(text string) ([]int32, error) {
	var all []int32
	for _, t := range split(c.kind, text) {
		label, ok := c.number[t]
		if !ok {
			return nil, fmt.Errorf("%q is not among the %s that training data have", t, c.kind)
		}
		all = append(all, label)
	}
	return all, nil
}

// decode returns the text of labels.
func (c *codec) decode(labels []int32) string {
	all := make([]string, len(labels))
	for i, l := range labels {
		all[i] = c.tokens[l-1]
	}
	if c.kind == characters {
		return strings.Join(strings.Fields(strings.Join(all, "")), " ")
	}
	return strings.Join(all, " ")
}

// labels is how many labels there are, the blank included.
func (c *codec) labels() int { return len(c.tokens) + 1 }
