// Package par shares numeric work among the machine's cores. internal/kernel
// and all above it may import it; it knows nothing of any.
//
// Work is cut into chunks by its size alone, never by the number of workers,
// and a chunk writes memory that no other chunk touches: so the number of
// workers changes the time a computation takes and not one bit of its result.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Task is work cut into chunks. Do may be called by several goroutines at
// once, each time with another chunk. It should be a pointer, so that handing
// it to [Run] allocates nothing.
type Task interface {
	// Do does one chunk of the work, a number from 0.
	Do(chunk int)
}

const (
	spins      = 400  // times a worker looks for work before it parks, about 50 µs
	pauses     = 4    // pause instructions between two looks
	longWait   = 2000 // times the caller looks for the last worker before it sleeps between looks
	giveWay    = 16   // looks between two offers of the core to other goroutines
	maxWorkers = 256
)

// The word of a pool: whether a job is open, how many workers are inside it,
// and which job it is, so that a worker enters each job once.
const (
	insideMask = 1<<16 - 1
	openBit    = 1 << 16
	jobShift   = 17
)

// pool runs one job at a time.
type pool struct {
	word atomic.Uint64
	_    [56]byte // the word is polled: keep what is written during a job off its line
	next atomic.Int64
	_    [56]byte

	busy   atomic.Bool // a job has the pool
	task   Task        // written while no job is open
	chunks int

	failed atomic.Bool
	cause  any // of the first chunk that panicked

	limit   atomic.Int64 // workers that may take part, the caller included
	started int          // guarded by mu
	mu      sync.Mutex
	parked  [maxWorkers]atomic.Bool
	wake    [maxWorkers]chan struct{}
}

var shared = newPool()

func newPool() *pool {
	p := new(pool)
	p.setLimit(runtime.GOMAXPROCS(0))
	return p
}

// Run calls t.Do with every chunk from 0 to chunks-1 and returns when all have
// returned. The caller works too. If a chunk panics, Run panics with the same
// value once no worker is left inside; chunks not yet begun are dropped.
//
// Any number of goroutines may call Run at once, and a task may call it again:
// whoever finds the workers taken does all its chunks itself. The workers are
// started by the first call that needs them and live as long as the program,
// parked when there is nothing to do.
func Run(chunks int, t Task) { shared.run(chunks, t) }

// SetWorkers sets how many goroutines take part in a Run, the caller among
// them; less than 1 means as many as GOMAXPROCS allows at the time, more than
// 256 means 256.
func SetWorkers(n int) { shared.setLimit(n) }

// Workers returns the number that SetWorkers set.
func Workers() int { return int(shared.limit.Load()) }

func (p *pool) setLimit(n int) {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	p.limit.Store(int64(min(n, maxWorkers)))
}

func (p *pool) run(chunks int, t Task) {
	helpers := min(int(p.limit.Load()), chunks) - 1
	if helpers < 1 || !p.busy.CompareAndSwap(false, true) {
		for i := range chunks {
			t.Do(i)
		}
		return
	}
	p.open(chunks, t, helpers)
	defer p.finish()
	for i := p.next.Add(1) - 1; i < int64(chunks); i = p.next.Add(1) - 1 {
		t.Do(int(i))
	}
}

// open publishes a job and wakes parked workers for it.
func (p *pool) open(chunks int, t Task, helpers int) {
	p.task, p.chunks = t, chunks
	p.next.Store(0)
	job := p.word.Load()>>jobShift + 1
	p.word.Store(job<<jobShift | openBit)
	if p.started < helpers { // only the holder of busy starts workers
		p.start(helpers)
	}
	for i := range helpers {
		if p.parked[i].Load() && p.parked[i].CompareAndSwap(true, false) {
			p.wake[i] <- struct{}{}
		}
	}
}

func (p *pool) start(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; p.started < n; p.started++ {
		p.wake[p.started] = make(chan struct{}, 1)
		go p.work(p.started, p.wake[p.started])
	}
}

// finish closes the job, waits for the workers inside, and passes on a panic.
// It runs deferred, so also when the caller's own chunk panicked: then that
// panic goes on by itself.
func (p *pool) finish() {
	p.next.Store(int64(p.chunks)) // if the caller panicked, the rest is dropped
	p.word.And(^uint64(openBit))
	for look := 1; p.word.Load()&insideMask != 0; look++ {
		pause(pauses)
		if look%giveWay == 0 {
			runtime.Gosched()
		}
		if look > longWait { // its thread may wait for the very core this one spins on
			time.Sleep(20 * time.Microsecond)
		}
	}
	p.task = nil
	failed, cause := p.failed.Load(), p.cause
	p.failed.Store(false)
	p.cause = nil
	p.busy.Store(false)
	if failed {
		panic(cause)
	}
}

// work is the life of worker id: look for a job, take part, and park when
// there has been none for a while.
func (p *pool) work(id int, wake chan struct{}) {
	var served uint64
	for {
		for look := 1; look <= spins; look++ {
			if w := p.word.Load(); w&openBit != 0 && w>>jobShift != served && p.enter(id, w) {
				served = w >> jobShift
				p.help()
				look = 1
			}
			pause(pauses)
			if look%giveWay == 0 {
				runtime.Gosched()
			}
		}
		p.park(id, served, wake)
	}
}

// enter counts worker id into the job that w tells of, if it is still open.
func (p *pool) enter(id int, w uint64) bool {
	for int64(id) < p.limit.Load()-1 {
		if p.word.CompareAndSwap(w, w+1) {
			return true
		}
		now := p.word.Load()
		if now&openBit == 0 || now>>jobShift != w>>jobShift {
			return false
		}
		w = now
	}
	return false
}

// help does chunks until none is left, and leaves the job.
func (p *pool) help() {
	defer p.leave()
	for i := p.next.Add(1) - 1; i < int64(p.chunks); i = p.next.Add(1) - 1 {
		p.task.Do(int(i))
	}
}

func (p *pool) leave() {
	if cause := recover(); cause != nil {
		p.next.Store(int64(p.chunks))
		p.mu.Lock()
		if !p.failed.Load() {
			p.cause = cause
			p.failed.Store(true)
		}
		p.mu.Unlock()
	}
	p.word.Add(^uint64(0))
}

// park sleeps until a job needs worker id. A job that opened before parked was
// set may have missed it, hence the second look.
func (p *pool) park(id int, served uint64, wake chan struct{}) {
	p.parked[id].Store(true)
	w := p.word.Load()
	missed := w&openBit != 0 && w>>jobShift != served && int64(id) < p.limit.Load()-1
	if missed && p.parked[id].CompareAndSwap(true, false) {
		return
	}
	<-wake
}
