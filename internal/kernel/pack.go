package kernel

import "unsafe"

// packPanel lays out a panel of op(B) for tiles: k rows of the panel's width,
// of which n columns are filled. src is its first element as stored, step the
// distance of rows there, in bytes. What the other columns hold is undefined.
func packPanel(t *tileSet, size int, dst, src unsafe.Pointer, k, n, step int, trans bool) {
	to := t.nr() * size
	switch {
	case trans && size == 4:
		transposeInto(asFloats[float32](dst), asFloats[float32](src), to, step, n, k)
	case trans:
		transposeGo[float64](dst, src, to, step, 0, n, 0, k)
	case n == t.nr() && copyRows(dst, src, to, step, k):
	default:
		for l := range k {
			copy(unsafe.Slice((*byte)(unsafe.Add(dst, l*to)), n*size), unsafe.Slice((*byte)(unsafe.Add(src, l*step)), n*size))
		}
	}
}

func asFloats[T Float](p unsafe.Pointer) *T { return (*T)(p) }

// transposeInto writes n rows of k elements at src as columns of dst.
func transposeInto(dst, src *float32, to, from, n, k int) {
	i, quads := 0, k/4
	d, s := unsafe.Pointer(dst), unsafe.Pointer(src)
	if quads > 0 {
		for lanes := transposeWidth(n - i); lanes > 0; lanes = transposeWidth(n - i) {
			transposeRows(lanes, (*float32)(unsafe.Add(d, i*4)), (*float32)(unsafe.Add(s, i*from)), to, from, quads)
			transposeGo[float32](d, s, to, from, i, i+lanes, quads*4, k)
			i += lanes
		}
	}
	transposeGo[float32](d, s, to, from, i, n, 0, k)
}

// transposeGo writes columns l0…l1-1 of rows i0…i1-1 at src as rows and
// columns of dst. Strides are in bytes.
func transposeGo[T Float](dst, src unsafe.Pointer, to, from, i0, i1, l0, l1 int) {
	size := int(unsafe.Sizeof(T(0)))
	for i := i0; i < i1; i++ {
		d, s := unsafe.Add(dst, i*size+l0*to), unsafe.Add(src, i*from+l0*size)
		for range l1 - l0 {
			*(*T)(d) = *(*T)(s)
			d, s = unsafe.Add(d, to), unsafe.Add(s, size)
		}
	}
}
