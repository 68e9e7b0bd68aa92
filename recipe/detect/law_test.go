package detect

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/tensor"
)

// anyDetections draws detections, the most certain first, some of one box.
func anyDetections(t *rapid.T, classes int) (all []metric.Detection) {
	score := 0.95
	for range rapid.IntRange(0, 12).Draw(t, "n") {
		b := metric.Box{X1: float64(rapid.IntRange(0, 5).Draw(t, "x")) * 8, Y1: float64(rapid.IntRange(0, 5).Draw(t, "y")) * 8}
		b.X2, b.Y2 = b.X1+16, b.Y1+16
		all = append(all, metric.Detection{Box: b, Label: rapid.IntRange(0, classes-1).Draw(t, "label"), Score: score})
		score *= rapid.Float64Range(0.5, 1).Draw(t, "fall")
	}
	return all
}

// Things do not overlap, are as sure as what they may be taken together, and
// every detection's box is a thing's or overlaps one.
func TestThingsAreApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		found := anyDetections(t, 3)
		all := things(found)
		for i, a := range all {
			sum := 0.0
			for _, d := range found {
				if d.Box == a.Box {
					sum += d.Score
				}
			}
			if math.Abs(a.there-min(sum, 1)) > 1e-9 || a.there < a.Score-1e-12 {
				t.Fatalf("%v is there by %g, its names add up to %g", a.Detection, a.there, sum)
			}
			for _, b := range all[:i] {
				if a.IoU(b.Box) > overlap || b.there < a.there {
					t.Fatalf("%v comes after %v", a, b)
				}
			}
		}
		for _, d := range found {
			if !slices.ContainsFunc(all, func(a thing) bool { return a.Box == d.Box || a.IoU(d.Box) > overlap }) {
				t.Fatalf("%v is lost", d)
			}
		}
		names := named(found)
		if len(names) != len(all) || !slices.IsSortedFunc(names, func(a, b metric.Detection) int { return cmp.Compare(b.Score, a.Score) }) {
			t.Fatalf("%v", names)
		}
	})
}

// Each sure box is counted once, as right or as one kind of fault, and each
// object is found or missed.
func TestJudgeCountsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &verdict{kinds: map[string]int{}, confusion: [][]int{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}}
		sureOnes, objects := 0, 0
		for i := range rapid.IntRange(1, 3).Draw(t, "pictures") {
			found := named(anyDetections(t, 3))
			var there []metric.Truth
			for _, d := range anyDetections(t, 3) {
				there = append(there, metric.Truth{Box: d.Box, Label: d.Label})
			}
			v.judge(i, found, there)
			objects += len(there)
			for _, d := range found {
				if d.Score >= sure {
					sureOnes++
				}
			}
		}
		faults, hits := 0, 0
		for _, k := range kindNames {
			if k != missed {
				faults += v.kinds[k]
			}
		}
		for _, row := range v.confusion {
			for _, n := range row {
				hits += n
			}
		}
		if v.right+faults != sureOnes || len(v.faults) != faults {
			t.Fatalf("%d right and %d faults of %d boxes", v.right, faults, sureOnes)
		}
		if v.objects != objects || hits+v.kinds[missed] != objects {
			t.Fatalf("%d found and %d missed of %d", hits, v.kinds[missed], objects)
		}
	})
}

// The IoU that a box is judged by is the greatest.
func TestNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		found, objects := anyDetections(t, 2), anyDetections(t, 2)
		var there []metric.Truth
		for _, d := range objects {
			there = append(there, metric.Truth{Box: d.Box})
		}
		for _, d := range found {
			k, share := nearest(d, there)
			if (k < 0) != (len(there) == 0) {
				t.Fatalf("nearest is %d of %d", k, len(there))
			}
			for _, o := range there {
				if d.IoU(o.Box) > share {
					t.Fatalf("%v overlaps %v by %g, more than %g", d, o, d.IoU(o.Box), share)
				}
			}
		}
	})
}

