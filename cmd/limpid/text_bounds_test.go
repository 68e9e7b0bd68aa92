package main

import (
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/tensor"
)

// TestDurationsAtTheirBounds looks where one unit gives way to the next: 59.6
// seconds are a minute, not 60 s.
func TestDurationsAtTheirBounds(t *testing.T) {
	for _, tt := range []struct {
		d             time.Duration
		lasting, aged string
	}{
		{0, "0 s", "0 s"},
		{499 * time.Millisecond, "0 s", "0 s"},
		{1500 * time.Millisecond, "2 s", "2 s"},
		{59400 * time.Millisecond, "59 s", "59 s"},
		{59600 * time.Millisecond, "1 min 0 s", "1 min"},
		{time.Minute, "1 min 0 s", "1 min"},
		{119 * time.Second, "1 min 59 s", "2 min"},
		{119700 * time.Millisecond, "2 min 0 s", "2 min"},
		{59*time.Minute + 20*time.Second, "59 min 20 s", "59 min"},
		{59*time.Minute + 40*time.Second, "59 min 40 s", "1 h"},
		{time.Hour - 200*time.Millisecond, "1 h 0 min", "1 h"},
		{time.Hour, "1 h 0 min", "1 h"},
		{90 * time.Minute, "1 h 30 min", "2 h"},
		{47*time.Hour + 59*time.Minute, "47 h 59 min", "2 days"},
		{48 * time.Hour, "2 days", "2 days"},
		{365 * 24 * time.Hour, "365 days", "365 days"},
	} {
		if got := lasting(tt.d); got != tt.lasting {
			t.Errorf("lasting(%v) = %q, want %q", tt.d, got, tt.lasting)
		}
		if got := age(tt.d); got != tt.aged {
			t.Errorf("age(%v) = %q, want %q", tt.d, got, tt.aged)
		}
	}
}

func TestSizesAtTheirBounds(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1: "1 B", 999: "999 B", 1000: "1 kB", 1499: "1 kB", 1500: "2 kB",
		999_499: "999 kB", 999_500: "1.0 MB", 1_000_000: "1.0 MB", 1_049_999: "1.0 MB", 12_345_678: "12.3 MB",
		999_949_999: "999.9 MB", 999_950_000: "1.0 GB", 1e9: "1.0 GB", 5e12: "5000.0 GB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) = %q, want %q", bytes, got, want)
		}
	}
}

// TestGroupedIsUngrouped takes the commas out again.
func TestGroupedIsUngrouped(t *testing.T) {
	r := tensor.NewRand(1)
	for i := range 2000 {
		n := int(math.Pow(10, float64(r.IntN(18)))) * (r.IntN(19) - 9)
		s := grouped(n + i)
		back, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
		if err != nil || back != n+i {
			t.Fatalf("grouped(%d) = %q", n+i, s)
		}
		parts := strings.Split(strings.TrimPrefix(s, "-"), ",")
		for k, p := range parts {
			if len(p) > 3 || k > 0 && len(p) != 3 || p == "" {
				t.Fatalf("grouped(%d) = %q", n+i, s)
			}
		}
	}
}

func TestPercents(t *testing.T) {
	for _, tt := range []struct {
		share float64
		want  string
	}{{0, "0.0%"}, {1, "100.0%"}, {0.8834, "88.3%"}, {0.0004, "0.0%"}, {0.0006, "0.1%"}, {0.12349, "12.3%"}} {
		if got := percent(tt.share); got != tt.want {
			t.Errorf("percent(%g) = %q, want %q", tt.share, got, tt.want)
		}
	}
}

// TestSqueezeKeepsTheMean: where each block stands for as many values, the
// blocks have the values' mean; and none leaves their range.
func TestSqueezeKeepsTheMean(t *testing.T) {
	r := tensor.NewRand(2)
	for _, size := range [][2]int{{100, 10}, {64, 1}, {90, 45}, {101, 13}, {7, 6}} {
		values := make([]float64, size[0])
		var mean, lo, hi float64 = 0, 2, -2
		for i := range values {
			values[i] = 2*r.Float64() - 1
			mean += values[i] / float64(len(values))
			lo, hi = min(lo, values[i]), max(hi, values[i])
		}
		got := squeeze(values, size[1])
		var squeezed float64
		for _, v := range got {
			squeezed += v / float64(len(got))
			if v < lo || v > hi {
				t.Errorf("%v: %g leaves %g to %g", size, v, lo, hi)
			}
		}
		if size[0]%size[1] == 0 && math.Abs(squeezed-mean) > 1e-12 {
			t.Errorf("%v: mean %g, want %g", size, squeezed, mean)
		}
		if len(got) != size[1] {
			t.Errorf("%v: %d values", size, len(got))
		}
	}
}

