package forecast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/data/series/classic"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// noisy is a series of so many days: a week's pattern of the given height, with
// normal noise of deviation 1; beside it a column that goes along.
func noisy(seed uint64, days int, height float64) *series.Series {
	r := tensor.NewRand(seed)
	noise := tensor.Data[float32](r.Normal(0, 1, 2*days))
	a, b := make([]float64, days), make([]float64, days)
	for i := range a {
		a[i] = 50 + height*math.Sin(2*math.Pi*float64(i)/7) + float64(noise[i])
		b[i] = a[i]/2 + float64(noise[days+i])
	}
	return steady(map[string][]float64{"sold": a, "seen": b}, "sold", "seen")
}

// asFile writes a series as a CSV file and returns its path.
func asFile(t *testing.T, s *series.Series) string {
	t.Helper()
	return file(t, asText(s))
}

func asText(s *series.Series) string {
	var b strings.Builder
	b.WriteString("date," + strings.Join(s.Columns, ",") + "\n")
	for i := range s.Len() {
		b.WriteString(s.Time(i).Format("2006-01-02"))
		for _, v := range s.Values {
			b.WriteString(strings.Replace(fmt.Sprintf(",%v", v[i]), "NaN", "", 1))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// from is the series with all from a step on put to something else.
func from(s *series.Series, at int) *series.Series {
	out := *s
	out.Values = nil
	for k, v := range s.Values {
		v = slices.Clone(v)
		for i := at; i < len(v); i++ {
			v[i] = 1000*float64(k+1) - 37*float64(i%11)
		}
		out.Values = append(out.Values, v)
	}
	return &out
}

// tiny are settings of a run of half a second on a file.
func tiny(t *testing.T, path string, more ...string) *Config {
	t.Helper()
	return configured(t, append([]string{"data=" + path, "target=sold", "members=2", "hidden=2", "epochs=1"}, more...)...)
}

// weights are all parameters of a network by name, as text.
func weights(s *subject) string {
	var b strings.Builder
	for _, p := range s.net.Params() {
		fmt.Fprintln(&b, p.Path(), tensor.Data[float32](p.Value()))
	}
	return b.String()
}

// Whatever comes in the test part, the settings chosen, the windows, and the
// weights that are learned from them are the same to the bit; and forecasts from
// the test part's origins are the same up to where it changes, those of all
// rivals and all bands, too.
func TestTestPartIsNotLookedAt(t *testing.T) {
	s := noisy(1, 260, 9)
	const change = 240 // of a test part that begins at 208
	_, one, m := trained(t, tiny(t, asFile(t, s)))
	_, other, m2 := trained(t, tiny(t, asFile(t, from(s, change))))
	a, b := one.all[0], other.all[0]
	if one.config.Known != other.config.Known || a.test != 208 || len(a.tries) < 5 || !slices.Equal(a.tries, b.tries) {
		t.Errorf("chosen: %s, then %s", one.config.Known, other.config.Known)
	}
	if weights(a) != weights(b) {
		t.Error("weights differ")
	}
	same, differ := 0, 0
	for k, w := range a.tested.ways {
		o := b.tested.ways[k]
		for i, origin := range a.tested.origins {
			equal := slices.Equal(w.mean[i], o.mean[i]) && slices.Equal(w.dev[i], o.dev[i]) && slices.Equal(w.half[i], o.half[i])
			if equal {
				same++
			} else if differ++; origin.At <= change {
				t.Errorf("%s at %d: %v, then %v", w.name, origin.At, w.mean[i], o.mean[i])
			}
		}
	}
	if same < 4*30 || differ < 10 || a.tested.scale != b.tested.scale || fmt.Sprint(m.Scores) == fmt.Sprint(m2.Scores) {
		t.Errorf("%d forecasts are the same, %d differ; scales %g and %g", same, differ, a.tested.scale, b.tested.scale)
	}
}

// A member learns nothing from its own stretch of time: with other truths there
// its weights are the same to the bit, and other members' are not.
func TestMembersLearnNothingFromTheirStretch(t *testing.T) {
	path := asFile(t, noisy(2, 200, 5))
	learned := func(spoil bool) []string {
		_, l, err := opened(tiny(t, path, "clip=0", "dropout=0"))
		if err != nil {
			t.Fatal(err)
		}
		s := l.all[0]
		for i, held := range s.windows.held {
			if spoil && held[0] > 0 {
				s.windows.truth[i] = slices.Repeat([]float32{9}, s.Horizon)
			}
		}
		if err := l.run(context.Background(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		by := make([]string, 2)
		for _, p := range s.net.Params() {
			for k := range by {
				if strings.Contains(p.Path(), fmt.Sprintf("members.%d.", k)) {
					by[k] += fmt.Sprintln(p.Path(), tensor.Data[float32](p.Value()))
				}
			}
		}
		return by
	}
	a, b := learned(false), learned(true)
	if a[0] != b[0] || len(a[0]) < 100 {
		t.Errorf("the first member has learned from what it is validated on:\n%.300s\n%.300s", a[0], b[0])
	}
	if a[1] == b[1] {
		t.Error("the second member does not learn from it")
	}
}

// A run comes to the same to the bit on one core and on three, and if it was
// stopped and went on.
func TestRunsComeToTheSame(t *testing.T) {
	path := asFile(t, noisy(3, 200, 5))
	come := func(ctx context.Context, dir string, watch ...train.Observer) (string, error) {
		c := tiny(t, path, "epochs=2")
		c.Every = 2
		task, l, err := opened(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := task.Run(ctx, &recipe.Bench{Dir: dir, Observers: watch}); err != nil {
			return "", err
		}
		m, err := task.Measure(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(m.Scores, m.Reference, m.Story) + weights(l.all[0]), nil
	}
	want, err := come(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	old := par.Workers()
	defer par.SetWorkers(old)
	for _, n := range []int{1, 3} {
		par.SetWorkers(n)
		if got, err := come(context.Background(), t.TempDir()); got != want {
			t.Errorf("on %d cores: %.300s (%v)", n, got, err)
		}
	}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	_, err = come(ctx, dir, train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if s, ok := e.(train.StepDone); ok && s.Step == 5 {
			stop()
		}
		return nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	if got, err := come(context.Background(), dir); got != want {
		t.Errorf("stopped and gone on: %.300s, want %.300s (%v)", got, want, err)
	}
}

// viewed is a series, with what a regression on its week needs.
func viewed(t fataler, s *series.Series, horizon int) *source {
	t.Helper()
	c := defaults(true)
	c.Horizon = horizon
	out := &source{name: "own", series: s, choice: choice{Target: "sold", Others: []string{"seen"}, Logs: []bool{false}, Step: s.Step.String()}}
	out.suit()
	out.with(&c)
	out.Wave = classic.Harmonic{Curve: classic.Curve{Waves: []classic.Wave{{Period: 7, Count: 1}}}, Order: 2}
	return out
}

// fataler is a test, or a draw of rapid's.
type fataler interface {
	Helper()
	Fatal(...any)
}

// What the network reads is what the curve leaves of each column's past, in its
// deviations, and the calendar, by hand; and 0 where a value is missing.
func TestViewByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := noisy(uint64(rapid.IntRange(0, 99).Draw(t, "seed")), 150, 4)
		at := rapid.IntRange(60, 140).Draw(t, "origin")
		gap := rapid.IntRange(at-10, at-1).Draw(t, "gap")
		s.Values[1][gap] = math.NaN()
		src := viewed(t, s, 3)
		v, err := src.view(s.Until(at))
		if err != nil {
			t.Fatal(err)
		}
		width := src.channels()
		for c, name := range []string{"sold", "seen"} {
			past := s.Column(name)[:at]
			curve, err := src.Wave.Curve.Fit(past)
			if err != nil {
				t.Fatal(err)
			}
			var left []float64
			for i := at - 100; i < at; i++ { // as many as there are, at most a hundred
				if i >= 0 {
					left = append(left, past[i]-curve.At(i))
				}
			}
			_, scale := moments(left)
			for k := range src.Context {
				i := at - src.Context + k
				want := (past[i] - curve.At(i)) / scale
				if i == gap && c == 1 {
					want = 0
				}
				if got := float64(v.x[k*width+c]); math.Abs(got-want) > 1e-5 {
					t.Fatalf("%s at %d: %g, want %g", name, i, got, want)
				}
			}
			if wave, err := src.Wave.Fit(past); err != nil || c == 0 && (!slices.Equal(v.base, wave.Forecast(3)) || math.Abs(v.scale-scale) > 1e-9) {
				t.Fatalf("base %v, scale %g (%v)", v.base, v.scale, err)
			}
		}
		for k := range src.Context {
			want := calendarOf(src.Step).Features(s.Time(at - src.Context + k))
			if got := v.x[k*width+2 : (k+1)*width]; !slices.Equal(got, want) {
				t.Fatalf("dates %v, want %v", got, want)
			}
		}
	})
}

// What is learned, put back together, is what came: base + scale · truth. All
// origins ahead of the test part are there but those whose future has a gap.
func TestWindowsHoldWhatCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := noisy(uint64(rapid.IntRange(0, 99).Draw(t, "seed")), rapid.IntRange(120, 180).Draw(t, "days"), 4)
		src := viewed(t, s, rapid.IntRange(1, 6).Draw(t, "horizon"))
		gap := rapid.IntRange(src.least, src.test-1).Draw(t, "gap")
		s.Values[0][gap] = math.NaN()
		w, err := src.cut(2)
		if err != nil {
			t.Fatal(err)
		}
		next, skipped := 0, 0
		for at := src.least; at+src.Horizon <= src.test; at++ {
			if at <= gap && gap < at+src.Horizon {
				skipped++
				continue
			}
			if next >= len(w.at) || w.at[next] != at {
				t.Fatalf("the origin at %d is not there: %v", at, w.at)
			}
			for h, y := range w.truth[next] {
				if got, want := w.views[next].base[h]+w.views[next].scale*float64(y), s.Values[0][at+h]; math.Abs(got-want) > 1e-4 {
					t.Fatalf("%d steps after %d: %g, want %g", h, at, got, want)
				}
			}
			e, err := w.part(true).At(next)
			held, err2 := w.part(false).At(next)
			if err != nil || err2 != nil || !slices.Equal(tensor.Data[float32](e.Y), w.truth[next]) || !slices.Equal(tensor.Data[float32](e.X), w.views[next].x) {
				t.Fatal("the window differs as an example")
			}
			if k := w.fold[next]; tensor.Data[float32](e.More["keep"])[k] != 0 || tensor.Data[float32](held.More["keep"])[k] != 1 {
				t.Fatalf("member %d learns from its own stretch", k)
			}
			next++
		}
		if next != w.learned() || skipped != w.skipped || w.part(true).Len() != next {
			t.Fatalf("%d of %d windows, %d of %d skipped", next, w.learned(), skipped, w.skipped)
		}
	})
}

// Settings are compared by the mean absolute error at the origins of the
// validation part, which ends where the test part begins.
func TestErrorsOfTriesByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := noisy(uint64(rapid.IntRange(0, 99).Draw(t, "seed")), 160, 6)
		src := viewed(t, s, rapid.IntRange(1, 5).Draw(t, "horizon"))
		origins := rapid.IntRange(1, 40).Draw(t, "origins")
		s.Values[0][src.valid+3] = math.NaN()
		seen := 0
		got, err := src.errorOf(origins, func(past []float64) ([]float64, error) {
			seen = len(past)
			return slices.Repeat([]float64{50}, src.Horizon), nil
		})
		every := max(1, (src.test-src.valid-src.Horizon)/origins)
		sum, n := 0.0, 0.0
		for at := src.valid; at+src.Horizon <= src.test; at += every {
			for _, y := range s.Values[0][at : at+src.Horizon] {
				if !math.IsNaN(y) {
					sum, n = sum+math.Abs(y-50), n+1
				}
			}
		}
		if err != nil || math.Abs(got-sum/n) > 1e-9 || seen+src.Horizon > src.test {
			t.Fatalf("%g, want %g; it saw %d steps of the %d before the test part (%v)", got, sum/n, seen, src.test, err)
		}
		if _, err := src.errorOf(origins, func([]float64) ([]float64, error) { return nil, errors.New("cannot") }); err == nil {
			t.Fatal("what a forecaster cannot do is passed over")
		}
	})
}

