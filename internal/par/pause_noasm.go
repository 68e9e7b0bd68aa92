//go:build noasm || !amd64

package par

import "runtime"

// pause gives way to other goroutines; it stands in for the instruction that
// other builds use.
func pause(int) { runtime.Gosched() }
