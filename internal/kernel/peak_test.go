package kernel

import (
	"runtime"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/internal/par"
)

// againstPeak times f, which does the given floating-point operations, in
// turn with a loop of nothing but multiply-adds on as many workers, and
// reports f's rate and its share of that peak. Each is judged by its fastest
// run, for others use this machine too.
func againstPeak[T Float](b *testing.B, flop int, f func()) {
	par.SetWorkers(runtime.GOMAXPROCS(0)) // as -cpu asks
	defer par.SetWorkers(0)
	f()
	best, peak := time.Hour, 0.0
	rounds := max(int(2e7)/(flop+1), 1)
	working, measuring := time.Duration(0), time.Duration(0)
	for b.Loop() {
		began := time.Now()
		for range rounds {
			f()
		}
		took := time.Since(began)
		best = min(best, took/time.Duration(rounds))
		working += took
		if measuring <= working/4 { // as often as not to crowd out what is measured
			peak = max(peak, Peak[T]())
			measuring += time.Since(began) - took
		}
	}
	rate := float64(flop) / best.Seconds() / 1e9
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/peak, "%peak")
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns")
	b.ReportMetric(float64(par.Workers()), "workers")
}
