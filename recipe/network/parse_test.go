package network

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
)

// one parses a list of one layer.
func one(t *testing.T, text string) (*layer, error) {
	t.Helper()
	n, err := yamltree.Parse("f", []byte("layers:\n  - "+text+"\n"))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	p := &parser{classes: 7}
	all, err := p.list(n.Get("layers"), "")
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// The options of a layer are the fields of its struct.
func TestOptions(t *testing.T) {
	conv := "out kernel stride pad dilation groups no-bias act init bias-init kernel-hw stride-hw pad-hw dilation-hw"
	for name, want := range map[string]string{
		"linear":          "out no-bias act init bias-init",
		"conv2d":          conv,
		"convtranspose2d": "out kernel stride pad out-pad dilation groups no-bias act init bias-init kernel-hw stride-hw pad-hw dilation-hw out-pad-hw",
		"conv1d":          "out kernel stride pad dilation groups causal no-bias act init bias-init",
		"maxpool2d":       "size stride pad ceil size-hw stride-hw pad-hw to",
		"avgpool2d":       "size stride pad ceil skip-pad size-hw stride-hw pad-hw to",
		"maxpool1d":       "size stride pad ceil to",
		"avgpool1d":       "size stride pad ceil to skip-pad",
		"globalavgpool":   "keep-axes",
		"globalmaxpool":   "keep-axes",
		"upsample":        "factor factor-hw to bilinear",
		"batchnorm":       "act eps momentum no-affine",
		"layernorm":       "eps no-affine groups rms",
		"dropout":         "rate channels",
		"dropblock":       "rate size",
		"droppath":        "rate",
		"gaussiannoise":   "std",
		"flatten":         "channels-first",
		"reshape":         "to",
		"prelu":           "per-channel slope",
		"glu":             "act",
		"squeezeexcite":   "hidden act gate",
		"residual":        "body skip act drop",
		"embedding":       "count dim",
		"positions":       "learned max init",
		"attention":       "dim heads causal rotary dropout no-bias init",
		"encoderblock":    "heads hidden act dropout norm-first rms causal rotary",
		"lstm":            "hidden layers bidirectional no-bias proj norm dropout weight-drop forget-bias init",
		"gru":             "hidden layers bidirectional no-bias norm dropout weight-drop init",
		"rnn":             "hidden layers bidirectional no-bias relu norm dropout weight-drop init",
		"last":            "",
		"mlp":             "widths classes act norm dropout",
		"vgg":             "depth classes width norm small hidden dropout",
		"resnet":          "depth classes width squeeze-excite drop drop-block",
		"mobilenet":       "classes scale small dropout squeeze-excite drop",
	} {
		k := findKind(name)
		if k == nil {
			t.Errorf("there is no layer %s", name)
			continue
		}
		var got []string
		for _, o := range k.options() {
			got = append(got, o.name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), want)
		}
		if k.lone != "" && !slices.Contains(got, dashed(k.lone)) {
			t.Errorf("%s: a lone value sets %s, which is no option", name, k.lone)
		}
	}
	if len(Layers()) != len(kinds)+len(words)+len(acts) {
		t.Errorf("%d layers are described", len(Layers()))
	}
}

