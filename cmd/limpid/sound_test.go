package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/wav"
)

// beep is a WAV file of a tone.
func beep(t *testing.T, rate, channels int, e wav.Encoding, hz, seconds float64) []byte {
	t.Helper()
	s := &wav.Sound{Rate: rate, Channels: channels, Encoding: e}
	for i := range int(seconds * float64(rate)) {
		for range channels {
			s.Samples = append(s.Samples, float32(0.4*math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
		}
	}
	var b bytes.Buffer
	if err := wav.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// beeps writes a folder of two words, tones, and a list of what is said in them.
func beeps(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var list strings.Builder
	for i := range 16 {
		name := filepath.Join([]string{"high", "low"}[i%2], fmt.Sprintf("%d.wav", i))
		put(t, filepath.Join(dir, name), beep(t, 8000, 1, wav.PCM16, []float64{1500, 300}[i%2], 0.5+0.02*float64(i)))
		fmt.Fprintf(&list, "%s\t%s tone\n", filepath.ToSlash(name), []string{"high", "low"}[i%2])
	}
	put(t, filepath.Join(dir, "transcripts.tsv"), []byte(list.String()))
	return dir
}

// trainedOn trains a small run of a recipe on a folder, and returns its folder.
func trainedOn(t *testing.T, recipe, dir string, set ...string) string {
	t.Helper()
	runs := t.TempDir()
	args := []string{"train", recipe, "--data", dir, "--runs-dir", runs}
	for _, s := range append(set, "epochs=1", "batch=4") {
		args = append(args, "--set", s)
	}
	if c, _, errs := call(t.Context(), args...); c != codeOK {
		t.Fatalf("%s: exit %d: %s", recipe, c, errs)
	}
	all, _ := filepath.Glob(filepath.Join(runs, "*-"+recipe))
	if len(all) != 1 {
		t.Fatalf("runs %v", all)
	}
	return all[0]
}

// Whatever file is given for a clip, there is an answer or an error that names
// the file; one that is bad takes none of the others' answers away.
func TestHostileSound(t *testing.T) {
	dir := beeps(t)
	good := beep(t, 8000, 1, wav.PCM16, 1000, 0.6)
	flac, err := os.ReadFile("../../datasets/spoken/validate.flac")
	if err != nil {
		t.Fatal(err)
	}
	bad, taken := t.TempDir(), t.TempDir()
	for name, content := range map[string][]byte{
		"empty.wav": nil, "text.wav": []byte("this is a text, and long enough to be looked at"), "magic.wav": []byte("RIFF\xff\xff\xff\x7fWAVE"), "magic.flac": []byte("fLaC"),
		"cut.wav": good[:len(good)-99], "head.wav": good[:40], "cut.flac": flac[:5000], "garbage.flac": append([]byte("fLaC"), bytes.Repeat([]byte{0xa5}, 999)...),
		"none.wav": beep(t, 8000, 1, wav.PCM16, 1, 0), "silent.wav": beep(t, 8000, 1, wav.PCM16, 0, 1), "long.wav": beep(t, 800, 1, wav.PCM8, 100, 61),
		"flipped.flac": flipped(flac[:9000]), "mp3.wav": append([]byte("ID3\x03"), make([]byte, 300)...), "png.wav": append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 300)...),
		"nan.wav": notANumber(beep(t, 8000, 1, wav.Float32, 300, 0.5)), "rate.wav": patched(good, 24, 0, 0, 0, 0), "bits.wav": patched(good, 34, 3, 0), "format.wav": patched(good, 20, 0x55, 0),
	} {
		put(t, filepath.Join(bad, name), content)
	}
	for name, content := range map[string][]byte{
		"24-bit.wav": beep(t, 44100, 1, wav.PCM24, 1000, 0.5), "8-channels.wav": beep(t, 16000, 8, wav.PCM16, 300, 0.5), "float.wav": beep(t, 48000, 2, wav.Float64, 300, 0.5),
		"8-bit.wav": beep(t, 11025, 1, wav.PCM8, 300, 0.5), "mulaw.wav": beep(t, 8000, 1, wav.MuLaw, 1000, 0.5), "wav.mp3": good, "wav.flac": good, "no extension": good,
		"short.wav": beep(t, 8000, 1, wav.PCM16, 1000, 0.02), "loud.wav": beep(t, 192000, 1, wav.PCM32, 1000, 0.2), "seven-seconds.wav": beep(t, 8000, 1, wav.PCM16, 700, 7),
	} {
		put(t, filepath.Join(taken, name), content)
	}
	for _, run := range []string{
		trainedOn(t, "commands", dir, "width=2", "repeat=1"),
		trainedOn(t, "speech", dir, "width=2", "hidden=4", "layers=1", "warmup=0"),
	} {
		if err := os.Rename(dir, dir+"-gone"); err != nil { // a run answers without its data
			t.Fatal(err)
		}
		askAll(t, run, bad, taken)
		if err := os.Rename(dir+"-gone", dir); err != nil {
			t.Fatal(err)
		}
	}
}

// askAll asks a run about files that are bad, and files to take.
func askAll(t *testing.T, run, bad, taken string) {
	t.Helper()
	files := func(dir string) []string {
		all, _ := filepath.Glob(filepath.Join(dir, "*"))
		return all
	}
	for _, file := range files(bad) {
		c, out, errs := call(t.Context(), "predict", run, file)
		if c != codeInput || out != "" || strings.Contains(errs, "panic") || strings.Contains(errs, "goroutine") {
			t.Errorf("%s: exit %d, wrote %q: %s", filepath.Base(file), c, out, errs)
		}
	}
	c, out, errs := call(t.Context(), append([]string{"predict", run, "--json", "--out", t.TempDir()}, append(files(taken), files(bad)...)...)...)
	if c != codeInput {
		t.Errorf("some are bad, and exit %d", c)
	}
	for _, file := range files(bad) {
		if !strings.Contains(errs, filepath.Base(file)) {
			t.Errorf("no word of %s: %s", filepath.Base(file), errs)
		}
	}
	var all replies
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, r := range all.Predictions {
		if is := strings.HasPrefix(r.Input, taken); is != (r.Error == "") || is != (r.Answer != nil) || is != (r.Drawing != "") {
			t.Errorf("%s: %+v", filepath.Base(r.Input), r)
		}
	}
	if len(all.Predictions) != len(files(taken))+len(files(bad)) {
		t.Errorf("%d answers", len(all.Predictions))
	}
}

// patched returns a copy of a file with bytes changed.
func patched(file []byte, at int, to ...byte) []byte {
	out := bytes.Clone(file)
	copy(out[at:], to)
	return out
}

// flipped returns a copy of a file with a bit changed in its midst.
func flipped(file []byte) []byte {
	out := bytes.Clone(file)
	out[len(out)/2] ^= 4
	return out
}

// notANumber makes the last sample of a float file none.
func notANumber(file []byte) []byte { return patched(file, len(file)-4, 0, 0, 0xc0, 0x7f) }

// What is wrong with a folder of recordings is said before anything is trained:
// where, and what to do; and no run is left behind.
func TestHostileTranscripts(t *testing.T) {
	dir := beeps(t)
	list := filepath.Join(dir, "transcripts.tsv")
	whole, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ list, want string }{
		"missing clip":   {"gone.wav\thello\n", "line 17"},
		"named twice":    {"high/0.wav\thello\n", "lines 1 and 17"},
		"no tab":         {"high/0.wav hello\n", "line 17"},
		"no text":        {"high/0.wav\t\n", "line 17"},
		"outside":        {"../0.wav\thello\n", "line 17"},
		"absolute":       {"/etc/passwd\thello\n", "line 17"},
		"not UTF-8":      {"high/0.wav\t\xff\xfe\n", "UTF-8"},
		"NUL":            {"a\x00b.wav\thello\n", "line 17"},
		"endless line":   {strings.Repeat("x", 1<<20) + "\n", "line 17"},
		"too much said":  {"extra.wav\t" + strings.Repeat("la ", 200) + "\n", "too short to say"},
		"broken clip":    {"broken.wav\thello\n", "broken.wav"},
		"clip is a list": {"transcripts.tsv\thello\n", "transcripts.tsv"},
	} {
		put(t, filepath.Join(dir, "extra.wav"), beep(t, 8000, 1, wav.PCM16, 500, 0.5))
		put(t, filepath.Join(dir, "broken.wav"), []byte("RIFF"))
		put(t, list, append(bytes.Clone(whole), tt.list...))
		runs := t.TempDir()
		c, out, errs := call(t.Context(), "train", "speech", "--data", dir, "--runs-dir", runs)
		if c == codeOK || out != "" || !strings.Contains(errs, tt.want) || strings.Contains(errs, "goroutine") || len(errs) > 3000 {
			t.Errorf("%s: exit %d, %q, want %q", name, c, errs[:min(len(errs), 600)], tt.want)
		}
		if left, _ := filepath.Glob(filepath.Join(runs, "*")); len(left) > 0 {
			t.Errorf("%s: left %v behind", name, left)
		}
	}
}
