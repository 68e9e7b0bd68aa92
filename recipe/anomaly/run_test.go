package anomaly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/plot"
	"github.com/limpid-ml/limpid/train"
)

// short are the settings of a run of a second.
func short(t *testing.T, path string, more ...string) *Config {
	t.Helper()
	return configured(t, append([]string{"data=" + path, "target=load", "epochs=2", "hidden=6", "code=4", "every=12", "batch=16"}, more...)...)
}

// scoresOf runs in a folder and returns what came of it, all of it.
func scoresOf(t *testing.T, c *Config, b *recipe.Bench) string {
	t.Helper()
	task, l, err := opened(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Run(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	m, err := task.Measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(m.Scores, m.Reference, m.Story, l.tested.ways[0].scores)
}

// A run comes to the same bits on any number of cores, and where it was stopped
// and gone on; with another seed it does not.
func TestRunsComeToTheSame(t *testing.T) {
	path := file(t, meter(45))
	want := scoresOf(t, short(t, path), &recipe.Bench{Dir: t.TempDir()})
	old := par.Workers()
	for _, n := range []int{1, 3} {
		par.SetWorkers(n)
		if got := scoresOf(t, short(t, path), &recipe.Bench{Dir: t.TempDir()}); got != want {
			t.Errorf("on %d cores: %s, want %s", n, got, want)
		}
	}
	par.SetWorkers(old)
	dir, steps := t.TempDir(), 0
	ctx, stop := context.WithCancel(context.Background())
	watch := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if _, ok := e.(train.StepDone); ok {
			if steps++; steps == 4 {
				stop()
			}
		}
		return nil
	})
	c := short(t, path)
	task, err := open(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Run(ctx, &recipe.Bench{Dir: dir, Observers: []train.Observer{watch}}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	if got := scoresOf(t, c, &recipe.Bench{Dir: dir}); got != want {
		t.Errorf("stopped and gone on: %s, want %s", got, want)
	}
	if scoresOf(t, short(t, path, "seed=2"), &recipe.Bench{Dir: t.TempDir()}) == want {
		t.Error("another seed comes to the same")
	}
}

// A stretch is judged by itself and what came before: other values after it
// change nothing, and the other stretches in a file neither.
func TestJudgingDoesNotPeek(t *testing.T) {
	_, l, err := opened(short(t, file(t, meter(45))))
	if err != nil {
		t.Fatal(err)
	}
	judge := func(text string) map[string]suspect {
		a, err := l.answer(context.Background(), &recipe.Question{Name: "x.csv", In: strings.NewReader(text)})
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]suspect{}
		for _, s := range a.Value.(*found).Suspicious { // all are: there is no alarm before training
			all[s.From] = s
		}
		return all
	}
	whole, cut, broken := judge(meter(12)), judge(meter(8)), judge(meter(12, 9, 10))
	if len(whole) != 11 || len(cut) != 7 {
		t.Fatalf("%d and %d stretches", len(whole), len(cut))
	}
	for day := 2; day <= 12; day++ {
		from := fmt.Sprintf("2024-01-%02d", day)
		w, c, b := whole[from], cut[from], broken[from]
		if w.To != from+" 23:00" || w.Score <= 0 {
			t.Errorf("%s: %+v", from, w)
		}
		if day <= 8 && (w.Score != c.Score || w.Measured != c.Measured || w.Expected != c.Expected) {
			t.Errorf("%s: scores %g, and %g where the file ends sooner", from, w.Score, c.Score)
		}
		if day <= 9 && w.Score != b.Score { // the 10th and the 11th are broken
			t.Errorf("%s: scores %g, and %g where later days are broken", from, w.Score, b.Score)
		}
		if same := slices.Equal(w.said.mean, b.said.mean); day == 10 && !same || day == 11 && same {
			t.Errorf("%s: what is expected is the same: %v", from, same)
		}
	}
}

// The columns of a file may stand in any order, and others among them.
func TestFilesInAnotherOrder(t *testing.T) {
	_, l, err := opened(short(t, file(t, meter(45))))
	if err != nil {
		t.Fatal(err)
	}
	var other strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(meter(6)), "\n") {
		f := strings.Split(line, ",")
		extra := fmt.Sprint(i % 5)
		if i == 0 {
			extra = "price"
		}
		fmt.Fprintf(&other, "%s,%s,%s,%s\n", extra, f[2], f[0], f[1])
	}
	var texts []string
	for _, text := range []string{meter(6), other.String()} {
		a, err := l.answer(context.Background(), &recipe.Question{Name: "x.csv", In: strings.NewReader(text)})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, a.Text)
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\nand in another order\n%s", texts[0], texts[1])
	}
}

