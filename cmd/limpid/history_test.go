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
	if h := f.history(math.MaxInt64); h.damage != nil || h.losses != nil || h.validation != nil {
		t.Errorf("of nothing: %+v", h)
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
	h := f.history(math.MaxInt64)
	if h.damage != nil || len(h.losses) != 2 || h.losses[0] != .5 || !math.IsNaN(h.losses[1]) || !reflect.DeepEqual(h.validation, []float64{.75}) {
		t.Errorf("got %+v", h)
	}
	for _, text := range []string{"no JSON\n{}\n", `{"kind":7}` + "\n"} {
		write(text)
		if h := f.history(math.MaxInt64); h.damage == nil || h.bytes != 0 {
			t.Errorf("%q: no damage, %+v", text, h)
		}
	}
	one := `{"kind":"epoch","loss":1}` + "\n"
	write(one + one + "odd\n" + one)
	for limit, want := range map[int64]int{0: 0, int64(len(one)) - 1: 0, int64(len(one)): 1, 2*int64(len(one)) - 1: 1, math.MaxInt64: 2} {
		h := f.history(limit)
		if len(h.losses) != want || h.bytes != int64(want*len(one)) || (h.damage != nil) != (limit == math.MaxInt64) {
			t.Errorf("the first %d bytes: %+v, want %d epochs", limit, h, want)
		}
	}
}
