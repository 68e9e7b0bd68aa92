package network

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Bounds on the memory of a network. What a layer will take is reckoned before
// it is made.
const (
	maxParams = 100e6 // numbers learned
	maxValues = 8e6   // of one layer's result for one example
	maxStep   = 1.5e9 // of all layers' results for a batch
)

// Row says what a layer of the list makes.
type Row struct {
	Number, Layer string
	Line          int
	In, Out       []int // shapes of one example
}

// budget adds up what layers take.
type budget struct {
	params, values float64
	rows           []Row
}

// follow finds the shape that layers make of one example of the given shape,
// layer by layer, so that the first that does not fit is named.
func (b *budget) follow(all []*layer, shape []int) ([]int, error) {
	for _, l := range all {
		next, err := b.step(l, shape)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(l.number, ".") {
			b.rows = append(b.rows, Row{l.number, l.name, l.node.Line, shape, next})
		}
		shape = next
	}
	return shape, nil
}

// step is follow for one layer.
func (b *budget) step(l *layer, shape []int) ([]int, error) {
	if kids, ok := l.kids[-1]; ok {
		var err error
		for range l.times {
			if shape, err = b.follow(kids, shape); err != nil {
				return nil, err
			}
		}
		return shape, nil
	}
	if err := l.ready(); err != nil {
		return nil, err
	}
	made := l.make()
	if r, ok := made.(*nn.Residual); ok && r.Body != nil {
		return b.branches(l, r, shape)
	}
	if err := b.reckon(l, made, shape); err != nil {
		return nil, err
	}
	return b.run(l, made, shape)
}

// branches follows those of a residual layer, and compares their shapes.
func (b *budget) branches(l *layer, r *nn.Residual, shape []int) ([]int, error) {
	skip := shape
	var body []int
	for _, o := range l.kind.options() {
		kids, ok := l.kids[o.index]
		if !ok {
			continue
		}
		end, err := b.follow(kids, shape)
		if err != nil {
			return nil, err
		}
		if o.name == "skip" {
			skip = end
		} else {
			body = end
		}
	}
	if !slices.Equal(body, skip) {
		return nil, l.fault("have body keep the shape (pad: same), or give skip a layer that makes the same: - conv2d: {out: "+fmt.Sprint(tail(body))+", kernel: 1}",
			"body makes %v of %v, and what it is added to is %v", body, shape, skip)
	}
	return body, l.rate(r.Drop)
}

// rate checks a residual layer's, which is not run by itself.
func (l *layer) rate(v float64) error {
	if v >= 0 && v < 1 {
		return nil
	}
	return l.fault("set the share of examples to drop: 0.1, say", "drop is %g, want a probability below 1", v)
}

// run builds the layer alone and runs an example of zeros through it.
func (b *budget) run(l *layer, made nn.Layer, shape []int) ([]int, error) {
	var seq nn.Layer = &nn.Sequential{made}
	net, err := nn.Build(seq, nn.Input(shape...))
	if err != nil {
		return nil, l.misfit(shape, err)
	}
	for _, p := range net.Params() {
		b.params += float64(p.Value().Len())
	}
	y, err := net.Predict(tensor.Zeros(append([]int{1}, shape...)...))
	if err != nil {
		return nil, l.misfit(shape, err)
	}
	out := slices.Clone(y.Shape()[1:])
	if y.Dim(0) != 1 {
		return nil, l.fault("", "it does not keep examples apart")
	}
	if product(out) == 0 {
		return nil, l.fault("pad, or make less of the picture smaller before", "nothing is left of an example of shape %v: it becomes %v", shape, out)
	}
	b.values += product(out)
	return out, nil
}

// misfit tells what nn said of the layer in terms of the list.
func (l *layer) misfit(shape []int, err error) error {
	var e *tensor.Error
	if !errors.As(err, &e) {
		return l.fault("", "it takes no %v: %v", shape, err)
	}
	fix := e.Fix
	for _, r := range [][2]string{{" in the layer's literal", ""}, {"nn.Flatten, nn.Reshape", "- flatten, or - reshape: [...]"}, {"nn.Same", "same"}} {
		fix = strings.ReplaceAll(fix, r[0], r[1])
	}
	return l.fault(fix, "one example that comes to it has the shape %v: %s", shape, e.Why)
}

// reckon refuses a layer that would take more memory than the bounds allow.
func (b *budget) reckon(l *layer, made nn.Layer, shape []int) error {
	c := cost{in: product(shape), channels: float64(tail(shape)), shape: shape}
	c.of(made)
	if c.params+b.params > maxParams || math.IsNaN(c.params) {
		return l.fault("make it narrower, or the picture smaller before it (maxpool2d, a stride)",
			"it would learn %.3g numbers from inputs of shape %v; a network may have %.3g", c.params, shape, float64(maxParams))
	}
	if c.values > maxValues || math.IsNaN(c.values) {
		return l.fault("make it narrower, or the picture smaller before it (maxpool2d, a stride)",
			"it would make %.3g numbers of an example of shape %v; %.3g are the most", c.values, shape, float64(maxValues))
	}
	return nil
}

// cost bounds from above what a layer takes, in numbers, not bytes.
type cost struct {
	in, channels   float64 // of its input: values, and those of one place
	shape          []int
	params, values float64
}