// Windows are of heights and forms that the objects have, and a matcher's score
// is a correlation: from 0 to 1, whatever is in the picture.
func TestMatcherScoresAreCorrelations(t *testing.T) {
	s := set{figure(0), figure(1)}
	for look := range featureNames {
		m, err := learn(context.Background(), s, 2, 2, feature(look))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range m.windows {
			if size != [2]float64{16, 16} {
				t.Errorf("a window of %v, and all objects are 16×16", size)
			}
		}
		for i := range 4 {
			x := grey(40, 56, func(y, x int) float32 { return float32(math.Sin(float64((i + 1) * y * x))) })
			all := m.find(x)
			for k, d := range all {
				if !(d.Score > 0 && d.Score <= 1+1e-9) || k > 0 && d.Score > all[k-1].Score || d.X2 > 56 || d.Y2 > 40 {
					t.Errorf("%s: %+v", featureNames[look], d)
				}
				for _, e := range all[:k] {
					if e.IoU(d.Box) > m.overlap {
						t.Errorf("%s: %v and %v overlap", featureNames[look], d, e)
					}
				}
			}
		}
	}
}

// A negative of a picture is found by its edges and by either brightness, and
// is not what brightness alone looks for.
func TestFeaturesOfNegatives(t *testing.T) {
	e := figure(0)
	negative := e.X.Neg()
	truth := metric.Truths(e.Objects())[0]
	for look, want := range map[feature]bool{brightness: false, either: true, edges: true} {
		m, err := learn(context.Background(), set{e}, 1, 1, look)
		if err != nil {
			t.Fatal(err)
		}
		hit := slices.ContainsFunc(m.find(negative), func(d metric.Detection) bool { return d.Score > 0.6 && d.IoU(truth.Box) > 0.5 })
		if hit != want {
			t.Errorf("%s: found is %v", featureNames[look], hit)
		}
	}
}

// A scene does not depend on the run's seed, and a test scene is never one of
// training.
func TestScenesAreTheSameForAllSeeds(t *testing.T) {
	a, b := opened(t, small(nil)), opened(t, small(func(c *Config) { c.Seed = 9 }))
	for _, p := range [][2]data.Dataset{{a.parts.Train, b.parts.Train}, {a.parts.Test, b.parts.Test}} {
		if p[0].Len() != p[1].Len() {
			t.Fatalf("%d scenes, then %d", p[0].Len(), p[1].Len())
		}
		x, err := p[0].At(3)
		if err != nil {
			t.Fatal(err)
		}
		y, err := p[1].At(3)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tensor.View[float32](x.X), tensor.View[float32](y.X)) || !slices.Equal(x.Objects(), y.Objects()) {
			t.Error("another seed sees another scene")
		}
	}
	test, err := a.parts.Test.At(0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.parts.Train.Len() {
		e, err := a.parts.Train.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(tensor.View[float32](e.X), tensor.View[float32](test.X)) {
			t.Errorf("training scene %d is in the test", i)
		}
	}
}

// Augmented pictures keep their size, and boxes that lie in them.
func TestAugmented(t *testing.T) {
	w := opened(t, small(func(c *Config) { c.Zoom, c.Colour = 0.4, 0.3 }))
	l := data.Loader{Data: w.parts.Train, Batch: 8, Transform: w.task.Fit.Transform, Collate: w.task.Fit.Collate, Seed: 1}
	plain := data.Loader{Data: w.parts.Train, Batch: 8, Collate: w.task.Fit.Collate, Seed: 1}
	var same []tensor.Tensor
	for b, err := range plain.Epoch(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		same = append(same, b.X.Keep())
	}
	k := 0
	for b, err := range l.Epoch(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.X.Shape(), same[k].Shape()) || slices.Equal(tensor.View[float32](b.X), tensor.View[float32](same[k])) {
			t.Errorf("batch %d is %v, or as it was", k, b.X.Shape())
		}
		for i := range b.N {
			for _, o := range b.Objects(i) {
				if o.X1 < 0 || o.Y1 < 0 || o.X2 > 64 || o.Y2 > 64 || o.Area() <= 0 {
					t.Errorf("a box %+v", o)
				}
			}
		}
		for _, v := range tensor.View[float32](b.X) {
			if !(v > -4 && v < 4) {
				t.Fatalf("a value of %g: far brighter than white, or darker than black", v)
			}
		}
		k++
	}
	none := opened(t, small(func(c *Config) { c.Flip = false }))
	if none.task.Fit.Transform != nil {
		t.Error("nothing is asked for, and there is a transform")
	}
}

// A picture made of an X is the one that X was made of.
func TestImagesComeBack(t *testing.T) {
	img := blocks(64, 64, []image.Rectangle{image.Rect(5, 6, 30, 40)})
	x, _ := draw.Fit(img, 64, 64, around)
	got := imageOf(x.Shift(-mean).Scale(1 / deviation))
	for y := range 64 {
		for k := range 64 {
			if got.RGBAAt(k, y) != img.RGBAAt(k, y) {
				t.Fatalf("(%d, %d) is %v, want %v", k, y, got.RGBAAt(k, y), img.RGBAAt(k, y))
			}
		}
	}
}

