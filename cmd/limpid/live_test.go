package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

func someProgress() progress {
	return progress{
		recipe: "fashion", watched: "accuracy", run: "runs/x", epoch: 3, epochs: 12, step: 200, steps: 1020,
		elapsed: 11 * time.Second, left: 44 * time.Second, rate: 6123.4,
		loss: 0.5, losses: []float64{2.3, 1.5, 0.9, 0.5}, validation: []float64{0.71, 0.834},
		layers: []layerHealth{{"0", 2e-3, 2e-3, 0.03}, {"1", 1e-6, 2e-6, -1}, {"4", 0.2, 0.2, -1}, {"9", 1e-3, 1e-3, 0.75}, {"11", math.NaN(), 1, -1}},
	}
}

// golden holds got against testdata/TEST/CASE.golden; -update rewrites it.
func golden(t *testing.T, got string) {
	t.Helper()
	file := filepath.Join("testdata", t.Name()+".golden")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs: got\n%s\nwant\n%s", file, got, want)
	}
}

func TestScreens(t *testing.T) {
	for _, tt := range []struct {
		name          string
		change        func(p *progress)
		width, height int
	}{
		{"under way", func(*progress) {}, 80, 24},
		{"narrow and low", func(*progress) {}, 44, 11},
		{"at the start", func(p *progress) {
			*p = progress{recipe: p.recipe, watched: p.watched, run: p.run, epoch: 1, epochs: 12, steps: 1020}
		}, 80, 24},
		{"stopping", func(p *progress) { p.stopping = true }, 80, 24},
		{"done", func(p *progress) { p.done, p.step, p.epoch, p.left = true, 1020, 12, 0 }, 80, 24},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := someProgress()
			tt.change(&p)
			golden(t, ansi.Strip(p.frame(tt.width, tt.height))+"\n")
		})
	}
}

func TestFrameFitsTheTerminal(t *testing.T) {
	p := someProgress()
	for i := range 300 {
		p.losses = append(p.losses, float64(i%17))
	}
	for _, size := range [][2]int{{40, 10}, {80, 24}, {100, 50}, {300, 12}} {
		lines := strings.Split(ansi.Strip(p.frame(size[0], size[1])), "\n")
		if len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		for _, l := range lines {
			if n := ansi.StringWidth(l); n > size[0] && size[0] >= 60 {
				t.Errorf("%v: %d columns: %q", size, n, l)
			}
		}
	}
	(&progress{}).frame(0, 0) // before anything is known
}

func TestKeysStopTheRun(t *testing.T) {
	for _, key := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: 'c', Mod: tea.ModCtrl}} {
		stopped := 0
		m := &liveModel{now: someProgress(), width: 80, height: 24, stop: func() { stopped++ }}
		m.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
		if stopped != 0 {
			t.Fatal("x stopped the run")
		}
		m.Update(key)
		m.Update(someProgress()) // a late one
		if stopped != 1 || !strings.Contains(m.View().Content, "writing a checkpoint") {
			t.Errorf("%v: stopped %d times, view:\n%s", key, stopped, m.View().Content)
		}
	}
}

func TestLiveScreenEndsWhenClosed(t *testing.T) {
	var out bytes.Buffer
	s := newLiveScreen(Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &out}, func() {})
	s.show(someProgress())
	done := make(chan struct{})
	go func() { s.close(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the view did not end")
	}
}

func TestPlainScreen(t *testing.T) {
	var out strings.Builder
	s := &plainScreen{w: &out}
	p := someProgress()
	p.validation, p.step, p.elapsed = nil, 0, 0
	s.show(p)
	p.step, p.elapsed = 1, 300*time.Millisecond
	s.show(p) // the first step shows at once
	p.step, p.elapsed = 50, 2*time.Second
	s.show(p) // too soon
	p.step, p.elapsed = 150, 7*time.Second
	s.show(p)
	p.validation, p.measured, p.elapsed = []float64{0.71}, 1, 8*time.Second
	s.show(p)
	s.show(p) // nothing new
	s.close()
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{"training fashion for 12 epochs of 85 steps; the run is runs/x",
		"step 1/1020  loss 0.5000", "step 150/1020", "epoch  1/12  loss 0.5000  validation 71.0%"}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), out.String())
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d is %q, want %q…", i, got[i], want[i])
		}
	}
}
