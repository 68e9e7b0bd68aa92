package detect

import (
	"math"
	"testing"

	"github.com/limpid-ml/limpid/metric"
)

func box(x1, y1, x2, y2 float64, label int, score float64) metric.Detection {
	return metric.Detection{Box: metric.Box{X1: x1, Y1: y1, X2: x2, Y2: y2}, Label: label, Score: score}
}

// One picture with one mistake of each kind.
func TestJudge(t *testing.T) {
	v := &verdict{kinds: map[string]int{}, confusion: [][]int{{0, 0}, {0, 0}}}
	there := []metric.Truth{
		{Box: metric.Box{X1: 0, Y1: 0, X2: 10, Y2: 10}, Label: 0},
		{Box: metric.Box{X1: 20, Y1: 0, X2: 30, Y2: 10}, Label: 1},
		{Box: metric.Box{X1: 40, Y1: 0, X2: 50, Y2: 10}, Label: 0},
		{Box: metric.Box{X1: 60, Y1: 0, X2: 80, Y2: 20}, Label: 1, Crowd: true},
	}
	v.judge(4, []metric.Detection{
		box(0, 0, 10, 10, 0, .9),   // right
		box(0, 0, 10, 8, 0, .8),    // the same again
		box(20, 0, 30, 9, 0, .7),   // it is 1
		box(44, 0, 54, 10, 0, .6),  // too far right
		box(60, 60, 70, 70, 1, .5), // nothing
		box(60, 0, 80, 20, 1, .45), // a crowd does not count
		box(0, 50, 9, 60, 1, .1),   // not sure
	}, there)
	want := map[string]int{twice: 1, wrongClass: 1, wrongPlace: 1, nothing: 1, missed: 1}
	for _, k := range kindNames {
		if v.kinds[k] != want[k] {
			t.Errorf("%s: %d, want %d", k, v.kinds[k], want[k])
		}
	}
	if v.right != 1 || v.objects != 3 || v.confusion[0][0] != 1 || v.confusion[1][0] != 1 || len(v.faults) != 4 {
		t.Errorf("%d right of %d, confusion %v, faults %v", v.right, v.objects, v.confusion, v.faults)
	}
	for _, f := range v.faults {
		if f.picture != 4 || (f.kind == nothing) != (f.truth < 0) {
			t.Errorf("%+v", f)
		}
	}
	v.judge(5, []metric.Detection{box(0, 0, 5, 5, 0, .9)}, nil) // in an empty picture
	if v.kinds[nothing] != 2 {
		t.Errorf("%v", v.kinds)
	}
}

// Where a shirt may be a coat, both count for average precision; as a thing it
// is one, as sure as both together, under the likelier name.
func TestThings(t *testing.T) {
	found := []metric.Detection{box(0, 0, 10, 10, 6, .4), box(0, 0, 10, 10, 3, .35), box(0, 0, 10, 9, 1, .5), box(20, 20, 30, 30, 3, .2)}
	got := things(found)
	if len(got) != 2 || got[0].Label != 6 || math.Abs(got[0].there-.75) > 1e-12 || got[0].Score != .4 || got[1].there != .2 {
		t.Errorf("%v", got)
	}
	if all := named(found); len(all) != 2 || all[0].Score != .4 || all[1].Score != .2 {
		t.Errorf("%v", all)
	}
	var v verdict
	v.kinds, v.confusion = map[string]int{}, make([][]int, 7)
	for i := range v.confusion {
		v.confusion[i] = make([]int, 7)
	}
	v.take(0, found, []metric.Truth{{Box: metric.Box{X2: 10, Y2: 10}, Label: 3}})
	s := scores(&v.all, &v.things)
	for name, v := range s {
		if v.(float64) < 1-1e-9 {
			t.Errorf("%s is %v", name, v)
		}
	}
	if v.kinds[wrongClass] != 1 || v.confusion[3][6] != 1 {
		t.Errorf("%v, %v", v.kinds, v.confusion)
	}
	var none metric.COCO
	if s := scores(&none, &none); s["map"] != 0. {
		t.Errorf("of nothing: %v", s)
	}
}
