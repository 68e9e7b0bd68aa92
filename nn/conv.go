package nn

import (
	"fmt"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// Same as a Pad means (Kernel−1)/2 (times the dilation): with stride 1 and an
// odd kernel the result is as large as the input.
const Same = -1

// Conv2D slides filters over images.
//
//	x    [N, H, W, C]
//	out  [N, H', W', Out]   H' = (H + 2·Pad − Dilation·(Kernel−1) − 1)/Stride + 1, rounded down
//
// Options that end in HW say rows and columns apart: left out (both zero), the
// square one holds. A convolution over time is one over images of one column:
// KernelHW {5, 1} on [N, T, 1, C].
type Conv2D struct {
	Out      int
	Kernel   int
	Stride   int // 0: 1
	Pad      int // zeros at each side, or Same
	Dilation int // 0: 1
	Groups   int // 0: 1; C and Out are multiples of it
	NoBias   bool
	Act      Act
	Init     Init // of Weight; left out: by Act
	BiasInit Init // left out: Zeros

	KernelHW, StrideHW, PadHW, DilationHW [2]int

	Weight Param // [Out, KH, KW, C/Groups]; in files [Out, C/Groups, KH, KW]
	Bias   Param // [Out]
}

// Forward convolves x.
func (l *Conv2D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if p.build != nil || x.Rank() != 4 {
		l.check(p, x)
	}
	k := pair(l.Kernel, l.KernelHW)
	c := window(k, l.Stride, l.StrideHW, l.Pad, l.PadHW, l.Dilation, l.DilationHW)
	c.Groups = max(l.Groups, 1)
	w := p.Param(&l.Weight, orDefault(l.Init, l.Act), l.Out, k[0], k[1], x.Dim(3)/c.Groups)
	b := p.bias(&l.Bias, l.NoBias, l.BiasInit, l.Out)
	kind, param := l.Act.split()
	y := l.Act.rest(engine.Conv(x, w, b, c, kind, param))
	if p.build != nil {
		p.work(x.Dim(0), y.Len(), k[0]*k[1]*x.Dim(3)/c.Groups)
	}
	return stay.Return(y)
}

func (l *Conv2D) check(p *Pass, x tensor.Tensor) {
	p.images("nn.Conv2D", x)
	p.positive("nn.Conv2D", "Out", l.Out)
	p.sliding("nn.Conv2D", pair(l.Kernel, l.KernelHW), pair(l.Stride, l.StrideHW), pair(l.Dilation, l.DilationHW), pair(l.Pad, l.PadHW))
	p.grouped("nn.Conv2D", l.Groups, x.Dim(3), l.Out)
	l.Weight.filter = true
}

// ConvTranspose2D spreads each input place over a window of the result: the
// transposed convolution, which enlarges.
//
//	x    [N, H, W, C]
//	out  [N, H', W', Out]   H' = (H−1)·Stride − 2·Pad + Dilation·(Kernel−1) + OutPad + 1
type ConvTranspose2D struct {
	Out      int
	Kernel   int
	Stride   int // 0: 1
	Pad      int // taken off each side, or Same
	OutPad   int // added at the lower and right side
	Dilation int // 0: 1
	Groups   int // 0: 1
	NoBias   bool
	Act      Act
	Init     Init // of Weight; left out: by Act
	BiasInit Init // left out: Zeros

	KernelHW, StrideHW, PadHW, DilationHW, OutPadHW [2]int

	Weight Param // [C, KH, KW, Out/Groups]; in files [C, Out/Groups, KH, KW]
	Bias   Param // [Out]
}

// Forward spreads x.
func (l *ConvTranspose2D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if p.build != nil || x.Rank() != 4 {
		l.check(p, x)
	}
	k := pair(l.Kernel, l.KernelHW)
	c := window(k, l.Stride, l.StrideHW, l.Pad, l.PadHW, l.Dilation, l.DilationHW)
	c.Groups = max(l.Groups, 1)
	out := pair(l.OutPad, l.OutPadHW)
	c.OutPadH, c.OutPadW = out[0], out[1]
	w := p.Param(&l.Weight, orDefault(l.Init, l.Act), x.Dim(3), k[0], k[1], l.Out/c.Groups)
	b := p.bias(&l.Bias, l.NoBias, l.BiasInit, l.Out)
	kind, param := l.Act.split()
	y := l.Act.rest(engine.ConvTranspose(x, w, b, c, kind, param))
	if p.build != nil {
		p.work(x.Dim(0), x.Len(), k[0]*k[1]*l.Out/c.Groups)
	}
	return stay.Return(y)
}

func (l *ConvTranspose2D) check(p *Pass, x tensor.Tensor) {
	p.images("nn.ConvTranspose2D", x)
	p.positive("nn.ConvTranspose2D", "Out", l.Out)
	p.sliding("nn.ConvTranspose2D", pair(l.Kernel, l.KernelHW), pair(l.Stride, l.StrideHW), pair(l.Dilation, l.DilationHW), pair(l.Pad, l.PadHW))
	out := pair(l.OutPad, l.OutPadHW)
	p.natural("nn.ConvTranspose2D", "OutPad", min(out[0], out[1]))
	p.grouped("nn.ConvTranspose2D", l.Groups, x.Dim(3), l.Out)
	l.Weight.filter = true
}

// pair returns the option for rows and columns.
func pair(square int, hw [2]int) [2]int {
	if hw != [2]int{} {
		return hw
	}
	return [2]int{square, square}
}

// sliding panics if an option of a sliding window is out of its range.
func (p *Pass) sliding(layer string, kernel, stride, dilation, pad [2]int) {
	p.positive(layer, "Kernel", min(kernel[0], kernel[1]))
	p.natural(layer, "Stride", min(stride[0], stride[1]))
	p.natural(layer, "Dilation", min(dilation[0], dilation[1]))
	p.padded(layer, pad)
}

// orOne returns an option of which 0 means 1.
func orOne(v int) int {
	if v == 0 {
		return 1
	}
	return v
}

// window gathers a sliding window's options.
func window(k [2]int, stride int, strideHW [2]int, pad int, padHW [2]int, dilation int, dilationHW [2]int) backstage.Conv {
	s, d, q := pair(stride, strideHW), pair(dilation, dilationHW), pair(pad, padHW)
	for i := range 2 {
		s[i], d[i] = orOne(s[i]), orOne(d[i])
		if q[i] == Same {
			q[i] = d[i] * (k[i] - 1) / 2
		}
	}
	return backstage.Conv{StrideH: s[0], StrideW: s[1], DilH: d[0], DilW: d[1],
		PadTop: q[0], PadBottom: q[0], PadLeft: q[1], PadRight: q[1]}
}

// images panics unless x is [N, H, W, C].
func (p *Pass) images(layer string, x tensor.Tensor) {
	if x.Rank() != 4 {
		p.wants(layer, x, "four axes: [N, H, W, C]")
	}
}

// grouped panics unless the groups divide the channels.
func (p *Pass) grouped(layer string, groups, in, out int) {
	p.natural(layer, "Groups", groups)
	if g := max(groups, 1); in%g != 0 || out%g != 0 {
		fail(&tensor.Error{Op: layer, Layer: p.label(), Why: fmt.Sprintf("%d groups do not divide %d channels in and %d out", g, in, out),
			Fix: "choose Groups so that both are multiples of it"})
	}
}
