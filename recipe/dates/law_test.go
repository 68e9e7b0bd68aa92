package dates

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data/token"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// anyDay draws one of the days.
func anyDay(t *rapid.T) time.Time {
	return firstDay.AddDate(0, 0, rapid.IntRange(0, 36524).Draw(t, "day"))
}

// Numeric forms can be read back by the rule, whatever the day; and so can all
// with English months that say the year in full.
func TestRuleReadsWhatItKnows(t *testing.T) {
	forms := allForms()
	rapid.Check(t, func(t *rapid.T) {
		f, d := rapid.SampledFrom(forms).Draw(t, "form"), anyDay(t)
		text := f.write(d)
		got := rule(text)
		switch f.month {
		case "3", "03", "March", "Mar":
			if got != iso(d) {
				t.Fatalf("%q is read as %q", text, got)
			}
		case "III":
			if got == iso(d) {
				t.Fatalf("%q is read without knowing Roman numbers", text)
			}
		}
	})
}

// What is written has the day, and the year or its last two digits, in digits.
func TestWrittenDatesHoldTheirNumbers(t *testing.T) {
	forms := allForms()
	rapid.Check(t, func(t *rapid.T) {
		f, d := rapid.SampledFrom(forms).Draw(t, "form"), anyDay(t)
		text := f.write(d)
		found := numbers.FindAllString(text, -1)
		if !slices.Contains(found, f.yearNumber(d)) || !slices.ContainsFunc(found, func(n string) bool { return strings.TrimLeft(n, "0") == fmt.Sprint(d.Day()) }) {
			t.Fatalf("%q of %s has the numbers %q", text, iso(d), found)
		}
		if strings.ContainsAny(text, "\t\n") || len([]rune(text)) > longest {
			t.Fatalf("%q is no line to learn from", text)
		}
		if f.letters == "lower" && text != strings.ToLower(text) || f.letters == "upper" && text != strings.ToUpper(text) {
			t.Fatalf("%q is not in %s", text, f.letters)
		}
		if f.weekday != "" && !strings.HasPrefix(strings.ToLower(text), strings.ToLower(d.Format("Mon"))) {
			t.Fatalf("%q is a %s", text, d.Format("Monday"))
		}
	})
}

// yearNumber is how the year stands among the numbers of a text.
func (f form) yearNumber(d time.Time) string {
	if f.year == "'21" {
		return d.Format("06")
	}
	return d.Format("2006")
}

// Each way to write the month is drawn as often as any other, and the same date
// comes from the same number.
func TestDraft(t *testing.T) {
	known, _ := divide(allForms(), formSeed)
	groups := byMonth(known)
	if len(groups) != len(months) {
		t.Fatalf("%d groups", len(groups))
	}
	days, _, _ := span(daySeed)
	count := map[string]int{}
	const n = 6000
	for i := range n {
		p, f := draft(groups, days, 1, i)
		again, _ := draft(groups, days, 1, i)
		other, _ := draft(groups, days, 2, i)
		if p != again {
			t.Fatalf("number %d is %v, then %v", i, p, again)
		}
		if p == other && i < 3 {
			t.Errorf("number %d is the same from two seeds", i)
		}
		count[f.month]++
	}
	share := float64(n) / float64(len(months))
	for _, m := range months {
		if math.Abs(float64(count[m])-share) > 5*math.Sqrt(share) {
			t.Errorf("months as in %q are %d of %d", m, count[m], n)
		}
	}
}