// The setting that is chosen is the best of those that were tried, and known
// again it is the same.
func TestBestIsChosenAndKnown(t *testing.T) {
	c := tiny(t, asFile(t, noisy(6, 200, 8)))
	_, l, err := opened(c)
	if err != nil {
		t.Fatal(err)
	}
	s := l.all[0]
	best := map[string]try{}
	for _, try := range s.tries {
		if b, ok := best[try.rival]; !ok || try.error < b.error {
			best[try.rival] = try
		}
	}
	if best["harmonic regression"].setting != s.Wave.String() || s.Smooth == nil || best["Holt–Winters"].setting != s.Smooth.String() {
		t.Errorf("chosen: %v and %v, best: %v", s.Wave, s.Smooth, best)
	}
	var known map[string]choice
	if err := json.Unmarshal([]byte(c.Known), &known); err != nil || fmt.Sprint(known["own"].Wave) != fmt.Sprint(s.Wave) || *known["own"].Smooth != *s.Smooth {
		t.Errorf("known: %s (%v)", c.Known, err)
	}
	text := c.Known
	_, again, err := opened(c)
	if err != nil || c.Known != text || len(again.all[0].tries) != 0 || weights(again.all[0]) != weights(s) {
		t.Errorf("again: %s (%v)", c.Known, err)
	}
	c.Known = "{"
	if _, _, err := opened(c); err == nil || !strings.Contains(err.Error(), "what the run knows of its series") {
		t.Errorf("damaged: %v", err)
	}
}

