package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/run"
)

type measureOptions struct {
	dir     string
	seeds   string
	only    string // a recipe; "": all
	quick   bool
	json    bool
	machine machineOptions
}

func (o *measureOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.dir, "measure", "", "train every recipe with several seeds, in this `folder`, and write a table of the results")
	c.Flags().StringVar(&o.seeds, "seeds", "1,2,3", "with --measure: the seeds, `n,n,n`")
	c.Flags().BoolVar(&o.quick, "quick", false, "with --measure: runs of a few seconds, to see that all works")
	o.machine.flags(c)
}

// measureAnswer is the JSON document of recipes --measure.
type measureAnswer struct {
	Dir     string          `json:"dir"`
	Machine run.Environment `json:"machine"`
	CPU     string          `json:"cpu,omitempty"`
	Table   string          `json:"table"` // its file
	Recipes []measured      `json:"recipes"`
}

// measured is what a recipe's runs reached.
type measured struct {
	Recipe  string          `json:"recipe"`
	Seeds   []uint64        `json:"seeds"`
	Scores  []measuredScore `json:"scores"`
	Seconds []float64       `json:"seconds"`
	Runs    []string        `json:"runs"`
	Trouble []string        `json:"trouble,omitempty"` // of runs that diverged
}

// measuredScore is a test score of a recipe's runs, in the order of seeds.
type measuredScore struct {
	Score   string    `json:"score"`
	Values  []float64 `json:"values"`
	Mean    float64   `json:"mean"`
	Spread  float64   `json:"spread"` // deviation from run to run (n − 1)
	Goal    string    `json:"goal,omitempty"`
	Reached int       `json:"reached"` // runs that kept the goal
}

const (
	resultsTable = "results.md"
	resultsJSON  = "results.json"
)

func runMeasure(ctx context.Context, s Streams, o measureOptions) error {
	if err := o.machine.apply(); err != nil {
		return err
	}
	seeds, err := parseSeeds(o.seeds)
	if err != nil {
		return err
	}
	list := book.Recipes
	if o.only != "" {
		r, err := findRecipe(o.only)
		if err != nil {
			return err
		}
		list = []*recipe.Recipe{r}
	}
	a := measureAnswer{Dir: o.dir, Machine: run.Here(), CPU: cpuName(), Table: filepath.Join(o.dir, resultsTable)}
	for _, r := range list {
		m, err := o.recipe(ctx, s, r, seeds)
		if err != nil {
			return o.stopped(err)
		}
		a.Recipes = append(a.Recipes, *m)
		if err := a.save(); err != nil { // what is known so far
			return err
		}
	}
	if o.json {
		return printJSON(s.Out, a)
	}
	_, err = fmt.Fprint(s.Out, a.markdown()+"\nthe table is in "+a.Table+"\n")
	return printed(err)
}

// parseSeeds reads "1,2,3".
func parseSeeds(text string) ([]uint64, error) {
	var all []uint64
	for word := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(word), 10, 64)
		if err != nil || slices.Contains(all, v) {
			return nil, fail(codeUsage, "write --seeds 1,2,3", "--seeds is %q; it takes whole numbers from 0, each once", text)
		}
		all = append(all, v)
	}
	return all, nil
}

// stopped says how a measurement that was stopped goes on.
func (o *measureOptions) stopped(err error) error {
	if codeOf(err) == codeInterrupted || errors.Is(err, context.Canceled) {
		return fail(codeInterrupted, "the same command again goes on from here", "stopped; the runs are in %s", o.dir)
	}
	return err
}

// recipe trains r with every seed.
func (o *measureOptions) recipe(ctx context.Context, s Streams, r *recipe.Recipe, seeds []uint64) (*measured, error) {
	m := &measured{Recipe: r.Name, Seeds: seeds}
	var all []*result
	for _, seed := range seeds {
		res, err := o.seed(ctx, s, r, seed)
		if codeOf(err) == codeDiverged {
			m.Trouble = append(m.Trouble, fmt.Sprintf("seed %d: %v", seed, err))
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, res)
		m.Seconds, m.Runs = append(m.Seconds, res.Seconds), append(m.Runs, res.Run)
	}
	m.add(all)
	return m, nil
}

// seed trains r with a seed, or takes the result that is there.
func (o *measureOptions) seed(ctx context.Context, s Streams, r *recipe.Recipe, seed uint64) (*result, error) {
	cfg, err := (&trainOptions{seed: fmt.Sprint(seed), quick: o.quick}).configure(r, nil)
	if err != nil {
		return nil, err
	}
	j := &job{dir: filepath.Join(o.dir, fmt.Sprintf("%s-seed-%d", r.Name, seed)), recipe: r, config: cfg}
	f, err := j.taken()
	if err != nil {
		return nil, err
	}
	if f != nil && f.finished() {
		fmt.Fprintf(s.Err, "%s, seed %d: done before\n", r.Name, seed)
		return f.result()
	}
	fmt.Fprintf(s.Err, "%s, seed %d (about %s)\n", r.Name, seed, r.Time)
	return j.finish(ctx, s, viewOptions{json: true, plain: true})
}

