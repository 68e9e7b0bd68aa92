package model

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// ResNet is a residual network: blocks whose result is added to their input.
//
//   - Depth 18, 34, 50, 101 or 152 is for pictures of about 224×224: four
//     stages, of bottlenecks from 50 on, stride at their 3×3 convolution.
//     Parameters are named as torchvision's, whose weights load. Features are
//     [N, H/32, W/32, 8·Width], four times as many channels from 50 on.
//   - Depth 6n+2 (20, 32, 44, 56, 110) is for pictures of about 32×32: three
//     stages, and shortcuts without parameters. Features are [N, H/4, W/4,
//     4·Width].
//
// Source: He et al. 2016, "Deep residual learning for image recognition", table
// 1 and section 4.2.
type ResNet struct {
	Depth   int // 0: 18
	Classes int
	Width   int // channels of the first stage; 0: 64, or 16 for small pictures

	// SqueezeExcite ends each branch in one of this ratio; 0: none.
	SqueezeExcite int
	// Drop is the rate of stochastic depth at the last block; it rises evenly
	// from the first.
	Drop float64
	// DropBlock zeroes squares of 7×7 in the results of the last two stages, at
	// this rate.
	DropBlock float64
}

// resnetStages is how many blocks each stage has, by depth.
var resnetStages = map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3}}

// resnet is named as torchvision's.
type resnet struct {
	Conv1                          *nn.Conv2D
	BN1                            nn.BatchNorm
	Layer1, Layer2, Layer3, Layer4 nn.Sequential
	FC                             *nn.Linear
	stem                           nn.MaxPool2D
	mean                           nn.GlobalAvgPool
	small                          bool
}

// New makes the layers.
func (o ResNet) New() nn.Layer {
	const op = "model.ResNet"
	depth := orElse(o.Depth, 18)
	stages, large := resnetStages[depth]
	small := !large && depth >= 8 && depth%6 == 2
	switch {
	case !large && !small:
		return refuse(op, "Depth is %d; want 18, 34, 50, 101, 152, or, for small pictures, 20, 32, 44, 56, 110 or any 6n+2", o.Depth)
	case o.Classes < 0 || o.Width < 0 || o.SqueezeExcite < 0 || !isShare(o.Drop) || !isShare(o.DropBlock):
		return refuse(op, "Classes is %d, Width %d, SqueezeExcite %d, Drop %g, DropBlock %g; want no negative number, and shares below 1",
			o.Classes, o.Width, o.SqueezeExcite, o.Drop, o.DropBlock)
	}
	net := &resnet{BN1: nn.BatchNorm{Act: nn.ReLU}, stem: nn.MaxPool2D{Size: 3, Stride: 2, Pad: 1}, small: small}
	width := orElse(o.Width, 64)
	net.Conv1 = conv(width, 7, 2)
	if small {
		n := (depth - 2) / 6
		stages, width = []int{n, n, n}, orElse(o.Width, 16)
		net.Conv1 = conv(width, 3, 1)
	}
	o.fill(net, stages, width, depth >= 50 && large)
	if o.Classes > 0 {
		net.FC = &nn.Linear{Out: o.Classes}
	}
	return net
}

// fill makes the stages.
func (o ResNet) fill(net *resnet, stages []int, width int, bottleneck bool) {
	all, done, in := 0, 0, width
	for _, n := range stages {
		all += n
	}
	for s, n := range stages {
		stage := net.stages()[s]
		for i := range n {
			stride := 1
			if s > 0 && i == 0 {
				stride = 2
			}
			b := block{in: in, out: width << s, stride: stride, se: o.SqueezeExcite, small: net.small}
			if all > 1 {
				b.drop = o.Drop * float64(done) / float64(all-1)
			}
			if s >= len(stages)-2 {
				b.dropBlock = o.DropBlock
			}
			layer, out := b.make(bottleneck)
			*stage, in, done = append(*stage, layer), out, done+1
		}
	}
}

func (r *resnet) stages() [4]*nn.Sequential {
	return [4]*nn.Sequential{&r.Layer1, &r.Layer2, &r.Layer3, &r.Layer4}
}