// of reckons for a layer. One that it does not know keeps its input's size.
func (c *cost) of(made nn.Layer) {
	places := c.in / max(c.channels, 1)
	c.values, c.params = c.in, 4*c.channels
	switch l := made.(type) {
	case *nn.Linear:
		c.conv(l.Out, 1, places)
	case *nn.Conv2D:
		c.conv(l.Out, area(l.Kernel, l.KernelHW), c.padded(l.Pad, l.PadHW))
	case *nn.Conv1D:
		c.conv(l.Out, float64(l.Kernel), places+2*float64(max(l.Pad, 0)))
	case *nn.ConvTranspose2D:
		k, s, d := area(l.Kernel, l.KernelHW), area(max(l.Stride, 1), l.StrideHW), area(max(l.Dilation, 1), l.DilationHW)
		c.conv(l.Out, k, places*s+4*k*d*(float64(c.side())+1)*s+area(l.OutPad+1, l.OutPadHW))
	case *nn.MaxPool2D:
		c.values = max(c.padded(l.Pad, l.PadHW), area(0, l.To)) * c.channels
	case *nn.AvgPool2D:
		c.values = max(c.padded(l.Pad, l.PadHW), area(0, l.To)) * c.channels
	case *nn.MaxPool1D:
		c.values = (places + 2*float64(max(l.Pad, 0)) + float64(l.To)) * c.channels
	case *nn.AvgPool1D:
		c.values = (places + 2*float64(max(l.Pad, 0)) + float64(l.To)) * c.channels
	case *nn.Upsample:
		c.values = max(c.in*area(l.Factor, l.FactorHW), area(0, l.To)*c.channels, float64(l.To[0])*c.channels)
	case *nn.SqueezeExcite:
		c.params = (2*c.channels + 1) * (float64(max(l.Hidden, int(c.channels/16)+1)) + 1)
	case *ids:
		c.params, c.values = float64(l.Count)*float64(l.Dim), c.in*float64(l.Dim)
	default:
		c.ofSequences(made, places)
	}
}

// ofSequences reckons for layers on sequences, and for ready networks.
func (c *cost) ofSequences(made nn.Layer, places float64) {
	switch l := made.(type) {
	case *nn.Positions:
		c.params = float64(max(l.Max, int(places))) * c.channels
	case *nn.Attention:
		c.attention(float64(l.Dim), float64(l.Heads), places)
	case *nn.EncoderBlock:
		c.attention(c.channels, float64(l.Heads), places)
		hidden := max(float64(l.Hidden), 4*c.channels)
		c.params, c.values = c.params+(2*hidden+5)*(c.channels+1), c.values+places*hidden
	case *nn.LSTM:
		c.recurrent(l.Hidden, l.Layers, places)
		c.params += float64(l.Hidden) * float64(l.Proj)
	case *nn.GRU:
		c.recurrent(l.Hidden, l.Layers, places)
	case *nn.RNN:
		c.recurrent(l.Hidden, l.Layers, places)
	}
}

// conv reckons for out channels from windows of so many places.
func (c *cost) conv(out int, window, places float64) {
	c.params, c.values = float64(out)*(window*c.channels+1), places*float64(out)
}

// recurrent reckons for both directions and the most gates.
func (c *cost) recurrent(hidden, layers int, places float64) {
	h, n := float64(hidden), float64(max(layers, 1))
	c.params, c.values = 8*n*h*(max(c.channels, 2*h)+h+8), 10*n*places*h
}

func (c *cost) attention(dim, heads, places float64) {
	c.params, c.values = 4*dim*dim+3*dim*c.channels+4*dim, 4*places*dim+max(heads, 1)*places*places
}

// padded is the number of places of a picture with zeros around it.
func (c *cost) padded(pad int, hw [2]int) float64 {
	if len(c.shape) != 3 {
		return c.in / max(c.channels, 1)
	}
	if hw == [2]int{} {
		hw = [2]int{pad, pad}
	}
	return (float64(c.shape[0]) + 2*float64(max(hw[0], 0)) + 1) * (float64(c.shape[1]) + 2*float64(max(hw[1], 0)) + 1)
}

// side is the longest axis of the input but its channels.
func (c *cost) side() int { return slices.Max(append([]int{1}, c.shape[:max(len(c.shape)-1, 0)]...)) }

func area(square int, hw [2]int) float64 {
	if hw == [2]int{} {
		return float64(square) * float64(square)
	}
	return float64(hw[0]) * float64(hw[1])
}

func product(shape []int) float64 {
	n := 1.0
	for _, d := range shape {
		n *= float64(d)
	}
	return n
}

// tail is the last axis: the channels.
func tail(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}

// ready refuses sizes of a ready network, which is built as a whole.
func (l *layer) ready() error {
	if l.kind == nil {
		return nil
	}
	made := l.kind.new()
	for _, o := range l.kind.options() {
		v, ok := l.values[o.index]
		if !ok {
			continue
		}
		most := 0
		switch made.(type) {
		case *model.ResNet:
			most = map[string]int{"width": 128, "squeeze-excite": 256}[o.name]
		case *model.VGG:
			most = map[string]int{"width": 128, "hidden": 4096}[o.name]
		case *model.MobileNet:
			if o.name == "scale" && v.Float() > 4 {
				return l.fault("make it narrower", "scale is %g; it takes a number up to 4", v.Float())
			}
		case *model.MLP:
			if o.name == "widths" && slices.Max(v.Interface().([]int)) > 8192 {
				return l.fault("make it narrower", "widths are %v; it takes up to 8192 each", v.Interface())
			}
		}
		if most > 0 && v.Int() > int64(most) {
			return l.fault("make it narrower", "%s is %d; it takes a whole number up to %d", o.name, v.Int(), most)
		}
	}
	return nil
}

// tooMuch refuses a batch that takes more memory than the bounds allow.
func (b *budget) tooMuch(n *yamltree.Node, batch int) error {
	if total := b.values * float64(batch); total > maxStep {
		return n.Fault("lower batch, or make the first layers narrower", "a step on a batch of %d would hold %.3g numbers in all layers; %.3g are the most", batch, total, maxStep)
	}
	return nil
}
