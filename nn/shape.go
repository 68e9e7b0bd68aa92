package nn

import "github.com/limpid-ml/limpid/tensor"

// Flatten makes one axis of all but the first.
//
//	x    [N, ...]
//	out  [N, product of the rest]
type Flatten struct {
	// ChannelsFirst flattens [N, H, W, C] in the order C, H, W, as PyTorch
	// does, for weights from there.
	ChannelsFirst bool
}

// Forward flattens x. It copies nothing, unless ChannelsFirst is set.
func (l *Flatten) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if l.ChannelsFirst && x.Rank() == 4 {
		x = x.Permute(0, 3, 1, 2)
	}
	if x.Rank() == 0 {
		p.wants("nn.Flatten", x, "a batch axis")
	}
	return stay.Return(x.Reshape(x.Dim(0), between(x, 1, x.Rank())))
}

// Reshape gives each example the shape To; −1, once, stands for what is left.
//
//	x    [N, ...]
//	out  [N, To...]
type Reshape struct {
	To []int
}

// Forward reshapes x. It copies nothing.
func (l *Reshape) Forward(p *Pass, x tensor.Tensor) tensor.Tensor {
	stay := p.Enter(l)
	if x.Rank() == 0 || len(l.To) > 7 {
		p.wants("nn.Reshape", x, "a batch axis, and To at most seven axes")
	}
	var shape [8]int
	shape[0] = x.Dim(0)
	k := 1 + copy(shape[1:], l.To)
	left, open := between(x, 1, x.Rank()), 0
	for i, d := range shape[1:k] {
		if d == -1 && open == 0 {
			open = i + 1
		} else if d != 0 && left%d == 0 {
			left /= d
		}
	}
	if open > 0 && shape[0] == 0 { // of no examples, the elements do not tell
		shape[open] = left
	}
	return stay.Return(x.Reshape(shape[:k]...))
}

// between returns the product of x's axes from…to−1.
func between(x tensor.Tensor, from, to int) int {
	n := 1
	for i := from; i < to; i++ {
		n *= x.Dim(i)
	}
	return n
}
