package nn

import (
	"fmt"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

var acts = map[string]Act{"none": 0, "ReLU": ReLU, "Tanh": Tanh, "Sigmoid": Sigmoid, "GELU": GELU, "SiLU": SiLU,
	"LeakyReLU": LeakyReLU(.2), "ELU": ELU(1.3), "SELU": SELU, "Softplus": Softplus, "Softmax": Softmax,
	"GELUTanh": GELUTanh, "Mish": Mish, "HardSwish": HardSwish, "Softsign": Softsign}

func TestActivationsCarryTheirParameter(t *testing.T) {
	for _, v := range []float64{.2, .01, 1e-9, 1, 0, 3.7, -2} {
		if _, got := LeakyReLU(v).split(); got-v > 1e-13 || v-got > 1e-13 {
			t.Errorf("slope %g becomes %g", v, got)
		}
	}
	x := tensor.Of([]float64{-2, 2})
	y := ELU(1.5).Forward(nil, x)
	same(t, "ELU", y, tensor.Of([]float64{1.5 * (0.1353352832366127 - 1), 2}), 1e-12)
	same(t, "LeakyReLU", LeakyReLU(.25).Forward(nil, x), tensor.Of([]float64{-.5, 2}), 1e-12)
	same(t, "none", Act(0).Forward(nil, x), x, 0)
}

func TestLayersGradients(t *testing.T) {
	for name, act := range acts {
		t.Run("Linear/"+name, func(t *testing.T) { checkLayer(t, &Linear{Out: 4, Act: act}, wide(1, 3, 5)) })
	}
	drop := []PassOption{Noise(4)}
	train := []PassOption{Training}
	for name, c := range map[string]struct {
		layer Layer
		x     T
		o     []PassOption
	}{
		"Linear, leading axes":     {&Linear{Out: 3, NoBias: true}, wide(1, 2, 3, 4), nil},
		"Act":                      {&Sequential{SiLU, Softmax}, wide(1, 3, 4), nil},
		"Conv2D":                   {&Conv2D{Out: 3, Kernel: 3, Act: Tanh}, wide(1, 2, 5, 4, 2), nil},
		"Conv2D, options":          {&Conv2D{Out: 4, KernelHW: [2]int{3, 2}, StrideHW: [2]int{2, 1}, Pad: 1, DilationHW: [2]int{1, 2}, Groups: 2}, wide(1, 1, 6, 5, 2), nil},
		"Conv2D, Same":             {&Conv2D{Out: 2, Kernel: 3, Pad: Same, Dilation: 2, NoBias: true}, wide(1, 1, 4, 4, 1), nil},
		"ConvTranspose2D":          {&ConvTranspose2D{Out: 2, Kernel: 3, Stride: 2, Pad: 1, OutPad: 1, Act: Sigmoid}, wide(1, 2, 3, 2, 2), nil},
		"ConvTranspose2D, groups":  {&ConvTranspose2D{Out: 4, Kernel: 2, Groups: 2}, wide(1, 1, 3, 3, 2), nil},
		"MaxPool2D":                {&MaxPool2D{Size: 2}, wide(1, 2, 4, 5, 2), nil},
		"MaxPool2D, overlapping":   {&MaxPool2D{Size: 3, Stride: 2, Pad: 1, Ceil: true}, wide(1, 1, 5, 4, 2), nil},
		"MaxPool2D, to":            {&MaxPool2D{To: [2]int{2, 3}}, wide(1, 1, 5, 4, 2), nil},
		"AvgPool2D":                {&AvgPool2D{Size: 2, Pad: 1}, wide(1, 2, 4, 5, 2), nil},
		"AvgPool2D, without pad":   {&AvgPool2D{Size: 3, Stride: 2, Pad: Same, SkipPad: true}, wide(1, 1, 5, 4, 2), nil},
		"AvgPool2D, to":            {&AvgPool2D{To: [2]int{3, 2}}, wide(1, 1, 5, 4, 2), nil},
		"GlobalAvgPool":            {&GlobalAvgPool{}, wide(1, 2, 3, 4, 2), nil},
		"Flatten":                  {&Flatten{ChannelsFirst: true}, wide(1, 2, 3, 4, 2), nil},
		"Reshape":                  {&Reshape{To: []int{2, -1}}, wide(1, 2, 3, 4), nil},
		"Dropout":                  {&Dropout{Rate: .4}, wide(1, 4, 5), drop},
		"Dropout, channels":        {&Dropout{Rate: .4, Channels: true}, wide(1, 2, 2, 5), drop},
		"DropPath":                 {&DropPath{Rate: .4}, wide(1, 4, 2), drop},
		"DropBlock":                {&DropBlock{Rate: .3, Size: 2}, wide(1, 2, 4, 3, 2), drop},
		"GaussianNoise":            {&GaussianNoise{Std: .4}, wide(1, 4, 3), drop},
		"WeightNoise":              {&WeightNoise{&Linear{Out: 3, Act: Tanh}, .4}, wide(1, 4, 3), drop},
		"Residual":                 {&Residual{Body: &Linear{Out: 3, Act: Tanh}, Act: SiLU, Drop: .4}, wide(1, 4, 3), drop},
		"SqueezeExcite":            {&SqueezeExcite{Act: Tanh}, wide(1, 2, 2, 3, 2), nil},
		"Conv1D":                   {&Conv1D{Out: 4, Kernel: 3, Dilation: 2, Causal: true, Groups: 2, Act: Tanh}, wide(1, 2, 5, 2), nil},
		"MaxPool1D":                {&MaxPool1D{Size: 2, Ceil: true}, wide(1, 2, 5, 2), nil},
		"AvgPool1D":                {&AvgPool1D{Size: 3, Stride: 1, Pad: Same}, wide(1, 2, 5, 2), nil},
		"GlobalMaxPool":            {&GlobalMaxPool{}, wide(1, 2, 5, 2), nil},
		"Upsample":                 {&Upsample{Factor: 2, Bilinear: true}, wide(1, 1, 2, 3, 2), nil},
		"PReLU":                    {&PReLU{PerChannel: true}, wide(1, 4, 3), nil},
		"GLU":                      {&GLU{}, wide(1, 4, 6), nil},
		"BatchNorm, training":      {&BatchNorm{Act: Tanh}, wide(1, 6, 3), train},
		"BatchNorm, images":        {&BatchNorm{NoAffine: true}, wide(1, 2, 2, 3, 2), train},
		"BatchNorm, inference":     {&BatchNorm{}, wide(1, 6, 3), nil},
		"LayerNorm":                {&LayerNorm{}, wide(1, 3, 5), nil},
		"LayerNorm, groups":        {&LayerNorm{Groups: 2}, wide(1, 2, 3, 4), nil},
		"LayerNorm, RMS":           {&LayerNorm{RMS: true}, wide(1, 3, 5), nil},
		"LSTM":                     {&LSTM{Hidden: 2}, wide(1, 2, 3, 2), nil},
		"LSTM, deep, both ways":    {&LSTM{Hidden: 2, Layers: 2, Bidirectional: true}, wide(1, 1, 2, 2), nil},
		"GRU":                      {&GRU{Hidden: 2}, wide(1, 2, 3, 2), nil},
		"GRU, both ways, no bias":  {&GRU{Hidden: 2, Bidirectional: true, NoBias: true}, wide(1, 1, 2, 2), nil},
		"RNN":                      {&RNN{Hidden: 2}, wide(1, 2, 3, 2), nil},
		"LSTM, projected, normed":  {&LSTM{Hidden: 3, Proj: 2, Norm: true}, wide(1, 1, 3, 2), nil},
		"GRU, normed":              {&GRU{Hidden: 2, Norm: true}, wide(1, 2, 2, 2), nil},
		"GRU, dropped weights":     {&GRU{Hidden: 2, Layers: 2, Dropout: .3, WeightDrop: .3}, wide(1, 2, 3, 2), drop},
		"Attention":                {&Attention{Dim: 4, Heads: 2}, wide(1, 2, 3, 4), nil},
		"Attention, causal, wider": {&Attention{Dim: 4, Heads: 2, Causal: true}, wide(1, 1, 3, 3), nil},
	} {
		t.Run(name, func(t *testing.T) { checkLayer(t, c.layer, c.x, c.o...) })
	}
}

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		layer    Layer
		in, want []int
	}{
		"Conv2D":                {&Conv2D{Out: 7, Kernel: 3}, []int{9, 8, 2}, []int{7, 6, 7}},
		"Conv2D, Same":          {&Conv2D{Out: 7, Kernel: 3, Pad: Same}, []int{9, 8, 2}, []int{9, 8, 7}},
		"Conv2D, Same, dilated": {&Conv2D{Out: 7, Kernel: 3, Pad: Same, Dilation: 2}, []int{9, 8, 2}, []int{9, 8, 7}},
		"Conv2D, stride":        {&Conv2D{Out: 7, Kernel: 3, Stride: 2, Pad: 1}, []int{9, 8, 2}, []int{5, 4, 7}},
		"Conv2D, over time":     {&Conv2D{Out: 7, KernelHW: [2]int{5, 1}, PadHW: [2]int{2, 0}}, []int{9, 1, 2}, []int{9, 1, 7}},
		"Conv2D, depthwise":     {&Conv2D{Out: 4, Kernel: 3, Groups: 2}, []int{9, 8, 2}, []int{7, 6, 4}},
		"ConvTranspose2D":       {&ConvTranspose2D{Out: 7, Kernel: 4, Stride: 2, Pad: 1}, []int{7, 6, 2}, []int{14, 12, 7}},
		"MaxPool2D":             {&MaxPool2D{Size: 2}, []int{9, 8, 2}, []int{4, 4, 2}},
		"MaxPool2D, Ceil":       {&MaxPool2D{Size: 2, Ceil: true}, []int{9, 8, 2}, []int{5, 4, 2}},
		"MaxPool2D, Stride":     {&MaxPool2D{Size: 3, Stride: 2, Pad: 1}, []int{9, 8, 2}, []int{5, 4, 2}},
		"MaxPool2D, to":         {&MaxPool2D{To: [2]int{3, 5}}, []int{9, 8, 2}, []int{3, 5, 2}},
		"AvgPool2D, to":         {&AvgPool2D{To: [2]int{3, 4}}, []int{9, 8, 2}, []int{3, 4, 2}},
		"Conv1D":                {&Conv1D{Out: 7, Kernel: 3, Stride: 2}, []int{9, 2}, []int{4, 7}},
		"Conv1D, causal":        {&Conv1D{Out: 7, Kernel: 3, Dilation: 4, Causal: true}, []int{9, 2}, []int{9, 7}},
		"MaxPool1D":             {&MaxPool1D{Size: 2}, []int{9, 2}, []int{4, 2}},
		"AvgPool1D, to":         {&AvgPool1D{To: 5}, []int{9, 2}, []int{5, 2}},
		"GlobalAvgPool, time":   {&GlobalAvgPool{KeepAxes: true}, []int{9, 2}, []int{1, 2}},
		"GlobalMaxPool":         {&GlobalMaxPool{}, []int{9, 8, 2}, []int{2}},
		"Upsample":              {&Upsample{Factor: 3}, []int{4, 5, 2}, []int{12, 15, 2}},
		"Upsample, to":          {&Upsample{To: [2]int{3, 9}}, []int{4, 5, 2}, []int{3, 9, 2}},
		"SqueezeExcite":         {&SqueezeExcite{}, []int{4, 5, 32}, []int{4, 5, 32}},
		"GLU":                   {&GLU{}, []int{4, 6}, []int{4, 3}},
		"GlobalAvgPool":         {&GlobalAvgPool{}, []int{9, 8, 2}, []int{2}},
		"GlobalAvgPool, axes":   {&GlobalAvgPool{KeepAxes: true}, []int{9, 8, 2}, []int{1, 1, 2}},
		"Flatten":               {&Flatten{}, []int{9, 8, 2}, []int{144}},
		"Reshape":               {&Reshape{To: []int{2, -1}}, []int{9, 8}, []int{2, 36}},
		"Embedding":             {&Embedding{Count: 4, Dim: 3}, []int{5}, []int{5, 3}},
		"LSTM":                  {&LSTM{Hidden: 4, Bidirectional: true}, []int{5, 3}, []int{5, 8}},
		"GRU":                   {&GRU{Hidden: 4, Layers: 3}, []int{5, 3}, []int{5, 4}},
		"Attention":             {&Attention{Dim: 6, Heads: 3}, []int{5, 3}, []int{5, 6}},
	} {
		n := build(t, c.layer, Input(c.in...))
		if got := n.rows; len(got) == 0 || !slices.Equal(got[0].out, c.want) {
			t.Errorf("%s: %v becomes %v, want %v", name, c.in, got, c.want)
		}
	}
}

