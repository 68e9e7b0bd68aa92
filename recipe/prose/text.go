package prose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/datasets/prose"
	"github.com/limpid-ml/limpid/tensor"
)

const (
	// mostBytes bounds a user's file: the text is held in memory.
	mostBytes = 64 << 20
	// leastText is how many characters a text needs: a tenth is for the test.
	leastText = 5000
	// heldShare: of what is not for the test, one part in so many is for
	// validation, at most heldMost characters.
	heldShare = 20
	heldMost  = 60000
)

// text is a text in three parts that follow each other, as numbers of
// characters.
type text struct {
	codec                 *token.Characters
	train, validate, test []int32
}

// book reads the text, Moby-Dick or the user's file, as far as most characters,
// 0 being all. codec, if there is one, numbers its characters.
func book(file string, most int, codec *token.Characters) (*text, error) {
	s := prose.Text()
	if file != "" {
		var err error
		if s, err = readFile(file); err != nil {
			return nil, err
		}
	}
	if most > 0 && most < len(s) {
		s = s[:atLine(s, most, most/10)]
	}
	return divide(s, codec)
}

// divide cuts the last tenth off for the test, and the end of what is left for
// validation, at the beginnings of lines where there are lines, and learns the
// characters of the rest, unless a codec says them.
func divide(s string, codec *token.Characters) (*text, error) {
	if n := utf8.RuneCountInString(s); n < leastText {
		return nil, fmt.Errorf("the text has %d characters, and at least %d are needed, better a million: the last tenth is for the test", n, leastText)
	}
	soon := len(s) / 10 / heldShare // so that no part is lost to a long line
	test := atLine(s, len(s)*9/10, soon)
	held := atLine(s, test-min(test/heldShare, heldMost), soon)
	if codec == nil {
		var err error
		if codec, err = token.TrainCharacters(strings.NewReader(s[:held]), token.VocabOptions{Special: []string{token.Unknown}}); err != nil {
			return nil, err
		}
	}
	return &text{codec: codec, train: codec.Encode(s[:held]), validate: codec.Encode(s[held:test]), test: codec.Encode(s[test:])}, nil
}

// atLine returns where the first line begins after at, if one does within so
// many bytes; else where the next character begins.
func atLine(s string, at, soon int) int {
	if i := strings.IndexByte(s[at:min(len(s), at+soon)], '\n'); i >= 0 && at+i+1 < len(s) {
		return at + i + 1
	}
	for at < len(s) && !utf8.RuneStart(s[at]) {
		at++
	}
	return at
}

// readFile reads a user's text. Lines may end as in Windows.
func readFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", fmt.Errorf("%q is a folder: give one file of text", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err != nil {
		return "", err
	}
	if len(raw) > mostBytes {
		return "", fmt.Errorf("%q is larger than %d MiB: take a part of it", name, mostBytes>>20)
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if err := checkText(raw); err != nil {
		return "", fmt.Errorf("%q%w", name, err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), nil
}

// checkText returns an error that says where bytes are not UTF-8 text.
func checkText(raw []byte) error {
	if bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff")) {
		return errors.New(" is UTF-16: make UTF-8 of it, iconv -f UTF-16 -t UTF-8")
	}
	for at := 0; at < len(raw); {
		r, n := utf8.DecodeRune(raw[at:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			line, column := bytes.Count(raw[:at], []byte("\n"))+1, at-bytes.LastIndexByte(raw[:at], '\n')
			if r == 0 {
				return fmt.Errorf(", line %d, column %d: a byte 0, which no text has: is it a file of another kind?", line, column)
			}
			return fmt.Errorf(", line %d, column %d: byte 0x%02x is not UTF-8: make UTF-8 of the file, iconv -f LATIN1 -t UTF-8 if it is Western European", line, column, raw[at])
		}
		at += n
	}
	return nil
}

// windows are stretches of a text as examples: X is length numbers, Y the same
// one place on.
type windows struct {
	ids    []int32
	starts []int
	length int
}

// sideBySide cuts ids into batch streams, read side by side: example k·batch+r
// goes on where example (k−1)·batch+r ended, so that memory may be carried.
func sideBySide(ids []int32, batch, length int) *windows {
	w := &windows{ids: ids, length: length}
	stream := (len(ids) - 1) / batch
	for k := range stream / length {
		for row := range batch {
			w.starts = append(w.starts, row*stream+k*length)
		}
	}
	return w
}

// apart cuts ids into windows that begin every step numbers.
func apart(ids []int32, step, length int) *windows {
	w := &windows{ids: ids, length: length}
	for at := 0; at+length < len(ids); at += step {
		w.starts = append(w.starts, at)
	}
	return w
}

// Len is how many windows there are.
func (w *windows) Len() int { return len(w.starts) }

// At returns window i.
func (w *windows) At(i int) (data.Example, error) {
	at := w.starts[i]
	return data.Example{X: tensor.Of(w.ids[at:at+w.length], w.length), Y: tensor.Of(w.ids[at+1:at+w.length+1], w.length)}, nil
}
