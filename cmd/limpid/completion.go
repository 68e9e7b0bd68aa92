package main

import (
	"bytes"
	"context"
	"io"

	"github.com/spf13/cobra"
)

type completionOptions struct {
	shell string
	json  bool
}

// completionAnswer is completion's JSON document.
type completionAnswer struct {
	Shell  string `json:"shell"`
	Script string `json:"script"`
}

var shells = []string{"bash", "zsh", "fish", "powershell"}

// newCompletion prints a shell's completion script.
func newCompletion(s Streams) *cobra.Command {
	var o completionOptions
	c := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a completion script for a shell",
		Long: `Prints a script that teaches bash, zsh, fish or powershell to complete
limpid's verbs, flags, settings and runs.`,
		Example: `  source <(limpid completion bash)
  limpid completion zsh > "${fpath[1]}/_limpid"
  limpid completion fish > ~/.config/fish/completions/limpid.fish`,
		Args:      arguments(1, 1, "the shell: bash, zsh, fish or powershell"),
		ValidArgs: shells,
	}
	jsonFlag(c, &o.json)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.shell = args[0]
		return runCompletion(c.Context(), s, c.Root(), o)
	}
	return c
}

func runCompletion(_ context.Context, s Streams, root *cobra.Command, o completionOptions) error {
	var b bytes.Buffer
	var err error
	switch o.shell {
	case "bash":
		err = root.GenBashCompletionV2(&b, true)
	case "zsh":
		err = root.GenZshCompletion(&b)
	case "fish":
		err = root.GenFishCompletion(&b, true)
	case "powershell":
		err = root.GenPowerShellCompletionWithDesc(&b)
	default:
		return fail(codeUsage, nearest("limpid completion ", o.shell, shells), "limpid completes for no shell %q", o.shell)
	}
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, completionAnswer{o.shell, b.String()})
	}
	_, err = io.Copy(s.Out, &b)
	return printed(err)
}
