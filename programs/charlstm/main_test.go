package main

import (
	"os"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := run(1); err == nil {
		t.Error("without tiny.txt there is no error")
	}
	if err := os.WriteFile("tiny.txt", []byte(strings.Repeat("The cat sat on the mat. ", 140)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run(1); err != nil {
		t.Error(err)
	}
}

func TestSampleFollowsFromItsSeed(t *testing.T) {
	text, _, err := data.NewText(strings.NewReader("hello world"))
	if err != nil {
		t.Fatal(err)
	}
	m := &CharLM{Embed: nn.Embedding{Count: len(text.Vocab), Dim: 4}, RNN: nn.LSTM{Hidden: 6}, Head: nn.Linear{Out: len(text.Vocab)}}
	net, err := nn.Build(m, nn.Trace(func(p *nn.Pass) {
		m.Run(p, tensor.Ints(0, 0).Reshape(1, 2), nn.Memory{})
	}))
	if err != nil {
		t.Fatal(err)
	}
	draw := func(seed uint64) string {
		s, err := sample(net, m, text, "he", 20, 1, seed)
		if err != nil || !strings.HasPrefix(s, "he") || len(s) != 22 {
			t.Fatalf("%q, error %v", s, err)
		}
		return s
	}
	if a, b := draw(1), draw(1); a != b {
		t.Errorf("one seed gave %q and %q", a, b)
	}
	if draw(1) == draw(2) {
		t.Error("two seeds gave the same text")
	}
}

func TestPick(t *testing.T) {
	n := [3]int{}
	r := tensor.NewRand(1)
	for range 1000 {
		n[pick(r, []float32{.2, 0, .8})]++
	}
	if n[1] != 0 || n[0] < 150 || n[0] > 250 {
		t.Errorf("picked %v times", n)
	}
}
