package par

import (
	"sync"
	"sync/atomic"
)

// Each calls f for 0 to n−1, at most so many at once, and returns when all are
// done. It is for work that is coarse and uneven, a file or a small network a
// call: each worker is a goroutine that takes the next number. Run is for what
// is cut finely.
func Each(workers, n int, f func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(workers, n) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	running.Wait()
}
