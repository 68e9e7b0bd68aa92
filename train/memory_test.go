package train

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
)

func TestASteadyStepAllocatesNothing(t *testing.T) {
	for name, step := range map[string]func(){
		"MLP": mlpStep(t), "CNN": cnnStep(t, optim.Adam{LR: 1e-3}, 8), "tiny": tinyStep(t),
	} {
		for range 3 {
			step()
		}
		if n := testing.AllocsPerRun(5, step); n != 0 {
			t.Errorf("%s: %g allocations a step", name, n)
		}
	}
}

func TestPartsAndClippingAllocateNothing(t *testing.T) {
	x, y := normal(1, 16, 20), labels(2, 16, 3)
	u := NewUpdater(busy(t), optim.Adam{LR: 1e-3})
	u.Clip, u.ClipValue, u.Schedule = 0.01, 0.1, optim.Cosine(100)
	f := func(p *nn.Pass, k int) T {
		return loss.CrossEntropy(u.Net.Forward(p, x), y)
	}
	step := func() { must(u.StepN(3, f)) }
	step()
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("%g allocations a step", n)
	}
}

// resident returns the bytes of memory that the process holds.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	return must(strconv.Atoi(strings.Fields(string(text))[1])) * os.Getpagesize()
}

// TestMemoryStaysFlat trains for 500 steps, or 10,000 if LIMPID_LONG is set,
// with epochs that end in a short batch, measuring, an average and a log.
func TestMemoryStaysFlat(t *testing.T) {
	steps := 500
	if os.Getenv("LIMPID_LONG") != "" {
		steps = 10000
	}
	const per, slack = 25, 8 << 20
	c := Config{Data: spirals(1, 800-5), Validate: spirals(2, 100), Batch: 32, Epochs: steps / per,
		Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 1e-3}, Dir: t.TempDir()}
	early, late := 0, 0
	c.Observers = []Observer{EMA(0.9), ObserverFunc(func(_ *Updater, e Event) error {
		if s, ok := e.(StepDone); ok {
			switch s.Step {
			case 100:
				early = resident(t)
			case steps:
				late = resident(t)
			}
		}
		return nil
	})}
	if _, err := Fit(context.Background(), classifier(t, 1), c); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d steps: %d KiB, then %d KiB", steps, early>>10, late>>10)
	if late-early > slack {
		t.Errorf("resident memory grows from %d to %d bytes", early, late)
	}
}
