package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/tensor"
)

// state is what a checkpoint file holds: tensors, and text under keys.
type state struct {
	tensors map[string]tensor.Tensor
	meta    map[string]string
	used    map[string]bool // what was taken out
}

func newState() *state {
	return &state{map[string]tensor.Tensor{}, map[string]string{}, map[string]bool{}}
}

// errFormat says that another limpid wrote a file.
var errFormat = errors.New("use the limpid that wrote it")

// readState reads a file whose digest is right; the error says why it is
// damaged, or is errFormat.
func readState(file string) (*state, error) {
	s := newState()
	var err error
	if s.tensors, s.meta, err = safetensors.ReadFile(file); err != nil {
		return nil, err
	}
	if want, ok := s.meta[digestKey]; ok {
		got, err := s.digest()
		if err != nil {
			return nil, err
		}
		if got != want {
			return nil, fmt.Errorf("its SHA-256 is %.12s…, want %.12s…", got, want)
		}
	}
	format := 0
	if err := s.get(formatKey, &format); err != nil {
		return nil, err
	}
	if format != formatNow {
		return nil, fmt.Errorf("it has format %d, this limpid reads %d: %w", format, formatNow, errFormat)
	}
	if _, ok := s.meta[digestKey]; !ok {
		return nil, errors.New("it has no SHA-256")
	}
	delete(s.meta, digestKey)
	return s, nil
}

// digest is the SHA-256 of a file that holds all but the digest itself.
func (s *state) digest() (string, error) {
	meta := maps.Clone(s.meta)
	delete(meta, digestKey)
	h := sha256.New()
	if err := safetensors.Write(h, s.tensors, meta); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// keeper is what puts its state into checkpoints. load checks everything and
// changes nothing; what it returns does, and cannot fail.
type keeper interface {
	save(s *state) error
	load(s *state) (apply func(), err error)
}

// put keeps v as JSON.
func (s *state) put(key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	s.meta[key] = string(text)
	return nil
}

// get reads what put has kept.
func (s *state) get(key string, v any) error {
	text, ok := s.meta[key]
	if !ok {
		return fmt.Errorf("it has no %q: another program wrote it", key)
	}
	s.used[key] = true
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("its %q is damaged: %w", key, err)
	}
	return nil
}

// take returns the tensor under a name, which must look like like.
func (s *state) take(name string, like tensor.Tensor) (tensor.Tensor, error) {
	t, ok := s.tensors[name]
	if !ok {
		return t, fmt.Errorf("it has no %s: another network or program wrote it", name)
	}
	s.used[name] = true
	if t.DType() != like.DType() || !slices.Equal(t.Shape(), like.Shape()) {
		return t, fmt.Errorf("%s is %v %v in it and %v %v here: another network wrote it", name, t.DType(), t.Shape(), like.DType(), like.Shape())
	}
	return t, nil
}

