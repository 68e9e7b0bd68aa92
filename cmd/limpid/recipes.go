package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/recipe/network"
)

type recipesOptions struct {
	name string
	yaml bool
	full bool
	json bool

	layers bool

	measure measureOptions
}

// recipeLine is what recipes tells of a recipe.
type recipeLine struct {
	Name     string           `json:"name"`
	Learns   string           `json:"learns"`
	Data     string           `json:"data"`
	Time     string           `json:"time"`
	Input    string           `json:"input"`       // what predict takes; "": nothing
	Target   []string         `json:"target"`      // on the embedded data
	Full     []string         `json:"target_full"` // on the full data
	Settings []recipe.Setting `json:"settings,omitzero"`
	YAML     string           `json:"yaml,omitempty"` // with --yaml: a file of all settings
}

// recipesAnswer is recipes' JSON document.
type recipesAnswer struct {
	Recipes []recipeLine `json:"recipes"`
}

func newRecipes(s Streams) *cobra.Command {
	var o recipesOptions
	c := &cobra.Command{
		Use:   "recipes [RECIPE]",
		Short: "List what can be trained",
		Long: `Lists the recipes: what each learns, from which data, in what time on two cores,
and what it must reach on the test split. Of one recipe it lists the settings,
too; --yaml writes them as a file to change, which limpid train takes. limpid
train without a name trains the first. --layers lists what a network in a YAML
file can be made of.

--measure DIR trains every recipe (or the one that is named) with several seeds,
for whoever has the hours, and writes a table of what they reached on the test
split, mean and spread, to DIR/results.md. Each run has a folder in DIR; stopped
or killed, the same command goes on where it stood.`,
		Example:           "  limpid recipes\n  limpid recipes fashion\n  limpid train fashion\n  limpid recipes fashion --yaml > mine.yaml; limpid train mine.yaml\n  limpid recipes --measure measured --seeds 1,2,3",
		Args:              arguments(0, 1, ""),
		ValidArgsFunction: completeRecipes,
	}
	c.Flags().BoolVar(&o.yaml, "yaml", false, "write the recipe's settings and their defaults as a YAML file")
	c.Flags().BoolVar(&o.full, "full", false, "with --yaml: the defaults for the full data")
	o.measure.flags(c)
	c.Flags().BoolVar(&o.layers, "layers", false, "list the layers that a network in a YAML file can have, and their options")
	jsonFlag(c, &o.json)
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			o.name = args[0]
		}
		return runRecipes(c.Context(), s, o)
	}
	return c
}

func runRecipes(ctx context.Context, s Streams, o recipesOptions) error {
	if o.measure.dir != "" {
		o.measure.only, o.measure.json = o.name, o.json
		return runMeasure(ctx, s, o.measure)
	}
	if o.layers {
		return writeLayers(s, o.json)
	}
	if o.yaml && o.name == "" {
		return fail(codeUsage, "limpid recipes start --yaml, say", "--yaml wants the name of a recipe")
	}
	list, text := book.Recipes, ""
	if o.name != "" {
		r, err := findRecipe(o.name)
		if err != nil {
			return err
		}
		list, text = []*recipe.Recipe{r}, "\nsettings (--set key=value), and their defaults:\n\n"+settingsTable(r)
	}
	var a recipesAnswer
	for _, r := range list {
		l := lineOf(r)
		if o.name != "" {
			l.Settings = recipe.Settings(r.New(false))
		}
		if o.yaml {
			l.YAML = recipe.YAML(r, o.full)
		}
		a.Recipes = append(a.Recipes, l)
	}
	if o.json {
		return printJSON(s.Out, a)
	}
	if o.yaml {
		_, err := fmt.Fprint(s.Out, a.Recipes[0].YAML)
		return printed(err)
	}
	_, err := fmt.Fprint(s.Out, a.write()+text)
	return printed(err)
}

// layersAnswer is the JSON document of recipes --layers.
type layersAnswer struct {
	Layers []network.Layer `json:"layers"`
}

// writeLayers lists what a network in a YAML file can be made of.
func writeLayers(s Streams, asJSON bool) error {
	all := network.Layers()
	if asJSON {
		return printJSON(s.Out, layersAnswer{all})
	}
	var b strings.Builder
	for _, l := range all {
		name := l.Name
		if l.Lone != "" {
			name += ": " + strings.ToUpper(l.Lone)
		}
		fmt.Fprintf(&b, "%-24s %s\n", name, l.Short)
		if len(l.Options) > 0 {
			fmt.Fprintf(&b, "%24s   {%s}\n", "", strings.Join(l.Options, ", "))
		}
	}
	_, err := fmt.Fprint(s.Out, b.String())
	return printed(err)
}

// lineOf describes a recipe.
func lineOf(r *recipe.Recipe) recipeLine {
	l := recipeLine{Name: r.Name, Learns: r.Short, Data: r.Data, Time: r.Time, Input: r.Input, Target: []string{}, Full: []string{}}
	for _, g := range r.Targets(r.New(false)) {
		l.Target = append(l.Target, g.String())
	}
	full := r.New(true)
	full.Shared().Data = "full" // any folder: the bounds do not depend on it
	for _, g := range r.Targets(full) {
		l.Full = append(l.Full, g.String())
	}
	return l
}

func (a *recipesAnswer) write() string {
	var b strings.Builder
	for i, l := range a.Recipes {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s\n", l.Name, l.Learns)
		rows := [][]string{{" ", "data", l.Data}, {" ", "time", l.Time}}
		if len(l.Target) > 0 {
			rows = append(rows, []string{" ", "target", strings.Join(l.Target, ", ")})
		}
		if len(l.Full) > 0 {
			rows = append(rows, []string{" ", "", strings.Join(l.Full, ", ") + " with --data"})
		}
		b.WriteString(columns("lll", rows))
	}
	return b.String()
}
