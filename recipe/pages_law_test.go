package recipe

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// answered makes up n answers of a classifier with c classes, some sure, some
// not; the logits they come from too.
func answered(seed uint64, n, c int) (m *Measured, logits tensor.Tensor) {
	r := tensor.NewRand(seed)
	logits = r.Normal(0, 2, n, c)
	m = &Measured{Scores: Scores{}, Confusion: make([][]int, c)}
	for i := range m.Confusion {
		m.Confusion[i] = make([]int, c)
	}
	values := tensor.Data[float32](logits)
	for i := range n {
		p := Softmax(values[i*c : (i+1)*c])
		guess, sure := best(p)
		label := r.IntN(c)
		if r.Float64() < sure*sure {
			label = guess
		}
		m.Labels, m.Chance = append(m.Labels, label), append(m.Chance, p)
		m.Confusion[label][guess]++
	}
	return m, logits
}

// labels are m's as a tensor.
func (m *Measured) labels() tensor.Tensor {
	y := make([]int32, len(m.Labels))
	for i, l := range m.Labels {
		y[i] = int32(l)
	}
	return tensor.Of(y, len(y))
}

// The error that the page states is metric's of as many bins, on answers of
// any number and kind.
func TestCalibrationIsThatOfMetric(t *testing.T) {
	for seed, size := range [][2]int{{1, 2}, {7, 3}, {100, 10}, {999, 4}} {
		m, logits := answered(uint64(seed), size[0], size[1])
		acc := metric.CalibrationError{Bins: groups}.New()
		if err := acc.Add(logits, m.labels()); err != nil {
			t.Fatal(err)
		}
		bins, off := calibrate(m)
		if math.Abs(off-acc.Result()) > 1e-6 {
			t.Errorf("%d answers: off by %.8f, metric says %.8f", size[0], off, acc.Result())
		}
		total := 0.0
		for i, b := range bins {
			total += b.n
			if b.right > b.n || b.n > 0 && (b.sure/b.n <= float64(i)/groups || b.sure/b.n > float64(i+1)/groups) {
				t.Errorf("group %d: %+v", i, b)
			}
		}
		if int(total) != size[0] {
			t.Errorf("%g of %d answers are in a group", total, size[0])
		}
	}
}

// At the edges of groups: the upper one belongs, and 0 and 1 have a place.
func TestCalibrationAtTheEdges(t *testing.T) {
	for _, tt := range []struct {
		p     float64
		group int
	}{{1, 9}, {0.5, 4}, {0.25, 2}, {0.51, 5}, {0, 0}, {0.95, 9}} {
		bins, off := calibrate(&Measured{Labels: []int{0}, Chance: [][]float64{{tt.p}}})
		if bins[tt.group].n != 1 {
			t.Errorf("%g is not in group %d: %v", tt.p, tt.group, bins)
		}
		if math.Abs(off-(1-tt.p)) > 1e-12 {
			t.Errorf("right with %g: off by %g", tt.p, off)
		}
	}
	if _, off := calibrate(&Measured{}); off != 0 {
		t.Errorf("of no answers: %g", off)
	}
}

// The reliability diagram has a point for each group that has answers, where
// its mean confidence and its share of right answers are.
func TestReliabilityDiagram(t *testing.T) {
	m := &Measured{Labels: []int{0, 0, 0, 1}, Chance: [][]float64{{0.95, 0.05}, {0.97, 0.03}, {0.65, 0.35}, {0.62, 0.38}}}
	s := CalibrationSection(m)
	var svg struct {
		Dots []struct {
			X     float64 `xml:"cx,attr"`
			Y     float64 `xml:"cy,attr"`
			Title string  `xml:"title"`
		} `xml:"circle"`
	}
	if err := xml.Unmarshal([]byte(s.Body[0].HTML), &svg); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range svg.Dots {
		got = append(got, d.Title)
	}
	if want := []string{"63.5: 0.5", "96: 1"}; !slices.Equal(got, want) {
		t.Errorf("points %q, want %q", got, want)
	}
	if len(svg.Dots) == 2 && (svg.Dots[0].X >= svg.Dots[1].X || svg.Dots[0].Y <= svg.Dots[1].Y) {
		t.Errorf("points %v", svg.Dots)
	}
	if want := "8.8 points"; !strings.Contains(s.Text[0], want) { // (|1.27 − 1| + |1.92 − 2|)/4
		t.Errorf("%q lacks %q", s.Text[0], want)
	}
	if bars := string(s.Body[1].HTML); strings.Count(bars, "<rect") != groups || !strings.Contains(bars, "90–100%") {
		t.Errorf("bars: %s", bars)
	}
}

