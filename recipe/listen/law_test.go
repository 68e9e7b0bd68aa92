package listen

import (
	"bytes"
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/wav"
	"github.com/limpid-ml/limpid/tensor"
)

// noise draws a clip of noise with a gap of silence in it.
func noise(t *rapid.T, least, most int) []float32 {
	n := rapid.IntRange(least, most).Draw(t, "samples")
	r := tensor.NewRand(rapid.Uint64().Draw(t, "noise"))
	x := make([]float32, n)
	from, to := rapid.IntRange(0, n).Draw(t, "from"), rapid.IntRange(0, n).Draw(t, "to")
	for i := range x {
		if i < from || i > to {
			x[i] = float32(r.Float64() - 0.5)
		}
	}
	return x
}

// Of any clip Hear has whole frames, each marked, with mean 0 and deviation 1,
// or all 0 where there is nothing to hear.
func TestHearOnRandomClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := noise(t, 1, 6000)
		y := Hear(x)
		if len(y) != Frames(len(x))*Width {
			t.Fatalf("%d values of %d samples", len(y), len(x))
		}
		var sum, square float64
		for i, v := range y {
			if i%Width == Bands {
				if v != 1 {
					t.Fatalf("a frame is marked by %g", v)
				}
				continue
			}
			sum += float64(v)
			square += float64(v) * float64(v)
		}
		n := float64(len(y) / Width * Bands)
		if math.Abs(sum/n) > 1e-3 || math.Abs(square/n-1) > 1e-2 && square/n > 1e-3 {
			t.Fatalf("mean %g, mean square %g", sum/n, square/n)
		}
	})
}

// Fit cuts what was fitted back: to more frames and then to as many as there
// were gives the same, if both differ by an even number.
func TestFitBackAndForth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames, more := rapid.IntRange(1, 20).Draw(t, "frames"), 2*rapid.IntRange(0, 10).Draw(t, "more")
		x := make([]float32, 0, frames*Width)
		for range frames {
			x = append(x, rapid.SliceOfN(rapid.Float32Range(-3, 3), Bands, Bands).Draw(t, "frame")...)
			x = append(x, 1)
		}
		if back := Fit(Fit(x, frames+more), frames); !slices.Equal(back, x) {
			t.Fatalf("%d frames, %d more, and back: another clip", frames, more)
		}
	})
}

// Whatever the strength, chance and clip: whole frames, marked, finite.
func TestVaryOnRandomClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := noise(t, 2, 4000)
		v := Strength(rapid.Float64Range(0, 2).Draw(t, "strength"))
		y := v.Hear(x, tensor.NewRand(rapid.Uint64().Draw(t, "chance")))
		if len(y) == 0 || len(y)%Width != 0 {
			t.Fatalf("%d values", len(y))
		}
		for i, w := range y {
			if math.IsNaN(float64(w)) || math.IsInf(float64(w), 0) || i%Width == Bands && w != 1 {
				t.Fatalf("value %d is %g", i, w)
			}
		}
	})
}

// Stronger changes have wider ranges, within what the spectrogram can be
// stretched by.
func TestStrength(t *testing.T) {
	before := Vary{}
	for _, s := range []float64{0.1, 0.5, 1, 1.5, 2} {
		v := Strength(s)
		if v.Speed <= before.Speed || v.Tempo < before.Tempo || v.Tract < before.Tract || v.Colour <= before.Colour || v.Echo < before.Echo || v.Noise < before.Noise || v.Masks < before.Masks {
			t.Errorf("strength %g is weaker than a smaller one: %+v", s, v)
		}
		if v.Tract > 0.17 || v.Tempo > 0.6 || v.Noise > 1 || v.Echo > 1 || v.Speed >= 0.5 {
			t.Errorf("strength %g goes too far: %+v", s, v)
		}
		before = v
	}
	for _, stretch := range []int{83, 100, 117} {
		for _, hop := range []int{32, 80, 128} {
			if m := melOf(key{hop, stretch}); m.Bands() != Bands || m != melOf(key{hop, stretch}) {
				t.Errorf("hop %d, stretch %d: %d bands, or made twice", hop, stretch, m.Bands())
			}
		}
	}
}

