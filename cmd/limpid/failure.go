package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// code is an exit code.
type code int

// The exit codes; --help of the command lists them.
const (
	codeOK          code = 0
	codeBug         code = 1
	codeUsage       code = 2
	codeInput       code = 3
	codeRun         code = 4
	codeOutput      code = 5
	codeDiverged    code = 6
	codeInterrupted code = 130
)

// codes says in words what each exit code means, in order.
var codes = []struct {
	code  code
	name  string
	words string
}{
	{codeOK, "ok", "done; a target that was missed is done, too"},
	{codeBug, "internal", "a bug in limpid, or a machine that gave out"},
	{codeUsage, "usage", "an unknown verb, flag or setting, or a value it does not take"},
	{codeInput, "input", "data or a picture that is missing, damaged or of the wrong kind"},
	{codeRun, "run", "a run that is missing, damaged, of another network, or in use"},
	{codeOutput, "output", "a folder that cannot be written, a disk that is full"},
	{codeDiverged, "diverged", "training ended in a loss or a weight that is no number"},
	{codeInterrupted, "interrupted", "stopped by Ctrl-C, SIGTERM or SIGHUP; a checkpoint is there to resume"},
}

func (c code) String() string {
	for _, k := range codes {
		if k.code == c {
			return k.name
		}
	}
	return fmt.Sprintf("code(%d)", int(c))
}

// failure is an error with its exit code and what the user can do about it.
type failure struct {
	code code
	err  error
	fix  string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail returns a failure; format is as for fmt.Errorf.
func fail(c code, fix, format string, a ...any) error {
	return &failure{c, fmt.Errorf(format, a...), fix}
}

// because gives err a code and a fix, unless it has them.
func because(c code, fix string, err error) error {
	var f *failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	if c != codeUsage && isOutput(err) {
		c, fix = codeOutput, "free some space or choose another folder with --runs-dir; what was written before is intact"
	}
	return &failure{c, err, fix}
}

// printed gives a failure to write to standard output its code: that no folder
// of runs can help.
func printed(err error) error {
	if err == nil {
		return nil
	}
	return fail(codeOutput, "check where standard output goes: a full disk, a closed pipe", "write to standard output: %w", err)
}

// isOutput tells whether err says that the disk cannot take what was written.
func isOutput(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EFBIG, syscall.EIO} {
		if errors.Is(err, e) {
			return true
		}
	}
	var p *fs.PathError
	return errors.As(err, &p) && p.Op == "mkdir"
}

// report is a failure as JSON.
type report struct {
	Error reportError `json:"error"`
}

type reportError struct {
	Code    int    `json:"code"`
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// explain writes err for people, and as JSON for programs if asked to, and
// returns its exit code.
func explain(s Streams, asJSON bool, err error) code {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{codeBug, err, "please report this, with the command you ran"}
	}
	writeFailure(s.Err, f)
	var told *toldFailure
	if asJSON && !errors.As(err, &told) {
		e := reportError{int(f.code), f.code.String(), withoutPlaces(f.Error()), f.fix}
		if err := printJSON(s.Out, report{e}); err != nil {
			return codeOutput
		}
	}
	return f.code
}

func writeFailure(w io.Writer, f *failure) {
	message := withoutPlaces(f.Error())
	fmt.Fprintf(w, "limpid: %s\n", indent(message))
	label := "fix"
	if f.code == codeInterrupted || strings.Contains(message, "fix: ") {
		label = "next" // nothing is broken, or it was said how to mend it
	}
	if f.fix != "" {
		fmt.Fprintf(w, "  %s: %s\n", label, f.fix)
	}
}

// place is the line of an error that says where in the program it was noticed:
// of use to who writes programs, and noise to who runs this one.
var place = regexp.MustCompile(`\n\s*in \S+\.go:\d+`)

func withoutPlaces(message string) string { return place.ReplaceAllString(message, "") }

// indent sets the further lines of a message off from its first.
func indent(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

// rescue turns a panic that got this far into a failure that shows where it
// came from on one line, and no stack.
func rescue(err *error) {
	p := recover()
	if p == nil {
		return
	}
	*err = fail(codeBug, "please report this line, with the command you ran and the output of limpid version", "bug: %v (at %s)", p, origin())
}

// origin returns the file and line that panicked: the first frame below
// runtime's own.
func origin() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", f.File[strings.LastIndex(f.File, "/")+1:], f.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

// printJSON writes v as one document.
func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if _, err = w.Write(append(text, '\n')); err != nil {
		return printed(err)
	}
	return nil
}
