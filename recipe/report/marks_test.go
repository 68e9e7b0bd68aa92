package report

import (
	"math"
	"strings"
	"testing"
)

func TestMarked(t *testing.T) {
	html := string(Marked("a < b", []Span{{"wo", 0.5}, {" <i>", -2}, {"x", math.NaN()}, {"", 0}}).HTML)
	for _, want := range []string{"<b>a &lt; b</b>", `title="0.50" style="background:color-mix(in srgb,var(--c0) 30%,transparent)">wo<`,
		`title="-1.00" style="background:color-mix(in srgb,var(--c1) 60%,transparent)"> &lt;i&gt;<`, `title="0.00"`, ">x<"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q lacks %q", html, want)
		}
	}
	if strings.Count(html, "<span") != strings.Count(html, "</span>") {
		t.Errorf("spans do not close: %s", html)
	}
}
