package kernel

import (
	"unsafe"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/internal/par"
)

// Sizes by which a product is cut. They and the shape alone decide which
// values are added in which order.
const (
	blockK     = 704     // of the inner dimension: one pass over C up to half as much again
	blockRows  = 128     // of a chunk, where rows are many
	blockCols  = 1024    // of a chunk
	manyRows   = 256     // more rows than this are cut into chunks
	chunkMacs  = 1 << 17 // multiply-adds worth handing to another core
	manyChunks = 16
	packMacs   = 8        // multiply-adds in the time that packing an element takes
	packRows   = 16       // rows of B packed at once
	nearBytes  = 16 << 10 // a matrix that stays in the first cache
	reusedB    = 28       // rows from which packing B pays
	reusedA    = 4        // panels from which packing A pays
)

// ending is an epilogue whose element type is in its slices only.
type ending struct {
	bias     unsafe.Pointer
	act      Act
	param    float64
	add      bool
	c32      []float32 // the whole of C: one of these
	c64      []float64
	elemSize int
}

func setEpilogue[T Float](e *ending, c []T, ep Epilogue[T]) {
	*e = ending{act: ep.Act, param: ep.Param, add: ep.Add, elemSize: int(unsafe.Sizeof(T(0)))}
	if ep.Bias != nil {
		e.bias = first(ep.Bias)
	}
	if wide[T]() {
		e.c64 = as64(c)
	} else {
		e.c32 = as32(c)
	}
}

// later reports whether the activation is left to finish.
func (e *ending) later() bool { return e.act != backstage.None && e.act != backstage.ReLU }

// finish applies the activation, if it is not one that tiles apply, to rows of
// n elements, the first at byte offset at of C and each step bytes further on.
func (e *ending) finish(at, rows, n, step int) {
	if !e.later() {
		return
	}
	if step == n*e.elemSize {
		rows, n = 1, rows*n
	}
	for i := range rows {
		from := (at + i*step) / e.elemSize
		if e.c64 != nil {
			activateFast(e.act, e.param, e.c64[from:from+n])
		} else {
			activateFast(e.act, e.param, e.c32[from:from+n])
		}
	}
}

// gemmJob is one matrix product, or a batch of them, on its way. Distances
// are in bytes.
type gemmJob struct {
	set                       *tileSet
	size                      int
	transA, transB            bool
	m, n, k                   int
	a, b, c                   unsafe.Pointer
	lda, ldb, ldc             int
	batch                     int
	strideA, strideB, strideC int
	end                       ending

	rowChunks, colChunks int            // how C is cut
	items                int            // of the batch in a chunk
	packing              bool           // the chunks now are panels of B to pack
	packed               buffer         // B, if several chunks share it
	shared               unsafe.Pointer // where in packed it begins; nil if not
}

var gemmJobs pool[gemmJob]

func (g *gemmJob) free() {
	g.set, g.a, g.b, g.c, g.shared, g.end = nil, nil, nil, nil, nil, ending{}
	gemmJobs.put(g)
}

func (g *gemmJob) run() {
	g.plan()
	if g.rowChunks > 1 && g.packsB() {
		panels := parts(g.n, g.set.nr())
		g.shared = g.packed.bytes(panels * g.panelBytes(g.k))
		g.packing = true
		g.each(g.packChunks(), g.n*g.k*packMacs)
		g.packing = false
	}
	g.each(g.rowChunks*g.colChunks*parts(g.batch, g.items), g.work()*g.batch)
}

// each does all chunks, on this core alone if that is less work than sharing.
func (g *gemmJob) each(chunks, macs int) {
	if chunks > 1 && macs >= chunkMacs {
		par.Run(chunks, g)
		return
	}
	for i := range chunks {
		g.Do(i)
	}
}

// work is what computing one C costs, in multiply-adds.
func (g *gemmJob) work() int {
	work := g.m * g.n * g.k
	if g.packsB() {
		work += g.n * g.k * packMacs
	}
	return work
}

// plan cuts C into chunks.
func (g *gemmJob) plan() {
	work := g.work()
	g.rowChunks, g.colChunks, g.items = 1, 1, 1
	if g.batch > 1 {
		g.items = min(max(chunkMacs/max(work, 1), 1), g.batch)
		return
	}
	want := min(work/chunkMacs, manyChunks)
	if want < 2 {
		return
	}
	if g.m > manyRows {
		g.rowChunks = (min(parts(g.m, blockRows), work/chunkMacs) + 1) / 2 * 2
		g.colChunks = parts(g.n, blockCols)
		return
	}
	g.colChunks = max(min(want, parts(g.n, g.set.nr())), parts(g.n, blockCols))
	if g.colChunks < manyChunks/4 { // too few to share out evenly
		g.rowChunks = max(min(want/g.colChunks, parts(g.m, g.set.rows)), 1)
	}
}

