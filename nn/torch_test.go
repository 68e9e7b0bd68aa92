package nn

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/tensor"
)

// golden is a case of testdata/torch/golden.safetensors, which make.py beside
// it writes and explains: a layer, how it runs if not by Forward, and whether
// in training. A layer may be run on several inputs.
type golden struct {
	layer any
	run   func(p *Pass, l any, xs []T) T
	train bool
}

// flat joins all elements of several results.
func flat(ts ...T) T {
	for i, t := range ts {
		ts[i] = t.Reshape(t.Len())
	}
	return tensor.Concat(0, ts...)
}

// remembering runs a recurrent layer from the memory that the other inputs are.
func remembering(p *Pass, l any, xs []T) T {
	m := Memory{H: xs[1]}
	if len(xs) > 2 {
		m.C = xs[2]
	}
	y, m := l.(runner).Run(p, xs[0], m)
	return shown(y, m)
}

func shown(y T, m Memory) T {
	if m.C.Valid() {
		return flat(y, m.H, m.C)
	}
	return flat(y, m.H)
}

// encoding runs a block on sequences that have the second input's lengths.
func encoding(p *Pass, l any, xs []T) T {
	y, _ := l.(*EncoderBlock).Run(p, xs[0], keysWithin(xs[1], xs[0].Dim(1)), Cache{})
	return y
}

// decoding has the first input look at the second one's places within the
// third one's lengths.
func decoding(p *Pass, l any, xs []T) T {
	y, _ := l.(*DecoderBlock).Run(p, xs[0], xs[1], keysWithin(xs[2], xs[1].Dim(1)), Cache{})
	return y
}

func keysWithin(lens T, steps int) T { return LengthMask(lens, steps).Unsqueeze(1).Unsqueeze(1) }

func adding(p *Pass, l any, xs []T) T {
	y, w := l.(*AdditiveAttention).Attend(p, xs[0], xs[1], xs[2])
	return flat(y, w)
}

// ofLengths runs a recurrent layer on sequences that have the second input's
// lengths.
func ofLengths(p *Pass, l any, xs []T) T {
	return shown(l.(runner).Run(p, xs[0], Memory{}, xs[1]))
}

// attending has the first input look at the second.
func attending(p *Pass, l any, xs []T) T {
	mask := T{}
	if len(xs) > 2 {
		mask = xs[2]
	}
	y, w := l.(*Attention).Attend(p, xs[0], xs[1], mask)
	return flat(y, w)
}

