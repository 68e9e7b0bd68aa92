package forecast

import (
	"math"
	"slices"
)

// conform turns past errors into bands: the share q of the errors so far, in
// units of the deviation that was claimed, is within the quantile q. It holds
// whatever the distribution is, as long as errors to come are like those so far,
// and each error that becomes known is taken in.
//
// Source: Vovk et al. 2005, "Algorithmic learning in a random world"; Xu and Xie
// 2021, "Conformal prediction interval for dynamic time-series", for taking in
// errors as they come.
type conform struct{ seen [][]float64 } // sorted, by step of the horizon

func newConform(horizon int) *conform { return &conform{make([][]float64, horizon)} }

// add takes in the error of a forecast h steps ahead.
func (c *conform) add(h int, miss, dev float64) {
	v := math.Abs(miss) / dev
	if math.IsNaN(v) {
		return
	}
	at, _ := slices.BinarySearch(c.seen[h], v)
	c.seen[h] = slices.Insert(c.seen[h], at, v)
}

// reach is how many claimed deviations the band of the share goes either way;
// that of a normal distribution if there is no error to learn from.
func (c *conform) reach(h int, share float64) float64 {
	n := len(c.seen[h])
	if n == 0 {
		return within
	}
	at := int(math.Ceil(float64(n+1)*share)) - 1
	return c.seen[h][min(at, n-1)]
}

// copy returns one that goes on by itself.
func (c *conform) copy() *conform {
	out := newConform(len(c.seen))
	for h, v := range c.seen {
		out.seen[h] = slices.Clone(v)
	}
	return out
}
