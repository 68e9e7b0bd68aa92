package network

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// kind is a layer that a list can name: a struct of nn or model, whose exported
// fields are its options.
type kind struct {
	name  string
	short string
	lone  string // the field that a value without a key sets: "linear: 10"
	new   func() any
}

// kinds are all of them but for those that are syntax: block, repeat, residual's
// branches, and activations, which are layers by their own names.
var kinds = []*kind{
	{"linear", "weighs all channels: a fully connected layer", "Out", func() any { return new(nn.Linear) }},
	{"conv2d", "convolution of pictures", "", func() any { return new(nn.Conv2D) }},
	{"convtranspose2d", "its transpose, which enlarges", "", func() any { return new(nn.ConvTranspose2D) }},
	{"conv1d", "convolution of sequences", "", func() any { return new(nn.Conv1D) }},
	{"maxpool2d", "the greatest of each window of a picture", "Size", func() any { return new(nn.MaxPool2D) }},
	{"avgpool2d", "the mean of each window", "Size", func() any { return new(nn.AvgPool2D) }},
	{"maxpool1d", "the same of sequences", "Size", func() any { return new(nn.MaxPool1D) }},
	{"avgpool1d", "the same of sequences", "Size", func() any { return new(nn.AvgPool1D) }},
	{"globalavgpool", "the mean of each channel", "", func() any { return new(nn.GlobalAvgPool) }},
	{"globalmaxpool", "the greatest value of each channel", "", func() any { return new(nn.GlobalMaxPool) }},
	{"upsample", "repeats places, or interpolates", "Factor", func() any { return new(nn.Upsample) }},
	{"batchnorm", "normalises each channel over the batch", "", func() any { return new(nn.BatchNorm) }},
	{"layernorm", "normalises each example; groups: in groups of channels", "", func() any { return new(nn.LayerNorm) }},
	{"dropout", "zeroes values at random while training", "Rate", func() any { return new(nn.Dropout) }},
	{"dropblock", "zeroes squares of a picture", "Rate", func() any { return new(nn.DropBlock) }},
	{"droppath", "zeroes whole examples", "Rate", func() any { return new(nn.DropPath) }},
	{"gaussiannoise", "adds noise while training", "Std", func() any { return new(nn.GaussianNoise) }},
	{"flatten", "makes a list of numbers of a picture", "", func() any { return new(nn.Flatten) }},
	{"reshape", "gives another shape to the same numbers", "To", func() any { return new(nn.Reshape) }},
	{"prelu", "an activation with a learned slope", "", func() any { return new(nn.PReLU) }},
	{"glu", "half of the channels gate the other half", "", func() any { return new(nn.GLU) }},
	{"squeezeexcite", "scales each channel by what all channels say", "Hidden", func() any { return new(nn.SqueezeExcite) }},
	{"residual", "adds what body makes of x to x (or to skip of x)", "", func() any { return new(nn.Residual) }},
	{"embedding", "a learned row for each whole number of the input", "", func() any { return new(ids) }},
	{"positions", "adds what tells the places of a sequence apart", "", func() any { return new(nn.Positions) }},
	{"attention", "each place of a sequence looks at all", "Dim", func() any { return new(nn.Attention) }},
	{"encoderblock", "a transformer's block, which attends to all places", "Heads", func() any { return new(nn.EncoderBlock) }},
	{"lstm", "a recurrent layer that remembers long", "Hidden", func() any { return new(nn.LSTM) }},
	{"gru", "a recurrent layer with fewer gates", "Hidden", func() any { return new(nn.GRU) }},
	{"rnn", "a plain recurrent layer", "Hidden", func() any { return new(nn.RNN) }},
	{"last", "the last step of a sequence", "", func() any { return new(last) }},
	{"mlp", "ready: linear layers one after the other", "Widths", func() any { return new(model.MLP) }},
	{"vgg", "ready: stacked convolutions", "Depth", func() any { return new(model.VGG) }},
	{"resnet", "ready: a residual network", "Depth", func() any { return new(model.ResNet) }},
	{"mobilenet", "ready: MobileNetV2", "", func() any { return new(model.MobileNet) }},
}

