package nn

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/limpid-ml/limpid/tensor"
)

// row is a line of the summary.
type row struct {
	path, typ string
	out       []int // without the batch axis; nil: not seen
	params    int
	macs      float64 // per example
	inner     bool    // its parts have lines of their own
}

// row completes what Build saw of the layer at pl.
func (n *Net) row(pl *place, seen *row) row {
	r := row{}
	if seen != nil {
		r = *seen
	}
	r.path, r.typ, r.inner = pl.path, pl.typ, pl.inner
	for i := pl.params[0]; i < pl.params[1]; i++ {
		r.params += n.params[i].value.Len()
	}
	return r
}

// returned notes a layer's result for the summary.
func (b *builder) returned(f *frame, y tensor.Tensor) {
	if !b.first || f.visit.net != b.net {
		return
	}
	r := b.line(f.place)
	if y.Rank() > 0 && r.out == nil {
		r.out = y.Shape()[1:]
	}
}

func (b *builder) line(pl *place) *row {
	r := b.rows[pl]
	if r == nil {
		r = &row{}
		b.rows[pl] = r
	}
	return r
}

// work notes the multiply-adds that the running layer does for a batch of n
// examples. Layers call it only while Build runs.
func (p *Pass) work(n int, macs ...int) {
	b, f := p.build, p.top()
	if !b.first || f.place == nil || f.visit.net != b.net || n == 0 {
		return
	}
	total := 1.0
	for _, m := range macs {
		total *= float64(m)
	}
	b.line(f.place).macs += total / float64(n)
}

// Summary returns a table of the layers: path, type, shape of the result of
// one example, parameters, multiply-adds for one example; totals below.
// Multiply-adds are those of the matrix products and convolutions of limpid's
// own layers.
func (n *Net) Summary() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "path\tlayer\toutput\tparameters\tmultiply-adds")
	macs := 0.0
	for _, r := range n.rows {
		macs += r.macs
		if r.inner && r.macs == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.path, r.typ, r.shape(), count(float64(r.params)), count(r.macs))
	}
	total, stats := 0, 0
	for _, p := range n.params {
		total += p.value.Len()
	}
	for _, s := range n.states {
		stats += s.value.Len()
	}
	fmt.Fprintf(w, "total\t\t\t%s\t%s\n", count(float64(total)), count(macs))
	w.Flush()
	table := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range table {
		table[i] = strings.TrimRight(table[i], " ")
	}
	kind := tensor.Float32
	if n.wide {
		kind = tensor.Float64
	}
	return strings.Join(table, "\n") + fmt.Sprintf("\n%s parameters and %s statistics in %v\n", count(float64(total)), count(float64(stats)), kind)
}

func (r row) shape() string {
	if r.out == nil {
		return "—"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(r.out), " ", " × "), "[]")
}

// count writes a whole number in groups of three.
func count(v float64) string {
	if v == 0 {
		return "—"
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
