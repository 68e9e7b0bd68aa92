package kernel

// repeated is a product C = A·op(B) + bias, or C + A·op(B), that is done many
// times with one B: B is laid out once.
type repeated[T Float] struct {
	g      *gemmJob
	transB bool
	n, k   int
	m      int
	b      []T
	ep     Epilogue[T]
}

// repeat sets up products of m rows. free gives back what it holds.
func repeat[T Float](times int, transB bool, m, n, k int, b []T, ep Epilogue[T]) (r repeated[T]) {
	r = repeated[T]{m: m, n: n, k: k, b: b, ep: ep, transB: transB}
	if m*n*k == 0 || times < 2 {
		return r
	}
	ldb := stored(transB, k, n)[1]
	checkMatrix("repeat: B", stored(transB, k, n), ldb, len(b))
	g := newGemm(false, transB, m, n, k, nil, k, b, ldb, nil, n, ep)
	g.plan()
	g.shared = g.packed.bytes(parts(n, g.set.nr()) * g.panelBytes(k))
	g.packing = true
	g.each(g.packChunks(), n*k*packMacs)
	g.packing = false
	r.g = g
	return r
}

// do computes one product.
func (r *repeated[T]) do(a, c []T) {
	g := r.g
	if g == nil {
		Gemm(false, r.transB, r.m, r.n, r.k, a, r.k, r.b, stored(r.transB, r.k, r.n)[1], c, r.n, r.ep)
		return
	}
	checkMatrix("repeat: A", [2]int{r.m, r.k}, r.k, len(a))
	checkMatrix("repeat: C", [2]int{r.m, r.n}, r.n, len(c))
	g.a, g.c = first(a), first(c)
	setEpilogue(&g.end, c, r.ep)
	g.each(g.rowChunks*g.colChunks, r.m*r.n*r.k)
}

func (r *repeated[T]) free() {
	if r.g != nil {
		r.g.free()
	}
}
