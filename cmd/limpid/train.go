package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
)

// trainOptions are the flags of train. Those that name settings are pointers
// to what the user typed: a setting that was not typed keeps its default.
type trainOptions struct {
	recipe  string
	config  string // a YAML file
	seed    string
	epochs  string
	data    string
	brief   [len(briefs)]string // values of the flags that are short for a setting
	quick   bool
	set     []string
	folders folderOptions
	machine machineOptions
	view    viewOptions
}

// briefs are settings of some recipes that have a flag of their own.
var briefs = [...]struct{ key, value string }{{"activation", "name"}, {"model", "name"}, {"target", "column"}}

// folderOptions say where runs are.
type folderOptions struct{ runs string }

func (o *folderOptions) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.runs, "runs-dir", "runs", "the `folder` that holds a folder for each run")
}

// machineOptions say what part of the machine to use. They change the time a
// run takes and not its result.
type machineOptions struct{ threads int }

func (o *machineOptions) flags(c *cobra.Command) {
	c.Flags().IntVar(&o.threads, "threads", 0, "use `n` threads, 0 for one a core; the result is the same, bit by bit")
}

// viewOptions say how to show progress.
type viewOptions struct {
	json  bool
	plain bool
}

func (o *viewOptions) flags(c *cobra.Command) {
	jsonFlag(c, &o.json)
	c.Flags().BoolVar(&o.plain, "plain", false, "write lines even on a terminal, instead of the live view")
}

func newTrain(s Streams) *cobra.Command {
	var o trainOptions
	c := &cobra.Command{
		Use:   "train [RECIPE | FILE.yaml] [flags]",
		Short: "Train a network, watch it learn, and measure it",
		Long:  trainHelp(),
		Example: `  limpid train
  limpid train --seed 2 --epochs 3 --set lr=0.001 --set batch=128
  limpid train fashion
  limpid recipes fashion --yaml > mine.yaml; limpid train mine.yaml --seed 2
  limpid train --data /usr/share/datasets/fashion-mnist
  limpid train --json 2>/dev/null | jq .metrics.test.accuracy`,
		Args:              arguments(0, 1, ""),
		ValidArgsFunction: completeTrain,
	}
	f := c.Flags()
	configFlag(c, &o.config)
	f.StringVar(&o.seed, "seed", "", "short for --set seed=`n`")
	f.StringVar(&o.epochs, "epochs", "", "short for --set epochs=`n`")
	f.StringVar(&o.data, "data", "", "train on your own or the full data, in this file or `folder`, instead of what limpid brings along")
	for i, b := range briefs {
		f.StringVar(&o.brief[i], b.key, "", "short for --set "+b.key+"=`"+b.value+"`, in a recipe that has it")
	}
	f.BoolVar(&o.quick, "quick", false, "train for a few seconds only, to see that all works")
	f.StringArrayVar(&o.set, "set", nil, "change a setting: `key=value`, any number of times")
	o.folders.flags(c)
	o.machine.flags(c)
	o.view.flags(c)
	cobra.CheckErr(c.RegisterFlagCompletionFunc("set", completeSettings))
	c.RunE = func(c *cobra.Command, args []string) error {
		o.recipe = firstRecipe(args)
		return runTrain(c.Context(), s, o)
	}
	return c
}

// firstRecipe is the recipe that is named, or the first of all.
func firstRecipe(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return book.Recipes[0].Name
}

