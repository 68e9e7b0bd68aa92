package tensor

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// law is what every operation of the registry owes. hold returns how a drawing
// breaks it.
type law struct {
	name  string
	draws int // of each entry
	hold  func(c drawing) error
}

var laws = []law{
	{"Derivatives", 16, func(c drawing) error { return CheckGrad(c.f, c.xs...) }},
	{"ThirdDerivative", 6, thirdDerivative},
	{"Twin", 40, equalsTwin},
	{"Backward", 8, backwardEqualsGrad},
	{"Float32", 10, float32Follows},
	{"OneOperand", 3, oneOperandAlone},
	{"Unrecorded", 2, unrecorded},
}

func TestRegistry(t *testing.T) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			for _, e := range registry() {
				draws := l.draws
				if testing.Short() {
					draws = 2
				}
				for seed := range draws {
					c := e.draw(newDice(seed))
					if err := l.holds(c); err != nil {
						t.Errorf("%s, draw %d, operands %v: %v", e.name, seed, shapesOf(c.xs), err)
						break
					}
				}
			}
		})
	}
}

// holds returns an operation's complaint as an error, too.
func (l law) holds(c drawing) (err error) {
	if failed := Try(func() { err = l.hold(c) }); failed != nil {
		return failed
	}
	return err
}

// differ tells whether two tensors differ by more than tol of the greatest
// magnitude (at least 1) in an element. NaN is like NaN.
func differ(what string, got, want Tensor, tol float64) error {
	if !slices.Equal(got.Shape(), want.Shape()) {
		return fmt.Errorf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
	}
	a, b := floatsOf(got), floatsOf(want)
	size := 1.
	for _, v := range b {
		if !math.IsInf(v, 0) {
			size = max(size, math.Abs(v))
		}
	}
	for i := range a {
		if same := a[i] == b[i] || math.IsNaN(a[i]) && math.IsNaN(b[i]); !same && !(math.Abs(a[i]-b[i]) <= tol*size) {
			return fmt.Errorf("%s: element %v is %.14g, want %.14g", what, want.h.place(i), a[i], b[i])
		}
	}
	return nil
}

// orders returns f(xs), its gradients when weighed at random, and the gradients
// of those when weighed again.
func orders(f func(xs ...Tensor) Tensor, xs []Tensor) (all []Tensor, names []string) {
	in := trackAll(NewScope(), xs)
	weigh := func(t Tensor, seed uint64) Tensor { return t.Mul(normal64(seed, t.Shape()...).To(t.DType())).Sum() }
	y := f(in...)
	all, names = []Tensor{y}, []string{"value"}
	total := weigh(y, 1)
	for order := 1; order <= 2; order++ {
		next := y.Full(0)
		for i, g := range Grad(total, in...) {
			all = append(all, g)
			names = append(names, fmt.Sprintf("order %d, input %d", order, i))
			next = next.Add(weigh(g, uint64(2+i)))
		}
		total = next
	}
	return all, names
}

// equalsTwin: a fused operation is what it is composed of, and so are its
// derivatives.
func equalsTwin(c drawing) error {
	if c.twin == nil {
		return nil
	}
	got, names := orders(c.f, c.xs)
	want, _ := orders(c.twin, c.xs)
	for i := range got {
		if err := differ(names[i], got[i], want[i], 1e-10); err != nil {
			return err
		}
	}
	return nil
}

// float32Follows: the fast kernels compute what the plain ones do.
func float32Follows(c drawing) error {
	narrow, wide := make([]Tensor, len(c.xs)), make([]Tensor, len(c.xs))
	for i, x := range c.xs {
		narrow[i] = x.To(Float32)
		wide[i] = narrow[i].To(Float64) // the same numbers
	}
	if d := c.f(narrow...).DType(); d != Float32 {
		return fmt.Errorf("of float32 operands it is %v", d)
	}
	got, names := orders(c.f, narrow)
	want, _ := orders(c.f, wide)
	for i := range got {
		tol := 1e-5
		if i > len(c.xs) {
			tol = 1e-4 // of second derivatives, where more cancels
		}
		if err := differ(names[i], got[i], want[i], tol); err != nil {
			return err
		}
	}
	return nil
}

