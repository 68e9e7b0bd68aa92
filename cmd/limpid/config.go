package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/network"
)

// The keys of a configuration file that are no settings.
const recipeKey = "recipe"

// isYAML tells whether an argument names a file rather than a recipe.
func isYAML(arg string) bool {
	ext := strings.ToLower(filepath.Ext(arg))
	return ext == ".yaml" || ext == ".yml"
}

// readYAML reads a configuration file.
func readYAML(file string) (*yamltree.Node, error) {
	n, err := yamltree.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(codeInput, "limpid recipes NAME --yaml > FILE.yaml writes one to start from", "there is no file %q", file)
	}
	return n, inYAML(err)
}

// inYAML gives a fault in a YAML file its code, and the fix that it knows.
func inYAML(err error) error {
	if err == nil {
		return nil
	}
	var e *yamltree.Error
	fix := "check who may read it"
	if errors.As(err, &e) {
		fix = e.Fix
	}
	return because(codeUsage, fix, err)
}

// isNetwork tells whether a file lists a network. Recipes may have a setting
// called layers, too.
func isNetwork(n *yamltree.Node) bool { return n.Get(recipeKey) == nil && n.Get("layers") != nil }

// recipeOf finds the recipe that a file is for: the one that it names, or that
// of networks if it lists layers.
func recipeOf(n *yamltree.Node) (*recipe.Recipe, error) {
	if isNetwork(n) {
		return network.Recipe, nil
	}
	named := n.Get(recipeKey)
	if named == nil {
		return nil, inYAML(yamltree.Fault(n.File(), 0, "write recipe: NAME (limpid recipes lists them), or a network as layers: and a list", "it says neither recipe: nor layers:"))
	}
	r, err := findRecipe(named.Text)
	var f *failure
	if errors.As(err, &f) {
		return nil, fail(codeUsage, strings.ReplaceAll(f.fix, "limpid train ", ""), "%w", named.Fault("", "%v", err))
	}
	return r, err
}

// sameRecipe makes sure that a configuration file is for r, or for any.
func sameRecipe(r *recipe.Recipe, n *yamltree.Node) error {
	if named := n.Get(recipeKey); named != nil && named.Text != r.Name {
		return inYAML(named.Fault("limpid train "+shellWord(n.File())+" trains the recipe that it names", "it is for the recipe %q, and not for %s", named.Text, r.Name))
	}
	return nil
}

// byFile applies a configuration file to cfg. A folder that it names is taken
// from where the file stands.
func byFile(cfg recipe.Config, n *yamltree.Node) error {
	if n == nil {
		return nil
	}
	if isNetwork(n) {
		return inYAML(network.Read(n, cfg))
	}
	if err := recipe.Configure(cfg, n, recipeKey); err != nil {
		return inYAML(err)
	}
	beside(n.File(), &cfg.Shared().Data)
	return nil
}

// beside makes a folder's name, written in a file, one that holds from here.
func beside(file string, dir *string) {
	if *dir != "" && !filepath.IsAbs(*dir) {
		*dir = filepath.Join(filepath.Dir(file), *dir)
	}
}

// fileNamesData tells whether a configuration file asks for the full data.
func fileNamesData(n *yamltree.Node) bool {
	if n == nil {
		return false
	}
	data := n.Get("data")
	return data != nil && data.Text != ""
}

// configFlag is the flag for a configuration file.
func configFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "config", "", "take settings from this YAML `file`; --set and the other flags go before it")
	cobra.CheckErr(c.MarkFlagFilename("config", "yaml", "yml"))
}