// A run whose file has changed under it, or whose memory is spoilt, says so.
func TestRunsThatDoNotFit(t *testing.T) {
	path := file(t, meter(45))
	c := short(t, path)
	if _, err := open(c); err != nil {
		t.Fatal(err)
	}
	was := c.Known
	for known, want := range map[string]string{
		"{}": "does not fit together", "[": "what the run knows", `{"columns":["load"],"window":24}`: "does not fit together",
		strings.Replace(was, `"window":24`, `"window":-3`, 1):                      "does not fit together",
		strings.Replace(was, `"window":24`, `"window":99999999`, 1):                "does not fit together",
		strings.Replace(was, `"columns":["load"]`, `"columns":["load","room"]`, 1): "does not fit together",
		strings.Replace(was, `"deviation":[`, `"deviation":[0],"x":[`, 1):          "does not fit together",
		strings.Replace(was, `"columns":["load"]`, `"columns":["price"]`, 1):       "the network knows price",
		strings.Replace(was, `"step":"1h0m0s"`, `"step":"24h0m0s"`, 1):             "steps of 24h0m0s",
	} {
		other := *c
		other.Known = known
		if _, err := open(&other); known == was || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", known, err, want)
		}
	}
	bare := *c
	bare.Bare = true
	asked, err := open(&bare)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := asked.Answer(context.Background(), &recipe.Question{}); err != nil {
		t.Error(err)
	}
	days := "time,load\n"
	for i := range 300 {
		days += fmt.Sprintf("2024-%02d-%02d,%d\n", 1+i/28, 1+i%28, i%9)
	}
	for text, want := range map[string]string{strings.ReplaceAll(meter(45), "load", "other"): `no column "load"`, days: "steps of", "": "empty"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := asked.Answer(context.Background(), &recipe.Question{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "give a file to judge") && want != "steps of" {
			t.Errorf("the file has changed: %v, want %q", err, want)
		}
	}
}

// The report counts every stretch once: of each kind as many as were planted, of
// which no way finds more.
func TestPagesCount(t *testing.T) {
	_, l, m := trained(t, short(t, file(t, meter(45))))
	r := l.tested
	total, planted := 0, 0
	for k := -1; k < len(faults); k++ {
		n := count(r.kind, k)
		total += n
		if k >= 0 {
			planted += n
		}
		for _, w := range r.ways {
			found := 0
			for i, s := range w.scores {
				if r.kind[i] == k && s >= w.alarm {
					found++
				}
			}
			if found > n {
				t.Errorf("%s finds %d of %d", w.name, found, n)
			}
		}
	}
	if v, _ := m.Scores.Number("planted"); total != len(r.at) || int(v) != planted {
		t.Errorf("%d stretches of %d, %d planted, %g said", total, len(r.at), planted, v)
	}
	if len(r.ways) != 3 || strings.Contains(m.Story, "other columns") {
		t.Errorf("a series of one column has no others to be held against: %d ways\n%s", len(r.ways), m.Story)
	}
	sections, err := l.pages(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(sections[2].Body)
	if err != nil || len(sections[2].Body) != 1 {
		t.Fatalf("%d figures, %s, %v", len(sections[2].Body), text, err)
	}
	for _, f := range faults {
		if !strings.Contains(string(text), f.name) {
			t.Errorf("the table of kinds does not name %q: %s", f.name, text)
		}
	}
}

// The chart of a stretch shows it marked between its neighbours, and what was
// expected only there.
func TestDrawnStretches(t *testing.T) {
	_, l, err := opened(short(t, file(t, meter(45))))
	if err != nil {
		t.Fatal(err)
	}
	values := l.series.Values[0]
	s := said{mean: make([]float64, l.Window), dev: slices.Repeat([]float64{0.5}, l.Window)}
	for _, at := range []int{l.Window, 20 * l.Window, 44 * l.Window} {
		c := l.draw(l.series, values, at, s)
		first, end := max(0, at-2*l.Window), min(len(values), at+2*l.Window)
		if want := (plot.Mark{From: at - first, To: at - first + l.Window, Colour: 2}); c.Steps != end-first || len(c.Marks) != 1 || c.Marks[0] != want {
			t.Errorf("at %d: %d steps, marks %+v", at, c.Steps, c.Marks)
		}
		if !slices.Equal(c.Lines[0].Values, values[first:end]) {
			t.Errorf("at %d other values are drawn", at)
		}
		for i, v := range c.Lines[1].Values {
			in := i >= at-first && i < at-first+l.Window
			if low, high := c.Bands[0].Low[i], c.Bands[0].High[i]; in && !(low < v && v < high) || !in && !math.IsNaN(v) {
				t.Fatalf("at %d, step %d: %g, between %g and %g", at, i, v, low, high)
			}
		}
		if got := c.Label(at - first); got != l.series.Time(at).Format("2006-01-02") {
			t.Errorf("at %d the axis says %s", at, got)
		}
	}
}
