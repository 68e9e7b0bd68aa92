// Package metric scores a network on a whole set of examples.
//
// A score is summed up batch by batch and is the same at any batch size: sums
// are added, never means of means. A [Metric] is a plain value that describes a
// score, such as Accuracy{}; its New makes the [Accumulator] that takes the
// batches.
//
// Detectors are scored by [COCO], picture by picture, or as a Metric of tables by
// [MeanAveragePrecision]; segmentations by [MeanIoU], [ObjectIoU] and
// [BoundaryF].
//
// train and all above it may import metric.
package metric
