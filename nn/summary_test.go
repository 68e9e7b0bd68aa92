package nn

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	n := build(t, newWhole(), Input(3), Float64)
	got := n.Summary()
	for _, want := range []string{
		"path            layer         output  parameters  multiply-adds",
		".               nn.whole      3       3           —",
		"parts.0.bn1     nn.BatchNorm  3       6           —",
		"seq.1           nn.Act        3       —           —",
		"seq.2.0         nn.Linear     3       9           9",
		"total                                 135         126",
		"135 parameters and 6 statistics in float64",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "seq.2  ") {
		t.Errorf("a container has a line:\n%s", got)
	}
}

func TestMultiplyAdds(t *testing.T) {
	for name, c := range map[string]struct {
		layer Layer
		in    []int
		want  float64
	}{
		"Linear":          {&Linear{Out: 4}, []int{3}, 12},
		"Linear, places":  {&Linear{Out: 4}, []int{5, 3}, 60},
		"Conv2D":          {&Conv2D{Out: 4, Kernel: 3}, []int{5, 6, 2}, 3 * 4 * 4 * 18},
		"Conv2D, groups":  {&Conv2D{Out: 4, Kernel: 3, Groups: 2}, []int{5, 6, 2}, 3 * 4 * 4 * 9},
		"ConvTranspose2D": {&ConvTranspose2D{Out: 4, Kernel: 3}, []int{5, 6, 2}, 5 * 6 * 2 * 9 * 4},
		"LSTM":            {&LSTM{Hidden: 4}, []int{5, 3}, 5 * 16 * 7},
		"GRU":             {&GRU{Hidden: 4}, []int{5, 3}, 5 * 12 * 7},
		"Attention":       {&Attention{Dim: 4}, []int{5, 4}, 4 * (5*4*3 + 2*25 + 5*4)},
	} {
		total := 0.0
		for _, r := range build(t, c.layer, Input(c.in...)).rows {
			total += r.macs
		}
		if total != c.want {
			t.Errorf("%s: %g multiply-adds, want %g", name, total, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	for v, want := range map[float64]string{0: "—", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := count(v); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}
