package forecast

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/datasets/co2"
	"github.com/limpid-ml/limpid/datasets/weather"
	"github.com/limpid-ml/limpid/recipe"
	"pgregory.net/rapid"
)

// configured returns the defaults with settings, "key=value" each.
func configured(t *testing.T, settings ...string) *Config {
	t.Helper()
	c := defaults(false)
	for _, kv := range settings {
		key, value, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, key, value); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// trained opens and trains a task, and measures it.
func trained(t *testing.T, c *Config) (*recipe.Task, *lesson, *recipe.Measured) {
	t.Helper()
	task, l, err := opened(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Run(context.Background(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	m, err := task.Measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return task, l, m
}

// A quick run beats repeating last season, comes close to Holt-Winters, knows
// how sure it is, and shows all that.
func TestQuickRunLearns(t *testing.T) {
	task, l, m := trained(t, configured(t, Recipe.Quick...))
	for score, bounds := range map[string][2]float64{"mase": {0.1, 0.5}, "mase_over_holt_winters": {0.5, 1.05}, "coverage_90": {0.8, 0.97}, "origins": {100, 200}} {
		if v, _ := m.Scores.Number(score); v < bounds[0] || v > bounds[1] {
			t.Errorf("%s is %g, want %v", score, v, bounds)
		}
	}
	if !strings.Contains(m.Story, "Holt–Winters") || !strings.Contains(m.Story, "134 origins") {
		t.Errorf("story: %s", m.Story)
	}
	sections, err := task.Pages(context.Background(), m)
	if err != nil || len(sections) != 6 {
		t.Errorf("%d sections, %v", len(sections), err)
	}
	a, err := task.Answer(context.Background(), &recipe.Question{})
	if err != nil {
		t.Fatal(err)
	}
	c := a.Value.(*continued)
	if len(c.Steps) != 12 || c.Steps[0].Time != "2020-05" || a.Picture == nil || !strings.Contains(a.Text, "2021-04") {
		t.Errorf("answer %+v\n%s", c, a.Text)
	}
	for i, s := range c.Steps {
		if s.Value < 405 || s.Value > 425 || s.Low >= s.Value || s.High <= s.Value {
			t.Errorf("step %d: %+v", i, s)
		}
	}
	if _, err := json.Marshal(a.Value); err != nil {
		t.Error(err)
	}
	recentValues(t, l)
}

// recentValues asks the trained network about files of recent values.
func recentValues(t *testing.T, l *lesson) {
	t.Helper()
	var good, short, daily strings.Builder
	good.WriteString("month,co2\n")
	short.WriteString("month,co2\n")
	daily.WriteString("day,co2\n")
	for i := range 200 {
		at := fmt.Sprintf("%04d-%02d", 2004+i/12, i%12+1)
		fmt.Fprintf(&good, "%s,%.2f\n", at, 380+float64(i)/6+3*math.Sin(2*math.Pi*float64(i)/12))
		if i < 20 {
			fmt.Fprintf(&short, "%s,%d\n", at, 380+i)
		}
		fmt.Fprintf(&daily, "%s,%d\n", co2.Load().Start.AddDate(0, 0, i).Format("2006-01-02"), i)
	}
	ask := func(text string) (*recipe.Answer, error) {
		return l.answer(context.Background(), &recipe.Question{Name: "x.csv", In: strings.NewReader(text)})
	}
	a, err := ask(good.String())
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range a.Value.(*continued).Steps {
		if want := 380 + float64(200+i)/6 + 3*math.Sin(2*math.Pi*float64(200+i)/12); math.Abs(s.Value-want) > 0.5 {
			t.Errorf("step %d: %g, want %g", i, s.Value, want)
		}
	}
	for text, want := range map[string]string{
		short.String(): "needs at least", daily.String(): "steps are 24h0m0s", "": "empty",
		strings.Replace(good.String(), "co2", "carbon", 1):  `no column "co2"`,
		strings.Replace(good.String(), "380.00", "many", 1): "many",
	} {
		if _, err := ask(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	l.ask.Series = "rain"
	if _, err := ask(good.String()); err == nil || !strings.Contains(err.Error(), "it knows: co2") {
		t.Error(err)
	}
}

// What comes at an origin or after it does not change what the network reads
// there: not the values, not the season, not the scale.
func TestViewsDoNotPeek(t *testing.T) {
	c := configured(t)
	for _, s := range []*source{ofCO2(co2.Load(), c), ofWeather(weather.Load(), c)} {
		s.degrees, s.lookback = s.degrees[:1], s.lookback[:1] // fewer regressions to try
		if err := s.tune(); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			at := rapid.IntRange(s.least, s.series.Len()-s.Horizon).Draw(t, "origin")
			other := *s.series
			other.Values = nil
			for i, v := range s.series.Values {
				v = slices.Clone(v)
				for j := at; j < len(v); j++ {
					v[j] = float64(1000*i) - 7*float64(j)
				}
				other.Values = append(other.Values, v)
			}
			a, err := s.view(s.series.Until(at))
			b, err2 := s.view(other.Until(at))
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if !slices.Equal(a.x, b.x) || !slices.Equal(a.base, b.base) || a.scale != b.scale {
				t.Fatalf("%s at %d: the future shows", s.name, at)
			}
		})
		for _, try := range s.tries {
			if !(try.error > 0) {
				t.Errorf("%s: %+v", s.name, try)
			}
		}
	}
}

// Each window is validated by one member, and no member learns from a window
// whose future overlaps with those on which it is validated.
func TestMembersLearnFromOtherStretches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, members, horizon := rapid.IntRange(60, 120).Draw(t, "n"), rapid.IntRange(2, 5).Draw(t, "members"), rapid.IntRange(1, 9).Draw(t, "horizon")
		w := &windows{}
		for i := range n {
			w.at = append(w.at, 10+i)
		}
		w.split(members, horizon)
		for k := range members {
			held, kept := 0, 0
			for i := range w.at {
				if w.held[i][k] > 0 {
					held++
				}
				if w.keep[i][k] > 0 {
					kept++
				}
				for j := range w.at {
					if w.keep[i][k] > 0 && w.held[j][k] > 0 && max(w.at[i]-w.at[j], w.at[j]-w.at[i]) < horizon {
						t.Fatalf("member %d learns from %d and is validated on %d", k, w.at[i], w.at[j])
					}
				}
			}
			if held == 0 || kept == 0 {
				t.Fatalf("member %d: %d validated, %d learned", k, held, kept)
			}
		}
	})
}

// Of errors like those before, nine of ten lie within the band, whatever was
// claimed.
func TestConformHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c, in := newConform(1), 0
	if v := c.reach(0, 0.9); v != within {
		t.Errorf("of nothing: %g", v)
	}
	for i := range 4000 {
		miss, dev := math.Pow(r.NormFloat64(), 3), 0.2+r.Float64()
		if i >= 1000 && math.Abs(miss*dev) <= c.reach(0, 0.9)*dev {
			in++
		}
		c.add(0, miss*dev, dev)
	}
	if share := float64(in) / 3000; math.Abs(share-0.9) > 0.02 {
		t.Errorf("%.3f of the errors are within", share)
	}
	c.add(0, math.NaN(), 1)
	if d := c.copy(); len(d.seen[0]) != 4000 || !slices.IsSorted(d.seen[0]) {
		t.Errorf("%d errors kept", len(d.seen[0]))
	}
}

