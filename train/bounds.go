package train

import (
	"math"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/internal/par"
)

// shorten shortens rows of weights that are longer than MaxNorm, and bounds all
// that is learned by ClipWeights.
func (u *Updater) shorten() {
	if u.MaxNorm > 0 {
		par.Run(len(u.params), (*shortening)(u))
	}
	if u.ClipWeights > 0 {
		par.Run(len(u.params), (*bounding)(u))
	}
}

// bounding is the work of ClipWeights, a parameter a chunk: a [par.Task].
type bounding Updater

// Do bounds one parameter that the step has moved.
func (u *bounding) Do(i int) {
	p := u.params[i]
	if !p.given() {
		return
	}
	if p.narrow.w != nil {
		kernel.Unary(kernel.Clamp, p.narrow.w, p.narrow.w, -u.ClipWeights, u.ClipWeights)
	} else {
		kernel.Unary(kernel.Clamp, p.wide.w, p.wide.w, -u.ClipWeights, u.ClipWeights)
	}
}

// shortening is the work of shorten, a parameter a chunk: a [par.Task].
type shortening Updater

// Do shortens the rows of one parameter that the step has moved.
func (u *shortening) Do(i int) {
	p := u.params[i]
	if !p.given() || p.value.Rank() < 2 || p.value.Len() == 0 {
		return
	}
	size := p.value.Len() / p.value.Dim(0)
	if p.narrow.w != nil {
		shortenRows(p.narrow.w, size, u.MaxNorm)
	} else {
		shortenRows(p.wide.w, size, u.MaxNorm)
	}
}

func shortenRows[T kernel.Float](w []T, size int, longest float64) {
	for ; len(w) > 0; w = w[size:] {
		row := w[:size]
		if long := math.Sqrt(kernel.Reduce(kernel.SumSquares, row)); long > longest && !bad(long) {
			kernel.BinaryScalar(kernel.Mul, row, row, T(longest/long), false)
		}
	}
}
