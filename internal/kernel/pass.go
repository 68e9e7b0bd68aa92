package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/par"
)

// passID names a pass: one way through several streams of float32, which does
// several steps of work on each element. Each is part of one kernel, which
// says what it computes.
type passID uint8

// The passes that there is assembly for.
const (
	passSgd passID = iota
	passMomentum
	passNesterov
	passAdam
	passRmsprop
	passRmspropMomentum
	passRmspropCentered
	passRmspropBoth
	passAdagrad
	passAdadelta
	passNormCols
	passAddSquares
	passAddDots
	passNormColsGrad
	passSquaresLess
	passNormRow
	passNormRowSums
	passNormRowGrad
	passExpSum
	passSumOfExp
	passLessTwo
	passSoftmaxGrad
	passes
)

// passArgs is what a pass works on. The generated assembly reads it by offset:
// keep the order.
type passArgs struct {
	stream [7]*float32 // equally long, those that the pass has
	c      [12]float32 // coefficients
	sum    [2]float32  // what it added up
}

// stream returns the address of x's elements, which are float32.
func stream[T Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }

// coefficients returns the arguments of a pass over these streams.
func coefficients(c ...float64) (a passArgs) {
	for i, v := range c {
		a.c[i] = float32(v)
	}
	return a
}

// passChunk is how many elements of a long pass one worker does at a time.
const passChunk = 1 << 14

// passJob is a pass that is shared among the workers.
type passJob struct {
	id   passID
	n    int
	args passArgs
}

var passJobs pool[passJob]

// sharedPass does a pass that has no sums, on all cores if it is long. It
// reports whether there is such a pass.
func sharedPass(id passID, n int, a *passArgs) bool {
	if n <= 2*passChunk {
		return passVectors(id, n, a)
	}
	if !passVectors(id, 0, a) {
		return false
	}
	j := passJobs.take()
	j.id, j.n, j.args = id, n, *a
	par.Run(parts(n, passChunk), j)
	*j = passJob{}
	passJobs.put(j)
	return true
}

// Do does one chunk.
func (j *passJob) Do(chunk int) {
	a, from := j.args, chunk*passChunk
	for i, p := range a.stream {
		if p != nil {
			a.stream[i] = (*float32)(unsafe.Add(unsafe.Pointer(p), 4*from))
		}
	}
	passVectors(j.id, min(passChunk, j.n-from), &a)
}
