package anomaly

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
	"time"

	"github.com/limpid-ml/limpid/datasets/footfall"
	"github.com/limpid-ml/limpid/metric"
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

// A quick run finds more than a z-score and much more than lots, says which rule
// it is held against, and shows it.
func TestQuickRunLearns(t *testing.T) {
	task, l, m := trained(t, configured(t, Recipe.Quick...))
	got, _ := m.Scores.Number("average_precision")
	z, _ := m.Scores.Number("average_precision_z_score")
	if got < 0.7 || got <= z {
		t.Errorf("average precision %g, of a z-score %g", got, z)
	}
	for _, key := range []string{"average_precision_seasonal", "average_precision_neighbours", "planted", "stretches"} {
		if v, ok := m.Scores.Number(key); !ok || v <= 0 {
			t.Errorf("%s is %g", key, v)
		}
	}
	if !strings.Contains(m.Story, "37 of 147 stretches") || !strings.Contains(m.Story, "seasonal residual") {
		t.Error(m.Story)
	}
	sections, err := task.Pages(context.Background(), m)
	if err != nil || len(sections) < 6 {
		t.Errorf("%d sections, %v", len(sections), err)
	}
	a, err := task.Answer(context.Background(), &recipe.Question{})
	if err != nil {
		t.Fatal(err)
	}
	f := a.Value.(*found)
	if f.Stretches < 280 || a.Picture == nil || f.Column != footfall.Target {
		t.Errorf("%d stretches of %s", f.Stretches, f.Column)
	}
	for i, s := range f.Suspicious {
		if s.Score < 1 || i > 0 && s.Score > f.Suspicious[i-1].Score {
			t.Errorf("suspect %d: %+v", i, s)
		}
	}
	if _, err := json.Marshal(a.Value); err != nil {
		t.Error(err)
	}
	wrongFiles(t, l)
}

