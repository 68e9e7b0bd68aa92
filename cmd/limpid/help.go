package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

type helpOptions struct {
	verb []string
	json bool
}

// helpAnswer is help's JSON document.
type helpAnswer struct {
	Verb string `json:"verb"`
	Page string `json:"page"`
}

// newHelp prints manual pages.
func newHelp(s Streams) *cobra.Command {
	var o helpOptions
	c := &cobra.Command{
		Use:               "help [VERB [VERB]]",
		Short:             "Show the manual page of limpid, or of a verb",
		Long:              "Shows what limpid VERB --help shows.",
		Example:           "  limpid help\n  limpid help train | less\n  limpid help data look",
		Args:              arguments(0, 2, ""),
		ValidArgsFunction: completeVerbs,
	}
	jsonFlag(c, &o.json)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.verb = args
		return runHelp(c.Context(), s, c.Root(), o)
	}
	return c
}

func runHelp(_ context.Context, s Streams, root *cobra.Command, o helpOptions) error {
	page := root
	for i, verb := range o.verb {
		next, _, err := page.Find([]string{verb})
		switch {
		case (err != nil || next == page) && i == 0:
			return noSuchVerb(root, o.verb)
		case err != nil || next == page:
			return fail(codeUsage, page.CommandPath()+" --help lists its verbs", "there is no verb %q of %s", verb, o.verb[0])
		}
		page = next
	}
	var b bytes.Buffer
	page.InitDefaultHelpFlag() // or its line is missing
	page.InitDefaultVersionFlag()
	page.SetOut(&b)
	if err := page.Help(); err != nil {
		return err
	}
	if o.json {
		return printJSON(s.Out, helpAnswer{page.Name(), b.String()})
	}
	_, err := io.Copy(s.Out, &b)
	return printed(err)
}

func completeVerbs(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var verbs []string
	for _, v := range c.Root().Commands() {
		if v.IsAvailableCommand() && len(args) == 0 {
			verbs = append(verbs, v.Name()+"\t"+v.Short)
		}
	}
	return verbs, cobra.ShellCompDirectiveNoFileComp
}

// helpTemplate lays a verb's help out as a manual page.
func helpTemplate() string {
	return `NAME
  {{.CommandPath}} - {{.Short}}

SYNOPSIS
  {{if .HasAvailableSubCommands}}{{.CommandPath}} VERB [flags]{{else}}{{.UseLine}}{{end}}

DESCRIPTION
{{indent .Long}}
{{if .HasAvailableSubCommands}}
VERBS
{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}  {{rpad .Name 12}}{{.Short}}
{{end}}{{end}}{{end}}{{if .HasExample}}
EXAMPLES
{{.Example}}
{{end}}{{if .HasAvailableLocalFlags}}
FLAGS
{{trimTrailingWhitespaces .LocalFlags.FlagUsages}}
{{end}}
EXIT STATUS
` + codeTable() + `{{if .HasAvailableSubCommands}}
With --json a verb prints one JSON document on standard output and nothing
else there; a failure is {"error": {"code", "kind", "message", "fix"}}.
{{.CommandPath}} VERB --help says more about a verb.
{{end}}`
}

func codeTable() string {
	var b strings.Builder
	for _, c := range codes {
		fmt.Fprintf(&b, "  %-5d%s\n", c.code, c.words)
	}
	return b.String()
}

// indentText sets every line two columns in.
func indentText(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "  " + l
		}
	}
	return strings.Join(lines, "\n")
}
