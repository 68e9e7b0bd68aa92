package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// header is what comes before the elements.
type header struct {
	kind    kind
	order   binary.ByteOrder
	fortran bool // first axis fastest
	shape   []int
}

// parse reads the header's text, a Python dictionary of three keys.
func parse(text string) (*header, error) {
	p := &parser{rest: text}
	h := &header{}
	seen := map[string]bool{}
	if err := p.want("{"); err != nil {
		return nil, err
	}
	for !p.got("}") {
		key, err := p.quoted()
		if err == nil {
			err = p.want(":")
		}
		if err == nil {
			err = h.field(p, key)
		}
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("names %q twice", key)
		}
		seen[key] = true
		if !p.got(",") && !p.at("}") {
			return nil, fmt.Errorf("want ',' or '}' before %.20q", p.rest)
		}
	}
	if len(seen) != 3 || strings.TrimSpace(p.rest) != "" {
		return nil, errors.New("want descr, fortran_order, shape and nothing else")
	}
	return h, nil
}

// field reads the value of a key.
func (h *header) field(p *parser, key string) (err error) {
	switch key {
	case "descr":
		var d string
		if d, err = p.quoted(); err == nil {
			err = h.descr(d)
		}
	case "fortran_order":
		h.fortran = p.got("True")
		if !h.fortran {
			err = p.want("False")
		}
	case "shape":
		h.shape, err = p.tuple()
	default:
		err = fmt.Errorf("has an unknown key %q", key)
	}
	return err
}

// descr reads a type such as "<f4".
func (h *header) descr(d string) error {
	ok := len(d) == 3 && strings.ContainsRune("<>|=", rune(d[0]))
	if ok {
		h.kind, ok = kinds[d[1:]]
	}
	if !ok {
		return fmt.Errorf("has type %q, want f2, f4, f8, i1, i2, i4, i8, u1, u2 or b1: convert it first with astype", d)
	}
	h.order = binary.LittleEndian
	if d[0] == '>' {
		h.order = binary.BigEndian
	}
	return nil
}

// parser reads Python literals from the front of rest.
type parser struct{ rest string }

func (p *parser) at(word string) bool {
	p.rest = strings.TrimLeft(p.rest, " \n\t")
	return strings.HasPrefix(p.rest, word)
}

// got takes word if it comes next.
func (p *parser) got(word string) bool {
	if !p.at(word) {
		return false
	}
	p.rest = p.rest[len(word):]
	return true
}

func (p *parser) want(word string) error {
	if !p.got(word) {
		return fmt.Errorf("want %q before %.20q", word, p.rest)
	}
	return nil
}

// quoted reads a string without escapes.
func (p *parser) quoted() (string, error) {
	quote := "'"
	if p.at(`"`) {
		quote = `"`
	}
	if err := p.want(quote); err != nil {
		return "", err
	}
	s, rest, found := strings.Cut(p.rest, quote)
	if !found {
		return "", errors.New("has a string without end")
	}
	p.rest = rest
	return s, nil
}

// tuple reads a tuple of sizes whose product some memory could hold.
func (p *parser) tuple() ([]int, error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	shape, product := []int{}, 1
	for !p.got(")") {
		n := 0
		for p.at(""); n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9'; n++ {
		}
		d, err := strconv.ParseInt(p.rest[:n], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("want a size before %.20q", p.rest)
		}
		p.rest = p.rest[n:]
		shape = append(shape, int(d))
		if len(shape) > maxRank || product > 1<<40/max(int(d), 1) {
			return nil, fmt.Errorf("has the shape %v…, which no tensor can have", shape)
		}
		product *= max(int(d), 1)
		if !p.got(",") && !p.at(")") {
			return nil, fmt.Errorf("want ',' or ')' before %.20q", p.rest)
		}
	}
	return shape, nil
}
