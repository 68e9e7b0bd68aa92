// Package prose holds Herman Melville's Moby-Dick (1851), 1.2 million
// characters, embedded: a text to learn writing from.
//
// The text is that of Project Gutenberg's edition 2701, with its line ends and
// in ASCII, as cut.py beside takes it from a Debian package; the book is in the
// public domain (see LICENSE-moby-dick). The last tenth is for the test, the
// tenth before it for validation: both begin where a line does.
//
// nn and all above it may import prose. It imports the standard library only.
package prose

import (
	"bytes"
	"compress/bzip2"
	_ "embed" // moby-dick.txt.bz2
	"fmt"
	"io"
	"strings"
	"sync"
)

//go:embed moby-dick.txt.bz2
var file []byte

// Set is a text in three parts, which follow each other. Test is for one last
// look.
type Set struct {
	Train, Validate, Test string
}

// Text returns the whole book. It is unpacked once.
func Text() string { return textOnce() }

// Load returns the book in parts.
func Load() Set { return cut(Text()) }

var textOnce = sync.OnceValue(func() string {
	raw, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(file)))
	if err != nil {
		panic(fmt.Sprintf("prose: the embedded text is damaged: %v", err)) // only a broken build has it
	}
	return string(raw)
})

// cut splits text at the first line that begins in its last two tenths, and at
// the first in its last.
func cut(text string) Set {
	begin := func(tenth int) int {
		at := len(text) * tenth / 10
		return at + strings.IndexByte(text[at:], '\n') + 1
	}
	a, b := begin(8), begin(9)
	return Set{text[:a], text[a:b], text[b:]}
}
