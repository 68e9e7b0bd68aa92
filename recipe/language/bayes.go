package language

import (
	"context"
	"fmt"
	"runtime"

	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/model/ngram"
)

// smoothing is a way to make a model of each class: the length of n-grams, and
// the delta of additive smoothing, or 0 for Kneser–Ney's.
type smoothing struct {
	order int
	delta float64
}

func (s smoothing) String() string {
	if s.delta == 0 {
		return fmt.Sprintf("%d-grams, Kneser–Ney", s.order)
	}
	return fmt.Sprintf("%d-grams, %g added to each count", s.order, s.delta)
}

// smoothings are those that are tried.
var smoothings = []smoothing{
	{1, 0.1}, {2, 0.3}, {2, 0.1}, {2, 0.03}, {3, 0.1}, {3, 0.03}, {3, 0.01}, {4, 0.03}, {4, 0.01}, {4, 0.003},
	{2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0},
}

// mostCounted is how many characters of a class's texts are counted at most:
// more take memory and say little that is new.
const mostCounted = 500_000

// fit counts each class's texts.
func (s smoothing) fit(byClass [][][]rune, a *alphabet) *ngram.Bayes {
	b := &ngram.Bayes{}
	for _, texts := range byClass {
		b.Classes = append(b.Classes, s.count(texts, a))
	}
	return b
}

// count counts one class's texts.
func (s smoothing) count(texts [][]rune, a *alphabet) ngram.Scorer {
	size, _ := a.sizes()
	left := mostCounted
	add := func(count func(ids []int32)) {
		for _, t := range texts {
			t = t[:min(len(t), left)]
			count(a.numbers(t))
			left -= len(t)
		}
	}
	if s.delta > 0 {
		m := ngram.NewAdditive(s.order, size, s.delta)
		add(m.Add)
		return m
	}
	m := ngram.NewKneserNey(s.order, size)
	add(m.Add)
	m.Estimate()
	return m
}

// answers returns the class that b gives each snippet.
func answers(ctx context.Context, b *ngram.Bayes, s *snippets, a *alphabet) ([]int, error) {
	all := make([]int, len(s.texts))
	par.Each(runtime.GOMAXPROCS(0), len(all), func(i int) {
		if ctx.Err() == nil {
			all[i] = b.Class(a.numbers(s.texts[i]))
		}
	})
	return all, ctx.Err()
}

// accuracy is the share of answers that are the snippets' classes.
func (s *snippets) accuracy(answers []int) float64 {
	right := 0
	for i, class := range answers {
		if class == s.labels[i] {
			right++
		}
	}
	return float64(right) / float64(len(answers))
}

// trial is what a smoothing reached on validation snippets.
type trial struct {
	smoothing
	accuracy float64
}

// search tries all smoothings on validation snippets, and returns the models of
// the best, of equal ones the first tried.
func search(ctx context.Context, c *corpus, a *alphabet) (best *ngram.Bayes, at int, all []trial, err error) {
	held := c.held()
	for i, s := range smoothings {
		b := s.fit(c.train, a)
		said, err := answers(ctx, b, held, a)
		if err != nil {
			return nil, 0, nil, err
		}
		all = append(all, trial{s, held.accuracy(said)})
		if best == nil || all[i].accuracy > all[at].accuracy {
			best, at = b, i
		}
	}
	return best, at, all, nil
}
