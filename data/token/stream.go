package token

import (
	"strings"
	"unicode/utf8"
)

// Stream decodes numbers one by one, for text that is shown while it is made.
type Stream struct {
	c    Codec
	last []int32 // the number before
	held string  // the begin of a character
}

// NewStream returns a stream of c's.
func NewStream(c Codec) *Stream { return &Stream{c: c} }

// Next returns the text that id adds. The first bytes of a character wait for
// its last; bytes that can be no part of one come out as they are.
func (s *Stream) Next(id int32) string {
	before := s.c.Decode(s.last)
	both := s.c.Decode(append(s.last, id))
	if len(both) > len(before) { // special tokens are no text
		s.last = append(s.last[:0], id)
	}
	text := s.held + strings.TrimPrefix(both, before)
	whole := wholeCharacters(text)
	s.held = text[whole:]
	return text[:whole]
}

// Rest returns what waits, and begins anew.
func (s *Stream) Rest() string {
	held := s.held
	s.held, s.last = "", s.last[:0]
	return held
}

// wholeCharacters returns how much of text does not end within a character.
func wholeCharacters(text string) int {
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		at := len(text) - back
		if utf8.RuneStart(text[at]) {
			if !utf8.FullRuneInString(text[at:]) {
				return at
			}
			break
		}
	}
	return len(text)
}
