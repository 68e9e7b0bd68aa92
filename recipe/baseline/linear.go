package baseline

import (
	"context"
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/data"
)

// Linear is a weighted sum for each output; of several, their softmax.
type Linear struct {
	Weights [][]float64 // of each output, the last one added as it is
}

// Predict returns the number, or the classes' probabilities.
func (m *Linear) Predict(x []float64) []float64 {
	out := make([]float64, len(m.Weights))
	for k, w := range m.Weights {
		out[k] = dot(w[:len(x)], x) + w[len(x)]
	}
	if len(out) > 1 {
		softmax(out)
	}
	return out
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// softmax turns scores into probabilities in place.
func softmax(v []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, s := range v {
		top = max(top, s)
	}
	for i, s := range v {
		v[i] = math.Exp(s - top)
		sum += v[i]
	}
	for i := range v {
		v[i] /= sum
	}
}

// Ridge fits the weights that make Σ(y − w·x − b)² + alpha·|w|² least, alpha
// above 0.
//
// Source: Hoerl and Kennard 1970, "Ridge regression: biased estimation for
// nonorthogonal problems".
func Ridge(p *Problem, alpha float64) *Linear {
	d := len(p.X[0])
	mean, yMean := means(p)
	a, b := make([][]float64, d), make([]float64, d)
	for i := range a {
		a[i] = make([]float64, d)
		a[i][i] = alpha
	}
	row := make([]float64, d)
	for n, x := range p.X {
		for i := range row {
			row[i] = x[i] - mean[i]
		}
		for i, v := range row {
			b[i] += v * (p.Y[n] - yMean)
			for j := range i + 1 {
				a[i][j] += v * row[j]
			}
		}
	}
	w := cholesky(a, b)
	return &Linear{Weights: [][]float64{append(w, yMean-dot(w, mean))}}
}

// means returns the means of each place of X, and of Y.
func means(p *Problem) (x []float64, y float64) {
	x = make([]float64, len(p.X[0]))
	n := float64(len(p.X))
	for k, row := range p.X {
		for i, v := range row {
			x[i] += v / n
		}
		y += p.Y[k] / n
	}
	return x, y
}

// cholesky solves a·w = b for a symmetric, positive definite a, of which it
// reads the lower half and writes over it.
func cholesky(a [][]float64, b []float64) []float64 {
	d := len(b)
	for i := range d {
		for j := range i + 1 {
			s := a[i][j] - dot(a[i][:j], a[j][:j])
			if i == j {
				a[i][i] = math.Sqrt(max(s, math.SmallestNonzeroFloat64))
			} else {
				a[i][j] = s / a[j][j]
			}
		}
	}
	w := make([]float64, d)
	for i := range d {
		w[i] = (b[i] - dot(a[i][:i], w[:i])) / a[i][i]
	}
	for i := d - 1; i >= 0; i-- {
		for j := i + 1; j < d; j++ {
			w[i] -= a[j][i] * w[j]
		}
		w[i] /= a[i][i]
	}
	return w
}

// Logistic fits the weights that make Σ −ln p + alpha/2·|w|² least, where p is
// the softmax probability of the right class; what is added to the sums is not
// penalised. from, unless nil, is where to start.
func Logistic(p *Problem, alpha float64, from *Linear) *Linear {
	d, k := len(p.X[0])+1, p.outputs()
	w := make([]float64, d*k)
	if from != nil {
		for c, row := range from.Weights {
			copy(w[c*d:], row)
		}
	}
	minimise(w, func(w, grad []float64) float64 { return logistic(p, alpha, w, grad) })
	m := &Linear{}
	for c := range k {
		m.Weights = append(m.Weights, w[c*d:(c+1)*d:(c+1)*d])
	}
	return m
}

// logistic is the function that [Logistic] makes least; it fills in its
// gradient.
func logistic(p *Problem, alpha float64, w, grad []float64) (loss float64) {
	d, k := len(p.X[0])+1, p.outputs()
	clear(grad)
	score := make([]float64, k)
	for n, x := range p.X {
		for c := range score {
			score[c] = dot(w[c*d:(c+1)*d-1], x) + w[(c+1)*d-1]
		}
		softmax(score)
		y := int(p.Y[n])
		loss -= math.Log(max(score[y], math.SmallestNonzeroFloat64))
		score[y]--
		for c, g := range score {
			to := grad[c*d : (c+1)*d]
			for i, v := range x {
				to[i] += g * v
			}
			to[d-1] += g
		}
	}
	for c := range k {
		for i := c * d; i < (c+1)*d-1; i++ {
			loss += alpha / 2 * w[i] * w[i]
			grad[i] += alpha * w[i]
		}
	}
	return loss
}

// The penalties that are tried, from hardly any to all but the mean. They are
// per training row, so that they mean the same on tables of any length.
var penalties = []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}

// TuneLinear fits ridge regression, or logistic regression for classes, with
// the penalty that does best on the folds' validation rows.
func TuneLinear(ctx context.Context, p *Problem, folds []data.Fold) (Model, []Trial, error) {
	var ways []way
	for _, a := range penalties {
		learn := func(p *Problem, _ int) Model { return fitLinear(p, a) }
		ways = append(ways, way{
			name:   func(int) string { return fmt.Sprintf("penalty %.0e a row", a) },
			learn:  learn,
			losses: func(train, validate *Problem) []float64 { return []float64{MeanLoss(learn(train, 1), validate)} },
		})
	}
	return tune(ctx, p, folds, ways)
}

// fitLinear fits with a penalty for each row.
func fitLinear(p *Problem, penalty float64) *Linear {
	alpha := penalty * float64(len(p.X))
	if p.Classes > 0 {
		return Logistic(p, alpha, nil)
	}
	return Ridge(p, alpha)
}
