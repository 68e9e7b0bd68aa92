package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/network"
	"github.com/limpid-ml/limpid/run"
)

// folder is a run's folder.
type folder struct {
	path   string
	record run.Record
	held   *run.Run // nil: looked at, not held
}

const weightsFile = "weights.safetensors"

// besideWeights names the file of a further network's weights.
func besideWeights(file string, p recipe.Part) string {
	return strings.TrimSuffix(file, ".safetensors") + "-" + p.Name + ".safetensors"
}

func (f *folder) weights() string { return filepath.Join(f.path, weightsFile) }

func (f *folder) recordFile() string { return filepath.Join(f.path, run.RecordFile) }

const whereToWrite = "choose a folder that you may write with --runs-dir"

// createFolder makes the folder of a new run and takes its lock.
func createFolder(runs, name string, cfg recipe.Config) (*folder, error) {
	text, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	held, err := run.Create(runs, run.Record{What: name, Config: text, Seed: cfg.Shared().Seed})
	if err != nil {
		return nil, fail(codeOutput, whereToWrite, "%w", err)
	}
	return &folder{held.Dir, held.Record, held}, nil
}

// lock keeps other processes from writing to the run.
func (f *folder) lock() error {
	held, err := run.Open(f.path)
	switch {
	case errors.Is(err, run.ErrInUse):
		return fail(codeRun, "limpid runs tells when it ends", "%w", err)
	case err != nil:
		return fail(codeOutput, "check the folder's owner and permissions", "%w", err)
	}
	f.record, f.held = held.Record, held
	return nil
}

func (f *folder) unlock() {
	if f.held != nil {
		f.held.Close()
	}
}

// save writes the record of a run that is held.
func (f *folder) save() error {
	f.record.Version = version // of limpid: a build without tags has none of its own
	f.held.Record = f.record
	return because(codeOutput, whereToWrite, f.held.Save())
}

// finish records what the run reached.
func (f *folder) finish(r *result) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f.record.State, f.record.Seconds, f.record.Result = run.Finished, r.Seconds, text
	return f.save()
}

// end records why a run ended before it was finished.
func (f *folder) end(state run.State, trouble string, seconds float64) error {
	f.record.State, f.record.Trouble, f.record.Seconds = state, trouble, seconds
	return f.save()
}

// finished tells whether the run has come to its end.
func (f *folder) finished() bool { return f.record.State == run.Finished }

// result is what a finished run reached. It names the folder as the user did,
// who may have moved it.
func (f *folder) result() (*result, error) {
	var r result
	if err := json.Unmarshal(f.record.Result, &r); err != nil {
		return nil, fail(codeRun, "put back a copy of it, or train again", "%s is damaged: its result: %w", f.recordFile(), err)
	}
	r.Run = f.path
	return &r, nil
}

// open returns what the run trains: its recipe, settings and task.
func (f *folder) open() (*recipe.Recipe, recipe.Config, *recipe.Task, error) {
	r, cfg, err := f.configuration()
	if err != nil {
		return nil, nil, nil, err
	}
	task, err := openTask(r, cfg)
	return r, cfg, task, err
}

// configuration returns the run's recipe and settings.
func (f *folder) configuration() (*recipe.Recipe, recipe.Config, error) {
	r, err := network.Recipe, error(nil)
	if f.record.What != r.Name {
		r, err = findRecipe(f.record.What)
	}
	if err != nil {
		return nil, nil, fail(codeRun, "use the limpid that trained it", "%s: %w", f.recordFile(), err)
	}
	cfg := r.New(false)
	if err := recipe.Decode(f.record.Config, cfg); err != nil {
		return nil, nil, fail(codeRun, "use the limpid that trained it, or train again", "%s: %w", f.recordFile(), err)
	}
	return r, cfg, nil
}

// openFolder reads a run's record.
func openFolder(path string) (*folder, error) {
	r, err := run.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(codeRun, "limpid runs lists the runs", "%q is no run: it has no %s", path, run.RecordFile)
	}
	if err != nil {
		return nil, fail(codeRun, "put back a copy of the file, check who may read it, or train again", "%w", err)
	}
	return &folder{path: path, record: r}, nil
}

// findFolder finds the run that the user calls name: a folder, its name below
// runs, or "latest".
func findFolder(runs, name string) (*folder, error) {
	if name == "latest" {
		return latestFolder(runs)
	}
	if !strings.ContainsRune(name, filepath.Separator) && isFolder(filepath.Join(runs, name)) {
		return openFolder(filepath.Join(runs, name))
	}
	if !isFolder(name) {
		return nil, noFolder(runs, name)
	}
	return openFolder(filepath.Clean(name))
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func latestFolder(runs string) (*folder, error) {
	all, err := listFolders(runs)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fail(codeRun, "limpid train makes one; --runs-dir says where to look", "there are no runs in %q", runs)
	}
	return openFolder(all[0].Dir)
}

