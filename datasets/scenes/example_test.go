package scenes_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/datasets/scenes"
)

func ExampleMini() {
	set := scenes.Mini(scenes.Options{Seed: 1})
	e, err := set.Train.At(0)
	fmt.Println(set.Train.Len(), set.Test.Len(), e.X.Shape(), e.Y.Shape(), len(e.Objects()) > 0, err)
	// Output: 4000 500 [96 96 3] [96 96] true <nil>
}
