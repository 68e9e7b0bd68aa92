package kernel

// Columns are reduced in blocks of rows: a block in T, the blocks in float64,
// so that the mean of a million values is as good as that of a hundred.
const colBlockRows = 256

// colSums holds the float64 sums of some columns.
type colSums struct{ sum, block buffer }

var colSumsPool pool[colSums]

// ReduceCols sets dst[c] to the reduction of column c of x [rows, cols].
func ReduceCols[T Float](op ReduceOp, dst, x []T, rows, cols int) {
	if op == SumOf && rows*cols > 2*normChunk { // many rows, on all cores
		j := newNorm(x, rows, cols)
		j.run(normSum, 1)
		j.total(dst, 0, 1, 1)
		j.done()
		return
	}
	if rows <= colBlockRows {
		reduceColBlock(op, dst[:cols], x[:rows*cols])
		return
	}
	w := colSumsPool.take()
	total, block := columns[float64](&w.sum, cols), columns[T](&w.block, cols)
	for c := range total {
		total[c] = op.start()
	}
	for r := 0; r < rows; r += colBlockRows {
		reduceColBlock(op, block, x[r*cols:min(r+colBlockRows, rows)*cols])
		for c, v := range block {
			total[c] = op.join(total[c], float64(v))
		}
	}
	for c, v := range total {
		dst[c] = T(v)
	}
	colSumsPool.put(w)
}

func reduceColBlock[T Float](op ReduceOp, dst, x []T) {
	first := T(op.start())
	for c := range dst {
		dst[c] = first
	}
	for ; len(dst) > 0 && len(x) > 0; x = x[len(dst):] {
		accumulate(op, dst, x[:len(dst)])
	}
}

// accumulate joins x to the reductions in dst, element by element.
func accumulate[T Float](op ReduceOp, dst, x []T) {
	switch op {
	case SumOf:
		Axpy(1, x, dst)
	case MaxOf:
		Binary(Max, dst, dst, x, 0)
	case MinOf:
		Binary(Min, dst, dst, x, 0)
	case SumSquares:
		mulAdd(dst, x, x)
	case SumAbs:
		for c, v := range x {
			dst[c] += max(v, -v)
		}
	}
}

// mulAdd adds x[i]·y[i] to dst[i].
func mulAdd[T Float](dst, x, y []T) {
	dst, y = dst[:len(x)], y[:len(x)]
	if wide[T]() || !mulAddVectors(as32(dst), as32(x), as32(y)) {
		for i, v := range x {
			dst[i] += v * y[i]
		}
	}
}
