package kernel

import "unsafe"

// packPanel lays out a panel of op(B) for tiles: k rows of the panel's width,
// of which n columns are filled. src is its first element as stored, step the
// distance of rows there, in bytes. What the other columns hold is undefined.
func packPanel(t *tileSet, size int, dst, src unsafe.Pointer, k, n, step int, trans bool) {
	to := t.nr() * size
	switch {
	case trans:
		transposeAny(size, dst, src, to, step, n, k)
	case n == t.nr() && copyRows(dst, src, to, step, k):
	default:
		for l := range k {
			copy(unsafe.Slice((*byte)(unsafe.Add(dst, l*to)), n*size), unsafe.Slice((*byte)(unsafe.Add(src, l*step)), n*size))
		}
	}
}

// transposeAny writes n rows of k elements at src as columns of dst. Strides
// are in bytes.
func transposeAny(size int, dst, src unsafe.Pointer, to, from, n, k int) {
	if size == 8 {
		transposeGo[float64](dst, src, to, from, 0, n, 0, k)
		return
	}
	i, quads := 0, k/4
	for lanes := transposeWidth(n); lanes > 0 && quads > 0; lanes = transposeWidth(n - i) {
		transposeRows(lanes, (*float32)(unsafe.Add(dst, i*4)), (*float32)(unsafe.Add(src, i*from)), to, from, quads)
		transposeGo[float32](dst, src, to, from, i, i+lanes, quads*4, k)
		i += lanes
	}
	transposeGo[float32](dst, src, to, from, i, n, 0, k)
}

// addInto adds n elements at src to those at dst.
func addInto(size int, dst, src unsafe.Pointer, n int) {
	if size == 8 {
		addGo(unsafe.Slice((*float64)(dst), n), unsafe.Slice((*float64)(src), n))
		return
	}
	d, s := unsafe.Slice((*float32)(dst), n), unsafe.Slice((*float32)(src), n)
	done := addVectors(d, s)
	addGo(d[done:], s[done:])
}

func addGo[T Float](dst, src []T) {
	for i, v := range src {
		dst[i] += v
	}
}

// transposeGo writes columns l0…l1-1 of rows i0…i1-1 at src as rows and
// columns of dst. Strides are in bytes.
func transposeGo[T Float](dst, src unsafe.Pointer, to, from, i0, i1, l0, l1 int) {
	size := int(unsafe.Sizeof(T(0)))
	for i := i0; i < i1; i++ {
		for l := l0; l < l1; l++ {
			*(*T)(unsafe.Add(dst, i*size+l*to)) = *(*T)(unsafe.Add(src, i*from+l*size))
		}
	}
}

// copyMatrix copies rows of n bytes.
func copyMatrix(dst, src unsafe.Pointer, to, from, rows, n int) {
	done := copyLines(dst, src, to, from, rows, n)
	for i := range rows {
		if done < n {
			copy(unsafe.Slice((*byte)(unsafe.Add(dst, i*to+done)), n-done), unsafe.Slice((*byte)(unsafe.Add(src, i*from+done)), n-done))
		}
	}
}
