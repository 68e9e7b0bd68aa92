package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestExplain(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for _, tt := range []struct {
		err  error
		want code
		text string
	}{
		{fail(codeUsage, "do that", "no %q", "x"), codeUsage, "limpid: no \"x\"\n  fix: do that\n"},
		{fmt.Errorf("deep: %w", fail(codeRun, "", "gone")), codeRun, "limpid: gone\n"},
		{errors.New("odd"), codeBug, "limpid: odd\n  fix: please report"},
		{because(codeRun, "f", errors.New("two\nlines")), codeRun, "limpid: two\n  lines\n  fix: f\n"},
		{because(codeRun, "f", fmt.Errorf("save: %w", full)), codeOutput, "no space left on device\n  fix: free some space"},
		{because(codeRun, "f", fail(codeInput, "g", "bad")), codeInput, "fix: g"},
	} {
		for _, asJSON := range []bool{false, true} {
			var out, errs bytes.Buffer
			got := explain(Streams{Out: &out, Err: &errs}, asJSON, tt.err)
			if got != tt.want || !strings.Contains(errs.String(), tt.text) {
				t.Errorf("%v: code %d, %q; want %d, %q", tt.err, got, &errs, tt.want, tt.text)
			}
			var r report
			if asJSON && (json.Unmarshal(out.Bytes(), &r) != nil || r.Error.Code != int(tt.want) || r.Error.Kind != tt.want.String()) {
				t.Errorf("%v: JSON %s", tt.err, &out)
			}
			if !asJSON && out.Len() > 0 {
				t.Errorf("%v: wrote %q to standard output", tt.err, &out)
			}
		}
	}
	if because(codeRun, "", nil) != nil {
		t.Error("because made a failure of nil")
	}
}

func TestNineExitCodesAtMost(t *testing.T) {
	seen := map[code]bool{}
	for _, c := range codes {
		if seen[c.code] || c.words == "" || c.name == "" {
			t.Errorf("exit code %d appears twice or says nothing", c.code)
		}
		seen[c.code] = true
	}
	if len(codes) > 9 {
		t.Errorf("%d exit codes", len(codes))
	}
}

func TestRescueKeepsTheStackFromTheUser(t *testing.T) {
	dig := func() (err error) {
		defer rescue(&err)
		var p []int
		return errors.New(fmt.Sprint(p[3]))
	}
	var errs bytes.Buffer
	if c := explain(Streams{Out: &bytes.Buffer{}, Err: &errs}, false, dig()); c != codeBug {
		t.Errorf("code %d", c)
	}
	for _, want := range []string{"index out of range", "failure_test.go:", "report this line"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("lacks %q: %s", want, &errs)
		}
	}
	if strings.Contains(errs.String(), "goroutine") {
		t.Errorf("a stack: %s", &errs)
	}
}

func TestPrintJSONToAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var f *failure
	if err := printJSON(full, 1); !errors.As(err, &f) || f.code != codeOutput {
		t.Errorf("got %v", err)
	}
}
