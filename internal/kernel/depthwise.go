package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// In a depthwise convolution each channel has a filter of its own, so there is
// nothing to multiply matrices for: it is an element-wise sum over taps, like
// pooling with weights.

type depthwiseOp int

const (
	depthwiseForward depthwiseOp = iota
	depthwiseData                // adds to x
	depthwiseFilter              // adds to the weights
)

// isDepthwise reports whether the assembly for one filter a channel fits.
func (s *ConvShape) isDepthwise() bool {
	return s.Groups == s.C && s.O == s.C && s.C >= 4 && depthwiseKernel(depthwiseForward) != nil
}

// depthwiseJob is a depthwise convolution or one of its gradients on its way.
type depthwiseJob struct {
	s         ConvShape
	op        depthwiseOp
	x, y      []float32
	bias      unsafe.Pointer
	floor     float32
	act       Act
	param     float64
	weights   buffer // [KH·KW, C]; for their gradient, as many sums of these
	w         unsafe.Pointer
	zeros     buffer
	sums      int // partial sums of the weights' gradient
	rowChunks int // chunks of an image
}

var depthwiseJobs pool[depthwiseJob]

// runDepthwise computes op; w is [C, KH, KW].
func runDepthwise(s *ConvShape, op depthwiseOp, x, w, y, bias []float32, act Act, param float64) {
	j := depthwiseJobs.take()
	j.s, j.op, j.x, j.y, j.act, j.param = *s, op, x, y, act, param
	j.floor = -inf32
	if act == backstage.ReLU {
		j.act, j.floor = backstage.None, 0
	}
	taps := s.KH * s.KW
	j.rowChunks, j.sums = 1, 1
	switch op {
	case depthwiseForward:
		j.rowChunks = parts(s.OH, poolRows)
		j.setBias(bias)
	case depthwiseFilter:
		j.sums = min(filterSums, s.N)
	}
	j.w = j.weights.bytes(j.sums * taps * s.C * 4)
	chunks := s.N * j.rowChunks
	if op == depthwiseFilter {
		chunks = j.sums
		clear(unsafe.Slice((*float32)(j.w), j.sums*taps*s.C))
	} else {
		transposeAny(4, j.w, first(w), s.C*4, taps*4, s.C, taps)
	}
	j.each(chunks)
	if op == depthwiseFilter {
		j.total(w)
	}
	j.x, j.y, j.w, j.bias = nil, nil, nil, nil
	depthwiseJobs.put(j)
}

func (j *depthwiseJob) each(chunks int) {
	if chunks > 1 && len(j.y)*j.s.KH*j.s.KW >= chunkMacs {
		par.Run(chunks, j)
		return
	}
	for i := range chunks {
		j.Do(i)
	}
}

// setBias points bias at zeros if there is none.
func (j *depthwiseJob) setBias(bias []float32) {
	if bias != nil {
		j.bias = first(bias)
		return
	}
	j.bias = j.zeros.bytes(j.s.C * 4)
	clear(unsafe.Slice((*float32)(j.bias), j.s.C))
}

// total adds up the partial sums and writes them as filters.
func (j *depthwiseJob) total(dw []float32) {
	taps := j.s.KH * j.s.KW
	for i := 1; i < j.sums; i++ {
		addInto(4, j.w, unsafe.Add(j.w, i*taps*j.s.C*4), taps*j.s.C)
	}
	transposeAny(4, first(dw), j.w, taps*4, j.s.C*4, taps, j.s.C)
}

// Do does some rows of an image; for the filters' gradient, some images.
func (j *depthwiseJob) Do(chunk int) {
	s := &j.s
	w := takeScratch()
	defer w.put()
	if j.op == depthwiseFilter {
		for n := cut(s.N, j.sums, chunk); n < cut(s.N, j.sums, chunk+1); n++ {
			j.rows(w, n, span{0, s.OH}, unsafe.Add(j.w, chunk*s.KH*s.KW*s.C*4))
		}
		return
	}
	n, r := chunk/j.rowChunks, chunk%j.rowChunks
	if image := s.H * s.W * s.C; j.op == depthwiseData {
		clear(j.x[n*image:][:image])
	}
	rows := span{cut(s.OH, j.rowChunks, r), cut(s.OH, j.rowChunks, r+1)}
	j.rows(w, n, rows, j.w)
	row := s.OW * s.C
	if j.op == depthwiseForward {
		activateFast(j.act, j.param, j.y[(n*s.OH+rows.from)*row:(n*s.OH+rows.to)*row])
	}
}

// rows does rows of image n with the weights at weights.
func (j *depthwiseJob) rows(w *scratch, n int, rows span, weights unsafe.Pointer) {
	s, a := &j.s, &w.pool
	rest := s.C % tiles(4).lanes
	*a = poolArgs{x: unsafe.Pointer(&j.x[n*s.H*s.W*s.C]), arg: weights, step: s.StrideW * s.C * 4, channels: s.C * 4,
		bits: uintptr(1)<<rest - 1, table: unsafe.Pointer(&laneMask[max(8-rest, 0)]), iota: &iota16, scale: j.floor, bias: j.bias}
	inner := s.innerCols()
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

// innerCols returns the outputs in a row whose taps all lie in the image.
func (s *ConvShape) innerCols() span {
	last := s.W - 1 - (s.KW-1)*s.DilW + s.PadLeft // of the leftmost tap
	if last < 0 {
		return span{}
	}
	return span{min(parts(s.PadLeft, s.StrideW), s.OW), min(last/s.StrideW+1, s.OW)}
}

// pixels does some outputs of a row that see the same taps.
func (j *depthwiseJob) pixels(w *scratch, n, oh, ow, pixels int) {
	s, a := &j.s, &w.pool
	w.taps = w.taps[:0]
	for kh := range s.KH {
		for kw := range s.KW {
			row, col := oh*s.StrideH+kh*s.DilH-s.PadTop, ow*s.StrideW+kw*s.DilW-s.PadLeft
			if row >= 0 && row < s.H && col >= 0 && col < s.W {
				w.taps = append(w.taps, (row*s.W+col)*s.C*4, (kh*s.KW+kw)*s.C*4)
			}
		}
	}
	if len(w.taps) == 0 {
		j.outside(((n*s.OH+oh)*s.OW+ow)*s.C, pixels)
		return
	}
	a.taps, a.count, a.pixels = &w.taps[0], len(w.taps)/2, pixels
	a.y = unsafe.Pointer(&j.y[((n*s.OH+oh)*s.OW+ow)*s.C])
	depthwiseKernel(j.op)((*byte)(unsafe.Pointer(a)))
}

// outside gives the result of outputs that see no pixel: the bias.
func (j *depthwiseJob) outside(at, pixels int) {
	if j.op != depthwiseForward {
		return
	}
	bias := unsafe.Slice((*float32)(j.bias), j.s.C)
	for i := range pixels * j.s.C {
		j.y[at+i] = max(bias[i%j.s.C], j.floor)
	}
}
