//go:build poison || race

package tensor

import (
	"math"
	"unsafe"
)

// poison fills freed memory with NaN, so that a stale read shows.
func poison(b *buffer) {
	for i := range b.bytes / 4 {
		*(*float32)(unsafe.Add(b.ptr, 4*i)) = float32(math.NaN())
	}
}
