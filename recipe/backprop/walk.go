package backprop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

var errData = errors.New("backprop: the recipe has its own data and takes no --data")

// checkedDigits is how many pictures the derivatives of the network for digits
// are taken on.
const checkedDigits = 8

// walk is a look at both networks with all derivatives three times.
type walk struct {
	net      tiny
	examples []example
	digits   [4]check
	valueOff float64 // largest difference of a value by hand and by limpid
}

// example is one row of XOR, walked.
type example struct {
	trace trace
	rows  []row
}

// look walks through both networks at their present weights.
func look(l *lesson, pictures data.Dataset) (walk, error) {
	w := walk{net: tinyOf(l.xor)}
	for _, e := range table {
		t, rows, off := w.net.compare(e.x, e.y)
		w.examples = append(w.examples, example{t, rows})
		w.valueOff = max(w.valueOff, off)
	}
	d, x, labels := denseOf(l.digits), []float64{}, []int{}
	for i := range checkedDigits {
		e, err := pictures.At(i * 7 % pictures.Len())
		if err != nil {
			return w, err
		}
		x = append(x, tensor.Data[float64](e.X.To(tensor.Float64))...)
		labels = append(labels, int(e.Y.Item()))
	}
	checks, off := d.compare(x, labels)
	w.digits, w.valueOff = checks, max(w.valueOff, off)
	return w, nil
}

// weights returns a network's parameters in float64, in their order.
func weights(net *nn.Net) (all [][]float64) {
	for _, p := range net.Params() {
		all = append(all, tensor.Data[float64](p.Value().To(tensor.Float64)))
	}
	return all
}

func tinyOf(net *nn.Net) (n tiny) {
	w := weights(net)
	for j := range n.w1 {
		n.w1[j] = [2]float64(w[0][2*j:])
	}
	n.b1, n.w2, n.b2 = [3]float64(w[1]), [3]float64(w[2]), w[3][0]
	return n
}

func denseOf(net *nn.Net) *dense {
	d := &dense{in: 64, out: 10}
	copy(d.params[:], weights(net))
	d.hidden = len(d.params[1])
	return d
}

// off is the largest difference anywhere.
func (w *walk) off() float64 {
	off := w.valueOff
	for _, e := range w.examples {
		for _, r := range e.rows {
			off = max(off, r.off())
		}
	}
	for _, c := range w.digits {
		off = max(off, c.hand, c.finite)
	}
	return off
}

// story tells the walk in lines of text: each row of XOR forward, then back.
func (w *walk) story() string {
	var b strings.Builder
	b.WriteString("The network: z1 = W1·x + b1,  h = tanh z1,  z2 = W2·h + b2,  p = 1/(1+e^−z2),  L = −ln of the\nprobability of the right answer. Derivatives of L: by hand (the formula beside), by limpid's\nreverse mode, by finite differences of L.\n")
	for _, e := range w.examples {
		e.tell(&b)
	}
	fmt.Fprintf(&b, "\nThe network for digits, on %d pictures: every derivative by limpid against the other two ways\n\n", checkedDigits)
	fmt.Fprintf(&b, "  %-5s %7s %14s %18s %22s\n", "", "values", "largest ∂L", "off the formulas", "off finite differences")
	for _, c := range w.digits {
		fmt.Fprintf(&b, "  %-5s %7d %14.6f %18.1e %22.1e\n", c.name, c.size, c.largest, c.hand, c.finite)
	}
	return b.String()
}

// tell writes one example's walk.
func (e *example) tell(b *strings.Builder) {
	t := &e.trace
	n := &t.weights
	fmt.Fprintf(b, "\nx = (%g, %g), right answer y = %g\n\nforward\n", t.x[0], t.x[1], t.y)
	for j := range t.h {
		fmt.Fprintf(b, "  z1[%d] = %+.4f·%g %+.4f·%g %+.4f = %.10f     h[%d] = tanh z1[%d] = %.10f\n",
			j+1, n.w1[j][0], t.x[0], n.w1[j][1], t.x[1], n.b1[j], t.z1[j], j+1, j+1, t.h[j])
	}
	fmt.Fprintf(b, "  z2 = %+.4f·%s %+.4f·%s %+.4f·%s %+.4f = %.10f\n", n.w2[0], factor(t.h[0]), n.w2[1], factor(t.h[1]), n.w2[2], factor(t.h[2]), n.b2, t.z2)
	fmt.Fprintf(b, "  p  = 1/(1 + e^%.4f) = %.10f\n  L  = −ln %.4f = %.10f\n\nback\n", -t.z2, t.p, math.Exp(-t.loss), t.loss)
	fmt.Fprintf(b, "  %-8s %14s %14s %14s   %s\n", "∂L by", "by hand", "by limpid", "by differences", "formula")
	for _, r := range e.rows {
		fmt.Fprintf(b, "  %-8s %14s %14s %14s   %s = %s\n", r.name, places(r.hand, 10), places(r.auto, 10), places(r.finite, 10), r.rule, r.numbers)
	}
}

