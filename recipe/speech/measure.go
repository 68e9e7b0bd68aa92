package speech

import (
	"context"
	"fmt"
	"strings"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
)

// reading is what the network, and the rule, made of a clip.
type reading struct {
	clip
	got, template string
	spans         []decode.Span
	human         bool
}

// rule is what needs no network: the row of templates that is nearest.
type rule struct {
	tried     []trial // its settings, and what they reach on validation
	best      int
	templates *listen.Templates
}

// trial is one choice of settings.
type trial struct {
	coefficients int
	penalty      float64
	errors       float64
}

// findRule chooses the rule's settings by validation strings, of which it looks
// at every third.
func (l *lesson) findRule(ctx context.Context) error {
	l.rule = &rule{}
	var held []clip
	for i := 0; i < len(l.validate); i += 3 {
		held = append(held, l.validate[i])
	}
	for _, n := range []int{12, 20} {
		t := l.templates(n)
		for _, penalty := range []float64{-120, -60, 0, 60, 120, 240} {
			with := *t
			with.Penalty = penalty
			edits := make([]metric.Edits, len(held))
			par.Each(par.Workers(), len(held), func(i int) {
				if ctx.Err() == nil {
					edits[i] = metric.Words(held[i].text, strings.Join(with.String(held[i].samples), " "))
				}
			})
			if err := ctx.Err(); err != nil {
				return err
			}
			l.rule.tried = append(l.rule.tried, trial{n, penalty, sum(edits).Rate()})
			if k := len(l.rule.tried) - 1; k == 0 || l.rule.tried[k].errors < l.rule.tried[l.rule.best].errors {
				l.rule.best, l.rule.templates = k, &with
			}
		}
	}
	return nil
}

// templates makes templates of what training voices say, digit by digit.
func (l *lesson) templates(coefficients int) *listen.Templates {
	t := &listen.Templates{Coefficients: coefficients}
	for k, v := range l.voices {
		if most := l.config.Templates; most > 0 && k >= most {
			break
		}
		for _, s := range v.digits {
			t.Add(s.Text, s.Samples)
		}
	}
	return t
}

func sum(all []metric.Edits) (total metric.Edits) {
	for _, e := range all {
		total = total.Add(e)
	}
	return total
}

// measure reads the test split: the unseen synthesiser, and people.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	if l.voices != nil {
		if err := l.findRule(ctx); err != nil {
			return nil, err
		}
	}
	l.heard = nil
	for _, c := range l.test {
		l.heard = append(l.heard, reading{clip: c})
	}
	for _, c := range l.human {
		l.heard = append(l.heard, reading{clip: c, human: true})
	}
	faults := make([]error, len(l.heard))
	par.Each(par.Workers(), len(l.heard), func(i int) {
		if faults[i] = ctx.Err(); faults[i] == nil {
			faults[i] = l.listen(&l.heard[i])
		}
	})
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return l.scores(), nil
}

// listen reads a clip.
func (l *lesson) listen(r *reading) error {
	logits, err := l.logits(r.samples)
	if err != nil {
		return err
	}
	r.spans = decode.Greedy(logits, l.codec.labels(), blank)
	r.got = l.codec.decode(labelsOf(r.spans))
	if l.rule != nil {
		r.template = strings.Join(l.rule.templates.String(r.samples), " ")
	}
	return nil
}

// scores sums up what was read.
func (l *lesson) scores() *recipe.Measured {
	words := func(human, template bool) float64 {
		var total metric.Edits
		for _, r := range l.heard {
			got := r.got
			if template {
				got = r.template
			}
			if r.human == human {
				total = total.Add(metric.Words(r.text, got))
			}
		}
		return total.Rate()
	}
	letters := metric.Edits{}
	for _, r := range l.heard {
		if !r.human {
			letters = letters.Add(metric.Characters(r.text, r.got))
		}
	}
	m := &recipe.Measured{Examples: len(l.heard), Scores: recipe.Scores{"word_error_rate": words(false, false), "character_error_rate": letters.Rate()}}
	if l.rule == nil {
		return m
	}
	human, template, both := words(true, false), words(false, true), words(true, true)
	m.Scores["word_error_rate_human"] = human
	m.Scores["word_error_rate_template"], m.Scores["word_error_rate_human_template"] = template, both
	m.Reference = recipe.Scores{"word_error_rate_template": template, "word_error_rate_human_template": both}
	m.Story = fmt.Sprintf("of the words that people say, whom it has never heard, the network gets %.1f%% wrong; the nearest templates %.1f%%, and %.1f%% of the unseen synthesiser's\n", 100*human, 100*both, 100*template)
	return m
}
