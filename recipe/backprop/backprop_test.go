package backprop

import (
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/recipe"
)

// opened is the lesson at its first weights.
func opened(t *testing.T, change func(c *Config)) *recipe.Task {
	t.Helper()
	c := defaults()
	change(&c)
	task, err := open(&c)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// Three ways to each derivative agree, at any weights and on any example.
func TestTinyWaysAgree(t *testing.T) {
	task := opened(t, func(c *Config) { c.Hidden = 2 })
	n := tinyOf(task.Also[0].Net)
	for _, scale := range []float64{0.1, 1, 3} {
		m := n
		for j := range m.w1 {
			m.w1[j][0] *= scale
			m.w2[j] *= scale
			m.b1[j] += 0.1 * scale
		}
		for _, x := range [][2]float64{{0, 0}, {1, 0}, {-0.7, 2}} {
			for _, y := range []float64{0, 1, 0.25} {
				tr, rows, off := m.compare(x, y)
				if len(rows) != 21 || off > 1e-12 || math.IsNaN(tr.loss) {
					t.Fatalf("%d rows, values off by %g, loss %g", len(rows), off, tr.loss)
				}
				for _, r := range rows {
					if r.off() > 1e-9 || math.IsNaN(r.off()) {
						t.Errorf("x %v, y %g, scale %g: %s: by hand %.12f, by limpid %.12f, by differences %.12f", x, y, scale, r.name, r.hand, r.auto, r.finite)
					}
				}
			}
		}
	}
}

// A formula with a slip in it is found out.
func TestOffSeesASlip(t *testing.T) {
	n := tinyOf(opened(t, func(c *Config) { c.Hidden = 2 }).Also[0].Net)
	_, rows, _ := n.compare([2]float64{1, 1}, 1)
	rows[4].hand += 1e-6
	if rows[4].off() < 1e-7 {
		t.Errorf("off by %g", rows[4].off())
	}
}

func TestDenseWaysAgree(t *testing.T) {
	for _, hidden := range []int{1, 5} {
		task := opened(t, func(c *Config) { c.Hidden = hidden })
		d := denseOf(task.Net)
		x, labels := make([]float64, 3*d.in), []int{3, 0, 3}
		for i := range x {
			x[i] = math.Sin(float64(i))
		}
		checks, off := d.compare(x, labels)
		if off > 1e-12 {
			t.Errorf("%d units: losses are %g apart", hidden, off)
		}
		for k, c := range checks {
			if c.hand > 1e-12 || c.finite > 1e-9 || c.largest == 0 || c.size != []int{64 * hidden, hidden, 10 * hidden, 10}[k] {
				t.Errorf("%d units: %+v", hidden, c)
			}
		}
	}
}

func TestStencil(t *testing.T) {
	for _, at := range []float64{-1, 0, 0.7} {
		if got, want := stencil(func(by float64) float64 { return math.Exp(at + by) }, 1e-3), math.Exp(at); math.Abs(got-want) > 1e-11 {
			t.Errorf("exp' at %g: %.14f, want %.14f", at, got, want)
		}
	}
}

// The whole lesson, shortened: what it says, draws and measures.
func TestLesson(t *testing.T) {
	task := opened(t, func(c *Config) { c.Epochs = 2 })
	if err := task.Run(t.Context(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a := m.Scores["accuracy"].(float64); a < 0.7 {
		t.Errorf("digits: accuracy %g", a)
	}
	if m.Scores["accuracy_xor"] != 1.0 {
		t.Errorf("XOR: accuracy %v", m.Scores["accuracy_xor"])
	}
	if off := m.Scores["largest_difference"].(float64); off > 1e-9 {
		t.Errorf("ways differ by %g", off)
	}
	for _, want := range []string{"x = (1, 0), right answer y = 1", "tanh z1[2]", "W1[3,2]", "∂L/∂z1[1] · x[2]", "digits", "One step"} {
		if !strings.Contains(m.Story, want) {
			t.Errorf("the story lacks %q", want)
		}
	}
	pages, err := task.Sections(t.Context(), m)
	if err != nil || len(pages) < 6 || len(pages[0].Body) != 5 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, p := range pages {
		for _, f := range p.Body {
			if strings.Contains(string(f.HTML), "NaN") {
				t.Errorf("%s holds no numbers", p.Title)
			}
		}
	}
}

// One step downhill goes downhill, by what the slope says if it is small.
func TestDescent(t *testing.T) {
	var l lesson
	c := defaults()
	task, err := open(&c)
	if err != nil {
		t.Fatal(err)
	}
	l.xor, l.digits = task.Also[0].Net, task.Net
	w, err := look(&l, task.Fit.Data)
	if err != nil {
		t.Fatal(err)
	}
	next, slope := w.net, 0.0
	for name, g := range w.gradient() {
		*next.place(name) -= 1e-4 * g
		slope += g * g
	}
	before, after := 0.0, 0.0
	for _, e := range table {
		before += w.net.run(e.x, e.y, "", 0).loss / 4
		after += next.run(e.x, e.y, "", 0).loss / 4
	}
	if got, want := (after-before)/-1e-4, slope; math.Abs(got-want) > 1e-3*want {
		t.Errorf("the loss falls at %g, the slope says %g", got, want)
	}
}

func TestGoals(t *testing.T) {
	c := defaults()
	c.Seed = 7
	if g := goals(&c); len(g) != 3 {
		t.Errorf("goals %v", g)
	}
	c.Hidden = 3
	if g := goals(&c); g != nil {
		t.Errorf("of other settings: %v", g)
	}
	c.Data = "x"
	if _, err := open(&c); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("with --data: %v", err)
	}
}