// A cell without heat is dark, a hot one has the colour of its class.
func TestGlow(t *testing.T) {
	img := blocks(8, 8, nil)
	m := heat{p: []float64{0, 1, 0, 0.5}, label: []int{0, 2, 0, 1}, h: 2, w: 2}
	got := glow(img, m)
	if c := got.RGBAAt(6, 1); c != draw.Colour(2) {
		t.Errorf("the hot cell is %v, want %v", c, draw.Colour(2))
	}
	dark, was := got.RGBAAt(1, 1), img.RGBAAt(1, 1)
	if dark.R > was.R/2 || dark.R < was.R/4 {
		t.Errorf("the cold cell is %v, the picture %v", dark, was)
	}
	if img.RGBAAt(6, 1) == draw.Colour(2) {
		t.Error("the picture itself was painted on")
	}
}

func TestBeside(t *testing.T) {
	a, b := blocks(20, 10, []image.Rectangle{image.Rect(0, 0, 20, 10)}), blocks(20, 10, nil)
	both := beside(a, b)
	if both.Rect != image.Rect(0, 0, 46, 10) || both.RGBAAt(3, 3) != a.RGBAAt(3, 3) || both.RGBAAt(29, 3) != b.RGBAAt(3, 3) {
		t.Errorf("%v", both.Rect)
	}
}

// A close-up is square, in the picture, and has the box in it.
func TestCloseUp(t *testing.T) {
	img := blocks(64, 48, nil)
	for _, b := range []metric.Detection{box(0, 0, 10, 10, 0, 1), box(50, 30, 64, 48, 1, 1), box(0, 0, 64, 48, 2, 1), box(31, 20, 32, 21, 3, 1)} {
		r := closeUp(img, b).Bounds()
		if r.Dx() != r.Dy() || r.Empty() {
			t.Errorf("%v: %v", b, r)
		}
		f := draw.Factor(img.Rect.Size(), leastSide)
		if !(image.Point{X: int((b.X1 + b.X2) / 2 * float64(f)), Y: int((b.Y1 + b.Y2) / 2 * float64(f))}).In(r.Inset(-1)) {
			t.Errorf("%v is not in %v", b, r)
		}
	}
}

// A long curve is thinned out, and stays within 0 and 1.
func TestLine(t *testing.T) {
	var c metric.COCO
	for i := range 1000 {
		b := metric.Box{X2: 10, Y2: 10}
		if i%3 == 0 {
			b = metric.Box{X1: 50, X2: 60, Y2: 10}
		}
		c.Add([]metric.Detection{{Box: b, Score: 1 / float64(i+1)}}, []metric.Truth{{Box: metric.Box{X2: 10, Y2: 10}}})
	}
	l := line(&c, 0, "x")
	if n := len(l.X); n < 150 || n > 260 || n != len(l.Y) {
		t.Errorf("%d points", n)
	}
	for i := range l.X {
		if l.X[i] < 0 || l.X[i] > 100 || l.Y[i] < 0 || l.Y[i] > 1 || i > 0 && l.X[i] < l.X[i-1] {
			t.Errorf("point %d: %g, %g", i, l.X[i], l.Y[i])
		}
	}
	if l := line(&c, 5, "not there"); l.X != nil {
		t.Errorf("%v", l.X)
	}
}

func TestWordsOfAnswers(t *testing.T) {
	for _, c := range []struct {
		place draw.Place
		want  []string
	}{
		{draw.Place{Box: image.Rect(0, 0, 96, 96), W: 96, H: 96}, nil},
		{draw.Place{Box: image.Rect(0, 0, 96, 96), W: 500, H: 500}, []string{"scaled it from 500 × 500 to 96 × 96 pixels"}},
		{draw.Place{Box: image.Rect(0, 24, 96, 72), W: 200, H: 100}, []string{"scaled it from 200 × 100 to 96 × 48 pixels", "put it in the middle of a grey square of 96 × 96"}},
	} {
		if got := steps(c.place, 96); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.place, got, c.want)
		}
	}
	f := finds{Things: []found{{"bag", 0.934, [4]float64{1.2, 2, 30.6, 40}}, {"ankle boot", 0.5, [4]float64{}}}}
	want := "bag          93%  left 1, top 2, right 31, bottom 40\nankle boot   50%  left 0, top 0, right 0, bottom 0\n"
	if got := f.write(0.3); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (&finds{}).write(0.3); !strings.Contains(got, "30%") || !strings.Contains(got, "--set sure") {
		t.Errorf("%q", got)
	}
}

