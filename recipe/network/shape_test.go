package network

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/yamltree"
)

func TestArea(t *testing.T) {
	for _, c := range []struct {
		square int
		hw     [2]int
		want   float64
	}{{3, [2]int{}, 9}, {3, [2]int{2, 5}, 10}, {0, [2]int{}, 0}, {0, [2]int{4, 1}, 4}, {1 << 20, [2]int{}, 1 << 40}} {
		if got := area(c.square, c.hw); got != c.want {
			t.Errorf("%d, %v: %v, want %v", c.square, c.hw, got, c.want)
		}
	}
	if product(nil) != 1 || product([]int{2, 3, 4}) != 24 || product([]int{1 << 30, 1 << 30, 1 << 30}) < 1e27 {
		t.Error("product")
	}
	if tail(nil) != 1 || tail([]int{5}) != 5 || tail([]int{1, 2, 3}) != 3 {
		t.Error("tail")
	}
}

// A batch that would take too much is refused before a step is made.
func TestTooMuch(t *testing.T) {
	n := &yamltree.Node{Line: 3}
	b := &budget{values: 1e6}
	if err := b.tooMuch(n, 1500); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	err := b.tooMuch(n, 1501)
	if err == nil || !strings.Contains(err.Error(), "a batch of 1501") || !strings.Contains(err.Error(), ":3:") {
		t.Errorf("%v", err)
	}
}

// What a layer takes is added up over the list, and the sum is bounded, too.
func TestSumIsBounded(t *testing.T) {
	const wide = "  - flatten\n  - linear: 40000\n"
	if _, err := check(t, wide); err != nil {
		t.Errorf("41 million parameters: %v", err)
	}
	_, err := check(t, wide+"  - linear: 1000\n  - linear: 40000\n")
	if err == nil || !strings.Contains(err.Error(), "net.yaml:5: layer 4, linear: it would learn 4e+07 numbers") {
		t.Errorf("more than 100 million in all: %v", err)
	}
}

// Each row of a list says what goes into a layer and what comes out.
func TestRows(t *testing.T) {
	rows, err := check(t, "  - conv2d: {out: 8, kernel: 3}\n  - repeat:\n      times: 2\n      layers: [maxpool2d: 2]\n  - block: [flatten, linear: 5]\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{"1", "conv2d", 2, []int{16, 16, 4}, []int{14, 14, 8}},
		{"2", "repeat", 3, []int{14, 14, 8}, []int{3, 3, 8}},
		{"3", "block", 6, []int{3, 3, 8}, []int{5}},
	}
	if len(rows) != len(want) {
		t.Fatalf("%+v", rows)
	}
	for i, r := range rows {
		w := want[i]
		if r.Number != w.Number || r.Layer != w.Layer || r.Line != w.Line || !slices.Equal(r.In, w.In) || !slices.Equal(r.Out, w.Out) {
			t.Errorf("%+v, want %+v", r, w)
		}
	}
}

// Nothing that is left of an example is no input for a next layer.
func TestNothingLeft(t *testing.T) {
	for _, layers := range []string{"  - convtranspose2d: {out: 2, kernel: 1, pad: 8}\n", "  - maxpool2d: {to: [1, 1]}\n  - convtranspose2d: {out: 1, kernel: 1, pad: 1, out-pad: 1}\n"} {
		_, err := check(t, layers)
		var e *yamltree.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", layers, err)
		}
	}
}

// Ready networks have sizes of their own to keep to.
func TestReadyBounds(t *testing.T) {
	for layer, want := range map[string]string{
		"resnet: {width: 129}":                 "width is 129; it takes a whole number up to 128",
		"resnet: {squeeze-excite: 257}":        "squeeze-excite is 257",
		"vgg: {width: 200}":                    "width is 200",
		"vgg: {hidden: 5000}":                  "hidden is 5000; it takes a whole number up to 4096",
		"mobilenet: {scale: 5}":                "scale is 5; it takes a number up to 4",
		"mobilenet: {scale: -1}":               "Scale",
		"mlp: {widths: [9000]}":                "widths are [9000]",
		"vgg: {depth: 12}":                     "Depth is 12",
		"resnet: {drop: 1.5}":                  "Drop",
		"mlp: {widths: [0]}":                   "Widths[0] is 0",
		"mlp: {dropout: 1}":                    "Dropout",
		"mobilenet: {dropout: 2, small: true}": "Dropout",
		"vgg: {depth: 11, dropout: -1}":        "Dropout",
		"resnet: {depth: 20, drop-block: 1.5}": "DropBlock",
		"mobilenet: {drop: -0.5, classes: 1}":  "Drop",
	} {
		_, err := check(t, "  - "+layer+"\n", 32, 32, 3)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", layer, err, want)
		}
	}
}

// What nn says of a struct's field is said of an option of the list.
func TestFixesAreOfTheList(t *testing.T) {
	for layers, want := range map[string]string{
		"  - flatten\n  - maxpool2d: 2\n":             "- flatten, or - reshape: [...]",
		"  - conv2d: {out: 3}\n":                      "set Kernel",
		"  - residual: {body: [linear: 9]}\n":         "kernel: 1",
		"  - reshape: [4, 256]\n  - last\n  - last\n": "",
	} {
		_, err := check(t, layers)
		var e *yamltree.Error
		if !errors.As(err, &e) && want != "" {
			t.Errorf("%q: %v", layers, err)
			continue
		}
		if e != nil && (!strings.Contains(e.Fix, want) || strings.Contains(e.Fix, "literal") || strings.Contains(e.Fix, "nn.")) {
			t.Errorf("%q: fix %q", layers, e.Fix)
		}
	}
}

// The end of a network is held against the data, with the way to it.
func TestMismatch(t *testing.T) {
	for list, want := range map[string][]string{
		"[flatten, linear: 3]":                         {"[3] for an example", "want [10]", "flatten [784] → linear [3]", "end with - linear: classes"},
		"[conv2d: {out: 10, kernel: 3}]":               {"[26 26 10]", "put - flatten or - globalavgpool before it"},
		"[reshape: [28, 28], lstm: 10]":                {"[28 10]", "put - last or - globalavgpool before it"},
		"[flatten, linear: classes, reshape: [10, 1]]": {"[10 1]"},
	} {
		_, err := opened(t, "layers: "+list+"\n")
		var e *yamltree.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", list, err)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error()+"\n"+e.Fix, w) {
				t.Errorf("%s: does not say %q: %v\n%s", list, w, err, e.Fix)
			}
		}
	}
	_, err := opened(t, "layers: [reshape: [28, 28], globalavgpool, reshape: [28], relu]\n")
	if err == nil {
		t.Error("a network that ends in 28 numbers was taken")
	}
	if _, err := opened(t, "data: digits\nlayers: [reshape: [64], avgpool1d: 3]\n"); err == nil {
		t.Error("a layer for sequences took a list of numbers")
	}
}

// A network in which nothing learns is refused.
func TestNothingLearns(t *testing.T) {
	_, err := opened(t, "data: digits\nlayers: [reshape: [8, 8], avgpool1d: {to: 1}, reshape: [8], reshape: [2, 4], reshape: [8]]\n")
	if err == nil {
		t.Error("8 numbers for 10 classes were taken")
	}
	_, err = opened(t, "data: digits\nlayers: [upsample: {to: [10, 1]}, reshape: [10]]\n")
	if err == nil || !strings.Contains(err.Error(), "nothing in it learns") {
		t.Errorf("%v", err)
	}
}