// Noise under a clip is there from white to brown, all as loud.
func TestNoises(t *testing.T) {
	all := noises()
	steep := math.Inf(1)
	for k, c := range all {
		power, rough := 0.0, 0.0
		for i, v := range c.Samples {
			power += float64(v) * float64(v)
			if i > 0 {
				d := float64(v - c.Samples[i-1])
				rough += d * d
			}
		}
		if n := float64(len(c.Samples)); math.Abs(power/n-0.01) > 1e-4 {
			t.Errorf("noise %d has a power of %g", k, power/n)
		}
		if rough >= steep {
			t.Errorf("noise %d is no darker than the one before", k)
		}
		steep = rough
	}
}

// trim leaves what is loud, and cuts no more than what is soft.
func TestTrimOnRandomClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ahead, behind := rapid.IntRange(0, 5000).Draw(t, "ahead"), rapid.IntRange(0, 5000).Draw(t, "behind")
		x := slices.Concat(make([]float32, ahead), tone(440, 0.2), make([]float32, behind))
		got := trim(x)
		if want := 0.2*Rate + float64(min(ahead, margin)+min(behind, margin)); math.Abs(float64(len(got))-want) > 2*Hop {
			t.Fatalf("%d samples are left of %d + 1600 + %d", len(got), ahead, behind)
		}
	})
}

// What is written as WAV is read as it was, at the rate that networks hear.
func TestReadOnRandomClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := noise(t, 400, 3000)
		for i := range 100 {
			x[i], x[len(x)-1-i] = 0.4, 0.4 // so that nothing is cut off
		}
		var b bytes.Buffer
		if err := wav.Write(&b, &wav.Sound{Rate: Rate, Channels: 1, Encoding: wav.Float32, Samples: x}); err != nil {
			t.Fatal(err)
		}
		got, steps, err := Read(&b)
		if err != nil || !slices.Equal(got, x) || len(steps) > 0 {
			t.Fatalf("%d samples of %d, %q: %v", len(got), len(x), steps, err)
		}
	})
}

// No marks, however odd, break a drawing; its size follows from the clip alone.
func TestDrawOnRandomMarks(t *testing.T) {
	x := tone(700, 0.7)
	want := Draw(x, []Mark{{"a", 0, 1}}).Bounds()
	rapid.Check(t, func(t *rapid.T) {
		var marks []Mark
		for range rapid.IntRange(1, 4).Draw(t, "marks") {
			marks = append(marks, Mark{rapid.StringN(0, 30, -1).Draw(t, "text"), rapid.Float64Range(-2, 3).Draw(t, "from"), rapid.Float64Range(-2, 3).Draw(t, "to")})
		}
		if got := Draw(x, marks).Bounds(); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
	if got := Draw(make([]float32, 80), nil).Bounds(); got == (image.Rectangle{}) {
		t.Error("a short silence has no drawing")
	}
}

// A transform leaves what it is given as it was.
func TestTransformKeepsItsClip(t *testing.T) {
	x := tone(300, 0.3)
	before := slices.Clone(x)
	for seed := range uint64(5) {
		p := &data.Picture{Pix: x, H: len(x), W: 1, C: 1}
		Strength(1).Transform()(tensor.NewRand(seed), p)
		if !slices.Equal(x, before) {
			t.Fatal("the clip itself is changed")
		}
	}
}

// Recognition does not depend on how loud a clip is, nor on the order of
// templates.
func TestWordsByTemplates(t *testing.T) {
	forth, back := &Templates{Coefficients: 12}, &Templates{Coefficients: 12}
	clips := map[string][]float32{"low": tone(200, 0.3), "middle": slices.Concat(tone(500, 0.2), tone(1500, 0.2)), "high": tone(3000, 0.4), "falling": slices.Concat(tone(1500, 0.2), tone(500, 0.2))}
	names := []string{"falling", "high", "low", "middle"}
	for i := range names {
		forth.Add(names[i], clips[names[i]])
		back.Add(names[3-i], clips[names[3-i]])
	}
	for name, x := range clips {
		soft := make([]float32, len(x))
		for i, v := range x {
			soft[i] = v / 9
		}
		if a, b := forth.Word(soft), back.Word(soft); a != name || b != name {
			t.Errorf("%s is taken for %s, and for %s", name, a, b)
		}
	}
}
