package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// duel is a loop of one's own: two networks, two rules, an average, and a
// state that is carried on.
type duel struct {
	gen, disc *nn.Net
	g, d      *Updater
	avg       *Average
	memory    T
	ck        Checkpoint
}

func newDuel(t testing.TB, dir string) *duel {
	s := &duel{
		gen:  build(t, &nn.Sequential{&nn.Linear{Out: 8}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Linear{Out: 2}}, nn.Input(3), nn.Seed(1), nn.Name("gen")),
		disc: build(t, &nn.Sequential{&nn.Linear{Out: 8, Act: nn.Tanh}, &nn.Dropout{Rate: .2}, &nn.Linear{Out: 1}}, nn.Input(2), nn.Seed(2), nn.Name("disc")),
		avg:  EMA(0.8),
	}
	s.g, s.d = NewUpdater(s.gen, optim.Adam{LR: 0.01}), NewUpdater(s.disc, optim.SGD{LR: 0.05, Momentum: 0.9})
	s.g.Observe(s.avg)
	if err := errors.Join(s.d.Rate("0.*", 0.5), s.g.Rule("2.*", optim.RMSprop{LR: 0.01})); err != nil {
		t.Fatal(err)
	}
	s.ck = Checkpoint{Dir: dir, Updaters: []*Updater{s.d, s.g}, Averages: []*Average{s.avg}, Carry: map[string]*T{"memory": &s.memory}}
	return s
}