// The mistakes come surest first, none is missing, and none was right.
func TestWorstIsSorted(t *testing.T) {
	for seed := range uint64(20) {
		m, _ := answered(seed, 60, 5)
		all := worst(m)
		is := map[int]bool{}
		for k, i := range all {
			is[i] = true
			guess, p := best(m.Chance[i])
			if guess == m.Labels[i] {
				t.Errorf("seed %d: answer %d was right", seed, i)
			}
			if k > 0 {
				if _, before := best(m.Chance[all[k-1]]); before < p {
					t.Errorf("seed %d: %g comes after %g", seed, p, before)
				}
			}
		}
		for i, label := range m.Labels {
			if guess, _ := best(m.Chance[i]); guess != label && !is[i] {
				t.Errorf("seed %d: mistake %d is missing", seed, i)
			}
		}
	}
	if got := worst(&Measured{Labels: []int{1, 1, 1}, Chance: [][]float64{{.7, .3}, {.7, .3}, {.7, .3}}}); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("as sure as each other: %v, want their order", got)
	}
}

// pictured is a task whose example i has a single bright pixel, at i.
func pictured(t *testing.T, n int) *Task {
	t.Helper()
	task := classifier(t, &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 2}}, 8, 8, 1)
	x := make([]float32, n*64)
	for i := range n {
		x[i*64+i] = 1
	}
	task.Test = data.FromTensors(tensor.Of(x, n, 8, 8, 1), tensor.Zeros(n))
	return task
}

var embedded = regexp.MustCompile(`<img alt="[^"]*" title="([^"]*)" src="data:image/png;base64,([^"]*)">(?:<b>([^<]*)</b>)?([^<]*)</div>`)

// decoded reads the image of an embedded picture.
func decoded(t *testing.T, text string) image.Image {
	t.Helper()
	img, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.ReplaceAll(text, "&#43;", "+"))))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// The pictures of mistakes are those of the examples that were mistaken, with
// what was said and what is true beside each.
func TestMistakesShowTheirExamples(t *testing.T) {
	task := pictured(t, 40)
	m := &Measured{}
	for i := range 40 { // the later, the surer; each third is right
		p := 0.5 + float64(i)/100
		m.Labels, m.Chance = append(m.Labels, map[bool]int{true: 1, false: 0}[i%3 == 0]), append(m.Chance, []float64{1 - p - 1e-9, p + 1e-9})
	}
	s, err := mistakesSection(task, m)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Text[0], "26 of 40 ") {
		t.Errorf("%q", s.Text[0])
	}
	all := embedded.FindAllStringSubmatch(string(s.Body[0].HTML), -1)
	if len(all) != shownMistakes {
		t.Fatalf("%d pictures, want %d", len(all), shownMistakes)
	}
	example := 39
	for k, p := range all {
		for example%3 == 0 {
			example--
		}
		if want := fmt.Sprintf("test example %d", example); p[1] != want {
			t.Errorf("picture %d is of %q, want %q", k, p[1], want)
		}
		if want := fmt.Sprintf("%.0f%% sure; it is: cat", 50+float64(example)); p[3] != "dog?" || p[4] != want {
			t.Errorf("picture %d says %q, %q; want %q", k, p[3], p[4], want)
		}
		if r, _, _, _ := decoded(t, p[2]).At(example%8, example/8).RGBA(); r != 0xffff {
			t.Errorf("picture %d is not that of example %d", k, example)
		}
		example--
	}
}

// broken is a data set that cannot be read.
type broken struct{ data.Dataset }

var errBroken = errors.New("broken")

func (broken) At(int) (data.Example, error) { return data.Example{}, errBroken }

func TestPagesWithoutMistakesOrExamples(t *testing.T) {
	task := pictured(t, 2)
	right := &Measured{Labels: []int{0, 1}, Chance: [][]float64{{0.9, 0.1}, {0.2, 0.8}}, Confusion: [][]int{{1, 0}, {0, 1}}}
	if s, err := mistakesSection(task, right); s != nil || err != nil {
		t.Errorf("without mistakes: %v, %v", s, err)
	}
	wrong := &Measured{Labels: []int{1, 1}, Chance: right.Chance, Confusion: [][]int{{0, 0}, {1, 1}}}
	task.Test = broken{task.Test}
	if _, err := task.Sections(t.Context(), wrong); !errors.Is(err, errBroken) {
		t.Errorf("of examples that cannot be read: %v", err)
	}
	if s := filtersSection(task); s != nil {
		t.Error("filters without an example to know their shape by")
	}
	task.Test = nil
	if s := filtersSection(task); s != nil {
		t.Error("filters without a test split")
	}
}

