package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/internal/kernel"
)

// version is set by the linker for a release.
var version = "0.1.0-dev"

// versionInfo is what the verb version prints.
type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Kernels  string `json:"kernels"`
}

type versionOptions struct{ json bool }

func newVersion(s Streams) *cobra.Command {
	var o versionOptions
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and which kernels this CPU runs",
		Long: `Prints limpid's version, the Go version it was built with, and the kernels in
use: avx512, avx2, or go (plain Go: 20 to 30 times slower). A run records its
kernels, for two kinds may differ in the last bit of a sum. The environment
variable LIMPID_KERNELS chooses a plainer kind than the CPU's best.`,
		Example: "  limpid version\n  LIMPID_KERNELS=avx2 limpid version",
		Args:    arguments(0, 0, ""),
		RunE:    func(c *cobra.Command, _ []string) error { return runVersion(c.Context(), s, o) },
	}
	jsonFlag(c, &o.json)
	return c
}

// jsonFlag adds --json.
func jsonFlag(c *cobra.Command, to *bool) {
	c.Flags().BoolVar(to, "json", false, "print one JSON document on standard output, nothing else there")
}

func runVersion(_ context.Context, s Streams, o versionOptions) error {
	v := thisVersion()
	if o.json {
		return printJSON(s.Out, v)
	}
	commit := ""
	if v.Commit != "" {
		commit = " (" + v.Commit + ")"
	}
	_, err := fmt.Fprintf(s.Out, "limpid %s%s, %s %s, kernels %s\n", v.Version, commit, v.Go, v.Platform, v.Kernels)
	return printed(err)
}

func thisVersion() versionInfo {
	v := versionInfo{version, "", runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, kernel.Variant()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