// play takes steps until step to, and saves after each third.
func (s *duel) play(t testing.TB, to int) {
	t.Helper()
	for s.d.Steps() < to {
		real := normal(uint64(100+s.d.Steps()), 6, 2)
		if s.d.Steps() == 4 { // thawed layers and frozen ones come back too
			if err := s.d.Freeze("0.bias"); err != nil {
				t.Fatal(err)
			}
		}
		must(s.d.Step(func(p *nn.Pass) T {
			fake := s.gen.Forward(p, p.Rand().Normal(0, 1, 6, 3))
			v := s.disc.Forward(p, real).Sub(s.disc.Forward(p, fake))
			if s.memory.Valid() {
				v = v.Add(s.memory)
			}
			s.memory = v.Detach().Scale(0.1).Keep()
			return v.Square().Mean()
		}))
		must(s.g.Step(func(p *nn.Pass) T { return s.disc.Forward(p, s.gen.Forward(p, p.Rand().Normal(0, 1, 6, 3))).Mean() }))
		if s.d.Steps()%3 == 0 {
			if err := s.ck.Save(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (s *duel) bits() string {
	text := snapshot(s.d) + snapshot(s.g) + fmt.Sprint(elements(s.memory))
	for _, name := range nets.Names(s.gen) {
		text += fmt.Sprint(elements(s.avg.Weights()[name]))
	}
	return text
}

func TestALoopOfOnesOwnResumes(t *testing.T) {
	want := newDuel(t, t.TempDir())
	want.play(t, 12)
	for _, stop := range []int{1, 3, 5, 6, 11} {
		dir := filepath.Join(t.TempDir(), "a", "checkpoints")
		first := newDuel(t, dir)
		first.play(t, stop)
		second := newDuel(t, dir)
		found, err := second.ck.Restore()
		if err != nil || found != (stop >= 3) || second.d.Steps() != stop/3*3 {
			t.Fatalf("stopped at %d: found %v at step %d, %v", stop, found, second.d.Steps(), err)
		}
		second.play(t, 12)
		if second.bits() != want.bits() {
			t.Errorf("stopped at %d: other bits", stop)
		}
		if steps, err := second.ck.files(); err != nil || !slices.Equal(steps, []int{12, 9}) {
			t.Errorf("the newest two stay, and there are %v, %v", steps, err)
		}
	}
}

func TestCheckpointsThatDoNotFit(t *testing.T) {
	dir := t.TempDir()
	s := newDuel(t, dir)
	s.play(t, 3)
	for name, c := range map[string]struct {
		change func(s *duel)
		want   string
	}{
		"another rule":   {func(s *duel) { s.d = NewUpdater(s.disc, optim.Adam{LR: 1}); s.ck.Updaters[0] = s.d }, "optim.SGD"},
		"other slots":    {func(s *duel) { s.d = NewUpdater(s.disc, optim.SGD{LR: 1}); s.ck.Updaters[0] = s.d }, "updater0/slot0"},
		"another order":  {func(s *duel) { s.ck.Updaters = []*Updater{s.g, s.d} }, "optim.SGD"},
		"fewer updaters": {func(s *duel) { s.ck.Updaters = s.ck.Updaters[:1] }, "also holds"},
		"no average":     {func(s *duel) { s.ck.Averages = nil }, "average0"},
		"no carry":       {func(s *duel) { s.ck.Carry = nil }, "carry/memory"},
		"two averages":   {func(s *duel) { s.ck.Averages = append(s.ck.Averages, s.avg) }, "average1"},
		"no updaters":    {func(s *duel) { s.ck.Updaters = nil }, "no Updaters"},
		"no folder":      {func(s *duel) { s.ck.Dir = "" }, "Dir is empty"},
		"another network": {func(s *duel) {
			s.ck.Updaters[0] = NewUpdater(build(t, &nn.Sequential{&nn.Linear{Out: 9}, &nn.Linear{Out: 1}}, nn.Input(2), nn.Name("disc")), optim.SGD{LR: 1, Momentum: .9})
		}, "updater0/value/0.weight is float32 [8 2] in it and float32 [9 2] here"},
		"another name": {func(s *duel) {
			s.ck.Updaters[0] = NewUpdater(build(t, &nn.Linear{Out: 9}, nn.Input(2)), optim.SGD{LR: 1, Momentum: .9})
		}, `the network "disc"`},
	} {
		other := newDuel(t, dir)
		before := snapshot(other.g)
		c.change(other)
		found, err := other.ck.Restore()
		wantErr(t, err, c.want)
		if found || snapshot(other.g) != before {
			t.Errorf("%s: something was restored", name)
		}
	}
	// A loop that begins anew in the folder of another must not mix with it.
	other := newDuel(t, dir)
	must(other.d.Step(func(p *nn.Pass) T { return other.disc.Forward(p, normal(1, 2, 2)).Mean() }))
	wantErr(t, other.ck.Save(), "Restore first")
	s.ck.Carry["bad"] = nil
	wantErr(t, s.ck.Save(), `Carry["bad"]`)
}

// TestDamagedCheckpoints goes on from the older one, wherever the newer one is
// damaged, and comes to the same bits.
func TestDamagedCheckpoints(t *testing.T) {
	dir := t.TempDir()
	s := newDuel(t, dir)
	s.play(t, 6)
	want := s.bits()
	file, older := s.ck.file(6), s.ck.file(3)
	whole, first := must(os.ReadFile(file)), must(os.ReadFile(older))
	write := func(file string, text []byte) {
		if err := os.WriteFile(file, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	flipped := func(at int) []byte {
		b := slices.Clone(whole)
		b[at] ^= 4
		return b
	}
	head := 8 + int(whole[0]) + int(whole[1])<<8
	for _, text := range [][]byte{nil, whole[:5], whole[:100], whole[:len(whole)-1], flipped(0), flipped(60), flipped(head / 2), flipped(head + 1), flipped(len(whole) / 2), flipped(len(whole) - 1)} {
		write(file, text)
		other := newDuel(t, dir)
		found, err := other.ck.Restore()
		if !found || err != nil || other.d.Steps() != 3 || len(other.ck.Warnings) != 1 {
			t.Fatalf("%d bytes: %v, %v, at step %d, %q", len(text), found, err, other.d.Steps(), other.ck.Warnings)
		}
		wantErr(t, errors.New(other.ck.Warnings[0]), "step-000000006.safetensors is damaged", "step 3", ".damaged")
		if aside := must(os.ReadFile(file + ".damaged")); !bytes.Equal(aside, text) {
			t.Error("the damaged file is not aside")
		}
		other.play(t, 6)
		if other.bits() != want {
			t.Error("other bits than without the damage")
		}
		write(older, first)
	}
	write(file, whole[:50])
	write(older, first[:50])
	other := newDuel(t, dir)
	_, err := other.ck.Restore()
	wantErr(t, err, "step-000000006.safetensors is damaged", "no other that is sound", "fix: remove", dir)
	if other.d.Steps() != 0 || !bytes.Equal(must(os.ReadFile(file)), whole[:50]) {
		t.Error("something was changed")
	}
}

func TestEqualCheckpointsAreEqualFiles(t *testing.T) {
	var texts []string
	for range 2 {
		s := newDuel(t, t.TempDir())
		s.play(t, 3)
		text := string(must(os.ReadFile(s.ck.file(3))))
		if strings.Contains(text, s.ck.Dir) {
			t.Error("the folder's name is in the file")
		}
		texts = append(texts, text)
	}
	if texts[0] != texts[1] {
		t.Error("the files differ")
	}
}

// failing has the n-th checkpoint fail in a way.
type failing struct {
	n, seen int
	way     string
}

var errDisk = errors.New("no space left on device")

func (f *failing) replace(file string, write func(io.Writer) error) error {
	if f.seen++; f.seen != f.n {
		return run.Replace(file, write)
	}
	switch f.way {
	case "before":
		return errDisk
	case "torn": // as a process that was killed leaves it
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), ".tmp-"+filepath.Base(file)+"-1-0"), []byte("half"), 0o666); err != nil {
			return err
		}
		return errDisk
	case "within":
		return run.Replace(file, func(w io.Writer) error { return write(&short{w, 1000}) })
	}
	return errors.Join(run.Replace(file, write), errDisk) // it is there, and nobody knows
}

// short takes only so many bytes.
type short struct {
	w    io.Writer
	left int
}

func (s *short) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		return 0, errDisk
	}
	return s.w.Write(p)
}

func TestEveryWriteMayFail(t *testing.T) {
	defer func() { replace = run.Replace }()
	want, err := hardFit(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"before", "torn", "within", "after"} {
		for n := 1; ; n += 7 {
			dir := t.TempDir()
			f := &failing{n: n, way: way}
			replace = f.replace
			_, err := hardFit(dir, 0)
			if f.seen < n {
				break // there are no more
			}
			wantErr(t, err, "no space left", "checkpoint")
			replace = run.Replace
			got, err := hardFit(dir, 0)
			if err != nil || got != want {
				t.Errorf("write %d fails %s: %v\n%s\nwant\n%s", n, way, err, got, want)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "checkpoints", ".tmp-*")); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		}
	}
}

func TestFitAndItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	c := basic()
	c.Dir = dir
	if _, err := Fit(context.Background(), classifier(t, 1), c); err != nil {
		t.Fatal(err)
	}
	t.Run("other settings", func(t *testing.T) {
		for _, change := range []func(*Config){
			func(c *Config) { c.Batch = 17 }, func(c *Config) { c.Seed = 9 }, func(c *Config) { c.Data = spirals(1, 201) },
		} {
			other := c
			change(&other)
			_, err := Fit(context.Background(), classifier(t, 1), other)
			wantErr(t, err, "step-000000039.safetensors", "200 examples in batches of 16 and seed 5")
		}
		if r := must(run.Read(dir)); r.State != run.Finished {
			t.Errorf("the record says %s", r.State)
		}
	})
	t.Run("more epochs", func(t *testing.T) {
		long := c
		long.Epochs = 5
		net, whole := classifier(t, 1), classifier(t, 1)
		res, err := Fit(context.Background(), net, long)
		if err != nil || res.Steps != 65 {
			t.Errorf("%+v %v", res, err)
		}
		long.Dir = ""
		must(Fit(context.Background(), whole, long))
		if !sameWeights(net, whole) {
			t.Error("other bits than in one go")
		}
	})
	t.Run("in use", func(t *testing.T) {
		r, err := run.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Fit(context.Background(), classifier(t, 1), c); err != nil { // by ourselves
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a log that was cut", func(t *testing.T) {
		if err := os.Truncate(filepath.Join(dir, run.EventsFile), 10); err != nil {
			t.Fatal(err)
		}
		net := classifier(t, 1)
		res, err := Fit(context.Background(), net, c)
		if err != nil || len(res.Warnings) != 1 {
			t.Fatal(res, err)
		}
		wantErr(t, errors.New(res.Warnings[0]), "events.jsonl is damaged or too short", "the weights are not touched")
	})
	t.Run("a file in the way", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		other := c
		other.Dir = file
		_, err := Fit(context.Background(), classifier(t, 1), other)
		wantErr(t, err, file)
	})
}

func TestCancelledAndResumed(t *testing.T) {
	want := classifier(t, 1)
	c := basic()
	c.Every, c.Dir = 4, t.TempDir()
	must(Fit(context.Background(), want, c))
	log := logged(filepath.Join(c.Dir, run.EventsFile))
	for _, at := range []int{0, 1, 4, 12, 13, 26, 38} {
		c.Dir = filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(context.Background())
		c.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
			if s, ok := e.(StepDone); ok && s.Step == at {
				cancel()
			}
			return nil
		})}
		if at == 0 {
			cancel()
		}
		res, err := Fit(ctx, classifier(t, 1), c)
		if !errors.Is(err, context.Canceled) || res.Steps != at {
			t.Errorf("at %d: %+v %v", at, res, err)
		}
		if r := must(run.Read(c.Dir)); r.State != run.Stopped {
			t.Errorf("at %d: the record says %s", at, r.State)
		}
		c.Observers = nil
		net := classifier(t, 7)
		res, err = Fit(context.Background(), net, c)
		if err != nil || res.Epochs != 3 || !sameWeights(net, want) {
			t.Errorf("at %d: %+v, %v, or other bits", at, res, err)
		}
		if logged(filepath.Join(c.Dir, run.EventsFile)) != log {
			t.Errorf("at %d: another log", at)
		}
		cancel()
	}
}