// places writes v with so many decimal places; 0 has no sign, nor has what
// rounds to it.
func places(v float64, n int) string {
	s := fmt.Sprintf("%.*f", n, v)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// descent takes one step against the mean gradient over all of XOR and tells
// what that does.
func (w *walk) descent() string {
	const rate = 0.5
	next, before := w.net, 0.0
	for _, e := range w.examples {
		before += e.trace.loss / 4
		for _, r := range e.rows {
			if v := next.place(r.name); v != nil {
				*v -= rate * r.auto / 4
			}
		}
	}
	after, slope := 0.0, 0.0
	for _, e := range table {
		after += next.run(e.x, e.y, "", 0).loss / 4
	}
	for name := range w.gradient() {
		slope += w.gradient()[name] * w.gradient()[name]
	}
	return fmt.Sprintf("\nOne step: each weight of XOR's network moves by −%g times its mean derivative. The mean loss goes\nfrom %.6f to %.6f; the slope says by %.6f if the step were small.\n", rate, before, after, -rate*slope)
}

// gradient is the mean derivative of each parameter over all of XOR.
func (w *walk) gradient() map[string]float64 {
	g := map[string]float64{}
	for _, e := range w.examples {
		for _, r := range e.rows {
			if w.net.place(r.name) != nil {
				g[r.name] += r.auto / 4
			}
		}
	}
	return g
}

// place is where the parameter of that name is; nil if it is none.
func (n *tiny) place(name string) *float64 {
	for j := range n.w1 {
		for i := range n.w1[j] {
			if name == nameW1(j, i) {
				return &n.w1[j][i]
			}
		}
		switch name {
		case nameOf("b1", j):
			return &n.b1[j]
		case nameOf("W2", j):
			return &n.w2[j]
		}
	}
	if name == "b2" {
		return &n.b2
	}
	return nil
}

// shown is the row of XOR that the report draws.
const shown = 2

// pages are the report: the walk drawn and in numbers, then both networks
// after training.
func (l *lesson) pages(_ context.Context, m *recipe.Measured) ([]report.Section, error) {
	e := l.before.examples[shown]
	rows := [][]string{}
	for _, r := range e.rows {
		rows = append(rows, []string{r.name, places(r.value, 4), r.rule, r.numbers, places(r.hand, 6), places(r.auto, 6), places(r.finite, 6), fmt.Sprintf("%.1g", r.off())})
	}
	off := m.Scores["largest_difference"].(float64)
	all := []report.Section{
		{Title: "One example, there and back", Text: []string{
			fmt.Sprintf("The network before it has learned anything, shown x = (%g, %g), to which the right answer is %g. Orange is what each step is about. Forward the numbers are values; backward they are derivatives: by how much the loss grows for each unit that a value grows.", e.trace.x[0], e.trace.x[1], e.trace.y),
			"Each derivative needs only the one after it and a local rule: that is all of backpropagation.",
		}, Body: draw(&e.trace, e.rows)},
		{Title: "Every derivative, three times", Text: []string{
			fmt.Sprintf("By the formula, written out; by limpid's reverse mode, which was not told the formula; and by moving the value a little either way and looking at the loss. Over all four rows of XOR and %d digits, at the first weights and at the last, no two ever differ by more than %.1e.", checkedDigits, off),
		}, Body: []report.Figure{report.Table([]string{"", "value", "rule", "numbers", "by hand", "by limpid", "by moving", "apart"}, rows)}},
		{Title: "The whole walk in numbers", Body: []report.Figure{report.Listing(m.Story)}},
		{Title: "What XOR's network learned", Text: fate(tinyOf(l.xor)), Body: []report.Figure{plane(tinyOf(l.xor)), learned(tinyOf(l.xor))}},
	}
	more, err := recipe.Classified(l.task, m)
	return append(all, more...), err
}

// fate says in words what became of XOR's network, and why it may get stuck.
//
// Source: Sprinkhuizen-Kuyper and Boers 1999, "A local minimum for the 2-3-1
// XOR network".
func fate(n tiny) []string {
	right, loss := n.marks()
	known := "Such places are known: a network of two inputs, three hidden units and one output has, on XOR, regions of local minima with an error above 0 (Sprinkhuizen-Kuyper and Boers 1999, “A local minimum for the 2-3-1 XOR network”, IEEE Transactions on Neural Networks)."
	if right == len(table) {
		return []string{
			fmt.Sprintf("The same network after training: all four answers are right, the mean loss is %.4f.", loss),
			"Not every seed gets here. From some first weights gradient descent ends in a valley where two of the four answers stay near 0.5, and stays there. " + known,
		}
	}
	return []string{
		fmt.Sprintf("The same network after training: %d of the four answers are right, the mean loss is %.4f (0.3466, half of ln 2, is what two sure answers and two of 0.5 cost). These first weights led into a valley; from most other seeds it gets out. The derivatives are as right here as anywhere, but nearly 0. Whether this is a true minimum or a very long valley they cannot tell.", right, loss),
		known,
	}
}

// marks counts the rows of XOR that n answers rightly, and returns its mean loss.
func (n tiny) marks() (right int, loss float64) {
	for _, e := range table {
		t := n.run(e.x, e.y, "", 0)
		if (t.p > 0.5) == (e.y > 0.5) {
			right++
		}
		loss += t.loss / float64(len(table))
	}
	return right, loss
}

// learned tables the trained network's answers.
func learned(n tiny) report.Figure {
	var rows [][]string
	for _, e := range table {
		t := n.run(e.x, e.y, "", 0)
		rows = append(rows, []string{fmt.Sprintf("(%g, %g)", e.x[0], e.x[1]), fmt.Sprint(e.y), fmt.Sprintf("%.4f", t.p), fmt.Sprintf("%.4f", t.loss)})
	}
	return report.Table([]string{"x", "right answer", "p", "loss"}, rows)
}
