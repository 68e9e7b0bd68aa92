//go:build !noasm

package kernel

import "github.com/limpid-ml/limpid/internal/cpu"

// winogradKernels holds the assembly of each variant by winogradStep.
var winogradKernels = [3][5]func(*byte){
	cpu.AVX2:   {winogradInputAVX2, winogradFilterAVX2, winogradOutputAVX2, winogradOutputGradAVX2, winogradFilterGradAVX2},
	cpu.AVX512: {winogradInputAVX512, winogradFilterAVX512, winogradOutputAVX512, winogradOutputGradAVX512, winogradFilterGradAVX512},
}

// winogradKernel returns a transformation of the variant in use, nil if it
// has none: then convolutions are computed as they are defined.
func winogradKernel(step winogradStep) func(*byte) { return winogradKernels[kind][step] }
