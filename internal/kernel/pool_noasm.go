//go:build noasm || !amd64

package kernel

func poolKernel(poolOp) func(*byte) { return nil }

func depthwiseKernel(depthwiseOp) func(*byte) { return nil }