// The objective is the mean of −log of the probability that the model gives
// each next symbol, worked out symbol by symbol.
func TestObjectiveBySymbols(t *testing.T) {
	l := lessonOf(t)
	sources := [][]int32{l.language.from.Encode("5.3.2021"), l.language.from.Encode("1 May '99")}
	targets := [][]int32{append(l.language.to.Encode("2021-03-05"), end), append(l.language.to.Encode("1999"), end)}
	want, n := 0.0, 0
	for i := range sources {
		ids, lengths := token.Pad(sources[i:i+1], padding)
		err := l.net.Do(func(p *nn.Pass) error {
			r := l.model.Read(p, ids, lengths)
			last := start
			for _, symbol := range targets[i] {
				var scores tensor.Tensor
				scores, _, r.memory = l.model.Write(p, r, tensor.Of([]int32{last}, 1, 1))
				want -= scores.LogSoftmax(-1).At(0, 0, int(symbol))
				n++
				last = symbol
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	written := [][]int32{append([]int32{start}, targets[0][:10]...), append([]int32{start}, targets[1][:4]...)}
	var b batch
	b.sources, b.lengths = token.Pad(sources, padding)
	b.targets, _ = token.Pad(targets, notCounted)
	b.written, _ = token.Pad(written, padding)
	err := l.net.Do(func(p *nn.Pass) error {
		if got := l.model.objective(p, b).Item(); math.Abs(got-want/float64(n)) > 1e-5 {
			t.Errorf("%g, symbol by symbol %g", got, want/float64(n))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The gradient of the whole model, through both recurrent layers and the
// attention, is that of central differences in float64.
func TestGradient(t *testing.T) {
	c := defaults(false)
	c.Hidden, c.Embed, c.Dropout = 6, 4, 0
	m := newTranslator(&c, 7, 8)
	net, err := nn.Build(m, nn.Trace(m.trace), nn.Seed(2), nn.Float64)
	if err != nil {
		t.Fatal(err)
	}
	b := batch{sources: tensor.Ints(3, 4, 5, 6, 4, 0).Reshape(2, 3), lengths: tensor.Ints(3, 2),
		written: tensor.Ints(1, 4, 5, 1, 6, 0).Reshape(2, 3), targets: tensor.Ints(4, 5, 2, 6, 2, notCounted).Reshape(2, 3)}
	at := func(w nn.Weights) (loss float64, grads []tensor.Tensor) {
		err := net.Do(func(p *nn.Pass) error {
			l := m.objective(p, b)
			loss = l.Item()
			for _, g := range tensor.Grad(l, p.Params()...) {
				grads = append(grads, g.Keep())
			}
			return nil
		}, nn.With(w), nn.TrackParams())
		if err != nil {
			t.Fatal(err)
		}
		return loss, grads
	}
	base := net.Weights()
	_, grads := at(base)
	for i, p := range net.Params() {
		v := tensor.NewRand(uint64(i+9)).Normal(0, 1, p.Value().Shape()...).To(tensor.Float64)
		move := func(h float64) float64 {
			w := net.Weights()
			w[p.Path()] = base[p.Path()].Add(v.Scale(h))
			loss, _ := at(w)
			return loss
		}
		const h = 1e-4
		want := (8*(move(h)-move(-h)) - (move(2*h) - move(-2*h))) / (12 * h)
		if got := tensor.Dot([]tensor.Tensor{grads[i]}, []tensor.Tensor{v}).Item(); math.Abs(got-want) > 1e-7*(1+math.Abs(want)) {
			t.Errorf("%s: %.10g, differences %.10g", p.Path(), got, want)
		}
	}
}

// A search that keeps more beginnings than there are finds what trying all
// finds.
func TestSearchIsExhaustive(t *testing.T) {
	c := defaults(false)
	c.Hidden, c.Embed = 8, 4
	const symbols, most = 5, 3
	m := newTranslator(&c, 6, symbols)
	net, err := nn.Build(m, nn.Trace(m.trace), nn.Seed(4))
	if err != nil {
		t.Fatal(err)
	}
	source := []int32{3, 5, 4}
	ids, lengths := token.Pad([][]int32{source}, padding)
	chance := func(target []int32) (log float64) {
		err := net.Do(func(p *nn.Pass) error {
			written := append([]int32{start}, target[:len(target)-1]...)
			scores, _, _ := m.Write(p, m.Read(p, ids, lengths), tensor.Of(written, 1, len(written)))
			logs := scores.LogSoftmax(-1)
			for u, symbol := range target {
				log += logs.At(0, u, int(symbol))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return log
	}
	best := math.Inf(-1)
	var try func(prefix []int32)
	try = func(prefix []int32) {
		best = max(best, chance(append(slices.Clone(prefix), end)))
		if len(prefix) < most {
			for s := range int32(symbols) {
				if s != end {
					try(append(slices.Clone(prefix), s))
				}
			}
		}
	}
	try(nil)
	got, err := search(t.Context(), net, m, source, 64, most)
	if err != nil || math.Abs(math.Log(got.chance)-best) > 1e-4 {
		t.Errorf("found %v of log-probability %g, the best is %g: %v", got.symbols, math.Log(got.chance), best, err)
	}
}

// The weights after training are the same on any number of threads, and after
// a stop in the middle.
func TestSameBits(t *testing.T) {
	was := par.Workers()
	defer par.SetWorkers(was)
	fit := func(dir string, ctx context.Context, o ...train.Observer) (float64, error) {
		task, _ := opened(t, func(c *Config) { c.Examples, c.Batch = 256, 32 })
		task.Fit.Dir, task.Fit.Every, task.Fit.Observers = dir, 2, o
		_, err := train.Fit(ctx, task.Net, task.Fit)
		sum := 0.0
		for i, p := range task.Net.Params() {
			sum += p.Value().Scale(float64(i + 1)).Sum().Item()
		}
		return sum, err
	}
	par.SetWorkers(1)
	want, err := fit("", t.Context())
	if err != nil {
		t.Fatal(err)
	}
	par.SetWorkers(3)
	if got, err := fit("", t.Context()); err != nil || got != want {
		t.Errorf("three threads: %v, want %v: %v", got, want, err)
	}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, err = fit(dir, ctx, train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if e, ok := e.(train.StepDone); ok && e.Step == 3 {
			stop()
		}
		return nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got, err := fit(dir, t.Context()); err != nil || got != want {
		t.Errorf("gone on: %v, want %v: %v", got, want, err)
	}
}

// Shares by part, and mistakes, by hand.
func TestByPart(t *testing.T) {
	a := form{"dmy", "3", "5", "2021", ".", "", "as is"}
	b := form{"mdy", "3", "5", "2021", "/", "", "as is"}
	s := testSet{name: "exact", forms: []form{a, a, b}, pairs: []pair{{"1.2.2003", "2003-02-01"}, {"2.2.2003", "2003-02-02"}, {"2/1/2003", "2003-02-01"}}}
	got := []string{"2003-02-01", "2003-02-03", "2003-02-01"}
	names, shares := s.byPart(got)
	for part, want := range map[string]float64{"order dmy": 0.5, "order mdy": 1, "month 3": 2.0 / 3, `between "/"`: 1, "weekday none": 2.0 / 3} {
		i := slices.Index(names, part)
		if i < 0 || math.Abs(shares[i]-want) > 1e-12 {
			t.Errorf("%s: %v of %v", part, shares, names)
		}
	}
	if !slices.IsSorted(names) || len(names) != 9 {
		t.Errorf("%q", names)
	}
	rows := s.mistakes(got, 5)
	if len(rows) != 1 || !slices.Equal(rows[0], []string{"2.2.2003", "2003-02-03", "2003-02-02"}) || len(s.mistakes([]string{"", "", ""}, 2)) != 2 {
		t.Errorf("%q", rows)
	}
}

// Pairs that are there twice are taken once, the first time.
func TestDistinct(t *testing.T) {
	got := distinct([]pair{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", "2"}, {"c", "1"}})
	if !slices.Equal(got, []pair{{"a", "1"}, {"b", "2"}, {"c", "1"}}) {
		t.Errorf("%v", got)
	}
	if s := share(4, func(i int) bool { return i%2 == 0 }); s != 0.5 {
		t.Errorf("%g", s)
	}
	if s := share(0, nil); s != 0 {
		t.Errorf("%g of nothing", s)
	}
}

// What is not ended by the network is ended by its length.
func TestLongAnswersEnd(t *testing.T) {
	l := lessonOf(t)
	for _, most := range []int{0, 1, 5} {
		got, err := translate(t.Context(), l.net, l.model, [][]int32{{3}, {4, 5, 6}}, most)
		if err != nil || len(got) != 2 || len(got[0].symbols) > most || len(got[1].symbols) > most {
			t.Errorf("at most %d: %v, %v", most, got, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := translate(ctx, l.net, l.model, [][]int32{{3}}, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := search(ctx, l.net, l.model, []int32{3}, 2, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("a search interrupted: %v", err)
	}
}
