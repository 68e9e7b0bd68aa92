package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// childDir tells a process that it is to train in a folder, and be killed.
const childDir = "LIMPID_TEST_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		// Laws that write and sync files: rapid's 100 cases would take long.
		if err := flag.Set("rapid.checks", "20"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	n, _ := strconv.Atoi(os.Getenv("LIMPID_THREADS"))
	par.SetWorkers(n)
	pause, _ := time.ParseDuration(os.Getenv("LIMPID_TEST_PAUSE"))
	told, err := hardFit(dir, pause)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(told)
	os.Exit(0)
}

// counter is somebody's observer with a state of its own.
type counter struct{ n uint64 }

func (c *counter) Observe(_ *Updater, e Event) error {
	if s, ok := e.(StepDone); ok {
		c.n = c.n*31 + uint64(s.Loss*1e6)
	}
	return nil
}
func (c *counter) MarshalBinary() ([]byte, error) {
	return binary.LittleEndian.AppendUint64(nil, c.n), nil
}
func (c *counter) UnmarshalBinary(b []byte) error {
	c.n = binary.LittleEndian.Uint64(b)
	return nil
}

// hardFit is a run with everything that a resume must bring back. It returns
// what it came to, bit by bit.
func hardFit(dir string, pause time.Duration) (string, error) {
	r := rand.New(rand.NewPCG(1, 2))
	pix, marks := make([]uint8, 240*64), make([]uint8, 240)
	for i := range marks {
		marks[i] = uint8(r.IntN(3))
		for k := range 64 {
			pix[i*64+k] = uint8(r.IntN(128) + 60*int(marks[i])*(k%3)/2)
		}
	}
	set := must(data.NewImages(pix, marks, 8, 8, 1, nil, nil))
	left, taken := set.HoldOut(20)
	net := must(nn.Build(&nn.Sequential{
		&nn.Conv2D{Out: 4, Kernel: 3, NoBias: true}, &nn.BatchNorm{Act: nn.ReLU}, &nn.MaxPool2D{Size: 2},
		&nn.Flatten{}, &nn.Dropout{Rate: 0.3}, &nn.Linear{Out: 3},
	}, nn.Input(8, 8, 1), nn.Seed(3)))
	avg, count := EMA(0.9), &counter{}
	res, err := Fit(context.Background(), net, Config{
		Data: data.Subset(set, left), Validate: data.Subset(set, taken), Batch: 16, Epochs: 10, Every: 7, Seed: 4,
		Loss: loss.CrossEntropy, Optimizer: optim.AdamW{LR: 0.02, Decay: 0.01}, Schedule: optim.Warmup(10, optim.Cosine(110)), Clip: 2,
		Transform: data.Compose(data.RandomCrop(1), data.RandomFlip()), Dir: dir,
		Before: func(u *Updater) error { return u.Rate("0.*", 0.5) },
		Observers: []Observer{avg, EarlyStop("loss", 4), count, ObserverFunc(func(*Updater, Event) error {
			time.Sleep(pause)
			return nil
		})},
	})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, w := range []nn.Weights{net.Weights(), avg.Weights()} {
		for _, name := range nets.Names(net) {
			fmt.Fprint(h, name, tensor.Data[float32](w[name]))
		}
	}
	text := must(json.Marshal(res))
	return fmt.Sprintf("%x %d %s %x", h.Sum(nil), count.n, text, logged(filepath.Join(dir, run.EventsFile))), nil
}

// logged is the digest of a log but for the lines that tell of checkpoints,
// which depend on where a run was stopped.
func logged(file string) [32]byte {
	var all []string
	for _, line := range strings.Split(string(must(os.ReadFile(file))), "\n") {
		if !strings.Contains(line, `"saved"`) {
			all = append(all, line)
		}
	}
	return sha256.Sum256([]byte(strings.Join(all, "\n")))
}

// child runs hardFit in a process of its own, and kills it after a while; it
// returns what it printed, "" if it was killed.
func child(t *testing.T, dir string, threads int, after time.Duration) string {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childDir+"="+dir, "LIMPID_THREADS="+strconv.Itoa(threads), "LIMPID_TEST_PAUSE=500us")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { c.Process.Kill() })
	err := c.Wait()
	if !kill.Stop() && err != nil {
		return ""
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return out.String()
}

func TestAKilledRunEndsWithTheSameBits(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	want := child(t, t.TempDir(), 1, time.Minute)
	dir := t.TempDir()
	kills, got := 0, ""
	for got == "" {
		after := time.Duration(20+rand.IntN(200)) * time.Millisecond
		if kills > 12 {
			after = time.Minute
		}
		if got = child(t, dir, 1+rand.IntN(3), after); got == "" {
			kills++
		}
	}
	t.Logf("%d kills: %s", kills, got)
	if got != want {
		t.Errorf("after %d kills\n%s\nwithout\n%s", kills, got, want)
	}
	if again := child(t, dir, 2, time.Minute); again != want {
		t.Errorf("run again when it is done:\n%s\nwant\n%s", again, want)
	}
}
