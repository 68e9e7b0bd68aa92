// Package footfall holds how many people passed five counters on Queen Street in
// Auckland, New Zealand, hour by hour in 2023 and 2024, embedded: series with a
// shape of the day and of the week, holidays, and much in common.
//
// The counts are those of Heart of the City Auckland as published by Hyesop Shin,
// licensed CC BY 4.0 (see LICENSE-footfall); cut.py beside took them from a PyPI
// package.
//
// nn and all above it may import footfall. It imports data/series.
package footfall

import (
	"bytes"
	"compress/gzip"
	_ "embed" // footfall.csv.gz
	"fmt"
	"sync"

	"github.com/limpid-ml/limpid/data/series"
)

//go:embed footfall.csv.gz
var file []byte

// Target is the column of the counter at 210 Queen Street.
const Target = "queen_210"

// Load returns the series, 17,544 hours. It is read once; every call returns the
// same, which is to be read only.
func Load() *series.Series { return loadOnce() }

var loadOnce = sync.OnceValue(func() *series.Series {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err == nil {
		var all []*series.Series
		if all, err = series.ReadCSV(r, series.CSV{}); err == nil {
			return all[0]
		}
	}
	panic(fmt.Sprintf("footfall: the embedded series is damaged: %v", err)) // only a broken build has it
})
