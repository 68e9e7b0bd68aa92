package listen

import (
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/datasets/spoken"
	"github.com/limpid-ml/limpid/tensor"
)

// tone is a sine of so many Hz and seconds.
func tone(hz, seconds float64) []float32 {
	x := make([]float32, int(seconds*Rate))
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*hz*float64(i)/Rate))
	}
	return x
}

// clip returns a training clip.
func clip(i int) []float32 { return spoken.Clips(spoken.Train)[i].Samples }

func TestHearIsTheLogarithmOfTheMelSpectrogram(t *testing.T) {
	x := clip(3)
	mel, err := audio.NewMel(audio.MelOptions{Rate: Rate, Bands: Bands, Low: low, High: high})
	if err != nil {
		t.Fatal(err)
	}
	log, err := mel.Log(audio.Clip{Samples: x, Rate: Rate})
	if err != nil {
		t.Fatal(err)
	}
	want := tensor.Data[float32](log)
	floor := slices.Max(want) - depth/10.*math.Ln10
	sum, square := 0.0, 0.0
	for i := range want {
		want[i] = max(want[i], floor)
		sum += float64(want[i])
	}
	mean := sum / float64(len(want))
	for _, v := range want {
		square += (float64(v) - mean) * (float64(v) - mean)
	}
	deviation := math.Sqrt(square / float64(len(want)))
	got := Hear(x)
	if len(got) != Frames(len(x))*Width || Frames(len(x)) != log.Dim(0) {
		t.Fatalf("%d values of %d frames", len(got), log.Dim(0))
	}
	for i, v := range got {
		frame, band := i/Width, i%Width
		if band == Bands {
			if v != 1 {
				t.Fatalf("frame %d is marked by %g", frame, v)
			}
			continue
		}
		if w := (float64(want[frame*Bands+band]) - mean) / deviation; math.Abs(float64(v)-w) > 1e-3 {
			t.Fatalf("frame %d, band %d: %g, want %g", frame, band, v, w)
		}
	}
}

func TestLoudnessMakesNoDifference(t *testing.T) {
	x := clip(40)
	soft := make([]float32, len(x))
	for i, v := range x {
		soft[i] = v / 50
	}
	a, b := Hear(x), Hear(soft)
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-3 {
			t.Fatalf("value %d: %g and %g", i, a[i], b[i])
		}
	}
}

// What has no sound, or hardly any samples, gives finite values.
func TestHearOfNothing(t *testing.T) {
	for _, x := range [][]float32{make([]float32, 4000), make([]float32, 1), {1}, tone(100, 0.01)} {
		for _, v := range Hear(x) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("%d samples give %g", len(x), v)
			}
		}
	}
}

// A tone is brightest in one band, a higher one in a higher band.
func TestBandsFollowFrequency(t *testing.T) {
	before := -1
	for _, hz := range []float64{150, 400, 800, 1500, 2500, 3300} {
		x := Hear(tone(hz, 0.3))
		row := x[10*Width : 10*Width+Bands]
		best := slices.Index(row, slices.Max(row))
		if best <= before {
			t.Errorf("%g Hz is in band %d, a lower tone in %d", hz, best, before)
		}
		before = best
	}
}

func TestFit(t *testing.T) {
	x := make([]float32, 3*Width)
	for i := range 3 {
		for b := range Bands {
			x[i*Width+b] = float32(i - 1)
		}
		x[i*Width+Bands] = 1
	}
	first := func(y []float32) (rows []float32) {
		for t := 0; t < len(y); t += Width {
			rows = append(rows, y[t])
		}
		return rows
	}
	for frames, want := range map[int][]float32{1: {0}, 3: {-1, 0, 1}, 5: {-1, -1, 0, 1, -1}, 7: {-1, -1, -1, 0, 1, -1, -1}} {
		y := Fit(x, frames)
		if !slices.Equal(first(y), want) {
			t.Errorf("%d frames: %v, want %v", frames, first(y), want)
		}
		for t2 := Bands; t2 < len(y); t2 += Width {
			if y[t2] != 1 {
				t.Errorf("%d frames: one is marked by %g", frames, y[t2])
			}
		}
	}
}

func TestNoChangeIsHear(t *testing.T) {
	for i := range 5 {
		x := clip(i * 31)
		if a, b := Hear(x), (Vary{}).Hear(x, tensor.NewRand(uint64(i))); !slices.Equal(a, b) {
			t.Errorf("clip %d is changed by no change", i*31)
		}
	}
	if Strength(0) != (Vary{}) {
		t.Errorf("strength 0 is %+v", Strength(0))
	}
}

// Each change changes something, the same for the same source of chance, and
// leaves values finite.
func TestEachChange(t *testing.T) {
	x := clip(77)
	plain := Hear(x)
	for name, v := range map[string]Vary{
		"speed": {Speed: 0.15}, "tempo": {Tempo: 0.25}, "tract": {Tract: 0.15}, "colour": {Colour: 6}, "echo": {Echo: 1}, "noise": {Noise: 1}, "masks": {Masks: 2},
		"all": Strength(1), "strongest": Strength(2),
	} {
		a, b, c := v.Hear(x, tensor.NewRand(5)), v.Hear(x, tensor.NewRand(5)), v.Hear(x, tensor.NewRand(6))
		if slices.Equal(a, plain) || !slices.Equal(a, b) || slices.Equal(a, c) {
			t.Errorf("%s: changes nothing, or not by its source of chance", name)
		}
		for seed := range uint64(20) {
			for _, value := range v.Hear(x, tensor.NewRand(seed)) {
				if math.IsNaN(float64(value)) || math.Abs(float64(value)) > 20 {
					t.Fatalf("%s: a value of %g", name, value)
				}
			}
		}
	}
}

