package probe

import "github.com/limpid-ml/limpid/tensor"

// table is one T for each path, in the order in which paths came.
type table[T any] struct {
	at    map[string]*T
	order []string
}

// get returns the T of a path, a new one the first time.
func (t *table[T]) get(path string) *T {
	v, ok := t.at[path]
	if !ok {
		if t.at == nil {
			t.at = map[string]*T{}
		}
		v = new(T)
		t.at[path] = v
		t.order = append(t.order, path)
	}
	return v
}

// each calls f with all of them.
func (t *table[T]) each(f func(path string, v *T)) {
	for _, path := range t.order {
		f(path, t.at[path])
	}
}

// squares returns the sum of squares of a tensor of floats, 0 for others.
func squares(t tensor.Tensor) float64 {
	switch t.DType() {
	case tensor.Float32:
		return squaresOf(tensor.View[float32](t))
	case tensor.Float64:
		return squaresOf(tensor.View[float64](t))
	}
	return 0
}

func squaresOf[F float32 | float64](v []F) (sum float64) {
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}
