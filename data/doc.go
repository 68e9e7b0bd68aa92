// Package data brings examples to a network: datasets, a loader that makes
// batches of them, transforms, and text.
//
// A [Dataset] is anything with Len and At. [FromTensors], [Images],
// [ImageFolder], [Subset] and [Split] make the usual ones. A [Loader] cuts
// batches: batch n is a function of the loader's seed and of n alone, so that a
// resumed run sees what an uninterrupted one would have seen, at any number of
// workers. Batches of tensors in memory and of [Images] are written into
// memory that is used again: a steady loop allocates nothing.
//
//	loader := &data.Loader{Data: set, Batch: 64, Shuffle: true, Seed: 1}
//	for b, err := range loader.Batches(ctx, 0, 5*loader.PerEpoch()) {
//		…
//	}
//
// datasets, nn and all above them may import data. It imports tensor, format,
// run and internal/backstage.
package data
