// Package token turns text into numbers and back: by bytes, characters, words
// or byte pairs ([BPE]), with special tokens of one's own, and packs sequences
// of like length into batches.
//
// A [Codec] numbers its special tokens first: 0 is the first of them. Text is
// never read as a special token, whatever it says; a program puts their numbers
// where it wants them, and Decode leaves them out.
//
//	bpe, err := token.TrainBPE(file, token.BPEOptions{Size: 2000, Special: []string{"<pad>", "<end>"}})
//	ids := append(bpe.Encode("the whale"), bpe.Special("<end>"))
//	err = token.Save("bpe.json", bpe)
//
// datasets, nn and all above them may import token. It imports tensor and run.
package token

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// Codec turns text into numbers and back. The codecs of this package are not
// changed once they are made; several goroutines may use one at once.
type Codec interface {
	// Encode returns the numbers of text. It takes any bytes.
	Encode(text string) []int32

	// Append appends the numbers of text to dst.
	Append(dst []int32, text string) []int32

	// Decode returns the text of ids, without special tokens. It panics with a
	// [*tensor.Error] if one is not 0 to Size()−1.
	Decode(ids []int32) string

	// Size returns how many tokens there are, special ones included.
	Size() int

	// Special returns the number of a special token, −1 if there is none of
	// that name.
	Special(name string) int32

	// Token returns how a number may be shown to a person: a special token's
	// name, or the text it stands for. It panics as Decode does.
	Token(id int32) string
}

// Unknown is the special token of what is not in a vocabulary. [Characters] and
// [Words] have it, after one's own special tokens if it is not among them.
const Unknown = "<unk>"

// specials are the names of the special tokens, which have the first numbers.
type specials []string

// Special returns the number of a special token, −1 if there is none of that
// name.
func (s specials) Special(name string) int32 { return int32(slices.Index(s, name)) }

// check returns an error if a name is empty, there twice or not UTF-8, which a
// file could not keep.
func (s specials) check() error {
	for i, name := range s {
		if name == "" {
			return fmt.Errorf("special token %d has no name", i)
		}
		if !utf8.ValidString(name) {
			return fmt.Errorf("special token %d, %q, is not UTF-8", i, name)
		}
		if slices.Index(s, name) < i {
			return fmt.Errorf("special token %q is there twice", name)
		}
	}
	return nil
}

// withUnknown returns s with [Unknown] in it.
func (s specials) withUnknown() specials {
	if slices.Contains(s, Unknown) {
		return slices.Clone(s)
	}
	return append(slices.Clone(s), Unknown)
}

// inRange panics if id is not 0 to size−1.
func inRange(op string, id int32, size int) {
	if id < 0 || int(id) >= size {
		tensor.Fail(op, "number %d, want 0 to %d", id, size-1)
	}
}

// What a file says of itself.
const (
	fileFormat  = "limpid tokeniser"
	fileVersion = 1
)

// file is a codec as JSON.
type file struct {
	Format  string     `json:"format"`
	Version int        `json:"version"`
	Kind    string     `json:"kind"` // bytes, characters, words or bpe
	Special specials   `json:"special,omitempty"`
	Lower   bool       `json:"lower,omitempty"`
	Vocab   []string   `json:"vocab,omitempty"`  // characters and words, in order
	Merges  [][2]int32 `json:"merges,omitempty"` // numbers of the two tokens that merge i joins
}

// Save writes one of this package's codecs as JSON. What stood in the file is
// replaced only once all is written.
func Save(name string, c Codec) error {
	if err := run.Replace(name, func(w io.Writer) error { return Write(w, c) }); err != nil {
		return fmt.Errorf("token: %s: %w", name, err)
	}
	return nil
}

// Write writes one of this package's codecs as JSON.
func Write(w io.Writer, c Codec) error {
	own, ok := c.(interface{ file() file })
	if !ok {
		return fmt.Errorf("token: a %T cannot be saved: it is not of this package", c)
	}
	out := own.file()
	out.Format, out.Version = fileFormat, fileVersion
	if err := json.NewEncoder(w).Encode(out); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	return nil
}

// Load reads a file that [Save] wrote.
func Load(name string) (Codec, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	c, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("token: %s: %w", name, err)
	}
	return c, nil
}

// Read reads what [Write] wrote.
func Read(r io.Reader) (Codec, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	c, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	return c, nil
}

func parse(raw []byte) (Codec, error) {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("is no tokeniser file: %w", err)
	}
	if f.Format != fileFormat {
		return nil, fmt.Errorf("has format %q, want %q", f.Format, fileFormat)
	}
	if f.Version != fileVersion {
		return nil, fmt.Errorf("has version %d, this program reads %d: use the program that wrote it, or a newer one", f.Version, fileVersion)
	}
	if err := f.Special.check(); err != nil {
		return nil, err
	}
	switch f.Kind {
	case "bytes":
		return &Bytes{f.Special}, nil
	case "characters":
		return charactersOf(f)
	case "words":
		return wordsOf(f)
	case "bpe":
		return newBPE(f.Special, f.Merges)
	}
	return nil, fmt.Errorf("has kind %q, want bytes, characters, words or bpe", f.Kind)
}