func goldens() map[string]golden {
	all := map[string]golden{
		"linear": {layer: &Linear{Out: 4}}, "linear.lead": {layer: &Linear{Out: 4}}, "linear.nobias": {layer: &Linear{Out: 4, NoBias: true, Act: Tanh}},
		"conv.0":                {layer: &Conv2D{Out: 5, Kernel: 3}},
		"conv.1":                {layer: &Conv2D{Out: 5, Kernel: 3, Pad: Same}},
		"conv.2":                {layer: &Conv2D{Out: 6, Kernel: 3, Stride: 2, Pad: 1, Act: SiLU}},
		"conv.3":                {layer: &Conv2D{Out: 6, Kernel: 3, Pad: 2, Dilation: 2}},
		"conv.4":                {layer: &Conv2D{Out: 8, Kernel: 3, Pad: 1, Groups: 2}},
		"conv.5":                {layer: &Conv2D{Out: 6, Kernel: 3, Pad: 1, Groups: 6}},
		"conv.6":                {layer: &Conv2D{Out: 4, Kernel: 1}},
		"conv.7":                {layer: &Conv2D{Out: 32, Kernel: 3}},
		"conv.8":                {layer: &Conv2D{Out: 20, Kernel: 3, Pad: 1, NoBias: true}},
		"conv.9":                {layer: &Conv2D{Out: 4, Kernel: 5, Stride: 3, Pad: 2}},
		"conv.10":               {layer: &Conv2D{Out: 3, KernelHW: [2]int{1, 3}, StrideHW: [2]int{2, 1}, PadHW: [2]int{0, 1}}},
		"conv.11":               {layer: &Conv2D{Out: 4, Kernel: 7, Stride: 2, Pad: 3}},
		"conv.12":               {layer: &Conv2D{Out: 6, Kernel: 3, Pad: Same, Dilation: 2, Groups: 2}},
		"convT.0":               {layer: &ConvTranspose2D{Out: 3, Kernel: 4, Stride: 2, Pad: 1}},
		"convT.1":               {layer: &ConvTranspose2D{Out: 3, Kernel: 3}},
		"convT.2":               {layer: &ConvTranspose2D{Out: 5, Kernel: 2, Stride: 2, NoBias: true}},
		"convT.3":               {layer: &ConvTranspose2D{Out: 5, Kernel: 3, Stride: 2, Pad: 1, OutPad: 1}},
		"convT.4":               {layer: &ConvTranspose2D{Out: 6, Kernel: 3, Pad: 1, Dilation: 2, Groups: 2}},
		"convT.5":               {layer: &ConvTranspose2D{Out: 4, KernelHW: [2]int{3, 2}, StrideHW: [2]int{3, 2}, PadHW: [2]int{1, 0}, OutPadHW: [2]int{2, 1}, Groups: 4}},
		"maxpool.0":             {layer: &MaxPool2D{Size: 2}},
		"maxpool.1":             {layer: &MaxPool2D{Size: 3, Stride: 2, Pad: 1}},
		"maxpool.2":             {layer: &MaxPool2D{Size: 2, Ceil: true}},
		"maxpool.3":             {layer: &MaxPool2D{SizeHW: [2]int{3, 2}, StrideHW: [2]int{1, 2}}},
		"maxpool.4":             {layer: &MaxPool2D{To: [2]int{3, 4}}},
		"avgpool.0":             {layer: &AvgPool2D{Size: 2}},
		"avgpool.1":             {layer: &AvgPool2D{Size: 3, Stride: 2, Pad: Same}},
		"avgpool.2":             {layer: &AvgPool2D{Size: 3, Stride: 2, Pad: 1, SkipPad: true}},
		"avgpool.3":             {layer: &AvgPool2D{Size: 2, Ceil: true}},
		"avgpool.4":             {layer: &AvgPool2D{SizeHW: [2]int{3, 5}, StrideHW: [2]int{2, 3}, PadHW: [2]int{1, 2}, Ceil: true}},
		"avgpool.5":             {layer: &AvgPool2D{To: [2]int{3, 4}}},
		"avgpool.global":        {layer: &GlobalAvgPool{}},
		"flatten":               {layer: &Flatten{}},
		"flatten.channelsfirst": {layer: &Flatten{ChannelsFirst: true}},
		"reshape":               {layer: &Reshape{To: []int{-1, 9}}},
		"dropout.eval":          {layer: &Dropout{Rate: .5}},
		"batchnorm.train":       {layer: &BatchNorm{}, train: true},
		"batchnorm.relu":        {layer: &BatchNorm{Eps: 1e-3, Momentum: .3, Act: ReLU}, train: true},
		"batchnorm.eval":        {layer: &BatchNorm{Eps: 1e-3}},
		"temperature":           {layer: &Temperature{}},
		"batchnorm.rows":        {layer: &BatchNorm{}, train: true},
		"layernorm":             {layer: &LayerNorm{}},
		"layernorm.groups":      {layer: &LayerNorm{Groups: 2}},
		"layernorm.rms":         {layer: &LayerNorm{RMS: true}},
		"embedding":             {layer: &Embedding{Count: 11, Dim: 4}},
		"embedding.padding":     {layer: &Embedding{Count: 11, Dim: 4, Padding: []int{2}}},
		"lstm":                  {layer: &LSTM{Hidden: 5}},
		"lstm.deep":             {layer: &LSTM{Hidden: 4, Layers: 2, Bidirectional: true}, run: remembering},
		"gru":                   {layer: &GRU{Hidden: 5}},
		"gru.deep":              {layer: &GRU{Hidden: 4, Layers: 2, Bidirectional: true, NoBias: true}, run: remembering},
		"attention":             {layer: &Attention{Dim: 8, Heads: 2}},
		"attention.causal":      {layer: &Attention{Dim: 8, Heads: 2, Causal: true}},
		"attention.mask":        {layer: &Attention{Dim: 8, Heads: 2}, run: attending},
		"attention.wide":        {layer: &Attention{Dim: 4, Heads: 2, NoBias: true}, run: attending},
	}
	maps.Copy(all, laterGoldens())
	for name, act := range acts {
		if act != 0 {
			all["act."+map[bool]string{true: "leaky", false: strings.ToLower(name)}[name == "LeakyReLU"]] = golden{layer: act}
		}
	}
	return all
}