// thirdDerivative holds a third derivative, along a direction, against
// differences of the second, and the consuming walk over a gradient against the
// recorded one.
func thirdDerivative(c drawing) error {
	v, u := make([]Tensor, len(c.xs)), make([]Tensor, len(c.xs))
	for i, x := range c.xs {
		v[i], u[i] = normal64(uint64(10+i), x.Shape()...), normal64(uint64(20+i), x.Shape()...)
	}
	second := func(s *Scope, h float64) (first, d Tensor, in []Tensor) {
		in = make([]Tensor, len(c.xs))
		for i, x := range c.xs {
			in[i] = s.Track(x.Add(v[i].Scale(h)))
		}
		g := Grad(project(c.f(in...), 1), in...)
		first = Dot(g, v).Add(Dot(g, g).Scale(.5)) // whose own gradient depends on more than v
		return first, Dot(Grad(first, in...), u), in
	}
	_, d, in := second(NewScope(), 0)
	got := Dot(Grad(d, in...), v).Item()
	at := func(h float64) float64 {
		_, d, _ := second(NewScope(), h)
		return d.Item()
	}
	const h = 5e-4
	want := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
	if bound := 1e-7*math.Abs(want) + 1e-9*(1+math.Abs(d.Item())); !(math.Abs(got-want) <= bound) && !math.IsNaN(want) {
		return fmt.Errorf("third derivative %.12g, differences %.12g", got, want)
	}
	s := NewScope()
	first, d, in := second(s, 0)
	want = d.Item()
	if got := Dot(s.Backward(first, in...), u).Item(); math.Abs(got-want) > 1e-10*(1+math.Abs(want)) {
		return fmt.Errorf("Backward of a gradient gives %.14g, Grad %.14g", got, want)
	}
	return nil
}

// backwardEqualsGrad: freeing values and gradients on the way changes nothing.
// Under the tag poison, what is freed too early is NaN.
func backwardEqualsGrad(c drawing) error {
	loss := func(in []Tensor) Tensor {
		y := c.f(in...)
		return y.Mul(y).Sum().Add(project(y, 1))
	}
	in := trackAll(NewScope(), c.xs)
	want := Grad(loss(in), in...)
	s := NewScope()
	in = trackAll(s, c.xs)
	for i, g := range s.Backward(loss(in), in...) {
		if err := differ(fmt.Sprint("gradient ", i), g, want[i], 1e-12); err != nil {
			return err
		}
	}
	return nil
}

// oneOperandAlone: a rule gives an operand its gradient if the others want none.
func oneOperandAlone(c drawing) error {
	all := trackAll(NewScope(), c.xs)
	want := Grad(project(c.f(all...), 1), all...)
	for k := range c.xs {
		in := slices.Clone(c.xs)
		in[k] = NewScope().Track(c.xs[k])
		y := c.f(in...)
		if !y.Tracked() {
			continue // that operand does not matter
		}
		if err := differ(fmt.Sprint("operand ", k), Grad(project(y, 1), in[k])[0], want[k], 1e-12); err != nil {
			return err
		}
	}
	return nil
}

// unrecorded: constants stay constants, on the heap and in a scope, and lie
// where their operands do.
func unrecorded(c drawing) error {
	if y := c.f(c.xs...); y.Tracked() || y.h.scope != nil {
		return fmt.Errorf("of heap operands: tracked is %t", y.Tracked())
	}
	s := NewScope()
	in := make([]Tensor, len(c.xs))
	for i, x := range c.xs {
		in[i] = door{}.Adopt(s, x)
	}
	if y := c.f(in...); y.Tracked() || y.h.scope != s || len(s.tape) != 0 {
		return fmt.Errorf("of constants in a scope: %d nodes", len(s.tape))
	}
	return nil
}

