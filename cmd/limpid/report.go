package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
)

// result is what a finished run reached: the JSON object that train and
// resume print, kept in the run's folder.
type result struct {
	Run        string                   `json:"run"`
	Recipe     string                   `json:"recipe"`
	Seconds    float64                  `json:"seconds"`
	Epochs     int                      `json:"epochs"`
	Steps      int                      `json:"steps"`
	Parameters int                      `json:"parameters"`
	Metrics    map[string]recipe.Scores `json:"metrics"`             // by split, then by name
	Reference  any                      `json:"reference,omitempty"` // what the test scores are compared with
	Reached    *bool                    `json:"reached,omitempty"`
	Targets    []target                 `json:"targets,omitempty"`
	Pairs      []pair                   `json:"worst_pairs,omitzero"` // of a classifier
	Seed       uint64                   `json:"seed"`
	Kernels    string                   `json:"kernels"`
	SHA256     string                   `json:"weights_sha256"`
}

// target is a bound that a test score had to keep.
type target struct {
	Score   string  `json:"score"`
	Bound   float64 `json:"bound"`
	AtMost  bool    `json:"at_most,omitempty"` // Bound is the greatest that will do
	Reached bool    `json:"reached"`
}

// aim notes which of the goals were reached. What m has no reference for is
// compared with the goals' bounds: a number if there is one goal, and else an
// object.
func (r *result) aim(goals []recipe.Goal, m *recipe.Measured) {
	if len(goals) == 0 {
		r.Reference = m.Reference
		return
	}
	all, bounds := true, recipe.Scores{}
	for _, g := range goals {
		met := g.Met(m.Scores)
		all = all && met
		bounds[g.Score] = g.Bound
		r.Targets = append(r.Targets, target{g.Score, g.Bound, g.Most, met})
	}
	r.Reached = &all
	switch {
	case m.Reference != nil:
		r.Reference = m.Reference
	case len(goals) == 1:
		r.Reference = goals[0].Bound
	default:
		r.Reference = bounds
	}
}

// pair counts the examples of one class that were taken for another.
type pair struct {
	Class   string  `json:"class"`
	TakenAs string  `json:"taken_as"`
	Count   int     `json:"count"`
	Of      int     `json:"of"` // the class's examples
	Share   float64 `json:"share"`
}

// worstPairs lists the n most frequent mistakes in a confusion matrix, whose
// rows are the true classes.
func worstPairs(confusion [][]int, classes []string, n int) []pair {
	c := metric.Confusion{Matrix: confusion}
	all := []pair{}
	for _, p := range c.Pairs(n) {
		total := 0
		for _, count := range confusion[p.True] {
			total += count
		}
		all = append(all, pair{classes[p.True], classes[p.Guess], p.Count, total, float64(p.Count) / float64(total)})
	}
	return all
}

// write tells people what the run reached and what they can do with it.
func (r *result) write() string {
	var b strings.Builder
	b.WriteString(strings.Join(r.headlines(), "\n"))
	fmt.Fprintf(&b, " after %s in %s\n", several(r.Epochs, "epoch"), lasting(time.Duration(r.Seconds*float64(time.Second))))
	if r.Pairs != nil {
		b.WriteString(writePairs(r.Pairs))
	}
	name := shellWord(r.Run)
	fmt.Fprintf(&b, "\nthe run is in %s\n", r.Run)
	rows := [][]string{{"limpid inspect " + name, "what each layer holds"}}
	if rec, _ := book.Find(r.Recipe); rec != nil && rec.Input != "" {
		rows = append([][]string{{"limpid predict " + name + " " + rec.Input, "ask about your own"}}, rows...)
	}
	rows = append(rows, []string{shellWord(filepath.Join(r.Run, reportFile)), "all of it in pictures, in a browser"})
	lead := "next:  "
	for line := range strings.Lines(columns("ll", rows)) {
		b.WriteString(lead + line)
		lead = "       "
	}
	return b.String()
}

// headlines are the test scores that matter: those with a target, or else the
// accuracy, or else all.
func (r *result) headlines() []string {
	scores, lines := r.Metrics["test"], []string{}
	for _, t := range r.Targets {
		word := "reached"
		if !t.Reached {
			word = "missed"
		}
		v, _ := scores.Number(t.Score)
		lines = append(lines, fmt.Sprintf("test %s %s (%s its target of %s)", recipe.Words(t.Score), recipe.Format(t.Score, v), word, recipe.Format(t.Score, t.Bound)))
	}
	if a, ok := scores.Number("accuracy"); ok && len(lines) == 0 {
		return []string{"test accuracy " + percent(a)}
	}
	if len(lines) == 0 {
		lines = scoreLines(scores)
	}
	return lines
}

// scoreLines writes every number among the scores.
func scoreLines(scores recipe.Scores) []string {
	lines := []string{}
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		if v, ok := scores.Number(name); ok {
			lines = append(lines, fmt.Sprintf("test %s %s", recipe.Words(name), recipe.Format(name, v)))
		}
	}
	return lines
}

func writePairs(pairs []pair) string {
	if len(pairs) == 0 {
		return "it made no mistake\n"
	}
	rows := [][]string{}
	for _, p := range pairs {
		rows = append(rows, []string{"  " + p.Class, "taken for " + p.TakenAs, fmt.Sprintf("%d of %s", p.Count, several(p.Of, "time"))})
	}
	return "most often mistaken:\n" + columns("llr", rows)
}

// shellWord writes a file's name for a shell: quoted if it needs that, and such
// that it is not taken for a flag.
func shellWord(s string) string {
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%", r)
	}
	if s != "" && !slices.ContainsFunc([]rune(s), func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
