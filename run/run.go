package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Run is a run that this process holds. One goroutine uses it at a time.
type Run struct {
	Dir    string
	Record Record // Save writes it
	lock   *flock.Flock
}

// ErrInUse says that another process holds the run's lock.
var ErrInUse = errors.New("another process trains in this folder: wait until it ends, or stop it")

// Create makes the folder of a new run directly under runs, which is made if
// it is not there, and holds its lock. The name is the time to the minute and
// what r.What says, with a number if that is taken: nothing is overwritten.
// State, time and environment of r are filled in. The folder appears with its
// record in it, so that a process killed at any moment leaves a run that can
// be taken up, or none.
func Create(runs string, r Record) (*Run, error) {
	if err := os.MkdirAll(runs, 0o777); err != nil {
		return nil, fmt.Errorf("run: the runs folder cannot be made: %w", err)
	}
	r.Started = time.Now().Round(time.Second)
	r.State, r.Environment = Running, Here()
	draft, err := makeDraft(runs, &r)
	if err != nil {
		return nil, fmt.Errorf("run: the folder cannot be made: %w", err)
	}
	dir, err := publish(draft, filepath.Join(runs, strings.TrimSuffix(r.Started.Format("20060102-1504")+"-"+tame(r.What), "-")))
	if err != nil {
		os.RemoveAll(draft)
		return nil, fmt.Errorf("run: the folder cannot be made: %w", err)
	}
	run, err := hold(dir)
	if err != nil {
		return nil, err
	}
	run.Record = r
	return run, nil
}

// draftPrefix marks folders that are yet without a name.
const draftPrefix = ".new-"

// makeDraft makes a hidden folder under runs that holds the record r.
func makeDraft(runs string, r *Record) (string, error) {
	sweepDrafts(runs)
	for i := 0; ; i++ {
		draft := filepath.Join(runs, fmt.Sprintf("%s%d-%d", draftPrefix, os.Getpid(), i))
		err := os.Mkdir(draft, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = r.write(draft)
		}
		if err != nil {
			os.RemoveAll(draft)
			return "", err
		}
		return draft, nil
	}
}

// sweepDrafts removes drafts of processes that were killed long ago.
func sweepDrafts(runs string) {
	left, _ := filepath.Glob(filepath.Join(escapeGlob(runs), draftPrefix+"*"))
	for _, draft := range left {
		if info, err := os.Stat(draft); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.RemoveAll(draft)
		}
	}
}

// publish gives a draft the first name that is free: two may start at once.
func publish(draft, stem string) (dir string, err error) {
	dir = stem
	err = os.Rename(draft, dir)
	for i := 2; errors.Is(err, fs.ErrExist); i++ {
		dir = fmt.Sprintf("%s-%d", stem, i)
		err = os.Rename(draft, dir)
	}
	return dir, errors.Join(err, syncFolder(filepath.Dir(stem)))
}

// tame keeps of a name what is easy to type in a shell.
func tame(name string) string {
	return strings.Trim(strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		}
		return '-'
	}, name), "-.")
}

// begin locks a folder without record and writes its first.
func begin(dir string, r Record) (*Run, error) {
	r.State, r.Environment = Running, Here()
	if r.Started.IsZero() {
		r.Started = time.Now().Round(time.Second)
	}
	run, err := hold(dir)
	if err != nil {
		return nil, err
	}
	run.Record = r
	if err := errors.Join(run.Save(), syncFolder(filepath.Dir(dir))); err != nil {
		run.Close()
		return nil, err
	}
	return run, nil
}

// Open takes up the run in dir and holds its lock; the error is [ErrInUse] if
// another process does. What a killed process left half written is removed.
func Open(dir string) (*Run, error) {
	if _, err := Read(dir); err != nil {
		return nil, err
	}
	run, err := hold(dir)
	if err != nil {
		return nil, err
	}
	// Read again: the record may have changed until the lock was ours.
	if run.Record, err = Read(dir); err == nil {
		err = Sweep(dir)
	}
	if err != nil {
		run.Close()
		return nil, err
	}
	return run, nil
}

// At takes up the run in dir if there is one, or else begins one there with
// the record r; found tells which. It is for programs that choose the folder.
func At(dir string, r Record) (run *Run, found bool, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, false, fmt.Errorf("run: the folder cannot be made: %w", err)
	}
	if run, err = Open(dir); !errors.Is(err, fs.ErrNotExist) {
		return run, true, err
	}
	run, err = begin(dir, r)
	return run, false, err
}

// patience is how long to wait for a lock: those who only look take it for a
// moment.
const patience = 200 * time.Millisecond

func hold(dir string) (*Run, error) {
	l := flock.New(filepath.Join(dir, lockFile))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := l.TryLockContext(ctx, patience/20)
	switch {
	case got:
		r := &Run{Dir: dir, lock: l}
		held.Store(r, nil)
		return r, nil
	case err == nil || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("run: %q: %w", dir, ErrInUse)
	}
	return nil, fmt.Errorf("run: %q cannot be locked: %w: check the folder's owner and permissions", dir, err)
}

// Save writes Record to run.json, whole or not at all.
func (r *Run) Save() error { return r.Record.write(r.Dir) }

// File returns the path of a file in the run's folder.
func (r *Run) File(name string) string { return filepath.Join(r.Dir, name) }

// Close gives the lock back. It does not save.
func (r *Run) Close() error {
	held.Delete(r)
	return r.lock.Close()
}

// Entry is a run in a list.
type Entry struct {
	Name, Dir string
	Record    Record
	Live      bool  // a process holds its lock
	Problem   error // its record cannot be read; Record is empty
}

// List returns the runs directly under a folder, the latest first: every
// folder that has run.json or a lock, the broken ones with their problem. A
// runs folder that is not there has none.
func List(runs string) ([]Entry, error) {
	found, err := os.ReadDir(runs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run: list: %w", err)
	}
	var all []Entry
	for _, f := range found {
		dir := filepath.Join(runs, f.Name())
		isRun := exists(filepath.Join(dir, RecordFile)) || exists(filepath.Join(dir, lockFile))
		if !isRun || strings.HasPrefix(f.Name(), draftPrefix) {
			continue
		}
		e := Entry{Name: f.Name(), Dir: dir, Live: Live(dir)}
		e.Record, e.Problem = Read(dir)
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b Entry) int {
		if c := b.Record.Started.Compare(a.Record.Started); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	return all, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// Live tells whether a process holds the lock of the run in dir. It makes no
// lock file.
func Live(dir string) bool {
	file := filepath.Join(dir, lockFile)
	if !exists(file) {
		return false
	}
	l := flock.New(file, flock.SetFlag(os.O_RDONLY))
	got, err := l.TryRLock()
	if got {
		l.Close()
	}
	return err == nil && !got
}

// State returns how the run stands: a run that was killed is Stopped.
func (e *Entry) State() State {
	if e.Record.State == Running && !e.Live {
		return Stopped
	}
	return e.Record.State
}

// escapeGlob has filepath.Glob take a folder's name as it is.
func escapeGlob(s string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(s)
}
