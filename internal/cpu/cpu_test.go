package cpu

import "testing"

func TestParseUndoesString(t *testing.T) {
	for k := Plain; k <= AVX512; k++ {
		if got, ok := Parse(k.String()); !ok || got != k {
			t.Errorf("Parse(%q) = %v, %v; want %v", k, got, ok, k)
		}
	}
	for _, name := range []string{"", "AVX2", "sse", "avx512 "} {
		if got, ok := Parse(name); ok {
			t.Errorf("Parse(%q) = %v, want none", name, got)
		}
	}
}

func TestBestIsAKind(t *testing.T) {
	if _, ok := Parse(Best().String()); !ok {
		t.Errorf("Best() = %d has no name", Best())
	}
}
