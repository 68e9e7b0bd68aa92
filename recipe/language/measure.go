package language

import (
	"context"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// lengths are those of the snippets that the test is cut into.
var lengths = []int{10, 20, shortPiece, 70, longPiece}

// findings is what the test and the search showed, for the report.
type findings struct {
	trials        []trial // of the Bayes, on validation snippets
	best          int
	lengths       []int // those that the texts are long enough for
	network       []float64
	bayes         []float64
	count         []int
	short         *snippets // of shortPiece characters, which scores are of
	macro, byHand float64   // mean F1 over the classes: the network's, the Bayes'
}

// measure reads the test split: snippets of several lengths, each by the
// network and by the Bayes that did best on validation snippets.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	f := &findings{}
	bayes, best, trials, err := search(ctx, l.corpus, l.letter)
	if err != nil {
		return nil, err
	}
	f.best, f.trials = best, trials
	var m *recipe.Measured
	scores := recipe.Scores{}
	for _, n := range lengths {
		s := cut(l.corpus.test, n, testEach)
		if len(s.texts) == 0 {
			continue
		}
		named, err := answers(ctx, bayes, s, l.letter)
		if err != nil {
			return nil, err
		}
		var c metric.Confusion
		var accuracy float64
		if n == shortPiece {
			if m, err = recipe.Classify(ctx, l.task); err != nil {
				return nil, err
			}
			c.Matrix, accuracy = m.Confusion, m.Scores["accuracy"].(float64)
			f.short, f.macro, f.byHand = s, c.Macro(c.F1), s.macro(named, len(l.corpus.classes))
		} else {
			r, err := train.Evaluate(ctx, l.net, s.dataset(l.letter, n), loss.CrossEntropy)
			if err != nil {
				return nil, err
			}
			accuracy = r["accuracy"]
		}
		f.lengths, f.count = append(f.lengths, n), append(f.count, len(s.texts))
		f.network, f.bayes = append(f.network, accuracy), append(f.bayes, s.accuracy(named))
		scores[fmt.Sprintf("accuracy_%d", n)] = accuracy
		scores[fmt.Sprintf("accuracy_%d_bayes", n)] = s.accuracy(named)
	}
	scores["f1_macro_40"], scores["f1_macro_40_bayes"] = f.macro, f.byHand
	m.Scores, l.found = scores, f
	m.Reference = map[string]any{"bayes": trials[best].String(), "accuracy_40_bayes": scores["accuracy_40_bayes"], "accuracy_100_bayes": scores["accuracy_100_bayes"]}
	return m, nil
}

// macro is the mean F1 of the answers over the classes.
func (s *snippets) macro(answers []int, classes int) float64 {
	c := metric.Confusion{Matrix: make([][]int, classes)}
	for i := range c.Matrix {
		c.Matrix[i] = make([]int, classes)
	}
	for i, a := range answers {
		c.Matrix[s.labels[i]][a]++
	}
	return c.Macro(c.F1)
}

// occlude tells how much each character of a text counts for a class: by how
// much the logarithm of the class's probability falls when a window of three
// characters around it becomes unknown.
//
// Source: Zeiler and Fergus 2014, "Visualizing and understanding convolutional
// networks", section 4.2.
func (l *lesson) occlude(text []rune, class int) ([]float64, error) {
	n := len(text)
	ids := tensor.Data[int32](l.letter.encode([][]rune{text}, n))
	batch := make([]int32, 0, (n+1)*2*n)
	for i := -1; i < n; i++ { // −1: the whole text
		row := append([]int32(nil), ids...)
		for k := max(0, i-1); i >= 0 && k < min(n, i+2); k++ {
			row[2*k], row[2*k+1] = unknown, unknown
		}
		batch = append(batch, row...)
	}
	y, err := l.net.Predict(tensor.Of(batch, n+1, n, 2))
	if err != nil {
		return nil, err
	}
	classes := len(l.corpus.classes)
	all := tensor.Data[float32](y)
	at := func(row int) float64 { return math.Log(recipe.Softmax(all[row*classes : (row+1)*classes])[class]) }
	falls := make([]float64, n)
	for i := range falls {
		falls[i] = at(0) - at(i+1)
	}
	return falls, nil
}
