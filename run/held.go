package run

import (
	"os"
	"sync"
)

// held has every *Run whose lock this process holds.
var held sync.Map

// Held tells whether this process holds the lock of the run in dir. A part of
// a program that is handed a run's folder, as train.Fit is, then works under
// that lock and leaves run.json to the holder.
func Held(dir string) bool {
	here, err := os.Stat(dir)
	found := false
	held.Range(func(r, _ any) bool {
		there, err := os.Stat(r.(*Run).Dir)
		found = err == nil && os.SameFile(here, there)
		return !found
	})
	return err == nil && found
}
