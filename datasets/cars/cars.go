// Package cars holds 398 cars sold in the United States in the model years 1970
// to 1982, embedded: a table to learn a number from.
//
// A row has how far the car goes on a gallon in a city (mpg, the number to
// learn), its cylinders, the displacement in cubic inches, the horsepower, the
// weight in pounds, the seconds from 0 to 60 miles an hour, the model year, the
// continent it came from and its name. The horsepower of six is not known. Cars
// of one maker, or of several years, are alike: rows are not independent.
//
// The data are "Auto MPG" of Quinlan 1993, UCI Machine Learning Repository,
// https://doi.org/10.24432/C5859H, licensed CC BY 4.0 (see LICENSE-cars); cut.py
// beside says from which copy, and what was changed.
//
// nn and all above it may import cars. It imports data.
package cars

import (
	"bytes"
	_ "embed" // cars.csv
	"fmt"
	"sync"

	"github.com/limpid-ml/limpid/data"
)

//go:embed cars.csv
var file []byte

// Target is the column that one usually wants to know: miles per gallon.
const Target = "mpg"

// Load returns the table, 398 rows and 9 columns. It is read once; every call
// returns the same, which is to be read only.
func Load() *data.Table { return loadOnce() }

var loadOnce = sync.OnceValue(func() *data.Table {
	t, err := data.ParseTable(bytes.NewReader(file), "cars.csv", data.TableOptions{})
	if err != nil {
		panic(fmt.Sprintf("cars: the embedded table is damaged: %v", err)) // only a broken build has it
	}
	return t
})