func TestJoined(t *testing.T) {
	s := joined([]said{{[]float64{1, 4}, []float64{1, 2}}, {[]float64{3, 4}, []float64{1, 2}}})
	if s.mean[0] != 2 || math.Abs(s.dev[0]-math.Sqrt2) > 1e-12 || s.mean[1] != 4 || s.dev[1] != 2 {
		t.Errorf("got %+v", s)
	}
	m := newModel(configured(t, "says=quantiles", "members=2"), &source{choice: choice{Horizon: 1, Context: 8}})
	if q := m.read([]float32{-2, 0.5, 2}); q.mean[0] != 0.5 || math.Abs(q.dev[0]-4/(2*within)) > 1e-9 {
		t.Errorf("quantiles: %+v", q)
	}
}

// file writes a CSV file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// sales are daily figures with a week's pattern and noise; the third column has
// gaps.
func sales(days int) string {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("date,visitors,sold,shop\n")
	for i := range days {
		visitors := 200 + 60*math.Sin(2*math.Pi*float64(i)/7) + 10*r.NormFloat64()
		sold := fmt.Sprintf("%.1f", visitors/4+3*r.NormFloat64())
		if i%50 == 13 {
			sold = ""
		}
		fmt.Fprintf(&b, "%s,%.1f,%s,north\n", co2.Load().Start.AddDate(0, 0, i).Format("2006-01-02"), visitors, sold)
	}
	return b.String()
}

// A user's file: the week is found, the network is better than repeating last
// week, and the run answers when the file is gone.
func TestOwnFile(t *testing.T) {
	for _, model := range []string{"lstm", "tcn"} {
		c := configured(t, "data="+file(t, sales(300)), "target=sold", "epochs=2", "members=2", "hidden=4", "model="+model, "says=quantiles")
		task, l, m := trained(t, c)
		if v, _ := m.Scores.Number("mase"); !(v < 1) || l.all[0].Season != 7 {
			t.Errorf("mase %g, season %d", v, l.all[0].Season)
		}
		if _, err := task.Answer(context.Background(), &recipe.Question{}); err != nil {
			t.Error(err)
		}
		bare := *c
		bare.Data, bare.Bare = "gone.csv", true
		asked, err := open(&bare)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := asked.Answer(context.Background(), &recipe.Question{}); err == nil || !strings.Contains(err.Error(), "give a file of recent values") {
			t.Errorf("without its file: %v", err)
		}
		a, err := asked.Answer(context.Background(), &recipe.Question{Name: "new.csv", In: strings.NewReader(sales(120))})
		if err != nil || len(a.Value.(*continued).Steps) != 7 {
			t.Errorf("about a new file: %v", err)
		}
	}
}