// add sums up the scores that have a goal, or else all.
func (m *measured) add(all []*result) {
	goals := map[string]target{}
	var names []string
	for _, res := range all {
		for _, t := range res.Targets {
			if _, known := goals[t.Score]; !known {
				names = append(names, t.Score)
			}
			goals[t.Score] = t
		}
	}
	if len(all) > 0 && len(names) == 0 {
		for _, name := range slices.Sorted(maps.Keys(all[0].Metrics["test"])) {
			if _, ok := all[0].Metrics["test"].Number(name); ok {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		m.Scores = append(m.Scores, summed(name, goals, all))
	}
}

// summed takes mean and spread of a score.
func summed(name string, goals map[string]target, all []*result) measuredScore {
	s := measuredScore{Score: name}
	g, has := goals[name]
	goal := recipe.Goal{Score: name, Bound: g.Bound, Most: g.AtMost}
	if has {
		s.Goal = goal.String()
	}
	for _, res := range all {
		v, ok := res.Metrics["test"].Number(name)
		if !ok {
			continue
		}
		s.Values = append(s.Values, v)
		s.Mean += v
		if has && goal.Met(res.Metrics["test"]) {
			s.Reached++
		}
	}
	n := float64(len(s.Values))
	s.Mean /= max(1, n)
	for _, v := range s.Values {
		s.Spread += (v - s.Mean) * (v - s.Mean)
	}
	s.Spread = math.Sqrt(s.Spread / max(1, n-1))
	return s
}

// save writes the table and the same as JSON, whole or not at all.
func (a *measureAnswer) save() error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{resultsTable: []byte(a.markdown()), resultsJSON: append(text, '\n')} {
		err = errors.Join(err, run.Replace(filepath.Join(a.Dir, name), func(w io.Writer) error {
			_, err := io.Copy(w, bytes.NewReader(text))
			return err
		}))
	}
	if err != nil {
		return fail(codeOutput, "choose a folder that you may write with --measure", "%w", err)
	}
	return nil
}

// markdown writes the table of the documents.
func (a *measureAnswer) markdown() string {
	var b strings.Builder
	b.WriteString("# What the recipes reach\n\nOn their test splits, each read once a run; mean ± deviation from seed to seed.\n\n")
	b.WriteString("| recipe | score | mean ± spread | by seed | must reach | reached | wall time |\n|---|---|---:|---|---|---:|---:|\n")
	for _, m := range a.Recipes {
		for i, s := range m.Scores {
			name, took := "", ""
			if i == 0 {
				name, took = "`"+m.Recipe+"`", m.took()
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", name, recipe.Words(s.Score), s.spread(), s.each(), s.Goal, s.kept(), took)
		}
		for _, t := range m.Trouble {
			fmt.Fprintf(&b, "| `%s` | — | diverged | %s | | | |\n", m.Recipe, strings.SplitN(t, "\n", 2)[0])
		}
	}
	fmt.Fprintf(&b, "\n%s, %s kernels, %s, %s, limpid %s%s. Written by `limpid recipes --measure`.\n",
		strings.TrimPrefix(a.CPU+", "+a.Machine.System, ", "), a.Machine.Kernels, several(a.Machine.Threads, "thread"), a.Machine.Go, version, a.commit())
	return b.String()
}

func (a *measureAnswer) commit() string {
	if len(a.Machine.Commit) < 12 {
		return ""
	}
	return " at " + a.Machine.Commit[:12]
}

// took is the mean time of a run.
func (m *measured) took() string {
	sum := 0.0
	for _, v := range m.Seconds {
		sum += v
	}
	return fmt.Sprintf("%.0f s", sum/max(1, float64(len(m.Seconds))))
}

func (s *measuredScore) spread() string {
	if strings.HasSuffix(recipe.Format(s.Score, 0), "%") {
		return fmt.Sprintf("%.1f ± %.1f%%", 100*s.Mean, 100*s.Spread)
	}
	return fmt.Sprintf("%.4g ± %.2g", s.Mean, s.Spread)
}

func (s *measuredScore) each() string {
	var all []string
	for _, v := range s.Values {
		all = append(all, recipe.Format(s.Score, v))
	}
	return strings.Join(all, ", ")
}

func (s *measuredScore) kept() string {
	if s.Goal == "" {
		return "—"
	}
	return fmt.Sprintf("%d of %d", s.Reached, len(s.Values))
}

// cpuName is what the machine calls its processor; "" where it does not tell.
func cpuName() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
