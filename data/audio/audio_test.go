package audio

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/format/wav"
	"github.com/limpid-ml/limpid/tensor"
)

// tone returns a sine of amplitude 0.5.
func tone(hz float64, rate, n int) Clip {
	c := Clip{make([]float32, n), rate}
	for i := range c.Samples {
		c.Samples[i] = float32(0.5 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return c
}

// level returns the amplitude of a frequency in the middle of c, in dB of 0.5.
func level(c Clip, hz float64) float64 {
	from, to := len(c.Samples)/4, len(c.Samples)*3/4
	var re, im, weight float64
	for i := from; i < to; i++ {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i-from)/float64(to-from))
		at := 2 * math.Pi * hz * float64(i) / float64(c.Rate)
		re += w * float64(c.Samples[i]) * math.Cos(at)
		im += w * float64(c.Samples[i]) * math.Sin(at)
		weight += w
	}
	return 20 * math.Log10(max(4*math.Hypot(re, im)/weight, 1e-12))
}

// pitchOf returns the frequency of a tone by its rising zeros.
func pitchOf(c Clip) float64 {
	first, last, n := -1, -1, 0
	for i := len(c.Samples) / 5; i < len(c.Samples)*4/5; i++ {
		if c.Samples[i-1] < 0 && c.Samples[i] >= 0 {
			if first < 0 {
				first = i
			}
			last = i
			n++
		}
	}
	return float64(n-1) * float64(c.Rate) / float64(last-first)
}

func TestResamplingPassesWhatFitsAndNothingElse(t *testing.T) {
	for _, r := range []struct{ from, to int }{{44100, 16000}, {48000, 16000}, {16000, 8000}, {8000, 16000}, {22050, 44100}, {16000, 15999}, {44100, 48000}} {
		half := float64(min(r.from, r.to)) / 2
		for _, share := range []float64{0.01, 0.3, 0.6, 0.8, 0.9} {
			got := level(tone(share*half, r.from, r.from/4).Resample(r.to), share*half)
			if math.Abs(got) > 0.01 {
				t.Errorf("%d to %d: a tone at %.0f Hz changes by %.4f dB", r.from, r.to, share*half, got)
			}
		}
		if r.to >= r.from {
			continue
		}
		for _, hz := range []float64{half * 1.001, half * 1.1, half * 1.5, half * 1.9} {
			if hz >= float64(r.from)/2 {
				continue
			}
			out := tone(hz, r.from, r.from/4).Resample(r.to)
			middle := Clip{out.Samples[len(out.Samples)/4 : len(out.Samples)*3/4], out.Rate}
			if db := 10 * math.Log10(middle.power()/0.125); db > -95 {
				t.Errorf("%d to %d: a tone at %.0f Hz leaves %.1f dB", r.from, r.to, hz, db)
			}
		}
	}
}

func TestResampledClipsHaveTheirLengthAndTheirPlace(t *testing.T) {
	for _, c := range []struct{ n, from, to, want int }{{1000, 44100, 16000, 363}, {1000, 16000, 44100, 2757}, {0, 8000, 16000, 0}, {1, 8000, 16000, 2}, {10, 8000, 8000, 10}, {441, 44100, 44099, 441}} {
		got := Clip{make([]float32, c.n), c.from}.Resample(c.to)
		if len(got.Samples) != c.want || got.Rate != c.to {
			t.Errorf("%+v: got %d samples at %d", c, len(got.Samples), got.Rate)
		}
	}
	// A constant stays one, away from the ends; a click stays where it is.
	flat := Clip{slices.Repeat([]float32{0.25}, 2000), 44100}.Resample(16000)
	for i := 150; i < 500; i++ {
		if math.Abs(float64(flat.Samples[i])-0.25) > 1e-6 {
			t.Fatalf("sample %d of a constant is %v", i, flat.Samples[i])
		}
	}
	click := Clip{make([]float32, 3000), 48000}
	click.Samples[1500] = 1
	out := click.Resample(16000)
	if at := slices.Index(out.Samples, slices.Max(out.Samples)); at != 500 {
		t.Errorf("a click at 1500 of 48 kHz is at %d of 16 kHz", at)
	}
}

