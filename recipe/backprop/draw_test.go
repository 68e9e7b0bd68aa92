package backprop

import (
	"context"
	"encoding/xml"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// words reads all words of a drawing, which must be XML.
func words(t *testing.T, text string) (all []string) {
	t.Helper()
	var s struct {
		Texts []struct {
			Words string `xml:",chardata"`
		} `xml:"text"`
	}
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("no XML: %v\n%s", err, text)
	}
	for _, w := range s.Texts {
		all = append(all, w.Words)
	}
	return all
}

// Each step of the walk shows the numbers that it is about, and each number of
// the drawings is one that was computed.
func TestDrawingsHoldTheNumbers(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		n := drawnTiny(seed, 1)
		tr, rows, _ := n.compare([2]float64{1, 0}, 1)
		slope := map[string]float64{}
		for _, r := range rows {
			slope[r.name] = r.auto
		}
		want := make([][]string, 5)
		for j := range tr.h {
			h, z := nameOf("h", j), nameOf("z1", j)
			want[0] = append(want[0], short(tr.h[j]), "z1 = "+short(tr.z1[j]), short(n.w1[j][0]), short(n.w1[j][1]))
			want[1] = append(want[1], short(n.w2[j]))
			want[3] = append(want[3], short(slope[h]), "∂/∂z1 = "+short(slope[z]), short(slope[nameOf("W2", j)]))
			want[4] = append(want[4], short(slope[nameW1(j, 0)]), short(slope[nameW1(j, 1)]))
		}
		want[1] = append(want[1], short(tr.p), "z2 = "+short(tr.z2), short(tr.loss))
		want[2] = []string{short(slope["p"]), "∂/∂z2 = " + short(slope["z2"])}
		all := draw(&tr, rows)
		if len(all) != 5 {
			t.Fatalf("%d drawings, want 5", len(all))
		}
		for k, f := range all {
			got := words(t, string(f.HTML))
			if !strings.HasPrefix(got[0], fmt.Sprint(k+1, ". ")) {
				t.Errorf("drawing %d is called %q", k+1, got[0])
			}
			for _, w := range want[k] {
				if !slices.Contains(got, w) {
					t.Errorf("seed %d, drawing %d lacks %q: %q", seed, k+1, w, got)
				}
			}
		}
	}
}

// What is not computed yet is not shown: no output in the first step, nothing
// of the hidden units in the third.
func TestDrawingsDoNotForestall(t *testing.T) {
	n := drawnTiny(4, 1)
	tr, rows, _ := n.compare([2]float64{1, 0}, 1)
	all := draw(&tr, rows)
	for _, tt := range []struct {
		step int
		word string
	}{{0, short(tr.p)}, {0, short(tr.loss)}, {2, short(rows[6].auto)}, {2, short(tr.h[0])}, {3, short(tr.h[1])}} {
		if got := words(t, string(all[tt.step].HTML)); slices.Contains(got, tt.word) {
			t.Errorf("drawing %d shows %q already: %q", tt.step+1, tt.word, got)
		}
	}
}

