package main

import (
	"math"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSpark(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 10, ""},
		{[]float64{5}, 10, "▄"},
		{[]float64{0, 7}, 10, "▁█"},
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, 8, "▁▂▃▄▅▆▇█"},
		{[]float64{0, 0, 7, 7}, 2, "▁█"},
		{[]float64{1, nan, 2}, 5, "▁×█"},
		{[]float64{nan}, 5, "×"},
	} {
		if got := spark(tt.values, tt.width); got != tt.want {
			t.Errorf("spark(%v, %d) = %q, want %q", tt.values, tt.width, got, tt.want)
		}
	}
	long := make([]float64, 1237)
	for i := range long {
		long[i] = float64(i)
	}
	for width := 1; width < 100; width += 7 {
		if n := utf8.RuneCountInString(spark(long, width)); n != width {
			t.Errorf("%d values in %d columns took %d", len(long), width, n)
		}
	}
}

func TestBarsAreAsWideAsAsked(t *testing.T) {
	for share := -0.1; share < 1.2; share += 0.013 {
		for _, width := range []int{0, 1, 7, 40} {
			if n := utf8.RuneCountInString(bar(share, width)); n != width {
				t.Fatalf("bar(%g, %d) is %d wide", share, width, n)
			}
			if n := utf8.RuneCountInString(rail(share, width)); n != width {
				t.Fatalf("rail(%g, %d) is %d wide", share, width, n)
			}
		}
	}
	if got := bar(0.5, 4) + "|" + bar(0.3125, 4) + "|" + bar(1, 4); got != "██  |█▎  |████" {
		t.Errorf("got %q", got)
	}
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"0": grouped(0), "999": grouped(999), "1,000": grouped(1000), "-12,345": grouped(-12345), "-123": grouped(-123), "1,234,567": grouped(1234567),
		"1 epoch": several(1, "epoch"), "1,200 steps": several(1200, "step"), "88.3%": percent(0.8834), "—": percent(math.NaN()),
		"0 s": lasting(0), "59 s": lasting(59 * time.Second), "2 min 5 s": lasting(125 * time.Second),
		"3 h 2 min": lasting(182 * time.Minute), "3 days": lasting(75 * time.Hour),
		"0 B": size(0), "12 kB": size(12_345), "7.1 MB": size(7_123_456), "2.0 GB": size(1_999_999_999),
		"7 s": age(7 * time.Second), "3 min": age(3*time.Minute + time.Second), "30 h": age(30 * time.Hour), "4 days": age(97 * time.Hour),
		"runs/a-1": shellWord("runs/a-1"), "'my run'": shellWord("my run"), `'it'\''s'`: shellWord("it's"), "''": shellWord(""),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	got := columns("lrl", [][]string{{"layer", "n", "word"}, nil, {"é", "12,345", ""}})
	want := "layer       n  word\n\né      12,345\n"
	if got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func TestNamesObeyNoTerminal(t *testing.T) {
	for _, c := range [][2]string{
		{"shirt.png", "shirt.png"},
		{"mein Hemd (größer).png", "mein Hemd (größer).png"},
		{"\x1b[31mred.png", `"\x1b[31mred.png"`},
		{"two\nlines.png", `"two\nlines.png"`},
		{"bad\xffbytes.png", `"bad\xffbytes.png"`},
	} {
		if got := visible(c[0]); got != c[1] {
			t.Errorf("visible(%q) is %s, want %s", c[0], got, c[1])
		}
	}
}
