package detect

import (
	"cmp"
	"context"
	"slices"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model"
	"github.com/limpid-ml/limpid/recipe"
)

// overlap is the IoU above which two boxes are taken to be of one thing.
const overlap = 0.6

// thing is what was found in one place: its likeliest class, and how sure the
// network is that it is that.
type thing struct {
	metric.Detection
	there float64 // how sure it is that there is something, whatever its class
}

// things joins detections of one box, which differ in their class: that
// something is there is as likely as all that it may be, together. Of things
// that overlap the likeliest stays: a thing is one thing.
func things(found []metric.Detection) []thing {
	at := map[metric.Box]int{}
	var all []thing
	var boxes []metric.Detection // scored by there, labelled by the place in all
	for _, d := range found {    // the most certain first
		k, known := at[d.Box]
		if !known {
			k = len(all)
			at[d.Box] = k
			all, boxes = append(all, thing{d, 0}), append(boxes, metric.Detection{Box: d.Box, Label: k})
		}
		all[k].there = min(all[k].there+d.Score, 1)
		boxes[k].Score = all[k].there
	}
	var left []thing
	for _, b := range model.Suppress(boxes, overlap, true) {
		left = append(left, all[b.Label])
	}
	return left
}

// named returns each thing once, under its likeliest name, the surest first.
func named(found []metric.Detection) (all []metric.Detection) {
	for _, t := range things(found) {
		all = append(all, t.Detection)
	}
	slices.SortStableFunc(all, func(a, b metric.Detection) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

// verdict is what the network and the templates made of the test split.
type verdict struct {
	all, things metric.COCO // of the network: each class for itself, and things whatever their class
	templates   *metric.COCO
	tried       []tried
	faults      []fault
	kinds       map[string]int // of faults
	confusion   [][]int        // of things that were found: true class by answer
	right       int            // things found and named
	objects     int
}

// measure reads the test split, and has the templates try it too.
func (w *work) measure(ctx context.Context) (*recipe.Measured, error) {
	v := &verdict{kinds: map[string]int{}, confusion: make([][]int, len(w.classes))}
	for i := range v.confusion {
		v.confusion[i] = make([]int, len(w.classes))
	}
	if err := w.look(ctx, v); err != nil {
		return nil, err
	}
	best, tried, err := tune(ctx, w.parts.Train, w.parts.Validate, len(w.classes))
	if err != nil {
		return nil, err
	}
	if v.templates, err = best.score(ctx, w.parts.Test, w.parts.Test.Len()); err != nil {
		return nil, err
	}
	v.tried = tried
	slices.SortStableFunc(v.faults, func(a, b fault) int { return cmp.Compare(b.found.Score, a.found.Score) })
	w.verdict = v
	return &recipe.Measured{Scores: scores(&v.all, &v.things),
		Reference: map[string]any{"template_matching": scores(v.templates, v.templates)}}, nil
}

// scores are the figures by which detectors are compared.
func scores(all, things *metric.COCO) recipe.Scores {
	s := all.Scores()
	return recipe.Scores{"map50": orZero(s.AP50), "map": orZero(s.AP), "ap50_any_class": orZero(things.AnyClass().AP50)}
}

// look runs the network over the test split.
func (w *work) look(ctx context.Context, v *verdict) error {
	l := data.Loader{Data: w.parts.Test, Batch: 32, Collate: model.Collate}
	i := 0
	for b, err := range l.Epoch(ctx, 0) {
		if err != nil {
			return err
		}
		y, err := w.net.Predict(b.X)
		if err != nil {
			return err
		}
		for k, found := range metric.Found(y) {
			v.take(i, found, metric.Truths(b.Objects(k)))
			i++
		}
	}
	return nil
}

// take notes what was found in test picture i.
func (v *verdict) take(i int, found []metric.Detection, there []metric.Truth) {
	v.all.Add(found, there)
	var places []metric.Detection
	for _, t := range things(found) {
		t.Score = t.there
		places = append(places, t.Detection)
	}
	v.things.Add(places, there)
	v.judge(i, named(found), there)
}

// fault is a box that is wrong.
type fault struct {
	picture int
	found   metric.Detection
	kind    string
	truth   int // the class of the thing it is near; -1: none
}

// The kinds of faults, after Bolya et al. 2020, "TIDE: a general toolbox for
// identifying object detection errors".
const (
	wrongClass = "a wrong name"
	wrongPlace = "a box that fits badly"
	twice      = "a thing found twice"
	nothing    = "nothing there"
	missed     = "a thing missed"
)

var kindNames = []string{wrongClass, wrongPlace, twice, nothing, missed}

// sure is the score from which on a box counts in what the report says of
// faults: below, the network itself does not claim it.
const sure = 0.3

// judge sorts the boxes of a picture that the network is sure of.
func (v *verdict) judge(i int, found []metric.Detection, there []metric.Truth) {
	taken := make([]bool, len(there))
	for _, d := range found {
		if d.Score < sure {
			continue
		}
		k, share := nearest(d, there)
		f := fault{picture: i, found: d, truth: -1}
		if k >= 0 {
			f.truth = there[k].Label
		}
		switch {
		case share < 0.1:
			f.kind, f.truth = nothing, -1
		case there[k].Crowd || there[k].Ignore:
			continue
		case share < 0.5:
			f.kind = wrongPlace
		case taken[k]:
			f.kind = twice
		default:
			taken[k] = true
			v.confusion[there[k].Label][d.Label]++
			if d.Label == there[k].Label {
				v.right++
				continue
			}
			f.kind = wrongClass
		}
		v.kinds[f.kind]++
		v.faults = append(v.faults, f)
	}
	for k, t := range there {
		if !t.Crowd && !t.Ignore {
			v.objects++
			if !taken[k] {
				v.kinds[missed]++
			}
		}
	}
}

// nearest returns the thing that a box overlaps most, and their IoU; -1 if
// there is none.
func nearest(d metric.Detection, there []metric.Truth) (best int, share float64) {
	best = -1
	for k, t := range there {
		if v := d.IoU(t.Box); best < 0 || v > share {
			best, share = k, v
		}
	}
	return best, share
}
