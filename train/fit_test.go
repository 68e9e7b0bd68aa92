package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// spirals are points of two classes that a small network can tell apart.
func spirals(seed uint64, n int) data.Dataset {
	r := tensor.NewRand(seed)
	x := make([]float32, 0, 2*n)
	y := make([]int, n)
	for i := range n {
		a, b := r.Float64()*2-1, r.Float64()*2-1
		x = append(x, float32(a), float32(b))
		if a*b > 0 {
			y[i] = 1
		}
	}
	return data.FromTensors(tensor.Of(x, n, 2), tensor.Ints(y...))
}

func classifier(t testing.TB, seed uint64) *nn.Net {
	return build(t, &nn.Sequential{&nn.Linear{Out: 16}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Dropout{Rate: 0.1}, &nn.Linear{Out: 2}}, nn.Input(2), nn.Seed(seed))
}

func basic() Config {
	return Config{Data: spirals(1, 200), Validate: spirals(2, 50), Batch: 16, Epochs: 3, Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 0.02}, Seed: 5}
}

func TestFitLearns(t *testing.T) {
	c := basic()
	c.Epochs = 20
	net := classifier(t, 1)
	res, err := Fit(context.Background(), net, c)
	if err != nil {
		t.Fatal(err)
	}
	if res.Epochs != 20 || res.Steps != 20*13 || res.Validation["accuracy"] < 0.9 || res.Loss > 0.4 {
		t.Errorf("%+v", res)
	}
	again, err := Evaluate(context.Background(), net, c.Validate, c.Loss)
	if err != nil || again["accuracy"] != res.Validation["accuracy"] || again["loss"] != res.Validation["loss"] {
		t.Errorf("Evaluate says %v, %v; Fit %v", again, err, res.Validation)
	}
}

// kinds notes the kinds of events.
func kinds(all *[]string) Observer {
	return ObserverFunc(func(_ *Updater, e Event) error {
		*all = append(*all, map[bool]string{true: "step"}[isStep(e)]+kindOf(e))
		return nil
	})
}

func isStep(e Event) bool { _, ok := e.(StepDone); return ok }

func kindOf(e Event) string {
	switch e.(type) {
	case EpochDone:
		return "epoch"
	case Evaluated:
		return "evaluated"
	case Saved:
		return "saved"
	}
	return ""
}

func TestEventsComeInOrder(t *testing.T) {
	var a, b []string
	c := basic()
	c.Batch, c.Epochs, c.Dir = 100, 2, filepath.Join(t.TempDir(), "run")
	c.Observers = []Observer{kinds(&a), kinds(&b)}
	if _, err := Fit(context.Background(), classifier(t, 1), c); err != nil {
		t.Fatal(err)
	}
	want := []string{"step", "step", "epoch", "evaluated", "saved", "step", "step", "epoch", "evaluated", "saved"}
	if !slices.Equal(a, want) || !slices.Equal(b, want) {
		t.Errorf("%v\n%v\nwant %v", a, b, want)
	}
	r, err := run.Read(c.Dir)
	if err != nil || r.State != run.Finished || r.Seed != 5 {
		t.Errorf("%+v %v", r, err)
	}
	text := must(os.ReadFile(filepath.Join(c.Dir, run.EventsFile)))
	t.Logf("%s", text)
}

// numbered are examples whose X is their number, all labelled 0.
func numbered(n int) data.Dataset {
	return data.FromTensors(tensor.Arange(n).To(tensor.Float32).Reshape(n, 1), tensor.Zeros(n).To(tensor.Int32))
}

