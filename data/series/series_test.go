package series

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

func read(t testing.TB, text string, o CSV) *Series {
	t.Helper()
	all, err := ReadCSV(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// same compares values, a NaN being equal to a NaN.
func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
}

var nan = math.NaN()

func TestStampsAndStepsAreFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		stamps, step, last string
		o                  CSV
	}{
		"days":          {"2024-02-28 2024-02-29 2024-03-01", "24h0m0s", "2024-03-01", CSV{}},
		"hours":         {"2024-01-01T00:00:00Z 2024-01-01T01:00:00Z 2024-01-01T03:00:00Z", "1h0m0s", "2024-01-01 03:00:00", CSV{}},
		"zones":         {"2024-01-01T01:00:00+01:00 2024-01-01T00:30:00Z", "30m0s", "2024-01-01 00:30:00", CSV{}},
		"minutes":       {"2024-01-01T00:00 2024-01-01T00:15", "15m0s", "2024-01-01 00:15:00", CSV{}},
		"fractions":     {"2024-01-01T00:00:00.0 2024-01-01T00:00:00.5", "500ms", "2024-01-01 00:00:00", CSV{}},
		"months":        {"1958-03 1958-04 1958-06 1958-07", "1 month", "1958-07-01", CSV{}},
		"15ths":         {"2023-11-15 2023-12-15 2024-02-15 2024-03-15 2024-04-15", "1 month", "2024-04-15", CSV{}},
		"month ends":    {"2024-01-31 2024-02-29 2024-03-31 2024-04-30", "1 month", "2024-04-30", CSV{}},
		"quarters":      {"2024/1/1 2024/4/1 2024/7/1", "3 months", "2024-07-01", CSV{}},
		"years":         {"1900 1901 1903 1904", "12 months", "1904-01-01", CSV{}},
		"compact":       {"20240101 20240108", "168h0m0s", "2024-01-08", CSV{}},
		"American":      {"12/30/2023 12/31/2023 1/1/2024", "24h0m0s", "2024-01-01", CSV{}},
		"English":       {"30/12/2023 31/12/2023 1/1/2024", "24h0m0s", "2024-01-01", CSV{}},
		"German":        {"30.12.2023 31.12.2023 1.1.2024", "24h0m0s", "2024-01-01", CSV{}},
		"by layout":     {"1/2/2024 1/3/2024", "1 month", "2024-03-01", CSV{Layout: "2/1/2006"}},
		"by step":       {"2024-01-01 2024-01-08", "24h0m0s", "2024-01-08", CSV{Step: Step{Duration: 24 * time.Hour}}},
		"Jan 31 by day": {"2024-01-31 2024-03-31 2024-05-31", "2 months", "2024-05-31", CSV{}},
		"out of order":  {"2024-03-01 2024-02-28 2024-02-29", "24h0m0s", "2024-03-01", CSV{}},
	} {
		text := "date,v\n"
		for i, s := range strings.Fields(c.stamps) {
			text += fmt.Sprintf("%s,%d\n", s, i)
		}
		s := read(t, text, c.o)
		if got := s.Step.String(); got != c.step {
			t.Errorf("%s: step %s, want %s", name, got, c.step)
		}
		if got := stamp(s.Time(s.Len() - 1)); got != c.last {
			t.Errorf("%s: ends %s, want %s", name, got, c.last)
		}
		for i := range s.Len() {
			if got := s.Index(s.Time(i)); got != i {
				t.Errorf("%s: step %d is found at %d", name, i, got)
			}
		}
	}
	berlin := time.FixedZone("CET", 3600)
	s := read(t, "time,v\n2024-01-01 01:00,1\n2024-01-01 02:00,2", CSV{Location: berlin})
	if !s.Start.Equal(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("one o'clock in Berlin is %v", s.Start)
	}
}

