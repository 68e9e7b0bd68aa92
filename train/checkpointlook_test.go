package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/run"
)

// TestLook reads weights while another holds the run's lock, from a folder
// that nobody may write to, and leaves everything as it is.
func TestLook(t *testing.T) {
	look := backstage.OpenTrain[nn.Net]()
	c := basic()
	c.Dir = t.TempDir()
	if at, found, err := look.Look(c.Dir, classifier(t, 1)); found || err != nil || at.Step != 0 {
		t.Errorf("ahead of the first checkpoint: %+v, %v, %v", at, found, err)
	}
	want := classifier(t, 1)
	res := must(Fit(context.Background(), want, c))
	log := filepath.Join(c.Dir, run.EventsFile)
	info := must(os.Stat(log))
	held := must(run.Open(c.Dir))
	defer held.Close()
	folders := []string{c.Dir, filepath.Join(c.Dir, checkpointsDir)}
	for _, dir := range folders {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o777)
	}
	got := classifier(t, 2)
	at, found, err := look.Look(c.Dir, got)
	if !found || err != nil || at.Step != res.Steps || at.Log != info.Size() || at.PerEpoch*res.Epochs != res.Steps || at.Warnings != nil {
		t.Errorf("%+v, %v, %v: want step %d, %d bytes", at, found, err, res.Steps, info.Size())
	}
	if !sameWeights(got, want) {
		t.Error("other weights than the run's")
	}
	if now := must(os.Stat(log)); now.ModTime() != info.ModTime() {
		t.Error("the log was touched")
	}
}

// TestLookPastDamage goes to the older checkpoint, and leaves the damaged one.
func TestLookPastDamage(t *testing.T) {
	look := backstage.OpenTrain[nn.Net]()
	c := basic()
	c.Dir = t.TempDir()
	net := classifier(t, 1)
	must(Fit(context.Background(), net, c))
	ck := Checkpoint{Dir: filepath.Join(c.Dir, checkpointsDir)}
	steps := must(ck.files())
	if err := os.Truncate(ck.file(steps[0]), 50); err != nil {
		t.Fatal(err)
	}
	at, found, err := look.Look(c.Dir, nil)
	if !found || err != nil || at.Step != steps[1] || len(at.Warnings) != 1 {
		t.Fatalf("%+v, %v, %v", at, found, err)
	}
	wantErr(t, errors.New(at.Warnings[0]), filepath.Base(ck.file(steps[0])), "damaged")
	if now := must(ck.files()); len(now) != len(steps) {
		t.Errorf("files %v, were %v", now, steps)
	}
	_, _, err = look.Look(c.Dir, build(t, &nn.Linear{Out: 2}, nn.Input(3)))
	wantErr(t, err, "does not fit", "updater0")
}