// laterGoldens are of the layers for pictures and sequences.
func laterGoldens() map[string]golden {
	return map[string]golden{
		"conv1d.0":             {layer: &Conv1D{Out: 5, Kernel: 3}},
		"conv1d.1":             {layer: &Conv1D{Out: 6, Kernel: 5, Stride: 2, Pad: 2, Groups: 2, Act: Tanh}},
		"conv1d.2":             {layer: &Conv1D{Out: 4, Kernel: 3, Pad: Same, Dilation: 3, Groups: 4}},
		"conv1d.3":             {layer: &Conv1D{Out: 8, Kernel: 4, Stride: 3, Pad: 1, Dilation: 2, NoBias: true}},
		"conv1d.causal":        {layer: &Conv1D{Out: 4, Kernel: 3, Dilation: 2, Causal: true}},
		"maxpool1d.0":          {layer: &MaxPool1D{Size: 2}},
		"maxpool1d.1":          {layer: &MaxPool1D{Size: 3, Stride: 2, Pad: 1, Ceil: true}},
		"maxpool1d.2":          {layer: &MaxPool1D{To: 4}},
		"avgpool1d.0":          {layer: &AvgPool1D{Size: 2}},
		"avgpool1d.1":          {layer: &AvgPool1D{Size: 3, Stride: 2, Pad: 1, Ceil: true}},
		"avgpool1d.2":          {layer: &AvgPool1D{Size: 3, Stride: 2, Pad: Same, SkipPad: true}},
		"avgpool1d.3":          {layer: &AvgPool1D{To: 4}},
		"avgpool.time":         {layer: &GlobalAvgPool{}},
		"maxpool.time":         {layer: &GlobalMaxPool{KeepAxes: true}},
		"maxpool.global":       {layer: &GlobalMaxPool{}},
		"upsample.nearest":     {layer: &Upsample{Factor: 2}},
		"upsample.bilinear":    {layer: &Upsample{FactorHW: [2]int{3, 2}, Bilinear: true}},
		"upsample.to":          {layer: &Upsample{To: [2]int{5, 7}, Bilinear: true}},
		"upsample.time":        {layer: &Upsample{Factor: 3}},
		"upsample.linear":      {layer: &Upsample{To: [2]int{7}, Bilinear: true}},
		"layernorm.instance":   {layer: &LayerNorm{Groups: -1}},
		"prelu":                {layer: &PReLU{}},
		"prelu.channels":       {layer: &PReLU{PerChannel: true, Slope: .3}},
		"glu":                  {layer: &GLU{}},
		"glu.silu":             {layer: &GLU{Act: SiLU}},
		"func":                 {layer: Func(func(_ *Pass, x T) T { return x.Sin() })},
		"dropout.channels":     {layer: &Dropout{Rate: .5, Channels: true}},
		"droppath.eval":        {layer: &DropPath{Rate: .5}},
		"dropblock.eval":       {layer: &DropBlock{Rate: .5}},
		"gaussiannoise.eval":   {layer: &GaussianNoise{Std: .5}},
		"weightnoise.eval":     {layer: &WeightNoise{Layer: &Linear{Out: 3}, Std: .5}},
		"rnn":                  {layer: &RNN{Hidden: 5}},
		"rnn.deep":             {layer: &RNN{Hidden: 4, Layers: 2, Bidirectional: true, ReLU: true}, run: remembering},
		"lstm.proj":            {layer: &LSTM{Hidden: 5, Layers: 2, Bidirectional: true, Proj: 2}, run: remembering},
		"rnn.lengths":          {layer: &RNN{Hidden: 4, Layers: 2, Bidirectional: true}, run: ofLengths},
		"gru.lengths":          {layer: &GRU{Hidden: 4, Layers: 2, Bidirectional: true}, run: ofLengths},
		"lstm.lengths":         {layer: &LSTM{Hidden: 4, Layers: 2, Bidirectional: true}, run: ofLengths},
		"lstm.lengths.proj":    {layer: &LSTM{Hidden: 4, Bidirectional: true, Proj: 3}, run: ofLengths},
		"lstm.norm":            {layer: &LSTM{Hidden: 4, Norm: true}},
		"encoder":              {layer: &EncoderBlock{Heads: 2, Hidden: 12}},
		"encoder.causal":       {layer: &EncoderBlock{Heads: 2, Hidden: 12, Causal: true}},
		"encoder.first":        {layer: &EncoderBlock{Heads: 2, Hidden: 12, NormFirst: true, Act: GELU}},
		"encoder.first.causal": {layer: &EncoderBlock{Heads: 2, Hidden: 12, NormFirst: true, Act: GELU, Causal: true}},
		"encoder.lengths":      {layer: &EncoderBlock{Heads: 2, Hidden: 12}, run: encoding},
		"decoder":              {layer: &DecoderBlock{Heads: 2, Hidden: 12}, run: decoding},
		"decoder.first":        {layer: &DecoderBlock{Heads: 2, Hidden: 12, NormFirst: true}, run: decoding},
		"positions":            {layer: &Positions{}},
		"positions.learned":    {layer: &Positions{Learned: true, Max: 9}},
		"attention.rotary":     {layer: &Attention{Dim: 8, Heads: 2, Rotary: true, Causal: true}},
		"additive":             {layer: &AdditiveAttention{Hidden: 5}, run: adding},
		"residual":             {layer: &Residual{Body: &Sequential{&Linear{Out: 6, Act: Tanh}, Func(identity), &Linear{Out: 4}}, Skip: &Linear{Out: 4}, Act: SiLU}},
		"squeezeexcite":        {layer: &SqueezeExcite{Hidden: 3, Act: SiLU}},
	}
}

