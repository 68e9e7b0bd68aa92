package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// A convolution is a matrix product whose rows of A are not copied together:
// the pixels that a filter sees are KH runs of KW·C numbers in the image, and
// the next pixel's runs begin StrideW·C numbers further on. So the tiles of
// the matrix product read the image itself, one segment a run; only near the
// edges, where runs leave the image, they read a padded copy of a few rows.
//
// The gradient for x slides in the same way over dy, once for each residue of
// x's rows and columns modulo the strides, with the taps that reach it.

// slideBytes bounds the part of the input that one chunk works on, so that it
// and the filters stay in the second cache.
const slideBytes = 192 << 10

// axis is how the windows slide along one axis.
type axis struct {
	in, out int   // sizes of input and output
	stride  int   // input steps for an output step
	taps    []int // input offsets of the taps, ascending or descending
	filter  []int // each tap's index in the filter
}

// bounds returns the least and the greatest tap.
func (a *axis) bounds() (lo, hi int) {
	lo, hi = a.taps[0], a.taps[0]
	for _, t := range a.taps {
		lo, hi = min(lo, t), max(hi, t)
	}
	return lo, hi
}

// dense reports whether each tap follows the one before.
func (a *axis) dense() bool {
	for i := 1; i < len(a.taps); i++ {
		if a.taps[i] != a.taps[i-1]+1 {
			return false
		}
	}
	return true
}

// forwardTaps sets the taps of the convolution itself.
func (a *axis) forwardTaps(in, out, kernel, stride, dil, pad int) {
	a.in, a.out, a.stride = in, out, stride
	a.taps, a.filter = a.taps[:0], a.filter[:0]
	for k := range kernel {
		a.taps, a.filter = append(a.taps, k*dil-pad), append(a.filter, k)
	}
}

// backwardTaps sets the taps through which dy reaches the elements of x at
// phase, phase + stride, …: those that fall on elements of dy.
func (a *axis) backwardTaps(in, out, kernel, stride, dil, pad, phase int) {
	a.in, a.out, a.stride = out, (in-phase+stride-1)/stride, 1
	a.taps, a.filter = a.taps[:0], a.filter[:0]
	for k := kernel - 1; k >= 0; k-- { // so that the taps ascend
		if at := phase + pad - k*dil; at%stride == 0 {
			a.taps, a.filter = append(a.taps, at/stride), append(a.filter, k)
		}
	}
}

// slideJob is a convolution or its gradient for x on its way.
type slideJob struct {
	window
	s         ConvShape
	end       ending
	w, out    unsafe.Pointer
	outC      int // channels of the output
	inG, outG int // channels of a group
	outPixel  int // bytes between outputs in a row,
	outRow    int // between rows,
	outImage  int // and between images
	data      bool
	packing   bool
	packed    buffer
	panels    unsafe.Pointer
	depth     int // rows of a packed panel
}

var slideJobs pool[slideJob]

func newSlide[T Float](s *ConvShape) *slideJob {
	j := slideJobs.take()
	j.s, j.size = *s, int(unsafe.Sizeof(T(0)))
	j.set = tiles(j.size)
	j.images = s.N
	return j
}

func (j *slideJob) free() {
	j.set, j.in, j.w, j.out, j.panels, j.end = nil, nil, nil, nil, nil, ending{}
	slideJobs.put(j)
}

func (j *slideJob) forward() {
	s := &j.s
	j.data, j.inC, j.outC = false, s.C, s.O
	j.inG, j.outG = s.C/s.Groups, s.O/s.Groups
	j.v.forwardTaps(s.H, s.OH, s.KH, s.StrideH, s.DilH, s.PadTop)
	j.h.forwardTaps(s.W, s.OW, s.KW, s.StrideW, s.DilW, s.PadLeft)
	j.outPixel, j.outRow, j.outImage = s.O*j.size, s.OW*s.O*j.size, s.OH*s.OW*s.O*j.size
	j.run()
}

func (j *slideJob) backward() {
	s := &j.s
	j.data, j.inC, j.outC = true, s.O, s.C
	j.inG, j.outG = s.O/s.Groups, s.C/s.Groups
	row := s.W * s.C * j.size
	j.outPixel, j.outRow, j.outImage = s.StrideW*s.C*j.size, s.StrideH*row, s.H*row
	dx := j.out
	for ph := range min(s.StrideH, s.H) {
		for pw := range min(s.StrideW, s.W) {
			j.v.backwardTaps(s.H, s.OH, s.KH, s.StrideH, s.DilH, s.PadTop, ph)
			j.h.backwardTaps(s.W, s.OW, s.KW, s.StrideW, s.DilW, s.PadLeft, pw)
			j.out = unsafe.Add(dx, ph*row+pw*s.C*j.size)
			if len(j.v.taps) > 0 && len(j.h.taps) > 0 {
				j.run()
			}
		}
	}
}

