package train

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
)

// match is a small adversarial game with all that goes on in one: batch
// normalisation and dropout, an average, several steps of one player, a
// penalty that is differentiated twice.
type match struct {
	*Game
	gen, disc *nn.Net
	avg       *Average
	count     T
}

func newMatch(t testing.TB, dir string, rounds int) *match {
	m := &match{
		gen:  build(t, &nn.Sequential{&nn.Linear{Out: 8}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Seed(1), nn.Name("gen")),
		disc: build(t, &nn.Sequential{&nn.Linear{Out: 8, Act: nn.Tanh}, &nn.Dropout{Rate: .2}, &nn.Linear{Out: 1}}, nn.Input(2), nn.Seed(2), nn.Name("disc")),
		avg:  EMA(0.8), count: tensor.Ints(0),
	}
	d, g := NewUpdater(m.disc, optim.Adam{LR: 0.01}), NewUpdater(m.gen, optim.Adam{LR: 0.02})
	g.Observe(m.avg)
	judge := func(p *nn.Pass) T {
		real := normal(uint64(100+d.Steps()), 6, 2)
		score := func(x T) T { return m.disc.Forward(p, x) }
		fake := m.gen.Forward(p, p.Rand().Normal(0, 1, 6, 3))
		return loss.NonSaturating.Discriminator(score(real), score(fake)).Add(loss.ZeroGradient(p, score, real).Scale(.1))
	}
	fool := func(p *nn.Pass) T {
		return loss.NonSaturating.Generator(m.disc.Forward(p, m.gen.Forward(p, p.Rand().Normal(0, 1, 6, 3))))
	}
	m.Game = &Game{Players: []*Updater{d, g}, Averages: []*Average{m.avg}, Rounds: rounds, Dir: dir, Carry: map[string]*T{"count": &m.count}}
	m.Round = func(int) (float64, error) {
		m.count = m.count.Add(tensor.Ints(1)).Keep()
		for range 2 {
			if _, err := d.Step(judge); err != nil {
				return 0, err
			}
		}
		return g.Step(fool)
	}
	return m
}

// same tells whether two matches stand alike, to the bit.
func (m *match) same(o *match) bool {
	for name, v := range m.avg.Weights() {
		if v.Sub(o.avg.Weights()[name]).Abs().Max().Item() != 0 {
			return false
		}
	}
	return sameWeights(m.gen, o.gen) && sameWeights(m.disc, o.disc) && m.count.Item() == o.count.Item()
}

// A game that is stopped again and again, and goes on with networks made anew,
// ends with the bits of one that was not.
func TestGameGoesOn(t *testing.T) {
	const rounds = 23
	whole := newMatch(t, "", rounds)
	if n, err := whole.Play(t.Context()); n != rounds || err != nil {
		t.Fatal(n, err)
	}
	dir := t.TempDir()
	var last *match
	for i, until := range []int{1, 2, 7, 8, 15, rounds} {
		last = newMatch(t, dir, rounds)
		ctx, stop := context.WithCancel(t.Context())
		last.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
			if e, ok := e.(StepDone); ok && e.Step == until {
				stop()
			}
			return nil
		})}
		n, err := last.Play(ctx)
		stop()
		if until < rounds && (n != until || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "of 23")) || until == rounds && (n != rounds || err != nil) {
			t.Fatalf("sitting %d: %d rounds, %v", i, n, err)
		}
	}
	if !whole.same(last) {
		t.Error("stopped and gone on, it ends elsewhere")
	}
	again := newMatch(t, dir, rounds)
	if n, err := again.Play(t.Context()); n != rounds || err != nil || !again.same(whole) {
		t.Errorf("a game that had ended: %d rounds, %v", n, err)
	}
}