// The members' loss is the mean of each one's own over what is kept for it.
func TestObjectiveByHand(t *testing.T) {
	c := tiny(t, asFile(t, noisy(7, 160, 3)), "dropout=0")
	_, l, err := opened(c)
	if err != nil {
		t.Fatal(err)
	}
	s := l.all[0]
	all, err := ask(s.net, s.model, s.source, s.windows.views)
	if err != nil {
		t.Fatal(err)
	}
	want, n := make([]float64, 2), make([]float64, 2)
	for i, by := range all {
		for k := range want {
			if s.windows.held[i][k] == 0 {
				continue
			}
			for h, y := range s.windows.truth[i] {
				z := (float64(y) - by[k].mean[h]) / by[k].dev[h]
				want[k], n[k] = want[k]+z*z/2+math.Log(by[k].dev[h]), n[k]+1
			}
		}
	}
	part := s.windows.part(false)
	loader := data.Loader{Data: part, Batch: part.Len()}
	for b, err := range loader.Epoch(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		err := s.net.Do(func(p *nn.Pass) error {
			if got, sum := s.model.objective(p, s.net, b).Item(), (want[0]/n[0]+want[1]/n[1])/2; math.Abs(got-sum) > 1e-4 {
				t.Errorf("loss %g, by hand %g", got, sum)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
