package par

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Tests of a pool of their own: what one test does to it no other test sees.

// do turns a function into a task.
type do func(chunk int)

func (f do) Do(chunk int) { f(chunk) }

// countOf returns a task that counts its chunks' runs, and what tells whether
// each ran the given number of times.
func countOf(chunks int) (*count, func(t *testing.T, want int32)) {
	c := &count{ran: make([]atomic.Int32, chunks)}
	return c, func(t *testing.T, want int32) {
		t.Helper()
		for i := range c.ran {
			if got := c.ran[i].Load(); got != want {
				t.Fatalf("chunk %d of %d ran %d times, want %d", i, chunks, got, want)
			}
		}
	}
}

func TestChunksComeInOrderWithOneWorker(t *testing.T) {
	p := newPool()
	p.setLimit(1)
	var seen []int
	p.run(50, do(func(i int) { seen = append(seen, i) }))
	want := make([]int, 50)
	for i := range want {
		want[i] = i
	}
	if !slices.Equal(seen, want) {
		t.Errorf("chunks ran in the order %v", seen)
	}
}

func TestOneChunkIsTheCallers(t *testing.T) {
	p := newPool()
	p.setLimit(4)
	for range 100 {
		ran := 0 // unguarded: the race detector would see another goroutine
		p.run(1, do(func(int) { ran++ }))
		if ran != 1 {
			t.Fatalf("one chunk ran %d times", ran)
		}
	}
	if p.started != 0 {
		t.Errorf("one chunk started %d workers", p.started)
	}
}

func TestNoChunksNoCalls(t *testing.T) {
	p := newPool()
	p.setLimit(4)
	for _, chunks := range []int{0, -1} {
		p.run(chunks, do(func(i int) { t.Errorf("%d chunks: chunk %d ran", chunks, i) }))
	}
}

func TestWorkersStartOnDemand(t *testing.T) {
	p := newPool()
	for _, c := range []struct{ limit, chunks, started int }{
		{1, 100, 0}, {2, 1, 0}, {2, 100, 1}, {4, 2, 1}, {4, 3, 2}, {4, 100, 3}, {2, 100, 3}, {7, 5, 4}, {7, 100, 6},
	} {
		p.setLimit(c.limit)
		task, ran := countOf(c.chunks)
		p.run(c.chunks, task)
		ran(t, 1)
		if p.started != c.started {
			t.Errorf("after %d chunks with %d workers, %d are started, want %d", c.chunks, c.limit, p.started, c.started)
		}
	}
}

// TestLimitIsKept: never more goroutines inside at once than SetWorkers said,
// also after it was higher.
func TestLimitIsKept(t *testing.T) {
	p := newPool()
	for _, limit := range []int{6, 2, 3, 1, 5} {
		p.setLimit(limit)
		var inside, most atomic.Int32
		for range 30 {
			p.run(40, do(func(int) {
				n := inside.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				runtime.Gosched()
				inside.Add(-1)
			}))
		}
		if m := int(most.Load()); m > limit {
			t.Errorf("%d goroutines were inside at once with %d workers", m, limit)
		}
		if inside.Load() != 0 {
			t.Fatal("Run returned before its chunks did")
		}
	}
}

// TestWritesAreSeen: what chunks wrote, the caller reads after Run without
// more ado, and the next job's chunks too.
func TestWritesAreSeen(t *testing.T) {
	p := newPool()
	p.setLimit(4)
	x, y := make([]int, 1000), make([]int, 1000)
	for round := range 200 {
		p.run(10, do(func(c int) {
			for i := c * 100; i < (c+1)*100; i++ {
				x[i] = i + round
			}
		}))
		p.run(10, do(func(c int) {
			for i := c * 100; i < (c+1)*100; i++ {
				y[i] = x[999-i] // another chunk's
			}
		}))
		for i, v := range y {
			if v != 999-i+round {
				t.Fatalf("round %d: y[%d] = %d, want %d", round, i, v, 999-i+round)
			}
		}
	}
}

