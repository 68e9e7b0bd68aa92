package nn

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unsafe"

	"github.com/limpid-ml/limpid/tensor"
)

// place is where a layer stands in a network.
type place struct {
	path   string // "head.fc2", "." for the model
	label  string // "head.fc2 (nn.Linear)"
	typ    string // "nn.Linear"
	index  int    // in the order of the walk
	stream uint64
	key    key
	kids   []*place // of a Sequential, one per element
	owns   bool     // holds parameters or statistics itself
	inner  bool     // holds other layers
	layer  bool

	// The parameters and statistics here and below, by number.
	params, states [2]int
}

// frozen tells whether all that learns here and below is frozen.
func (pl *place) frozen(frozen []bool, params int) bool {
	span := frozen[pl.params[0]:pl.params[1]]
	if len(span) == 0 {
		span = frozen[params+pl.states[0] : params+pl.states[1]]
	}
	for _, f := range span {
		if !f {
			return false
		}
	}
	return len(span) > 0
}

// walker names what a model holds.
type walker struct {
	params []*Param
	states []*State
	places []*place
	at     map[key]*place
	seen   map[*variable]bool
	within map[key]bool      // pointers on the way from the model
	plain  map[key]bool      // layers that stand somewhere without Share
	paths  map[*Param]string // names are given only if Build succeeds
	named  map[*State]string
	errs   []string
}

var (
	paramType  = reflect.TypeFor[Param]()
	stateType  = reflect.TypeFor[State]()
	layerType  = reflect.TypeFor[Layer]()
	seqType    = reflect.TypeFor[Sequential]()
	partedType = reflect.TypeFor[parted]()
	sharedType = reflect.TypeFor[shared]()
)

func walk(model any) *walker {
	w := &walker{at: map[key]*place{}, seen: map[*variable]bool{}, within: map[key]bool{}, plain: map[key]bool{},
		paths: map[*Param]string{}, named: map[*State]string{}}
	w.value(reflect.ValueOf(model), "")
	return w
}

// value walks whatever stands at path and returns its place, if it has one.
func (w *walker) value(v reflect.Value, path string) *place {
	switch v.Kind() {
	case reflect.Pointer:
		return w.pointer(v, path)
	case reflect.Interface:
		if e := v.Elem(); !v.IsNil() && none(e) && e.Type().Implements(layerType) {
			w.errs = append(w.errs, fmt.Sprintf("%s is a nil %v: put a layer there, or leave it out", dotted(path), e.Type()))
			return nil
		}
		if !v.IsNil() && (v.Elem().Type().Implements(layerType) || v.Elem().Kind() == reflect.Pointer && v.Type() != layerType && holds(v.Elem().Type(), nil)) {
			return w.value(v.Elem(), path)
		}
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map, reflect.Func:
		return w.thing(v, path)
	default:
		if v.IsValid() && !v.CanAddr() && v.Type().Implements(layerType) { // an activation
			return w.add(v, path)
		}
	}
	return nil
}

// none tells whether v is nil.
func none(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Interface:
		return v.IsNil()
	}
	return false
}

func (w *walker) pointer(v reflect.Value, path string) *place {
	if v.IsNil() || !holds(v.Type(), nil) {
		return nil
	}
	k := key{typeWord(v.Type()), v.UnsafePointer()}
	if w.within[k] {
		return nil // back to one that holds it: a link to the parent
	}
	w.within[k] = true
	defer delete(w.within, k)
	return w.thing(v.Elem(), path)
}

// thing walks a value that is not a pointer: if it can be addressed, what it
// holds is reached by pointers to its parts.
func (w *walker) thing(v reflect.Value, path string) *place {
	t := v.Type()
	switch {
	case skipped(t):
		return nil
	case !v.CanAddr() && holdsByValue(t):
		w.errs = append(w.errs, fmt.Sprintf("%s is a %v held by value, a copy each time it is read: use a pointer to it", dotted(path), t))
		return nil
	case t == paramType:
		w.param((*Param)(v.Addr().UnsafePointer()), path)
		return nil
	case t == stateType:
		w.state((*State)(v.Addr().UnsafePointer()), path)
		return nil
	case t == sharedType:
		return w.shared((*shared)(v.Addr().UnsafePointer()), path)
	}
	return w.container(v, path)
}

func (w *walker) container(v reflect.Value, path string) *place {
	t := v.Type()
	isLayer := t.Implements(layerType) || reflect.PointerTo(t).Implements(layerType)
	var pl *place
	if isLayer || t.Kind() == reflect.Struct {
		if known := w.again(v, path); known != nil {
			return known
		}
		pl = w.add(v, path)
		pl.layer = isLayer
	}
	before := len(w.places)
	if v.CanAddr() && reflect.PointerTo(t).Implements(partedType) {
		w.parts(v.Addr().Interface().(parted), path, pl)
		w.close(pl, before)
		return pl
	}
	switch t.Kind() {
	case reflect.Struct:
		w.fields(v, path, pl)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			at := join(path, strconv.Itoa(i))
			kid := w.value(v.Index(i), at)
			if t == seqType {
				pl.kids = append(pl.kids, kid)
				if v.Index(i).IsNil() {
					w.errs = append(w.errs, at+" is nil: put a layer there, or leave it out")
				}
			}
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			w.value(v.MapIndex(k), join(path, fmt.Sprint(k)))
		}
	}
	if pl != nil {
		w.close(pl, before)
	}
	return pl
}

