package model

import (
	"cmp"
	"slices"

	"github.com/limpid-ml/limpid/metric"
)

// Suppress keeps, of detections that overlap more than iou, the most certain
// one: non-maximum suppression, in each class for itself, or across all of them
// if anyClass. It returns them most certain first; of equal scores the earlier
// one comes first. found stays as it is.
//
// Source: Felzenszwalb et al. 2010, "Object detection with discriminatively
// trained part-based models", section 6.1.
func Suppress(found []metric.Detection, iou float64, anyClass bool) []metric.Detection {
	all := slices.Clone(found)
	slices.SortStableFunc(all, func(a, b metric.Detection) int { return cmp.Compare(b.Score, a.Score) })
	var kept []metric.Detection
	for _, d := range all {
		hidden := slices.ContainsFunc(kept, func(k metric.Detection) bool {
			return (anyClass || k.Label == d.Label) && k.IoU(d.Box) > iou
		})
		if !hidden {
			kept = append(kept, d)
		}
	}
	return kept
}