// feed returns what Fit shows a network, epoch after epoch.
func feed(t *testing.T, c Config) (seen []float64) {
	t.Helper()
	c.Optimizer = optim.SGD{LR: 1e-6}
	c.Objective = func(p *nn.Pass, net *nn.Net, b data.Batch) T {
		seen = append(seen, tensor.Data[float64](b.X.Flatten().Reshape(-1).To(tensor.Float64))...)
		seen = append(seen, -1)
		return net.Forward(p, b.X).Square().Mean()
	}
	if _, err := Fit(context.Background(), build(t, &nn.Linear{Out: 1}, nn.Input(1)), c); err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestWhatFitShows(t *testing.T) {
	inOrder := feed(t, Config{Data: numbered(5), Batch: 2, Epochs: 2, NoShuffle: true})
	if want := []float64{0, 1, -1, 2, 3, -1, 4, -1, 0, 1, -1, 2, 3, -1, 4, -1}; !slices.Equal(inOrder, want) {
		t.Errorf("in order: %v", inOrder)
	}
	dropped := feed(t, Config{Data: numbered(5), Batch: 2, Epochs: 2, NoShuffle: true, DropLast: true})
	if want := []float64{0, 1, -1, 2, 3, -1, 0, 1, -1, 2, 3, -1}; !slices.Equal(dropped, want) {
		t.Errorf("without the last: %v", dropped)
	}
	a, b, other := feed(t, Config{Data: numbered(20), Epochs: 2, Seed: 1}), feed(t, Config{Data: numbered(20), Epochs: 2, Seed: 1}), feed(t, Config{Data: numbered(20), Epochs: 2, Seed: 2})
	if !slices.Equal(a, b) || slices.Equal(a, other) || slices.Equal(a[:20], a[21:41]) {
		t.Errorf("orders follow from the seed, and differ by epoch:\n%v\n%v\n%v", a, b, other)
	}
	for _, epoch := range [][]float64{a[:20], a[21:41]} {
		if slices.Sort(epoch); epoch[0] != 0 || epoch[19] != 19 {
			t.Errorf("an epoch shows %v", epoch)
		}
	}
	weights := make([]float64, 10)
	weights[3] = 1
	for _, v := range feed(t, Config{Data: numbered(10), Weights: weights}) {
		if v != 3 && v != -1 {
			t.Errorf("example %g has no weight", v)
		}
	}
	joined := feed(t, Config{Data: numbered(4), Batch: 4, NoShuffle: true, Collate: func(all []data.Example) (data.Batch, error) {
		return data.Batch{X: tensor.Full(float64(len(all)), 1, 1)}, nil
	}})
	if !slices.Equal(joined, []float64{4, -1}) {
		t.Errorf("collated: %v", joined)
	}
	mixed := feed(t, Config{Data: numbered(4), Batch: 4, NoShuffle: true, Mix: func(_ *tensor.Rand, b *data.Batch) error {
		b.X = b.X.Scale(10)
		return nil
	}})
	if !slices.Equal(mixed, []float64{0, 10, 20, 30, -1}) {
		t.Errorf("mixed: %v", mixed)
	}
}

// TestAnEpochsLossIsTheMeanOverExamples, a short last batch and labels that do
// not count included.
func TestAnEpochsLossIsTheMeanOverExamples(t *testing.T) {
	y := tensor.Data[int32](labels(2, 21, 2))
	for i := range y {
		if i%4 == 1 {
			y[i] = -100
		}
	}
	c := basic()
	c.Data, c.Validate, c.Batch, c.Epochs = data.FromTensors(normal(1, 21, 2), tensor.Of(y, 21)), nil, 8, 1
	c.Optimizer = optim.SGD{LR: 1e-12} // so that weights stay as they are
	net := build(t, &nn.Linear{Out: 2}, nn.Input(2), nn.Seed(1))
	var told float64
	c.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
		if e, ok := e.(EpochDone); ok {
			told = e.Loss
		}
		return nil
	})}
	res := must(Fit(context.Background(), net, c))
	want := must(Evaluate(context.Background(), net, c.Data, c.Loss))["loss"]
	near(t, "loss", res.Loss, want)
	near(t, "the event's", told, want)
}

