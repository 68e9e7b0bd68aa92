package dates

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// The special symbols, in the order in which codecs number them.
const (
	padding int32 = iota
	start
	end
)

var specials = []string{"<pad>", "<start>", "<end>"}

// notCounted is the label of what a loss leaves out.
const notCounted = -100

// longest is how many characters a source or a target may have: attention
// takes memory by their product.
const longest = 256

// pair is a text and what is to become of it.
type pair struct{ from, to string }

// language numbers the characters of sources and of targets.
type language struct{ from, to token.Codec }

// learnLanguage takes the characters that occur in pairs.
func learnLanguage(pairs []pair) (l language, err error) {
	var from, to strings.Builder
	for _, p := range pairs {
		from.WriteString(p.from)
		to.WriteString(p.to)
	}
	o := token.VocabOptions{Special: specials}
	if l.from, err = token.TrainCharacters(strings.NewReader(from.String()), o); err == nil {
		l.to, err = token.TrainCharacters(strings.NewReader(to.String()), o)
	}
	return l, err
}

// stored is a language as a run keeps it.
type stored struct{ From, To json.RawMessage }

// keep writes the language as text.
func (l language) keep() (string, error) {
	var from, to bytes.Buffer
	if err := errors.Join(token.Write(&from, l.from), token.Write(&to, l.to)); err != nil {
		return "", err
	}
	text, err := json.Marshal(stored{from.Bytes(), to.Bytes()})
	return string(text), err
}

// recall reads what keep wrote.
func recall(text string) (l language, err error) {
	var s stored
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return l, fmt.Errorf("the characters that the run knows: %w", err)
	}
	if l.from, err = token.Read(bytes.NewReader(s.From)); err == nil {
		l.to, err = token.Read(bytes.NewReader(s.To))
	}
	if err != nil {
		return l, fmt.Errorf("the characters that the run knows: %w", err)
	}
	return l, nil
}

// unknown returns a character that the network has never read, "" if it has
// read all of them.
func (l language) unknown(text string) string {
	not := l.from.Special(token.Unknown)
	for _, c := range text {
		if ids := l.from.Encode(string(c)); len(ids) == 1 && ids[0] == not {
			return string(c)
		}
	}
	return ""
}

// numbered is a dataset of pairs: X is the source's symbols, Y the target's
// and its end.
type numbered struct {
	language language
	count    int
	pair     func(i int) pair
}

// Len returns the number of pairs.
func (n *numbered) Len() int { return n.count }

// At returns pair i.
func (n *numbered) At(i int) (data.Example, error) {
	p := n.pair(i)
	return data.Example{
		X: tensor.Of(n.language.from.Encode(p.from)),
		Y: tensor.Of(append(n.language.to.Encode(p.to), end)),
	}, nil
}

// collate joins pairs of various lengths.
func collate(all []data.Example) (data.Batch, error) {
	var sources, targets, written [][]int32
	for _, e := range all {
		y := tensor.Data[int32](e.Y)
		sources, targets = append(sources, tensor.Data[int32](e.X)), append(targets, y)
		written = append(written, append([]int32{start}, y[:len(y)-1]...))
	}
	b := data.Batch{More: map[string]tensor.Tensor{}}
	b.X, b.More["lengths"] = token.Pad(sources, padding)
	b.Y, _ = token.Pad(targets, notCounted)
	b.More["written"], _ = token.Pad(written, padding)
	return b, nil
}

// objective is the loss of a batch that collate made.
func objective(m *Translator) func(p *nn.Pass, net *nn.Net, b data.Batch) tensor.Tensor {
	return func(p *nn.Pass, _ *nn.Net, b data.Batch) tensor.Tensor {
		return m.objective(p, batch{b.X, b.More["lengths"], b.More["written"], b.Y})
	}
}

// mostPairs is how many lines a file of pairs may have.
const mostPairs = 2_000_000

// readPairs reads a file of pairs: a line each, source and target with a tab
// between.
func readPairs(name string) ([]pair, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; it takes a file with a pair on each line, text and what it becomes with a tab between", name)
	}
	pairs, err := parsePairs(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return pairs, nil
}

func parsePairs(r io.Reader) (pairs []pair, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16*longest)
	n := 0
	for lines.Scan() {
		n++
		text := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if text == "" {
			continue
		}
		p, err := parsePair(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if pairs = append(pairs, p); len(pairs) > mostPairs {
			return nil, fmt.Errorf("line %d: more than %d pairs; take a part of them", n, mostPairs)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d is longer than %d bytes; a text has at most %d characters", n+1, 16*longest, longest)
	}
	return pairs, lines.Err()
}

func parsePair(line string) (pair, error) {
	from, to, ok := strings.Cut(line, "\t")
	switch {
	case !utf8.ValidString(line):
		return pair{}, errors.New("it is not UTF-8; save the file as UTF-8")
	case !ok:
		return pair{}, errors.New("it has no tab; write a text, a tab and what the text becomes")
	case strings.Contains(to, "\t"):
		return pair{}, errors.New("it has more than one tab; a line is one pair")
	}
	return pair{from, to}, errors.Join(check("the text", from), check("what it becomes", to))
}

// check refuses a text that is empty or too long.
func check(what, text string) error {
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return fmt.Errorf("%s is empty", what)
	case n > longest:
		return fmt.Errorf("%s has %d characters; at most %d will do", what, n, longest)
	}
	return nil
}
