package par

import (
	"sync/atomic"
	"testing"
)

// Every number is taken once, by no more workers at once than there may be.
func TestEach(t *testing.T) {
	for _, c := range []struct{ workers, n int }{{1, 5}, {3, 100}, {8, 3}, {2, 0}, {0, 0}} {
		var at, most atomic.Int64
		taken := make([]atomic.Int64, c.n)
		Each(c.workers, c.n, func(i int) {
			now := at.Add(1)
			for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
			}
			taken[i].Add(1)
			at.Add(-1)
		})
		for i := range taken {
			if k := taken[i].Load(); k != 1 {
				t.Errorf("%d workers: %d of %d was taken %d times", c.workers, i, c.n, k)
			}
		}
		if most.Load() > int64(c.workers) {
			t.Errorf("%d workers: %d at once", c.workers, most.Load())
		}
	}
}
