//go:build !noasm

package par

// pause waits about n times 40 ns without using the core's execution units,
// for loops that spin on memory another core writes.
//
//go:noescape
func pause(n int)
