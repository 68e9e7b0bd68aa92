//go:build noasm || !amd64

package cpu

import "runtime"

// Best returns the most capable kind that this machine is.
func Best() Kind { return Plain }

// Pause gives way to other goroutines; it stands in for the instruction that
// other builds use.
func Pause(int) { runtime.Gosched() }
