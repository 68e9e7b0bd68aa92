// Package book lists the recipes: a new one is a folder beside this one and a
// line here. The command and programs may import it.
package book

import (
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/activations"
	"github.com/limpid-ml/limpid/recipe/anomaly"
	"github.com/limpid-ml/limpid/recipe/backprop"
	"github.com/limpid-ml/limpid/recipe/commands"
	"github.com/limpid-ml/limpid/recipe/dates"
	"github.com/limpid-ml/limpid/recipe/detect"
	"github.com/limpid-ml/limpid/recipe/fashion"
	"github.com/limpid-ml/limpid/recipe/fashionmlp"
	"github.com/limpid-ml/limpid/recipe/forecast"
	"github.com/limpid-ml/limpid/recipe/language"
	"github.com/limpid-ml/limpid/recipe/prose"
	"github.com/limpid-ml/limpid/recipe/regularise"
	"github.com/limpid-ml/limpid/recipe/ringgan"
	"github.com/limpid-ml/limpid/recipe/segment"
	"github.com/limpid-ml/limpid/recipe/speech"
	"github.com/limpid-ml/limpid/recipe/start"
	"github.com/limpid-ml/limpid/recipe/table"
)

// Recipes are all recipes; the first is what "limpid train" trains.
var Recipes = []*recipe.Recipe{
	start.Recipe,
	fashion.Recipe,
	fashionmlp.Recipe,
	backprop.Recipe,
	dates.Recipe,
	language.Recipe,
	prose.Recipe,
	detect.Recipe,
	segment.Recipe,
	activations.Recipe,
	regularise.Recipe,
	forecast.Recipe,
	anomaly.Recipe,
	table.Recipe,
	commands.Recipe,
	speech.Recipe,
	ringgan.Recipe,
}

// Find returns the recipe with the given name, or nil and the nearest name.
func Find(name string) (found *recipe.Recipe, near string) {
	var names []string
	for _, r := range Recipes {
		if r.Name == name {
			return r, ""
		}
		names = append(names, r.Name)
	}
	return nil, recipe.Nearest(name, names)
}
