package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

// Checkpoint keeps the state of updaters in a folder, for loops of one's own;
// Fit keeps one itself. Batches that are a function of Updater.Steps, as a
// data.Loader's are, make a loop that is killed and started again end with the
// same bits as one that was not:
//
//	ck := train.Checkpoint{Dir: "runs/a/checkpoints", Updaters: []*train.Updater{u}}
//	if _, err := ck.Restore(); err != nil {
//		return err
//	}
//	for b, err := range loader.Batches(ctx, u.Steps(), total) {
//
// One process uses a folder at a time. Files are named by the first updater's
// step and hold weights, running statistics, the optimisers' state, steps, and
// what is frozen: safetensors, without time or place. Each has the SHA-256 of
// what it holds.
type Checkpoint struct {
	Dir      string // made if it is not there
	Keep     int    // how many files to keep, the newest; 0 means 2
	Updaters []*Updater
	Averages []*Average                // observed before Restore
	Carry    map[string]*tensor.Tensor // what else the loop carries on: a recurrent state, say
	Warnings []string                  // Restore's: what was damaged and passed over

	more []keeper // Fit's
	seen bool     // Restore or Save has looked into Dir
}

// The form of the files.
const (
	formatKey   = "limpid.checkpoint"
	formatNow   = 2 // since it has a digest
	digestKey   = "limpid.sha256"
	filePrefix  = "step-"
	fileSuffix  = ".safetensors"
	defaultKeep = 2
)

// replace is run.Replace; tests have it fail.
var replace = run.Replace

// Save writes a checkpoint, whole or not at all: a process that is killed
// meanwhile leaves the one before. Older files beyond Keep go.
func (c *Checkpoint) Save() error {
	if err := c.save(); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	return nil
}

func (c *Checkpoint) save() error {
	keepers, err := c.keepers()
	if err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		return err
	}
	s := newState()
	if err := s.put(formatKey, formatNow); err != nil {
		return err
	}
	for _, k := range keepers {
		if err := k.save(s); err != nil {
			return err
		}
	}
	if s.meta[digestKey], err = s.digest(); err != nil {
		return err
	}
	write := func(w io.Writer) error { return safetensors.Write(w, s.tensors, s.meta) }
	if err := replace(c.file(c.step()), write); err != nil {
		return err
	}
	return c.prune()
}

func (c *Checkpoint) step() int { return c.Updaters[0].steps }

func (c *Checkpoint) file(step int) string {
	return filepath.Join(c.Dir, fmt.Sprintf("%s%09d%s", filePrefix, step, fileSuffix))
}

// keepers lists whose state is kept.
func (c *Checkpoint) keepers() ([]keeper, error) {
	if c.Dir == "" {
		return nil, errors.New("Dir is empty: say in which folder to keep the files")
	}
	if len(c.Updaters) == 0 {
		return nil, errors.New("there are no Updaters to keep")
	}
	var all []keeper
	for i, u := range c.Updaters {
		all = append(all, updaterState{u, fmt.Sprintf("updater%d", i)})
	}
	for i, a := range c.Averages {
		all = append(all, averageState{a, fmt.Sprintf("average%d", i)})
	}
	return append(append(all, carryState(c.Carry)), c.more...), nil
}

// prepare makes the folder, and makes sure that no other loop's later file
// lies in it, which would be taken for this one's.
func (c *Checkpoint) prepare() error {
	if err := os.MkdirAll(c.Dir, 0o777); err != nil || c.seen {
		return err
	}
	steps, err := c.files()
	if err != nil {
		return err
	}
	if len(steps) > 0 && steps[0] > c.step() {
		return fmt.Errorf("%s holds step %d, and this loop is at step %d: Restore first, or use another folder", c.Dir, steps[0], c.step())
	}
	c.seen = true
	return nil
}

// files returns the steps of the files in the folder, the newest first.
func (c *Checkpoint) files() ([]int, error) {
	found, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var steps []int
	for _, f := range found {
		name, ok1 := strings.CutPrefix(f.Name(), filePrefix)
		name, ok2 := strings.CutSuffix(name, fileSuffix)
		if n, err := strconv.Atoi(name); ok1 && ok2 && err == nil && n >= 0 {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	slices.Reverse(steps)
	return steps, nil
}

// prune removes the oldest files.
func (c *Checkpoint) prune() error {
	keep := c.Keep
	if keep < 1 {
		keep = defaultKeep
	}
	steps, err := c.files()
	for i := keep; i < len(steps); i++ {
		err = errors.Join(err, os.Remove(c.file(steps[i])))
	}
	return err
}

// Restore reads the newest checkpoint in Dir that is sound, and puts everything
// back; found is false if there is none. Newer ones that are damaged are set
// aside under another name, with a line in Warnings: the loop comes to the same
// bits from an older one. The error says what does not fit, or that all are
// damaged; then nothing is changed.
func (c *Checkpoint) Restore() (found bool, err error) {
	if found, err = c.restore(); err != nil {
		return false, fmt.Errorf("train: restore: %w", err)
	}
	return found, nil
}

func (c *Checkpoint) restore() (bool, error) {
	keepers, err := c.keepers()
	if err != nil {
		return false, err
	}
	s, step, broken, err := c.newest()
	if err != nil {
		return false, err
	}
	if err := run.Sweep(c.Dir); err != nil {
		return false, err
	}
	if s != nil {
		if err := s.loadAll(keepers); err != nil {
			return false, fmt.Errorf("%s does not fit: %w", c.file(step), err)
		}
	}
	c.seen = true
	c.Warnings = nil
	for _, b := range broken {
		c.Warnings = append(c.Warnings, b.warning(step))
		if err := os.Rename(b.file, b.file+damagedSuffix); err != nil {
			return false, err
		}
	}
	return s != nil, nil
}

// damagedSuffix ends the names of files that were set aside.
const damagedSuffix = ".damaged"

// brokenFile is a checkpoint that is damaged.
type brokenFile struct {
	file string
	why  error
}

func (b brokenFile) warning(step int) string {
	return fmt.Sprintf("the checkpoint %s is damaged (%v): went on from the one of step %d, and put it aside as %s", filepath.Base(b.file), b.why, step, filepath.Base(b.file)+damagedSuffix)
}

// newest reads the newest file that is sound, nil if there are no files. It
// changes nothing.
func (c *Checkpoint) newest() (s *state, step int, broken []brokenFile, err error) {
	steps, err := c.files()
	if err != nil {
		return nil, 0, nil, err
	}
	for _, step := range steps {
		s, why := readState(c.file(step))
		if why == nil {
			return s, step, broken, nil
		}
		if errors.Is(why, fs.ErrNotExist) {
			return c.newest() // who trains has pruned it meanwhile
		}
		if errors.Is(why, errFormat) || errors.Is(why, fs.ErrPermission) {
			return nil, 0, nil, fmt.Errorf("%s does not fit: %w", c.file(step), why)
		}
		broken = append(broken, brokenFile{c.file(step), why})
	}
	if len(broken) > 0 {
		return nil, 0, nil, fmt.Errorf("%s is damaged, and there is no other that is sound: %w\n\tfix: remove what is in %s to start again, or put back a copy of it", broken[0].file, broken[0].why, c.Dir)
	}
	return nil, 0, nil, nil
}
