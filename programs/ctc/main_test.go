package main

import (
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestItLearnsToRead(t *testing.T) {
	net, m, err := learn(t.Context(), Heard{N: 200, Seed: 1}, 10)
	if err != nil {
		t.Fatal(err)
	}
	right, err := listen(net, m, Heard{N: 40, Seed: 1 << 40})
	if err != nil || right < 20 {
		t.Errorf("%d of 40 recordings are read, %v", right, err)
	}
}

func TestReadingDropsRepeatsAndBlanks(t *testing.T) {
	logits := tensor.Ints(0, 3, 3, 0, 3, 1, 2, 2).Reshape(2, 4).OneHot(4)
	got := read(logits, tensor.Ints(4, 3))
	if len(got[0]) != 1 || got[0][0] != 3 || len(got[1]) != 3 || got[1][0] != 3 || got[1][2] != 2 {
		t.Error(got)
	}
}
