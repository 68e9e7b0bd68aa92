package token

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is what a character is to [pieceEnd].
type class uint8

const (
	other class = iota
	letter
	number
	space
)

var ascii = func() (t [utf8.RuneSelf]class) {
	for c := range t {
		t[c] = classify(rune(c))
	}
	return t
}()

func classify(c rune) class {
	switch {
	case unicode.IsLetter(c):
		return letter
	case unicode.IsNumber(c):
		return number
	case unicode.IsSpace(c):
		return space
	}
	return other
}

// first returns the class and the length of the first character of s, which is
// not empty. A byte that is not UTF-8 is one of class other.
func first(s string) (class, int) {
	if s[0] < utf8.RuneSelf {
		return ascii[s[0]], 1
	}
	c, n := utf8.DecodeRuneInString(s)
	return classify(c), n
}

// stretch returns how long s goes on in a class.
func stretch(s string, of class) int {
	at := 0
	for at < len(s) {
		c, n := first(s[at:])
		if c != of {
			return at
		}
		at += n
	}
	return at
}

// pieceEnd returns where the first piece of s ends, which is not empty. No
// token reaches from one piece into the next. A piece is an English
// contraction's ending, or letters, or digits, or other marks, each with a
// space before them if there is one; of more white space, the last character is
// left to what follows.
//
// Source: Radford et al. 2019, GPT-2, whose pattern is
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+.
func pieceEnd(s string) int {
	if s[0] == '\'' {
		if n := contraction(s); n > 0 {
			return n
		}
	}
	from := 0
	if s[0] == ' ' && len(s) > 1 {
		from = 1
	}
	if c, n := first(s[from:]); c != space {
		return from + n + stretch(s[from+n:], c)
	}
	end := stretch(s, space)
	if end == len(s) {
		return end
	}
	_, last := utf8.DecodeLastRuneInString(s[:end])
	if end == last {
		return end
	}
	return end - last
}

func contraction(s string) int {
	for _, ending := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(s, ending) {
			return len(ending)
		}
	}
	return 0
}