func TestRunsThatGoWrong(t *testing.T) {
	dir := t.TempDir()
	c := basic()
	c.Dir = dir
	boom := errors.New("boom")
	c.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
		if s, ok := e.(StepDone); ok && s.Step == 20 {
			return boom
		}
		return nil
	})}
	if _, err := Fit(context.Background(), classifier(t, 1), c); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if r := must(run.Read(dir)); r.State != run.Failed || r.Trouble != "boom" || r.What != "fit" || !(r.Seconds > 0) {
		t.Errorf("%+v", r)
	}
	// Another machine takes it up.
	file := filepath.Join(dir, run.RecordFile)
	text := must(os.ReadFile(file))
	text = bytes.Replace(text, []byte(`"`+run.Here().Kernels+`"`), []byte(`"abacus"`), 1)
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	c.Observers = nil
	net, want := classifier(t, 1), classifier(t, 1)
	res, err := Fit(context.Background(), net, c)
	if err != nil || len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "abacus") {
		t.Errorf("%+v %v", res, err)
	}
	c.Dir = ""
	must(Fit(context.Background(), want, c))
	if !sameWeights(net, want) {
		t.Error("other bits than a run that did not go wrong")
	}
	if r := must(run.Read(dir)); r.State != run.Finished || r.Trouble != "" {
		t.Errorf("%+v", r)
	}
}

func TestMistakesOfObserversAreReturned(t *testing.T) {
	for name, o := range map[string]Observer{
		"observing": ObserverFunc(func(*Updater, Event) error { tensor.Fail("mine", "a mistake"); return nil }),
		"looking":   badLook{},
		"measuring": ObserverFunc(func(u *Updater, e Event) error {
			if _, ok := e.(Evaluated); ok {
				u.Net.Params()[0].Value().MatMul(tensor.Zeros(1, 1, 9))
			}
			return nil
		}),
	} {
		c := basic()
		c.Observers = []Observer{o}
		_, err := Fit(context.Background(), classifier(t, 1), c)
		var e *tensor.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	u := NewUpdater(classifier(t, 1), optim.SGD{LR: 1})
	u.Reduce = func([]T) error { tensor.Fail("mine", "a mistake"); return nil }
	_, err := u.Step(func(p *nn.Pass) T { return u.Net.Forward(p, normal(1, 4, 2)).Mean() })
	wantErr(t, err, "a mistake")
}

type badLook struct{}

func (badLook) Observe(*Updater, Event) error { return nil }
func (badLook) Look(int) nn.Watcher           { tensor.Fail("mine", "a mistake"); return nil }

// attached notes whom it observes, and that it is told in time.
type attached struct{ log *[]string }

func (a attached) Attach(u *Updater) {
	*a.log = append(*a.log, fmt.Sprintf("attached at %d", u.Steps()))
}
func (a attached) Close() error { *a.log = append(*a.log, "closed"); return nil }
func (a attached) Observe(u *Updater, e Event) error {
	if s, ok := e.(StepDone); ok && s.Step == 1 {
		*a.log = append(*a.log, "step")
	}
	return nil
}

func TestObserversAreToldAndClosed(t *testing.T) {
	var log []string
	c := basic()
	c.Observers = []Observer{attached{&log}}
	must(Fit(context.Background(), classifier(t, 1), c))
	if want := []string{"attached at 0", "step", "closed"}; !slices.Equal(log, want) {
		t.Errorf("%v, want %v", log, want)
	}
}

func TestNumbersThatAreNoneAreLogged(t *testing.T) {
	c := basic()
	c.Dir = t.TempDir()
	c.Loss = nil
	c.Objective = func(p *nn.Pass, net *nn.Net, b data.Batch) T {
		if !p.Training() {
			return tensor.Full(math.Inf(1))
		}
		p.Log("odd", tensor.Full(math.NaN()))
		return net.Forward(p, b.X).Square().Mean()
	}
	res, err := Fit(context.Background(), classifier(t, 1), c)
	if err != nil || !math.IsInf(res.Validation["loss"], 1) {
		t.Errorf("%+v %v", res, err)
	}
	text := string(must(os.ReadFile(filepath.Join(c.Dir, run.EventsFile))))
	if !strings.Contains(text, `"logs":{"odd":"NaN"}`) || !strings.Contains(text, `"metrics":{"loss":"+Inf"}`) {
		t.Error(text)
	}
	again, err := Fit(context.Background(), classifier(t, 1), c)
	if err != nil || !math.IsInf(again.Validation["loss"], 1) {
		t.Errorf("%+v %v", again, err)
	}
}

func TestProgressLines(t *testing.T) {
	var b bytes.Buffer
	c := basic()
	c.Epochs, c.Batch, c.Observers = 2, 100, []Observer{Progress(&b)}
	must(Fit(context.Background(), classifier(t, 1), c))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[0], "epoch 1/2  step 1/2  loss 0.") || !strings.HasPrefix(lines[len(lines)-1], "epoch 2/2  loss 0.") || !strings.Contains(lines[len(lines)-1], "  validation: accuracy 0.") {
		t.Errorf("%q", lines)
	}
	b.Reset()
	u := NewUpdater(classifier(t, 1), optim.SGD{LR: 1})
	u.Observe(Progress(&b))
	stepOn(t, u, normal(1, 4, 2), labels(1, 4, 2))()
	if !strings.HasPrefix(b.String(), "step 1  loss ") {
		t.Errorf("%q", b.String())
	}
}

