package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/listen"
	"github.com/limpid-ml/limpid/tensor"
)

// said is what the network makes of a clip: the likeliest words first.
type said struct {
	Word  string          `json:"word"`
	Words []recipe.Chance `json:"words"`
}

// unsure is the probability below which an answer is worth little.
const unsure = 0.5

// answer says which word is in a file of sound.
func (l *lesson) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	samples, steps, err := listen.Ask(q)
	if err != nil {
		return nil, err
	}
	a := &recipe.Answer{Steps: steps}
	if second := frames * listen.Hop; len(samples) > second {
		samples = listen.Loudest(samples, second)
		a.Steps = append(a.Steps, "took the loudest second")
	}
	chance, err := l.chances(samples)
	if err != nil {
		return nil, err
	}
	s := &said{}
	for i, p := range chance {
		s.Words = append(s.Words, recipe.Chance{Class: l.classes[i], Probability: p})
	}
	slices.SortStableFunc(s.Words, func(a, b recipe.Chance) int { return cmp.Compare(b.Probability, a.Probability) })
	s.Word = s.Words[0].Class
	if p := s.Words[0].Probability; p < unsure {
		a.Doubt = fmt.Sprintf("the likeliest word has a probability of %.0f%% only: it may be none of those that the network knows (%s)", 100*p, strings.Join(l.classes, ", "))
	}
	a.Value, a.Text = s, s.table()
	a.Picture = listen.Draw(samples, []listen.Mark{{Text: fmt.Sprintf("%s %.0f%%", s.Word, 100*s.Words[0].Probability), To: float64(len(samples)) / listen.Rate}})
	return a, nil
}

// table writes the three likeliest words.
func (s *said) table() string {
	var b strings.Builder
	for _, c := range s.Words[:min(3, len(s.Words))] {
		fmt.Fprintf(&b, "%5.1f%%  %s\n", 100*c.Probability, c.Class)
	}
	return b.String()
}

// chances returns the probability of each word.
func (l *lesson) chances(samples []float32) ([]float64, error) {
	y, err := l.task.Net.Predict(look(samples).Unsqueeze(0))
	if err != nil {
		return nil, err
	}
	return recipe.Softmax(tensor.Data[float32](y)), nil
}
