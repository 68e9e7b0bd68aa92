package kernel

import (
	"time"

	"github.com/limpid-ml/limpid/internal/par"
)

// peakTask has each worker do rounds of independent multiply-adds.
type peakTask struct {
	rounds int
	loop   func(rounds int)
}

func (p *peakTask) Do(int) { p.loop(p.rounds) }

// Peak measures how many floating-point operations on T the workers can do in
// a second, in units of 10⁹: a loop of nothing but fused multiply-adds in
// registers, about 0.2 ms of it, the fastest of five. Benchmarks compare
// themselves with it. It is 0 for the variant "go", which has no such loop.
func Peak[T Float]() float64 {
	loop, flop := peakLoop(wide[T]())
	if loop == nil {
		return 0
	}
	t := &peakTask{rounds: 50_000, loop: loop}
	best := time.Hour
	for range 5 {
		began := time.Now()
		par.Run(par.Workers(), t)
		best = min(best, time.Since(began))
	}
	return float64(flop*t.rounds*par.Workers()) / best.Seconds() / 1e9
}
