package tensor

import (
	"fmt"
	"runtime"
	"strings"
)

// Error is a mistake in a program: a shape or type that an operation cannot
// take, or a tensor used after its pass. Operations panic with it; [Try],
// nn.Build and the other entry points return it.
type Error struct {
	Op     string  // "tensor.MatMul"
	Layer  string  // "head.fc2 (nn.Linear)"; empty outside a model
	Shapes [][]int // operands, in order
	Why    string  // the rule that was broken
	Fix    string  // what to change, in the user's words
	At     string  // caller's file:line
}

// Error returns the message: operation, rule and shapes on the first line,
// then layer, place and fix, each on a line of its own.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": " + e.Why)
	for i, s := range e.Shapes {
		sep := " · "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%v", sep, s)
	}
	for _, l := range [...]struct{ word, text string }{{"at", e.Layer}, {"in", e.At}, {"fix:", e.Fix}} {
		if l.text != "" {
			b.WriteString("\n\t" + l.word + " " + l.text)
		}
	}
	return b.String()
}

// Try runs f and returns the [*Error] it panics with, if any. Other panics
// pass through.
func Try(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *Error:
			err = p
		default:
			panic(p)
		}
	}()
	f()
	return nil
}

// Fail panics with an [*Error]: a layer's or an operation's own complaint.
func Fail(op, format string, a ...any) {
	fail(&Error{Op: op, Why: fmt.Sprintf(format, a...)})
}

// fail completes e with the caller's place and panics.
func fail(e *Error) {
	e.At = callerOutside()
	panic(e)
}

// own lists the packages that stand between a user's line and an operation.
var own = [...]string{"tensor.", "nn.", "loss.", "optim.", "train.", "model.", "probe.", "data.", "data/", "internal/"}

// callerOutside returns file:line of the first caller outside limpid's core.
func callerOutside() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") && (!inside(f.Function) || strings.HasSuffix(f.File, "_test.go")) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}

func inside(function string) bool {
	rest, ok := strings.CutPrefix(function, "github.com/limpid-ml/limpid/")
	if !ok {
		return false
	}
	for _, p := range own {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}