// tripwire is a dataset that cancels when it is read for the n-th time.
type tripwire struct {
	data.Dataset
	n      *atomic.Int64
	cancel func()
}

func (w tripwire) At(i int) (data.Example, error) {
	if w.n.Add(-1) == 0 {
		w.cancel()
	}
	return w.Dataset.At(i)
}

func TestCancelledWhileItMeasures(t *testing.T) {
	want, c := classifier(t, 1), basic()
	c.Dir = t.TempDir()
	must(Fit(context.Background(), want, c))
	log := logged(filepath.Join(c.Dir, run.EventsFile))
	for _, at := range []int64{51, 70, 101, 180, 200} { // the first 50 are the rehearsal's
		ctx, cancel := context.WithCancel(context.Background())
		left := &atomic.Int64{}
		left.Store(at)
		broken := c
		broken.Dir = t.TempDir()
		broken.Validate = tripwire{c.Validate, left, cancel}
		res, err := Fit(ctx, classifier(t, 1), broken)
		if epoch := int(at-1) / 50; !errors.Is(err, context.Canceled) || res.Steps != 13*epoch || res.Epochs != epoch-1 {
			t.Errorf("at %d: %+v %v", at, res, err)
		}
		net := classifier(t, 1)
		broken.Validate = c.Validate
		if _, err := Fit(context.Background(), net, broken); err != nil || !sameWeights(net, want) {
			t.Errorf("at %d: %v, or other bits", at, err)
		}
		if logged(filepath.Join(broken.Dir, run.EventsFile)) != log {
			t.Errorf("at %d: another log", at)
		}
		cancel()
	}
}

func TestTimeRunsOut(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 1)
	defer cancel()
	<-ctx.Done()
	_, err := Fit(ctx, classifier(t, 1), basic())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAverage(t *testing.T) {
	if EMA(0.5).Weights() != nil {
		t.Error("an average of nothing has weights")
	}
	net := classifier(t, 1)
	avg := EMA(0.5)
	u := NewUpdater(net, optim.SGD{LR: 1})
	u.Observe(avg)
	x, y := normal(1, 8, 2), labels(1, 8, 2)
	var want T
	for i := range 3 {
		must(u.Step(func(p *nn.Pass) T { return loss.CrossEntropy(net.Forward(p, x), y) }))
		w := net.Params()[0].Value()
		if i == 0 {
			want = w.Scale(1)
		} else {
			want = want.Add(w).Scale(0.5)
		}
	}
	if d := avg.Weights()["0.weight"].Sub(want).Abs().Max().Item(); d > 1e-6 {
		t.Errorf("off by %g", d)
	}
	w := avg.Weights()
	stat := w["1.running_mean"]
	if !stat.Valid() || stat.DType() != tensor.Float32 {
		t.Error("running statistics are averaged too")
	}
	other := NewUpdater(classifier(t, 2), optim.SGD{LR: 1})
	other.Observe(avg)
	_, err := other.Step(func(p *nn.Pass) T { return other.Net.Forward(p, x).Mean() })
	wantErr(t, err, "two networks")
}

func TestFitAfterItsLastCheckpoint(t *testing.T) {
	c := basic()
	c.Dir = t.TempDir()
	must(Fit(context.Background(), classifier(t, 1), c))
	r, err := run.Open(c.Dir) // as a kill after the last checkpoint leaves it
	if err != nil {
		t.Fatal(err)
	}
	r.Record.State = run.Running
	if err := errors.Join(r.Save(), r.Close()); err != nil {
		t.Fatal(err)
	}
	must(Fit(context.Background(), classifier(t, 1), c))
	if r := must(run.Read(c.Dir)); r.State != run.Finished {
		t.Errorf("the record says %s", r.State)
	}
}

