package recipe

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

// classifier is an untrained task with six pictures of two classes.
func classifier(t *testing.T, model nn.Layer, shape ...int) *Task {
	t.Helper()
	net, err := nn.Build(model, nn.Input(shape...), nn.Seed(3))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.NewRand(1).Normal(0, 1, append([]int{6}, shape...)...)
	return &Task{Net: net, Test: data.FromTensors(x, tensor.Of([]int32{0, 1, 0, 1, 0, 1}, 6)), Classes: []string{"cat", "dog"}}
}

func titles(all []report.Section) (names []string) {
	for _, s := range all {
		names = append(names, s.Title)
	}
	return names
}

func TestClassify(t *testing.T) {
	task := classifier(t, &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 2}}, 4, 4, 1)
	m, err := task.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Labels, []int{0, 1, 0, 1, 0, 1}) || len(m.Chance) != 6 {
		t.Fatalf("labels %v, %d answers", m.Labels, len(m.Chance))
	}
	hits, entropy := 0, 0.0
	for i, row := range m.Chance {
		if math.Abs(row[0]+row[1]-1) > 1e-6 {
			t.Errorf("probabilities %v", row)
		}
		if guess, _ := best(row); guess == m.Labels[i] {
			hits++
		}
		entropy -= math.Log(row[m.Labels[i]]) / 6
	}
	if a, _ := m.Scores.Number("accuracy"); math.Abs(a-float64(hits)/6) > 1e-9 || m.Confusion[0][0]+m.Confusion[1][1] != hits {
		t.Errorf("accuracy %g, confusion %v; %d hits", a, m.Confusion, hits)
	}
	if l, _ := m.Scores.Number("loss"); math.Abs(l-entropy) > 1e-5 {
		t.Errorf("loss %g, want %g", l, entropy)
	}
	if len(m.Scores) != 2 {
		t.Errorf("scores %v", m.Scores)
	}
}

// What a classifier's report shows depends on what it looks at.
func TestClassifiedSections(t *testing.T) {
	linear := func() nn.Layer { return &nn.Sequential{&nn.Flatten{}, &nn.Linear{Out: 2}} }
	for _, tt := range []struct {
		name    string
		task    *Task
		want    []string
		filters int
	}{
		{"pictures by a linear layer", classifier(t, linear(), 4, 4, 1), []string{"What is taken for what", "Does it know what it does not know?", "The most confident mistakes", "What the first layer looks for"}, 2},
		{"colour by a convolution", classifier(t, &nn.Sequential{&nn.Conv2D{Out: 5, Kernel: 3}, &nn.Flatten{}, &nn.Linear{Out: 2}}, 4, 4, 3), []string{"What is taken for what", "Does it know what it does not know?", "The most confident mistakes", "What the first layer looks for"}, 5},
		{"rows of a table", classifier(t, &nn.Sequential{&nn.Linear{Out: 2}}, 7), []string{"What is taken for what", "Does it know what it does not know?"}, 0},
	} {
		m, err := tt.task.Examine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(worst(m)) == 0 {
			t.Fatal("an untrained network made no mistake: take another seed")
		}
		all, err := tt.task.Sections(t.Context(), m)
		if err != nil || !slices.Equal(titles(all), tt.want) {
			t.Errorf("%s: %q, want %q; %v", tt.name, titles(all), tt.want, err)
		}
		if tt.filters > 0 {
			if got := strings.Count(string(all[3].Body[0].HTML), "<img"); got != tt.filters {
				t.Errorf("%s: %d filters, want %d", tt.name, got, tt.filters)
			}
		}
	}
}

func TestWorstAndCalibrate(t *testing.T) {
	m := &Measured{Labels: []int{0, 0, 1, 1, 0}, Chance: [][]float64{{.9, .1}, {.4, .6}, {.95, .05}, {.25, .75}, {.45, .55}}}
	if got := worst(m); !slices.Equal(got, []int{2, 1, 4}) {
		t.Errorf("worst: %v", got)
	}
	bins, off := calibrate(m)
	if bins[9].n != 1 || bins[9].right != 0 || bins[8].right != 1 || bins[5].n != 2 || bins[7].right != 1 {
		t.Errorf("bins %v", bins)
	}
	if want := (0.95 + 0.1 + 0.25 + 0.6 + 0.55) / 5; math.Abs(off-want) > 1e-9 {
		t.Errorf("off by %g, want %g", off, want)
	}
}
