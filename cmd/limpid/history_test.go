package main

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/limpid-ml/limpid/run"
)

func TestHistory(t *testing.T) {
	f := &folder{path: t.TempDir()}
	if h, err := f.history(); err != nil || h.losses != nil || h.validation != nil {
		t.Errorf("of nothing: %v, %v", h, err)
	}
	events := filepath.Join(f.path, run.EventsFile)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(events, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"kind":"step","step":1,"loss":9}
{"kind":"epoch","epoch":1,"step":2,"loss":0.5}
{"kind":"evaluated","epoch":1,"step":2,"metrics":{"accuracy":0.75,"loss":"NaN"}}
{"kind":"saved","step":2,"path":"checkpoints/2"}
{"kind":"epoch","epoch":2,"loss":"NaN"}
{"kind":"evaluated","metrics":{"accu`)
	h, err := f.history()
	if err != nil {
		t.Fatal(err)
	}
	if len(h.losses) != 2 || h.losses[0] != .5 || !math.IsNaN(h.losses[1]) || !reflect.DeepEqual(h.validation, []float64{.75}) {
		t.Errorf("got %+v", h)
	}
	for _, text := range []string{"no JSON\n{}\n", `{"kind":7}` + "\n"} {
		write(text)
		if _, err := f.history(); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