// What is written comes to stand in the struct's fields.
func TestValues(t *testing.T) {
	for text, want := range map[string]any{
		"linear: 5":                               &nn.Linear{Out: 5},
		"linear: classes":                         &nn.Linear{Out: 7},
		"Linear: {OUT: 3, No_Bias: true}":         &nn.Linear{Out: 3, NoBias: true},
		"linear: {out: 3, act: gelu}":             &nn.Linear{Out: 3, Act: nn.GELU},
		"linear: {out: 3, act: {leakyrelu: 0.3}}": &nn.Linear{Out: 3, Act: nn.LeakyReLU(.3)},
		"linear: {out: 3, act: {elu: 2}}":         &nn.Linear{Out: 3, Act: nn.ELU(2)},
		"linear: {out: 3, act: leaky-relu}":       &nn.Linear{Out: 3, Act: nn.LeakyReLU(.01)},
		"linear":                                  &nn.Linear{},
		"linear:":                                 &nn.Linear{},
		"conv2d: {out: 4, kernel: 3, pad: same}":  &nn.Conv2D{Out: 4, Kernel: 3, Pad: nn.Same},
		"conv2d: {kernel-hw: [3, 5]}":             &nn.Conv2D{KernelHW: [2]int{3, 5}},
		"conv2d: {pad-hw: [same, 2]}":             &nn.Conv2D{PadHW: [2]int{nn.Same, 2}},
		"conv2d: {stride-hw: 2}":                  &nn.Conv2D{StrideHW: [2]int{2, 2}},
		"maxpool2d: 2":                            &nn.MaxPool2D{Size: 2},
		"maxpool2d: {to: 3}":                      &nn.MaxPool2D{To: [2]int{3, 3}},
		"dropout: 0.25":                           &nn.Dropout{Rate: .25},
		"dropout: {rate: 1e-1, channels: true}":   &nn.Dropout{Rate: .1, Channels: true},
		"layernorm: {groups: -1, eps: 1e-6}":      &nn.LayerNorm{Groups: -1, Eps: 1e-6},
		"reshape: [7, -1]":                        &nn.Reshape{To: []int{7, -1}},
		"reshape: 7":                              &nn.Reshape{To: []int{7}},
		"upsample: 2":                             &nn.Upsample{Factor: 2},
		"gru: 6":                                  &nn.GRU{Hidden: 6},
		"lstm: {hidden: 6, forget-bias: 1}":       &nn.LSTM{Hidden: 6, ForgetBias: 1},
		"encoderblock: 4":                         &nn.EncoderBlock{Heads: 4},
		"squeezeexcite: {gate: tanh}":             &nn.SqueezeExcite{Gate: nn.Tanh},
		"embedding: {count: 9, dim: 2}":           &ids{Count: 9, Dim: 2},
		"last":                                    &last{},
		"flatten: {channels-first: false}":        &nn.Flatten{},
	} {
		l, err := one(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := l.make(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, want %#v", text, got, want)
		}
	}
}

// First values are set by name: a function can be compared only by what it is.
func TestInits(t *testing.T) {
	for name, want := range map[string]nn.Init{"he": nn.He, "Glorot": nn.Glorot, "zeros": nn.Zeros, "ones": nn.Ones} {
		l, err := one(t, "linear: {out: 3, init: "+name+"}")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := l.make().(*nn.Linear).Init
		if reflect.ValueOf(got).Pointer() != reflect.ValueOf(want).Pointer() {
			t.Errorf("%s is another", name)
		}
	}
}

// Ready networks are those of model with the same options.
func TestReady(t *testing.T) {
	for text, want := range map[string]nn.Layer{
		"mlp: [8, 4]": model.MLP{Widths: []int{8, 4}}.New(),
		"mlp: {widths: [8], classes: classes, act: tanh, norm: true, dropout: 0.5}": model.MLP{Widths: []int{8}, Classes: 7, Act: nn.Tanh, Norm: true, Dropout: .5}.New(),
		"vgg: {depth: 11, width: 2, hidden: 8, classes: 3}":                         model.VGG{Depth: 11, Width: 2, Hidden: 8, Classes: 3}.New(),
		"resnet: {depth: 20, width: 4, classes: classes, drop: 0.1}":                model.ResNet{Depth: 20, Width: 4, Classes: 7, Drop: .1}.New(),
		"mobilenet: {scale: 0.5, small: true, classes: 3}":                          model.MobileNet{Scale: .5, Small: true, Classes: 3}.New(),
	} {
		l, err := one(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		a, errA := nn.Build(l.make(), nn.Input(32, 32, 3))
		b, errB := nn.Build(want, nn.Input(32, 32, 3))
		if errA != nil || errB != nil || a.Summary() != b.Summary() {
			t.Errorf("%s: %v, %v", text, errA, errB)
		}
	}
}

// Values that an option does not take are refused with what it takes.
func TestRefusedValues(t *testing.T) {
	const ints = "a whole number from 0 to 1048576"
	for text, want := range map[string]string{
		"linear: 1.5":                              ints,
		"linear: 1e3":                              ints,
		"linear: 0x10":                             ints,
		"linear: 1_000":                            ints,
		"linear: -1":                               ints,
		"linear: 99999999999999999999":             ints,
		"linear: {out: {a: 1}}":                    "it is keys with values",
		"linear: {out: }":                          ints,
		"conv2d: {kernel: classes}":                ints,
		"conv2d: {kernel: same}":                   ints,
		"conv2d: {pad: -1}":                        ints + ", or same",
		"conv2d: {kernel-hw: [1, 2, 3]}":           "two whole numbers",
		"conv2d: {kernel-hw: [1, x]}":              ints,
		"conv2d: {kernel-hw: {a: 1}}":              "a list of 1 to 64",
		"reshape: []":                              "a list of 1 to 64",
		"reshape: [-2]":                            "a whole number from -1",
		"layernorm: {groups: -2}":                  "a whole number from -1",
		"mlp: [" + strings.Repeat("1,", 65) + "1]": "a list of 1 to 64",
		"dropout: inf":                             "a number of at most",
		"dropout: 1e7":                             "a number of at most",
		"dropout: [0.5]":                           "it is a list",
		"dropout: half":                            "a number of at most",
		"linear: {no-bias: yes}":                   "true or false",
		"linear: {no-bias: [true]}":                "true or false",
		"linear: {act: 3}":                         "one of elu, gelu",
		"linear: {act: {relu: 3}}":                 "one of elu, gelu",
		"linear: {act: [relu]}":                    "one of elu, gelu",
		"linear: {act: {elu: x}}":                  "a number of at most",
		"linear: {init: {he: 1}}":                  "one of glorot, he, ones, zeros",
		"leakyrelu: x":                             "a number of at most",
		"relu: 3":                                  "it has no options",
		"globalavgpool: 3":                         "says not which option it is",
		"globalavgpool: [3]":                       "says not which option it is",
		"flatten: {channels: 1}":                   "there is no option",
		"last: {x: 1}":                             "there is no option",
		"block":                                    "it has no layers",
		"block: relu":                              "want a list",
		"residual: {body: relu}":                   "want a list",
		"residual: {body: []}":                     "is empty",
		"repeat":                                   "it wants times and layers",
		"repeat: {times: 2}":                       "it wants times and layers",
		"repeat: {times: 2, layers: [relu], x: 1}": "there is no option",
		"repeat: {times: [2], layers: [relu]}":     "a whole number from 1 to 1000",
		"repeat: {times: 1001, layers: [relu]}":    "a whole number from 1 to 1000",
		"[relu]":                                   "has no name",
		"''":                                       "there is no layer",
	} {
		_, err := one(t, text)
		if err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(fixOf(err), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func fixOf(err error) string {
	if e, ok := err.(*yamltree.Error); ok {
		return e.Fix
	}
	return ""
}

// Layers are numbered as they stand, those inside others by both numbers.
func TestNumbers(t *testing.T) {
	n, err := yamltree.Parse("f", []byte("layers:\n  - relu\n  - block:\n      - tanh\n      - residual:\n          body: [gelu, mish]\n          skip: [silu]\n  - repeat: {times: 2, layers: [elu]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := &parser{}
	all, err := p.list(n.Get("layers"), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var visit func(all []*layer)
	visit = func(all []*layer) {
		for _, l := range all {
			got = append(got, l.number+" "+l.name)
			for _, field := range []int{-1, 0, 1} {
				visit(l.kids[field])
			}
		}
	}
	visit(all)
	want := []string{"1 relu", "2 block", "2.1 tanh", "2.2 residual", "2.2.body.1 gelu", "2.2.body.2 mish", "2.2.skip.1 silu", "3 repeat", "3.1 elu"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if p.count != 10 { // the repeated one twice
		t.Errorf("%d layers", p.count)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{"KernelHW": "kernel-hw", "NoBias": "no-bias", "Out": "out", "To": "to", "": "", "ForgetBias": "forget-bias", "RMS": "rms"} {
		if got := dashed(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{"max-pool2d": "maxpool2d", "Max_Pool2D": "maxpool2d", "ReLU": "relu"} {
		if got := plainName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	seen := map[string]bool{}
	for _, n := range names() {
		if seen[n] || n != plainName(n) {
			t.Errorf("%q is there twice, or is not as it is compared", n)
		}
		seen[n] = true
	}
}
