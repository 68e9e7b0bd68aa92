// Package fashionmlp is the recipe fashion-mlp: what a network without
// convolutions, which sees a picture as a list of 784 numbers, makes of ten
// kinds of clothes. The command and programs may import it.
package fashionmlp

import (
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/clothes"
)

// Recipe trains on the embedded 6,000 pictures, or on the full 60,000.
var Recipe = (&clothes.Kind{
	Name:     "fashion-mlp",
	Short:    "the same clothes, by a network of fully connected layers, to compare with",
	Time:     "20 s",
	Defaults: defaults,
	Mini:     0.83,
	Network:  network,
	Ends:     ends,
}).Recipe()

// network makes two hidden layers, the second half as wide as the first.
func network(c *clothes.Config) nn.Layer {
	return model.MLP{
		Widths: []int{c.Width, max(1, c.Width/2)}, Classes: len(c.Classes()), Act: c.Act(), Norm: true, Dropout: c.Dropout,
	}.New()
}

// ends names the normalisations, with the activation, of the two hidden layers.
func ends(c *clothes.Config) []string {
	if c.Dropout > 0 { // which comes after each
		return []string{"2", "5"}
	}
	return []string{"2", "4"}
}

// defaults returns first guesses. Nobody has searched around them yet; that is
// done on validation data, which a test split read once cannot stand in for.
func defaults(full bool) clothes.Config {
	c := clothes.Config{
		Common:  recipe.Common{Seed: 1, Epochs: 20, Batch: 64, LR: 2e-3, Optimizer: "adamw", Schedule: "one-cycle", Decay: 0.05},
		Regular: clothes.Usual, Size: clothes.Size,
		Width: 512, Dropout: 0.3, Flip: true,
	}
	if full {
		c.Epochs = 15
	}
	return c
}