// Files that nothing can be learned from are refused with what is wrong.
func TestHostileFiles(t *testing.T) {
	line := func(i int, v string) string {
		return co2.Load().Start.AddDate(0, 0, i).Format("2006-01-02") + "," + v + "\n"
	}
	fill := func(n int, f func(i int) string) string {
		var b strings.Builder
		b.WriteString("date,y\n")
		for i := range n {
			b.WriteString(line(i, f(i)))
		}
		return b.String()
	}
	number := func(i int) string { return fmt.Sprint(i * i % 17) }
	for _, tt := range []struct{ name, text, target, want string }{
		{"empty", "", "", "empty"},
		{"names only", "date,y\n", "", "0 lines"},
		{"too short", fill(30, number), "", "30 values; want at least 60"},
		{"no such column", fill(100, number), "price", `no column "price"; there are: y`},
		{"column of words", strings.ReplaceAll(fill(100, number), "date,y", "date,y,w") + "", "w", ""},
		{"words", fill(100, func(i int) string { return []string{"1", "many"}[i%2] }), "", "many"},
		{"constant", fill(100, func(int) string { return "4.5" }), "", "4.5 at every step"},
		{"duplicate dates", fill(100, number) + line(3, "7"), "", "both of"},
		{"mostly missing", fill(150, func(i int) string { return []string{"", "", "1", "2", ""}[i%5] }), "", "lacks"},
		{"no dates", "a,b\n1,2\n3,4\n", "", "time stamp"},
		{"two kinds of dates", fill(100, number) + "03/04/1999,4\n", "", "line 102"},
		{"infinite", fill(100, func(i int) string { return []string{"1", "1e999"}[i%2] }), "", "no number"},
		{"binary", "date,y\n\xff\xfe\x00", "", "UTF-8"},
	} {
		c := configured(t, "data="+file(t, tt.text), "target="+tt.target)
		_, err := open(c)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := open(configured(t, "data=/nowhere/x.csv")); err == nil || !strings.Contains(err.Error(), `no file "/nowhere/x.csv"`) {
		t.Error(err)
	}
	if _, err := open(configured(t, "data="+file(t, fill(100, number)), "context=90")); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Error(err)
	}
	if _, err := open(&Config{Common: recipe.Common{Bare: true, Data: "x.csv"}}); err == nil || !strings.Contains(err.Error(), "train it again") {
		t.Error(err)
	}
}

// Days and months that could be either way are asked for, and then read.
func TestAmbiguousDates(t *testing.T) {
	var b strings.Builder
	b.WriteString("date,y\n")
	for i := range 120 {
		fmt.Fprintf(&b, "%d/%d/%d,%d\n", i%12+1, i/12%10+1, 2020, i*i%17)
	}
	path := file(t, b.String())
	if _, err := readOwn(path, "", ""); err == nil || !strings.Contains(err.Error(), "--set layout=2/1/2006") {
		t.Error(err)
	}
	for _, layout := range []string{"2/1/2006", "1/2/2006"} {
		if s, err := readOwn(path, "y", layout); err != nil || count(s.Values[0]) != 120 {
			t.Errorf("%s: %v", layout, err)
		}
	}
}

// Unsorted lines and gaps do not matter.
func TestUnsortedFileWithGaps(t *testing.T) {
	lines := strings.SplitAfter(sales(300), "\n")
	head, body := lines[0], lines[1:300]
	r := rand.New(rand.NewPCG(9, 9))
	r.Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
	a, _, err := opened(configured(t, "data="+file(t, sales(300)), "members=2"))
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := opened(configured(t, "data="+file(t, head+strings.Join(body[:295], "")), "members=2"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Total == 0 || b.Total == 0 {
		t.Errorf("%d and %d steps", a.Total, b.Total)
	}
}

func TestCyclesOfSteps(t *testing.T) {
	for _, tt := range []struct {
		step series.Step
		want []float64
	}{
		{series.Step{Months: 1}, []float64{12}}, {series.Step{Months: 3}, []float64{4}},
		{series.Step{Duration: 24 * 3600e9}, []float64{7, 365.25}}, {series.Step{Duration: 3600e9}, []float64{24, 168, 8766}},
		{series.Step{Duration: 7 * 24 * 3600e9}, []float64{365.25 / 7}},
	} {
		got := cycles(tt.step)
		if len(got) != len(tt.want) || math.Abs(got[0]-tt.want[0]) > 1e-9 {
			t.Errorf("%v: %v, want %v", tt.step, got, tt.want)
		}
		if calendarOf(tt.step.String()).Size() == 0 {
			t.Errorf("%v: no calendar", tt.step)
		}
	}
}

// Goals hold for the defaults, whatever the seed, and for nothing else.
func TestGoals(t *testing.T) {
	if n := len(goals(configured(t, "seed=7"))); n != 7 {
		t.Errorf("%d goals", n)
	}
	for _, kv := range []string{"hidden=17", "series=co2", "target=wind", "data=x.csv"} {
		if goals(configured(t, kv)) != nil {
			t.Errorf("%s has goals", kv)
		}
	}
}