// A ratio whose taps are too many to keep takes the same values as one whose
// taps are kept.
func TestRatiosThatAreNotKept(t *testing.T) {
	kept, made := newBank(1000, 999), newBank(1000, 999)
	made.phases = nil
	for _, phase := range []int{0, 1, 500, 999} {
		if !slices.Equal(kept.taps(phase), made.taps(phase)) {
			t.Errorf("phase %d differs", phase)
		}
	}
	if b := newBank(99991, 44100); b.phases != nil {
		t.Error("all taps of 99991/44100 are kept")
	}
}

func TestSpeedAndPitch(t *testing.T) {
	c := tone(440, 16000, 16000)
	for _, f := range []float64{0.8, 0.9, 1, 1.1, 1.237} {
		out := c.Speed(f)
		if want := int(math.Ceil(16000 / f)); math.Abs(float64(len(out.Samples)-want)) > 1 || out.Rate != 16000 {
			t.Errorf("speed %v: %d samples, want %d", f, len(out.Samples), want)
		}
		if got := pitchOf(out); math.Abs(got/(440*f)-1) > 2e-3 {
			t.Errorf("speed %v: %v Hz, want %v", f, got, 440*f)
		}
	}
	for _, s := range []float64{-4, -1, 0, 2.5, 7} {
		out, want := c.Pitch(s), 440*math.Pow(2, s/12)
		if len(out.Samples) != 16000 {
			t.Errorf("pitch %v: %d samples", s, len(out.Samples))
		}
		if got := pitchOf(out); math.Abs(got/want-1) > 5e-3 {
			t.Errorf("pitch %v: %v Hz, want %v", s, got, want)
		}
	}
	for _, f := range []float64{0.5, 1, 1.5} {
		out := c.Stretch(f)
		if got := pitchOf(out); math.Abs(got/440-1) > 5e-3 || len(out.Samples) != int(16000/f+0.5) {
			t.Errorf("stretch %v: %v Hz, %d samples", f, got, len(out.Samples))
		}
	}
}

func TestInverseGivesTheSoundBack(t *testing.T) {
	x := readGolden().X
	for _, o := range []STFTOptions{{Window: 400}, {Window: 400, Hop: 160, FFT: 512}, {Window: 51, Hop: 20, FFT: 75, Reflect: true}} {
		s := NewSTFT(o)
		got := s.Inverse(s.Transform(x), len(x))
		end := len(x) - s.o.FFT // a last sample may lie under no window
		near(t, "sound", got[:end], x[:end], 1e-6)
	}
}

// Energy in a bin of the transform is that of the tone (Parseval).
func TestFramesLieWhereTheyShould(t *testing.T) {
	for _, c := range []struct {
		o       STFTOptions
		n, want int
	}{
		{STFTOptions{Window: 400, Hop: 160}, 1600, 11}, {STFTOptions{Window: 400, Hop: 160}, 0, 1},
		{STFTOptions{Window: 400, Hop: 160, NoCenter: true}, 1600, 8}, {STFTOptions{Window: 400, Hop: 160, NoCenter: true}, 399, 0},
		{STFTOptions{Window: 400, Hop: 160, NoCenter: true}, 400, 1},
	} {
		if got := NewSTFT(c.o).Transform(make([]float32, c.n)).Frames; got != c.want {
			t.Errorf("%+v, %d samples: %d frames, want %d", c.o, c.n, got, c.want)
		}
	}
	// One sample, mirrored for ever, is a constant.
	s := NewSTFT(STFTOptions{Window: 8, Reflect: true})
	if v := s.Transform([]float32{1}).Values[0]; math.Abs(real(v)-4) > 1e-12 {
		t.Errorf("bin 0 of a constant is %v, want the window's sum 4", v)
	}
}

func TestMelRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		o    MelOptions
		want string
	}{
		{MelOptions{Rate: -1}, "positive"}, {MelOptions{Window: 512, FFT: 256}, "at least the window"},
		{MelOptions{Low: 5000, High: 4000}, "bands from 5000 to 4000"}, {MelOptions{High: 9000}, "within 0 and 8000"},
		{MelOptions{Low: math.NaN()}, "bands from NaN"}, {MelOptions{Bands: 200}, "take fewer bands or a larger FFT"},
	} {
		if _, err := NewMel(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.o, err, c.want)
		}
	}
	m, err := NewMel(MelOptions{NoCenter: true})
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Clip{"call Resample first": tone(100, 8000, 8000), "does not fill a frame of 512": tone(100, 16000, 511)} {
		for _, f := range []func(Clip) (tensor.Tensor, error){m.Log, m.Power, m.Decibels, func(c Clip) (tensor.Tensor, error) { return m.MFCC(c, 13) }} {
			if _, err := f(c); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
	if m.Bands() != 80 {
		t.Errorf("%d bands", m.Bands())
	}
}

func TestMelIsUsedBySeveralAtOnce(t *testing.T) {
	m, err := NewMel(MelOptions{Bands: 20})
	if err != nil {
		t.Fatal(err)
	}
	c := Clip{readGolden().X, 16000}
	want, err := m.Log(c)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 5 {
				got, err := m.Log(c)
				if err != nil || !slices.Equal(tensor.View[float32](got), tensor.View[float32](want)) {
					t.Error("another result:", err)
				}
			}
		})
	}
	all.Wait()
}