func trainHelp() string {
	var b strings.Builder
	b.WriteString(`Trains the network of a recipe from its seed, validates it after each epoch on
examples cut from the training data, and reads the test split once, at the
end. Without a recipe it trains the first of these:

`)
	for _, r := range book.Recipes {
		fmt.Fprintf(&b, "  %-12s%s\n", r.Name, r.Short)
	}
	b.WriteString(`
On a terminal it shows a live view; q stops. Elsewhere, or with --plain, it
writes lines to standard error. Ctrl-C, SIGTERM or SIGHUP finishes the step,
writes a checkpoint, says how to resume and exits with 130. A run that was killed
resumes from its last checkpoint and ends with the very same weights.

Each run is a folder below the runs folder:

  run.json              what is trained, from which settings, and the result
  events.jsonl          what happened, a line an event
  checkpoints/          to resume from
  weights.safetensors   the trained weights, under PyTorch's names
  report.html           what came of it, in pictures: one file, to be read in a
                        browser

`)
	r := book.Recipes[0]
	fmt.Fprintf(&b, "Settings of %s (--set key=value), and their defaults; limpid recipes NAME\nlists those of another recipe:\n\n", r.Name)
	b.WriteString(settingsTable(r))
	b.WriteString(`
Settings can stand in a YAML file, too: limpid recipes NAME --yaml writes all of
a recipe's, with what each is for. limpid train FILE.yaml trains the recipe that
the file names by recipe:, --config FILE.yaml gives settings to the recipe that
is named. A setting's value is the default, changed by the file, changed by
--set and the short flags. A folder named in the file is taken from where the
file stands; unknown keys and values out of range are refused with their line.

A file can list a network of your own, without a line of Go:

  data: fashion        # or digits, a folder of pictures by class, a CSV file
  layers:
    - conv2d: {out: 16, kernel: 3, pad: same, act: relu}
    - maxpool2d: 2
    - repeat:
        times: 2
        layers:
          - residual:
              body:
                - conv2d: {out: 16, kernel: 3, pad: same, no-bias: true}
                - batchnorm: {act: relu}
    - globalavgpool
    - linear: classes
  train: {epochs: 5, lr: 0.002, flip: true}

limpid recipes --layers lists the layers and their options. Shapes follow from
the data; a layer that does not fit is named with its line, its input's shape
and what to do. input: [64, 64] is the size that the pictures of a folder are
scaled to ([64, 64, 1]: without colours), target: names the column of a CSV file
to learn (a number: end with linear: 1). Settings stand below train:, as above;
also flip, shift, erase, mixup, smoothing and examples. The run is one like any
other, to predict with, resume, inspect.

With --json, standard output is one object: run, recipe, seconds, epochs,
steps, parameters, metrics (metrics.test.accuracy from 0 to 1), reference,
reached and targets where a target is set (missing it is no failure),
worst_pairs of a classifier, seed, kernels and weights_sha256.`)
	return b.String()
}

// settingsTable lists a recipe's settings with both sets of defaults.
func settingsTable(r *recipe.Recipe) string {
	full := recipe.Settings(r.New(true))
	rows := [][]string{{" ", "key", "default", "with --data", ""}}
	for i, s := range recipe.Settings(r.New(false)) {
		value, other := s.Value, full[i].Value
		if value == "" {
			value = `""`
		}
		if other == s.Value {
			other = ""
		}
		rows = append(rows, []string{" ", s.Key, value, other, s.Help})
	}
	return columns("lrlll", rows)
}

// completeTrain offers recipes and YAML files.
func completeTrain(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	names, _ := completeRecipes(c, args, word)
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	files, _ := filepath.Glob("*.y*ml")
	return append(names, files...), cobra.ShellCompDirectiveDefault
}

