// Package co2 holds the carbon dioxide in the air of Mauna Loa, Hawaii, month
// by month from March 1958 to April 2020, embedded: a series with a trend and
// a yearly cycle.
//
// Values are parts per million, adjusted to the 15th of the month; five months
// are missing. The record is that of the Scripps CO2 Program (Keeling et al.
// 2001), licensed CC BY 4.0 (see LICENSE-co2); cut.py beside took it from an
// npm package.
//
// nn and all above it may import co2. It imports data/series.
package co2

import (
	"bytes"
	_ "embed" // co2.csv
	"fmt"
	"sync"

	"github.com/limpid-ml/limpid/data/series"
)

//go:embed co2.csv
var file []byte

// Column is the name of the series' one column.
const Column = "co2"

// Load returns the series, 746 months with five values missing. It is read
// once; every call returns the same, which is to be read only.
func Load() *series.Series { return loadOnce() }

var loadOnce = sync.OnceValue(func() *series.Series {
	all, err := series.ReadCSV(bytes.NewReader(file), series.CSV{})
	if err != nil {
		panic(fmt.Sprintf("co2: the embedded series is damaged: %v", err)) // only a broken build has it
	}
	return all[0]
})
