package nn

import (
	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// MaxPool2D takes the largest value of each window.
//
//	x    [N, H, W, C]
//	out  [N, H', W', C]   H' = (H + 2·Pad − Size)/Stride + 1, rounded down, or up with Ceil
//
// With To, the windows are chosen so that the result has that many rows and
// columns, whatever the input's size.
type MaxPool2D struct {
	Size   int
	Stride int // 0: Size
	Pad    int // at each side, or Same
	Ceil   bool

	SizeHW, StrideHW, PadHW [2]int // rows and columns apart
	To                      [2]int // rows and columns of the result
}

// Forward pools x.
func (l *MaxPool2D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.images("nn.MaxPool2D", x)
	if l.To != [2]int{} {
		return stay.Return(p.adaptive("nn.MaxPool2D", x, l.To, false))
	}
	w := p.pooling("nn.MaxPool2D", pair(l.Size, l.SizeHW), pair(l.Stride, l.StrideHW), pair(l.Pad, l.PadHW), l.Ceil)
	return stay.Return(engine.Pool(x, w))
}

// AvgPool2D takes the mean of each window; sizes as [MaxPool2D]'s.
type AvgPool2D struct {
	Size   int
	Stride int // 0: Size
	Pad    int // at each side, or Same
	Ceil   bool
	// SkipPad leaves padding out of the mean. Otherwise it counts as zeros.
	SkipPad bool

	SizeHW, StrideHW, PadHW [2]int // rows and columns apart
	To                      [2]int // rows and columns of the result
}

// Forward pools x.
func (l *AvgPool2D) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	p.images("nn.AvgPool2D", x)
	if l.To != [2]int{} {
		return stay.Return(p.adaptive("nn.AvgPool2D", x, l.To, true))
	}
	w := p.pooling("nn.AvgPool2D", pair(l.Size, l.SizeHW), pair(l.Stride, l.StrideHW), pair(l.Pad, l.PadHW), l.Ceil)
	w.Avg, w.CountPad = true, !l.SkipPad
	return stay.Return(engine.Pool(x, w))
}

// pooling gathers a pooling's options.
func (p *Pass) pooling(layer string, size, stride, pad [2]int, ceil bool) backstage.Pool {
	if size[0] < 1 || size[1] < 1 {
		p.positive(layer, "Size", min(size[0], size[1]))
	}
	p.natural(layer, "Stride", min(stride[0], stride[1]))
	p.padded(layer, pad)
	for i := range 2 {
		if stride[i] == 0 {
			stride[i] = size[i]
		}
		if pad[i] == Same {
			pad[i] = (size[i] - 1) / 2
		}
	}
	return backstage.Pool{KH: size[0], KW: size[1], StrideH: stride[0], StrideW: stride[1],
		PadTop: pad[0], PadBottom: pad[0], PadLeft: pad[1], PadRight: pad[1], Ceil: ceil}
}

// adaptive pools x to the given rows and columns. Where they divide the
// input's, it is a pooling; else window i of n over a length L spans
// ⌊i·L/n⌋ … ⌈(i+1)·L/n⌉, as PyTorch's does.
func (p *Pass) adaptive(layer string, x tensor.Tensor, to [2]int, avg bool) tensor.Tensor {
	h, w := x.Dim(1), x.Dim(2)
	p.positive(layer, "To", min(to[0], to[1]))
	if h%to[0] == 0 && w%to[1] == 0 && h > 0 && w > 0 {
		kh, kw := h/to[0], w/to[1]
		return engine.Pool(x, backstage.Pool{KH: kh, KW: kw, StrideH: kh, StrideW: kw, Avg: avg})
	}
	rows := make([]tensor.Tensor, to[0])
	for i := range rows {
		rows[i] = span(x, 1, i, to[0])
	}
	cells := make([]tensor.Tensor, to[1])
	for i := range rows {
		for j := range cells {
			cells[j] = squash(span(rows[i], 2, j, to[1]), avg)
		}
		rows[i] = tensor.Stack(1, cells...)
	}
	return tensor.Stack(1, rows...)
}

// span cuts window i of n out of an axis.
func span(x tensor.Tensor, axis, i, n int) tensor.Tensor {
	l := x.Dim(axis)
	return x.Slice(axis, i*l/n, ((i+1)*l+n-1)/n)
}

func squash(x tensor.Tensor, avg bool) tensor.Tensor {
	if avg {
		return x.Mean(1, 2)
	}
	return x.Max(1, 2)
}

// GlobalAvgPool takes the mean of each channel over the whole image or
// sequence.
//
//	x    [N, H, W, C], or [N, T, C]
//	out  [N, C], or with KeepAxes [N, 1, 1, C] or [N, 1, C]
type GlobalAvgPool struct {
	KeepAxes bool
}

// Forward pools x.
func (l *GlobalAvgPool) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	return stay.Return(p.global("nn.GlobalAvgPool", x, true, l.KeepAxes))
}

// GlobalMaxPool takes the largest value of each channel over the whole image
// or sequence; shapes as [GlobalAvgPool]'s.
type GlobalMaxPool struct {
	KeepAxes bool
}

// Forward pools x.
func (l *GlobalMaxPool) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	return stay.Return(p.global("nn.GlobalMaxPool", x, false, l.KeepAxes))
}

// global pools all places of x into one.
func (p *Pass) global(layer string, x tensor.Tensor, avg, keep bool) tensor.Tensor {
	n, c := x.Dim(0), x.Dim(-1)
	rank := x.Rank()
	if rank == 3 {
		x = x.Unsqueeze(1)
	}
	p.images(layer, x)
	h, w := x.Dim(1), x.Dim(2)
	y := engine.Pool(x, backstage.Pool{KH: h, KW: w, StrideH: h, StrideW: w, Avg: avg})
	switch {
	case !keep:
		return y.Reshape(n, c)
	case rank == 3:
		return y.Reshape(n, 1, c)
	}
	return y
}