// unused names what nobody took out, "" for nothing.
func (s *state) unused() string {
	var left []string
	for _, name := range slices.Concat(slices.Collect(maps.Keys(s.tensors)), slices.Collect(maps.Keys(s.meta))) {
		if !s.used[name] {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	if len(left) == 0 {
		return ""
	}
	return some(left)
}

// loadAll has keepers take their parts out; then all or none of them apply.
func (s *state) loadAll(keepers []keeper) error {
	var todo []func()
	for _, k := range keepers {
		apply, err := k.load(s)
		if err != nil {
			return err
		}
		todo = append(todo, apply)
	}
	if left := s.unused(); left != "" {
		return fmt.Errorf("it also holds %s: another program wrote it", left)
	}
	for _, apply := range todo {
		apply()
	}
	return nil
}

// updaterState keeps an updater: weights and running statistics, the
// optimiser's state, what is frozen, and seed and number of the step, which are
// all that randomness follows from.
type updaterState struct {
	u      *Updater
	prefix string // "updater0"
}

// updaterMeta is the part of it that is text.
type updaterMeta struct {
	Net   string `json:"net,omitempty"`
	Rule  string `json:"rule"`
	Steps int    `json:"steps"`
	Seed  uint64 `json:"seed"` // of the noise: the network's may be another when it is built again
}

func (k updaterState) save(s *state) error {
	u := k.u
	if u.fault != nil {
		return u.fault
	}
	names := nets.Names(u.Net)
	for i, name := range names {
		s.tensors[k.prefix+"/value/"+name] = nets.Value(u.Net, i)
	}
	steps := make([]int, len(u.params))
	factors := make([]float64, len(u.params))
	for i, p := range u.params {
		steps[i], factors[i] = p.steps, p.factor
		for j, slot := range p.slots {
			s.tensors[k.slot(j, p)] = slot
		}
	}
	frozen := make([]bool, len(names))
	copy(frozen, u.frozen)
	if len(u.params) > 0 {
		s.tensors[k.prefix+"/steps"] = tensor.Ints(steps...)
		s.tensors[k.prefix+"/factors"] = tensor.Of(factors, len(factors))
		s.tensors[k.prefix+"/frozen"] = tensor.Of(frozen, len(frozen))
	}
	return s.put(k.prefix, updaterMeta{nets.Name(u.Net), fmt.Sprintf("%T", u.rule), u.steps, u.seed})
}

func (k updaterState) slot(j int, p *param) string {
	return fmt.Sprintf("%s/slot%d/%s", k.prefix, j, p.name)
}

func (k updaterState) load(s *state) (func(), error) {
	u := k.u
	if u.fault != nil {
		return nil, u.fault
	}
	var m updaterMeta
	if err := s.get(k.prefix, &m); err != nil {
		return nil, err
	}
	if rule := fmt.Sprintf("%T", u.rule); m.Rule != rule {
		return nil, fmt.Errorf("it was written with %s, this updater has %s: use the same optimiser, or another folder", m.Rule, rule)
	}
	if name := nets.Name(u.Net); m.Net != name {
		return nil, fmt.Errorf("%s is of the network %q in it and %q here: give the updaters in the same order", k.prefix, m.Net, name)
	}
	values, err := k.values(s)
	if err != nil {
		return nil, err
	}
	rest, err := k.params(s)
	if err != nil {
		return nil, err
	}
	return func() {
		for i, v := range values {
			assign(nets.Value(u.Net, i), v)
		}
		rest()
		u.steps, u.seed = m.Steps, m.Seed
	}, nil
}

func (k updaterState) values(s *state) ([]tensor.Tensor, error) {
	var all []tensor.Tensor
	for i, name := range nets.Names(k.u.Net) {
		v, err := s.take(k.prefix+"/value/"+name, nets.Value(k.u.Net, i))
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// params reads the optimiser's state and the settings of each parameter.
func (k updaterState) params(s *state) (func(), error) {
	u := k.u
	n := len(u.params)
	if n == 0 {
		return func() {}, nil
	}
	steps, err1 := s.take(k.prefix+"/steps", tensor.Ints(make([]int, n)...))
	factors, err2 := s.take(k.prefix+"/factors", tensor.Of(make([]float64, n), n))
	total := len(nets.Names(u.Net))
	frozen, err3 := s.take(k.prefix+"/frozen", tensor.Of(make([]bool, total), total))
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return nil, err
		}
	}
	slots := make([][]tensor.Tensor, n)
	for i, p := range u.params {
		for j := range u.ruleOf(p).Slots() {
			if _, ok := s.tensors[k.slot(j, p)]; !ok && j == 0 {
				break // it had not learned yet
			}
			t, err := s.take(k.slot(j, p), p.value)
			if err != nil {
				return nil, err
			}
			slots[i] = append(slots[i], t)
		}
	}
	return func() {
		for i, p := range u.params {
			p.steps, p.factor, p.slots = int(steps.At(i)), factors.At(i), slots[i]
		}
		u.frozen = tensor.Data[bool](frozen)
		if !slices.Contains(u.frozen, true) {
			u.frozen = nil
		}
		u.planned = false
	}, nil
}

// averageState keeps a moving average of an updater's weights.
type averageState struct {
	a      *Average
	prefix string
}

func (k averageState) save(s *state) error {
	if k.a.steps > 0 {
		for i, name := range nets.Names(k.a.u.Net) {
			s.tensors[k.prefix+"/"+name] = k.a.values[i]
		}
	}
	return s.put(k.prefix, k.a.steps)
}

func (k averageState) load(s *state) (func(), error) {
	steps := 0
	if err := s.get(k.prefix, &steps); err != nil {
		return nil, err
	}
	if steps == 0 {
		return func() { k.a.steps = 0 }, nil
	}
	if k.a.u == nil {
		return nil, fmt.Errorf("%s: the average observes no updater yet: Observe it before Restore", k.prefix)
	}
	var values []tensor.Tensor
	for i, name := range nets.Names(k.a.u.Net) {
		v, err := s.take(k.prefix+"/"+name, nets.Value(k.a.u.Net, i))
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return func() { k.a.steps, k.a.values = steps, values }, nil
}

// carryState keeps what else a loop carries on.
type carryState map[string]*tensor.Tensor

const carryPrefix = "carry/"

func (c carryState) save(s *state) error {
	for name, t := range c {
		if t == nil {
			return fmt.Errorf("Carry[%q] is nil: want a pointer to a variable", name)
		}
		if *t != (tensor.Tensor{}) {
			s.tensors[carryPrefix+name] = *t
		}
	}
	return nil
}

func (c carryState) load(s *state) (func(), error) {
	found := map[string]tensor.Tensor{}
	for name, t := range s.tensors {
		if name, ok := strings.CutPrefix(name, carryPrefix); ok && c[name] != nil {
			s.used[carryPrefix+name] = true
			found[name] = t
		}
	}
	return func() {
		for name, t := range c {
			*t = found[name]
		}
	}, nil
}
