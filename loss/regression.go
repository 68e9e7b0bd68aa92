package loss

import "github.com/limpid-ml/limpid/tensor"

// MSE is the mean of the squared differences. out and target have one shape.
func MSE(out, target tensor.Tensor) tensor.Tensor {
	target = alike("loss.MSE", out, target)
	return meanOf(out.Sub(target).Square(), out.Len())
}

// MAE is the mean of the absolute differences, whose slope at 0 is 0. out and
// target have one shape.
func MAE(out, target tensor.Tensor) tensor.Tensor {
	target = alike("loss.MAE", out, target)
	return meanOf(out.Sub(target).Abs(), out.Len())
}

// Huber is half the squared difference d where |d| ≤ δ, and the straight line
// δ·(|d| − δ/2) that goes on from there beyond; the mean of both.
//
// Source: Huber 1964, "Robust estimation of a location parameter".
func Huber(delta float64) Func {
	const op = "loss.Huber"
	return func(out, target tensor.Tensor) tensor.Tensor {
		badSetting(op, "δ", delta, delta > 0, "a number above 0")
		target = alike(op, out, target)
		d := out.Sub(target)
		near := d.Clamp(-delta, delta)
		return meanOf(near.Mul(d.Sub(near.Scale(.5))), out.Len())
	}
}

// BCE is the binary cross-entropy of logits: the mean of
// −t·log σ(x) − (1 − t)·log(1 − σ(x)). out and target have one shape; the
// target is 0, 1, or a probability between.
func BCE(out, target tensor.Tensor) tensor.Tensor { return bce("loss.BCE", out, target, 1) }

// WeightedBCE is [BCE] in which the positive part, −t·log σ(x), weighs pos
// times: above 1 where positives are rare.
func WeightedBCE(pos float64) Func {
	const op = "loss.WeightedBCE"
	return func(out, target tensor.Tensor) tensor.Tensor {
		badSetting(op, "the weight of positives", pos, pos >= 0, "a number of at least 0")
		return bce(op, out, target, pos)
	}
}

// bce is written with both tails, as x − x·t loses its digits where the
// network is sure and right.
func bce(op string, out, target tensor.Tensor, pos float64) tensor.Tensor {
	target = alike(op, out, target)
	yes, no := out.Neg().Softplus(), out.Softplus()
	return meanOf(target.Scale(pos).Mul(yes).Add(target.Neg().Shift(1).Mul(no)), out.Len())
}

// Masked applies f to what the mask keeps, so that the mean is over that only;
// where nothing is kept it is 0. The mask is bool, or 0 and 1, and has either
//
//   - the first axes of out and target: it keeps or drops whole rows, or
//   - the shape of both: it keeps or drops single elements, for losses that
//     look at each element by itself, such as [MAE].
func Masked(f Func, out, target, mask tensor.Tensor) tensor.Tensor {
	const op = "loss.Masked"
	if !leads(mask, out) || !leads(mask, target) {
		tensor.Fail(op, "a mask never broadcasts: it must have the first axes of the result and the target, or their shape, and it is %v with %v and %v", mask.Shape(), out.Shape(), target.Shape())
	}
	kept := keptRows(op, out, mask)
	if kept.Len() == 0 {
		return out.Flatten().Slice(0, 0, 0).Sum()
	}
	lone := mask.Rank() == out.Rank()
	return f(rowsOf(out, mask, kept, lone), rowsOf(target, mask, kept, lone))
}

// keptRows lists the places where the mask is set, in out's home.
func keptRows(op string, out, mask tensor.Tensor) tensor.Tensor {
	if d := mask.DType(); d != tensor.Bool {
		checkMask(op, mask)
		mask = mask.To(tensor.Bool)
	}
	keep := tensor.View[bool](mask)
	n := 0
	for _, k := range keep {
		if k {
			n++
		}
	}
	return tensor.New(out, []int{n}, func(dst []int32) {
		n := 0
		for i, k := range keep {
			if k {
				dst[n] = int32(i)
				n++
			}
		}
	})
}

func checkMask(op string, mask tensor.Tensor) {
	flat := mask.Reshape(-1)
	for i := range flat.Len() {
		if v := flat.At(i); v != 0 && v != 1 {
			tensor.Fail(op, "element %d of the mask is %g; a mask holds 0 and 1, and is no weight", i, v)
		}
	}
}

// rowsOf returns t's kept rows [K, …], where a row is what one place of the
// mask stands for. A lone element is a row [1], so that a loss over classes
// refuses it.
func rowsOf(t, mask, kept tensor.Tensor, lone bool) tensor.Tensor {
	shape := append([]int{mask.Len()}, t.Shape()[mask.Rank():]...)
	if lone {
		shape = append(shape, 1)
	}
	return t.Reshape(shape...).Take(0, kept)
}
