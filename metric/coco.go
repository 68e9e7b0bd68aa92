package metric

import (
	"cmp"
	"math"
	"slices"
)

// COCO scores detections as the COCO benchmark does, to the last digit:
// average precision and average recall at ten thresholds of IoU. Its zero value
// has seen no picture.
//
// In a picture the detections of a class are taken in order of their scores;
// each takes the object, of those not taken yet, that it overlaps most, if the
// IoU reaches the threshold. Detections of all pictures, in order of their
// scores, then draw a curve of precision over recall, made falling and read at
// 101 recalls. Objects that are ignored or a crowd, or of another size than is
// asked for, are no misses, and detections of them no mistakes.
//
// Source: Lin et al. 2014, "Microsoft COCO"; the rules are pycocotools'.
type COCO struct{ pictures []picture }

// picture is what was found and what is there in one picture, by class.
type picture struct {
	found []Detection // most certain first
	there []Truth
}

// Add takes the next picture. Of equal scores the earlier detection comes
// first. A detection whose score is NaN is left out.
func (c *COCO) Add(found []Detection, there []Truth) {
	p := picture{slices.Clone(found), slices.Clone(there)}
	p.found = slices.DeleteFunc(p.found, func(d Detection) bool { return math.IsNaN(d.Score) })
	slices.SortStableFunc(p.found, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Label, b.Label))
	})
	slices.SortStableFunc(p.there, func(a, b Truth) int { return cmp.Compare(a.Label, b.Label) })
	c.pictures = append(c.pictures, p)
}

// Len returns the number of pictures.
func (c *COCO) Len() int { return len(c.pictures) }

// Detections are scores of detections, each 0 to 1 and the mean over the
// classes that are there; NaN where none is.
type Detections struct {
	AP                         float64 // mean over the thresholds .5, .55, … .95
	AP50, AP75                 float64 // at one threshold
	APSmall, APMedium, APLarge float64 // of objects below 32², up to 96², and above, in pixels
	AR1, AR10, AR100           float64 // recall with so many detections a picture and class
	ARSmall, ARMedium, ARLarge float64 // with 100
	Classes                    []ClassDetections
}

// ClassDetections are the scores of one class.
type ClassDetections struct {
	Label                 int
	Objects               int // how many are to be found
	AP, AP50, AP75, AR100 float64
}

// Scores returns the scores of what was added.
func (c *COCO) Scores() Detections {
	parts := c.classes()
	d := scoresOf(parts)
	for i, p := range parts {
		all := sweep(parts[i:i+1], 0, endless, most)
		one := ClassDetections{p.label(), 0, all.precision(0, thresholds), all.precision(0, 1), all.precision(5, 6), all.recall()}
		if len(all) > 0 {
			one.Objects = all[0].objects
		}
		d.Classes = append(d.Classes, one)
	}
	return d
}