// Speed and tempo stretch time by what they are at most; the others leave it.
func TestWhatStretchesTime(t *testing.T) {
	x := clip(77)
	frames := float64(Frames(len(x)))
	for name, tt := range map[string]struct {
		v    Vary
		most float64
	}{"speed": {Vary{Speed: 0.2}, 0.2}, "tempo": {Vary{Tempo: 0.2}, 0.2}, "others": {Vary{Tract: 0.1, Colour: 6, Echo: 1, Noise: 1, Masks: 2}, 0}} {
		least, greatest := math.Inf(1), 0.0
		for seed := range uint64(60) {
			n := float64(len(tt.v.Hear(x, tensor.NewRand(seed)))/Width) / frames
			least, greatest = min(least, n), max(greatest, n)
		}
		slack := 0.05
		if least < 1/(1+tt.most)-slack || greatest > 1/(1-tt.most)+slack || tt.most > 0 && (least > 0.92 || greatest < 1.08) {
			t.Errorf("%s: from %.2f to %.2f of the frames", name, least, greatest)
		}
	}
}

// A clip that is played faster is shorter, and its tones are higher by as much.
func TestPlayed(t *testing.T) {
	x := tone(500, 1)
	for _, f := range []float64{0.8, 1.25} {
		y := played(x, f)
		if want := int(Rate / f); len(y) != want {
			t.Errorf("×%g: %d samples, want %d", f, len(y), want)
		}
		crossings := 0
		for i := 1; i < len(y); i++ {
			if y[i-1] < 0 && y[i] >= 0 {
				crossings++
			}
		}
		if hz := float64(crossings) / (float64(len(y)) / Rate); math.Abs(hz-500*f) > 3 {
			t.Errorf("×%g: %g Hz", f, hz)
		}
	}
	if y := played(x[:1], 2); len(y) != 1 {
		t.Errorf("one sample became %d", len(y))
	}
}

// The echo of a click falls by 60 dB in the time that is given, and all of it is
// weaker than the click by what is given.
func TestEcho(t *testing.T) {
	const seconds, weaker = 0.4, 6
	p := make([]float32, 200*Bands)
	p[7] = 1
	echo(p, seconds, weaker)
	total := 0.0
	for i := Bands + 7; i < len(p); i += Bands {
		total += float64(p[i])
	}
	if want := math.Pow(10, -weaker/10.); math.Abs(total-want) > 0.01*want {
		t.Errorf("the echo has a power of %g, want %g", total, want)
	}
	fall := 10 * math.Log10(float64(p[7+Bands])/float64(p[7+Bands+40*Bands])) // 40 frames are 0.4 s
	if math.Abs(fall-60) > 0.5 {
		t.Errorf("it falls by %g dB in %g s", fall, seconds)
	}
	if p[7] != 1 || p[8] != 0 {
		t.Error("the click itself, or another band, is changed")
	}
}

func TestMasksHideAFew(t *testing.T) {
	for seed := range uint64(50) {
		x := make([]float32, 60*Width)
		for i := range x {
			x[i] = 1
		}
		(Vary{Masks: 1}).mask(x, tensor.NewRand(seed))
		hidden, marked := 0, 0
		for i, v := range x {
			switch {
			case v == 0:
				hidden++
			case i%Width == Bands:
				marked++
			}
		}
		if hidden > 6*Bands+6*60 || marked != 60 {
			t.Fatalf("%d values hidden, %d of 60 frames marked", hidden, marked)
		}
	}
}

func TestTransform(t *testing.T) {
	x := clip(9)
	p := &data.Picture{Pix: x, H: len(x), W: 1, C: 1}
	Vary{}.Transform()(tensor.NewRand(1), p)
	if p.H != Frames(len(x)) || p.W != Width || p.C != 1 || !slices.Equal(p.Pix, Hear(x)) {
		t.Errorf("a picture of %d × %d × %d", p.H, p.W, p.C)
	}
}

func TestDraw(t *testing.T) {
	x := tone(1000, 1)
	img := Draw(x, []Mark{{"one", 0.2, 0.6}, {"two", 0.6, 9}})
	size := img.Bounds().Size()
	if size.X != Frames(len(x))*zoomX || size.Y != Bands*zoomY+strip {
		t.Errorf("size %v", size)
	}
	white := func(x, y int) bool { r, g, b, _ := img.At(x, y).RGBA(); return r > 0xf000 && g > 0xf000 && b > 0xf000 }
	if at := int(0.2 * Rate / Hop * zoomX); !white(at, 3) || white(at+30, 3) {
		t.Error("the first word does not begin with a line")
	}
	if bar := Bands*zoomY + 1; !white(10, bar) || white(int(0.4*Rate/Hop*zoomX), bar) {
		t.Error("the first word has no bar, or has it too early")
	}
	if short := Draw(tone(500, 0.05), []Mark{{"a", 0, 1}, {"b", 5, 6}}); short.Bounds().Dx() != least {
		t.Errorf("a short clip is %v", short.Bounds())
	}
	if plain := Draw(x, nil); plain.Bounds().Dy() != Bands*zoomY || plain.Bounds().Dx() != size.X {
		t.Errorf("without words it is %v", plain.Bounds())
	}
	if heat(0) != (color.RGBA{0, 0, 0, 255}) || heat(2).R != 255 || heat(-1) != heat(0) {
		t.Errorf("colours %v, %v", heat(0), heat(2))
	}
}