// wrongFiles asks about files that cannot be judged.
func wrongFiles(t *testing.T, l *lesson) {
	t.Helper()
	head := "time," + strings.Join(l.Columns, ",") + "\n"
	for text, want := range map[string]string{
		"": "empty", "time,x\n2024-01-01 00:00,1\n2024-01-01 01:00,2\n": "no column",
		head + "2024-01-01,1,1,1,1,1\n2024-01-02,1,1,1,1,1\n":                "steps are 24h0m0s",
		head + "2024-01-01 00:00,1,1,1,1,1\n2024-01-01 01:00,1,1,1,1,1\n":    "want at least 48",
		head + "2024-01-01 00:00,1,1,1,1,many\n2024-01-01 01:00,1,1,1,1,1\n": "no column",
		head + "2024-01-01 00:00,1,1,1,1,1\n2024-01-01 00:00,1,1,1,1,1\n":    "both of",
		head + "yesterday,1,1,1,1,1\n2024-01-01 01:00,1,1,1,1,1\n":           "line 2",
	} {
		_, err := l.answer(context.Background(), &recipe.Question{Name: "x.csv", In: strings.NewReader(text)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// The network never sees the values that it judges, whatever they are, nor
// anything after them.
func TestTheJudgedValuesAreHidden(t *testing.T) {
	_, l, err := opened(configured(t))
	if err != nil {
		t.Fatal(err)
	}
	values := l.series.Values[0]
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(l.Window, l.series.Len()-l.Window).Draw(t, "at")
		other := slices.Clone(values)
		for i := at; i < len(other); i++ {
			other[i] = float64(7 * i)
		}
		if !slices.Equal(l.look(l.series, values, at), l.look(l.series, other, at)) {
			t.Fatalf("at %d the judged values show", at)
		}
	})
	other := slices.Clone(values)
	other[100-1] += 50
	if slices.Equal(l.look(l.series, values, 100), l.look(l.series, other, 100)) {
		t.Error("the stretch before does not show")
	}
}

// Planting changes only the stretches that it says, each of them, a quarter of
// all, the same each time; validation and test get other faults.
func TestPlanting(t *testing.T) {
	_, l, err := opened(configured(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][2]int{{l.valid, l.test}, {l.test, l.series.Len()}} {
		p, again := l.plant(part[0], part[1]), l.plant(part[0], part[1])
		if !slices.Equal(p.kind, again.kind) {
			t.Error("two plantings differ")
		}
		n, seen := 0, map[int]int{}
		for i, at := range p.at {
			same := slices.Equal(p.values[at:at+l.Window], l.series.Values[0][at:at+l.Window])
			if same != (p.kind[i] < 0) {
				t.Errorf("stretch %d of kind %d: unchanged is %v", i, p.kind[i], same)
			}
			if p.kind[i] >= 0 {
				n++
				seen[p.kind[i]]++
				if i > 0 && p.kind[i-1] >= 0 {
					t.Errorf("faults in stretches %d and %d", i-1, i)
				}
			}
		}
		if share := float64(n) / float64(len(p.at)); math.Abs(share-plantShare) > 0.02 || len(seen) != len(faults) {
			t.Errorf("a share of %g, kinds %v", share, seen)
		}
		if !slices.Equal(p.values[:part[0]], l.series.Values[0][:part[0]]) {
			t.Error("values ahead of the part are changed")
		}
	}
}

// Each fault leaves what is around it alone, and the reversed and late ones keep
// all values.
func TestFaults(t *testing.T) {
	for k, f := range faults {
		r := rand.New(rand.NewPCG(1, uint64(k)))
		was := make([]float64, 72)
		for i := range was {
			was[i] = 100 + 10*float64(i%24)
		}
		v := slices.Clone(was)
		f.plant(r, v, 24, 48)
		if !slices.Equal(v[:24], was[:24]) || !slices.Equal(v[48:], was[48:]) || slices.Equal(v, was) {
			t.Errorf("%s: changes what is around it, or nothing", f.name)
		}
		if f.name == "clock" || f.name == "reversed" {
			a, b := slices.Sorted(slices.Values(v)), slices.Sorted(slices.Values(was))
			if !slices.Equal(a, b) {
				t.Errorf("%s: values are lost", f.name)
			}
		}
	}
}

func TestPoolingsAndAlarm(t *testing.T) {
	off := []float64{1, 2, 3, 10}
	for i, want := range []float64{4, math.Sqrt(114. / 4), 10, 10} {
		if got := poolings[i].of(off); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %g, want %g", poolings[i].name, got, want)
		}
	}
	if a := alarm([]float64{5, 4, 3, 2}, []bool{true, true, false, false}); a != 4 {
		t.Errorf("alarm from %g", a)
	}
	w := &way{}
	w.choose([][]float64{{0, 9}, {5, 5}, {1, 1}}, &planted{kind: []int{-1, 2, -1}})
	if w.valid != 1 || w.pool.name != "mean" || w.alarm != 5 {
		t.Errorf("%s, %g, alarm %g", w.pool.name, w.valid, w.alarm)
	}
	if v := metric.RankedPrecision([]float64{2, 1}, []bool{true, false}); v != 1 {
		t.Error(v)
	}
}

// file writes a CSV file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "meter.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// meter is a meter read by the hour with a shape of the day; broken are days on
// which it stands at one value.
func meter(days int, broken ...int) string {
	r := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	b.WriteString("time,load,room\n")
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for h := range 24 * days {
		load := fmt.Sprintf("%.2f", 10+5*math.Sin(2*math.Pi*float64(h)/24)+0.3*r.NormFloat64())
		if slices.Contains(broken, h/24) {
			load = "17.00"
		}
		fmt.Fprintf(&b, "%s,%s,north\n", start.Add(time.Duration(h)*time.Hour).Format("2006-01-02 15:04"), load)
	}
	return b.String()
}

// A user's own series of one column: a day on which the meter stood still is
// found, by the run itself and by one whose file is gone.
func TestOwnFile(t *testing.T) {
	for _, model := range []string{"lstm", "tcn"} {
		c := configured(t, "data="+file(t, meter(60)), "target=load", "epochs=8", "hidden=12", "every=4", "model="+model)
		task, l, m := trained(t, c)
		if v, _ := m.Scores.Number("average_precision"); v < 0.6 {
			t.Errorf("%s: average precision %g", model, v)
		}
		if _, err := task.Answer(context.Background(), &recipe.Question{}); err != nil {
			t.Error(err)
		}
		a, err := l.answer(context.Background(), &recipe.Question{Name: "new.csv", In: strings.NewReader(meter(12, 7))})
		if err != nil {
			t.Fatal(err)
		}
		f := a.Value.(*found)
		if len(f.Suspicious) == 0 || f.Suspicious[0].From != "2024-01-08" || !strings.Contains(a.Text, "2024-01-08") {
			t.Errorf("%s: %s", model, a.Text)
		}
		bare := *c
		bare.Data, bare.Bare = "gone.csv", true
		asked, err := open(&bare)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := asked.Answer(context.Background(), &recipe.Question{}); err == nil || !strings.Contains(err.Error(), "give a file to judge") {
			t.Errorf("without its file: %v", err)
		}
	}
}

// Files that nothing can be learned from are refused with what is wrong.
func TestHostileFiles(t *testing.T) {
	flat := "time,load\n"
	holes := "time,load\n"
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for h := range 24 * 40 {
		at := start.Add(time.Duration(h) * time.Hour).Format("2006-01-02 15:04")
		flat += at + ",4\n"
		v := ""
		if h%3 == 0 {
			v = fmt.Sprint(h % 7)
		}
		holes += at + "," + v + "\n"
	}
	for _, tt := range []struct{ name, text, target, want string }{
		{"empty", "", "", "empty"}, {"names only", "time,load\n", "", "0 lines"},
		{"too short", meter(10), "", "want at least 30 stretches"}, {"no such column", meter(40), "price", `no column "price"`},
		{"words", meter(40), "room", `no column "room" that holds numbers`}, {"constant", flat, "", "is 4 at every step"},
		{"mostly missing", holes, "", "lacks"}, {"no dates", "a,b\n1,2\n3,4\n", "", "time stamp"},
		{"duplicate", meter(40) + "2024-01-01 05:00,3,north\n", "", "both of"}, {"binary", "time,load\n\xff", "", "UTF-8"},
		{"only words", "time,a\n2024-01-01,x\n2024-01-02,y\n", "", "no number"},
	} {
		_, err := open(configured(t, "data="+file(t, tt.text), "target="+tt.target))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := open(configured(t, "data=/nowhere/x.csv")); err == nil || !strings.Contains(err.Error(), `no file "/nowhere/x.csv"`) {
		t.Error(err)
	}
	if _, err := open(&Config{Common: recipe.Common{Bare: true, Data: "x.csv"}}); err == nil || !strings.Contains(err.Error(), "train it again") {
		t.Error(err)
	}
}

// Goals hold for the defaults, whatever the seed, and for nothing else.
func TestGoals(t *testing.T) {
	if g := goals(configured(t, "seed=9")); len(g) != 1 || g[0].Bound != 0.9 {
		t.Errorf("goals %v", g)
	}
	for _, kv := range []string{"hidden=17", "model=tcn", "target=queen_45", "data=x.csv"} {
		if goals(configured(t, kv)) != nil {
			t.Errorf("%s has goals", kv)
		}
	}
}
