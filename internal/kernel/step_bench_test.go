package kernel

import (
	"testing"
	"time"
)

// BenchmarkCNNStep runs the kernels with products in them of one training step
// of the MNIST network (32 and 64 3×3 filters, pooling, 9216-128-10) at batch
// 64: a floor for what the step itself can take.
func BenchmarkCNNStep(b *testing.B) {
	const n = 64
	c1, c2 := square(n, 28, 1, 32, 3, 1, 0), square(n, 26, 32, 64, 3, 1, 0)
	p := PoolShape{N: n, H: 24, W: 24, C: 64, KH: 2, KW: 2, StrideH: 2, StrideW: 2, OH: 12, OW: 12}
	x, w1, y1 := convOperands[float32](b, &c1)
	_, w2, y2 := convOperands[float32](b, &c2)
	pooled, arg := make([]float32, n*9216), make([]int32, n*9216)
	w3, y3 := guarded[float32](b, 128*9216), make([]float32, n*128)
	w4, y4 := guarded[float32](b, 10*128), make([]float32, n*10)
	dw1, dw2, dw3, dw4 := make([]float32, len(w1)), make([]float32, len(w2)), make([]float32, len(w3)), make([]float32, len(w4))
	d1, d2, d3, dp := make([]float32, len(y1)), make([]float32, len(y2)), make([]float32, len(y3)), make([]float32, len(pooled))
	relu, none := Epilogue[float32]{Act: 1}, Epilogue[float32]{}
	best := time.Hour
	for b.Loop() {
		began := time.Now()
		ConvForward(&c1, x, w1, y1, relu)
		ConvForward(&c2, y1, w2, y2, relu)
		MaxPool(&p, y2, pooled, arg)
		Gemm(false, true, n, 128, 9216, pooled, 9216, w3, 9216, y3, 128, relu)
		Gemm(false, true, n, 10, 128, y3, 128, w4, 128, y4, 10, none)

		Gemm(true, false, 10, 128, n, y4, 10, y3, 128, dw4, 128, none)
		Gemm(false, false, n, 128, 10, y4, 10, w4, 128, d3, 128, none)
		Gemm(true, false, 128, 9216, n, d3, 128, pooled, 9216, dw3, 9216, none)
		Gemm(false, false, n, 9216, 128, d3, 128, w3, 9216, dp, 9216, none)
		MaxPoolGrad(&p, dp, arg, d2)
		ConvFilter(&c2, y1, d2, dw2)
		ConvData(&c2, d2, w2, d1)
		ConvFilter(&c1, x, d1, dw1)
		best = min(best, time.Since(began))
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "best-ms")
}