// TestSparkFallsAndRises: where values grow, blocks do not sink.
func TestSparkFallsAndRises(t *testing.T) {
	r := tensor.NewRand(3)
	heights := func(s string) (all []int) {
		for _, c := range s {
			all = append(all, strings.IndexRune("▁▂▃▄▅▆▇█", c))
		}
		return all
	}
	for range 50 {
		values := make([]float64, 2+r.IntN(60))
		for i := range values {
			values[i] = math.Exp(10 * (r.Float64() - 0.5))
		}
		h := heights(spark(values, 100))
		if len(h) != len(values) {
			t.Fatalf("%d blocks for %d values", len(h), len(values))
		}
		for i := range values {
			for j := range values {
				if values[i] < values[j] && h[i] > h[j] {
					t.Fatalf("%g is drawn above %g", values[i], values[j])
				}
			}
		}
	}
}

// TestColumnsLineUp: every cell of a column begins, or ends, at one place.
func TestColumnsLineUp(t *testing.T) {
	rows := [][]string{{"a", "1", "x"}, {"ééé", "12,345", "yy"}, {"", "7", "zzz"}, {"╌╌", "", "end"}}
	lines := strings.Split(strings.TrimRight(columns("lrl", rows), "\n"), "\n")
	if len(lines) != len(rows) {
		t.Fatalf("%d lines for %d rows", len(lines), len(rows))
	}
	at := -1
	for i, l := range lines {
		place := utf8.RuneCountInString(l[:strings.LastIndex(l, rows[i][2])])
		if at < 0 {
			at = place
		}
		if place != at {
			t.Errorf("row %d: the last column begins at %d, want %d: %q", i, place, at, l)
		}
		if !strings.HasPrefix(l, rows[i][0]) || strings.HasSuffix(l, " ") {
			t.Errorf("row %d: %q", i, l)
		}
	}
}

// TestShellWordIsOneWord has a real shell read what we quoted.
func TestShellWordIsOneWord(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	words := []string{
		"runs/20261124-1615-fashion", "my run", "", "it's", `"quoted"`, "$HOME", "`id`", "$(id)", "a;b", "a&b", "a|b", "a>b", "a<b",
		"*", "?", "[a]", "~", "~root", "!x", "#x", "a#b", "a\\b", `\`, "'", "''", "a\tb", "a\nb", "ünï", "日本", "a=b", "{a,b}", "%d", "a@b:c+d",
	}
	var line strings.Builder
	line.WriteString(`printf '%s\0' ATTHEHEAD`)
	for _, w := range words {
		line.WriteString(" " + shellWord(w))
	}
	out, err := exec.Command(sh, "-c", line.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(got) != len(words)+1 {
		t.Fatalf("the shell saw %d words, want %d: %q", len(got)-1, len(words), got)
	}
	for i, w := range words {
		if got[i+1] != w {
			t.Errorf("%q: the shell read %q", w, got[i+1])
		}
	}
}

// TestShellWordIsNoFlag: a folder whose name begins with a dash must not be
// taken for a flag by who copies our advice.
func TestShellWordIsNoFlag(t *testing.T) {
	for _, w := range []string{"-x/run", "--json", "-", "- a"} {
		got := strings.Trim(shellWord(w), "'")
		if got != "./"+w {
			t.Errorf("shellWord(%q) = %q, which reads as a flag", w, got)
		}
	}
}

// TestAgeIsNeverNegative, even if the clock was set back.
func TestAgeIsNeverNegative(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second, -time.Hour, -100 * time.Hour} {
		if got := age(d); got != "0 s" {
			t.Errorf("%v is %q old", d, got)
		}
	}
}