// TestLawsCatch gives each law operations that break it.
func TestLawsCatch(t *testing.T) {
	x, y := Of([]float64{.5, -.7, 1.1}), Of([]float64{2, .3, -.4})
	product := func(name string, rule func(gy, x, y Tensor) []Tensor) func(xs ...Tensor) Tensor {
		return func(xs ...Tensor) Tensor {
			return Op{name, func(in ...Tensor) Tensor { return in[0].Mul(in[1]).Mul(in[1]) },
				func(_, gy Tensor, in []Tensor, _ []bool) []Tensor { return rule(gy, in[0], in[1]) }}.Apply(xs...)
		}
	}
	right := product("right", func(gy, x, y Tensor) []Tensor { return []Tensor{gy.Mul(y.Square()), gy.Mul(x).Mul(y).Scale(2)} })
	for _, c := range []struct {
		law  string
		f    func(xs ...Tensor) Tensor
		twin func(xs ...Tensor) Tensor
		want string // of the complaint; "" for none
	}{
		{law: "Derivatives", f: right},
		{law: "Derivatives", f: product("a factor", func(gy, x, y Tensor) []Tensor { return []Tensor{gy.Mul(y.Square()), gy.Mul(x).Mul(y)} }), want: "order 1, input 1"},
		{law: "Derivatives", f: product("a millionth", func(gy, x, y Tensor) []Tensor {
			return []Tensor{gy.Mul(y.Square()).Scale(1 + 1e-6), gy.Mul(x).Mul(y).Scale(2)}
		}), want: "order 1, input 0"},
		{law: "Derivatives", f: product("one forgotten", func(gy, x, y Tensor) []Tensor { return []Tensor{{}, gy.Mul(x).Mul(y).Scale(2)} }), want: "order 1, input 0"},
		{law: "Derivatives", f: product("no second order", func(gy, x, y Tensor) []Tensor {
			return []Tensor{gy.Mul(y.Detach().Square()), gy.Mul(x).Mul(y).Scale(2)}
		}), want: "order 2, input 1"},
		{law: "Derivatives", f: func(xs ...Tensor) Tensor { // squared, for gy to vary
			return product("gy taken for a constant", func(gy, x, y Tensor) []Tensor {
				return []Tensor{gy.Detach().Mul(y.Square()), gy.Detach().Mul(x).Mul(y).Scale(2)}
			})(xs...).Square()
		}, want: "order 2"},
		{law: "ThirdDerivative", f: func(xs ...Tensor) Tensor { return right(xs...).Square() }},
		{law: "ThirdDerivative", f: product("no third order", func(gy, x, y Tensor) []Tensor {
			return []Tensor{gy.Mul(y.Square()), gy.Mul(x).Mul(y).Scale(2).Add(late(gy, x, y))}
		}), want: "third derivative"},
		{law: "Twin", f: right, twin: func(xs ...Tensor) Tensor { return xs[0].Mul(xs[1].Square()) }},
		{law: "Twin", f: right, twin: func(xs ...Tensor) Tensor { return xs[0].Mul(xs[1].Square()).Scale(1 + 1e-9) }, want: "value"},
		{law: "Twin", f: right, twin: func(xs ...Tensor) Tensor { return xs[0].Detach().Mul(xs[1].Square()) }, want: "order 1, input 0"},
		{law: "Backward", f: product("looks who asks", func(gy, x, y Tensor) []Tensor {
			return []Tensor{gy.Mul(y.Square()).Scale(float64(1 + b2i(gy.Tracked()))), gy.Mul(x).Mul(y).Scale(2)}
		}), want: "gradient 0"},
		{law: "Float32", f: right},
		{law: "Float32", f: func(xs ...Tensor) Tensor { return xs[0].Scale(1 + 1e-4*float64(b2i(xs[0].DType() == Float32))) }, want: "value"},
		{law: "Float32", f: func(xs ...Tensor) Tensor { return xs[0].To(Float64) }, want: "it is float64"},
		{law: "OneOperand", f: func(xs ...Tensor) Tensor { return xs[0].Mul(xs[1]).Scale(float64(1 + b2i(xs[1].Tracked()))) }, want: "operand 0"},
		{law: "Unrecorded", f: func(xs ...Tensor) Tensor { return NewScope().Track(xs[0].Keep()) }, want: "tracked is true"},
	} {
		l := laws[slices.IndexFunc(laws, func(l law) bool { return l.name == c.law })]
		err := l.holds(drawing{c.f, []Tensor{x, y}, c.twin})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v of what is right", c.law, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want …%s…", c.law, err, c.want)
		}
	}
}

// late is 0, and so are its first derivatives, but not its second.
func late(gy, x, y Tensor) Tensor {
	d := y.Sub(y.Detach())
	return gy.Mul(x).Mul(d.Square())
}

// elsewhere names what has no line in the registry, and why or where it is
// tested.
var elsewhere = map[string]string{
	"Of": "a constant", "Ints": "a constant", "Zeros": "a constant", "Full": "a constant", "Arange": "a constant", "New": "a constant",
	"Normal": "a constant", "Uniform": "a constant", "Bernoulli": "a constant",
	"Eq": "no slope", "Less": "no slope", "Not": "no slope", "ArgMax": "no slope", "OneHot": "no slope",
	"Detach": "no slope, on purpose", "Keep": "no slope, on purpose", "Track": "where a tape starts",
	"Leaf": "where a tape starts", "Adopt": "no operation", "Expire": "no operation", "Backward": "a derivative itself", "Grad": "a derivative itself", "VJP": "a derivative itself",
	"To": "TestToCarriesTheGradient", // differences cannot pass through float32
}

