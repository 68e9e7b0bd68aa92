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

// depthwiseKernels holds the assembly of each variant by depthwiseOp.
var depthwiseKernels = [3][3]func(*byte){
	cpu.AVX2:   {depthwiseAVX2, depthwiseDataAVX2, depthwiseFilterAVX2},
	cpu.AVX512: {depthwiseAVX512, depthwiseDataAVX512, depthwiseFilterAVX512},
}

// depthwiseKernel returns the assembly of the variant in use, nil if it has
// none: then depthwise convolution is one of many groups.
func depthwiseKernel(op depthwiseOp) func(*byte) { return depthwiseKernels[kind][op] }