func identity(_ *Pass, x T) T { return x }

// readGolden returns the cases of the file, each by name its tensors by name.
func readGolden(t *testing.T) map[string]map[string]T {
	t.Helper()
	found, made, err := safetensors.ReadFile("testdata/torch/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if made["torch"] == "" {
		t.Error("the file does not say which PyTorch made it")
	}
	cases := map[string]map[string]T{}
	for name, v := range found {
		c, part, _ := strings.Cut(name, "/")
		if cases[c] == nil {
			cases[c] = map[string]T{}
		}
		cases[c][part] = v
	}
	return cases
}

// TestLayersEqualPyTorchs holds values, gradients, running statistics and
// second-order gradients against PyTorch's: float32 within 1e-5 of a tensor's
// greatest magnitude, float64 within 1e-11.
func TestLayersEqualPyTorchs(t *testing.T) {
	found, table := readGolden(t), goldens()
	for name := range found {
		if _, ok := table[name]; !ok && name != "state" {
			t.Errorf("nothing reads the case %q", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if found[name] == nil {
			t.Errorf("there is no case %q", name)
			continue
		}
		for d, tol := range map[tensor.DType]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-11} {
			t.Run(fmt.Sprint(name, " ", d), func(t *testing.T) { (&goldenRun{t, table[name], found[name], d, tol, nil}).check() })
		}
	}
}

// goldenRun is a case in one float type.
type goldenRun struct {
	*testing.T
	golden
	want map[string]T
	d    tensor.DType
	tol  float64
	net  *Net
}

// input returns a tensor of the case in the run's type, ids and masks as they
// are.
func (g *goldenRun) input(name string) T {
	v := g.want[name]
	if d := v.DType(); d == tensor.Float32 || d == tensor.Float64 {
		return v.To(g.d)
	}
	return v
}

func (g *goldenRun) inputs() (xs []T) {
	for i := range 3 {
		if v := g.want[strings.TrimSuffix(fmt.Sprint("x", i+1), "1")]; v.Valid() {
			xs = append(xs, g.input(strings.TrimSuffix(fmt.Sprint("x", i+1), "1")))
		}
	}
	return xs
}

func (g *goldenRun) forward(p *Pass, xs []T) T {
	if g.run != nil {
		return g.run(p, g.layer, xs)
	}
	return g.net.Forward(p, xs[0])
}

func (g *goldenRun) check() {
	xs := g.inputs()
	o := []Option{Input(xs[0].Shape()[1:]...), Seed(1)}
	if g.run != nil {
		o[0] = Trace(func(p *Pass) { g.run(p, g.layer, xs) })
	}
	if g.d == tensor.Float64 {
		o = append(o, Float64)
	}
	g.net = build(g.T, g.layer, o...)
	g.load()
	pass := []PassOption{TrackParams()}
	if g.train {
		pass = append(pass, Training)
	}
	do(g.T, g.net, func(p *Pass) { g.compare(p, xs) }, pass...)
	if g.train {
		step(g.net, nil, xs[0])
	}
	for i := range g.net.states {
		if name := g.net.names[len(g.net.params)+i]; g.train && g.want["t."+name].Valid() {
			g.near("t."+name, g.net.states[i].Value())
		}
	}
}

// load sets the parameters and statistics, all of them.
func (g *goldenRun) load() {
	for i, name := range g.net.names {
		kind := "p."
		if i >= len(g.net.params) {
			kind = "s."
		}
		v := g.want[kind+name]
		if !v.Valid() {
			g.Fatalf("PyTorch's layer has no %s", name)
		}
		g.net.variable(i).set("test", v.To(g.d))
	}
	for name := range g.want {
		if rest, ok := strings.CutPrefix(name, "p."); ok && !slices.Contains(g.net.names, rest) {
			g.Errorf("PyTorch's layer has %s too", rest)
		}
	}
}

func (g *goldenRun) compare(p *Pass, xs []T) {
	in, names := slices.Clone(p.Params()), []string{}
	for _, name := range g.net.names[:len(g.net.params)] {
		names = append(names, "d."+name)
	}
	xs = slices.Clone(xs)
	if xs[0].DType() == g.d {
		xs[0] = p.Track(xs[0])
		in, names = append([]T{xs[0]}, in...), append([]string{"dx"}, names...)
	}
	y := g.forward(p, xs)
	g.near("y", y)
	grads := tensor.Grad(y.Mul(g.input("dy")).Sum(), in...)
	for i, name := range names {
		g.near(name, grads[i])
	}
	if !g.want["h.x"].Valid() {
		return
	}
	second := tensor.Grad(grads[0].Square().Sum().Scale(.5), in...)
	for i, name := range names {
		if name = "h." + strings.TrimPrefix(strings.TrimPrefix(name, "d."), "d"); g.want[name].Valid() {
			g.near(name, second[i])
		} else if second[i].Abs().Sum().Item() != 0 {
			g.Errorf("%s is not 0", name)
		}
	}
}

// near compares with a tensor of the case.
func (g *goldenRun) near(name string, got T) {
	g.Helper()
	want := g.want[name]
	if !want.Valid() {
		g.Errorf("PyTorch has no %s", name)
		return
	}
	if !slices.Equal(got.Shape(), want.Shape()) {
		g.Errorf("%s is %v, PyTorch's %v", name, got.Shape(), want.Shape())
		return
	}
	a, b := floats(got), floats(want)
	size := 1e-30
	for _, v := range b {
		size = max(size, math.Abs(v))
	}
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= g.tol*size) {
			g.Errorf("%s: element %d is %.10g, PyTorch's %.10g; the greatest is %.3g", name, i, a[i], b[i], size)
			return
		}
	}
}