func TestNoiseHasItsLevelAndItsColour(t *testing.T) {
	for _, slope := range []float64{0, 1, 2} {
		n := Noise(1<<15, 16000, slope, tensor.NewRand(1))
		if p := n.power(); math.Abs(p-0.01) > 1e-6 {
			t.Errorf("slope %v: power %v", slope, p)
		}
		spec := NewSTFT(STFTOptions{Window: 1024, NoCenter: true}).Transform(n.Samples)
		at := func(from, to int) (sum float64) { // dB of the mean power of bins
			for f := range spec.Frames {
				for k := from; k < to; k++ {
					v := spec.Values[f*spec.Bins+k]
					sum += real(v)*real(v) + imag(v)*imag(v)
				}
			}
			return 10 * math.Log10(sum/float64(to-from))
		}
		got := (at(20, 40) - at(160, 320)) / 3 // dB an octave
		if math.Abs(got-3.01*slope) > 0.4 {
			t.Errorf("slope %v falls by %.2f dB an octave", slope, got)
		}
	}
	if n := Noise(0, 16000, 1, tensor.NewRand(1)); len(n.Samples) != 0 {
		t.Error("no samples asked for, some got")
	}
}

func TestAddNoiseKeepsTheRatio(t *testing.T) {
	c := tone(300, 16000, 5000)
	for _, snr := range []float64{-5, 0, 10, 40} {
		out := c.AddNoise(Noise(700, 16000, 1, tensor.NewRand(2)), snr, tensor.NewRand(3))
		rest := out.like(len(out.Samples))
		for i := range rest.Samples {
			rest.Samples[i] = out.Samples[i] - c.Samples[i]
		}
		if got := 10 * math.Log10(c.power()/rest.power()); math.Abs(got-snr) > 0.01 {
			t.Errorf("%v dB asked for, got %v", snr, got)
		}
	}
	silent := Clip{make([]float32, 100), 16000}
	if got := silent.AddNoise(c, 10, tensor.NewRand(1)); got.power() != 0 {
		t.Error("silence got noise, though no noise has a ratio to it")
	}
	if got := c.AddNoise(silent, 10, tensor.NewRand(1)); !slices.Equal(got.Samples, c.Samples) {
		t.Error("silent noise changed a clip")
	}
}

func TestNormalizeAndGain(t *testing.T) {
	c := tone(1000, 48000, 48000)
	for _, want := range []float64{-23, -14} {
		if got := c.Normalize(want).Loudness(); math.Abs(got-want) > 1e-3 {
			t.Errorf("%v LUFS, want %v", got, want)
		}
	}
	short := tone(1000, 48000, 4800).Normalize(-20)
	if got := short.Loudness(); math.Abs(got+20) > 1e-3 {
		t.Errorf("a clip of 0.1 s: %v LUFS, want −20", got)
	}
	for _, c := range []Clip{{make([]float32, 48000), 48000}, {nil, 48000}} {
		if got := c.Normalize(-23); !math.IsInf(c.Loudness(), -1) || got.power() != 0 {
			t.Errorf("silence: %v LUFS", c.Loudness())
		}
	}
	if got := level(c.Gain(-6), 1000); math.Abs(got+6) > 1e-3 {
		t.Errorf("a gain of −6 dB is %v", got)
	}
}

func TestDrawDependsOnAllThree(t *testing.T) {
	seen := map[float64]bool{}
	for seed := range uint64(4) {
		for epoch := range 4 {
			for index := range 4 {
				v := Draw(seed, epoch, index).Float64()
				if seen[v] || v != Draw(seed, epoch, index).Float64() {
					t.Errorf("seed %d, epoch %d, index %d: %v", seed, epoch, index, v)
				}
				seen[v] = true
			}
		}
	}
}

