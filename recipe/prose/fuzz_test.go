package prose

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzText reads any bytes as a user's text: they are refused, or divided into
// three parts that make the text again.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "\xff\xfea\x00", "a\x00", strings.Repeat("a line\n", 900), strings.Repeat("日本語", 1700), strings.Repeat("x", 6000), strings.Repeat("\n", 5001)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := checkText(raw); err != nil {
			return
		}
		x, err := divide(string(raw), nil)
		if err != nil {
			if utf8.RuneCount(raw) >= leastText {
				t.Fatalf("%d characters: %v", utf8.RuneCount(raw), err)
			}
			return
		}
		if n := len(slices.Concat(x.train, x.validate, x.test)); n != utf8.RuneCount(raw) || len(x.train) == 0 || len(x.validate) == 0 || len(x.test) == 0 {
			t.Fatalf("%d + %d + %d of %d characters", len(x.train), len(x.validate), len(x.test), utf8.RuneCount(raw))
		}
	})
}