// TestEveryLayerHasGoldenValues reads nn's source for layers.
func TestEveryLayerHasGoldenValues(t *testing.T) {
	tested := map[string]bool{"Sequential": true, "Net": true} // whose parts are; TestStateDictOfPyTorch
	for _, g := range goldens() {
		tested[strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", g.layer), "*"), "nn.")] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	layers := 0
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, must(os.ReadFile(file)), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			name := layerOf(d)
			if name == "" || !ast.IsExported(name) || strings.HasSuffix(file, "_test.go") {
				continue
			}
			if layers++; !tested[name] {
				t.Errorf("nn.%s has no golden values: add a case to testdata/torch/make.py and to goldens", name)
			}
		}
	}
	if layers < 18 {
		t.Errorf("only %d layers found", layers)
	}
}

// layerOf returns the type whose Forward d is, or "".
func layerOf(d ast.Decl) string {
	fn, ok := d.(*ast.FuncDecl)
	if !ok || fn.Name.Name != "Forward" || fn.Recv == nil {
		return ""
	}
	typ := fn.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	if name, ok := typ.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// stateful is make.py's Net: one of every layer that has weights.
type stateful struct {
	Stem  Sequential
	Words Embedding
	LSTM  LSTM
	GRU   GRU
	Attn  Attention
	Norm  LayerNorm
	Head  Linear
}

func newStateful() *stateful {
	return &stateful{
		Stem: Sequential{&Conv2D{Out: 6, Kernel: 3, Stride: 2, Pad: 1, Groups: 3}, &BatchNorm{}, ReLU, &ConvTranspose2D{Out: 4, Kernel: 2, Stride: 2, Groups: 2},
			&MaxPool2D{Size: 2}, &Flatten{ChannelsFirst: true}, &Linear{Out: 10}},
		Words: Embedding{Count: 9, Dim: 4}, LSTM: LSTM{Hidden: 3, Layers: 2, Bidirectional: true}, GRU: GRU{Hidden: 6},
		Attn: Attention{Dim: 6, Heads: 2}, Head: Linear{Out: 10},
	}
}

func (l *stateful) run(p *Pass, image, ids T) T {
	w := p.Apply(ids, &l.Words, &l.LSTM, &l.GRU)
	w = p.Apply(w.Add(p.Apply(w, &l.Attn)), &l.Norm)
	return p.Apply(image, &l.Stem).Add(p.Apply(w.Mean(1), &l.Head))
}

// TestStateDictOfPyTorch loads what PyTorch saved, predicts what it predicts,
// and saves the same tensors.
func TestStateDictOfPyTorch(t *testing.T) {
	const file = "testdata/torch/net.safetensors"
	want := readGolden(t)["state"]
	for d, tol := range map[tensor.DType]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-12} {
		l := newStateful()
		o := []Option{Trace(func(p *Pass) { l.run(p, want["x"].To(d), want["ids"]) })}
		if d == tensor.Float64 {
			o = append(o, Float64)
		}
		n := build(t, l, o...)
		if err := n.Load(file); err != nil {
			t.Fatal(err)
		}
		do(t, n, func(p *Pass) { same(t, fmt.Sprint(d), l.run(p, want["x"].To(d), want["ids"]), want["y"], tol) })
		saved := filepath.Join(t.TempDir(), "net.safetensors")
		if err := n.Save(saved); err != nil {
			t.Fatal(err)
		}
		theirs, ours := must(readFile(file)), must(readFile(saved))
		for name, v := range theirs {
			if strings.HasSuffix(name, "num_batches_tracked") {
				continue
			}
			if !ours[name].Valid() || !slices.Equal(v.Shape(), ours[name].Shape()) || !slices.Equal(floats(v), floats(ours[name])) {
				t.Errorf("%s is saved as %v, PyTorch's is %v", name, ours[name], v)
			}
			delete(ours, name)
		}
		if len(ours) > 0 {
			t.Errorf("saved beyond PyTorch's: %v", slices.Sorted(maps.Keys(ours)))
		}
	}
}

// TestLayersTakeAnyBatch: of no examples and of one, forward and back; each
// example's result is its own.
func TestLayersTakeAnyBatch(t *testing.T) {
	cases := readGolden(t)
	for name, g := range goldens() {
		x := cases[name]["x"]
		if g.run != nil || g.train {
			continue
		}
		n := build(t, g.layer, Input(x.Shape()[1:]...), Seed(1))
		whole := must(n.Predict(x))
		for _, size := range []int{0, 1} {
			do(t, n, func(p *Pass) {
				x := x.Slice(0, 1, 1+size)
				leaves := p.Params()
				if x.DType() == tensor.Float32 {
					x = p.Track(x)
					leaves = append(slices.Clone(leaves), x)
				}
				y := n.Forward(p, x)
				if y.Dim(0) != size {
					t.Errorf("%s: a batch of %d becomes %v", name, size, y.Shape())
				}
				same(t, name, y, whole.Slice(0, 1, 1+size), 1e-5)
				for _, d := range tensor.Grad(y.Square().Sum(), leaves...) {
					for _, v := range floats(d) {
						if math.IsNaN(v) {
							t.Fatalf("%s: a gradient of a batch of %d is NaN", name, size)
						}
					}
				}
			}, TrackParams())
		}
	}
}