// close notes what came below pl, and takes pl back if it is no layer and
// holds none.
func (w *walker) close(pl *place, before int) {
	pl.params[1], pl.states[1] = len(w.params), len(w.states)
	pl.inner = len(w.places) > before
	if !pl.layer && !pl.owns && !pl.inner {
		w.places = slices.DeleteFunc(w.places, func(q *place) bool { return q == pl })
		delete(w.at, pl.key)
	}
}

// again deals with a layer that the walk met before.
func (w *walker) again(v reflect.Value, path string) *place {
	if !v.CanAddr() || v.Type().Size() == 0 {
		return nil
	}
	k := key{typeWord(reflect.PointerTo(v.Type())), v.Addr().UnsafePointer()}
	old := w.at[k]
	if old == nil {
		w.plain[k] = true
		return nil
	}
	if old.params[0] == old.params[1] && old.states[0] == old.states[1] {
		return nil // nothing to share
	}
	if w.plain[k] {
		w.errs = append(w.errs, fmt.Sprintf("the same %v is at %s and at %s: if they are to learn as one, wrap the second in nn.Share; else make two", v.Type(), old.path, dotted(path)))
	}
	w.plain[k] = true
	return old
}

// add makes the place of the layer v.
func (w *walker) add(v reflect.Value, path string) *place {
	pl := &place{path: dotted(path), typ: v.Type().String(), index: len(w.places), stream: hash(path), layer: true}
	pl.label = pl.path + " (" + pl.typ + ")"
	pl.params, pl.states = [2]int{len(w.params), len(w.params)}, [2]int{len(w.states), len(w.states)}
	if v.CanAddr() && v.Type().Size() > 0 {
		pl.key = key{typeWord(reflect.PointerTo(v.Type())), v.Addr().UnsafePointer()}
		if w.at[pl.key] == nil {
			w.at[pl.key] = pl
		}
	}
	w.places = append(w.places, pl)
	return pl
}

func (w *walker) fields(v reflect.Value, path string, pl *place) {
	t := v.Type()
	for i := range t.NumField() {
		name, tagged := t.Field(i).Tag.Lookup("nn")
		if name == "-" {
			continue
		}
		if !tagged {
			name = snake(t.Field(i).Name)
		}
		f := v.Field(i)
		if f.CanAddr() {
			f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem() // unexported ones too
		}
		pl.owns = pl.owns || f.Type() == paramType || f.Type() == stateType
		w.value(f, join(path, name))
	}
}

// parted is a layer that names its parameters itself, for their number follows
// from its options.
type parted interface {
	parts(yield func(name string, w *Param))
}

func (w *walker) parts(l parted, path string, pl *place) {
	pl.owns = true
	l.parts(func(name string, p *Param) { w.param(p, join(path, name)) })
}

func (w *walker) param(p *Param, path string) {
	if !w.seen[&p.variable] {
		w.seen[&p.variable] = true
		w.params = append(w.params, p)
		w.paths[p] = path
	}
}

func (w *walker) state(s *State, path string) {
	if !w.seen[&s.variable] {
		w.seen[&s.variable] = true
		w.states = append(w.states, s)
		w.named[s] = path
	}
}

// shared walks a layer that may stand in several places.
func (w *walker) shared(s *shared, path string) *place {
	v := reflect.ValueOf(s.layer)
	k := keyOf(any(s.layer))
	if v.Kind() == reflect.Pointer && w.at[k] == nil {
		inner := w.value(v, path)
		w.plain[k] = false
		return inner
	}
	return w.at[k]
}

// snake turns EmbedIn into embed_in, BN1 into bn1, HTTPServer into http_server.
func snake(name string) string {
	var b strings.Builder
	r := []rune(name)
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) && r[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

func dotted(path string) string {
	if path == "" {
		return "."
	}
	return path
}

func sortedKeys(v reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int {
		if a.CanInt() {
			return cmp.Compare(a.Int(), b.Int())
		}
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
}

// typeWord is the type's part of the key of a value of that type.
func typeWord(t reflect.Type) unsafe.Pointer {
	return keyOf(reflect.Zero(t).Interface()).typ
}

// foreign lists packages whose types hold no layers.
var foreign = []string{"sync", "sync/atomic", "time", "os", "net", "net/http", "context", "io", "log", "log/slog", "math/rand", "math/rand/v2", "reflect"}

func skipped(t reflect.Type) bool {
	return t == reflect.TypeFor[Net]() || t == reflect.TypeFor[Pass]() ||
		t.PkgPath() == reflect.TypeFor[tensor.Tensor]().PkgPath() || slices.Contains(foreign, t.PkgPath())
}

// holds tells whether a value of type t may lead to a parameter or a layer.
func holds(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == paramType || t == stateType || t.Implements(layerType) || reflect.PointerTo(t).Implements(layerType) {
		return true
	}
	if seen[t] || skipped(t) {
		return false
	}
	if seen == nil {
		seen = map[reflect.Type]bool{}
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return holds(t.Elem(), seen)
	case reflect.Interface:
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("nn") != "-" && holds(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// holdsByValue tells whether copying a t copies a parameter.
func holdsByValue(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return holdsByValue(t.Elem())
	case reflect.Struct:
		if t == paramType || t == stateType {
			return true
		}
		for i := range t.NumField() {
			if holdsByValue(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}
