package language

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/tensor"
)

// FuzzText reads any bytes as a text to answer about: it has numbers for all
// characters, and its pieces are neither longer than what was learned nor lose
// anything of a text that is short enough.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "wo ist der Bahnhof", "\x00\xff", "日本語", strings.Repeat("sea ", 500), "İ\u0130ǅ", "\u200d\u200c"} {
		f.Add([]byte(s))
	}
	a := learn([][]rune{[]rune("the quick brown fox jumps over the lazy dog, the lazy dog")})
	chars, blocks := a.sizes()
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := plain(strings.ToValidUTF8(string(raw), string(utf8.RuneError)))
		all := spread(read)
		if len(all) > mostPieces || len(all) < mostPieces && !slices.Equal(slices.Concat(all...), read) {
			t.Fatalf("%d pieces of %d characters", len(all), len(read))
		}
		for _, p := range all {
			if len(p) == 0 || len(p) > longest {
				t.Fatalf("a piece of %d", len(p))
			}
			for i, id := range tensor.Data[int32](a.encode([][]rune{p}, len(p))) {
				if id <= padding || i%2 == 0 && int(id) >= chars || i%2 == 1 && int(id) >= blocks {
					t.Fatalf("number %d at %d", id, i)
				}
			}
		}
		if err := checkText("f", raw); err == nil && !utf8.Valid(raw) {
			t.Fatal("taken for text")
		}
	})
}
