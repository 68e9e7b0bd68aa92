package run

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type event struct {
	Step int    `json:"step"`
	Loss Number `json:"loss"`
	Note string `json:"note,omitempty"`
}

func openLog(t *testing.T, file string, at int64) *Log {
	t.Helper()
	l, err := OpenLog(file, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func add(t *testing.T, l *Log, steps ...int) {
	t.Helper()
	for _, s := range steps {
		if err := l.Append(event{Step: s}); err != nil {
			t.Fatal(err)
		}
	}
}

// steps reads a log back.
func steps(t *testing.T, file string) []int {
	t.Helper()
	var out []int
	for line, err := range Events(file) {
		if err != nil {
			t.Fatal(err)
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Step)
	}
	return out
}

func TestLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), EventsFile)
	l := openLog(t, file, -1)
	add(t, l, 1, 2)
	if got := steps(t, file); !slices.Equal(got, []int{1, 2}) { // while it is open
		t.Errorf("%v", got)
	}
	l.Close()
	l = openLog(t, file, -1)
	add(t, l, 3)
	if got := steps(t, file); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("after opening again: %v", got)
	}
	if info, err := os.Stat(file); err != nil || info.Size() != l.Size() {
		t.Errorf("Size is %d, the file's %v", l.Size(), info.Size())
	}
	if err := l.Sync(); err != nil {
		t.Error(err)
	}
}

func TestAResumedLogHasNoDuplicates(t *testing.T) {
	file := filepath.Join(t.TempDir(), EventsFile)
	l := openLog(t, file, -1)
	add(t, l, 1, 2)
	checkpoint := l.Size()
	add(t, l, 3, 4)
	l.Close()
	l = openLog(t, file, checkpoint)
	add(t, l, 3, 4, 5)
	if got := steps(t, file); !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
		t.Errorf("%v", got)
	}
	l.Close()
	openLog(t, file, 0)
	if got := steps(t, file); len(got) != 0 {
		t.Errorf("a run that starts again keeps %v", got)
	}
	if l := openLog(t, file, 10); l.Missing != 10 || l.Size() != 0 {
		t.Errorf("a log shorter than its checkpoint lacks %d bytes", l.Missing)
	}
}

// TestADamagedLineEndsTheLog: what was sound ahead of it stays.
func TestADamagedLineEndsTheLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), EventsFile)
	sound := "{\"step\":1}\n{\"step\":2}\n"
	for _, damage := range []string{"{\"step\":3,}\n", "\n", "\x00\x00\x00\n", "[3]\n"} {
		text := sound + damage + "{\"step\":4}\n"
		for _, at := range []int64{-1, int64(len(text))} {
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			l := openLog(t, file, at)
			if want := max(0, at-int64(len(sound))); l.Missing != want || l.Size() != int64(len(sound)) {
				t.Errorf("%q, %d: %d bytes, %d missing, want %d", damage, at, l.Size(), l.Missing, want)
			}
			add(t, l, 7)
			if got := steps(t, file); !slices.Equal(got, []int{1, 2, 7}) {
				t.Errorf("%q: %v", damage, got)
			}
		}
	}
}

func TestATornLineGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), EventsFile)
	for _, torn := range []string{`{"step":3`, `{"step":3,"note":"` + strings.Repeat("x", 10000)} {
		if err := os.WriteFile(file, []byte("{\"step\":1}\n{\"step\":2}\n"+torn), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := steps(t, file); !slices.Equal(got, []int{1, 2}) {
			t.Errorf("read: %v", got)
		}
		l := openLog(t, file, -1)
		add(t, l, 9)
		if got := steps(t, file); !slices.Equal(got, []int{1, 2, 9}) {
			t.Errorf("after a torn line of %d bytes: %v", len(torn), got)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 9000)), 0o666); err != nil {
		t.Fatal(err)
	}
	if l := openLog(t, file, -1); l.Size() != 0 {
		t.Errorf("a log without a line keeps %d bytes", l.Size())
	}
}

func TestEventsErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), EventsFile)
	for _, bad := range []string{"[1]", "no", "", `{"a":}`, `{"a":1}}`} {
		if err := os.WriteFile(file, []byte("{\"step\":1}\n"+bad+"\n{\"step\":2}\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		n, failed := 0, false
		for _, err := range Events(file) {
			if failed {
				t.Errorf("%q: more after the error", bad)
			}
			if err != nil {
				failed = true
				if !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), file) {
					t.Error(err)
				}
			} else {
				n++
			}
		}
		if n != 1 || !failed {
			t.Errorf("%q: %d lines, error %v", bad, n, failed)
		}
	}
	for range Events(filepath.Join(t.TempDir(), "gone")) {
		t.Error("a log that is not there has a line")
	}
	for _, err := range Events(t.TempDir()) {
		if err == nil {
			t.Error("a folder is no log")
		}
	}
	for range Events(file) {
		break
	}
}

func TestAppendErrors(t *testing.T) {
	l := openLog(t, filepath.Join(t.TempDir(), EventsFile), -1)
	for _, bad := range []any{1, "text", []int{1}, nil, func() {}, struct{ X float64 }{math.NaN()}} {
		if err := l.Append(bad); err == nil {
			t.Errorf("%T was appended", bad)
		}
	}
	if l.Size() != 0 {
		t.Errorf("%d bytes were written", l.Size())
	}
	add(t, l, 1)
	if err := l.Append(event{Note: "two\nlines <&>"}); err != nil {
		t.Fatal(err)
	}
	if got := steps(t, l.file.Name()); len(got) != 2 {
		t.Errorf("a line break in a value makes %d lines", len(got))
	}
}

func TestOpenLogErrors(t *testing.T) {
	if _, err := OpenLog(t.TempDir(), -1); err == nil {
		t.Error("a folder was opened as a log")
	}
}

func TestAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	l := openLog(t, filepath.Join(t.TempDir(), EventsFile), -1)
	good := l.file
	l.file = full
	if err := l.Append(event{}); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Error(err)
	}
	full.Close()
	l.file = good
	add(t, l, 1)
	if got := steps(t, good.Name()); !slices.Equal(got, []int{1}) {
		t.Errorf("%v", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{1.5: "1.5", math.Inf(1): `"+Inf"`, math.Inf(-1): `"-Inf"`, math.NaN(): `"NaN"`} {
		b, err := json.Marshal(Number(v))
		if err != nil || string(b) != want {
			t.Errorf("%g is %s, %v", v, b, err)
		}
		var back Number
		if err := json.Unmarshal(b, &back); err != nil || float64(back) != v && !(math.IsNaN(v) && math.IsNaN(float64(back))) {
			t.Errorf("%s is %g, %v", b, back, err)
		}
	}
	var n Number
	if json.Unmarshal([]byte(`"many"`), &n) == nil {
		t.Error("a word is no number")
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("{\"step\":1}\n{\"step\""))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file := filepath.Join(t.TempDir(), EventsFile)
		if err := os.WriteFile(file, raw, 0o666); err != nil {
			t.Fatal(err)
		}
		for line, err := range Events(file) {
			if err == nil && !json.Valid(line) {
				t.Errorf("%q is not JSON", line)
			}
		}
		l, err := OpenLog(file, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for line, err := range Events(file) { // what is left
			if err != nil {
				t.Errorf("kept %q of %q: %v", line, raw, err)
			}
		}
		next, _, whole := bytes.Cut(raw[l.Size():], []byte("\n"))
		if l.Size() > 0 && raw[l.Size()-1] != '\n' || whole && isObject(next) {
			t.Errorf("kept %d of %q", l.Size(), raw)
		}
	})
}
