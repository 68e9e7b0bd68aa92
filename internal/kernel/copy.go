package kernel

// Fill sets every element of dst to v.
func Fill[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// transposeTile is the side of the squares that Transpose takes one by one, so
// that both matrices' lines stay in the cache.
const transposeTile = 16

// Transpose sets dst [cols, rows] to the transpose of src [rows, cols].
func Transpose[T any](dst, src []T, rows, cols int) {
	for r0 := 0; r0 < rows; r0 += transposeTile {
		for c0 := 0; c0 < cols; c0 += transposeTile {
			for c := c0; c < min(c0+transposeTile, cols); c++ {
				out := dst[c*rows:][:rows]
				for r := r0; r < min(r0+transposeTile, rows); r++ {
					out[r] = src[r*cols+c]
				}
			}
		}
	}
}
