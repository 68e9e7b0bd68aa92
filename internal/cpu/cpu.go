// Package cpu says which vector units this machine has, in the three kinds
// that limpid has kernels for. internal/kernel chooses by it; it and all above
// it may import cpu.
package cpu

// Kind is a class of machine for which there is a set of kernels.
type Kind uint8

// The kinds, from the plainest: a machine that has one has those before it.
const (
	Plain  Kind = iota // no vector unit that limpid uses: plain Go
	AVX2               // AVX2 and FMA
	AVX512             // AVX-512 F, BW, DQ and VL besides
)

// String returns the name used in LIMPID_KERNELS and in run.json.
func (k Kind) String() string {
	switch k {
	case AVX2:
		return "avx2"
	case AVX512:
		return "avx512"
	}
	return "go"
}

// Parse returns the kind with the given name, and whether there is one.
func Parse(name string) (Kind, bool) {
	for k := Plain; k <= AVX512; k++ {
		if k.String() == name {
			return k, true
		}
	}
	return Plain, false
}