// TestRegistryIsComplete reads the package's source: each exported function and
// method and each one on the door that returns tensors, and each recorded
// operation, has a line in the registry.
func TestRegistryIsComplete(t *testing.T) {
	lines := map[string]bool{}
	for _, e := range registry() {
		lines[firstWord(e.name)] = true
	}
	made, ops, tests := readSource(t)
	for name, where := range elsewhere {
		if lines[name] || !made[name] {
			t.Errorf("%s stands in elsewhere; a line of the registry: %t, in the package: %t", name, lines[name], made[name])
		}
		if strings.HasPrefix(where, "Test") && !tests[where] {
			t.Errorf("%s: there is no %s", name, where)
		}
		delete(made, name)
	}
	for name := range made {
		if !lines[name] {
			t.Errorf("%s returns a tensor and has no line in the registry (nor a reason in elsewhere)", name)
		}
	}
	for name := range lines {
		if !made[name] {
			t.Errorf("the registry's %s is nothing that the package offers", name)
		}
	}
	if len(made) < 65 || len(ops) < 60 {
		t.Fatalf("%d functions and %d operations found in the source: too few", len(made), len(ops))
	}
	ops["Op"], ops["tensor.Op"] = true, false
	seen := recorded(t, ops)
	for name := range ops {
		if ops[name] && !seen[name] && name != "Track" && name != "tensor.To" {
			t.Errorf("no line of the registry records %q", name)
		}
	}
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return strings.TrimSuffix(word, ",")
}

// recorded returns what operations the registry's lines put on the tape, in
// three orders, and asks that a line records the operation of its name.
func recorded(t *testing.T, ops map[string]bool) map[string]bool {
	seen := map[string]bool{}
	for _, e := range registry() {
		own := map[string]bool{}
		for seed := range 6 {
			c := e.draw(newDice(seed))
			s := NewScope()
			in := trackAll(s, c.xs)
			for _, g := range Grad(project(c.f(in...), 1), in...) {
				if g.Tracked() {
					Grad(g.Square().Sum(), in...)
				}
			}
			for _, n := range s.tape {
				own[n.op.name] = true
			}
		}
		maps.Copy(seen, own)
		for _, name := range []string{"tensor." + firstWord(e.name), firstWord(e.name)} {
			if ops[name] && !own[name] {
				t.Errorf("the line %q does not record %s", e.name, name)
			}
		}
	}
	return seen
}

// readSource returns the exported functions and methods that return tensors,
// those of the door included, the names of all operations that a tape can hold,
// and the names of the tests.
func readSource(t *testing.T) (made, ops, tests map[string]bool) {
	t.Helper()
	made, ops, tests = map[string]bool{}, map[string]bool{}, map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), text, 0)
		if err != nil {
			t.Fatal(err)
		}
		test := strings.HasSuffix(f.Name(), "_test.go")
		for _, d := range tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() {
				if test {
					tests[fn.Name.Name] = true
				} else if givesTensors(fn) {
					made[fn.Name.Name] = true
				}
			}
		}
		if !test {
			for _, m := range regexp.MustCompile(`\{name: "([^"]+)"`).FindAllSubmatch(text, -1) {
				ops[string(m[1])] = true
			}
		}
	}
	return made, ops, tests
}

func givesTensors(fn *ast.FuncDecl) bool {
	if fn.Type.Results == nil {
		return false
	}
	for _, r := range fn.Type.Results.List {
		typ := r.Type
		if list, ok := typ.(*ast.ArrayType); ok {
			typ = list.Elt
		}
		if name, ok := typ.(*ast.Ident); ok && name.Name == "Tensor" {
			return true
		}
	}
	return false
}

// TestToCarriesTheGradient: between float types, at two orders.
func TestToCarriesTheGradient(t *testing.T) {
	for _, d := range []DType{Float32, Float64} {
		for _, to := range []DType{Float32, Float64} {
			x := NewScope().Track(Of([]float64{.5, -2, 3}).To(d))
			g := Grad(x.To(to).Pow(3).Sum(), x)[0]
			h := Grad(g.To(to).Square().Sum(), x)[0]
			wantValues(t, fmt.Sprint("gradient of ", d, " by way of ", to), g, []int{3}, .75, 12, 27)
			wantValues(t, "and of its square", h, []int{3}, 2*.75*3, -2*12*12, 2*27*18)
			if g.DType() != d || h.DType() != d {
				t.Error("gradients of", d, "are", g.DType(), h.DType())
			}
		}
	}
	if x := NewScope().Track(Of([]float64{.5})); x.To(Int32).Tracked() || x.To(Bool).Tracked() {
		t.Error("integers are tracked")
	}
}
