//go:build noasm || !amd64

package cpu

// Best returns the most capable kind that this machine is.
func Best() Kind { return Plain }
