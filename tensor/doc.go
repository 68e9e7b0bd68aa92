// Package tensor holds limpid's arrays and their derivatives.
//
// A [Tensor] is an immutable value: row-major, contiguous, of one of five
// element types. Operations are methods that chain and return one result.
// Images are [N, H, W, C]; letters mean the same everywhere: N batch, H and W
// rows and columns, C channels, T time.
//
// A [Scope] is the arena and the tape of one forward and backward pass. What
// follows from a tensor that [Scope.Track] returned is recorded, and [Grad],
// [VJP] and [Scope.Backward] differentiate it; the rules are written with this
// package's own operations, so gradients have gradients, of any order. A
// result lives in its operands' scope and goes when the scope resets; a tensor
// outside any scope lives on the Go heap.
//
// A mistake in shapes or types panics with an [*Error] that names operation,
// layer, shapes and what to do; [Try] turns it into an error.
//
// Any package may import tensor. It imports internal/kernel, internal/par and
// internal/backstage only.
package tensor