func completeRecipes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, r := range book.Recipes {
		names = append(names, r.Name+"\t"+r.Short)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func completeSettings(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	r := book.Recipes[0]
	if len(args) > 0 {
		if found, _ := book.Find(args[0]); found != nil {
			r = found
		}
	}
	var keys []string
	for _, s := range recipe.Settings(r.New(false)) {
		keys = append(keys, s.Key+"=\t"+s.Help)
	}
	return keys, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func runTrain(ctx context.Context, s Streams, o trainOptions) error {
	r, cfg, err := o.wanted()
	if err != nil {
		return err
	}
	if err := o.machine.apply(); err != nil {
		return err
	}
	task, err := openTask(r, cfg)
	if err != nil {
		return err
	}
	f, err := createFolder(o.folders.runs, r.Name, cfg)
	if err != nil {
		return err
	}
	defer f.unlock()
	return runSession(ctx, s, &session{folder: f, recipe: r, task: task, config: cfg, view: o.view})
}

// findRecipe finds a recipe or names the nearest.
func findRecipe(name string) (*recipe.Recipe, error) {
	r, _ := book.Find(name)
	if r != nil {
		return r, nil
	}
	var names []string
	for _, r := range book.Recipes {
		names = append(names, r.Name)
	}
	return nil, fail(codeUsage, nearest("limpid train ", name, names), "there is no recipe %q", name)
}

// wanted returns the recipe to train and its settings: the recipe's defaults,
// changed by a YAML file, changed by flags.
func (o *trainOptions) wanted() (*recipe.Recipe, recipe.Config, error) {
	r, file, err := o.source()
	if err != nil {
		return nil, nil, err
	}
	cfg, err := o.configure(r, file)
	return r, cfg, err
}

// source finds the recipe, and reads the YAML file of settings if there is one.
func (o *trainOptions) source() (*recipe.Recipe, *yamltree.Node, error) {
	switch {
	case isYAML(o.recipe) && o.config != "":
		return nil, nil, fail(codeUsage, "give one of them, and change settings with --set", "there are two files of settings: %s and %s", o.recipe, o.config)
	case isYAML(o.recipe):
		n, err := readYAML(o.recipe)
		if err != nil {
			return nil, nil, err
		}
		r, err := recipeOf(n)
		return r, n, err
	}
	r, err := findRecipe(o.recipe)
	if err != nil || o.config == "" {
		return r, nil, err
	}
	n, err := readYAML(o.config)
	if err != nil {
		return nil, nil, err
	}
	return r, n, sameRecipe(r, n)
}

// configure applies a YAML file, if there is one, and then the flags to the
// recipe's defaults: those for the full data if one of them names its folder.
func (o *trainOptions) configure(r *recipe.Recipe, file *yamltree.Node) (recipe.Config, error) {
	pairs, err := o.pairs()
	if err != nil {
		return nil, err
	}
	full := fileNamesData(file)
	for _, p := range pairs {
		if p[0] == "data" {
			full = p[1] != ""
		}
	}
	cfg := r.New(full)
	if o.quick {
		for _, kv := range r.Quick {
			key, value, _ := strings.Cut(kv, "=")
			if err := set(cfg, key, value); err != nil {
				return nil, err
			}
		}
	}
	if err := byFile(cfg, file); err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if err := set(cfg, p[0], p[1]); err != nil {
			return nil, err
		}
	}
	if slices.Contains(r.Named, cfg.Shared().Data) {
		return cfg, nil
	}
	return cfg, absolute(&cfg.Shared().Data)
}

// pairs lists the settings that the user typed, as keys and values, those of
// the short flags last.
func (o *trainOptions) pairs() ([][2]string, error) {
	var all [][2]string
	for _, kv := range o.set {
		key, value, ok := strings.Cut(kv, "=")
		if !ok {
			return nil, fail(codeUsage, "write --set lr=0.001", "--set %q is not key=value", kv)
		}
		all = append(all, [2]string{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	short := [][2]string{{"seed", o.seed}, {"epochs", o.epochs}, {"data", o.data}}
	for i, b := range briefs {
		short = append(short, [2]string{b.key, o.brief[i]})
	}
	for _, p := range short {
		if p[1] != "" {
			all = append(all, p)
		}
	}
	return all, nil
}

// absolute makes a folder's name one that holds wherever resume is called.
func absolute(dir *string) (err error) {
	if *dir != "" {
		*dir, err = filepath.Abs(*dir)
	}
	return err
}

// set changes one setting and explains what went wrong.
func set(cfg any, key, value string) error {
	err := recipe.Set(cfg, key, value)
	var e *recipe.SettingError
	if !errors.As(err, &e) {
		return err
	}
	if e.Want == "" {
		return fail(codeUsage, nearest("", key, e.Known), "%w", err)
	}
	return fail(codeUsage, "limpid train --help lists the settings", "%w", err)
}

// openTask reads the recipe's data and builds its network.
func openTask(r *recipe.Recipe, cfg recipe.Config) (*recipe.Task, error) {
	task, err := r.Open(cfg)
	var inFile *yamltree.Error
	if errors.As(err, &inFile) {
		return nil, inYAML(err)
	}
	if err != nil {
		fix := "check the settings, limpid train --help lists them"
		if cfg.Shared().Data != "" {
			fix = fmt.Sprintf("check --data %s, or leave it out to train on what limpid brings along", shellWord(cfg.Shared().Data))
		}
		return nil, because(codeInput, fix, err)
	}
	return task, nil
}
