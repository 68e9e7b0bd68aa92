package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/limpid-ml/limpid/internal/kernel"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
)

// Main runs the command line args (without the program's name) and returns
// the exit code. No panic leaves it.
func Main(ctx context.Context, s Streams, args []string) int {
	if want, got := os.Getenv("LIMPID_KERNELS"), kernel.Variant(); want != "" && want != got {
		fmt.Fprintf(s.Err, "warning: LIMPID_KERNELS is %q, which this CPU or limpid does not have: uses %s\n", want, got)
	}
	asJSON := wantsJSON(args)
	if err := execute(ctx, s, args); err != nil {
		return int(explain(s, asJSON, err))
	}
	return int(codeOK)
}

// wantsJSON tells before parsing whether a failure, a parser's too, is to be
// told as JSON: as for any flag, the last one holds, up to "--".
func wantsJSON(args []string) (wants bool) {
	for _, a := range args {
		if a == "--" {
			break
		}
		switch value, is := strings.CutPrefix(a, "--json="); {
		case a == "--json":
			wants = true
		case is:
			wants, _ = strconv.ParseBool(value)
		}
	}
	return wants
}

func execute(ctx context.Context, s Streams, args []string) (err error) {
	defer rescue(&err)
	root := newRoot(s)
	root.SetArgs(args)
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") { // ahead of the flags, which may be the right verb's
		if c, _, _ := root.Find(args); c == root && !strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
			return noSuchVerb(root, args)
		}
	}
	return because(codeBug, "please report this, with the command you ran", root.ExecuteContext(ctx))
}

// newRoot assembles the command from its verbs.
func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "limpid",
		Short: "Deep learning in Go that is clear to the bottom",
		Long: `limpid trains neural networks, shows what happens inside them, and answers
with what they learned. With no data, no network and no flag of yours,

    limpid train

trains a small convolutional network on 6,000 real pictures of clothes that
are part of the program, in under a minute on two cores.`,
		Example: `  limpid train                          train, watch, keep the run under runs/
  limpid predict latest shirt.jpg       what is in this picture?
  limpid inspect latest                 the network, and what each layer holds
  limpid resume latest                  go on where a stopped run stood
  limpid recipes                        what else can be trained`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchVerb,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newTrain(s), newResume(s), newEval(s), newPredict(s), newRuns(s), newInspect(s), newRecipes(s), newSweep(s), newNew(s), newData(s), newVersion(s), newCompletion(s))
	help := newHelp(s)
	root.AddCommand(help)
	root.SetHelpCommand(help)
	root.CompletionOptions.DisableDefaultCmd = true
	cobra.AddTemplateFunc("indent", indentText)
	root.SetVersionTemplate("limpid {{.Version}}\n")
	root.SetHelpTemplate(helpTemplate())
	return root
}

// noSuchVerb refuses what is no verb and names the nearest that is.
func noSuchVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var verbs []string
	for _, v := range c.Commands() {
		if v.IsAvailableCommand() || v.Name() == "help" { // cobra counts help as unavailable
			verbs = append(verbs, v.Name())
		}
	}
	return fail(codeUsage, nearest("limpid ", args[0], verbs), "there is no verb %q", args[0])
}

// nearest suggests one of names for word.
func nearest(prefix, word string, names []string) string {
	if n := recipe.Nearest(word, names); n != "" {
		return fmt.Sprintf("did you mean %s%s? All: %s", prefix, n, strings.Join(names, ", "))
	}
	return "one of: " + strings.Join(names, ", ")
}

// flagError explains a flag that c does not have, or a value it does not take.
func flagError(c *cobra.Command, err error) error {
	var none *pflag.NotExistError
	var wrong *strconv.NumError
	if errors.As(err, &wrong) {
		return fail(codeUsage, fmt.Sprintf("give a whole number; see %s --help", c.CommandPath()), "%s: %s", verbOf(c), strings.Replace(err.Error(), ": "+wrong.Error(), "", 1))
	}
	if !errors.As(err, &none) {
		return fail(codeUsage, fmt.Sprintf("see %s --help", c.CommandPath()), "%s: %w", verbOf(c), err)
	}
	var flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, f.Name)
		}
	})
	name := none.GetSpecifiedName()
	for _, known := range recipe.Settings(book.Recipes[0].New(false)) {
		if known.Key == name && c.Flags().Lookup("set") != nil {
			return fail(codeUsage, fmt.Sprintf("it is a setting: --set %s=%s", name, known.Value), "%s has no flag --%s", verbOf(c), name)
		}
	}
	return fail(codeUsage, nearest("--", name, flags), "%s has no flag %q", verbOf(c), dashes(name)+name)
}

// verbOf is what one types of c after "limpid": "data look".
func verbOf(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-"
	}
	return "--"
}

// arguments checks how many arguments a verb got; what names them.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		path := c.CommandPath()
		fix := fmt.Sprintf("%s%s, see %s --help", path, strings.TrimPrefix(c.Use, c.Name()), path)
		if len(args) < least {
			return fail(codeUsage, fix, "%s: missing %s", verbOf(c), what)
		}
		return fail(codeUsage, fix, "%s: unexpected argument %q", verbOf(c), args[most])
	}
}
