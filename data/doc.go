// Package data brings examples to a network: datasets, a loader that makes
// batches of them, transforms, tables and text.
//
// A [Dataset] is anything with Len and At. In memory there are [FromTensors]
// and [Images]; of files [ImageFolder] (a folder a class), [MaskFolder] (a label
// for each pixel) and [BoxFolder] (things and where they are), each read as its
// [Reading] says, and [ReadTable], whose [Encoder] learns from training rows
// alone. [Subset] and [Split] divide any of them; [Deal] does so by class, group
// or time, and makes folds. Package data/look examines files before anyone
// trains on them.
//
// A [Loader] cuts batches: batch n is a function of the loader's seed and of n
// alone, so that a resumed run sees what an uninterrupted one would have seen,
// at any number of workers. Batches of tensors in memory and of [Images] are
// written into memory that is used again: a steady loop allocates nothing.
//
//	loader := &data.Loader{Data: set, Batch: 64, Shuffle: true, Seed: 1}
//	for b, err := range loader.Batches(ctx, 0, 5*loader.PerEpoch()) {
//		…
//	}
//
// A [Transform] changes one picture and what lies on it, its mask and its
// boxes; a [BatchTransform] mixes a batch. Chance comes from the loader's seed,
// the batch's number and the place in it.
//
// datasets, nn and all above them may import data. It imports tensor, format
// and internal/backstage.
package data
