//go:build !noasm

package kernel

import (
	"runtime"
	"unsafe"

	"github.com/limpid-ml/limpid/internal/cpu"
	"github.com/limpid-ml/limpid/internal/par"
)

// vectorFunc is a generated loop over n elements, at least one. What it does
// with y, a and b is its own affair.
type vectorFunc func(dst, x, y *float32, n int, a, b float32)

// unaryKernels holds each variant's assembly, nil where it has none.
var unaryKernels = [3][unaryOps]vectorFunc{
	cpu.AVX2: {
		Neg:       negAVX2,
		Abs:       absAVX2,
		Square:    squareAVX2,
		Sqrt:      sqrtAVX2,
		Rsqrt:     rsqrtAVX2,
		Recip:     recipAVX2,
		Exp:       expAVX2,
		Tanh:      tanhAVX2,
		Sigmoid:   sigmoidAVX2,
		ReLU:      reluAVX2,
		LeakyReLU: leakyReLUAVX2,
		SiLU:      siluAVX2,
		ELU:       eluAVX2,
		Step:      stepAVX2,
		Scale:     scaleAVX2,
		Shift:     shiftAVX2,
		Affine:    affineAVX2,
		Clamp:     clampAVX2,
		GELU:      geluAVX2,
		GELUTanh:  geluTanhAVX2,
		Mish:      mishAVX2,
		Softplus:  softplusAVX2,
		Erf:       erfAVX2,
		Log:       logAVX2,
		Sin:       sinAVX2,
		Cos:       cosAVX2,
		Log1p:     log1pAVX2,
		Expm1:     expm1AVX2,
		HardSwish: hardSwishAVX2,
		Softsign:  softsignAVX2,
		Sign:      signAVX2,
		SELU:      seluAVX2,
	},
	cpu.AVX512: {
		Neg:       negAVX512,
		Abs:       absAVX512,
		Square:    squareAVX512,
		Sqrt:      sqrtAVX512,
		Rsqrt:     rsqrtAVX512,
		Recip:     recipAVX512,
		Exp:       expAVX512,
		Tanh:      tanhAVX512,
		Sigmoid:   sigmoidAVX512,
		ReLU:      reluAVX512,
		LeakyReLU: leakyReLUAVX512,
		SiLU:      siluAVX512,
		ELU:       eluAVX512,
		Step:      stepAVX512,
		Scale:     scaleAVX512,
		Shift:     shiftAVX512,
		Affine:    affineAVX512,
		Clamp:     clampAVX512,
		GELU:      geluAVX512,
		GELUTanh:  geluTanhAVX512,
		Mish:      mishAVX512,
		Softplus:  softplusAVX512,
		Erf:       erfAVX512,
		Log:       logAVX512,
		Sin:       sinAVX512,
		Cos:       cosAVX512,
		Log1p:     log1pAVX512,
		Expm1:     expm1AVX512,
		HardSwish: hardSwishAVX512,
		Softsign:  softsignAVX512,
		Sign:      signAVX512,
		SELU:      seluAVX512,
	},
}

// binaryKernels is for two vectors.
var binaryKernels = [3][binaryOps]vectorFunc{
	cpu.AVX2: {
		Add:           plusAVX2,
		Sub:           subAVX2,
		Mul:           mulAVX2,
		Div:           divAVX2,
		Max:           maxAVX2,
		Min:           minAVX2,
		Eq:            equalAVX2,
		Less:          lessAVX2,
		GradReLU:      gradReLUAVX2,
		GradLeaky:     gradLeakyAVX2,
		GradTanh:      gradTanhAVX2,
		GradSigmoid:   gradSigmoidAVX2,
		GradELU:       gradELUAVX2,
		GradSiLU:      gradSiLUAVX2,
		GradSoftplus:  gradSoftplusAVX2,
		GradSELU:      gradSELUAVX2,
		GradGELU:      gradGELUAVX2,
		GradGELUTanh:  gradGELUTanhAVX2,
		GradMish:      gradMishAVX2,
		GradHardSwish: gradHardSwishAVX2,
		GradSoftsign:  gradSoftsignAVX2,
	},
	cpu.AVX512: {
		Add:           plusAVX512,
		Sub:           subAVX512,
		Mul:           mulAVX512,
		Div:           divAVX512,
		Max:           maxAVX512,
		Min:           minAVX512,
		Eq:            equalAVX512,
		Less:          lessAVX512,
		GradReLU:      gradReLUAVX512,
		GradLeaky:     gradLeakyAVX512,
		GradTanh:      gradTanhAVX512,
		GradSigmoid:   gradSigmoidAVX512,
		GradELU:       gradELUAVX512,
		GradSiLU:      gradSiLUAVX512,
		GradSoftplus:  gradSoftplusAVX512,
		GradSELU:      gradSELUAVX512,
		GradGELU:      gradGELUAVX512,
		GradGELUTanh:  gradGELUTanhAVX512,
		GradMish:      gradMishAVX512,
		GradHardSwish: gradHardSwishAVX512,
		GradSoftsign:  gradSoftsignAVX512,
	},
}

