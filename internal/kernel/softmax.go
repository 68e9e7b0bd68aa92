package kernel

import "math"

// Softmax sets each row of dst [rows, cols] to the softmax of x's. dst may be
// x. A row that is −∞ throughout gives what is not a number.
func Softmax[T Float](dst, x []T, rows, cols int) {
	j := newRows[T](rowsSoftmax, rows, cols)
	j.dst, j.x = dst, x
	j.run()
	j.free()
}

// softmaxRow returns the greatest of x and the logarithm of the sum of the
// exponentials of what x is less.
func softmaxRow[T Float](dst, x []T) (top, logSum float64) {
	top = Reduce(MaxOf, x)
	sum := expSum(dst, x, top)
	Unary(Scale, dst, dst, 1/sum, 0)
	return top, math.Log(sum)
}

// expSum sets dst[i] to the exponential of x[i] − top and returns their sum.
func expSum[T Float](dst, x []T, top float64) (sum float64) {
	dst = dst[:len(x)]
	for len(x) > 0 {
		n := min(len(x), reduceBlock)
		a := coefficients(top)
		a.stream = [7]*float32{stream(dst), stream(x)}
		if !wide[T]() && passVectors(passExpSum, n, &a) {
			sum += float64(a.sum[0])
		} else {
			for i, v := range x[:n] {
				dst[i] = T(math.Exp(float64(v) - top))
				sum += float64(dst[i])
			}
		}
		dst, x = dst[n:], x[n:]
	}
	return sum
}

// sumOfExp returns the sum of the exponentials of x[i] − top.
func sumOfExp[T Float](x []T, top float64) (sum float64) {
	for len(x) > 0 {
		n := min(len(x), reduceBlock)
		a := coefficients(top)
		a.stream[1] = stream(x)
		if !wide[T]() && passVectors(passSumOfExp, n, &a) {
			sum += float64(a.sum[0])
		} else {
			for _, v := range x[:n] {
				sum += math.Exp(float64(v) - top)
			}
		}
		x = x[n:]
	}
	return sum
}

// LogSoftmax sets each row of dst [rows, cols] to the logarithm of the softmax
// of x's. dst may be x.
func LogSoftmax[T Float](dst, x []T, rows, cols int) {
	j := newRows[T](rowsLogSoftmax, rows, cols)
	j.dst, j.x = dst, x
	j.run()
	j.free()
}

func logSoftmaxRow[T Float](dst, x []T) {
	top, logSum := logSumExp(x)
	a := coefficients(top, logSum)
	a.stream = [7]*float32{stream(dst), stream(x)}
	if wide[T]() || !passVectors(passLessTwo, len(x), &a) {
		for i, v := range x {
			dst[i] = T(float64(v) - top - logSum)
		}
	}
}

// LogSumExpRows sets dst[r] to the logarithm of the sum of the exponentials of
// row r of x [rows, cols].
func LogSumExpRows[T Float](dst, x []T, rows, cols int) {
	j := newRows[T](rowsLogSumExp, rows, cols)
	j.dst, j.x = dst, x
	j.run()
	j.free()
}

func logSumExp[T Float](x []T) (top, logSum float64) {
	top = Reduce(MaxOf, x)
	if math.IsInf(top, 0) { // ∞ − ∞ would be no number
		return top, 0
	}
	return top, math.Log(sumOfExp(x, top))
}

// SoftmaxGrad sets dst to the gradient of softmax's argument, given its result
// y and that one's gradient dy: y·(dy − Σ y·dy) in each row. dst may be dy.
func SoftmaxGrad[T Float](dst, y, dy []T, rows, cols int) {
	j := newRows[T](rowsSoftmaxGrad, rows, cols)
	j.dst, j.x, j.y = dst, dy, y
	j.run()
	j.free()
}

func softmaxGradRow[T Float](dst, y, dy []T) {
	dot := Dot(y, dy)
	a := coefficients(dot)
	a.stream = [7]*float32{stream(dst), stream(y), stream(dy)}
	if wide[T]() || !passVectors(passSoftmaxGrad, len(y), &a) {
		for i, v := range y {
			dst[i] = v * (dy[i] - T(dot))
		}
	}
}

// CrossEntropy sets prob [rows, cols] to the softmax of the logits, and
// loss[r] to minus the logarithm of row r's probability of labels[r]: to 0
// where the label is negative. Labels are less than cols.
func CrossEntropy[T Float](loss, prob, logits []T, labels []int32, rows, cols int) {
	j := newRows[T](rowsCrossEntropy, rows, cols)
	j.a, j.dst, j.x, j.labels = loss, prob, logits, labels
	j.run()
	j.free()
}

func crossEntropyRow[T Float](prob, logits []T, label int32) T {
	if label < 0 {
		softmaxRow(prob, logits)
		return 0
	}
	hit := float64(logits[label]) // now: prob may be logits
	top, logSum := softmaxRow(prob, logits)
	return T(top + logSum - hit)
}

// CrossEntropyGrad sets dx to the gradient of the logits, given prob and the
// gradient of each row's loss: weight[r]·(prob − 1 at the label), 0 throughout
// rows whose label is negative. dx may be prob.
func CrossEntropyGrad[T Float](dx, prob []T, labels []int32, weight []T, rows, cols int) {
	j := newRows[T](rowsCrossEntropyGrad, rows, cols)
	j.dst, j.x, j.labels, j.a = dx, prob, labels, weight
	j.run()
	j.free()
}

func crossEntropyGradRow[T Float](dx, prob []T, label int32, weight T) {
	if label < 0 {
		clear(dx)
		return
	}
	Unary(Scale, dx, prob, float64(weight), 0)
	dx[label] -= weight
}
