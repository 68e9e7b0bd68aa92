package kernel

import "unsafe"

// Epilogue is what happens to a product before it is stored.
type Epilogue[T Float] struct {
	Bias  []T     // one value a column, or nil
	Act   Act     // applied last
	Param float64 // slope of LeakyReLU, α of ELU
	Add   bool    // add the product to what C holds
}

// gemmGo computes C = act(op(A)·op(B) + bias), or act(C + op(A)·op(B) + bias),
// where op transposes or does not.
func gemmGo[T Float](transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int, ep Epilogue[T]) {
	for i := range m {
		for j := range n {
			var sum T
			for l := range k {
				sum += at(transA, a, lda, i, l) * at(transB, b, ldb, l, j)
			}
			if ep.Add {
				sum += c[i*ldc+j]
			}
			if ep.Bias != nil {
				sum += ep.Bias[j]
			}
			c[i*ldc+j] = sum
		}
		activate(ep.Act, ep.Param, c[i*ldc:i*ldc+n])
	}
}

// at returns element i, j of op(x).
func at[T Float](trans bool, x []T, ld, i, j int) T {
	if trans {
		i, j = j, i
	}
	return x[i*ld+j]
}

// Gemm computes the matrix product C = act(op(A)·op(B) + bias).
//
//	op(A)  [m, k]   A is stored [k, m] if transA
//	op(B)  [k, n]   B is stored [n, k] if transB
//	C      [m, n]
//
// lda, ldb and ldc are the distances between rows as stored, in elements. C
// must not overlap A or B.
func Gemm[T Float](transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int, ep Epilogue[T]) {
	if m == 0 || n == 0 {
		return
	}
	checkMatrix("Gemm: A", stored(transA, m, k), lda, len(a))
	checkMatrix("Gemm: B", stored(transB, k, n), ldb, len(b))
	checkMatrix("Gemm: C", [2]int{m, n}, ldc, len(c))
	g := newGemm(transA, transB, m, n, k, a, lda, b, ldb, c, ldc, ep)
	g.run()
	g.free()
}

// newGemm sets up one product.
func newGemm[T Float](transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int, ep Epilogue[T]) *gemmJob {
	g := gemmJobs.take()
	size := int(unsafe.Sizeof(T(0)))
	g.set, g.size, g.batch = tiles(size), size, 1
	g.transA, g.transB, g.m, g.n, g.k = transA, transB, m, n, k
	g.a, g.b, g.c = first(a), first(b), first(c)
	g.lda, g.ldb, g.ldc = lda*size, ldb*size, ldc*size
	setEpilogue(&g.end, c, ep)
	return g
}

// GemmBatch computes batch matrix products C = op(A)·op(B) of dense matrices
// whose first elements lie strideA, strideB and strideC apart; a stride of 0
// uses the same matrix each time.
func GemmBatch[T Float](batch int, transA, transB bool, m, n, k int, a []T, strideA int, b []T, strideB int, c []T, strideC int) {
	if m == 0 || n == 0 || batch == 0 {
		return
	}
	lda, ldb := stored(transA, m, k)[1], stored(transB, k, n)[1]
	checkMatrix("GemmBatch: A", [2]int{batch, m * k}, strideA, len(a))
	checkMatrix("GemmBatch: B", [2]int{batch, k * n}, strideB, len(b))
	checkMatrix("GemmBatch: C", [2]int{batch, m * n}, strideC, len(c))
	if m*n*k >= manyChunks*chunkMacs { // each fills the cores by itself
		for i := range batch {
			Gemm(transA, transB, m, n, k, a[i*strideA:], lda, b[i*strideB:], ldb, c[i*strideC:], n, Epilogue[T]{})
		}
		return
	}
	g := newGemm(transA, transB, m, n, k, a, lda, b, ldb, c, n, Epilogue[T]{})
	g.batch, g.strideA, g.strideB, g.strideC = batch, strideA*g.size, strideB*g.size, strideC*g.size
	g.run()
	g.free()
}

// stored returns the rows and columns of a matrix as it lies in memory, where
// op of it has the given ones.
func stored(trans bool, rows, cols int) [2]int {
	if trans {
		return [2]int{cols, rows}
	}
	return [2]int{rows, cols}
}

// checkMatrix keeps the assembly inside its operands.
func checkMatrix(what string, shape [2]int, ld, length int) {
	if shape[0] > 0 && shape[1] > 0 && (shape[0]-1)*ld+shape[1] > length {
		panic("kernel." + what + " is longer than its slice")
	}
}

// first returns the address of a slice's first element; nil if it has none.
func first[T any](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }
