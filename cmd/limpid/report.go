package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// result is what a finished run reached: the JSON object that train and
// resume print, kept in the run's folder.
type result struct {
	Run        string                        `json:"run"`
	Recipe     string                        `json:"recipe"`
	Seconds    float64                       `json:"seconds"`
	Epochs     int                           `json:"epochs"`
	Steps      int                           `json:"steps"`
	Parameters int                           `json:"parameters"`
	Metrics    map[string]map[string]float64 `json:"metrics"` // by split, then by name
	Reference  *float64                      `json:"reference,omitempty"`
	Reached    *bool                         `json:"reached,omitempty"`
	Pairs      []pair                        `json:"worst_pairs"`
	Seed       uint64                        `json:"seed"`
	Kernels    string                        `json:"kernels"`
	SHA256     string                        `json:"weights_sha256"`
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
	all := []pair{}
	for i, row := range confusion {
		total := 0
		for _, c := range row {
			total += c
		}
		for j, c := range row {
			if i != j && c > 0 {
				all = append(all, pair{classes[i], classes[j], c, total, float64(c) / float64(total)})
			}
		}
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].Count > all[b].Count })
	return all[:min(n, len(all))]
}

// write tells people what the run reached and what they can do with it.
func (r *result) write() string {
	var b strings.Builder
	fmt.Fprintf(&b, "test accuracy %s", percent(r.Metrics["test"]["accuracy"]))
	if r.Reference != nil {
		word := "reached"
		if !*r.Reached {
			word = "missed"
		}
		fmt.Fprintf(&b, " (%s its target of %s)", word, percent(*r.Reference))
	}
	fmt.Fprintf(&b, " after %s in %s\n", several(r.Epochs, "epoch"), lasting(time.Duration(r.Seconds*float64(time.Second))))
	b.WriteString(writePairs(r.Pairs))
	name := shellWord(r.Run)
	fmt.Fprintf(&b, "\nthe run is in %s\n", r.Run)
	fmt.Fprintf(&b, "next:  limpid predict %s PICTURE   ask about a picture\n", name)
	fmt.Fprintf(&b, "       limpid inspect %s           what each layer holds\n", name)
	return b.String()
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