// Folders divided by their owner stay divided, whatever the seed; others are
// dealt by the seed alone.
func TestPartsOfOnesOwn(t *testing.T) {
	all := ownFolder(t, 40)
	names := func(w *work, part data.Dataset) string { return fmt.Sprint(part.(*pictures).set.Files) }
	a, b := opened(t, small(func(c *Config) { c.Data = all })), opened(t, small(func(c *Config) { c.Data = all }))
	other := opened(t, small(func(c *Config) { c.Data, c.Seed = all, 5 }))
	if names(a, a.parts.Test) != names(b, b.parts.Test) || names(a, a.parts.Test) == names(other, other.parts.Test) {
		t.Error("pictures are not dealt by the seed")
	}
	for _, f := range a.parts.Test.(*pictures).set.Files {
		if slices.Contains(a.parts.Train.(*pictures).set.Files, f) || slices.Contains(a.parts.Validate.(*pictures).set.Files, f) {
			t.Errorf("%s is in two parts", f)
		}
	}
	divided := t.TempDir()
	for k, part := range []string{"train", "val", "test"} {
		if err := os.Rename(ownFolder(t, 12+k), filepath.Join(divided, part)); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range 3 {
		w := opened(t, small(func(c *Config) { c.Data, c.Seed = divided, uint64(seed) }))
		if w.parts.Dealt || w.parts.Train.Len() != 12 || w.parts.Validate.Len() != 13 || w.parts.Test.Len() != 14 {
			t.Errorf("%d, %d and %d pictures", w.parts.Train.Len(), w.parts.Validate.Len(), w.parts.Test.Len())
		}
	}
}

// A part without a box that counts is refused by name.
func TestPartsWithoutBoxes(t *testing.T) {
	divided := t.TempDir()
	for _, part := range []string{"train", "val", "test"} {
		if err := os.Rename(ownFolder(t, 4), filepath.Join(divided, part)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(divided, "val", "annotations.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), `"iscrowd":0`, `"iscrowd":1`)), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = open(small(func(c *Config) { c.Data = divided }))
	if err == nil || !strings.Contains(err.Error(), "validation part has 4 pictures and no box") {
		t.Errorf("%v", err)
	}
}

// The report's marks are those of which the network is sure, and say so.
func TestMarks(t *testing.T) {
	w := &work{classes: []string{"cat", "dog"}, options: options{Sure: 0.4}}
	got := w.marks([]metric.Detection{box(1, 2, 3, 4, 1, 0.9), box(1, 2, 3, 4, 0, 0.2)})
	if len(got) != 1 || got[0] != (draw.Mark{X1: 1, Y1: 2, X2: 3, Y2: 4, Class: 1, Words: "dog 90%"}) {
		t.Errorf("%+v", got)
	}
	truths := w.truths([]data.Object{{X2: 5, Y2: 6, Label: 0}, {X2: 5, Y2: 6, Label: 1, Crowd: true}})
	if len(truths) != 2 || truths[0].Words != "cat" || truths[1].Words != "dog (several)" {
		t.Errorf("%+v", truths)
	}
}

// What a class's settings may be is checked by their tags, those of an answer
// too.
func TestSettings(t *testing.T) {
	c := defaults(false)
	for _, bad := range []string{"size=32", "width=2", "scenes=1", "zoom=1", "colour=-0.1", "flip=maybe", "test-scenes=0"} {
		key, value, _ := strings.Cut(bad, "=")
		if err := recipe.Set(&c, key, value); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	for _, full := range []bool{false, true} {
		c := defaults(full)
		if err := recipe.Check(&c); err != nil {
			t.Error(err)
		}
	}
	o := options{Sure: sure}
	if recipe.Set(&o, "sure", "1.5") == nil || recipe.Set(&o, "sure", "0.6") != nil || o.Sure != 0.6 {
		t.Errorf("sure is %g", o.Sure)
	}
}

// What surrounds a picture is as far from black as from white.
func TestAround(t *testing.T) {
	if around != (color.Gray{128}) {
		t.Errorf("%v", around)
	}
	if v := level[128]; math.Abs(float64(v)) > 0.01 {
		t.Errorf("the network sees %g there, want about 0", v)
	}
	if level[0] != -2 || level[255] != 2 {
		t.Errorf("black is %g and white %g", level[0], level[255])
	}
}
