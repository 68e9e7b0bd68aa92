package main

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var terminals = [][2]int{{20, 5}, {40, 10}, {60, 16}, {80, 24}, {132, 43}, {200, 60}}

// TestScreenSizes are the view on terminals small and large.
func TestScreenSizes(t *testing.T) {
	for _, s := range terminals {
		t.Run(fmt.Sprintf("%dx%d", s[0], s[1]), func(t *testing.T) {
			p := someProgress()
			for i := range 150 {
				p.losses = append(p.losses, 0.5/float64(i+2))
			}
			golden(t, ansi.Strip(p.frame(s[0], s[1]))+"\n")
		})
	}
}

// TestFrameNeverLeavesTheTerminal at any size, in any state.
func TestFrameNeverLeavesTheTerminal(t *testing.T) {
	states := map[string]func(p *progress){
		"under way": func(*progress) {},
		"at first": func(p *progress) {
			*p = progress{recipe: "fashion", watched: p.watched, run: p.run, epochs: 12, steps: 1020}
		},
		"stopping":  func(p *progress) { p.stopping = true },
		"done":      func(p *progress) { p.done = true },
		"long name": func(p *progress) { p.run = "/home/somebody/with a/very long/" + strings.Repeat("name/", 40) },
		"many layers": func(p *progress) {
			for i := range 80 {
				p.layers = append(p.layers, layerHealth{fmt.Sprintf("encoder.blocks.%d.attention.output", i), 1e-3, 1e-3, 0.1})
			}
		},
	}
	for name, change := range states {
		p := someProgress()
		change(&p)
		for _, width := range []int{1, 5, 20, 39, 40, 41, 60, 80, 99, 100, 101, 200} {
			for _, height := range []int{1, 2, 5, 8, 9, 10, 24, 60} {
				lines := strings.Split(p.frame(width, height), "\n")
				if len(lines) > height {
					t.Errorf("%s at %d × %d: %d lines", name, width, height, len(lines))
				}
				for _, l := range lines {
					if n := ansi.StringWidth(l); n > width {
						t.Fatalf("%s at %d × %d: %d columns: %q", name, width, height, n, ansi.Strip(l))
					}
				}
			}
		}
	}
}

// TestLowTerminalsKeepTheHint: how to stop is the last thing to go.
func TestLowTerminalsKeepTheHint(t *testing.T) {
	p := someProgress()
	for height := 2; height < 30; height++ {
		got := ansi.Strip(p.frame(80, height))
		if !strings.Contains(got, "q stops") {
			t.Errorf("%d rows: does not say how to stop:\n%s", height, got)
		}
		if !strings.Contains(got, "limpid · fashion") {
			t.Errorf("%d rows: does not say what runs:\n%s", height, got)
		}
	}
}

// TestWindowSizeIsFollowed: the view redraws as the terminal changes.
func TestWindowSizeIsFollowed(t *testing.T) {
	m := &liveModel{now: someProgress(), width: 80, height: 24, stop: func() {}}
	for _, s := range terminals {
		m.Update(tea.WindowSizeMsg{Width: s[0], Height: s[1]})
		if got, want := m.View().Content, m.now.frame(s[0], s[1]); got != want {
			t.Errorf("%v: got\n%s\nwant\n%s", s, got, want)
		}
	}
}

// TestColourOnlyHelps: without colour, nothing is lost but colour.
func TestColourOnlyHelps(t *testing.T) {
	p := someProgress()
	p.layers = append(p.layers, layerHealth{"12", 1e-3, 1e-3, 0})
	coloured := p.frame(80, 24)
	if !strings.Contains(coloured, "\x1b[3") {
		t.Fatalf("no colour at all: %q", coloured)
	}
	plain := ansi.Strip(coloured)
	for _, l := range p.layers {
		line := ""
		for _, s := range strings.Split(plain, "\n") {
			if strings.HasPrefix(s, l.path+" ") {
				line = s
			}
		}
		if !strings.HasSuffix(line, l.verdict()) {
			t.Errorf("layer %s: %q does not end with %q", l.path, line, l.verdict())
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		h    layerHealth
		want string
	}{
		{layerHealth{"a", 1e-3, 1e-3, -1}, "well"},
		{layerHealth{"a", 1e-3, 1e-3, 0.5}, "well"},
		{layerHealth{"a", 1e-3, 1e-3, 0.51}, "dying"},
		{layerHealth{"a", 0.031, 0.031, 0}, "restless"},
		{layerHealth{"a", 0.029, 0.029, 0}, "well"},
		{layerHealth{"a", 9e-6, 9e-6, 0}, "asleep"},
		{layerHealth{"a", 9e-6, 2e-3, 0}, "well"}, // the schedule is at its end
		{layerHealth{"a", 0, 0, -1}, "well"},      // has no weights yet looked at
	} {
		if got := tt.h.verdict(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.h, got, tt.want)
		}
	}
}
