package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// Three-by-three convolutions with stride 1 take a quarter of the
// multiplications by Winograd's F(4×4, 3×3): a tile of 4 by 4 outputs is
//
//	Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A
//
// where d are the 6 by 6 inputs it depends on, g the filter, and ⊙ multiplies
// element by element. Summed over channels, ⊙ becomes 36 matrix products of
// tiles by filters. The transformations are exact but for rounding, of which
// there is some ten times that of the plain sum.
//
// Source: Lavin and Gray 2016, "Fast algorithms for convolutional neural
// networks".

const (
	winogradOut    = 4                       // outputs of a tile, each way
	winogradIn     = 6                       // inputs of a tile, each way
	winogradPoints = winogradIn * winogradIn // elements of a transformed tile
	winogradBytes  = 640 << 10               // of a chunk's transformed tiles
	winogradFloats = 1 << 14                 // most elements of filters, for a tap
)

// winogradArgs says what a call of the assembly transforms. It is read by
// offset: keep the order. Distances are in bytes.
type winogradArgs struct {
	src, dst, tmp    unsafe.Pointer
	bias             unsafe.Pointer // outputs only
	srcRow, srcCol   int
	dstRow, dstCol   int
	srcTile, dstTile int
	tiles            int
	bytes            int // of the vectors' elements, side by side
	floor            float32
}

// winogradStep names the transformations.
type winogradStep int

const (
	inputStep winogradStep = iota
	filterStep
	outputStep
	outputGradStep
	filterGradStep
)

func (a *winogradArgs) do(step winogradStep) {
	winogradKernel(step)((*byte)(unsafe.Pointer(a)))
}

// winogradJob is one convolution, or its gradient for x, by Winograd's way.
// The window's rows and columns are those of tiles.
type winogradJob struct {
	window
	of      *slideJob
	filters buffer
	zeros   buffer
	u       unsafe.Pointer // transformed filters [36, panels, inC, nr]
	uPoint  int            // bytes between points
	bias    unsafe.Pointer
	packing bool
}

var winogradJobs pool[winogradJob]

// tileAxis has the axis slide by tiles of the axis a.
func (t *axis) tileAxis(a *axis) {
	lo, _ := a.bounds()
	t.in, t.out, t.stride = a.in, parts(a.out, winogradOut), winogradOut
	t.taps = append(t.taps[:0], lo, lo+winogradIn-1)
}

// three reports whether the axis has three taps side by side, stride 1, and
// fills most of its tiles.
func (a *axis) three() bool {
	return a.stride == 1 && len(a.taps) == 3 && a.dense() && a.out*3 >= parts(a.out, winogradOut)*winogradOut*2
}

// winogradFits reports whether a convolution can be computed by tiles.
func winogradFits(w *window, outC, groups int) bool {
	return winogradKernel(inputStep) != nil && w.size == 4 && groups == 1 && w.v.three() && w.h.three() &&
		w.inC%w.set.lanes == 0 && outC%w.set.lanes == 0 && w.inC*outC <= winogradFloats && min(w.inC, outC) >= 16
}

// planTiles cuts the work so that a chunk's transformed tiles fit the cache.
func (w *window) planTiles(outC int) {
	w.plan()
	most := max(winogradBytes/(winogradPoints*(w.inC+outC)*w.size), 1)
	w.rowChunks = min(parts(w.v.out*w.h.out, most), w.v.out)
	w.perChunk = 1
	if w.rowChunks == 1 {
		w.perChunk = max(min(most/(w.v.out*w.h.out), w.images/8), 1)
	}
}

// winograd computes what j is set up for; its filters are packed.
func (j *slideJob) winograd() {
	w := winogradJobs.take()
	w.set, w.size, w.in, w.images, w.inC, w.of = j.set, j.size, j.in, j.images, j.inC, j
	w.v.tileAxis(&j.v)
	w.h.tileAxis(&j.h)
	w.planTiles(j.outC)
	panels := parts(j.outC, j.set.nr())
	w.uPoint = panels*w.panelBytes() + cacheLine
	w.u = w.filters.bytes(winogradPoints * w.uPoint)
	w.bias = j.end.bias
	if w.bias == nil {
		w.bias = w.zeros.bytes(j.outC * j.size)
		clear(unsafe.Slice((*float32)(w.bias), j.outC))
	}
	w.packing = true
	w.each(panels, panels*w.panelBytes())
	w.packing = false
	w.each(w.chunks(), j.images*j.v.out*j.h.out*j.depth*j.outC/4)
	w.set, w.in, w.of, w.u, w.bias = nil, nil, nil, nil, nil
	winogradJobs.put(w)
}

func (w *winogradJob) each(chunks, work int) {
	if chunks > 1 && work >= chunkMacs {
		par.Run(chunks, w)
		return
	}
	for i := range chunks {
		w.Do(i)
	}
}

// panelBytes is the size of one point of a panel of filters.
func (w *winogradJob) panelBytes() int { return w.inC * w.set.nr() * w.size }

// Do transforms a panel of filters, or computes some rows of tiles.
func (w *winogradJob) Do(chunk int) {
	s := takeScratch()
	defer s.put()
	if w.packing {
		w.filter(s, chunk)
		return
	}
	w.at(s, chunk)
	tiles := s.images.len() * s.rows.len() * w.h.out
	v := w.input(s, tiles)
	m, point := w.multiply(s, v, tiles)
	w.output(s, m, point)
}