func TestIsCurrent(t *testing.T) {
	d := drawing{current: "W2 h z1"}
	for name, want := range map[string]bool{"W2[1]": true, "h[3]": true, "z1[2]": true, "z2": false, "W1[1,2]": false, "p": false, "": false} {
		if d.isCurrent(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if d.colour("h[1]") == d.colour("x[1]") {
		t.Error("what the step is about has the colour of the rest")
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{1: "1.000", -0.4567: "−0.457", 12.3456: "12.346", -1e-9: "0.000"} {
		if got := short(v); got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
}

// The plane is coloured by the answers: at each point of the table the colour
// under it is that of what the network says there.
func TestPlaneShowsTheAnswers(t *testing.T) {
	n := tiny{w1: [3][2]float64{{9, 9}, {9, 9}}, b1: [3]float64{-4, -13}, w2: [3]float64{8, -8}, b2: -8}
	text := string(plane(n).HTML)
	words(t, text)
	type square struct {
		x, y, side float64
		colour     string
	}
	var all []square
	number := func(s string) float64 { v, _ := strconv.ParseFloat(s, 64); return v }
	for _, m := range regexp.MustCompile(`<rect x="([0-9.]+)" y="([0-9.]+)" width="([0-9.]+)" height="[0-9.]+" style="fill:var\(--(c[01])\)" fill-opacity="([0-9.]+)"`).FindAllStringSubmatch(text, -1) {
		if o := number(m[5]); o < 0 || o > 1 {
			t.Errorf("opacity %s", m[5])
		}
		all = append(all, square{number(m[1]), number(m[2]), number(m[3]), m[4]})
	}
	if len(all) != 48*48 {
		t.Fatalf("%d squares", len(all))
	}
	dots := regexp.MustCompile(`<circle cx="(\d+)" cy="(\d+)".*?>(\d)</text>`).FindAllStringSubmatch(text, -1)
	if len(dots) != 4 {
		t.Fatalf("%d points of the table", len(dots))
	}
	for k, d := range dots {
		x, y := number(d[1])+1, number(d[2])+1 // a little off the border of squares
		i := slices.IndexFunc(all, func(s square) bool { return x >= s.x && x < s.x+s.side && y >= s.y && y < s.y+s.side })
		if i < 0 {
			t.Fatalf("no square under (%g, %g)", x, y)
		}
		if want := map[string]string{"0": "c1", "1": "c0"}[d[3]]; all[i].colour != want || d[3] != fmt.Sprint(table[k].y) {
			t.Errorf("x = %v, answer %s: coloured %s, want %s", table[k].x, d[3], all[i].colour, want)
		}
	}
}

// The story's numbers are those of the trace, to its last digit, and no line of
// it is left half written.
func TestStoryTellsTheNumbers(t *testing.T) {
	l := lessonAt(t, 5)
	text := l.before.story() + l.before.descent()
	if strings.Contains(text, "%!") || strings.Contains(text, "NaN") {
		t.Errorf("the story is broken:\n%s", text)
	}
	parts := strings.Split(text, "\nx = (")[1:]
	if len(parts) != 4 {
		t.Fatalf("%d examples, want 4", len(parts))
	}
	for k, part := range parts {
		e := l.before.examples[k]
		for _, v := range append(append(e.trace.z1[:], e.trace.h[:]...), e.trace.z2, e.trace.p, e.trace.loss) {
			if w := fmt.Sprintf("= %.10f", v); !strings.Contains(part, w) {
				t.Errorf("example %d lacks %q", k, w)
			}
		}
		for _, r := range e.rows {
			line := regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(r.name) + ` +(\S+) +(\S+) +(\S+)   (.*)$`).FindStringSubmatch(part)
			if line == nil || line[1] != places(r.hand, 10) || line[2] != places(r.auto, 10) || line[3] != places(r.finite, 10) || line[4] != r.rule+" = "+r.numbers {
				t.Errorf("example %d, %s: %q", k, r.name, line)
			}
		}
	}
}

// lessonAt is a small lesson at the first weights of a seed.
func lessonAt(t *testing.T, seed uint64) *lesson {
	t.Helper()
	task := opened(t, func(c *Config) { c.Seed, c.Hidden = seed, 3 })
	l := &lesson{xor: task.Also[0].Net, digits: task.Net, task: task}
	var err error
	if l.before, err = look(l, task.Fit.Data); err != nil {
		t.Fatal(err)
	}
	return l
}

// The numbers of each formula, worked out, give the derivative beside it.
func TestNumbersOfTheFormulasAddUp(t *testing.T) {
	for _, e := range lessonAt(t, 6).before.examples {
		for _, r := range e.rows[2:] { // all but those with signs and shares of their own
			got := product(t, r.numbers)
			if math.Abs(got-r.hand) > 2e-3*max(1, math.Abs(r.hand)) {
				t.Errorf("%s: %q makes %g, by hand it is %g", r.name, r.numbers, got, r.hand)
			}
		}
	}
}

// No sign stands beside another: a negative factor is in brackets.
func TestNoTwoSigns(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		l := lessonAt(t, seed)
		if bad := regexp.MustCompile(`[·−] ?-`).FindString(l.before.story()); bad != "" {
			t.Errorf("seed %d: %q", seed, bad)
		}
	}
	for v, want := range map[float64]string{0.5: "0.5000", -0.25: "(-0.2500)", 0: "0.0000"} {
		if got := factor(v); got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
}

// product works out "a · b" and "a · (1 − b²)".
func product(t *testing.T, text string) float64 {
	t.Helper()
	v := 1.0
	for factor := range strings.SplitSeq(text, " · ") {
		square, is := strings.CutPrefix(factor, "(1 − ")
		f, err := strconv.ParseFloat(strings.Trim(strings.TrimSuffix(square, "²)"), "()"), 64)
		if err != nil {
			t.Fatalf("%q of %q: %v", factor, text, err)
		}
		if is {
			f = 1 - f*f
		}
		v *= f
	}
	return v
}

// A lesson that was stopped in either network goes on there and ends with the
// same weights.
func TestLessonGoesOn(t *testing.T) {
	ends := func(dir string, stopAt int) string {
		task := opened(t, func(c *Config) { c.Hidden, c.Epochs, c.XOR, c.Batch = 3, 2, 20, 256 })
		err := runUntil(t, task, dir, stopAt)
		if stopAt == 0 && err != nil || stopAt > 0 && err == nil {
			t.Fatalf("stopped at %d: %v", stopAt, err)
		}
		return fmt.Sprint(weights(task.Also[0].Net), weights(task.Net))
	}
	want := ends(t.TempDir(), 0)
	for _, stop := range []int{3, 21, 25} {
		dir := t.TempDir()
		if ends(dir, stop) == want {
			t.Errorf("stopped at %d it was done already", stop)
		}
		if ends(dir, 0) != want {
			t.Errorf("stopped at %d it ended elsewhere", stop)
		}
	}
}

// runUntil runs the task until a step; 0: to its end.
func runUntil(t *testing.T, task *recipe.Task, dir string, step int) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := 0
	stop := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if e, ok := e.(train.StepDone); ok {
			if last = e.Step; last == step {
				cancel()
			}
		}
		return nil
	})
	err := task.Run(ctx, &recipe.Bench{Dir: dir, Observers: []train.Observer{stop}})
	if err == nil && last != task.Steps() {
		t.Errorf("the last step is %d of %d", last, task.Steps())
	}
	return err
}
