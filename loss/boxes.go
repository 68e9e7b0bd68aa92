package loss

import "github.com/limpid-ml/limpid/tensor"

// boxEps keeps the share of two boxes without area from being 0/0. It is
// torchvision's.
const boxEps = 1e-7

// IoU is one minus the intersection over union of boxes with those that should
// be there, for corners [..., 4]: x1, y1, x2, y2, with x1 ≤ x2 and y1 ≤ y2, in
// any unit. It has no slope where two boxes do not touch; GIoU has. Of no boxes
// it is 0.
//
// Source: Yu et al. 2016, "UnitBox".
func IoU(out, target tensor.Tensor) tensor.Tensor {
	b := pairOf("loss.IoU", out, target)
	return b.mean(b.iou())
}

// GIoU is one minus the generalised IoU: the IoU less the share of the smallest
// box around both that neither covers. Boxes are as of IoU.
//
// Source: Rezatofighi et al. 2019, "Generalized intersection over union".
func GIoU(out, target tensor.Tensor) tensor.Tensor {
	b := pairOf("loss.GIoU", out, target)
	w, h := b.hull()
	area := w.Mul(h)
	waste := area.Sub(b.union).Div(area.Shift(boxEps))
	return b.mean(b.iou().Sub(waste))
}

// DIoU is one minus the IoU, and the squared distance of the centres as a share
// of the squared diagonal of the smallest box around both. Boxes are as of IoU.
//
// Source: Zheng et al. 2020, "Distance-IoU loss".
func DIoU(out, target tensor.Tensor) tensor.Tensor {
	b := pairOf("loss.DIoU", out, target)
	w, h := b.hull()
	dx := b.a[0].Add(b.a[2]).Sub(b.b[0]).Sub(b.b[2]).Scale(.5)
	dy := b.a[1].Add(b.a[3]).Sub(b.b[1]).Sub(b.b[3]).Scale(.5)
	diagonal := w.Square().Add(h.Square()).Shift(boxEps)
	return b.mean(b.iou().Sub(dx.Square().Add(dy.Square()).Div(diagonal)))
}

// pair is boxes and targets, their edges apart: [n, 1] each.
type pair struct {
	a, b         [4]tensor.Tensor
	inter, union tensor.Tensor
}

func pairOf(op string, out, target tensor.Tensor) pair {
	target = alike(op, out, target)
	if out.Rank() == 0 || out.Dim(-1) != 4 {
		tensor.Fail(op, "the boxes are %v; want [..., 4]: x1, y1, x2, y2", out.Shape())
	}
	n := out.Len() / 4
	out, target = out.Reshape(n, 4), target.Reshape(n, 4)
	var p pair
	for i := range 4 {
		p.a[i], p.b[i] = out.Slice(1, i, i+1), target.Slice(1, i, i+1)
	}
	w := smaller(p.a[2], p.b[2]).Sub(p.a[0].Maximum(p.b[0])).ReLU()
	h := smaller(p.a[3], p.b[3]).Sub(p.a[1].Maximum(p.b[1])).ReLU()
	p.inter = w.Mul(h)
	p.union = boxArea(p.a).Add(boxArea(p.b)).Sub(p.inter)
	return p
}

func smaller(a, b tensor.Tensor) tensor.Tensor { return a.Neg().Maximum(b.Neg()).Neg() }

func boxArea(b [4]tensor.Tensor) tensor.Tensor { return b[2].Sub(b[0]).Mul(b[3].Sub(b[1])) }

func (p *pair) iou() tensor.Tensor { return p.inter.Div(p.union.Shift(boxEps)) }

// hull returns the width and height of the smallest boxes around both.
func (p *pair) hull() (w, h tensor.Tensor) {
	w = p.a[2].Maximum(p.b[2]).Sub(smaller(p.a[0], p.b[0]))
	h = p.a[3].Maximum(p.b[3]).Sub(smaller(p.a[1], p.b[1]))
	return w, h
}

// mean is that of 1 − likeness.
func (p *pair) mean(likeness tensor.Tensor) tensor.Tensor {
	return meanOf(likeness.Neg().Shift(1), likeness.Len())
}