// scalarKernels has a for the second operand.
var scalarKernels = [3][Less + 1]vectorFunc{
	cpu.AVX2: {
		Add:  plusScalarAVX2,
		Sub:  subScalarAVX2,
		Mul:  mulScalarAVX2,
		Div:  divScalarAVX2,
		Max:  maxScalarAVX2,
		Min:  minScalarAVX2,
		Eq:   equalScalarAVX2,
		Less: lessScalarAVX2,
	},
	cpu.AVX512: {
		Add:  plusScalarAVX512,
		Sub:  subScalarAVX512,
		Mul:  mulScalarAVX512,
		Div:  divScalarAVX512,
		Max:  maxScalarAVX512,
		Min:  minScalarAVX512,
		Eq:   equalScalarAVX512,
		Less: lessScalarAVX512,
	},
}

// swappedKernels has a for the first operand.
var swappedKernels = [3][Less + 1]vectorFunc{
	cpu.AVX2: {
		Add:  plusSwappedAVX2,
		Sub:  subSwappedAVX2,
		Mul:  mulSwappedAVX2,
		Div:  divSwappedAVX2,
		Max:  maxSwappedAVX2,
		Min:  minSwappedAVX2,
		Eq:   equalSwappedAVX2,
		Less: lessSwappedAVX2,
	},
	cpu.AVX512: {
		Add:  plusSwappedAVX512,
		Sub:  subSwappedAVX512,
		Mul:  mulSwappedAVX512,
		Div:  divSwappedAVX512,
		Max:  maxSwappedAVX512,
		Min:  minSwappedAVX512,
		Eq:   equalSwappedAVX512,
		Less: lessSwappedAVX512,
	},
}

// reduceKernels stores one number.
var reduceKernels = [3][SumAbs + 1]vectorFunc{
	cpu.AVX2: {
		SumOf:      sumOfAVX2,
		MaxOf:      maxOfAVX2,
		MinOf:      minOfAVX2,
		SumSquares: sumSquaresAVX2,
		SumAbs:     sumAbsAVX2,
	},
	cpu.AVX512: {
		SumOf:      sumOfAVX512,
		MaxOf:      maxOfAVX512,
		MinOf:      minOfAVX512,
		SumSquares: sumSquaresAVX512,
		SumAbs:     sumAbsAVX512,
	},
}

var axpyKernels = [3]vectorFunc{cpu.AVX2: axpyAVX2, cpu.AVX512: axpyAVX512}

var mulAddKernels = [3]vectorFunc{cpu.AVX2: mulAddAVX2, cpu.AVX512: mulAddAVX512}

var dotKernels = [3]vectorFunc{cpu.AVX2: dotAVX2, cpu.AVX512: dotAVX512}

// noEscape returns a pointer to x's elements. The assembly keeps no pointer, which
// the compiler cannot know of a function in a table: without the detour, slices
// on a caller's stack would move to the heap. While the address is a number, the
// stack must not move: so nothing may be called here, checks of pointers neither.
//
//go:nosplit
//go:nocheckptr
func noEscape(x []float32) *float32 {
	p := uintptr(unsafe.Pointer(unsafe.SliceData(x)))
	return *(**float32)(unsafe.Pointer(&p))
}

func unaryVectors(op UnaryOp, dst, x []float32, a, b float64) bool {
	return callVectors(unaryKernels[kind][op], dst, x, x, float32(a), float32(b))
}

func binaryVectors(op BinaryOp, dst, x, y []float32, a float64) bool {
	return callVectors(binaryKernels[kind][op], dst, x, y, float32(a), 0)
}

func scalarVectors(op BinaryOp, dst, x []float32, y float32, swap bool) bool {
	switch {
	case op > Less:
		return false
	case swap:
		return callVectors(swappedKernels[kind][op], dst, x, x, y, 0)
	}
	return callVectors(scalarKernels[kind][op], dst, x, x, y, 0)
}

func axpyVectors(a float32, x, y []float32) bool {
	return callVectors(axpyKernels[kind], y, x, x, a, 0)
}

func mulAddVectors(dst, x, y []float32) bool {
	return callVectors(mulAddKernels[kind], dst, x, y, 0, 0)
}

