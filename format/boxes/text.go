package boxes

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// maxBytes bounds a file of boxes.
const maxBytes = 1 << 30

// load reads a file that must be text in UTF-8.
func load(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%q cannot be read: %w", file, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%q is larger than %d MiB", file, maxBytes>>20)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%q line %d: not UTF-8: save the file as UTF-8", file, lineAt(text, invalid(text)))
	}
	return text, nil
}

// invalid returns where text stops being UTF-8.
func invalid(text []byte) int {
	at := 0
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

// lineAt returns the number of the line that holds a place in text, from 1.
func lineAt(text []byte, at int) int {
	return 1 + bytes.Count(text[:min(max(at, 0), len(text))], []byte("\n"))
}
