package kernel

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestUseSwitchesAndRestores(t *testing.T) {
	before := Variant()
	for _, name := range Variants() {
		restore, err := Use(name)
		if err != nil || Variant() != name {
			t.Errorf("Use(%q): variant %q, error %v", name, Variant(), err)
			continue
		}
		if restore(); Variant() != before {
			t.Errorf("after restoring from %q: variant %q, want %q", name, Variant(), before)
		}
	}
	if _, err := Use("mmx"); err == nil || !strings.Contains(err.Error(), `"mmx"`) {
		t.Errorf("Use of an unknown variant: error %v, want one that names it", err)
	}
	if Variants()[0] != "go" {
		t.Errorf("variants %q do not begin with plain Go", Variants())
	}
}

// TestEnvironmentChoosesVariant runs this test program again with
// LIMPID_KERNELS set.
func TestEnvironmentChoosesVariant(t *testing.T) {
	if os.Getenv("TELL_VARIANT") != "" {
		os.Stdout.WriteString("variant=" + Variant() + "\n")
		return
	}
	best := Variants()[len(Variants())-1]
	for asked, want := range map[string]string{"go": "go", "avx2": "avx2", "avx512": "avx512", "": best, "nonsense": best} {
		if !slices.Contains(Variants(), want) {
			want = best
		}
		c := exec.Command(os.Args[0], "-test.run=^TestEnvironmentChoosesVariant$")
		c.Env = append(os.Environ(), "TELL_VARIANT=1", "LIMPID_KERNELS="+asked)
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "variant="+want+"\n") {
			t.Errorf("LIMPID_KERNELS=%q: want variant %q, got error %v and\n%s", asked, want, err, out)
		}
	}
}

func TestPeakIsPositiveWhereMeasured(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		if p := Peak[float32](); (p > 0) != (Variant() != "go") || p > 1e6 {
			t.Errorf("a float32 peak of %g GFLOP/s for variant %s", p, Variant())
		}
		if p := Peak[float64](); (p > 0) != (Variant() != "go") || p > 1e6 {
			t.Errorf("a float64 peak of %g GFLOP/s for variant %s", p, Variant())
		}
	})
}
