package train

import (
	"math"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/internal/par"
)

// shorten shortens rows of weights that are longer than MaxNorm.
func (u *Updater) shorten() {
	if u.MaxNorm > 0 {
		par.Run(len(u.params), (*shortening)(u))
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