// A filter's picture is that of the weights, at most so many are shown, and
// those too small to see anything in are not.
func TestFiltersShowTheWeights(t *testing.T) {
	for _, tt := range []struct {
		name  string
		model nn.Layer
		input []int
		size  image.Point // of a filter; none if it has no pixels
		n     int
	}{
		{"convolution", &nn.Sequential{&nn.Conv2D{Out: 6, Kernel: 3}, &nn.Flatten{}, &nn.Linear{Out: 2}}, []int{8, 8, 1}, image.Pt(3, 3), 6},
		{"five by five", &nn.Sequential{&nn.Conv2D{Out: 2, Kernel: 5}, &nn.Flatten{}, &nn.Linear{Out: 2}}, []int{8, 8, 3}, image.Pt(5, 5), 2},
		{"linear", &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 3}}, []int{4, 6, 1}, image.Pt(6, 4), 3},
		{"many", &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 100}}, []int{4, 4, 1}, image.Pt(4, 4), shownFilters},
		{"of one pixel", &nn.Sequential{&nn.Conv2D{Out: 6, Kernel: 1}, &nn.Flatten{}, &nn.Linear{Out: 2}}, []int{8, 8, 1}, image.Point{}, 0},
	} {
		task := classifier(t, tt.model, tt.input...)
		w := task.Net.Params()[0].Value()
		all := filters(task.Net.Params()[0], tt.input)
		if len(all) != tt.n {
			t.Errorf("%s: %d filters, want %d", tt.name, len(all), tt.n)
			continue
		}
		values := tensor.Data[float32](w)
		for o, p := range all {
			if p.Image.Bounds().Size() != tt.size {
				t.Errorf("%s: filter of %v, want %v", tt.name, p.Image.Bounds().Size(), tt.size)
			}
			n := w.Len() / w.Dim(0)
			want := report.Image(tensor.Of(values[o*n:(o+1)*n], tt.size.Y, tt.size.X, tt.input[2]))
			for i := range tt.size.X * tt.size.Y {
				if x, y := i%tt.size.X, i/tt.size.X; p.Image.At(x, y) != want.At(x, y) {
					t.Fatalf("%s: filter %d, pixel (%d, %d) is %v, want %v", tt.name, o, x, y, p.Image.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

// The table beside the confusion matrix says what its counts say.
func TestConfusionTable(t *testing.T) {
	m := &Measured{Confusion: [][]int{{8, 2, 0}, {4, 6, 0}, {0, 0, 0}}}
	s := ConfusionSection(m, []string{"a", "b", "<c>"})
	var table struct {
		Rows []struct {
			Data []string `xml:"td"`
		} `xml:"tr"`
	}
	if err := xml.Unmarshal([]byte(s.Body[1].HTML), &table); err != nil {
		t.Fatal(err)
	}
	want := [][]string{nil, {"a", "80.0%", "66.7%", "72.7%"}, {"b", "60.0%", "75.0%", "66.7%"}, {"<c>", "—", "—", "—"}}
	for i, row := range table.Rows {
		if !slices.Equal(row.Data, want[i]) {
			t.Errorf("row %d: %q, want %q", i, row.Data, want[i])
		}
	}
}

// Pages and Measure of a task's own come in place of a classifier's.
func TestTaskOfAnotherKind(t *testing.T) {
	task := classifier(t, &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 2}}, 4, 4, 1)
	own := &Measured{Scores: Scores{"error": 2.0}, Story: "so it was"}
	task.Measure = func(context.Context) (*Measured, error) { return own, nil }
	task.Pages = func(_ context.Context, m *Measured) ([]report.Section, error) {
		return []report.Section{{Title: m.Story}}, nil
	}
	m, err := task.Examine(t.Context())
	if err != nil || m != own {
		t.Fatalf("measured %+v, %v", m, err)
	}
	if all, err := task.Sections(t.Context(), m); err != nil || !slices.Equal(titles(all), []string{"so it was"}) {
		t.Errorf("%q, %v", titles(all), err)
	}
	task.Run, task.Total = func(context.Context, *Bench) error { return nil }, 77
	if task.Steps() != 77 {
		t.Errorf("%d steps, want 77", task.Steps())
	}
}
