package kernel

import (
	"fmt"
	"os"

	"github.com/limpid-ml/limpid/internal/cpu"
)

// kind is the variant in use. It is set before main starts, and by [Use].
var kind = startKind()

// startKind obeys LIMPID_KERNELS where this machine can.
func startKind() cpu.Kind {
	asked, known := cpu.Parse(os.Getenv("LIMPID_KERNELS"))
	if !known {
		return cpu.Best()
	}
	return min(asked, cpu.Best())
}

// Variant returns the name of the kernels in use: "avx512", "avx2" or "go".
// It is the best this CPU can run, or the one that the environment variable
// LIMPID_KERNELS named when the program started.
func Variant() string { return kind.String() }

// Variants returns the names that [Use] accepts on this machine, the plainest
// first.
func Variants() []string {
	var names []string
	for k := cpu.Plain; k <= cpu.Best(); k++ {
		names = append(names, k.String())
	}
	return names
}

// Use switches to the named kernels and returns what switches back. It is for
// tests: no kernel may run meanwhile.
func Use(name string) (restore func(), err error) {
	k, known := cpu.Parse(name)
	if !known || k > cpu.Best() {
		return nil, fmt.Errorf("kernel: no variant %q on this machine, which has %q", name, Variants())
	}
	before := kind
	kind = k
	return func() { kind = before }, nil
}
