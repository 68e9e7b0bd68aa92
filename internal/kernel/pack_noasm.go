//go:build noasm || !amd64

package kernel

import "unsafe"

func copyRows(dst, src unsafe.Pointer, to, from, rows int) bool { return false }

func transposeWidth(int) int { return 0 }

func transposeRows(lanes int, dst, src *float32, to, from, quads int) {}

func addVectors(dst, src []float32) int { return 0 }

func copyLines(dst, src unsafe.Pointer, to, from, rows, n int) int { return 0 }
