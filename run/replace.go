package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace has write write a file that appears under its name complete or not
// at all, even if the process or the machine stops: a temporary file beside
// it, synced, then renamed, and the folder synced. What was there before stays
// until then, and stays if there is an error.
func Replace(file string, write func(w io.Writer) error) error {
	if err := replace(file, write); err != nil {
		return fmt.Errorf("run: write %q: %w", file, err)
	}
	return nil
}

func replace(file string, write func(w io.Writer) error) (err error) {
	dir := filepath.Dir(file)
	t, err := createTemp(dir, filepath.Base(file))
	if err != nil {
		return err
	}
	defer func() { // after a panic of write too: then err is nil
		t.Close()
		os.Remove(t.Name()) // it is not there any more if all went well
	}()
	if err := write(t); err != nil {
		return err
	}
	if err := errors.Join(t.Sync(), t.Close()); err != nil {
		return err
	}
	if err := os.Rename(t.Name(), file); err != nil {
		return err
	}
	return syncFolder(dir)
}

// createTemp makes a file of a name that nobody has. os.CreateTemp would let
// only the owner read it; a run's files are as readable as the umask lets them.
func createTemp(dir, name string) (*os.File, error) {
	for i := 0; ; i++ {
		temp := fmt.Sprintf("%s%s-%d-%d", tempPrefix, name, os.Getpid(), i)
		f, err := os.OpenFile(filepath.Join(dir, temp), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// tempPrefix marks files that a killed process may leave behind.
const tempPrefix = ".tmp-"

// syncFolder makes a folder's names durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Sweep removes the temporary files that a killed Replace left in a folder.
// Only a holder of the run's lock may call it.
func Sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(escapeGlob(dir), tempPrefix+"*"))
	for _, file := range left {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}
