package par

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// count notes how often each chunk ran.
type count struct{ ran []atomic.Int32 }

func (c *count) Do(i int) { c.ran[i].Add(1) }

// withWorkers runs f with each number of workers that tests try everywhere.
func withWorkers(t *testing.T, f func(t *testing.T)) {
	before := Workers()
	t.Cleanup(func() { SetWorkers(before) })
	for _, n := range []int{1, 2, 3, 7} {
		SetWorkers(n)
		t.Run(fmt.Sprintf("workers=%d", n), f)
	}
}

func TestRunDoesEachChunkOnce(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		for _, chunks := range []int{0, 1, 2, 3, 8, 100, 1000} {
			c := &count{ran: make([]atomic.Int32, chunks)}
			Run(chunks, c)
			for i := range c.ran {
				if n := c.ran[i].Load(); n != 1 {
					t.Fatalf("chunk %d of %d ran %d times", i, chunks, n)
				}
			}
		}
	})
}

func TestRunManyTimesInARow(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		c := &count{ran: make([]atomic.Int32, 3)}
		for range 20_000 {
			Run(3, c)
		}
		for i := range c.ran {
			if n := c.ran[i].Load(); n != 20_000 {
				t.Errorf("chunk %d ran %d times, want 20000", i, n)
			}
		}
	})
}

func TestRunFindsParkedWorkers(t *testing.T) {
	SetWorkers(4)
	defer SetWorkers(0)
	for range 5 {
		time.Sleep(5 * time.Millisecond) // long past the spinning
		c := &count{ran: make([]atomic.Int32, 64)}
		Run(64, c)
		for i := range c.ran {
			if c.ran[i].Load() != 1 {
				t.Fatalf("chunk %d ran %d times", i, c.ran[i].Load())
			}
		}
	}
}

// meet returns only when two chunks are inside at once.
type meet struct{ inside sync.WaitGroup }

func (m *meet) Do(int) { m.inside.Done(); m.inside.Wait() }

func TestWorkersRunAtOnce(t *testing.T) {
	SetWorkers(2)
	defer SetWorkers(0)
	m := new(meet)
	m.inside.Add(2)
	done := make(chan struct{})
	go func() { Run(2, m); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("two chunks never ran at the same time with 2 workers")
	}
}

// nest runs an inner job from inside each chunk.
type nest struct{ inner *count }

func (n *nest) Do(int) { Run(len(n.inner.ran), n.inner) }

func TestRunInsideRun(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		n := &nest{inner: &count{ran: make([]atomic.Int32, 5)}}
		Run(6, n)
		for i := range n.inner.ran {
			if got := n.inner.ran[i].Load(); got != 6 {
				t.Errorf("inner chunk %d ran %d times, want 6", i, got)
			}
		}
	})
}

func TestRunFromManyGoroutines(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 200 {
					c := &count{ran: make([]atomic.Int32, 7)}
					Run(7, c)
					for i := range c.ran {
						if c.ran[i].Load() != 1 {
							t.Errorf("chunk %d ran %d times", i, c.ran[i].Load())
						}
					}
				}
			})
		}
		all.Wait()
	})
}

type fault struct{ chunk int }

type failing struct {
	at    int
	again atomic.Int32
}

func (f *failing) Do(i int) {
	if i == f.at {
		panic(&fault{i})
	}
	f.again.Add(1)
}

func catch(f func()) (cause any) {
	defer func() { cause = recover() }()
	f()
	return nil
}

func TestPanicReachesCaller(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		for at := range 20 {
			f := &failing{at: at}
			cause, ok := catch(func() { Run(20, f) }).(*fault)
			if !ok || cause.chunk != at {
				t.Fatalf("panic at chunk %d reached the caller as %v", at, cause)
			}
			c := &count{ran: make([]atomic.Int32, 10)}
			Run(10, c) // the pool is sound afterwards
			for i := range c.ran {
				if c.ran[i].Load() != 1 {
					t.Fatalf("after a panic, chunk %d ran %d times", i, c.ran[i].Load())
				}
			}
		}
	})
}

func TestSetWorkersBounds(t *testing.T) {
	defer SetWorkers(0)
	for _, c := range []struct{ set, want int }{
		{0, runtime.GOMAXPROCS(0)}, {-3, runtime.GOMAXPROCS(0)}, {1, 1}, {5, 5}, {100000, maxWorkers},
	} {
		if SetWorkers(c.set); Workers() != c.want {
			t.Errorf("SetWorkers(%d): %d workers, want %d", c.set, Workers(), c.want)
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	SetWorkers(2)
	defer SetWorkers(0)
	c := &count{ran: make([]atomic.Int32, 4)}
	if n := testing.AllocsPerRun(100, func() { Run(4, c) }); n != 0 {
		t.Errorf("a Run allocates %v times", n)
	}
}

// BenchmarkForkJoin is what handing two empty chunks to two workers costs.
func BenchmarkForkJoin(b *testing.B) {
	c := &count{ran: make([]atomic.Int32, 2)}
	for b.Loop() {
		Run(2, c)
	}
}