func TestAugment(t *testing.T) {
	c := Clip{readGolden().X, 16000}
	same := Augment{}.Apply(c, tensor.NewRand(1))
	if !slices.Equal(same.Samples, c.Samples) {
		t.Error("no change asked for, one made")
	}
	a := Augment{Speed: Range{0.9, 1.1}, Pitch: Range{-1, 1}, Gain: Range{-6, 6}, SNR: Range{5, 20}, NoiseShare: 0.5, Shift: 0.02}
	withNoises := a
	withNoises.Noises = []Clip{tone(50, 16000, 100), tone(60, 16000, 90)}
	for _, a := range []Augment{a, withNoises} {
		lengths := map[int]bool{}
		for i := range 10 {
			got, again := a.Apply(c, Draw(1, 0, i)), a.Apply(c, Draw(1, 0, i))
			if !slices.Equal(got.Samples, again.Samples) {
				t.Error("the same draw, another clip")
			}
			if n := float64(len(got.Samples)) / float64(len(c.Samples)); n < 0.9 || n > 1.12 {
				t.Errorf("length changed by %v", n)
			}
			lengths[len(got.Samples)] = true
		}
		if len(lengths) < 5 {
			t.Errorf("only %d lengths in 10 draws", len(lengths))
		}
	}
}

func TestShiftMovesAndFillsWithSilence(t *testing.T) {
	c := Clip{[]float32{1, 2, 3}, 1}
	for n, want := range map[int][]float32{1: {0, 1, 2}, -1: {2, 3, 0}, 5: {0, 0, 0}, -5: {0, 0, 0}} {
		if got := c.shift(n).Samples; !slices.Equal(got, want) {
			t.Errorf("by %d: %v", n, got)
		}
	}
}

func TestSpecAugmentHidesStripes(t *testing.T) {
	const frames, bands = 50, 20
	x := tensor.NewRand(9).Normal(3, 1, frames, bands)
	s := SpecAugment{TimeMasks: 2, TimeWidth: 10, BandMasks: 1, BandWidth: 5}
	hidden := 0
	for i := range 30 {
		y := s.Apply(x, Draw(7, i, 0))
		if again := s.Apply(x, Draw(7, i, 0)); !slices.Equal(tensor.View[float32](y), tensor.View[float32](again)) {
			t.Error("the same draw, another mask")
		}
		rows, cols := make([]int, frames), make([]int, bands)
		for f := range frames {
			for b := range bands {
				if y.At(f, b) != x.At(f, b) {
					rows[f]++
					cols[b]++
					hidden++
				}
			}
		}
		whole := func(n []int, of int) (k int) {
			for _, v := range n {
				if v == of {
					k++
				}
			}
			return k
		}
		if f, b := whole(rows, bands), whole(cols, frames); f > 20 || b > 5 {
			t.Errorf("%d frames and %d bands are hidden, want at most 20 and 5", f, b)
		}
		for f := range frames { // what is hidden is a whole frame or a whole band
			for b := range bands {
				if y.At(f, b) != x.At(f, b) && rows[f] != bands && cols[b] != frames {
					t.Fatalf("frame %d, band %d is hidden alone", f, b)
				}
			}
		}
	}
	if share := float64(hidden) / (30 * frames * bands); share < 0.1 || share > 0.5 {
		t.Errorf("%.2f of all is hidden", share)
	}
	// More than there is, or a small share, is cut down.
	for _, s := range []SpecAugment{{TimeMasks: 3, TimeWidth: 1000, BandMasks: 3, BandWidth: 1000}, {TimeMasks: 1, TimeWidth: 10, TimeShare: 0.01}} {
		s.Apply(x, tensor.NewRand(1))
	}
}

func TestStandardize(t *testing.T) {
	x := tensor.NewRand(4).Normal(5, 3, 200, 6)
	y := Standardize(x)
	for b := range 6 {
		mean, square := 0., 0.
		for f := range 200 {
			mean += y.At(f, b) / 200
			square += y.At(f, b) * y.At(f, b) / 200
		}
		if math.Abs(mean) > 1e-5 || math.Abs(square-1) > 1e-4 {
			t.Errorf("band %d: mean %v, mean square %v", b, mean, square)
		}
	}
	if y := Standardize(tensor.Full(7, 5, 2)); y.Abs().Sum().Item() != 0 {
		t.Errorf("a constant became %v", y)
	}
}