func (w *winogradJob) filter(s *scratch, panel int) {
	a := &s.winograd
	tap := w.panelBytes()
	*a = winogradArgs{src: unsafe.Add(w.of.panels, panel*w.of.panelBytes()), dst: unsafe.Add(w.u, panel*tap),
		srcRow: 3 * tap, srcCol: tap, dstRow: winogradIn * w.uPoint, dstCol: w.uPoint, tiles: 1, bytes: tap}
	a.tmp = unsafe.Pointer(&s.vectors)
	a.do(filterStep)
}

// pointBytes is the distance between the points of n tiles of c channels: no
// multiple of a page, lest all points fall on the same lines of the cache.
func pointBytes(n, c, size int) int { return n*c*size + 3*cacheLine }

// input transforms a chunk's tiles of the window to [36, tiles, inC].
func (w *window) input(s *scratch, tiles int) unsafe.Pointer {
	a := &s.winograd
	pixel := w.inC * w.size
	point := pointBytes(tiles, w.inC, w.size)
	v := s.b.bytes(winogradPoints * point)
	*a = winogradArgs{tmp: unsafe.Pointer(&s.vectors), srcRow: s.pitch, srcCol: pixel, dstRow: winogradIn * point, dstCol: point,
		srcTile: winogradOut * pixel, dstTile: pixel, tiles: w.h.out, bytes: pixel}
	for i := range s.images.len() {
		for r := range s.rows.len() {
			a.src = unsafe.Add(s.base, i*s.imagePitch+r*winogradOut*s.pitch)
			a.dst = unsafe.Add(v, (i*s.rows.len()+r)*w.h.out*pixel)
			a.do(inputStep)
		}
	}
	return v
}

// multiply multiplies tiles by filters, point by point, to [36, tiles, outC].
func (w *winogradJob) multiply(s *scratch, v unsafe.Pointer, tiles int) (m unsafe.Pointer, point int) {
	outC, nr := w.of.outC, w.set.nr()
	from := pointBytes(tiles, w.inC, w.size)
	point = pointBytes(tiles, outC, w.size)
	m = s.c.bytes(winogradPoints * point)
	s.oneSegment()
	t := &s.tile
	*t = tileArgs{offsets: &s.offsets[0], segments: 1, length: w.inC, aStep: w.inC * w.size, bStep: nr * w.size, cStep: outC * w.size}
	for p := range winogradPoints {
		for col := 0; col < outC; col += nr {
			nv, n := w.set.fit(outC-col, nr)
			t.lanes = w.set.mask(n-(nv-1)*w.set.lanes, w.size)
			t.b = unsafe.Add(w.u, p*w.uPoint+col/nr*w.panelBytes())
			w.set.column(t, rowOrder, nv, tiles, unsafe.Add(v, p*from), t.aStep, unsafe.Add(m, p*point+col*w.size))
		}
	}
	return m, point
}

// output transforms products back to the outputs of the chunk.
func (w *winogradJob) output(s *scratch, m unsafe.Pointer, point int) {
	j, a := w.of, &s.winograd
	pixel := j.outC * j.size
	*a = winogradArgs{tmp: unsafe.Pointer(&s.vectors), bias: w.bias, srcRow: winogradIn * point, srcCol: point,
		srcTile: pixel, dstTile: winogradOut * j.outPixel, bytes: pixel, floor: -inf32}
	if j.end.act == backstage.ReLU {
		a.floor = 0
	}
	last := min(s.rows.to*winogradOut, j.v.out)
	for i := s.images.from; i < s.images.to; i++ {
		for r := s.rows.from; r < s.rows.to; r++ {
			rows := min(winogradOut, j.v.out-r*winogradOut)
			dst := unsafe.Add(j.out, i*j.outImage+r*winogradOut*j.outRow)
			row := (i-s.images.from)*s.rows.len() + r - s.rows.from
			w.outputRow(s, unsafe.Add(m, row*w.h.out*pixel), dst, rows)
		}
		first := s.rows.from * winogradOut
		j.end.finish(i*j.outImage+first*j.outRow, (last-first)*j.h.out, j.outC, j.outPixel)
	}
}

// outputRow writes a row of tiles, of which the given rows lie in the output.
func (w *winogradJob) outputRow(s *scratch, m, dst unsafe.Pointer, rows int) {
	j, a := w.of, &s.winograd
	whole := j.h.out / winogradOut
	if rows < winogradOut {
		whole = 0
	}
	a.src, a.dst, a.tiles = m, dst, whole
	a.dstRow, a.dstCol = j.outRow, j.outPixel
	if whole > 0 {
		a.do(outputStep)
	}
	edge := s.a2.bytes(winogradOut * winogradOut * a.bytes)
	a.dst, a.tiles, a.dstRow, a.dstCol = edge, 1, winogradOut*a.bytes, a.bytes
	for t := whole; t < w.h.out; t++ {
		a.src = unsafe.Add(m, t*a.srcTile)
		a.do(outputStep)
		cols := min(winogradOut, j.h.out-t*winogradOut)
		for r := range rows {
			for c := range cols {
				to := unsafe.Add(dst, r*j.outRow+(t*winogradOut+c)*j.outPixel)
				copy(unsafe.Slice((*byte)(to), a.bytes), unsafe.Slice((*byte)(unsafe.Add(edge, (r*winogradOut+c)*a.bytes)), a.bytes))
			}
		}
	}
}
