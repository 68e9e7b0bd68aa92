package listen

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/format/wav"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// file is a WAV file of a tone, with silence around it.
func file(t *testing.T, rate, channels int, e wav.Encoding, seconds float64) []byte {
	t.Helper()
	n := int(seconds * float64(rate))
	s := &wav.Sound{Rate: rate, Channels: channels, Encoding: e}
	for i := range n {
		v := float32(0)
		if i > n/3 && i < 2*n/3 {
			v = float32(0.4 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
		}
		for range channels {
			s.Samples = append(s.Samples, v)
		}
	}
	var b bytes.Buffer
	if err := wav.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Any rate, width and number of channels comes to the same sound.
func TestReadTakesAnyForm(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 44100, 48000} {
		for _, channels := range []int{1, 2, 8} {
			for _, e := range []wav.Encoding{wav.PCM8, wav.PCM16, wav.PCM24, wav.Float32, wav.MuLaw} {
				samples, steps, err := Read(bytes.NewReader(file(t, rate, channels, e, 1.5)))
				if err != nil {
					t.Fatalf("%d Hz, %d channels, %v: %v", rate, channels, e, err)
				}
				if s := float64(len(samples)) / Rate; math.Abs(s-0.7) > 0.06 { // half a second of tone, and margins
					t.Errorf("%d Hz, %d channels, %v: %.2f s", rate, channels, e, s)
				}
				said := strings.Join(steps, "; ")
				if strings.Contains(said, "resampled") != (rate != Rate) || strings.Contains(said, "mixed") != (channels > 1) || !strings.Contains(said, "silence") {
					t.Errorf("%d Hz, %d channels: steps %q", rate, channels, said)
				}
			}
		}
	}
}

// What cannot be read says why.
func TestReadSaysWhatIsWrong(t *testing.T) {
	good := file(t, 8000, 1, wav.PCM16, 1)
	silence, err := os.ReadFile(silent(t, 8000))
	if err != nil {
		t.Fatal(err)
	}
	nan := file(t, 8000, 1, wav.Float32, 1)
	copy(nan[len(nan)-400:], bytes.Repeat([]byte{0xff}, 8))
	for name, tt := range map[string]struct {
		in   []byte
		want string
	}{
		"nothing":            {nil, "empty"},
		"text":               {[]byte("this is no sound, but it is long enough to look at"), ""},
		"MP3":                {append([]byte("ID3\x04"), make([]byte, 500)...), ""},
		"a header alone":     {good[:44], "cut short"},
		"half a header":      {good[:20], ""},
		"cut off":            {good[:len(good)/2], "cut short"},
		"silence":            {silence, "silent"},
		"no samples":         {header(t), "no samples"},
		"not a number":       {nan, "NaN"},
		"more than a minute": {file(t, 800, 1, wav.PCM8, Longest+2), "cut it"},
		"FLAC's first bytes": {[]byte("fLaC"), ""},
		"FLAC of garbage":    {append([]byte("fLaC"), bytes.Repeat([]byte{7}, 300)...), ""},
	} {
		_, _, err := Read(bytes.NewReader(tt.in))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.HasPrefix(err.Error(), "audio:") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func header(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := wav.Write(&b, &wav.Sound{Rate: 8000, Channels: 1}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// silent writes a file of silence.
func silent(t *testing.T, n int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "silent.wav")
	if err := (audio.Clip{Samples: make([]float32, n), Rate: Rate}).Save(name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestReadBoundsWhatItReads(t *testing.T) {
	head := file(t, 8000, 1, wav.PCM16, 0.1)
	copy(head[40:], []byte{0xf0, 0xff, 0xff, 0xff}) // so many bytes of samples does it promise
	endless := &zeros{head: head}
	const most = 1 << 20
	if _, _, err := read(endless, most); err == nil || !strings.Contains(err.Error(), "more than 1 MB") {
		t.Errorf("an endless file is read: %v", err)
	}
	if endless.read > 2*most {
		t.Errorf("%d bytes of an endless file are read", endless.read)
	}
}

// zeros is a head, then zeros for ever.
type zeros struct {
	head []byte
	read int
}

func (z *zeros) Read(p []byte) (int, error) {
	n := len(p)
	clear(p)
	if z.read < len(z.head) {
		n = copy(p, z.head[z.read:])
	}
	z.read += n
	return n, nil
}

func TestTrim(t *testing.T) {
	x := make([]float32, 3*Rate)
	copy(x[Rate:], tone(300, 1))
	got := trim(x)
	if s := float64(len(got)) / Rate; math.Abs(s-1.2) > 0.03 {
		t.Errorf("%.2f s are left of a second and its margins", s)
	}
	if trim(nil) != nil || trim(make([]float32, 500)) != nil {
		t.Error("silence is sound")
	}
	if loud := tone(300, 0.5); len(trim(loud)) != len(loud) {
		t.Error("sound from end to end is cut")
	}
}

func TestLoudestAgainstAll(t *testing.T) {
	r := tensor.NewRand(3)
	x := make([]float32, 60)
	for i := range x {
		x[i] = float32(r.Float64() - 0.5)
	}
	for _, n := range []int{1, 7, 59, 60, 99} {
		best, at := -1.0, 0
		for from := 0; from+n <= len(x); from++ {
			sum := 0.0
			for _, v := range x[from : from+n] {
				sum += float64(v) * float64(v)
			}
			if sum > best+1e-9 {
				best, at = sum, from
			}
		}
		want := x
		if n < len(x) {
			want = x[at : at+n]
		}
		if got := Loudest(x, n); !slices.Equal(got, want) {
			t.Errorf("%d of %d samples: another part", n, len(x))
		}
	}
}

// Load keeps the files' order, and names those that cannot be read: ten of them.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	var files []audio.Utterance
	for i := range 30 {
		name := filepath.Join(dir, fmt.Sprintf("%d.wav", i))
		if err := (audio.Clip{Samples: tone(300, 0.2+0.01*float64(i)), Rate: Rate}).Save(name); err != nil {
			t.Fatal(err)
		}
		files = append(files, audio.Utterance{File: name})
	}
	all, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if want := int((0.2 + 0.01*float64(i)) * Rate); len(all[i]) != want {
			t.Errorf("file %d has %d samples, want %d", i, len(all[i]), want)
		}
	}
	for i := range 14 {
		if err := os.WriteFile(files[2*i].File, []byte("no sound"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Load(append(files, audio.Utterance{File: filepath.Join(dir, "none.wav")}))
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "0.wav")) || !strings.Contains(err.Error(), "5 files more") {
		t.Errorf("got %v", err)
	}
}

func TestVoices(t *testing.T) {
	for name, want := range map[string]string{"flite awb string": "flite awb", "human theo": "human theo", "x": "x", "": ""} {
		if got := Voice(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	all := []string{"human a", "flite z", "human b", "flite a"}
	slices.SortFunc(all, Compare)
	if !slices.Equal(all, []string{"flite a", "flite z", "human a", "human b"}) {
		t.Errorf("sorted: %v", all)
	}
}

func TestAskNamesTheInput(t *testing.T) {
	for name, want := range map[string]string{"a b.wav": "a b.wav: the file is empty", "-": "standard input: the file is empty", "": "the file is empty"} {
		if _, _, err := Ask(&recipe.Question{Name: name, In: strings.NewReader("")}); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
	samples, steps, err := Ask(&recipe.Question{Name: "x", In: bytes.NewReader(file(t, 16000, 1, wav.PCM16, 1))})
	if err != nil || len(samples) == 0 || len(steps) == 0 {
		t.Errorf("%d samples, %q: %v", len(samples), steps, err)
	}
}