// acts are the activations by name.
var acts = map[string]nn.Act{
	"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "silu": nn.SiLU, "selu": nn.SELU, "softplus": nn.Softplus,
	"gelutanh": nn.GELUTanh, "mish": nn.Mish, "hardswish": nn.HardSwish, "softsign": nn.Softsign, "softmax": nn.Softmax,
	"leakyrelu": nn.LeakyReLU(0.01), "elu": nn.ELU(1),
}

// sloped are the activations with a number: of leakyrelu the slope, of elu α.
var sloped = map[string]func(float64) nn.Act{"leakyrelu": nn.LeakyReLU, "elu": nn.ELU}

// inits are the first values by name.
var inits = map[string]nn.Init{"he": nn.He, "glorot": nn.Glorot, "zeros": nn.Zeros, "ones": nn.Ones}

// ids is an embedding of numbers that came as float32, as a table's codes do.
type ids struct {
	Count, Dim int
	Table      nn.Embedding `nn:"embedding"`
}

// Forward maps numbers [N, ...] to rows [N, ..., Dim].
func (l *ids) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	l.Table.Count, l.Table.Dim = l.Count, l.Dim
	return p.Apply(x.To(tensor.Int32), &l.Table)
}

// last takes the last step of a sequence.
type last struct{}

// Forward maps x [N, T, C] to [N, C].
func (*last) Forward(_ *nn.Pass, x tensor.Tensor) tensor.Tensor {
	if x.Rank() != 3 {
		tensor.Fail("last", "the input is %v, want a sequence [N, T, C]: put it behind lstm, gru or conv1d", x.Shape())
	}
	return x.Slice(1, x.Dim(1)-1, x.Dim(1)).Squeeze(1)
}

// plainName is a name as it is compared: in lower case, without hyphens.
func plainName(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// findKind returns the layer of that name, nil if there is none.
func findKind(name string) *kind {
	for _, k := range kinds {
		if k.name == plainName(name) {
			return k
		}
	}
	return nil
}

// words are the layers that are syntax.
var words = []string{"block", "repeat"}

// names lists what can stand in a list of layers.
func names() []string {
	all := append([]string{}, words...)
	for _, k := range kinds {
		all = append(all, k.name)
	}
	for _, a := range actNames() {
		all = append(all, a)
	}
	return all
}

// option is a field of a layer that a file can set.
type option struct {
	name  string // "no-bias"
	index int    // of the struct's field
}

var (
	actType   = reflect.TypeFor[nn.Act]()
	initType  = reflect.TypeFor[nn.Init]()
	layerType = reflect.TypeFor[nn.Layer]()
)

// options lists the fields of k that a file can set.
func (k *kind) options() []option {
	t := reflect.TypeOf(k.new()).Elem()
	var all []option
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && settable(f.Type) {
			all = append(all, option{dashed(f.Name), i})
		}
	}
	return all
}

// settable tells whether a file can set a field of that type.
func settable(t reflect.Type) bool {
	switch t {
	case actType, initType, layerType, reflect.TypeFor[[2]int](), reflect.TypeFor[[]int]():
		return true
	}
	return t.Kind() == reflect.Int || t.Kind() == reflect.Float64 || t.Kind() == reflect.Bool
}

// dashed writes a field's name in lower case with hyphens: "KernelHW" as
// "kernel-hw".
func dashed(name string) string {
	var b strings.Builder
	runes := []rune(strings.ReplaceAll(name, "ReLU", "Relu"))
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(runes[i-1]) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Layer describes a layer that a list can name.
type Layer struct {
	Name    string   `json:"name"`
	Short   string   `json:"short"`
	Options []string `json:"options"`
	Lone    string   `json:"lone,omitempty"` // the option that "name: value" sets
}

// Layers describes every layer that a list can name.
func Layers() []Layer {
	all := []Layer{
		{"block", "layers one after the other", []string{}, "layers"},
		{"repeat", "the same layers several times, each time with weights of their own", []string{"times", "layers"}, ""},
	}
	for _, k := range kinds {
		l := Layer{Name: k.name, Short: k.short, Lone: dashed(k.lone), Options: []string{}}
		for _, o := range k.options() {
			l.Options = append(l.Options, o.name)
		}
		all = append(all, l)
	}
	for _, a := range actNames() {
		l := Layer{Name: a, Short: "an activation, by itself or as act: of another layer", Options: []string{}}
		if sloped[a] != nil {
			l.Lone = map[string]string{"leakyrelu": "slope", "elu": "alpha"}[a]
		}
		all = append(all, l)
	}
	return all
}