func noFolder(runs, name string) error {
	fix := "limpid runs lists the runs; --runs-dir says where to look"
	if n := recipe.Nearest(name, runNames(runs)); n != "" {
		fix = "did you mean " + n + "? " + fix
	}
	return fail(codeRun, fix, "there is no run %q", name)
}

// listFolders lists the runs below a folder, the latest first.
func listFolders(runs string) ([]run.Entry, error) {
	all, err := run.List(runs)
	return all, because(codeRun, "check the folder's owner and permissions", err)
}

func runNames(runs string) []string {
	all, _ := run.List(runs)
	names := make([]string, len(all))
	for i, e := range all {
		names[i] = e.Name
	}
	return names
}

// trained is a run with its network as far as it is trained.
type trained struct {
	*folder
	task *recipe.Task
	at   backstage.Standing // the checkpoint whose weights these are; of step 0: the final ones
}

// openTrained opens a run and its task with the trained weights in it: the
// final ones, or else, of an unfinished run and if bare, those of the newest
// checkpoint. data replaces the run's unless it is empty. bare: the run is only
// asked or looked at, and needs no data.
func openTrained(runs, name, data string, bare bool) (*trained, error) {
	f, err := findFolder(runs, name)
	if err != nil {
		return nil, err
	}
	r, cfg, err := f.configuration()
	if err != nil {
		return nil, err
	}
	cfg.Shared().Bare = bare
	if data != "" {
		cfg.Shared().Data = data
	}
	task, err := openTask(r, cfg)
	if err != nil {
		return nil, err
	}
	t := &trained{folder: f, task: task}
	switch {
	case !f.finished() && bare && task.Run == nil:
		return t, t.restore()
	case !f.finished():
		return nil, fail(codeRun, "limpid resume "+shellWord(f.path)+" finishes it", "the run %s is not finished: it has no %s yet", f.path, weightsFile)
	}
	return t, t.load()
}

// sound takes the weights of the final checkpoint if those in the file are not
// what the run recorded, or refuses to answer.
func (t *trained) sound(s Streams) error {
	if !t.finished() {
		return nil
	}
	r, err := t.result()
	if err != nil {
		return err
	}
	if sum, err := fileSum(t.weights()); err == nil && sum == r.SHA256 {
		return nil
	}
	sum, err := t.rebuild()
	if err != nil || sum != r.SHA256 {
		return fail(codeRun, "put back a copy of the file, or train again with the settings that run.json shows",
			"%s is not what the run wrote (its SHA-256 is another than run.json's weights_sha256), and no checkpoint gives it back", t.weights())
	}
	fmt.Fprintf(s.Err, "warning: %s is not what the run wrote: took the same weights from its last checkpoint\n", t.weights())
	return nil
}

// rebuild gives the network the weights of the last checkpoint, and returns
// the SHA-256 of the file that they make.
func (t *trained) rebuild() (string, error) {
	if _, found, err := fits.Look(t.path, t.task.Net); err != nil || !found {
		return "", cmp.Or(err, fs.ErrNotExist)
	}
	dir, err := os.MkdirTemp("", "limpid-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, weightsFile)
	if err := t.task.Net.Save(file); err != nil {
		return "", err
	}
	return fileSum(file)
}

// usable refuses weights that no answer can come from.
func (t *trained) usable() error {
	for _, p := range append([]recipe.Part{{Net: t.task.Net}}, t.task.Also...) {
		for _, h := range holdings(p.Net) {
			if h.NotFinite > 0 {
				return fail(codeRun, "put back a copy of the weights, or train again with a lower learning rate (--set lr=…)",
					"the weights of %s give no answer: %s of the numbers in %s are not finite", t.path, grouped(h.NotFinite), strings.TrimPrefix(p.Name+" ", " ")+h.Name)
			}
		}
	}
	return nil
}

// load gives the networks their final weights.
func (t *trained) load() error {
	err := t.task.Net.Load(t.weights())
	for _, p := range t.task.Also {
		err = errors.Join(err, p.Net.Load(besideWeights(t.weights(), p)))
	}
	if err != nil {
		return fail(codeRun, "put back a copy of the file, or train again with the settings that run.json shows", "%w", err)
	}
	return nil
}

// restore gives the network the weights of the newest checkpoint. The run may
// be training meanwhile: it is only read.
func (t *trained) restore() error {
	at, found, err := fits.Look(t.path, t.task.Net)
	if err != nil {
		return fail(codeRun, "limpid resume "+shellWord(t.path)+" tells what can be done", "%w", err)
	}
	if !found {
		return fail(codeRun, "limpid resume "+shellWord(t.path)+" starts it again", "the run %s stopped ahead of its first checkpoint: it has no weights yet", t.path)
	}
	t.at = at
	return nil
}

// fits looks at how far fits have come.
var fits = backstage.OpenTrain[nn.Net]()

// completeRuns offers runs to a shell.
func completeRuns(o *folderOptions) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return append([]string{"latest"}, runNames(o.runs)...), cobra.ShellCompDirectiveDefault
	}
}

// completeRunThenFiles offers runs, then files.
func completeRunThenFiles(o *folderOptions) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return completeRuns(o)(c, args, word)
	}
}
