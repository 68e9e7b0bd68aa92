// Package kernel holds every numeric kernel of limpid: matrix product,
// convolution, pooling, element-wise maps, reductions, normalisation, and the
// optimisers' updates, each as a plain-Go twin that says what it computes and,
// for float32 and this CPU, as assembly that computes it fast.
//
// Kernels work on dense slices, check nothing but what memory safety needs,
// and allocate nothing once warm. Images are [N, H, W, C]. What a kernel
// computes does not depend on the number of workers, bit for bit; it may
// depend on the variant (see [Variant]) in the last bits.
//
// tensor and all above it may import kernel.
package kernel

import (
	"math"
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// Float is the element type of a kernel's operands.
type Float interface{ ~float32 | ~float64 }

// Act names an activation: the values are those of package backstage.
type Act = backstage.Act

var inf32 = float32(math.Inf(1))

// wide reports whether T is float64; the compiler knows the answer.
func wide[T Float]() bool { return unsafe.Sizeof(T(0)) == 8 }

// as32 returns x seen as float32, for T of that size.
func as32[T Float](x []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// as64 returns x seen as float64, for T of that size.
func as64[T Float](x []T) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}
