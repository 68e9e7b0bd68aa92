// Package start is the recipe behind "limpid train" without a name: a
// convolutional network that tells ten kinds of clothes apart in small grey
// pictures, in less than a minute. The command and programs may import it.
package start

import (
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/clothes"
)

// Recipe trains on the embedded 6,000 pictures, or on the full 60,000.
var Recipe = (&clothes.Kind{
	Name:     "start",
	Short:    "ten kinds of clothes in grey pictures of 28 × 28, by a convolutional network",
	Time:     "1 min",
	Defaults: defaults,
	Mini:     0.86,
	Full:     0.92,
	Network:  clothes.Convolutional,
	Ends:     clothes.BlockEnds,
}).Recipe()

// defaults returns what was tuned on validation data cut from the training
// split; RATIONALE.md has the figures.
func defaults(full bool) clothes.Config {
	c := clothes.Config{
		Common:  recipe.Common{Seed: 1, Epochs: 8, Batch: 64, LR: 5e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.01},
		Regular: clothes.Usual, Size: clothes.Size,
		Width: 24, Dropout: 0.25, Flip: true,
	}
	if full {
		c.Epochs, c.Width = 12, 32
	}
	return c
}
