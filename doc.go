// Package limpid is deep learning in Go that is clear to the bottom: build
// networks, watch what happens inside them while they learn, and prove the
// theory of why they do. Pure Go and its assembler, no cgo.
//
// This folder holds the module's documents and the tests of its architecture;
// the library starts in nn and tensor, the command in cmd/limpid.
// ARCHITECTURE.md is the map.
package limpid