// classes returns what concerns each class of which there is an object.
func (c *COCO) classes() []*COCO {
	var labels []int
	for _, p := range c.pictures {
		for _, t := range p.there {
			labels = append(labels, t.Label)
		}
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	parts := make([]*COCO, len(labels))
	for i, l := range labels {
		parts[i] = c.only(l)
	}
	return parts
}

// label returns the class of the first object.
func (c *COCO) label() int {
	for _, p := range c.pictures {
		if len(p.there) > 0 {
			return p.there[0].Label
		}
	}
	return 0
}

// AnyClass returns the scores where labels do not matter: is there something?
func (c *COCO) AnyClass() Detections { return scoresOf([]*COCO{c}) }

// only returns what concerns one class.
func (c *COCO) only(label int) *COCO {
	one := &COCO{make([]picture, len(c.pictures))}
	for i, p := range c.pictures {
		q := &one.pictures[i]
		for _, d := range p.found {
			if d.Label == label {
				q.found = append(q.found, d)
			}
		}
		for _, t := range p.there {
			if t.Label == label {
				q.there = append(q.there, t)
			}
		}
	}
	return one
}

const (
	most       = 100 // detections that count, a picture and class
	thresholds = 10
	recalls    = 101
	small      = 32 * 32
	large      = 96 * 96
	// endless is COCO's greatest area.
	endless = 1e5 * 1e5
)

// threshold returns the IoU that a detection must reach, .5 to .95, rounded as
// NumPy's linspace does: boxes whose IoU is .9 exactly tell the difference.
func threshold(i int) float64 {
	from, to := 0.5, 0.95
	step := float64(i) * ((to - from) / (thresholds - 1))
	return from + float64(step) // the conversion keeps a CPU from fusing, which rounds otherwise
}

// scoresOf returns the means over parts, one a class.
func scoresOf(parts []*COCO) Detections {
	all := sweep(parts, 0, endless, most)
	s, m, l := sweep(parts, 0, small, most), sweep(parts, small, large, most), sweep(parts, large, endless, most)
	return Detections{
		AP: all.precision(0, thresholds), AP50: all.precision(0, 1), AP75: all.precision(5, 6),
		APSmall: s.precision(0, thresholds), APMedium: m.precision(0, thresholds), APLarge: l.precision(0, thresholds),
		AR1: sweep(parts, 0, endless, 1).recall(), AR10: sweep(parts, 0, endless, 10).recall(), AR100: all.recall(),
		ARSmall: s.recall(), ARMedium: m.recall(), ARLarge: l.recall(),
	}
}

// curves is what a class's detections come to, at each threshold.
type curves struct {
	objects   int // to be found
	precision [thresholds]float64
	recall    [thresholds]float64
}

type allCurves []curves

// sweep runs each part; those without objects are left out.
func sweep(parts []*COCO, from, to float64, most int) (all allCurves) {
	for _, p := range parts {
		if r := p.run(from, to, most); r.objects > 0 {
			all = append(all, r)
		}
	}
	return all
}

// precision returns the mean over the classes and the thresholds from, … to−1.
func (a allCurves) precision(from, to int) float64 {
	var sum float64
	for i := range a {
		for _, v := range a[i].precision[from:to] {
			sum += v
		}
	}
	return sum / float64(len(a)*(to-from))
}

func (a allCurves) recall() float64 {
	var sum float64
	for i := range a {
		for _, v := range a[i].recall {
			sum += v
		}
	}
	return sum / float64(len(a)*thresholds)
}

// verdict is what became of a detection.
type verdict uint8

const (
	wrong verdict = iota
	right
	moot // neither counts nor harms
)

// judged is a detection with what became of it at each threshold.
type judged struct {
	score float64
	at    [thresholds]verdict
}

// run takes the labels as all the same: objects of areas in from…to are to be
// found, and the first most detections of each picture count.
func (c *COCO) run(from, to float64, most int) curves {
	all, objects := c.judged(from, to, most)
	r := curves{objects: objects}
	if objects == 0 {
		return r
	}
	for t := range thresholds {
		r.precision[t], r.recall[t] = curve(all, t, r.objects)
	}
	return r
}

// judged returns all detections in order of their scores, and the number of
// objects that are to be found.
func (c *COCO) judged(from, to float64, most int) (all []judged, objects int) {
	for i := range c.pictures {
		found, n := c.pictures[i].judge(from, to, most)
		all = append(all, found...)
		objects += n
	}
	slices.SortStableFunc(all, func(a, b judged) int { return cmp.Compare(b.score, a.score) })
	return all, objects
}

// Curve returns recall and precision after each detection of a class, the most
// certain first, at an IoU of .5, .55, … .95: the area below it, precision made
// falling, is the average precision. A label below 0 stands for any. Both are
// nil if there is no such object, or iou is none of the ten.
func (c *COCO) Curve(label int, iou float64) (recall, precision []float64) {
	t := MeanAveragePrecision{IoU: iou}.at()
	if label >= 0 {
		c = c.only(label)
	}
	all, objects := c.judged(0, endless, most)
	if t < 0 || objects == 0 {
		return nil, nil
	}
	return points(all, t, objects)
}

// judge says which detections of a picture are right, and how many objects
// are to be found.
func (p *picture) judge(from, to float64, most int) (all []judged, objects int) {
	ignored := make([]bool, len(p.there))
	for i, t := range p.there {
		ignored[i] = t.Crowd || t.Ignore || t.size() < from || t.size() > to
		if !ignored[i] {
			objects++
		}
	}
	found := p.found[:min(most, len(p.found))]
	overlap := p.overlaps(found)
	all = make([]judged, len(found))
	for i, d := range found {
		all[i].score = d.Score
	}
	for t := range thresholds {
		taken := make([]bool, len(p.there))
		for i, d := range found {
			k := p.match(overlap[i], taken, ignored, threshold(t))
			switch {
			case k >= 0 && ignored[k], k < 0 && (d.Area() < from || d.Area() > to):
				all[i].at[t] = moot
			case k >= 0:
				all[i].at[t] = right
			}
			if k >= 0 {
				taken[k] = true
			}
		}
	}
	return all, objects
}

// overlaps returns the IoU of each detection with each object; with a crowd,
// the share of the detection that lies in it.
func (p *picture) overlaps(found []Detection) [][]float64 {
	all := make([][]float64, len(found))
	for i, d := range found {
		all[i] = make([]float64, len(p.there))
		for k, t := range p.there {
			if t.Crowd {
				all[i][k] = quotient(d.Inter(t.Box), d.Area())
			} else {
				all[i][k] = d.IoU(t.Box)
			}
		}
	}
	return all
}

// match returns the object that a detection takes, -1 if none: what counts
// before what is ignored, then the greatest overlap, and of equal ones the last.
func (p *picture) match(overlap []float64, taken, ignored []bool, least float64) int {
	best := -1
	for _, second := range []bool{false, true} {
		for k := range p.there {
			if ignored[k] != second || taken[k] && !p.there[k].Crowd || overlap[k] < least {
				continue
			}
			least, best = overlap[k], k
		}
		if best >= 0 {
			break
		}
	}
	return best
}

// points returns recall and precision after each of the detections, which are
// in order of their scores.
func points(all []judged, t, objects int) (rec, prec []float64) {
	hit, miss := 0., 0.
	for i := range all {
		switch all[i].at[t] {
		case right:
			hit++
		case wrong:
			miss++
		}
		rec = append(rec, hit/float64(objects))
		prec = append(prec, hit/(hit+miss+0x1p-52)) // COCO's guard against 0/0
	}
	return rec, prec
}

// curve returns the mean precision over 101 recalls, and the last recall, of
// detections in order of their scores.
func curve(all []judged, t, objects int) (precision, recall float64) {
	rec, prec := points(all, t, objects)
	for i := len(prec) - 2; i >= 0; i-- {
		prec[i] = max(prec[i], prec[i+1])
	}
	var sum float64
	for r, i := 0, 0; r < recalls; r++ {
		for i < len(rec) && rec[i] < float64(r)*0.01 {
			i++
		}
		if i < len(rec) {
			sum += prec[i]
		}
	}
	if len(rec) > 0 {
		recall = rec[len(rec)-1]
	}
	return sum / recalls, recall
}
