package network

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
)

// Bounds on what a file may ask for; memory has bounds of its own (shape.go).
const (
	maxInt    = 1 << 20
	maxFloat  = 1e6
	maxTimes  = 1000
	maxLayers = 2000
	maxNested = 12
	maxList   = 64
)

// layer is a layer as it was written, of which any number can be made.
type layer struct {
	node   *yamltree.Node // where it stands
	number string         // "3", "3.2": the second inside the third
	name   string
	kind   *kind
	act    nn.Act                // of an activation: kind is nil
	values map[int]reflect.Value // by field
	kids   map[int][]*layer      // by field; under −1 those of block and repeat
	times  int                   // of repeat and block
}

// parser makes layers of a list in a file.
type parser struct {
	classes int // what the word "classes" stands for
	count   int
}

// list parses a list of layers; prefix numbers them: "3." inside the third.
func (p *parser) list(n *yamltree.Node, prefix string) ([]*layer, error) {
	if n.Kind != yamltree.List {
		return nil, n.Fault("begin each layer with a hyphen: - linear: 10", "layers are %s, want a list", n.Kind)
	}
	if len(n.Items) == 0 {
		return nil, n.Fault("write some, as - linear: classes", "the list of layers is empty")
	}
	if strings.Count(prefix, ".") > maxNested {
		return nil, n.Fault("make it flatter", "layers stand in each other more than %d deep", maxNested)
	}
	var all []*layer
	for i, item := range n.Items {
		if p.count++; p.count > maxLayers {
			return nil, item.Fault("make it shorter; repeat writes a layer many times", "there are more than %d layers", maxLayers)
		}
		l, err := p.layer(item, fmt.Sprint(prefix, i+1))
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// layer parses "name", "name: value" or "name: {option: value}".
func (p *parser) layer(n *yamltree.Node, number string) (*layer, error) {
	l := &layer{node: n, number: number, times: 1, values: map[int]reflect.Value{}, kids: map[int][]*layer{}}
	var with *yamltree.Node
	switch {
	case n.Kind == yamltree.Value && !n.Empty:
		l.name = n.Text
	case n.Kind == yamltree.Map && len(n.Pairs) == 1:
		l.name, with = n.Pairs[0].Key, n.Pairs[0].Value
	case n.Kind == yamltree.Map:
		return nil, n.Fault("indent its options further than its name, or write - "+n.Pairs[0].Key+": {…}", "layer %s has %d keys: want the layer's name alone, its options below it", number, len(n.Pairs))
	default:
		return nil, n.Fault("write - linear: 10, say", "layer %s has no name", number)
	}
	if with != nil && with.Empty {
		with = nil
	}
	l.kind = findKind(l.name)
	name := plainName(l.name)
	_, isAct := acts[name]
	switch {
	case name == "block":
		return l, p.block(l, with)
	case name == "repeat":
		return l, p.repeat(l, with)
	case isAct:
		return l, p.activation(l, name, with)
	case l.kind == nil:
		return nil, n.Fault(unknown(l.name, names()), "layer %s: there is no layer %q", number, l.name)
	}
	return l, p.options(l, with)
}

// unknown says which of names a word may have meant.
func unknown(word string, names []string) string {
	if near := recipe.Nearest(plainName(word), names); near != "" {
		return "did you mean " + near + "? All: " + strings.Join(names, ", ")
	}
	return "one of: " + strings.Join(names, ", ")
}

func (p *parser) block(l *layer, with *yamltree.Node) (err error) {
	if with == nil {
		return l.fault("write the layers below it, each with a hyphen", "it has no layers")
	}
	l.kids[-1], err = p.list(with, l.number+".")
	return err
}

// repeat parses {times: 3, layers: [...]}.
func (p *parser) repeat(l *layer, with *yamltree.Node) (err error) {
	const fix = "write repeat: {times: 3, layers: [...]}"
	if with == nil || with.Kind != yamltree.Map || with.Get("times") == nil || with.Get("layers") == nil {
		return l.fault(fix, "it wants times and layers")
	}
	for _, pair := range with.Pairs {
		if pair.Key != "times" && pair.Key != "layers" {
			return yamltree.Fault(with.File(), pair.Line, fix, "layer %s, repeat: there is no option %q", l.number, pair.Key)
		}
	}
	times := with.Get("times")
	if l.times, err = strconv.Atoi(times.Text); err != nil || times.Kind != yamltree.Value || l.times < 1 || l.times > maxTimes {
		return times.Fault(fix, "layer %s, repeat: times is %q; it takes a whole number from 1 to %d", l.number, times.Text, maxTimes)
	}
	before := p.count
	if l.kids[-1], err = p.list(with.Get("layers"), l.number+"."); err != nil {
		return err
	}
	if p.count += (p.count - before) * (l.times - 1); p.count > maxLayers {
		return times.Fault("make it shorter", "there are more than %d layers", maxLayers)
	}
	return nil
}

// activation parses "relu", or "leakyrelu: 0.2".
func (p *parser) activation(l *layer, name string, with *yamltree.Node) error {
	l.act = acts[name]
	if with == nil {
		return nil
	}
	make, ok := sloped[name]
	if !ok {
		return l.fault("write - "+name, "it has no options")
	}
	v, err := number(with)
	l.act = make(v)
	return l.in("", with, err)
}

// options parses what stands behind a layer's name.
func (p *parser) options(l *layer, with *yamltree.Node) error {
	all := l.kind.options()
	switch {
	case with == nil:
		return nil
	case with.Kind != yamltree.Map && l.kind.lone == "":
		return with.Fault("write "+l.name+": {"+example(all)+"}", "layer %s, %s: %s behind its name says not which option it is", l.number, l.name, with.Kind)
	case with.Kind != yamltree.Map:
		return p.set(l, dashed(l.kind.lone), with, all)
	}
	for _, pair := range with.Pairs {
		i := slices.IndexFunc(all, func(o option) bool { return plainName(o.name) == plainName(pair.Key) })
		if i < 0 {
			var known []string
			for _, o := range all {
				known = append(known, o.name)
			}
			return yamltree.Fault(with.File(), pair.Line, unknown(pair.Key, known), "layer %s, %s: there is no option %q", l.number, l.name, pair.Key)
		}
		if err := p.set(l, all[i].name, pair.Value, all); err != nil {
			return err
		}
	}
	return nil
}

// example is how options are written.
func example(all []option) string {
	if len(all) == 0 {
		return ""
	}
	return all[0].name + ": …"
}

// set parses the value of an option.
func (p *parser) set(l *layer, name string, n *yamltree.Node, all []option) error {
	i := slices.IndexFunc(all, func(o option) bool { return o.name == name })
	field := all[i].index
	t := reflect.TypeOf(l.kind.new()).Elem().Field(field).Type
	if t == layerType {
		kids, err := p.list(n, l.number+"."+name+".")
		l.kids[field] = kids
		return err
	}
	v, err := p.value(t, name, n)
	if err == nil {
		l.values[field] = reflect.ValueOf(v)
	}
	return l.in(name, n, err)
}

// value parses a value of a field's type.
func (p *parser) value(t reflect.Type, name string, n *yamltree.Node) (any, error) {
	switch t {
	case actType:
		return activationOf(n)
	case initType:
		return initOf(n)
	case reflect.TypeFor[[2]int]():
		return p.pair(name, n)
	case reflect.TypeFor[[]int]():
		return p.integers(name, n)
	}
	switch t.Kind() {
	case reflect.Int:
		return p.integer(name, n)
	case reflect.Bool:
		if n.Kind != yamltree.Value || n.Text != "true" && n.Text != "false" {
			return nil, wants(n, "true or false")
		}
		return n.Text == "true", nil
	}
	return number(n)
}

// wants says what a value should have been.
func wants(n *yamltree.Node, what string) error {
	if n.Kind != yamltree.Value {
		return fmt.Errorf("it is %s; it takes %s", n.Kind, what)
	}
	return fmt.Errorf("it is %q; it takes %s", n.Text, what)
}

func number(n *yamltree.Node) (float64, error) {
	v, err := strconv.ParseFloat(n.Text, 64)
	if err != nil || n.Kind != yamltree.Value || !(math.Abs(v) <= maxFloat) {
		return 0, wants(n, fmt.Sprintf("a number of at most %g", maxFloat))
	}
	return v, nil
}

// integer parses a whole number, or a word that stands for one.
func (p *parser) integer(name string, n *yamltree.Node) (int, error) {
	low := 0
	switch {
	case n.Text == "classes" && n.Kind == yamltree.Value && (name == "out" || name == "classes"):
		return p.classes, nil
	case n.Text == "same" && n.Kind == yamltree.Value && strings.HasPrefix(name, "pad"):
		return nn.Same, nil
	case name == "to" || name == "groups":
		low = -1 // what is left over; each channel by itself
	}
	v, err := strconv.Atoi(n.Text)
	if err != nil || n.Kind != yamltree.Value || v < low || v > maxInt {
		what := fmt.Sprintf("a whole number from %d to %d", low, maxInt)
		switch {
		case name == "out" || name == "classes":
			what += ", or classes"
		case strings.HasPrefix(name, "pad"):
			what += ", or same"
		}
		return 0, wants(n, what)
	}
	return v, nil
}

// pair parses rows and columns: [3, 5], or 3 for both.
func (p *parser) pair(name string, n *yamltree.Node) (v [2]int, err error) {
	all, err := p.integers(name, n)
	switch {
	case err != nil:
		return v, err
	case len(all) == 1:
		return [2]int{all[0], all[0]}, nil
	case len(all) != 2:
		return v, wants(n, "two whole numbers, rows and columns: [3, 5]")
	}
	return [2]int{all[0], all[1]}, nil
}

// integers parses a list of whole numbers, or one of them.
func (p *parser) integers(name string, n *yamltree.Node) (all []int, err error) {
	items := n.Items
	if n.Kind == yamltree.Value {
		items = []*yamltree.Node{n}
	}
	if n.Kind == yamltree.Map || len(items) == 0 || len(items) > maxList {
		return nil, wants(n, fmt.Sprintf("a list of 1 to %d whole numbers: [64, 32]", maxList))
	}
	for _, item := range items {
		v, err := p.integer(name, item)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// activationOf parses "relu", or {leakyrelu: 0.2}.
func activationOf(n *yamltree.Node) (nn.Act, error) {
	if n.Kind == yamltree.Map && len(n.Pairs) == 1 {
		if make, ok := sloped[plainName(n.Pairs[0].Key)]; ok {
			v, err := number(n.Pairs[0].Value)
			return make(v), err
		}
	}
	a, ok := acts[plainName(n.Text)]
	if !ok || n.Kind != yamltree.Value {
		return 0, wants(n, "one of "+strings.Join(actNames(), ", "))
	}
	return a, nil
}

func actNames() []string { return slices.Sorted(maps.Keys(acts)) }

func initOf(n *yamltree.Node) (nn.Init, error) {
	i, ok := inits[plainName(n.Text)]
	if !ok || n.Kind != yamltree.Value {
		return nil, wants(n, "one of "+strings.Join(slices.Sorted(maps.Keys(inits)), ", "))
	}
	return i, nil
}

// fault is a fault of the layer.
func (l *layer) fault(fix, format string, a ...any) error {
	return l.node.Fault(fix, "layer %s, %s: %s", l.number, l.name, fmt.Sprintf(format, a...))
}

// in says at which option of the layer err came up.
func (l *layer) in(option string, n *yamltree.Node, err error) error {
	if err == nil {
		return nil
	}
	if option != "" {
		option = ", " + option
	}
	return n.Fault("correct it, or leave it out", "layer %s, %s%s: %v", l.number, l.name, option, err)
}

// make makes the layer.
func (l *layer) make() nn.Layer {
	if kids, ok := l.kids[-1]; ok {
		var all nn.Sequential
		for range l.times {
			all = append(all, sequence(kids)...)
		}
		return &all
	}
	if l.kind == nil {
		return l.act
	}
	v := reflect.ValueOf(l.kind.new())
	for field, value := range l.values {
		v.Elem().Field(field).Set(value)
	}
	for field, kids := range l.kids {
		body := sequence(kids)
		v.Elem().Field(field).Set(reflect.ValueOf(nn.Layer(&body)))
	}
	if ready, ok := v.Interface().(interface{ New() nn.Layer }); ok {
		return ready.New()
	}
	return v.Interface().(nn.Layer)
}

// sequence makes layers that run one after the other.
func sequence(all []*layer) nn.Sequential {
	var s nn.Sequential
	for _, l := range all {
		s = append(s, l.make())
	}
	return s
}
