package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	paper "github.com/limpid-ml/limpid/recipe/report"
)

// reportFile is the page that a finished run leaves behind.
const reportFile = "report.html"

// writeReport writes the run's page.
func (r *session) writeReport(ctx context.Context, res *result, m *recipe.Measured, past *history) error {
	own, err := r.task.Sections(ctx, m)
	if err != nil {
		return err
	}
	page := paper.Page{
		Title: "limpid " + r.recipe.Name, Lead: sentence(cmp.Or(r.task.About, r.recipe.Short)),
		Facts: res.facts(), Sections: append(past.sections(), own...),
	}
	page.Sections = append(page.Sections, r.settingsSection())
	f, err := os.Create(r.folder.held.File(reportFile))
	if err != nil {
		return because(codeOutput, whereToWrite, err)
	}
	return because(codeOutput, whereToWrite, errors.Join(page.Write(f), f.Close()))
}

// sentence makes a sentence of a line about something.
func sentence(line string) string {
	runes := []rune(line)
	if len(runes) == 0 {
		return ""
	}
	return string(append([]rune{upper(runes[0])}, runes[1:]...)) + "."
}

func upper(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// facts are the figures on top of the page.
func (r *result) facts() []paper.Fact {
	var all []paper.Fact
	for _, t := range r.Targets {
		f := paper.Fact{Name: "test " + recipe.Words(t.Score), Mood: paper.Good}
		v, _ := r.Metrics["test"].Number(t.Score)
		f.Value, f.Note = recipe.Format(t.Score, v), "reached the target of "+recipe.Format(t.Score, t.Bound)
		if !t.Reached {
			f.Note, f.Mood = "missed the target of "+recipe.Format(t.Score, t.Bound), paper.Bad
		}
		all = append(all, f)
	}
	watched := "accuracy"
	if rec, _ := book.Find(r.Recipe); rec != nil {
		watched = rec.Watches()
	}
	if v, ok := r.Metrics["test"].Number(watched); ok && len(all) == 0 {
		all = append(all, paper.Fact{Name: "test " + recipe.Words(watched), Value: recipe.Format(watched, v), Note: "no target is set for these settings"})
	}
	took := time.Duration(r.Seconds * float64(time.Second))
	return append(all,
		paper.Fact{Name: "trained", Value: lasting(took), Note: fmt.Sprintf("%s, %s", several(r.Epochs, "epoch"), several(r.Steps, "step"))},
		paper.Fact{Name: "parameters", Value: grouped(r.Parameters), Note: "numbers learned"},
		paper.Fact{Name: "seed", Value: fmt.Sprint(r.Seed), Note: r.Kernels + " kernels"})
}

// sections shows how training went; none if no epoch was logged.
func (h *history) sections() []paper.Section {
	if len(h.losses) < 2 {
		return nil
	}
	s := paper.Section{Title: "How it learned", Text: []string{
		"Validation examples are cut from the training data and never learned from: where their loss rises while the training loss falls, the network begins to learn by heart. With dropout and augmentation training examples are the harder ones, and the training loss may lie above.",
	}}
	lines := []paper.Line{{Name: "training", X: counting(len(h.losses)), Y: h.losses}}
	if len(h.validLoss) > 0 {
		lines = append(lines, paper.Line{Name: "validation", X: counting(len(h.validLoss)), Y: h.validLoss})
	}
	s.Body = append(s.Body, paper.Lines(paper.Chart{Title: "loss", X: "epoch"}, lines...))
	if len(h.validation) > 1 {
		s.Body = append(s.Body, paper.Lines(paper.Chart{Title: recipe.Words(h.watched) + " on validation data", X: "epoch", Percent: strings.HasSuffix(recipe.Format(h.watched, 0), "%")},
			paper.Line{X: counting(len(h.validation)), Y: h.validation, Dots: len(h.validation) < 40}))
	}
	return []paper.Section{s}
}

// counting returns 1, 2, … n.
func counting(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i + 1)
	}
	return all
}

// settingsSection shows the network and what it was trained with.
func (r *session) settingsSection() paper.Section {
	var rows [][]string
	for _, s := range recipe.Settings(r.config) {
		rows = append(rows, []string{s.Key, s.Value, s.Help})
	}
	return paper.Section{Title: "The network and its settings", Body: []paper.Figure{
		paper.Listing(r.task.Net.Summary()), paper.Table([]string{"setting", "value", "what it is"}, rows)}}
}
