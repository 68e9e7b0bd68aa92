package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/par"
)

// The gradient for the filters sums over all pixels the products of what a tap
// sees with dy: again a matrix product, dw = XᵀdY, whose X is never made. A
// tile has numbers of a run of taps downward and channels of dy across; its
// inner dimension is the pixels, one segment a row of dy:
//
//	          dy: channels o… of pixel p
//	          ┌──────────────┐
//	x of tap, │              │
//	channel c │      dwᵀ     │
//	  …       └──────────────┘
//
// Images are dealt out to a number of sums that depends on the shape alone.
// These are added in order and transposed at the end.

const (
	filterSums   = 8       // most partial sums
	filterFloat  = 1 << 20 // most elements in them all
	filterPixels = 512     // of a chunk, where sums are few
	sumRows      = 64      // rows that one chunk adds up
)

type filterJob struct {
	window
	s         ConvShape
	dy, dw    unsafe.Pointer
	inG, outG int
	depth     int // rows of dwᵀ: taps and channels of a group
	sums      int // partial sums
	splits    int // parts that dy's panels are cut into
	partial   buffer
	dwT       unsafe.Pointer
	adding    bool // the chunks now are rows of dwᵀ to add and transpose
}

var filterJobs pool[filterJob]

func newFilter[T Float](s *ConvShape) *filterJob {
	j := filterJobs.take()
	j.s, j.size = *s, int(unsafe.Sizeof(T(0)))
	j.set = tiles(j.size)
	j.images, j.inC = s.N, s.C
	j.inG, j.outG = s.C/s.Groups, s.O/s.Groups
	j.depth = s.KH * s.KW * j.inG
	j.v.forwardTaps(s.H, s.OH, s.KH, s.StrideH, s.DilH, s.PadTop)
	j.h.forwardTaps(s.W, s.OW, s.KW, s.StrideW, s.DilW, s.PadLeft)
	return j
}

func (j *filterJob) free() {
	j.set, j.in, j.dy, j.dw, j.dwT = nil, nil, nil, nil, nil
	filterJobs.put(j)
}

func (j *filterJob) run() {
	j.plan()
	elems := j.depth * j.s.O
	most := max(min(filterSums, filterFloat/elems), 1)
	if j.rowChunks == 1 { // each chunk reads and writes all of its sum: let it give much
		j.perChunk = max(j.perChunk, min(parts(filterPixels, j.v.out*j.h.out), parts(j.images, most)))
	}
	j.sums = min(most, j.chunks())
	j.splits = min(max(filterSums/j.sums, 1), parts(j.outG, j.set.nr()))
	j.dwT = j.partial.bytes(j.sums * elems * j.size)
	if winogradFits(&j.window, j.s.O, j.s.Groups) {
		j.sums = 1
		j.winograd()
	} else {
		j.each(j.sums*j.splits, j.images*j.v.out*j.h.out*elems)
	}
	j.adding = true
	j.each(j.s.Groups*parts(j.depth, sumRows), elems*j.sums)
	j.adding = false
}

func (j *filterJob) each(chunks, work int) {
	if chunks > 1 && work >= chunkMacs {
		par.Run(chunks, j)
		return
	}
	for i := range chunks {
		j.Do(i)
	}
}

// Do computes a partial sum, or adds up a few rows of all.
func (j *filterJob) Do(chunk int) {
	if j.adding {
		blocks := parts(j.depth, sumRows)
		j.addUp(chunk/blocks, chunk%blocks*sumRows)
		return
	}
	s := takeScratch()
	defer s.put()
	sum, split := chunk/j.splits, chunk%j.splits
	panels := parts(j.outG, j.set.nr())
	cols := span{cut(panels, j.splits, split) * j.set.nr(), min(cut(panels, j.splits, split+1)*j.set.nr(), j.outG)}
	dst := unsafe.Add(j.dwT, sum*j.depth*j.s.O*j.size)
	from, to := cut(j.chunks(), j.sums, sum), cut(j.chunks(), j.sums, sum+1)
	for c := from; c < to; c++ {
		j.at(s, c)
		j.add(s, cols, dst, c > from)
	}
}

// add adds what the chunk gives to columns cols of dst.
func (j *filterJob) add(s *scratch, cols span, dst unsafe.Pointer, add bool) {
	t := &s.tile
	pixel := j.s.O * j.size
	row := j.s.OW * pixel
	s.offsets = s.offsets[:0]
	for i := range s.images.len() {
		for r := range s.rows.len() {
			s.offsets = append(s.offsets, [2]int{i*s.imagePitch + r*j.v.stride*s.pitch, (i*j.s.OH + r) * row})
		}
	}
	t.offsets, t.segments, t.length = &s.offsets[0], len(s.offsets), j.s.OW
	t.aStep, t.bStep, t.cStep = j.h.stride*j.inC*j.size, pixel, j.outG*j.size
	t.add, t.relu, t.bias, t.nextLeft = flag(add), 0, nil, 0
	x, dy := s.base, unsafe.Add(j.dy, (s.images.from*j.s.OH+s.rows.from)*row)
	for g := range j.s.Groups {
		for col := cols.from; col < cols.to; col += j.set.nr() {
			nv, n := j.set.fit(j.outG-col, j.set.nr())
			t.lanes = j.set.mask(n-(nv-1)*j.set.lanes, j.size)
			t.b = unsafe.Add(dy, (g*j.outG+col)*j.size)
			j.taps(s, nv, unsafe.Add(x, g*j.inG*j.size), unsafe.Add(dst, (g*j.depth*j.outG+col)*j.size))
		}
	}
}

// taps computes the tiles of all taps below one another, a row of taps at once
// if they see neighbouring numbers.
func (j *filterJob) taps(s *scratch, nv int, x, c unsafe.Pointer) {
	top, _ := j.v.bounds()
	left, _ := j.h.bounds()
	rows, whole := j.inG, j.s.Groups == 1 && j.h.dense()
	if whole {
		rows *= len(j.h.taps)
	}
	run := 0
	for _, v := range j.v.taps {
		for _, h := range j.h.taps {
			a := unsafe.Add(x, (v-top)*s.pitch+(h-left)*j.inC*j.size)
			j.set.column(&s.tile, colOrder, nv, rows, a, j.size, unsafe.Add(c, run*rows*s.tile.cStep))
			run++
			if whole {
				break
			}
		}
	}
}

// addUp adds the partial sums of rows row… of group g's dwᵀ and writes them
// into dw as columns.
func (j *filterJob) addUp(g, row int) {
	rows := min(sumRows, j.depth-row)
	at := unsafe.Add(j.dwT, (g*j.depth+row)*j.outG*j.size)
	for i := 1; i < j.sums; i++ {
		addInto(j.size, at, unsafe.Add(at, i*j.depth*j.s.O*j.size), rows*j.outG)
	}
	dst := unsafe.Add(j.dw, (g*j.outG*j.depth+row)*j.size)
	transposeAny(j.size, dst, at, j.depth*j.size, j.outG*j.size, rows, j.outG)
}
