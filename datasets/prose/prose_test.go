package prose

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestTheBookIsWhole(t *testing.T) {
	text := Text()
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(text))); got != "9e3d261b78acf02460be3d39aaae55ad3b3ea301c2422d018109f47a1c1696fe" {
		t.Errorf("the text has the sum %s", got)
	}
	if !strings.HasPrefix(text, "MOBY DICK; OR THE WHALE\n") || !strings.HasSuffix(text, "only found another\norphan.\n") {
		t.Errorf("begins %.40q, ends %q", text, text[len(text)-40:])
	}
	// 135 chapters, two of which have a heading in the text of their own.
	if n := strings.Count(text, "\nCHAPTER "); n != 135 {
		t.Errorf("%d chapters", n)
	}
	for i, c := range text {
		if c > 126 || c < 32 && c != '\n' {
			t.Fatalf("character %q at %d", c, i)
		}
	}
	for _, word := range []string{"Gutenberg", "etext", "\r"} {
		if strings.Contains(text, word) {
			t.Errorf("%q is no word of Melville's", word)
		}
	}
}

func TestPartsFollowEachOther(t *testing.T) {
	s, text := Load(), Text()
	if s.Train+s.Validate+s.Test != text {
		t.Error("the parts are not the book")
	}
	for name, c := range map[string]struct {
		part  string
		share float64
	}{"train": {s.Train, 0.8}, "validate": {s.Validate, 0.1}, "test": {s.Test, 0.1}} {
		if got := float64(len(c.part)) / float64(len(text)); math.Abs(got-c.share) > 1e-3 {
			t.Errorf("%s is %.4f of the book", name, got)
		}
		if !strings.HasSuffix(c.part, "\n") {
			t.Errorf("%s ends within a line", name)
		}
	}
}
