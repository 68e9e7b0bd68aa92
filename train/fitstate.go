package train

import (
	"encoding"
	"encoding/base64"
	"fmt"

	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// progressState is how far a fit loop has come, beyond its updater's steps.
type progressState struct {
	Epochs  int                   `json:"epochs"` // done, measured and told
	Sum     float64               `json:"sum"`    // of the losses of the epoch under way, by weight
	Count   float64               `json:"count"`  // and of the weights
	Loss    float64               `json:"loss"`   // of the last epoch
	Scores  map[string]run.Number `json:"scores,omitempty"`
	Ended   bool                  `json:"ended"`   // by the last epoch, or
	Stopped bool                  `json:"stopped"` // by an observer
	Log     int64                 `json:"log"`     // bytes of the log of events

	// What the number of a step follows from.
	Examples int    `json:"examples"`
	PerEpoch int    `json:"per_epoch"`
	Batch    int    `json:"batch"`
	Seed     uint64 `json:"seed"`
}

func number(m map[string]float64) map[string]run.Number {
	if m == nil {
		return nil
	}
	out := make(map[string]run.Number, len(m))
	for k, v := range m {
		out[k] = run.Number(v)
	}
	return out
}

func plain(m map[string]run.Number) map[string]float64 {
	if m == nil {
		return nil
	}
	out := make(map[string]float64, len(m))
	for k, v := range m {
		out[k] = float64(v)
	}
	return out
}

// fitKeeper keeps a fit loop's progress.
type fitKeeper struct{ f *fitting }

const fitKey = "fit"

func (k fitKeeper) save(s *state) error {
	f := k.f
	f.at.Examples, f.at.PerEpoch, f.at.Batch, f.at.Seed = f.c.Data.Len(), f.per, f.c.Batch, f.c.Seed
	return s.put(fitKey, f.at)
}

func (k fitKeeper) load(s *state) (func(), error) {
	f := k.f
	var at progressState
	if err := s.get(fitKey, &at); err != nil {
		return nil, err
	}
	if at.Examples != f.c.Data.Len() || at.Batch != f.c.Batch || at.PerEpoch != f.per || at.Seed != f.c.Seed {
		return nil, fmt.Errorf("it was written with %d examples in batches of %d and seed %d, and now there are %d in batches of %d and seed %d: the run cannot go on as it began; use the old settings or another Dir",
			at.Examples, at.Batch, at.Seed, f.c.Data.Len(), f.c.Batch, f.c.Seed)
	}
	return func() { f.at = at }, nil
}

// stopKeeper keeps what EarlyStop knows, the best weights included.
type stopKeeper struct {
	s      *earlyStop
	net    namedValues
	prefix string
}

// namedValues are a network's values.
type namedValues struct {
	names  []string
	values []tensor.Tensor
}

type stopMeta struct {
	Score  string                `json:"score"`
	Best   run.Number            `json:"best"`
	Seen   bool                  `json:"seen"`
	Epoch  int                   `json:"epoch"`
	Waited int                   `json:"waited"`
	Scores map[string]run.Number `json:"scores,omitempty"`
}

func (k stopKeeper) save(s *state) error {
	e := k.s
	for name, w := range e.weights {
		s.tensors[k.prefix+"/"+name] = w
	}
	return s.put(k.prefix, stopMeta{e.score, run.Number(e.best), e.seen, e.epoch, e.waited, number(e.scores)})
}

func (k stopKeeper) load(s *state) (func(), error) {
	var m stopMeta
	if err := s.get(k.prefix, &m); err != nil {
		return nil, err
	}
	if m.Score != k.s.score {
		return nil, fmt.Errorf("its EarlyStop looks at %q, this one at %q: use the same, or another Dir", m.Score, k.s.score)
	}
	weights := map[string]tensor.Tensor{}
	for i, name := range k.net.names {
		if !m.Seen {
			break
		}
		w, err := s.take(k.prefix+"/"+name, k.net.values[i])
		if err != nil {
			return nil, err
		}
		weights[name] = w
	}
	return func() {
		e := k.s
		e.best, e.seen, e.epoch, e.waited, e.scores, e.weights = float64(m.Best), m.Seen, m.Epoch, m.Waited, plain(m.Scores), weights
	}, nil
}

// binaryKeeper keeps the state of somebody else's observer.
type binaryKeeper struct {
	o interface {
		encoding.BinaryMarshaler
		encoding.BinaryUnmarshaler
	}
	key string
}

func (k binaryKeeper) save(s *state) error {
	b, err := k.o.MarshalBinary()
	if err != nil {
		return fmt.Errorf("the state of %T: %w", k.o, err)
	}
	return s.put(k.key, base64.StdEncoding.EncodeToString(b))
}

// load hands the state over at once: it is the last to be asked.
func (k binaryKeeper) load(s *state) (func(), error) {
	var text string
	if err := s.get(k.key, &text); err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		err = k.o.UnmarshalBinary(b)
	}
	if err != nil {
		return nil, fmt.Errorf("the state of %T: %w", k.o, err)
	}
	return func() {}, nil
}

// keepersOf lists the keepers of a fit loop and of its observers. They are
// numbered by kind, so that an observer without state may come or go.
func (f *fitting) keepersOf() (more []keeper, averages []*Average) {
	more = append(more, fitKeeper{f})
	net := namedValues{names: nets.Names(f.net)}
	for i := range net.names {
		net.values = append(net.values, nets.Value(f.net, i))
	}
	for i, s := range f.stops {
		more = append(more, stopKeeper{s, net, fmt.Sprintf("earlystop%d", i)})
	}
	if f.c.Average != nil {
		averages = append(averages, f.c.Average)
	}
	n := 0
	for _, o := range f.c.Observers {
		if a, ok := o.(*Average); ok {
			averages = append(averages, a)
		}
		b, ok := o.(interface {
			encoding.BinaryMarshaler
			encoding.BinaryUnmarshaler
		})
		if ok {
			more = append(more, binaryKeeper{b, fmt.Sprintf("observer%d", n)})
			n++
		}
	}
	return more, averages
}
