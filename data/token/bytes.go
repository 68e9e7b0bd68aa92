package token

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/tensor"
)

// Bytes numbers bytes: that of byte b is the number of special tokens plus b.
// Any bytes survive Encode and Decode.
type Bytes struct{ specials }

// NewBytes returns the codec. It panics with a [*tensor.Error] if a special
// token is empty, not UTF-8 or there twice.
func NewBytes(special ...string) *Bytes {
	s := specials(special)
	if err := s.check(); err != nil {
		tensor.Fail("token.NewBytes", "%v", err)
	}
	return &Bytes{append(specials(nil), s...)}
}

// Encode returns a number for each byte of text.
func (c *Bytes) Encode(text string) []int32 { return c.Append(make([]int32, 0, len(text)), text) }

// Append appends the numbers of text to dst.
func (c *Bytes) Append(dst []int32, text string) []int32 {
	for i := range len(text) {
		dst = append(dst, int32(len(c.specials))+int32(text[i]))
	}
	return dst
}

// Decode returns the bytes of ids; see [Codec].
func (c *Bytes) Decode(ids []int32) string {
	out := make([]byte, 0, len(ids))
	for _, id := range ids {
		inRange("token.Bytes.Decode", id, c.Size())
		if b := int(id) - len(c.specials); b >= 0 {
			out = append(out, byte(b))
		}
	}
	return string(out)
}

// Size returns 256 and the number of special tokens.
func (c *Bytes) Size() int { return len(c.specials) + 256 }

// Token returns how a number may be shown; see [Codec].
func (c *Bytes) Token(id int32) string {
	inRange("token.Bytes.Token", id, c.Size())
	if int(id) < len(c.specials) {
		return c.specials[id]
	}
	return shown([]byte{byte(int(id) - len(c.specials))})
}

func (c *Bytes) file() file { return file{Kind: "bytes", Special: c.specials} }

// shown returns bytes for a person's eye: as they are if they are text, else
// in hexadecimal.
func shown(b []byte) string {
	if utf8.Valid(b) {
		for _, c := range string(b) {
			if !strconv.IsPrint(c) {
				return fmt.Sprintf("<%x>", b)
			}
		}
		return string(b)
	}
	return fmt.Sprintf("<%x>", b)
}
