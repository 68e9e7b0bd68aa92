package commands

import (
	"context"
	"fmt"
	"slices"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/train"
)

// rule is what needs no network: the word whose template is nearest.
type rule struct {
	tried     []trial // its settings, and what they reach on validation
	best      int
	templates *listen.Templates
}

// trial is one number of coefficients.
type trial struct {
	coefficients int
	accuracy     float64
}

// findRule chooses the number of coefficients that tells most validation clips
// right, of templates of all training clips.
func (l *lesson) findRule(ctx context.Context) error {
	l.rule = &rule{}
	for _, n := range []int{8, 12, 16, 20} {
		t := l.templates(n)
		right, err := l.nearest(ctx, t, l.validate)
		if err != nil {
			return err
		}
		l.rule.tried = append(l.rule.tried, trial{n, share(right)})
		if k := len(l.rule.tried) - 1; k == 0 || l.rule.tried[k].accuracy > l.rule.tried[l.rule.best].accuracy {
			l.rule.best, l.rule.templates = k, t
		}
	}
	return nil
}

// templates makes templates of the training clips: of all, or of so many voices
// (of files, so many of each word) as the settings say.
func (l *lesson) templates(coefficients int) *listen.Templates {
	t := &listen.Templates{Coefficients: coefficients}
	counts := make([]int, len(l.classes))
	for _, e := range l.train {
		if most := l.config.Templates; most > 0 && counts[e.class] >= most {
			continue
		}
		counts[e.class]++
		t.Add(l.classes[e.class], e.samples)
	}
	return t
}

// nearest tells of each clip whether the nearest template is of its word.
func (l *lesson) nearest(ctx context.Context, t *listen.Templates, all []example) ([]bool, error) {
	right := make([]bool, len(all))
	par.Each(par.Workers(), len(all), func(i int) {
		if ctx.Err() == nil {
			right[i] = t.Word(all[i].samples) == l.classes[all[i].class]
		}
	})
	return right, ctx.Err()
}

// share is the share of what is true.
func share(right []bool) float64 {
	n := 0
	for _, r := range right {
		if r {
			n++
		}
	}
	return float64(n) / float64(max(len(right), 1))
}

// measure reads the test split: the unseen synthesiser, and people.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	m, err := recipe.Classify(ctx, l.task)
	if err != nil {
		return nil, err
	}
	if err := l.findRule(ctx); err != nil {
		return nil, err
	}
	right, err := l.nearest(ctx, l.rule.templates, l.test)
	if err != nil {
		return nil, err
	}
	m.Scores["accuracy_template"] = share(right)
	m.Reference = recipe.Scores{"accuracy_template": share(right)}
	m.Story = fmt.Sprintf("the nearest template (dynamic time warping, %d coefficients) tells %.1f%% of these words right\n",
		l.rule.tried[l.rule.best].coefficients, 100*share(right))
	if len(l.human) == 0 {
		return m, nil
	}
	scores, err := train.Evaluate(ctx, l.task.Net, heard(l.human), loss.CrossEntropy)
	if err != nil {
		return nil, err
	}
	if right, err = l.nearest(ctx, l.rule.templates, l.human); err != nil {
		return nil, err
	}
	m.Scores["accuracy_human"], m.Scores["accuracy_human_template"] = scores["accuracy"], share(right)
	m.Examples = len(l.test) + len(l.human)
	m.Story += fmt.Sprintf("of %d digits that people say, whom it has never heard, the network tells %.1f%% right, the nearest template %.1f%%\n",
		len(l.human), 100*scores["accuracy"], 100*share(right))
	return m, nil
}

// voices lists the share of right answers by voice, people last.
func (l *lesson) voices(all []example) (names []string, shares []float64, err error) {
	right := map[string][]bool{}
	for _, e := range all {
		guess, err := l.guess(e.samples)
		if err != nil {
			return nil, nil, err
		}
		v := listen.Voice(e.voice)
		right[v] = append(right[v], guess == e.class)
	}
	for v := range right {
		names = append(names, v)
	}
	slices.SortFunc(names, listen.Compare)
	for _, v := range names {
		shares = append(shares, share(right[v]))
	}
	return names, shares, nil
}

// guess returns the likeliest word of samples.
func (l *lesson) guess(samples []float32) (int, error) {
	chance, err := l.chances(samples)
	if err != nil {
		return 0, err
	}
	best := 0
	for i, p := range chance {
		if p > chance[best] {
			best = i
		}
	}
	return best, nil
}
