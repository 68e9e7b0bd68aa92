package commands

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/recipe/report"
)

// pages is the recipe's part of the report.
func (l *lesson) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	all := []report.Section{l.soundSection(), l.ruleSection(m)}
	if len(l.human) > 0 {
		s, err := l.voiceSection()
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	all = append(all, recipe.ConfusionSection(m, l.classes), recipe.CalibrationSection(m))
	if s := l.mistakes(m); s != nil {
		all = append(all, *s)
	}
	return all, nil
}

// soundSection shows what the network looks at, and how it is changed.
func (l *lesson) soundSection() report.Section {
	var pictures []report.Picture
	for _, e := range l.train[:min(6, len(l.train))] {
		pictures = append(pictures, report.Picture{Image: listen.Draw(e.samples, nil), Bold: l.classes[e.class], Text: e.voice})
	}
	return report.Section{Title: "What a network sees of a sound", Text: []string{
		fmt.Sprintf("A spectrogram: time to the right, frequency upwards, brighter where there is more sound. Each column is %d ms; its %d values are the energy in as many bands of frequency, narrow for low ones and wide for high ones as in the ear (the mel scale), as logarithms, for we hear ratios. A vowel is a few bright bars (the resonances of the throat), s and f are light at the top, a stop such as t or p is a gap and then a click. To the network a word is a picture, and it reads it as it would any other.", 1000*listen.Hop/listen.Rate, listen.Bands),
		fmt.Sprintf("A network that hears few voices learns those voices. So each time a training clip is heard it is another one: played faster or slower, with a longer or shorter throat (frequencies stretched), through another microphone (some frequencies louder), with an echo, with noise, with stripes of time and of frequency hidden. Strength here: %g.", l.config.Vary),
	}, Body: []report.Figure{report.Pictures(false, pictures)}}
}

// ruleSection compares the network with the nearest template.
func (l *lesson) ruleSection(m *recipe.Measured) report.Section {
	score := func(name string) string {
		v, ok := m.Scores.Number(name)
		if !ok {
			return "—"
		}
		return fmt.Sprintf("%.1f%%", 100*v)
	}
	rows := [][]string{
		{"network", score("accuracy"), score("accuracy_human")},
		{"nearest template", score("accuracy_template"), score("accuracy_human_template")},
	}
	var tried [][]string
	for i, t := range l.rule.tried {
		mark := ""
		if i == l.rule.best {
			mark = "taken"
		}
		tried = append(tried, []string{fmt.Sprint(t.coefficients), fmt.Sprintf("%.1f%%", 100*t.accuracy), mark})
	}
	return report.Section{Title: "Does it take a network?", Text: []string{
		"Before there were networks, a word was recognised by holding it against recordings of words: frame by frame, with time stretched and squeezed so that the two fit best (dynamic time warping), and the nearest recording won. The rule has every training clip as a template and learns nothing; how many cepstral coefficients it looks at was chosen on validation data, as the network's settings were.",
	}, Body: []report.Figure{
		report.Table([]string{"", "right on the test", "right on people's digits"}, rows),
		report.Table([]string{"coefficients of the rule", "right on validation", ""}, tried),
	}}
}

// voiceSection shows the share of right answers by voice.
func (l *lesson) voiceSection() (report.Section, error) {
	names, shares, err := l.voices(append(append([]example{}, l.test...), l.human...))
	if err != nil {
		return report.Section{}, err
	}
	return report.Section{Title: "Voices it has never heard", Text: []string{
		"flite is a synthesiser that had no part in training, and its voices are of other speakers. The people are of the Free Spoken Digit Dataset: six men, some with a German, French or Greek accent, on their own microphones. They say digits only. A network that learned from machines alone finds people harder: how much harder is what this figure is for.",
	}, Body: []report.Figure{report.Bars("share of right answers by voice", names, shares, nil, func(v float64) string { return fmt.Sprintf("%.0f%%", 100*v) })}}, nil
}

// shown is how many mistakes are drawn.
const shown = 12

// mistakes shows spectrograms of test words that were not recognised; nil if
// there are none.
func (l *lesson) mistakes(m *recipe.Measured) *report.Section {
	var pictures []report.Picture
	wrong := 0
	for i, chance := range m.Chance {
		best := 0
		for k, p := range chance {
			if p > chance[best] {
				best = k
			}
		}
		if best == m.Labels[i] {
			continue
		}
		if wrong++; wrong <= shown {
			e := l.test[i]
			pictures = append(pictures, report.Picture{Image: listen.Draw(e.samples, nil), Bold: l.classes[best] + "?",
				Text: fmt.Sprintf("%.0f%% sure; it is: %s (%s%s)", 100*chance[best], l.classes[e.class], e.voice, filepath.Base(e.file))})
		}
	}
	if wrong == 0 {
		return nil
	}
	return &report.Section{Title: "What it got wrong", Text: []string{fmt.Sprintf("%d of %d test words were taken for others; here are the first.", wrong, len(m.Labels))},
		Body: []report.Figure{report.Pictures(false, pictures)}}
}
