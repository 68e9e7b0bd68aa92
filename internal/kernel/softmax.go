package kernel

import "math"

// Softmax sets each row of dst [rows, cols] to the softmax of x's. dst may be
// x. A row that is −∞ throughout gives what is not a number.
func Softmax[T Float](dst, x []T, rows, cols int) {
	for at := 0; at < rows*cols; at += cols {
		softmaxRow(dst[at:at+cols], x[at:at+cols])
	}
}

// softmaxRow returns the greatest of x and the logarithm of the sum of the
// exponentials of what x is less.
func softmaxRow[T Float](dst, x []T) (top, logSum float64) {
	top = Reduce(MaxOf, x)
	expLess(dst, x, top)
	sum := Reduce(SumOf, dst)
	Unary(Scale, dst, dst, 1/sum, 0)
	return top, math.Log(sum)
}

// expLess sets dst[i] to the exponential of x[i] − top.
func expLess[T Float](dst, x []T, top float64) {
	Unary(Shift, dst, x, -top, 0)
	Unary(Exp, dst, dst, 0, 0)
}

// LogSoftmax sets each row of dst [rows, cols] to the logarithm of the softmax
// of x's. dst may be x.
func LogSoftmax[T Float](dst, x []T, rows, cols int) {
	for at := 0; at < rows*cols; at += cols {
		row := x[at : at+cols]
		top, logSum := logSumExp(row)
		for i, v := range row {
			dst[at+i] = T(float64(v) - top - logSum)
		}
	}
}

// LogSumExpRows sets dst[r] to the logarithm of the sum of the exponentials of
// row r of x [rows, cols].
func LogSumExpRows[T Float](dst, x []T, rows, cols int) {
	for r := range rows {
		top, logSum := logSumExp(x[r*cols:][:cols])
		dst[r] = T(top + logSum)
	}
}

func logSumExp[T Float](x []T) (top, logSum float64) {
	top = Reduce(MaxOf, x)
	if math.IsInf(top, 0) { // ∞ − ∞ would be no number
		return top, 0
	}
	sum := 0.0
	var part [64]T
	for rest := x; len(rest) > 0; {
		p := part[:min(len(rest), len(part))]
		expLess(p, rest[:len(p)], top)
		sum += Reduce(SumOf, p)
		rest = rest[len(p):]
	}
	return top, math.Log(sum)
}

// SoftmaxGrad sets dst to the gradient of softmax's argument, given its result
// y and that one's gradient dy: y·(dy − Σ y·dy) in each row. dst may be dy.
func SoftmaxGrad[T Float](dst, y, dy []T, rows, cols int) {
	for at := 0; at < rows*cols; at += cols {
		out, y := dst[at:at+cols], y[at:at+cols]
		dy := dy[at : at+cols]
		Unary(Shift, out, dy, -Dot(y, dy), 0)
		Binary(Mul, out, out, y, 0)
	}
}

// CrossEntropy sets prob [rows, cols] to the softmax of the logits, and
// loss[r] to minus the logarithm of row r's probability of labels[r]: to 0
// where the label is negative. Labels are less than cols.
func CrossEntropy[T Float](loss, prob, logits []T, labels []int32, rows, cols int) {
	for r := range rows {
		at := r * cols
		var hit float64
		if label := labels[r]; label >= 0 { // prob may be logits
			hit = float64(logits[at+int(label)])
		}
		top, logSum := softmaxRow(prob[at:at+cols], logits[at:at+cols])
		loss[r] = 0
		if labels[r] >= 0 {
			loss[r] = T(top + logSum - hit)
		}
	}
}

// CrossEntropyGrad sets dx to the gradient of the logits, given prob and the
// gradient of each row's loss: weight[r]·(prob − 1 at the label), 0 throughout
// rows whose label is negative. dx may be prob.
func CrossEntropyGrad[T Float](dx, prob []T, labels []int32, weight []T, rows, cols int) {
	for r := range rows {
		at := r * cols
		row := dx[at : at+cols]
		if labels[r] < 0 {
			clear(row)
			continue
		}
		Unary(Scale, row, prob[at:at+cols], float64(weight[r]), 0)
		row[labels[r]] -= weight[r]
	}
}