func TestLinearIsItsFormula(t *testing.T) {
	for name, act := range acts {
		n := build(t, &Linear{Out: 4, Act: act}, Input(3))
		n.params[1].Set(normal(2, 4))
		x := normal(1, 5, 3)
		want := act.Forward(nil, x.MatMul(n.params[0].value.Permute(1, 0)).Add(n.params[1].value))
		same(t, name, must(n.Predict(x)), want, 1e-6)
	}
}

func TestFlattenInPyTorchsOrder(t *testing.T) {
	x := tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 1, 3, 1, 2)
	n := build(t, &Flatten{ChannelsFirst: true}, Input(3, 1, 2))
	same(t, "C, H, W", must(n.Predict(x)), tensor.Of([]float32{1, 3, 5, 2, 4, 6}, 1, 6), 0)
}

func TestAdaptivePoolingIsPyTorchs(t *testing.T) {
	x := tensor.Of([]float32{1, 2, 3, 4, 5}, 1, 5, 1, 1) // windows 1 2, 2 3 4, 4 5
	avg := build(t, &AvgPool2D{To: [2]int{3, 1}}, Input(5, 1, 1))
	same(t, "mean", must(avg.Predict(x)), tensor.Of([]float32{1.5, 3, 4.5}, 1, 3, 1, 1), 1e-6)
	most := build(t, &MaxPool2D{To: [2]int{3, 1}}, Input(5, 1, 1))
	same(t, "max", must(most.Predict(x)), tensor.Of([]float32{2, 4, 5}, 1, 3, 1, 1), 0)
}

