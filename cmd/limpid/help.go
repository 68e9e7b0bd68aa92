package main

import (
	"fmt"
	"strings"
)

// helpTemplate lays a verb's help out as a manual page.
func helpTemplate() string {
	return `NAME
  {{.CommandPath}} - {{.Short}}

SYNOPSIS
  {{if .HasAvailableSubCommands}}limpid VERB [flags]{{else}}{{.UseLine}}{{end}}

DESCRIPTION
{{indent .Long}}
{{if .HasAvailableSubCommands}}
VERBS
{{range .Commands}}{{if .IsAvailableCommand}}  {{rpad .Name 12}}{{.Short}}
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
limpid VERB --help says more about a verb.
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