func TestFormsOfFiles(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		o       CSV
		columns []string
		passed  []string
		values  [][]float64
	}{
		"plain":           {"date,a,b\n2024-01-01,1,2\n2024-01-02,3,4\n", CSV{}, []string{"a", "b"}, nil, [][]float64{{1, 3}, {2, 4}}},
		"BOM, CRLF":       {"\uFEFFdate,a\r\n2024-01-01,1\r\n2024-01-02,2\r\n", CSV{}, []string{"a"}, nil, [][]float64{{1, 2}}},
		"semicolon":       {"date;a\n2024-01-01;1,5\n2024-01-02;-2,5\n", CSV{DecimalComma: true}, []string{"a"}, nil, [][]float64{{1.5, -2.5}}},
		"tabs":            {"a\tdate\n1\t2024-01-01\n2\t2024-01-02\n", CSV{}, []string{"a"}, nil, [][]float64{{1, 2}}},
		"bar":             {"a|date\n1|2024-01-01\n2|2024-01-02\n", CSV{Comma: '|'}, []string{"a"}, nil, [][]float64{{1, 2}}},
		"words passed":    {"date,kind,a\n2024-01-01,rain,1\n2024-01-02,sun,2\n", CSV{}, []string{"a"}, []string{"kind"}, [][]float64{{1, 2}}},
		"chosen":          {"date,a,b\n2024-01-01,1,2\n2024-01-02,3,4\n", CSV{Columns: []string{"b"}}, []string{"b"}, nil, [][]float64{{2, 4}}},
		"missing":         {"date,a,b\n2024-01-01,NA,2\n2024-01-02, -99 ,null\n2024-01-04,1e3,\"\"\n", CSV{Missing: []string{"-99"}}, []string{"a", "b"}, nil, [][]float64{{nan, nan, nan, 1000}, {2, nan, nan, nan}}},
		"time by name":    {"seen,date,a\n2000-01-01,2024-01-01,1\n2000-01-01,2024-01-02,2\n", CSV{Time: "date"}, []string{"a"}, []string{"seen"}, [][]float64{{1, 2}}},
		"years as values": {"built,date\n2001,2024-01-01\n2002,2024-01-02\n", CSV{}, []string{"built"}, nil, [][]float64{{2001, 2002}}},
	} {
		s := read(t, c.text, c.o)
		if !slices.Equal(s.Columns, c.columns) || !slices.Equal(s.Passed, c.passed) || !slices.EqualFunc(s.Values, c.values, same) {
			t.Errorf("%s: got %q %v, passed %q; want %q %v, %q", name, s.Columns, s.Values, s.Passed, c.columns, c.values, c.passed)
		}
	}
}

