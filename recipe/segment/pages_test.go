package segment

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/tensor"
)

// measured is a job with scores made up: of 100 pixels of each of three
// classes, some are taken for others.
func measured() *job {
	matrix := [][]int{{90, 10, 0}, {20, 70, 10}, {0, 50, 50}}
	s := &seen{confusion: metric.Confusion{Matrix: matrix}, each: []float64{0.5, 0.25}, scores: recipe.Scores{"miou": 0.4375, "iou_object": 0.85, "boundary_f": 0.5, "accuracy_pixel": 0.7}}
	c := defaults(false)
	return &job{config: &c, known: known{Classes: []string{"background", "cat", "dog"}}.coloured(), seen: s,
		trivial: &trivial{seen: s, method: "guessing", searched: [][]string{{"1", "2", "3%"}}}}
}

func TestStory(t *testing.T) {
	j := measured()
	text := j.story()
	for _, want := range []string{
		"background      75.0%   cat (10.0% of its pixels)", "cat             43.8%   background (20.0% of its pixels)", "dog             45.5%   cat (50.0% of its pixels)",
		"mean IoU without the background 43.8%, of the reference (guessing) 43.8%", "(boundary F) 50.0%",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	j.seen.confusion.Matrix[2] = []int{0, 0, 100}
	if got := j.takenFor(2); got != "nothing else" {
		t.Errorf("%q", got)
	}
}

// Rows of the matrix are thousandths, whatever a class's size is.
func TestConfusionOfPixels(t *testing.T) {
	html := string(measured().confusionSection().Body[0].HTML)
	for _, want := range []string{"dog taken for cat: 500 of 1000", "cat taken for background: 200 of 1000"} {
		if !strings.Contains(html, want) {
			t.Errorf("does not say %q", want)
		}
	}
	j := measured()
	j.seen.confusion.Matrix[1] = []int{0, 0, 0} // a class that is not there
	if html := string(j.confusionSection().Body[0].HTML); strings.Contains(html, "NaN") {
		t.Error("NaN")
	}
}

func TestScoresOfClasses(t *testing.T) {
	s := measured().scoresSection()
	all := ""
	for _, f := range s.Body {
		all += string(f.HTML)
	}
	for _, want := range []string{"43.8%", "45.5%", "50.0%", "85.0%", "reference", "dog"} {
		if !strings.Contains(all, want) {
			t.Errorf("does not show %q", want)
		}
	}
	if got := tolerance(96); math.Abs(got-1.0182) > 1e-3 {
		t.Errorf("tolerance %g", got)
	}
	if !strings.Contains(strings.Join(s.Text, " "), "1.0 pixels") {
		t.Error("the tolerance is not told")
	}
}

// The page tells the theory with numbers of the network at hand, and sources;
// the search of the network belongs to scenes alone.
func TestTheory(t *testing.T) {
	j := measured()
	text := strings.Join(theory(j.config).Text, "\n")
	for _, want := range []string{"after 4 halvings each place stands for 16 × 16 pixels", "Ronneberger", "Dice"} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q", want)
		}
	}
	with := len(j.searchSection().Body)
	j.config.Data = "/own"
	if without := len(j.searchSection().Body); with != 2 || without != 1 {
		t.Errorf("%d and %d tables", with, without)
	}
}

// A picture comes back from its normalised values, and from beside others.
func TestPicturesOfTheGallery(t *testing.T) {
	x := make([]float32, 4*3*3)
	for i := range x {
		x[i] = normal(float32(i*7%256) / 255)
	}
	m := shownAs(tensor.Of(x, 3, 4, 3))
	for i := range x {
		if got := m.Pix[4*(i/3)+i%3]; got != uint8(i*7%256) {
			t.Fatalf("value %d is %d", i, got)
		}
	}
	row := sideBySide(m, m, m)
	if row.Rect != image.Rect(0, 0, 3*4+4, 3) || row.RGBAAt(4, 0) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("%v, %v", row.Rect, row.RGBAAt(4, 0))
	}
	for k := range 3 {
		for i := range 12 {
			if row.RGBAAt(k*6+i%4, i/4) != m.RGBAAt(i%4, i/4) {
				t.Fatalf("copy %d differs at %d", k, i)
			}
		}
	}
	l := &draw.Labels{W: 4, H: 3, Of: []int32{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}}
	tinted := tinted(m, l, []color.RGBA{{}, {255, 0, 0, 255}})
	if tinted.Rect.Dx() != 4*times || tinted.RGBAAt(times, times) != (color.RGBA{255, 0, 0, 255}) || tinted.RGBAAt(0, 0) != m.RGBAAt(0, 0) {
		t.Errorf("%v: %v", tinted.Rect, tinted.RGBAAt(times, times))
	}
}

// Of a layer's channels those are shown that vary most; each scale is named.
func TestMapsOfScales(t *testing.T) {
	v := make([]float32, 6*5*30)
	for i := range 30 {
		for k := range 30 {
			v[i*30+k] = float32(i%2) * float32(k%15) // channels 14 and 29 vary most, then 13 and 28
		}
	}
	all := liveliest(v, 6, 5, 30)
	if len(all) != channels || all[len(all)-1].Hint != "channel 29" || all[0].Hint != "channel 10" {
		t.Errorf("%d channels: %v", len(all), all[len(all)-1].Hint)
	}
	c := tiny(t, "levels=2")
	task := opened(t, c)
	e, err := task.Test.At(0)
	if err != nil {
		t.Fatal(err)
	}
	maps, err := watch(task.Net, e)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, m := range maps {
		words = append(words, m.words)
	}
	for i, want := range []string{"down, scale 1: 32 × 32 places, 4", "down, scale 2: 16 × 16 places, 8", "the bottom: 8 × 8 places, 16", "up, scale 2: 16 × 16 places, 8", "up, scale 1: 32 × 32 places, 4"} {
		if i >= len(words) || !strings.HasPrefix(words[i], want) {
			t.Errorf("%q, want %q", words, want)
		}
	}
}

// Legends name each class but the background.
func TestKeys(t *testing.T) {
	keys := measured().keys()
	if len(keys) != 2 || keys[0].Words != "cat" || keys[0].Colour == keys[1].Colour {
		t.Errorf("%v", keys)
	}
}

// The reference tries all its settings on validation pictures, and keeps the
// best.
func TestReferenceIsTuned(t *testing.T) {
	task, j := opened(t, tiny(t)), &job{config: tiny(t), known: knownScenes()}
	j.task = task
	r, err := j.reference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.searched) != len(distances)*len(leasts) {
		t.Errorf("%d pairs were tried", len(r.searched))
	}
	best, row := -1.0, []string(nil)
	for _, s := range r.searched {
		var v float64
		if _, err := fmt.Sscanf(s[2], "%f%%", &v); err != nil {
			t.Fatal(err)
		}
		if v > best+0.05 {
			best, row = v, s
		}
	}
	if fmt.Sprint(r.settings["distance"]) != row[0] && best > 0.1 {
		t.Errorf("took %v, the best is %v", r.settings, row)
	}
	again, err := j.reference(t.Context())
	if err != nil || fmt.Sprint(again.scores) != fmt.Sprint(r.scores) {
		t.Errorf("twice: %v and %v, %v", r.scores, again.scores, err)
	}
}