func TestOpenTellsFormatsApart(t *testing.T) {
	flac, err := OpenChannels("../../format/flac/testdata/level8.flac")
	if err != nil || len(flac) != 2 || flac[0].Rate != 44100 || len(flac[1].Samples) != 300 {
		t.Fatalf("FLAC: %d channels, %v", len(flac), err)
	}
	mixed, err := Open("../../format/flac/testdata/level8.flac")
	if err != nil || math.Abs(float64(mixed.Samples[7]-(flac[0].Samples[7]+flac[1].Samples[7])/2)) > 1e-7 {
		t.Errorf("mixed: %v", err)
	}
	file := filepath.Join(t.TempDir(), "a.wav")
	c := tone(100, 8000, 1600)
	if err := c.Save(file); err != nil {
		t.Fatal(err)
	}
	back, err := Open(file)
	if err != nil || back.Duration() != 200*time.Millisecond {
		t.Fatalf("saved and opened: %v, %v", back.Duration(), err)
	}
	near(t, "saved and opened", back.Samples, c.Samples, 1./65536)
}

func TestWrongFiles(t *testing.T) {
	dir := t.TempDir()
	var nan bytes.Buffer
	if err := wav.Write(&nan, &wav.Sound{Rate: 8000, Channels: 1, Encoding: wav.Float32, Samples: []float32{0, 1}}); err != nil {
		t.Fatal(err)
	}
	nan.Truncate(nan.Len() - 4)
	nan.Write([]byte{0, 0, 0xc0, 0x7f})
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"empty.wav": {nil, "no sound"}, "text.wav": {[]byte("hello"), "not a WAV file"}, "one.wav": {[]byte("R"), "not a WAV"},
		"a.ogg": {[]byte("OggS\x00\x02"), "is Ogg, which is not read"}, "a.m4a": {[]byte("\x00\x00\x00\x20ftypM4A "), "is MP4 or M4A"},
		"a.mp3": {[]byte("\xff\xfb\x90\x00"), "is MP3 or AAC"}, "tagged.mp3": {[]byte("ID3\x04\x00\x00\x00\x00\x00\x02abRIFF"), "as MP3 files do"},
		"a.aiff": {[]byte("FORM\x00\x00\x00\x00AIFF"), "is AIFF"}, "a.webm": {[]byte("\x1aE\xdf\xa3"), "is WebM"},
		"cut.flac": {[]byte("fLaC"), "cut short"}, "nan.wav": {nan.Bytes(), "sample 1 of channel 0 is NaN"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, c.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); err == nil {
		t.Error("no error for a file that is not there")
	}
	if err := (Clip{}).Save(filepath.Join(dir, "x.wav")); err == nil || !strings.Contains(err.Error(), "rate is 0") {
		t.Errorf("saving without a rate: %v", err)
	}
}

func TestMistakesArePanicsOfTheLibrary(t *testing.T) {
	c := tone(100, 8000, 100)
	for name, f := range map[string]func(){
		"mix none": func() { Mix() }, "mix rates": func() { Mix(c, tone(1, 16000, 10)) },
		"rate 0": func() { c.Resample(0) }, "speed 0": func() { c.Speed(0) }, "speed NaN": func() { c.Speed(math.NaN()) },
		"stretch": func() { c.Stretch(-1) }, "noise": func() { c.AddNoise(tone(1, 16000, 10), 1, tensor.NewRand(1)) },
		"STFT": func() { NewSTFT(STFTOptions{Window: 1}) }, "inverse": func() { NewSTFT(STFTOptions{Window: 8}).Inverse(&Spectrum{Bins: 3}, 1) },
		"standardize": func() { Standardize(tensor.Of([]float32{1})) },
	} {
		if err := tensor.Try(f); err == nil || !strings.Contains(err.Error(), "audio.") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := Mix(c, c.Fit(50)); len(got.Samples) != 100 || got.Samples[80] != c.Samples[80]/2 {
		t.Error("clips of two lengths are mixed wrongly")
	}
	if (Clip{}).Duration() != 0 {
		t.Error("a clip without rate plays")
	}
}

func BenchmarkResample(b *testing.B) {
	c := tone(440, 48000, 48000)
	for b.Loop() {
		c.Resample(16000)
	}
}

func BenchmarkLogMel(b *testing.B) {
	m, err := NewMel(MelOptions{})
	if err != nil {
		b.Fatal(err)
	}
	c := tone(440, 16000, 16000)
	for b.Loop() {
		if _, err := m.Log(c); err != nil {
			b.Fatal(err)
		}
	}
}
