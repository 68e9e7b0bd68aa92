package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// small is a run of a search on a table of one's own.
func small(t *testing.T, file string) *Config {
	t.Helper()
	return quick(func(c *Config) {
		c.Data, c.Target, c.Missing, c.Drop, c.Search, c.Epochs = file, "y", "none", "kind", true, 2
	})
}

// scoresOf runs in a folder and returns the scores.
func scoresOf(t *testing.T, c *Config, b *recipe.Bench) string {
	t.Helper()
	task, err := open(c)
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
	return fmt.Sprint(m.Scores, m.Reference, m.Story)
}

// A run that is stopped in its search goes on to the same scores, and so does
// one on another number of cores; another seed comes to others.
func TestRunsComeToTheSame(t *testing.T) {
	file := write(t, made(60))
	want := scoresOf(t, small(t, file), &recipe.Bench{Dir: t.TempDir()})
	old := par.Workers()
	for _, n := range []int{1, 3} {
		par.SetWorkers(n)
		if got := scoresOf(t, small(t, file), &recipe.Bench{Dir: t.TempDir()}); got != want {
			t.Errorf("on %d cores: %s, want %s", n, got, want)
		}
	}
	par.SetWorkers(old)
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	steps := 0
	watch := train.ObserverFunc(func(_ *train.Updater, e train.Event) error {
		if _, ok := e.(train.StepDone); ok {
			if steps++; steps == 20 {
				stop()
			}
		}
		return nil
	})
	task, err := open(small(t, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Run(ctx, &recipe.Bench{Dir: dir, Observers: []train.Observer{watch}}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	if got := scoresOf(t, small(t, file), &recipe.Bench{Dir: dir}); got != want {
		t.Errorf("stopped and gone on: %s, want %s", got, want)
	}
	other := small(t, file)
	other.Seed = 2
	if scoresOf(t, other, &recipe.Bench{Dir: t.TempDir()}) == want {
		t.Error("another seed comes to the same")
	}
}

// Answers are printed in lines for people and as CSV, a quoted name among them.
func TestPrint(t *testing.T) {
	s := &study{Target: "what", Classes: []string{"a,b", "c"}}
	rows := []reply{s.reply(2, []float64{0.25, 0.75}, 0), s.reply(31, []float64{1, 0}, 0)}
	for asCSV, want := range map[bool]string{
		false: "line  what  a,b     c\n2     c     0.2500  0.7500\n31    a,b   1.0000  0.0000\n",
		true:  "line,what,\"a,b\",c\n2,c,0.2500,0.7500\n31,\"a,b\",1.0000,0.0000\n",
	} {
		if got, err := s.print(rows, asCSV); got != want || err != nil {
			t.Errorf("got %q, want %q (%v)", got, want, err)
		}
	}
	n := &study{Target: "y", Folds: []part{{Deviation: 20}}}
	if got, _ := n.print([]reply{n.reply(2, []float64{5.55}, 1)}, true); got != "line,y,low,high\n2,5.5,4.5,6.5\n" && got != "line,y,low,high\n2,5.5,4.5,6.6\n" && got != "line,y,low,high\n2,5.6,4.5,6.5\n" {
		t.Errorf("got %q", got)
	}
}

// What is unlike the rows learned from is said once, and how much more there is.
func TestDoubt(t *testing.T) {
	table, err := data.ParseTable(strings.NewReader("x,c\n1,a\n99,b\n-99,a\n,\n"), "t", data.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &study{Folds: []part{{Encoder: &data.Encoder{Inputs: []data.Input{
		{Column: "x", Kind: data.Number, Mean: 0, Deviation: 10}, {Column: "c", Kind: data.Category, Categories: []string{"a"}}, {Column: "gone"},
	}}}}}
	if got, want := s.doubt(table), `line 3, column "x": 99 is unlike all it learned from; so are 2 more values`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Where no study has all columns, each says what it lacks.
func TestFind(t *testing.T) {
	j := &job{studies: []*study{{Name: "one", Columns: []column{{Name: "a"}, {Name: "b"}}}, {Name: "two", Columns: []column{{Name: "a"}}}}}
	for columns, want := range map[string]string{"a b": "one", "b a z": "one", "a": "two"} {
		if s, err := j.find(strings.Fields(columns)); err != nil || s.Name != want {
			t.Errorf("%s: %v, %v", columns, s, err)
		}
	}
	if _, err := j.find([]string{"z"}); err == nil || !strings.Contains(err.Error(), `one need "a"`) || !strings.Contains(err.Error(), `two need "a"`) {
		t.Errorf("got %v", err)
	}
}