// packsB reports whether tiles read B from a packed copy: it pays where rows
// are many and B does not lie in the first cache anyhow.
func (g *gemmJob) packsB() bool {
	return g.transB || g.m > reusedB && g.k*g.ldb > nearBytes
}

func (g *gemmJob) panelBytes(k int) int { return k * g.set.nr() * g.size }

// panelsAtOnce is how many panels of B one chunk packs.
func (g *gemmJob) panelsAtOnce() int { return max(chunkMacs/4/max(g.k*g.set.nr(), 1), 1) }

// Do does one chunk: it packs panels of B, or computes a block of C.
func (g *gemmJob) Do(chunk int) {
	if g.packing {
		g.packShared(chunk)
		return
	}
	s := takeScratch()
	defer s.put()
	if g.batch > 1 {
		for i := chunk * g.items; i < min((chunk+1)*g.items, g.batch); i++ {
			g.block(s, i, span{0, g.m}, span{0, g.n})
		}
		return
	}
	r, c := chunk/g.colChunks, chunk%g.colChunks
	tiles, panels := parts(g.m, g.set.rows), parts(g.n, g.set.nr())
	rows := span{cut(g.m, tiles, cut(tiles, g.rowChunks, r)), cut(g.m, tiles, cut(tiles, g.rowChunks, r+1))}
	cols := span{cut(panels, g.colChunks, c) * g.set.nr(), min(cut(panels, g.colChunks, c+1)*g.set.nr(), g.n)}
	g.block(s, 0, rows, cols)
}

// packShared packs some panels of B; if B is stored by rows, some rows of all
// panels.
func (g *gemmJob) packShared(chunk int) {
	nr, across := g.set.nr(), g.panelBytes(g.k)
	depth, cols := span{0, g.k}, span{0, g.n}
	if g.transB {
		wide := g.panelsAtOnce() * nr
		cols = span{chunk * wide, min((chunk+1)*wide, g.n)}
	} else {
		depth = span{chunk * packRows, min((chunk+1)*packRows, g.k)}
	}
	g.pack(unsafe.Add(g.shared, cols.from/nr*across+depth.from*nr*g.size), across, 0, depth, cols)
}

// pack packs a part of op(B) into panels that lie across bytes apart. If B is
// stored by rows it goes a few rows at a time, which are read as they lie.
func (g *gemmJob) pack(dst unsafe.Pointer, across, item int, depth, cols span) {
	nr := g.set.nr()
	rows := depth.len()
	if !g.transB {
		rows = packRows
	}
	for l := depth.from; l < depth.to; l += rows {
		for j := cols.from; j < cols.to; j += nr {
			to := unsafe.Add(dst, (j-cols.from)/nr*across+(l-depth.from)*nr*g.size)
			packPanel(g.set, g.size, to, g.atB(item, l, j), min(rows, depth.to-l), min(nr, cols.to-j), g.ldb, g.transB)
		}
	}
}

// packChunks is how many chunks packShared does.
func (g *gemmJob) packChunks() int {
	if g.transB {
		return parts(parts(g.n, g.set.nr()), g.panelsAtOnce())
	}
	return parts(g.k, packRows)
}

// span is a range of rows or columns.
type span struct{ from, to int }

func (s span) len() int { return s.to - s.from }

// atB returns the address of element l, j of op(B).
func (g *gemmJob) atB(item, l, j int) unsafe.Pointer {
	if g.transB {
		l, j = j, l
	}
	return unsafe.Add(g.b, item*g.strideB+l*g.ldb+j*g.size)
}

func (g *gemmJob) atA(item, i, l int) unsafe.Pointer {
	if g.transA {
		i, l = l, i
	}
	return unsafe.Add(g.a, item*g.strideA+i*g.lda+l*g.size)
}

// panel is where the tiles of one block find their part of A and of B.
type panel struct {
	a        unsafe.Pointer
	aStep    int // see tileArgs
	aRow     int // distance of rows of A, or of columns of the transposed A
	order    int
	b        unsafe.Pointer
	bStep    int // distance of rows of B
	bAcross  int // distance of panels of B
	maxCols  int // columns of the widest tile
	depth    int
	lastPart bool
}

// block computes rows by cols of C, item's C if there is a batch.
func (g *gemmJob) block(s *scratch, item int, rows, cols span) {
	s.oneSegment()
	steps := max(parts(g.k, blockK+blockK/2), 1)
	for step := range steps {
		depth := span{cut(g.k, steps, step), cut(g.k, steps, step+1)}
		var p panel
		p.depth, p.lastPart = depth.len(), step == steps-1
		g.findB(s, &p, item, depth, cols)
		g.findA(s, &p, item, depth, rows, cols)
		g.tiles(s, &p, item, rows, cols, step > 0 || g.end.add)
	}
	g.end.finish(item*g.strideC+rows.from*g.ldc+cols.from*g.size, rows.len(), cols.len(), g.ldc)
}

