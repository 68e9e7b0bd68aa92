package tensor

import (
	"math"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// Arithmetic of int32, for lengths and positions: plain loops suffice.

func unaryInts(k kernel.UnaryOp, dst, x []int32, a float64) {
	for i, v := range x {
		switch k {
		case kernel.Neg:
			dst[i] = -v
		case kernel.Abs:
			dst[i] = max(v, -v)
		case kernel.Scale:
			dst[i] = int32(math.Floor(float64(v) * a))
		case kernel.Shift:
			dst[i] = int32(math.Floor(float64(v) + a))
		}
	}
}

func binaryInts(k kernel.BinaryOp, g *grid, dst, x, y []int32) {
	d, a, b, _ := g.last()
	for more := true; more; more = g.next(g.n - 1) {
		px, py := g.pos[0], g.pos[1]
		for i := range dst[:d] {
			dst[i] = binaryInt(k, x[px+i*a], y[py+i*b])
		}
		dst = dst[d:]
	}
}

func binaryInt(k kernel.BinaryOp, x, y int32) int32 {
	switch k {
	case kernel.Add:
		return x + y
	case kernel.Sub:
		return x - y
	case kernel.Mul:
		return x * y
	}
	return max(x, y)
}

// reduceInts reduces the middle axis of x [outer, mid, inner].
func reduceInts(k kernel.ReduceOp, dst, x []int32, outer, mid, inner int) {
	if mid == 0 { // a sum: the greatest of nothing is refused before
		clear(dst)
		return
	}
	for i := range dst[:outer*inner] {
		line := x[i/inner*mid*inner+i%inner:]
		total := int32(0)
		if k != kernel.SumOf {
			total = line[0]
		}
		for m := range mid {
			switch v := line[m*inner]; k {
			case kernel.SumOf:
				total += v
			case kernel.MaxOf:
				total = max(total, v)
			case kernel.MinOf:
				total = min(total, v)
			}
		}
		dst[i] = total
	}
}
