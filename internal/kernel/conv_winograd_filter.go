package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/par"
)

// The gradient for the filters is the transpose of the way forward: tiles of x
// are transformed as there, tiles of dy by A, their products point by point
// summed over all tiles, and the sums transformed by Gᵀ:
//
//	dg = Gᵀ·[Σ (Bᵀ·d·B) ⊙ (A·dy·Aᵀ)]·G

// winogradFilterJob is such a gradient on its way. The window's rows and
// columns are those of tiles.
type winogradFilterJob struct {
	window
	of      *filterJob
	sums    int
	partial buffer
	du      unsafe.Pointer // partial sums [sums, 36, inC, O]
	point   int            // bytes between the points of a partial sum
	ending  bool           // the chunks now are rows of du to add and transform
}

var winogradFilterJobs pool[winogradFilterJob]

// endRows is how many rows of du one chunk adds up.
const endRows = 4

// winograd computes what j is set up for, but for the final transposition.
func (j *filterJob) winograd() {
	w := winogradFilterJobs.take()
	w.set, w.size, w.in, w.images, w.inC, w.of = j.set, j.size, j.in, j.images, j.inC, j
	w.v.tileAxis(&j.v)
	w.h.tileAxis(&j.h)
	w.planTiles(j.s.O)
	w.point = pointBytes(j.inC, j.s.O, j.size)
	w.sums = min(filterSums, w.chunks())
	w.du = w.partial.bytes(w.sums * winogradPoints * w.point)
	w.each(w.sums, j.images*j.v.out*j.h.out*j.depth*j.s.O/4)
	w.ending = true
	w.each(parts(w.inC, endRows), w.sums*winogradPoints*w.point/j.size)
	w.ending = false
	w.set, w.in, w.of, w.du = nil, nil, nil, nil
	winogradFilterJobs.put(w)
}

func (w *winogradFilterJob) each(chunks, work int) {
	if chunks > 1 && work >= chunkMacs {
		par.Run(chunks, w)
		return
	}
	for i := range chunks {
		w.Do(i)
	}
}

// Do computes a partial sum, or adds up a few rows of all.
func (w *winogradFilterJob) Do(chunk int) {
	s := takeScratch()
	defer s.put()
	if w.ending {
		w.end(s, chunk*endRows)
		return
	}
	from, to := cut(w.chunks(), w.sums, chunk), cut(w.chunks(), w.sums, chunk+1)
	for c := from; c < to; c++ {
		w.at(s, c)
		tiles := s.images.len() * s.rows.len() * w.h.out
		x := w.input(s, tiles)
		dy := w.outputGrad(s, tiles)
		w.multiply(s, x, dy, tiles, unsafe.Add(w.du, chunk*winogradPoints*w.point), c > from)
	}
}

// outputGrad transforms a chunk's tiles of dy to [36, tiles, O].
func (w *winogradFilterJob) outputGrad(s *scratch, tiles int) unsafe.Pointer {
	j, a := w.of, &s.winograd
	pixel := j.s.O * j.size
	row := j.s.OW * pixel
	point := pointBytes(tiles, j.s.O, j.size)
	v := s.c.bytes(winogradPoints * point)
	*a = winogradArgs{tmp: unsafe.Pointer(&s.vectors), dstRow: winogradIn * point, dstCol: point,
		srcTile: winogradOut * pixel, dstTile: pixel, bytes: pixel}
	for i := range s.images.len() {
		for r := range s.rows.len() {
			top := (s.rows.from + r) * winogradOut
			src := unsafe.Add(j.dy, ((s.images.from+i)*j.s.OH+top)*row)
			dst := unsafe.Add(v, (i*s.rows.len()+r)*w.h.out*pixel)
			w.gradRow(s, src, dst, min(winogradOut, j.s.OH-top))
		}
	}
	return v
}

// gradRow transforms a row of tiles, of which the given rows lie in dy.
func (w *winogradFilterJob) gradRow(s *scratch, src, dst unsafe.Pointer, rows int) {
	j, a := w.of, &s.winograd
	pixel := a.bytes
	whole := j.s.OW / winogradOut
	if rows < winogradOut {
		whole = 0
	}
	a.srcRow, a.srcCol, a.tiles = j.s.OW*pixel, pixel, whole
	if whole > 0 {
		a.src, a.dst = src, dst
		a.do(outputGradStep)
	}
	edge := s.a2.bytes(winogradOut * winogradOut * pixel)
	a.src, a.srcRow, a.tiles = edge, winogradOut*pixel, 1
	for t := whole; t < w.h.out; t++ {
		clear(unsafe.Slice((*byte)(edge), winogradOut*winogradOut*pixel))
		n := min(winogradOut, j.s.OW-t*winogradOut) * pixel
		for r := range rows {
			from := unsafe.Add(src, (r*j.s.OW+t*winogradOut)*pixel)
			copy(unsafe.Slice((*byte)(unsafe.Add(edge, r*winogradOut*pixel)), n), unsafe.Slice((*byte)(from), n))
		}
		a.dst = unsafe.Add(dst, t*pixel)
		a.do(outputGradStep)
	}
}

// multiply adds the products of a chunk's tiles to a partial sum.
func (w *winogradFilterJob) multiply(s *scratch, x, dy unsafe.Pointer, tiles int, du unsafe.Pointer, add bool) {
	outC := w.of.s.O
	fromX, fromY := pointBytes(tiles, w.inC, w.size), pointBytes(tiles, outC, w.size)
	s.oneSegment()
	t := &s.tile
	*t = tileArgs{offsets: &s.offsets[0], segments: 1, length: tiles, add: flag(add),
		aStep: w.inC * w.size, bStep: outC * w.size, cStep: outC * w.size}
	for p := range winogradPoints {
		for col := 0; col < outC; col += w.set.nr() {
			nv, n := w.set.fit(outC-col, w.set.nr())
			t.lanes = w.set.mask(n-(nv-1)*w.set.lanes, w.size)
			t.b = unsafe.Add(dy, p*fromY+col*w.size)
			w.set.column(t, colOrder, nv, w.inC, unsafe.Add(x, p*fromX), w.size, unsafe.Add(du, p*w.point+col*w.size))
		}
	}
}

// end adds up rows row… of the partial sums and transforms them to dwᵀ.
func (w *winogradFilterJob) end(s *scratch, row int) {
	j, a := w.of, &s.winograd
	bytes := min(endRows, w.inC-row) * j.s.O * j.size
	at := unsafe.Add(w.du, row*j.s.O*j.size)
	for i := 1; i < w.sums; i++ {
		for p := range winogradPoints {
			addInto(j.size, unsafe.Add(at, p*w.point), unsafe.Add(at, (i*winogradPoints+p)*w.point), bytes/j.size)
		}
	}
	tap := w.inC * j.s.O * j.size
	*a = winogradArgs{tmp: unsafe.Pointer(&s.vectors), src: at, dst: unsafe.Add(j.dwT, row*j.s.O*j.size), tiles: 1, bytes: bytes,
		srcRow: winogradIn * w.point, srcCol: w.point, dstRow: 3 * tap, dstCol: tap}
	a.do(filterGradStep)
}