// oneSegment sets the table of segments to that of a plain product.
func (s *scratch) oneSegment() {
	if len(s.offsets) == 0 {
		s.offsets = make([][2]int, 1)
	}
	s.offsets[0] = [2]int{}
}

// findB points p at B: as packed for all chunks, as packed here, or as it is.
func (g *gemmJob) findB(s *scratch, p *panel, item int, depth, cols span) {
	nr := g.set.nr()
	p.maxCols, p.bStep = nr, nr*g.size
	switch {
	case g.shared != nil:
		p.bAcross = g.panelBytes(g.k)
		p.b = unsafe.Add(g.shared, cols.from/nr*p.bAcross+depth.from*p.bStep)
	case g.packsB():
		p.bAcross = g.panelBytes(p.depth)
		p.b = s.b.bytes(parts(cols.len(), nr) * p.bAcross)
		g.pack(p.b, p.bAcross, item, depth, cols)
	default:
		p.b, p.bStep, p.bAcross = g.atB(item, depth.from, cols.from), g.ldb, nr*g.size
		if g.m <= g.set.lowRows {
			p.maxCols = g.set.across * g.set.lanes
		}
	}
}

// findA points p at A: as it is, or at a copy whose rows do not fall on the
// same lines of the cache.
func (g *gemmJob) findA(s *scratch, p *panel, item int, depth, rows, cols span) {
	p.a = g.atA(item, rows.from, depth.from)
	p.aStep, p.aRow, p.order = g.lda, g.lda, rowOrder
	if g.transA {
		p.aRow, p.order = g.size, colOrder
	}
	if cols.len() < reusedA*g.set.nr() || g.lda%1024 != 0 && !(g.transA && g.lda > 2048) {
		return
	}
	n, m, from := p.depth, rows.len(), p.a
	if g.transA {
		n, m = m, n
	}
	step := (n*g.size+cacheLine-1)/cacheLine*cacheLine + cacheLine
	p.a = s.a.bytes(m * step)
	copyMatrix(p.a, from, step, g.lda, m, n*g.size)
	p.aStep = step
	if !g.transA {
		p.aRow = step
	}
}

// tiles computes a block for one part of the inner dimension.
func (g *gemmJob) tiles(s *scratch, p *panel, item int, rows, cols span, add bool) {
	t := &s.tile
	t.offsets, t.segments, t.length = &s.offsets[0], 1, p.depth
	t.aStep, t.bStep, t.cStep = p.aStep, p.bStep, g.ldc
	t.add, t.relu = flag(add), flag(p.lastPart && g.end.act == backstage.ReLU)
	c := unsafe.Add(g.c, item*g.strideC+rows.from*g.ldc)
	for j := cols.from; j < cols.to; {
		nv, n := g.set.fit(cols.to-j, p.maxCols)
		t.b = unsafe.Add(p.b, (j-cols.from)/g.set.nr()*p.bAcross+(j-cols.from)%g.set.nr()*g.size)
		t.bias = nil
		if p.lastPart && g.end.bias != nil {
			t.bias = unsafe.Add(g.end.bias, j*g.size)
		}
		t.lanes = g.set.mask(n-(nv-1)*g.set.lanes, g.size)
		t.nextLeft = 0
		if p.bStep == g.set.nr()*g.size && j+n < cols.to {
			t.next, t.nextLeft = unsafe.Add(t.b, p.bAcross), p.depth*p.bStep
		}
		g.set.column(t, p.order, nv, rows.len(), p.a, p.aRow, unsafe.Add(c, j*g.size))
		j += n
	}
}

// column computes the tiles of m rows below one another.
func (s *tileSet) column(t *tileArgs, order, nv, m int, a unsafe.Pointer, aRow int, c unsafe.Pointer) {
	limit := s.rows
	if nv > 2 {
		limit = s.lowRows
	}
	of := parts(m, limit)
	for i := range of {
		from := cut(m, of, i)
		t.a, t.c = unsafe.Add(a, from*aRow), unsafe.Add(c, from*t.cStep)
		t.lookAhead()
		s.tile[order][nv][cut(m, of, i+1)-from]((*byte)(unsafe.Pointer(t)))
	}
}

// lookAhead has the next tile bring a part of what the next column needs.
func (t *tileArgs) lookAhead() {
	if t.nextLeft <= 0 {
		t.ahead = t.b
		return
	}
	t.ahead = t.next
	part := t.segments * (t.length / 4) * cacheLine
	if t.nextLeft -= part; t.nextLeft > 0 { // else next would point past the end
		t.next = unsafe.Add(t.next, part)
	}
}

// fit returns the vectors across of the tile to use where cols columns are
// left, and how many of these it does.
func (s *tileSet) fit(cols, widest int) (nv, n int) {
	cols = min(cols, widest)
	vectors := parts(cols, s.lanes)
	if vectors == 3 {
		vectors, cols = 2, 2*s.lanes
	}
	return vectors, cols
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