// run packs the filters and slides them over all images.
func (j *slideJob) run() {
	j.plan()
	j.depth = len(j.v.taps) * len(j.h.taps) * j.inG
	panels := parts(j.outG, j.set.nr()) * j.s.Groups
	j.panels = j.packed.bytes(panels * j.panelBytes())
	j.packing = true
	j.each(panels, panels*j.panelBytes()/8)
	j.packing = false
	if !j.end.add && winogradFits(&j.window, j.outC, j.s.Groups) {
		j.winograd()
		return
	}
	j.each(j.chunks(), j.images*j.v.out*j.h.out*j.depth*j.outC)
}

func (j *slideJob) each(chunks, work int) {
	if chunks > 1 && work >= chunkMacs {
		par.Run(chunks, j)
		return
	}
	for i := range chunks {
		j.Do(i)
	}
}

func (j *slideJob) panelBytes() int { return j.depth * j.set.nr() * j.size }

// Do packs a panel of filters or computes some rows of the output.
func (j *slideJob) Do(chunk int) {
	if j.packing {
		j.pack(chunk)
		return
	}
	s := takeScratch()
	defer s.put()
	j.at(s, chunk)
	j.segments(s)
	t := &s.tile
	t.aStep, t.bStep, t.cStep = j.h.stride*j.inC*j.size, j.set.nr()*j.size, j.outPixel
	t.add, t.relu = flag(j.end.add), flag(j.end.act == backstage.ReLU)
	for g := range j.s.Groups {
		for col := 0; col < j.outG; col += j.set.nr() {
			j.column(s, g, col)
		}
	}
	j.finish(s)
}

// pack lays out one panel: rows are taps and input channels, columns outputs.
func (j *slideJob) pack(panel int) {
	nr, across := j.set.nr(), parts(j.outG, j.set.nr())
	g, col := panel/across, panel%across*nr
	n := min(nr, j.outG-col)
	cg := j.s.C / j.s.Groups
	filter := j.s.KH * j.s.KW * cg * j.size // bytes of one filter
	dst := unsafe.Add(j.panels, panel*j.panelBytes())
	if !j.data {
		packPanel(j.set, j.size, dst, unsafe.Add(j.w, (g*j.outG+col)*filter), j.depth, n, filter, true)
		return
	}
	for y, kh := range j.v.filter {
		for x, kw := range j.h.filter {
			src := unsafe.Add(j.w, g*j.inG*filter+((kh*j.s.KW+kw)*cg+col)*j.size)
			tap := y*len(j.h.filter) + x
			packPanel(j.set, j.size, unsafe.Add(dst, tap*j.inG*nr*j.size), src, j.inG, n, filter, false)
		}
	}
}

// segments fills the table of segments: one for each row of taps if its taps
// see neighbouring numbers, else one for each tap.
func (j *slideJob) segments(s *scratch) {
	t := &s.tile
	top, _ := j.v.bounds()
	left, _ := j.h.bounds()
	s.offsets = s.offsets[:0]
	whole := j.s.Groups == 1 && j.h.dense()
	t.length = j.inG
	if whole {
		t.length *= len(j.h.taps)
	}
	for _, v := range j.v.taps {
		for _, h := range j.h.taps {
			b := len(s.offsets) * t.length * j.set.nr() * j.size
			s.offsets = append(s.offsets, [2]int{(v-top)*s.pitch + (h-left)*j.inC*j.size, b})
			if whole {
				break
			}
		}
	}
	t.offsets, t.segments = &s.offsets[0], len(s.offsets)
}

// column computes the outputs col… of group g, as many as a panel has, for all
// pixels of the chunk.
func (j *slideJob) column(s *scratch, g, col int) {
	t := &s.tile
	nv, n := j.set.fit(j.outG-col, j.set.nr())
	t.lanes = j.set.mask(n-(nv-1)*j.set.lanes, j.size)
	channel := g*j.outG + col
	t.bias = nil
	if j.end.bias != nil {
		t.bias = unsafe.Add(j.end.bias, channel*j.size)
	}
	t.b = unsafe.Add(j.panels, (g*parts(j.outG, j.set.nr())+col/j.set.nr())*j.panelBytes())
	t.nextLeft = 0
	if col+n < j.outG {
		t.next, t.nextLeft = unsafe.Add(t.b, j.panelBytes()), j.panelBytes()
	}
	for i := s.images.from; i < s.images.to; i++ {
		a := unsafe.Add(s.base, (i-s.images.from)*s.imagePitch+g*j.inG*j.size)
		c := unsafe.Add(j.out, i*j.outImage+s.rows.from*j.outRow+channel*j.size)
		for r := range s.rows.len() {
			j.set.column(t, rowOrder, nv, j.h.out, unsafe.Add(a, r*j.v.stride*s.pitch), t.aStep, unsafe.Add(c, r*j.outRow))
		}
	}
}

// finish applies what activation the tiles did not.
func (j *slideJob) finish(s *scratch) {
	if !j.end.later() {
		return
	}
	for i := s.images.from; i < s.images.to; i++ {
		j.end.finish(i*j.outImage+s.rows.from*j.outRow, s.rows.len()*j.h.out, j.outC, j.outPixel)
	}
}