// TestManySubmittersAtOnce: each sees its own chunks done and nobody else's,
// whoever has the pool.
func TestManySubmittersAtOnce(t *testing.T) {
	p := newPool()
	p.setLimit(3)
	var all sync.WaitGroup
	for id := range 12 {
		all.Go(func() {
			x := make([]int, 9)
			for round := range 150 {
				p.run(len(x), do(func(i int) { x[i] = id*1_000_000 + round*100 + i }))
				for i, v := range x {
					if want := id*1_000_000 + round*100 + i; v != want {
						t.Errorf("submitter %d, round %d: chunk %d left %d, want %d", id, round, i, v, want)
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// TestNestedThreeDeep: the innermost chunks run once for each way to them.
func TestNestedThreeDeep(t *testing.T) {
	p := newPool()
	for _, limit := range []int{1, 2, 5} {
		p.setLimit(limit)
		task, ran := countOf(4)
		p.run(3, do(func(int) {
			p.run(5, do(func(int) { p.run(4, task) }))
		}))
		ran(t, 15)
	}
}

// TestNestedPanic: a panic in an inner job goes through the outer one, and
// both are closed.
func TestNestedPanic(t *testing.T) {
	p := newPool()
	for _, limit := range []int{1, 2, 5} {
		p.setLimit(limit)
		cause := errors.New("deep")
		got := catch(func() {
			p.run(6, do(func(i int) {
				p.run(3, do(func(k int) {
					if i == 4 && k == 1 {
						panic(cause)
					}
				}))
			}))
		})
		if got != cause {
			t.Errorf("%d workers: the panic came out as %v", limit, got)
		}
		if p.busy.Load() {
			t.Errorf("%d workers: the pool is still taken", limit)
		}
		task, ran := countOf(20)
		p.run(20, task)
		ran(t, 1)
	}
}

// TestEveryChunkPanics: exactly one cause comes out, one of those thrown.
func TestEveryChunkPanics(t *testing.T) {
	p := newPool()
	for _, limit := range []int{1, 2, 3, 7} {
		p.setLimit(limit)
		for range 100 {
			got, ok := catch(func() { p.run(8, do(func(i int) { panic(i) })) }).(int)
			if !ok || got < 0 || got > 7 {
				t.Fatalf("%d workers: recovered %v", limit, got)
			}
		}
		task, ran := countOf(30)
		p.run(30, task)
		ran(t, 1)
	}
}

// TestPanicDropsTheRest: chunks that have not begun when one panics never do,
// and none runs after Run has panicked.
func TestPanicDropsTheRest(t *testing.T) {
	p := newPool()
	p.setLimit(2)
	for range 20 {
		var ran atomic.Int32
		catch(func() {
			p.run(100_000, do(func(i int) {
				if i == 3 {
					panic("stop")
				}
				ran.Add(1)
				runtime.Gosched()
			}))
		})
		after := ran.Load()
		if after == 100_000-1 {
			t.Error("all other chunks ran after a panic")
		}
		runtime.Gosched()
		if now := ran.Load(); now != after {
			t.Errorf("%d chunks ran after Run had panicked", now-after)
		}
	}
}

// TestPanicsOfManySubmitters: each caller gets its own panic back, or none.
func TestPanicsOfManySubmitters(t *testing.T) {
	p := newPool()
	p.setLimit(3)
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			for round := range 60 {
				var want any
				if (id+round)%3 == 0 {
					want = fmt.Sprint(id, "-", round)
				}
				got := catch(func() {
					p.run(7, do(func(i int) {
						if i == round%7 && want != nil {
							panic(want)
						}
					}))
				})
				if got != want {
					t.Errorf("submitter %d, round %d: recovered %v, want %v", id, round, got, want)
				}
			}
		})
	}
	all.Wait()
}

// TestWorkersChangeBetweenJobs: the limit may change at any time; each job is
// done once whatever it is.
func TestWorkersChangeBetweenJobs(t *testing.T) {
	p := newPool()
	stop := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := 0; ; n = (n + 1) % 6 {
			select {
			case <-stop:
				return
			default:
				p.setLimit(n)
				runtime.Gosched()
			}
		}
	})
	for range 500 {
		task, ran := countOf(11)
		p.run(11, task)
		ran(t, 1)
	}
	close(stop)
	changing.Wait()
}

// TestNobodyWaitsForever: while one job holds the pool, others are served by
// their callers alone.
func TestNobodyWaitsForever(t *testing.T) {
	p := newPool()
	p.setLimit(2)
	inside, leave := make(chan struct{}), make(chan struct{})
	var holder sync.WaitGroup
	var once sync.Once
	holder.Go(func() {
		p.run(2, do(func(int) {
			once.Do(func() { close(inside) })
			<-leave
		}))
	})
	<-inside
	for range 50 {
		task, ran := countOf(6)
		p.run(6, task) // must not wait for the holder
		ran(t, 1)
	}
	close(leave)
	holder.Wait()
	task, ran := countOf(6)
	p.run(6, task)
	ran(t, 1)
}

// TestPoolLetsGoOfItsTask: a job's memory is not kept alive by the pool.
func TestPoolLetsGoOfItsTask(t *testing.T) {
	p := newPool()
	p.setLimit(3)
	task, _ := countOf(10)
	p.run(10, task)
	if p.task != nil || p.cause != nil || p.failed.Load() || p.busy.Load() {
		t.Errorf("after a job: task %v, cause %v, failed %v, busy %v", p.task, p.cause, p.failed.Load(), p.busy.Load())
	}
	catch(func() { p.run(10, do(func(int) { panic("x") })) })
	if p.task != nil || p.cause != nil || p.failed.Load() || p.busy.Load() {
		t.Errorf("after a panic: task %v, cause %v, failed %v, busy %v", p.task, p.cause, p.failed.Load(), p.busy.Load())
	}
}

// TestUnevenChunksAreSharedByNeed: while one worker is held in its chunk, the
// others do the rest: work is not dealt out beforehand.
func TestUnevenChunksAreSharedByNeed(t *testing.T) {
	p := newPool()
	p.setLimit(2)
	var ran atomic.Int32
	rest := make(chan struct{})
	p.run(40, do(func(i int) {
		if i == 0 {
			<-rest // until all others are done
			return
		}
		if ran.Add(1) == 39 {
			close(rest)
		}
	}))
	if ran.Load() != 39 {
		t.Errorf("%d of 39 chunks ran", ran.Load())
	}
}