func TestFitHasTheSameBitsOnAnyThreads(t *testing.T) {
	pictures := data.FromTensors(normal(1, 60, 12, 12, 2), labels(2, 60, 3))
	fit := func(threads int) (*nn.Net, *Result) {
		par.SetWorkers(threads)
		defer par.SetWorkers(0)
		net := build(t, &nn.Sequential{
			&nn.Conv2D{Out: 8, Kernel: 3, Pad: nn.Same, NoBias: true}, &nn.BatchNorm{Act: nn.ReLU}, &nn.MaxPool2D{Size: 2},
			&nn.Conv2D{Out: 8, Kernel: 3, Act: nn.ReLU}, &nn.Flatten{}, &nn.Dropout{Rate: 0.5}, &nn.Linear{Out: 3},
		}, nn.Input(12, 12, 2), nn.Seed(1))
		return net, must(Fit(context.Background(), net, Config{Data: pictures, Validate: pictures, Batch: 16, Epochs: 2, Clip: 1,
			Loss: loss.CrossEntropy, Optimizer: optim.Adam{LR: 0.01}, Transform: data.Compose(data.RandomFlip(), data.RandomCrop(1))}))
	}
	want, told := fit(1)
	for _, threads := range []int{2, 3, 7} {
		net, res := fit(threads)
		if !sameWeights(net, want) || res.Loss != told.Loss || res.Validation["loss"] != told.Validation["loss"] {
			t.Errorf("%d threads: %+v, one: %+v", threads, res, told)
		}
	}
}

// TestTransferLearning trains a new head, then all of it, as programs/transfer
// does.
func TestTransferLearning(t *testing.T) {
	net := build(t, &nn.Sequential{&nn.Linear{Out: 16}, &nn.BatchNorm{Act: nn.ReLU}, &nn.Linear{Out: 2}}, nn.Input(2), nn.Seed(1))
	c := basic()
	c.Before = func(u *Updater) error { return errors.Join(u.Freeze("*"), u.Thaw("2.*")) }
	before := net.Weights()
	must(Fit(context.Background(), net, c))
	moved := func() (names []string) {
		for name, w := range net.Weights() {
			if w.Sub(before[name]).Abs().Sum().Item() != 0 {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	if got := moved(); !slices.Equal(got, []string{"2.bias", "2.weight"}) {
		t.Errorf("%v moved", got)
	}
	c.Before = func(u *Updater) error { return u.Rate("0.*", 0.1) }
	must(Fit(context.Background(), net, c))
	if got := moved(); len(got) != len(before) {
		t.Errorf("only %v moved", got)
	}
}

// TestSchedulesGoByStep, whatever was resumed.
func TestSchedulesGoByStep(t *testing.T) {
	c := basic()
	c.Schedule = optim.Warmup(3, optim.Cosine(36))
	var rates []float64
	c.Observers = []Observer{ObserverFunc(func(_ *Updater, e Event) error {
		if s, ok := e.(StepDone); ok {
			rates = append(rates, s.Rate)
		}
		return nil
	})}
	must(Fit(context.Background(), classifier(t, 1), c))
	for i, r := range rates {
		near(t, fmt.Sprint("rate of step ", i), r, 0.02*c.Schedule(i))
	}
}