func TestEmbedding(t *testing.T) {
	n := build(t, &Embedding{Count: 4, Dim: 2, Padding: []int{0, 3}}, Input(3))
	w := n.params[0]
	w.Set(tensor.Of([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2))
	ids := tensor.Ints(0, 1, 2, 3, 1, 0).Reshape(2, 3)
	want := tensor.Of([]float32{0, 0, 3, 4, 5, 6, 0, 0, 3, 4, 0, 0}, 2, 3, 2)
	same(t, "rows", must(n.Predict(ids)), want, 0)
	do(t, n, func(p *Pass) {
		g := tensor.Grad(n.Forward(p, ids).Sum(), p.Params()...)[0]
		same(t, "gradient", g, tensor.Of([]float32{0, 0, 2, 2, 1, 1, 0, 0}, 4, 2), 0)
	}, TrackParams())
	_, err := n.Predict(tensor.Zeros(2, 3))
	wantErr(t, err, "int32 ids", "float32")
	if _, err = n.Predict(tensor.Ints(4).Reshape(1, 1)); err == nil {
		t.Error("id 4 of 4")
	}
}

func ExampleBuild() {
	net, err := Build(&Sequential{
		&Conv2D{Out: 8, Kernel: 3, Act: ReLU},
		&MaxPool2D{Size: 2}, &Dropout{Rate: .25},
		&Flatten{}, &Linear{Out: 10},
	}, Input(28, 28, 1), Seed(1))
	fmt.Println(err)
	fmt.Print(net.Summary())
	// Output:
	// <nil>
	// path   layer         output       parameters  multiply-adds
	// 0      nn.Conv2D     26 × 26 × 8  80          48,672
	// 1      nn.MaxPool2D  13 × 13 × 8  —           —
	// 2      nn.Dropout    13 × 13 × 8  —           —
	// 3      nn.Flatten    1352         —           —
	// 4      nn.Linear     10           13,530      13,520
	// total                             13,610      62,192
	// 13,610 parameters in float32
}

func ExampleNet_Predict() {
	net, _ := Build(&Linear{Out: 1, Init: Ones}, Input(3))
	y, err := net.Predict(tensor.Of([]float32{1, 2, 3}, 1, 3))
	fmt.Println(y, err)
	_, err = net.Predict(tensor.Zeros(1, 4))
	fmt.Println(err != nil)
	// Output:
	// float32 [1 1] {6} <nil>
	// true
}
