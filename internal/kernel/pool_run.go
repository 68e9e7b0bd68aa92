package kernel

import (
	"math"
	"unsafe"

	"github.com/limpid-ml/limpid/internal/par"
)

// poolOp is one of the four kernels of pooling.
type poolOp int

const (
	maxPooling poolOp = iota
	maxPoolingGrad
	avgPooling
	avgPoolingGrad
)

// grad reports whether the kernel adds to x; the others read it.
func (op poolOp) grad() bool { return op == maxPoolingGrad || op == avgPoolingGrad }

const (
	poolRows  = 16      // output rows of a chunk
	poolSmall = 1 << 14 // elements not worth sharing among cores
)

// poolArgs says what a call of the assembly does: some output pixels in a row
// that see their windows through the same taps. It is read by offset: keep the
// order. Distances are in bytes.
type poolArgs struct {
	x, y     unsafe.Pointer // the image; the first output
	arg      unsafe.Pointer // the first output's index; depthwise: the weights
	taps     *int           // offsets from x, for the first output; depthwise: each followed by that of its weights
	count    int            // taps, at least one
	pixels   int            // outputs
	step     int            // of x, from one output to the next
	first    int            // flat index of x
	channels int            // bytes of a pixel
	bits     uintptr        // lanes of the last vector of channels: as a mask,
	table    unsafe.Pointer // and as a vector
	iota     *[16]int32     // 0, 1, 2, …
	scale    float32        // of averages; depthwise: the least result
	bias     unsafe.Pointer // depthwise
}

var iota16 = [16]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// poolJob is a pooling on its way.
type poolJob struct {
	s         PoolShape
	op        poolOp
	wide      bool // float64: x64 and y64 hold the operands
	x32, y32  []float32
	x64, y64  []float64
	arg       []int32
	rowChunks int // chunks of an image
}

var poolJobs pool[poolJob]

func runPool[T Float](s *PoolShape, op poolOp, x, y []T, arg []int32) {
	in, out := s.H*s.W*s.C, s.OH*s.OW*s.C
	x, y = x[:s.N*in], y[:s.N*out]
	if arg != nil {
		arg = arg[:len(y)]
	}
	j := poolJobs.take()
	j.s, j.op, j.arg, j.wide = *s, op, arg, wide[T]()
	if j.wide {
		j.x64, j.y64 = as64(x), as64(y)
	} else {
		j.x32, j.y32 = as32(x), as32(y)
	}
	j.rowChunks = 1
	if !op.grad() { // gradients of neighbouring rows may meet in x
		j.rowChunks = parts(s.OH, poolRows)
	}
	if chunks := s.N * j.rowChunks; chunks > 1 && len(x) >= poolSmall {
		par.Run(chunks, j)
	} else {
		for i := range chunks {
			j.Do(i)
		}
	}
	*j = poolJob{}
	poolJobs.put(j)
}

// Do does some rows of the output of an image.
func (j *poolJob) Do(chunk int) {
	s := &j.s
	n, r := chunk/j.rowChunks, chunk%j.rowChunks
	rows := span{cut(s.OH, j.rowChunks, r), cut(s.OH, j.rowChunks, r+1)}
	image := s.H * s.W * s.C
	if j.op.grad() && !j.wide {
		clear(j.x32[n*image:][:image])
	} else if j.op.grad() {
		clear(j.x64[n*image:][:image])
	}
	if len(j.x32) > 0 && s.C >= 4 && poolKernel(j.op) != nil {
		j.vectors(n, rows)
		return
	}
	from, to := (n*s.OH+rows.from)*s.OW*s.C, (n*s.OH+rows.to)*s.OW*s.C
	if !j.wide {
		poolGo(s, j.op, j.x32, j.y32, j.arg, from, to)
	} else {
		poolGo(s, j.op, j.x64, j.y64, j.arg, from, to)
	}
}

func poolGo[T Float](s *PoolShape, op poolOp, x, y []T, arg []int32, from, to int) {
	switch op {
	case maxPooling:
		maxPoolGo(s, x, y, arg, from, to)
	case maxPoolingGrad:
		maxPoolGradGo(y, arg, x, from, to)
	case avgPooling:
		avgPoolGo(s, x, y, from, to)
	case avgPoolingGrad:
		avgPoolGradGo(s, y, x, from, to)
	}
}

// vectors does rows of image n by the assembly.
func (j *poolJob) vectors(n int, rows span) {
	s := &j.s
	w := takeScratch()
	defer w.put()
	a := &w.pool
	*a = poolArgs{step: s.StrideW * s.C * 4, channels: s.C * 4, iota: &iota16, first: n * s.H * s.W * s.C}
	a.x = unsafe.Pointer(&j.x32[a.first])
	rest := s.C % tiles(4).lanes
	a.bits, a.table = uintptr(1)<<rest-1, unsafe.Pointer(&laneMask[max(8-rest, 0)])
	if j.op == maxPooling && j.arg == nil {
		a.arg = w.a.bytes(s.OW * s.C * 4)
	}
	inner := span{parts(s.PadLeft, s.StrideW), max(s.W-s.KW+s.PadLeft, -1)/s.StrideW + 1}
	if s.W-s.KW+s.PadLeft < 0 {
		inner.to = 0
	}
	inner = span{min(inner.from, s.OW), min(max(inner.to, 0), s.OW)}
	for oh := rows.from; oh < rows.to; oh++ {
		for ow := 0; ow < s.OW; {
			pixels := 1
			if ow >= inner.from && ow < inner.to {
				pixels = inner.to - ow
			}
			j.pixels(w, n, oh, ow, pixels)
			ow += pixels
		}
	}
}

// pixels does some outputs of a row that see the same taps.
func (j *poolJob) pixels(w *scratch, n, oh, ow, pixels int) {
	s, a := &j.s, &w.pool
	at := ((n*s.OH+oh)*s.OW + ow) * s.C
	h0, h1, w0, w1 := s.window(oh, ow)
	w.taps = w.taps[:0]
	for h := h0; h < h1; h++ {
		for c := w0; c < w1; c++ {
			w.taps = append(w.taps, (h*s.W+c)*s.C*4)
		}
	}
	if len(w.taps) == 0 {
		j.empty(at, pixels*s.C)
		return
	}
	a.taps, a.count, a.pixels = &w.taps[0], len(w.taps), pixels
	a.y, a.scale = unsafe.Pointer(&j.y32[at]), 1/float32(s.count(oh, ow))
	if j.arg != nil {
		a.arg = unsafe.Pointer(&j.arg[at])
	}
	poolKernel(j.op)((*byte)(unsafe.Pointer(a)))
}

// empty gives the result of windows with no pixel.
func (j *poolJob) empty(at, n int) {
	for i := at; i < at+n && !j.op.grad(); i++ {
		j.y32[i] = 0
		if j.op == maxPooling {
			j.y32[i] = float32(math.Inf(-1))
		}
		if j.arg != nil {
			j.arg[i] = -1
		}
	}
}