// callVectors reports whether there is such a kernel. dst, x and y are equally
// long.
func callVectors(f vectorFunc, dst, x, y []float32, a, b float32) bool {
	switch {
	case f == nil:
		return false
	case len(x) > 2*passChunk:
		j := vectorJobs.take()
		*j = vectorJob{f, dst, x, y, a, b}
		par.Run(parts(len(x), passChunk), j)
		*j = vectorJob{}
		vectorJobs.put(j)
	case len(x) > 0:
		f(noEscape(dst), noEscape(x), noEscape(y), len(x), a, b)
	}
	return true
}

// vectorJob is a loop over many elements, shared among the cores.
type vectorJob struct {
	f         vectorFunc
	dst, x, y []float32
	a, b      float32
}

var vectorJobs pool[vectorJob]

// Do does a chunk.
func (j *vectorJob) Do(chunk int) {
	from, to := chunk*passChunk, min((chunk+1)*passChunk, len(j.x))
	j.f(&j.dst[from], &j.x[from], &j.y[from], to-from, j.a, j.b)
}

func reduceVectors(op ReduceOp, x []float32) (result float64, done bool) {
	return foldVectors(reduceKernels[kind][op], x, x)
}

func dotVectors(x, y []float32) (result float64, done bool) {
	return foldVectors(dotKernels[kind], x, y)
}

func foldVectors(f vectorFunc, x, y []float32) (float64, bool) {
	if f == nil || len(x) == 0 {
		return 0, false
	}
	var result [1]float32
	f(noEscape(result[:]), noEscape(x), noEscape(y), len(x), 0, 0)
	return float64(result[0]), true
}

// passKernels holds the passes: functions of a *passArgs and a length.
var passKernels = [3][passes]func(a *byte, n int){
	cpu.AVX2: {
		passSgd:             sgdAVX2,
		passMomentum:        momentumAVX2,
		passNesterov:        nesterovAVX2,
		passAdam:            adamAVX2,
		passRmsprop:         rmspropAVX2,
		passRmspropMomentum: rmspropMomentumAVX2,
		passRmspropCentered: rmspropCenteredAVX2,
		passRmspropBoth:     rmspropBothAVX2,
		passAdagrad:         adagradAVX2,
		passAdadelta:        adadeltaAVX2,
		passNormCols:        normColsAVX2,
		passAddSquares:      addSquaresAVX2,
		passAddDots:         addDotsAVX2,
		passNormColsGrad:    normColsGradAVX2,
		passSquaresLess:     squaresLessAVX2,
		passNormRow:         normRowAVX2,
		passNormRowSums:     normRowSumsAVX2,
		passNormRowGrad:     normRowGradAVX2,
		passExpSum:          expSumAVX2,
		passSumOfExp:        sumOfExpAVX2,
		passLessTwo:         lessTwoAVX2,
		passSoftmaxGrad:     softmaxGradAVX2,
	},
	cpu.AVX512: {
		passSgd:             sgdAVX512,
		passMomentum:        momentumAVX512,
		passNesterov:        nesterovAVX512,
		passAdam:            adamAVX512,
		passRmsprop:         rmspropAVX512,
		passRmspropMomentum: rmspropMomentumAVX512,
		passRmspropCentered: rmspropCenteredAVX512,
		passRmspropBoth:     rmspropBothAVX512,
		passAdagrad:         adagradAVX512,
		passAdadelta:        adadeltaAVX512,
		passNormCols:        normColsAVX512,
		passAddSquares:      addSquaresAVX512,
		passAddDots:         addDotsAVX512,
		passNormColsGrad:    normColsGradAVX512,
		passSquaresLess:     squaresLessAVX512,
		passNormRow:         normRowAVX512,
		passNormRowSums:     normRowSumsAVX512,
		passNormRowGrad:     normRowGradAVX512,
		passExpSum:          expSumAVX512,
		passSumOfExp:        sumOfExpAVX512,
		passLessTwo:         lessTwoAVX512,
		passSoftmaxGrad:     softmaxGradAVX512,
	},
}

// passVectors does a pass over n elements, and reports whether there is one.
func passVectors(id passID, n int, a *passArgs) bool {
	f := passKernels[kind][id]
	if f != nil && n > 0 {
		f(hidden(a), n)
		runtime.KeepAlive(a) // and all that it points to
	}
	return f != nil
}

// hidden is noEscape of what a pass works on.
//
//go:nosplit
//go:nocheckptr
func hidden(a *passArgs) *byte {
	p := uintptr(unsafe.Pointer(a))
	return *(**byte)(unsafe.Pointer(&p))
}
