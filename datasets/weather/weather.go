// Package weather holds the weather of Seattle day by day from 2012 to 2015,
// embedded: a series of several columns with a yearly cycle and much chance.
//
// The columns are precipitation (mm), temp_max and temp_min (°C) and wind
// (m/s), measured by the National Oceanic and Atmospheric Administration and in
// the public domain (see LICENSE-weather); cut.py beside took them from an npm
// package. No day is missing.
//
// nn and all above it may import weather. It imports data/series.
package weather

import (
	"bytes"
	_ "embed" // seattle.csv
	"fmt"
	"sync"

	"github.com/limpid-ml/limpid/data/series"
)

//go:embed seattle.csv
var file []byte

// Load returns the series, 1,461 days. It is read once; every call returns the
// same, which is to be read only.
func Load() *series.Series { return loadOnce() }

var loadOnce = sync.OnceValue(func() *series.Series {
	all, err := series.ReadCSV(bytes.NewReader(file), series.CSV{})
	if err != nil {
		panic(fmt.Sprintf("weather: the embedded series is damaged: %v", err)) // only a broken build has it
	}
	return all[0]
})
