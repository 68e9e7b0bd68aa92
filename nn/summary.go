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
	out       []int   // without the batch axis; nil: not seen
	params    int     // its own, without those of its parts
	macs      float64 // per example
	inner     bool    // its parts have lines of their own
}

// summarise lists the layers that ran or hold parameters.
func (b *builder) summarise() {
	n := b.net
	owner := make([]*place, len(n.params))
	for _, pl := range n.places { // parts come after the whole
		for i := pl.params[0]; i < pl.params[1]; i++ {
			owner[i] = pl
		}
	}
	own := map[*place]int{}
	for i, pl := range owner {
		own[pl] += n.params[i].value.Len()
	}
	for _, pl := range n.places {
		if b.rows[pl] == nil && own[pl] == 0 {
			continue
		}
		r := *b.line(pl)
		r.path, r.typ, r.inner, r.params = pl.path, pl.typ, pl.inner, own[pl]
		n.rows = append(n.rows, r)
	}
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
		if r.inner && r.macs == 0 && r.params == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.path, r.typ, r.shape(), count(float64(r.params)), count(r.macs))
	}
	fmt.Fprintf(w, "total\t\t\t%s\t%s\n", count(float64(n.size(0, len(n.params)))), count(macs))
	w.Flush()
	table := strings.Split(b.String(), "\n")
	for i := range table {
		table[i] = strings.TrimRight(table[i], " ")
	}
	return strings.Join(table, "\n") + n.holds()
}

// holds is the summary's last line.
func (n *Net) holds() string {
	kind := tensor.Float32
	if n.wide {
		kind = tensor.Float64
	}
	stats := ""
	if len(n.states) > 0 {
		stats = fmt.Sprintf(" and %s statistics", count(float64(n.size(len(n.params), len(n.names)))))
	}
	return fmt.Sprintf("%s parameters%s in %v\n", count(float64(n.size(0, len(n.params)))), stats, kind)
}

// size is the number of elements of values from…to−1.
func (n *Net) size(from, to int) int {
	total := 0
	for i := from; i < to; i++ {
		total += n.variable(i).value.Len()
	}
	return total
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
