//go:build !noasm

package kernel

import "github.com/limpid-ml/limpid/internal/cpu"

// poolKernels holds the assembly of each variant by poolOp.
var poolKernels = [3][4]func(*byte){
	cpu.AVX2:   {maxPoolAVX2, maxPoolGradAVX2, avgPoolAVX2, avgPoolGradAVX2},
	cpu.AVX512: {maxPoolAVX512, maxPoolGradAVX512, avgPoolAVX512, avgPoolGradAVX512},
}

// poolKernel returns the assembly of the variant in use, nil if it has none.
func poolKernel(op poolOp) func(*byte) { return poolKernels[kind][op] }
