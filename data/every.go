package data

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// maxListed bounds how many faults an error names.
const maxListed = 20

// faults is what is wrong with some of many examples.
type faults struct {
	of  int
	all []error // in the examples' order
}

func (f *faults) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d have faults:", len(f.all), f.of)
	for i, err := range f.all {
		if i == maxListed {
			fmt.Fprintf(&b, "\n\tand %d more", len(f.all)-i)
			break
		}
		fmt.Fprintf(&b, "\n\t%v", err)
	}
	b.WriteString("\n\tfix: correct, replace or remove them")
	return b.String()
}

// Unwrap returns the single faults.
func (f *faults) Unwrap() []error { return f.all }

// every calls do for 0…n−1 on all processors, and returns all errors, in order,
// as one; or the context's.
func every(ctx context.Context, n int, do func(i int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[i] = do(i)
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	f := &faults{of: n}
	for _, err := range errs {
		if err != nil {
			f.all = append(f.all, err)
		}
	}
	if f.all == nil {
		return nil
	}
	return f
}
