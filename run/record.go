package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/internal/par"
)

// The names of a run's files.
const (
	RecordFile = "run.json"
	EventsFile = "events.jsonl"
	lockFile   = "lock"
)

// State is how far a run has come.
type State string

// The states. A run that says Running while nobody holds its lock was killed.
const (
	Running  State = "running"
	Finished State = "finished"
	Stopped  State = "stopped" // by its user; it can be resumed
	Failed   State = "failed"
)

// Record is what run.json holds. What and Config are the caller's, as is
// Result; the environment is filled in by Create.
type Record struct {
	What    string          `json:"what"`             // recipe or program
	Config  json.RawMessage `json:"config,omitempty"` // the settings
	Seed    uint64          `json:"seed"`
	State   State           `json:"state"`
	Trouble string          `json:"trouble,omitempty"` // why it failed
	Started time.Time       `json:"started"`
	Seconds float64         `json:"seconds"` // of training, over all sittings
	Result  json.RawMessage `json:"result,omitempty"`

	Environment
}

// Environment is what a run ran on. Other kernels may give other bits.
type Environment struct {
	Kernels string `json:"kernels"` // "avx512", "avx2" or "go"
	Threads int    `json:"threads"`
	Go      string `json:"go"`
	System  string `json:"system"`           // "linux/amd64"
	Commit  string `json:"commit,omitempty"` // of the program, if it was built from a checkout
	Changed bool   `json:"changed,omitempty"`
	Version string `json:"version,omitempty"` // of the main module
}

// Here returns this process's environment.
func Here() Environment {
	e := Environment{
		Kernels: kernel.Variant(), Threads: par.Workers(),
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return e
	}
	e.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			e.Commit = s.Value
		case "vcs.modified":
			e.Changed = s.Value == "true"
		}
	}
	return e
}

// Read returns the record of the run in dir.
func Read(dir string) (Record, error) {
	var r Record
	file := filepath.Join(dir, RecordFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("run: %q is no run, for it has no %s: %w", dir, RecordFile, err)
	}
	if err != nil {
		return r, fmt.Errorf("run: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("run: %s is damaged: %w: put back a copy of it, or train again", file, err)
	}
	switch r.State {
	case Running, Finished, Stopped, Failed:
		return r, nil
	}
	return r, fmt.Errorf("run: %s is damaged: state %q, want running, finished, stopped or failed", file, r.State)
}

// write saves the record in dir.
func (r *Record) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("run: %s: %w", filepath.Join(dir, RecordFile), err)
	}
	return Replace(filepath.Join(dir, RecordFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
