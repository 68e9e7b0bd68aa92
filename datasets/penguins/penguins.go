// Package penguins holds 344 penguins of three species, measured on islands of
// the Palmer Archipelago, Antarctica, from 2007 to 2009, embedded: a table to
// tell classes apart by.
//
// A row has the species (Adelie, Chinstrap, Gentoo), the island, the bill's
// length and depth and the flipper's length in millimetres, the body's mass in
// grams, the sex and the year. Two penguins were not measured, and the sex of
// nine more is not known.
//
// The data are those of Gorman, Williams and Fraser 2014, in the public domain
// (CC0; see LICENSE-penguins); cut.py beside took them from a PyPI package.
//
// nn and all above it may import penguins. It imports data.
package penguins

import (
	"bytes"
	_ "embed" // penguins.csv
	"fmt"
	"sync"

	"github.com/limpid-ml/limpid/data"
)

//go:embed penguins.csv
var file []byte

// Target is the column that one usually wants to know: the species.
const Target = "species"

// Load returns the table, 344 rows and 8 columns. It is read once; every call
// returns the same, which is to be read only.
func Load() *data.Table { return loadOnce() }

var loadOnce = sync.OnceValue(func() *data.Table {
	t, err := data.ParseTable(bytes.NewReader(file), "penguins.csv", data.TableOptions{})
	if err != nil {
		panic(fmt.Sprintf("penguins: the embedded table is damaged: %v", err)) // only a broken build has it
	}
	return t
})