// Checkpoints come when they are due; a game that dies between two of them
// comes to the same bits from the last.
func TestGameDies(t *testing.T) {
	dir := t.TempDir()
	m := newMatch(t, dir, 10)
	m.Every = 3
	var saved []int
	m.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
		switch e := e.(type) {
		case Saved:
			saved = append(saved, e.Step)
		case StepDone:
			if e.Step == 8 {
				return errors.New("the disk burns")
			}
		}
		return nil
	})}
	if n, err := m.Play(t.Context()); n != 7 || err == nil || !strings.Contains(err.Error(), "the disk burns") {
		t.Fatal(n, err)
	}
	if len(saved) != 2 || saved[1] != 6 {
		t.Errorf("saved after rounds %v", saved)
	}
	m, whole := newMatch(t, dir, 10), newMatch(t, "", 10)
	if n, err := m.Play(t.Context()); n != 10 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := whole.Play(t.Context()); err != nil || !m.same(whole) {
		t.Error("gone on after round 6, it ends elsewhere", err)
	}
}

// An observer ends a game in good order.
func TestGameStops(t *testing.T) {
	m := newMatch(t, t.TempDir(), 10)
	m.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
		if e, ok := e.(StepDone); ok && e.Step == 4 {
			return Stop
		}
		return nil
	})}
	if n, err := m.Play(t.Context()); n != 4 || err != nil {
		t.Error(n, err)
	}
	if files, _ := filepath.Glob(filepath.Join(m.Dir, "*")); len(files) != 1 {
		t.Errorf("left %q", files)
	}
}

func TestGamesThatCannotBePlayed(t *testing.T) {
	_, err := (&Game{Players: []*Updater{nil}, Rounds: -1, Every: -1}).Play(t.Context())
	wantErr(t, err, "Players[0] is nil", "Round is nil", "Rounds is -1", "Every is -1")
	_, err = (&Game{}).Play(nil)
	wantErr(t, err, "no Players", "ctx is nil")
	m := newMatch(t, "", 3)
	m.Round = func(int) (float64, error) { return 0, nil }
	_, err = m.Play(t.Context())
	wantErr(t, err, "round 1", "took no step")
	m.Round = func(int) (float64, error) { return 0, errors.New("nobody plays") }
	_, err = m.Play(t.Context())
	wantErr(t, err, "round 1", "nobody plays")
	m.Round = func(int) (float64, error) { panic(tensor.Try(func() { tensor.Zeros(2).Add(tensor.Zeros(3)) })) }
	if _, err = m.Play(t.Context()); err == nil {
		t.Error("a mistake in a round is lost")
	}
}

// The folder of another loop is no game's.
func TestGameInTheWrongFolder(t *testing.T) {
	dir := t.TempDir()
	m := newMatch(t, dir, 2)
	u := m.Players[0]
	x := normal(1, 4, 2)
	if _, err := u.Step(func(p *nn.Pass) T { return m.disc.Forward(p, x).Mean() }); err != nil {
		t.Fatal(err)
	}
	ck := Checkpoint{Dir: dir, Updaters: m.Players, Averages: m.Averages}
	if err := ck.Save(); err != nil {
		t.Fatal(err)
	}
	_, err := m.Play(t.Context())
	wantErr(t, err, "no game's", dir)
}

// After each step no weight is beyond ClipWeights, in either width.
func TestClipWeights(t *testing.T) {
	for _, o := range [][]nn.Option{{nn.Input(3)}, {nn.Input(3), nn.Float64}} {
		net := build(t, &nn.Sequential{&nn.Linear{Out: 8, Act: nn.Tanh}, &nn.Linear{Out: 1}}, o...)
		u := NewUpdater(net, optim.SGD{LR: 1})
		u.ClipWeights = 0.05
		if err := u.Freeze("0.bias"); err != nil {
			t.Fatal(err)
		}
		x := normal(1, 16, 3).To(net.Params()[0].Value().DType())
		if _, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, x).Mean() }); err != nil {
			t.Fatal(err)
		}
		for path, v := range net.Weights() {
			if most := v.Abs().Max().Item(); most > 0.0500001 || path == "1.weight" && most < 0.04 {
				t.Errorf("%s: %g", path, most)
			}
		}
		u.ClipWeights = -1
		_, err := u.Step(func(p *nn.Pass) T { return net.Forward(p, x).Mean() })
		wantErr(t, err, "ClipWeights -1")
	}
}