func TestSeveralSeries(t *testing.T) {
	all, err := ReadCSV(strings.NewReader("date,shop,sold\n2024-01-02,b,1\n2024-01-01,a,2\n2024-01-03,b,3\n2024-01-03,a,4\n2024-01-02,a,5"), CSV{Series: "shop"})
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	b, a := all[0], all[1]
	if b.Name != "b" || a.Name != "a" || !same(b.Column("sold"), []float64{1, 3}) || !same(a.Column("sold"), []float64{2, 5, 4}) || stamp(b.Start) != "2024-01-02" {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestWrongFilesAreNamed(t *testing.T) {
	for _, c := range []struct {
		want, text string
		o          CSV
	}{
		{"the file is empty", "", CSV{}}, {"the file is empty", " \n\n", CSV{}},
		{"UTF-16", "\xff\xfed\x00", CSV{}}, {"not UTF-8", "date,a\n2024-01-01,\xe4\n", CSV{}},
		{"0 lines of values", "date,a", CSV{}}, {"1 lines of values", "date,a\n2024-01-01,1", CSV{}},
		{"line 1 holds the value 1", "2024-01-01,1\n2024-01-02,2\n2024-01-03,3", CSV{}},
		{`two columns "a"`, "date,a,a\n2024-01-01,1,2\n2024-01-02,1,2", CSV{}},
		{"line 3", "date,a\n2024-01-01,1\n2024-01-02\n", CSV{}},
		{"line 2", "date,a\n2024-01-01,\"1\n", CSV{}},
		{"no field is a time stamp", "x,a\nfoo,1\nbar,2", CSV{}},
		{`line 3: column "date" holds "yesterday"`, "date,a\n2024-01-01,1\nyesterday,2\n", CSV{}},
		{`line 2: column "date" holds "2024-01-01"`, "date,a\n2024-01-01,1\n2024-01-02,2\n", CSV{Layout: "2/1/2006"}},
		{`may be day/month or month/day: set Layout`, "date,a\n1/2/2024,1\n1/3/2024,2\n", CSV{}},
		{`no column "when", there are: date, a`, "date,a\n2024-01-01,1\n2024-01-02,2\n", CSV{Time: "when"}},
		{`no column "shop"`, "date,a\n2024-01-01,1\n2024-01-02,2\n", CSV{Series: "shop"}},
		{`no column "b"`, "date,a\n2024-01-01,1\n2024-01-02,2\n", CSV{Columns: []string{"b"}}},
		{`line 3: column "a": "two" is no number`, "date,a\n2024-01-01,1\n2024-01-02,two\n", CSV{Columns: []string{"a"}}},
		{`line 2: column "a": "Inf" is no number`, "date,a\n2024-01-01,Inf\n2024-01-02,1\n", CSV{}},
		{"no column beside", "date\n2024-01-01\n2024-01-02\n", CSV{}},
		{"lines 2 and 4 are both of 2024-01-01: if there are several", "date,a\n2024-01-01,1\n2024-01-02,2\n2024-01-01,3\n", CSV{}},
		{`series "x": lines 2 and 3`, "date,k,a\n2024-01-01,x,1\n2024-01-01,x,2\n2024-01-01,y,3\n", CSV{Series: "k"}},
		{`series "y": line 4 is its only one: set Step`, "date,k,a\n2024-01-01,x,1\n2024-01-02,x,2\n2024-01-01,y,3\n", CSV{Series: "k"}},
		{"line 4: 2024-01-02 07:00:00 is no multiple of 24h0m0s after 2024-01-01", "date,a\n2024-01-01 00:00,1\n2024-01-02 00:00,2\n2024-01-02 07:00,3\n2024-01-03 00:00,4\n2024-01-04 00:00,5\n", CSV{}},
		{"want one of them, above 0", "date,a\n2024-01-01,1\n2024-01-02,2\n", CSV{Step: Step{Months: 1, Duration: 1}}},
		{"no multiple of 1 month", "date,a\n2024-01-01,1\n2024-01-02,2\n", CSV{Step: Step{Months: 1}}},
		{"values are missing: set Step, or look at lines 2 and 4", "date,a\n0001-01-01 00:00:00,1\n0001-01-01 00:00:01,2\n0200-01-01 00:00:00,3\n", CSV{}},
	} {
		all, err := ReadCSV(strings.NewReader(c.text), c.o)
		if err == nil || all != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "series: ") {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := ReadFile("none.csv", CSV{}); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("a missing file: %v", err)
	}
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(file, CSV{}); err == nil || !strings.Contains(err.Error(), "x.csv: has 0 lines") {
		t.Errorf("a short file: %v", err)
	}
}

func TestGapsAreNamedAndFilled(t *testing.T) {
	s := read(t, "date,a,b\n2024-01-01,,1\n2024-01-02,2,\n2024-01-03,,3\n2024-01-06,8,4\n2024-01-07,,5\n", CSV{})
	var got []string
	for _, g := range s.Gaps() {
		got = append(got, g.String())
	}
	want := []string{
		"a: no value at 2024-01-01", "a: no value at 3 steps from 2024-01-03 to 2024-01-05", "a: no value at 2024-01-07",
		"b: no value at 2024-01-02", "b: no value at 2 steps from 2024-01-04 to 2024-01-05",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for name, c := range map[string]struct {
		got  *Series
		want []float64
	}{
		"none":            {s, []float64{nan, 2, nan, nan, nan, 8, nan}},
		"forward":         {s.FillForward(0), []float64{nan, 2, 2, 2, 2, 8, 8}},
		"forward, 2":      {s.FillForward(2), []float64{nan, 2, 2, 2, nan, 8, 8}},
		"linear":          {s.FillLinear(0), []float64{nan, 2, 3.5, 5, 6.5, 8, nan}},
		"linear, up to 2": {s.FillLinear(2), []float64{nan, 2, nan, nan, nan, 8, nan}},
	} {
		if !same(c.got.Column("a"), c.want) {
			t.Errorf("%s: %v, want %v", name, c.got.Column("a"), c.want)
		}
	}
}

// ramp returns n days with the columns a, 0 1 2 …, and b, ten times that.
func ramp(n int) *Series {
	s := &Series{Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Step: Step{Duration: 24 * time.Hour}, Columns: []string{"a", "b"}, Values: make([][]float64, 2)}
	for i := range n {
		s.Values[0] = append(s.Values[0], float64(i))
		s.Values[1] = append(s.Values[1], 10*float64(i))
	}
	return s
}

func TestPastKnowsNothingOfTheFuture(t *testing.T) {
	s := ramp(20)
	p := s.Until(10)
	if p.Len() != 10 || !same(p.Column("a"), s.Column("a")[:10]) || !p.Time(12).Equal(s.Time(12)) {
		t.Errorf("got %d steps, %v", p.Len(), p.Column("a"))
	}
	v := p.column("", "a")
	if cap(v) != 10 {
		t.Errorf("the past's memory goes on for %d steps", cap(v))
	}
	p.Column("a")[0] = 99
	if s.Column("a")[0] != 0 {
		t.Error("the past's values are the series' own")
	}
	scale := p.Scale()
	if scale.Mean[0] != 4.5 || math.Abs(scale.Deviation[1]-10*math.Sqrt(8.25)) > 1e-9 {
		t.Errorf("scale %+v", scale)
	}
	if got := scale.Undo("b", scale.Apply("b", 7)); math.Abs(got-7) > 1e-12 {
		t.Errorf("scaled and back, 7 is %v", got)
	}
	// What comes later changes nothing that was learnt.
	for i := 10; i < 20; i++ {
		s.Values[0][i] = 1e9
	}
	if again := s.Until(10).Scale(); again.Mean[0] != 4.5 {
		t.Error("the scale has seen the future")
	}
	flat := &Series{Columns: []string{"a", "b"}, Values: [][]float64{{3, 3, nan}, {nan, nan, nan}}, Step: Step{Months: 1}}
	if got := flat.Until(3).Scale(); got.Mean[0] != 3 || got.Deviation[0] != 1 || got.Mean[1] != 0 || got.Deviation[1] != 1 {
		t.Errorf("scale of a constant and of nothing: %+v", got)
	}
}

func TestNaive(t *testing.T) {
	s := &Series{Columns: []string{"v"}, Values: [][]float64{{1, 2, 3, 4, 5, nan, 7, 8}}, Step: Step{Months: 1}}
	for _, c := range []struct {
		until, period, steps int
		want                 []float64
	}{
		{8, 1, 3, []float64{8, 8, 8}}, {8, 4, 6, []float64{5, 2, 7, 8, 5, 2}}, {3, 4, 2, []float64{nan, 1}}, {6, 1, 1, []float64{5}}, {0, 1, 1, []float64{nan}},
	} {
		if got := s.Until(c.until).SeasonalNaive("v", c.period, c.steps); !same(got, c.want) {
			t.Errorf("%+v: got %v", c, got)
		}
	}
	if got := s.Until(8).NaiveError("v", 4); got != 4 {
		t.Errorf("error of period 4: %v, want 4", got)
	}
	if got := s.Until(3).NaiveError("v", 4); !math.IsNaN(got) {
		t.Errorf("error without a pair: %v", got)
	}
}

func TestOriginsRoll(t *testing.T) {
	s := ramp(30)
	var at, lens []int
	for o := range s.Origins(Rolling{First: 10, Every: 5, Horizon: 4, Keep: 12}) {
		at, lens = append(at, o.At), append(lens, o.Past.Len())
		past, truth := o.Past.Column("a"), o.Truth("a")
		if past[len(past)-1] != float64(o.At-1) || len(truth) != 4 || truth[0] != float64(o.At) {
			t.Errorf("origin %d: past ends %v, truth %v", o.At, past[len(past)-1], truth)
		}
		if when := o.Times(); len(when) != 4 || !when[0].Equal(s.Time(o.At)) || !o.Past.Time(o.Past.Len()).Equal(when[0]) {
			t.Errorf("origin %d: times %v", o.At, when)
		}
	}
	if !slices.Equal(at, []int{10, 15, 20, 25}) || !slices.Equal(lens, []int{10, 12, 12, 12}) {
		t.Errorf("origins %v with %v steps", at, lens)
	}
	n := 0
	for range s.Origins(Rolling{First: 20, Horizon: 3}) {
		if n++; n == 2 {
			break
		}
	}
	for range s.Origins(Rolling{First: 20, Horizon: 3}) {
		n++
	}
	if n != 2+8 {
		t.Errorf("%d origins", n)
	}
}

func TestWindows(t *testing.T) {
	s := ramp(20)
	set, err := Windows(Window{Context: 3, Horizon: 2, Stride: 2, Inputs: []string{"a", "b"}, Targets: []string{"b"}, Calendar: Calendar{Week: true}},
		Part{Span: s.Until(10).Span()}, Part{Span: s.Span(10, 14)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range set.Len() {
		part, step := set.Where(i)
		got = append(got, fmt.Sprint(part, ":", step))
	}
	if want := []string{"0:3", "0:5", "0:7", "1:10", "1:12"}; !slices.Equal(got, want) {
		t.Errorf("windows %v, want %v", got, want)
	}
	e, err := set.At(3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.X.Shape(), []int{3, 4}) || e.X.At(0, 0) != 7 || e.X.At(2, 1) != 90 {
		t.Errorf("X %v", e.X)
	}
	if got := tensor.View[float32](e.Y); !slices.Equal(got, []float32{100, 110}) || !slices.Equal(e.Y.Shape(), []int{2, 1}) {
		t.Errorf("Y %v %v", e.Y.Shape(), got)
	}
	for i := range 2 {
		f := Calendar{Week: true}.Features(s.Time(10 + i))
		if e.More["future"].At(i, 0) != float64(f[0]) || e.More["future"].At(i, 1) != float64(f[1]) {
			t.Errorf("future %v, want %v in row %d", e.More["future"], f, i)
		}
		if f := (Calendar{Week: true}).Features(s.Time(7 + i)); e.X.At(i, 2) != float64(f[0]) {
			t.Errorf("calendar of the context %v, want %v", e.X, f)
		}
	}
	if set, err := Windows(Window{Context: 3, Horizon: 1}, Part{Span: s.Until(20).Span()}); err != nil || set.Len() != 17 {
		t.Errorf("all columns, stride 1: %v", err)
	} else if e, _ := set.At(0); e.More["future"].Valid() || !slices.Equal(e.Y.Shape(), []int{1, 2}) {
		t.Errorf("Y %v, more %v", e.Y.Shape(), e.More)
	}
}

func TestWindowsAreScaledAndUndone(t *testing.T) {
	s := ramp(40)
	scale := s.Until(20).Scale()
	for name, w := range map[string]Window{"part": {Context: 5, Horizon: 3}, "own": {Context: 5, Horizon: 3, OwnScale: true}} {
		set, err := Windows(w, Part{s.Until(20).Span(), scale}, Part{s.Span(20, 40), scale})
		if err != nil {
			t.Fatal(err)
		}
		for i := range set.Len() {
			e, err := set.At(i)
			if err != nil {
				t.Fatal(err)
			}
			_, at := set.Where(i)
			for c := range 2 {
				for h := range 3 {
					mean, deviation := e.More["scale"].At(c, 0), e.More["scale"].At(c, 1)
					if got, want := e.Y.At(h, c)*deviation+mean, s.Values[c][at+h]; math.Abs(got-want) > 1e-3 {
						t.Fatalf("%s: window %d, column %d: %v, want %v", name, i, c, got, want)
					}
				}
			}
			if sum := e.X.Sum(0).At(0); name == "own" && math.Abs(sum) > 1e-5 {
				t.Errorf("a context has the sum %v, want 0", sum)
			}
		}
	}
}

func TestWindowsWithMissingValuesAreLeftOut(t *testing.T) {
	s := ramp(20)
	s.Values[0][10] = nan
	set, err := Windows(Window{Context: 3, Horizon: 2, Inputs: []string{"b"}, Targets: []string{"a"}}, Part{Span: s.Until(20).Span()})
	if err != nil || set.Skipped != 2 || set.Len() != 14 {
		t.Errorf("target: %d left out of %d, %v", set.Skipped, set.Len(), err)
	}
	set, err = Windows(Window{Context: 3, Horizon: 2, Inputs: []string{"a"}, Targets: []string{"b"}}, Part{Span: s.Until(20).Span()})
	if err != nil || set.Skipped != 3 {
		t.Errorf("input: %d left out, %v", set.Skipped, err)
	}
	set, err = Windows(Window{Context: 3, Horizon: 2, Inputs: []string{"b"}, Targets: []string{"a"}, OwnScale: true}, Part{Span: s.Until(20).Span()})
	if err != nil || set.Skipped != 5 {
		t.Errorf("target with its own scale: %d left out, %v", set.Skipped, err)
	}
}

func TestLeaksAndMistakesAreErrors(t *testing.T) {
	s, other := ramp(40), ramp(40)
	w := Window{Context: 4, Horizon: 2}
	for _, c := range []struct {
		name, want string
		w          Window
		parts      []Part
	}{
		{"leak", "its scale has seen the series up to 2024-02-09, but predictions begin at 2024-01-31: fit it to Until(30)", w, []Part{{s.Span(30, 40), s.Until(40).Scale()}}},
		{"partial leak", "has seen", w, []Part{{s.Span(30, 40), s.Until(31).Scale()}}},
		{"training and beyond", "has seen", w, []Part{{s.Until(20).Span(), s.Until(21).Scale()}}},
		{"another series", "part 1: its scale is of another series", w, []Part{{s.Until(20).Span(), nil}, {s.Span(20, 40), other.Until(20).Scale()}}},
		{"handmade", "not made by Past.Scale", w, []Part{{s.Until(20).Span(), &Scale{Columns: []string{"a", "b"}}}}},
		{"no part", "no part", w, nil},
		{"no context", "context 0", Window{Horizon: 1}, []Part{{Span: s.Until(20).Span()}}},
		{"short", "none of 30 + 20 steps fits", Window{Context: 30, Horizon: 20}, []Part{{Span: s.Until(40).Span()}}},
		{"column", `no column "c", there are ["a" "b"]`, Window{Context: 3, Horizon: 2, Inputs: []string{"c"}}, []Part{{Span: s.Until(40).Span()}}},
	} {
		if _, err := Windows(c.w, c.parts...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	for _, p := range []Part{{s.Until(20).Span(), s.Until(20).Scale()}, {s.Until(20).Span(), s.Until(15).Scale()}, {s.Span(20, 40), s.Until(20).Scale()}, {s.Span(20, 40), s.Until(5).Scale()}} {
		if _, err := Windows(w, p); err != nil {
			t.Error(err)
		}
	}
	for name, f := range map[string]func(){
		"until": func() { s.Until(41) }, "span": func() { s.Span(3, 2) }, "column": func() { s.Column("c") }, "past": func() { s.Until(3).Column("c") },
		"naive": func() { s.Until(3).SeasonalNaive("a", 0, 1) }, "error": func() { s.Until(3).NaiveError("a", 0) },
		"origins": func() { s.Origins(Rolling{}) }, "scale": func() { s.Until(3).Scale().Apply("c", 1) },
	} {
		if err := tensor.Try(f); err == nil || !strings.Contains(err.Error(), "series.") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCalendar(t *testing.T) {
	noon := time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC) // a Monday, day 183 of 366
	c := Calendar{Day: true, Week: true, Year: true, Harmonics: 2}
	var want []float64
	for _, share := range []float64{0.5, 1.5 / 7, 182.5 / 366} {
		for h := 1.; h <= 2; h++ {
			want = append(want, math.Sin(2*math.Pi*h*share), math.Cos(2*math.Pi*h*share))
		}
	}
	got := c.Features(noon)
	if len(got) != c.Size() || len(want) != c.Size() {
		t.Fatalf("%d features, want %d", len(got), len(want))
	}
	for i, v := range got {
		if math.Abs(float64(v)-want[i]) > 1e-6 {
			t.Errorf("feature %d is %v, want %v", i, v, want[i])
		}
	}
	if (Calendar{}).Size() != 0 {
		t.Error("no calendar has features")
	}
}

func TestLoaderTakesWindows(t *testing.T) {
	set, err := Windows(Window{Context: 3, Horizon: 2, Calendar: Calendar{Year: true}}, Part{Span: ramp(20).Until(20).Span()})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for b, err := range (&data.Loader{Data: set, Batch: 4}).Epoch(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.X.Shape()[1:], []int{3, 4}) || !slices.Equal(b.More["future"].Shape()[1:], []int{2, 2}) {
			t.Errorf("X %v, future %v", b.X.Shape(), b.More["future"].Shape())
		}
		n += b.N
	}
	if n != set.Len() {
		t.Errorf("%d windows came, want %d", n, set.Len())
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("date,a,b\n2024-01-01,1,2\n2024-01-02,3,4\n2024-01-05,,x\n")
	f.Add("\uFEFFmonth;v\n1958-03;1\n1958-04;2\n")
	f.Add("date\tv\n1.1.2024\t1\n2.1.2024\tNaN\n")
	f.Add("year,v\n1900,1\n1999,2\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ReadCSV(strings.NewReader(text), CSV{})
		if err != nil {
			return
		}
		for _, s := range all {
			if s.Len() > 21*(strings.Count(text, "\n")+52) {
				t.Fatalf("%d steps of %q", s.Len(), text)
			}
			for i := range s.Len() {
				if s.Index(s.Time(i)) != i {
					t.Fatalf("step %d of %q is at %d", i, text, s.Index(s.Time(i)))
				}
			}
			s.Gaps()
		}
	})
}