func TestFewerEpochsThanWereDone(t *testing.T) {
	c := basic()
	c.Dir = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	c.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
		if s, ok := e.(StepDone); ok && s.Step == 20 {
			cancel()
		}
		return nil
	})}
	if _, err := Fit(ctx, classifier(t, 1), c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	c.Epochs, c.Observers = 1, nil
	res, err := Fit(context.Background(), classifier(t, 1), c)
	if err != nil || res.Steps != 20 || res.Epochs != 1 {
		t.Errorf("%+v %v", res, err)
	}
}

// keeps is an observer whose state cannot always be kept.
type keeps struct{ save, load error }

func (k *keeps) Observe(*Updater, Event) error  { return nil }
func (k *keeps) MarshalBinary() ([]byte, error) { return []byte{1}, k.save }
func (k *keeps) UnmarshalBinary(b []byte) error { return k.load }

func TestObserversInCheckpoints(t *testing.T) {
	gone := errors.New("it has gone")
	c := basic()
	c.Dir = t.TempDir()
	c.Observers = []Observer{&keeps{save: gone}}
	_, err := Fit(context.Background(), classifier(t, 1), c)
	wantErr(t, err, "it has gone", "keeps")
	c.Dir = t.TempDir()
	c.Observers = []Observer{&keeps{}, EarlyStop("loss", 5), EMA(0.9)}
	must(Fit(context.Background(), classifier(t, 1), c))
	for name, other := range map[string]struct {
		o    []Observer
		want string
	}{
		"cannot load":      {[]Observer{&keeps{load: gone}, EarlyStop("loss", 5), EMA(0.9)}, "it has gone"},
		"another score":    {[]Observer{&keeps{}, EarlyStop("accuracy", 5), EMA(0.9)}, `EarlyStop looks at "loss"`},
		"no early stop":    {[]Observer{&keeps{}, EMA(0.9)}, "also holds earlystop0"},
		"no average":       {[]Observer{&keeps{}, EarlyStop("loss", 5)}, "average0"},
		"two averages":     {[]Observer{&keeps{}, EarlyStop("loss", 5), EMA(0.9), EMA(0.8)}, "average1"},
		"nobody who keeps": {[]Observer{EarlyStop("loss", 5), EMA(0.9)}, "observer0"},
	} {
		again := c
		again.Observers = other.o
		_, err := Fit(context.Background(), classifier(t, 1), again)
		t.Run(name, func(t *testing.T) { wantErr(t, err, other.want, "step-000000039") })
	}
	// One without state may come or go: a screen, say.
	again := c
	again.Observers = []Observer{ObserverFunc(func(*Updater, Event) error { return nil }), EMA(0.9), Progress(io.Discard), &keeps{}, EarlyStop("loss", 5)}
	if _, err := Fit(context.Background(), classifier(t, 1), again); err != nil {
		t.Error(err)
	}
}

func TestAnotherFormat(t *testing.T) {
	dir := t.TempDir()
	s := newDuel(t, dir)
	s.play(t, 3)
	tensors, meta, err := safetensors.ReadFile(s.ck.file(3))
	if err != nil {
		t.Fatal(err)
	}
	old := state{tensors: tensors}
	for _, c := range []struct{ key, text, want string }{
		{formatKey, "1", "it has format 1, this limpid reads 2: use the limpid that wrote it"},
		{formatKey, "x", `its "limpid.checkpoint" is damaged`},
		{"updater0", "{", `its "updater0" is damaged`},
		{"more", "{}", "also holds more"},
	} {
		old.meta = maps.Clone(meta)
		old.meta[c.key] = c.text
		old.meta[digestKey] = must(old.digest())
		write := func(w io.Writer) error { return safetensors.Write(w, tensors, old.meta) }
		if err := run.Replace(s.ck.file(3), write); err != nil {
			t.Fatal(err)
		}
		_, err := newDuel(t, dir).ck.Restore()
		wantErr(t, err, c.want)
	}
	delete(meta, digestKey)
	if err := run.Replace(s.ck.file(3), func(w io.Writer) error { return safetensors.Write(w, tensors, meta) }); err != nil {
		t.Fatal(err)
	}
	_, err = newDuel(t, dir).ck.Restore()
	wantErr(t, err, "it has no SHA-256")
}

func TestFoldersThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := newDuel(t, filepath.Join(file, "checkpoints"))
	wantErr(t, s.ck.Save(), file)
	_, err := s.ck.Restore()
	wantErr(t, err, file)
	c := basic()
	c.Dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(c.Dir, run.EventsFile), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err = Fit(context.Background(), classifier(t, 1), c)
	wantErr(t, err, run.EventsFile)
}