// Forward returns logits [N, Classes], or features.
func (r *resnet) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	x = p.Apply(x, r.Conv1, &r.BN1)
	if !r.small {
		x = p.Apply(x, &r.stem)
	}
	x = p.Apply(x, &r.Layer1, &r.Layer2, &r.Layer3)
	if !r.small {
		x = p.Apply(x, &r.Layer4)
	}
	if r.FC == nil {
		return x
	}
	return p.Apply(x, &r.mean, r.FC)
}

// block says what a residual block is like.
type block struct {
	in, out, stride int
	se              int
	drop, dropBlock float64
	small           bool
}

// make returns the block and the channels of its result.
func (b block) make(bottleneck bool) (nn.Layer, int) {
	out := b.out
	if bottleneck {
		out *= 4
	}
	s := b.shortcut(out)
	e := b.tail(out)
	if bottleneck {
		return &bottleneckBlock{
			Conv1: conv(b.out, 1, 1), BN1: nn.BatchNorm{Act: nn.ReLU},
			Conv2: conv(b.out, 3, b.stride), BN2: nn.BatchNorm{Act: nn.ReLU},
			Conv3: conv(out, 1, 1), Downsample: s, tail: e,
		}, out
	}
	return &basicBlock{
		Conv1: conv(out, 3, b.stride), BN1: nn.BatchNorm{Act: nn.ReLU},
		Conv2: conv(out, 3, 1), Downsample: s, tail: e,
	}, out
}

// shortcut returns what the input goes through, nil if nothing.
func (b block) shortcut(out int) nn.Layer {
	switch {
	case b.stride == 1 && b.in == out:
		return nil
	case b.small:
		return widen(out, b.stride)
	}
	return &nn.Sequential{conv(out, 1, b.stride), &nn.BatchNorm{}}
}

// widen takes every stride-th place and adds channels of zeros, as many before
// as after: option A of the paper.
func widen(out, stride int) nn.Func {
	return func(_ *nn.Pass, x tensor.Tensor) tensor.Tensor {
		more := out - x.Dim(3)
		return x.AvgPool2D(1, stride).Pad(3, more/2, more-more/2)
	}
}

// tail returns the end of a branch of out channels.
func (b block) tail(out int) tail {
	var e tail
	if b.se > 0 {
		e.SE = squeeze(out, b.se)
	}
	if b.drop > 0 {
		e.drop = &nn.DropPath{Rate: b.drop}
	}
	if b.dropBlock > 0 {
		e.dropBlock = &nn.DropBlock{Rate: b.dropBlock}
	}
	return e
}

// tail is what the end of a residual branch may have.
type tail struct {
	SE        *nn.SqueezeExcite
	drop      *nn.DropPath
	dropBlock *nn.DropBlock
}

// join ends the branch y and adds it to the shortcut of x.
func (e *tail) join(p *nn.Pass, y, x tensor.Tensor, shortcut nn.Layer) tensor.Tensor {
	if e.SE != nil {
		y = p.Apply(y, e.SE)
	}
	if e.drop != nil {
		y = p.Apply(y, e.drop)
	}
	if shortcut != nil {
		x = p.Apply(x, shortcut)
	}
	y = y.Add(x).ReLU()
	if e.dropBlock != nil {
		y = p.Apply(y, e.dropBlock)
	}
	return y
}

type basicBlock struct {
	Conv1      *nn.Conv2D
	BN1        nn.BatchNorm
	Conv2      *nn.Conv2D
	BN2        nn.BatchNorm
	Downsample nn.Layer
	tail
}

func (b *basicBlock) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return b.join(p, p.Apply(x, b.Conv1, &b.BN1, b.Conv2, &b.BN2), x, b.Downsample)
}

type bottleneckBlock struct {
	Conv1      *nn.Conv2D
	BN1        nn.BatchNorm
	Conv2      *nn.Conv2D
	BN2        nn.BatchNorm
	Conv3      *nn.Conv2D
	BN3        nn.BatchNorm
	Downsample nn.Layer
	tail
}

func (b *bottleneckBlock) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return b.join(p, p.Apply(x, b.Conv1, &b.BN1, b.Conv2, &b.BN2, b.Conv3, &b.BN3), x, b.Downsample)
}
