//go:build !noasm

package cpu

import "golang.org/x/sys/cpu"

// Best returns the most capable kind that this machine is.
func Best() Kind {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return Plain
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL:
		return AVX512
	}
	return AVX2
}
