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
// what is frozen: safetensors, without time or place.
type Checkpoint struct {
	Dir      string // made if it is not there
	Keep     int    // how many files to keep, the newest; 0 means 2
	Updaters []*Updater
	Averages []*Average                // observed before Restore
	Carry    map[string]*tensor.Tensor // what else the loop carries on: a recurrent state, say

	more []keeper // Fit's
	seen bool     // Restore or Save has looked into Dir
}

// The form of the files.
const (
	formatKey   = "limpid.checkpoint"
	formatNow   = 1
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

// Restore reads the newest checkpoint in Dir and puts everything back; found is
// false if there is none. The error says what does not fit or which file is
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
	steps, err := c.files()
	if err != nil {
		return false, err
	}
	if err := run.Sweep(c.Dir); err != nil {
		return false, err
	}
	c.seen = true
	if len(steps) == 0 {
		return false, nil
	}
	file := c.file(steps[0])
	s := newState()
	if s.tensors, s.meta, err = safetensors.ReadFile(file); err != nil {
		fix := "remove it to start again"
		if len(steps) > 1 {
			fix = fmt.Sprintf("remove it to go on from step %d", steps[1])
		}
		return false, fmt.Errorf("%w\n\tfix: %s", err, fix)
	}
	if err := c.load(s, keepers); err != nil {
		return false, fmt.Errorf("%s does not fit: %w", file, err)
	}
	return true, nil
}

func (c *Checkpoint) load(s *state, keepers []keeper) error {
	format := 0
	if err := s.get(formatKey, &format); err != nil {
		return err
	}
	if format != formatNow {
		return fmt.Errorf("it has format %d, this limpid reads %d: use the limpid that wrote it", format, formatNow)
	}
	return s.loadAll(keepers)
}
