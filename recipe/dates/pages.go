package dates

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages shows where the network looks, which forms are hard, and mistakes.
func (l *lesson) pages(ctx context.Context, m *recipe.Measured) ([]report.Section, error) {
	looking, err := l.lookingPage()
	if err != nil {
		return nil, err
	}
	all := []report.Section{theory, looking}
	for _, s := range l.sets {
		got, err := l.translate(ctx, s.pairs)
		if err != nil {
			return nil, err
		}
		all = append(all, s.page(got, m))
	}
	if l.config.Data == "" {
		all = append(all, formsPage())
	}
	return all, nil
}

var theory = report.Section{Title: "How it works", Text: []string{
	"An encoder, a recurrent layer in each direction, reads the text character by character; after it, each character has a vector that knows its surroundings. A decoder, a third recurrent layer, writes the answer, one character after the other, each fed back as input for the next.",
	"Were the decoder given one vector for the whole text, long texts would have to be squeezed through it: that was the bottleneck of the first networks of this kind (Sutskever et al. 2014). Attention (Bahdanau et al. 2015) lets it look back: before each character it weighs all vectors of the encoder by how well they match its own state, the weights add up to 1, and it goes on from their mean. Nobody tells it where to look. The weights are learned only because looking in the right place lowers the loss; the maps below are what came of it.",
	"In training the decoder is given the right previous character even where it would have written another (teacher forcing); when it is used it must live with its own. predict keeps several beginnings of an answer side by side (beam search) and takes the whole that is likeliest.",
}}

// lookingPage draws the attention over some texts of the test.
func (l *lesson) lookingPage() (report.Section, error) {
	s := report.Section{Title: "Where it looks", Text: []string{
		"A row is a character that the network writes (∎ ends the answer), a column one that it read; the darker a cell, the more it counts. The year's digits come first in the answer and last in most texts: the dark cells jump back and forth as a reader's eyes would.",
	}}
	for _, set := range l.sets {
		for i := range min(2, len(set.pairs)) {
			rows, columns, values, err := l.heat(set.pairs[i])
			if err != nil {
				return s, err
			}
			s.Body = append(s.Body, report.Heat(fmt.Sprintf("%s → %s", set.pairs[i].from, set.pairs[i].to), rows, columns, values))
		}
	}
	return s, nil
}

// page tells of one test: how much is right, by the form's parts, and what is
// wrong.
func (s *testSet) page(got []string, m *recipe.Measured) report.Section {
	v, _ := m.Scores.Number(s.name)
	title, text := "New texts", fmt.Sprintf("%.1f%% of %d texts that it never read are written anew without a mistake.", 100*v, len(got))
	if s.forms != nil {
		rule, _ := m.Scores.Number(s.name + "_rule")
		title = map[string]string{"exact": "New days in known forms", "exact_new": "New combinations of known parts"}[s.name]
		text = fmt.Sprintf("%.1f%% of %d dates are right to the last digit, on days that were not in training. The rule that a programmer writes first, English months by their first three letters or else numbers by their separator, gets %.1f%%. Whoever knows how the dates were written can write a rule that gets all; the network was told none and learned it from pairs.", 100*v, len(got), 100*rule)
	}
	p := report.Section{Title: title, Text: []string{text}}
	if s.forms != nil {
		names, shares := s.byPart(got)
		p.Body = append(p.Body, report.Bars("right answers by the form's parts", names, shares, nil, func(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }))
	}
	if rows := s.mistakes(got, 12); len(rows) > 0 {
		p.Body = append(p.Body, report.Table([]string{"text", "written", "right"}, rows).Under("mistakes"))
	}
	return p
}

// byPart returns the share of right answers of each choice of each part.
func (s *testSet) byPart(got []string) (names []string, shares []float64) {
	right, count := map[string]int{}, map[string]int{}
	for i, f := range s.forms {
		for _, part := range f.parts() {
			if count[part]++; got[i] == s.pairs[i].to {
				right[part]++
			}
			if !slices.Contains(names, part) {
				names = append(names, part)
			}
		}
	}
	slices.Sort(names)
	for _, n := range names {
		shares = append(shares, float64(right[n])/float64(count[n]))
	}
	return names, shares
}

// mistakes lists the first wrong answers.
func (s *testSet) mistakes(got []string, most int) (rows [][]string) {
	for i, p := range s.pairs {
		if got[i] != p.to && len(rows) < most {
			rows = append(rows, []string{p.from, got[i], p.to})
		}
	}
	return rows
}

// formsPage lists the forms that were kept from training.
func formsPage() report.Section {
	known, fresh := divide(allForms(), formSeed)
	var examples []string
	for _, f := range fresh {
		examples = append(examples, f.String())
	}
	return report.Section{Title: "What was kept from training", Text: []string{
		fmt.Sprintf("A form is a choice for each of seven parts: the order, how day, month and year are written, what stands between, the weekday and the case. Of %d combinations that make sense, %d were learned from and these %d were not, though each of their parts stands in others:", len(known)+len(fresh), len(known), len(fresh)),
		strings.Join(examples, " · "),
	}}
}
