package kernel

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
	gemmGo(transA, transB, m, n, k, a, lda, b, ldb, c, ldc, ep)
}

// GemmBatch computes batch matrix products C = op(A)·op(B) of dense matrices
// whose first elements lie strideA, strideB and strideC apart; a stride of 0
// uses the same matrix each time.
func GemmBatch[T Float](batch int, transA, transB bool, m, n, k int, a []T, strideA int, b []T, strideB int, c []T, strideC int) {
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	for i := range batch {
		Gemm(transA, transB, m, n, k, a[i*strideA:], lda, b[i*strideB:], ldb, c[i*strideC:], n, Epilogue[T]{})
	}
}
