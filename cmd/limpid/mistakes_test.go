package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs a command line in this process.
func call(ctx context.Context, args ...string) (c code, stdout, stderr string) {
	var out, errs bytes.Buffer
	c = code(Main(ctx, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, args))
	return c, out.String(), errs.String()
}

// tiny are settings of a run that takes a moment.
var tiny = []string{"--set=width=2", "--set=examples=40", "--set=batch=20", "--epochs=1"}

// world is the folder that a mistake is made in.
type world struct {
	*testing.T
	dir, runs, run string
}

// newWorld makes a finished run to do mistakes with.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir()}
	w.runs = filepath.Join(w.dir, "runs")
	if c, _, errs := call(t.Context(), append([]string{"train", "--runs-dir", w.runs}, tiny...)...); c != codeOK {
		t.Fatalf("train: exit %d: %s", c, errs)
	}
	runs, _ := filepath.Glob(filepath.Join(w.runs, "*-start"))
	if len(runs) != 1 {
		t.Fatalf("runs: %q", runs)
	}
	w.run = runs[0]
	return w
}

// copy returns a world of t's own that is like w.
func (w *world) copy(t *testing.T) *world {
	t.Helper()
	c := &world{T: t, dir: t.TempDir()}
	if err := os.CopyFS(c.dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	c.runs = filepath.Join(c.dir, "runs")
	c.run = filepath.Join(c.runs, filepath.Base(w.run))
	return c
}

// file writes a file and returns its name.
func (w *world) file(name string, text []byte) string {
	w.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o666); err != nil {
		w.Fatal(err)
	}
	return name
}

func (w *world) read(name string) []byte {
	w.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// damage changes the text of a file of the run and returns the run.
func (w *world) damage(name string, change func(text []byte) []byte) string {
	w.Helper()
	file := filepath.Join(w.run, name)
	if err := os.WriteFile(file, change(w.read(file)), 0o666); err != nil {
		w.Fatal(err)
	}
	return w.run
}

// replace damages by replacing one text, which must be there.
func (w *world) replace(name, old, with string) string {
	w.Helper()
	return w.damage(name, func(text []byte) []byte {
		if !bytes.Contains(text, []byte(old)) {
			w.Fatalf("%s does not hold %q:\n%s", name, old, text)
		}
		return bytes.Replace(text, []byte(old), []byte(with), 1)
	})
}

// idx are the four files of a set of pictures.
type idx struct {
	trainX, trainY, testX, testY []byte
}

// idxPictures returns an IDX file of n pictures of h × w.
func idxPictures(n, h, w int) []byte {
	head := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, v := range []int{n, h, w} {
		head = binary.BigEndian.AppendUint32(head, uint32(v))
	}
	return append(head, make([]byte, n*h*w)...)
}

func idxLabels(labels ...byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, 0x801)
	return append(binary.BigEndian.AppendUint32(head, uint32(len(labels))), labels...)
}

func tenLabels() []byte { return []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9} }

// folder writes the files and returns their folder.
func (w *world) folder(d idx) string {
	for name, text := range map[string][]byte{
		"train-images-idx3-ubyte.gz": d.trainX, "train-labels-idx1-ubyte.gz": d.trainY,
		"t10k-images-idx3-ubyte.gz": d.testX, "t10k-labels-idx1-ubyte.gz": d.testY,
	} {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(text)
		z.Close()
		w.file("data/"+name, b.Bytes())
	}
	return filepath.Join(w.dir, "data")
}

func pngOf(w, h int) []byte {
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.Bytes()
}

// mistake is a command line that must fail in one way.
type mistake struct {
	name string
	args func(w *world) []string
	code code
	want []string // in the message: what was found, expected, to do
}

func fixed(args ...string) func(*world) []string {
	return func(w *world) []string { return append(args, "--runs-dir", w.runs) }
}

func trainOn(d func() idx) func(*world) []string {
	return func(w *world) []string {
		return []string{"train", "--runs-dir", w.runs, "--data", w.folder(d())}
	}
}

func predictOf(name string, text []byte) func(*world) []string {
	return func(w *world) []string {
		return []string{"predict", w.run, w.file(name, text), "--runs-dir", w.runs}
	}
}

func good() idx {
	return idx{idxPictures(10, 28, 28), idxLabels(tenLabels()...), idxPictures(10, 28, 28), idxLabels(tenLabels()...)}
}

var usageMistakes = []mistake{
	{"unknown verb", fixed("trian", "--set", "lr=1"), codeUsage, []string{`no verb "trian"`, "did you mean limpid train?"}},
	{"unknown flag", fixed("train", "--epoch=3"), codeUsage, []string{`train has no flag "--epoch"`, "did you mean --epochs?"}},
	{"unknown short flag", fixed("train", "-x"), codeUsage, []string{`train has no flag "-x"`}},
	{"a setting as a flag", fixed("train", "--lr", "0.1"), codeUsage, []string{"train has no flag --lr", "it is a setting: --set lr="}},
	{"flag without value", func(*world) []string { return []string{"train", "--seed"} }, codeUsage, []string{"flag needs an argument", "train --help"}},
	{"unknown setting", fixed("train", "--set", "learning-rate=1"), codeUsage, []string{`no setting "learning-rate"`, "lr"}},
	{"misspelt setting", fixed("train", "--set", "bacth=1"), codeUsage, []string{`no setting "bacth"`, "did you mean batch?"}},
	{"setting without value", fixed("train", "--set", "lr"), codeUsage, []string{`"lr" is not key=value`, "--set lr=0.001"}},
	{"setting out of range", fixed("train", "--set", "lr=-1"), codeUsage, []string{`setting lr is "-1"`, "above 0"}},
	{"setting of another type", fixed("train", "--epochs", "many"), codeUsage, []string{`setting epochs is "many"`, "whole number"}},
	{"setting that is no number", fixed("train", "--set", "dropout=NaN"), codeUsage, []string{`setting dropout is "NaN"`, "from 0"}},
	{"unknown optimiser", fixed("train", "--set", "optimizer=adm"), codeUsage, []string{`"adm"`, "sgd, adam"}},
	{"unknown recipe", fixed("train", "fashon"), codeUsage, []string{`no recipe "fashon"`, "fashion"}},
	{"missing run", fixed("predict"), codeUsage, []string{"predict: missing", "limpid predict RUN"}},
	{"missing picture", func(w *world) []string { return []string{"predict", w.run} }, codeUsage, []string{"predict: missing", "limpid predict RUN PICTURE"}},
	{"a text where a picture belongs", func(w *world) []string { return []string{"predict", w.run, "--text", "boot"} }, codeUsage, []string{"missing a picture"}},
	{"a setting that predict has not", func(w *world) []string { return []string{"predict", w.run, "x.png", "--set", "top=1"} }, codeUsage, []string{"no settings", "start"}},
	{"a column for pictures", fixed("train", "start", "--target", "price"), codeUsage, []string{`no setting "target"`}},
	{"too many arguments", fixed("eval", "a", "b"), codeUsage, []string{`unexpected argument "b"`}},
	{"threads below 0", fixed("train", "--threads", "-2"), codeUsage, []string{"--threads is -2", "from 0"}},
	{"nothing to look at", func(*world) []string { return []string{"data", "look"} }, codeUsage, []string{"data look: missing the folder", "fix: limpid data look PATH", "see limpid data look --help"}},
	{"too much to look at", func(*world) []string { return []string{"data", "look", "a", "b"} }, codeUsage, []string{"data look: unexpected", "limpid data look --help"}},
	{"a flag that data look lacks", func(*world) []string { return []string{"data", "look", "a", "--shet=x"} }, codeUsage, []string{"data look has no flag", "--sheet"}},
	{"help of no verb of data", func(*world) []string { return []string{"help", "data", "lok"} }, codeUsage, []string{`no verb "lok" of data`, "limpid data --help"}},
	{"threads that are a word", fixed("train", "--threads", "abc"), codeUsage, []string{`train: invalid argument "abc" for "--threads" flag`, "flag\n  fix: give a whole number"}},
	{"unknown shell", func(*world) []string { return []string{"completion", "csh"} }, codeUsage, []string{`shell "csh"`, "bash"}},
}

var dataMistakes = []mistake{
	{"no data folder", fixed("train", "--data", "/no/such"), codeInput, []string{"/no/such", "--data"}},
	{"folder without data", func(w *world) []string { return []string{"train", "--runs-dir", w.runs, "--data", w.dir} }, codeInput, []string{"has no pictures", "--data"}},
	{"label out of range", trainOn(func() idx { d := good(); d.trainY[8+3] = 12; return d }), codeInput, []string{"SHA-256", "dataset-fashion-mnist", "--data"}},
	{"pictures of another shape", trainOn(func() idx { d := good(); d.trainX = idxPictures(10, 32, 32); return d }), codeInput, []string{"train-images", "SHA-256"}},
	{"no pictures", trainOn(func() idx { d := good(); d.trainX, d.trainY = idxPictures(0, 28, 28), idxLabels(); return d }), codeInput, []string{"train"}},
	{"fewer labels than pictures", trainOn(func() idx { d := good(); d.testY = idxLabels(1, 2, 3); return d }), codeInput, []string{"SHA-256"}},
	{"data that end early", trainOn(func() idx { d := good(); d.trainX = d.trainX[:1000]; return d }), codeInput, []string{"train-images"}},
	{"data of another kind", trainOn(func() idx { d := good(); d.trainX[3] = 9; return d }), codeInput, []string{"train-images"}},
	{"no such picture", fixed("predict", "latest", "nothing.png"), codeInput, []string{`no picture "nothing.png"`}},
	{"a text as picture", predictOf("a.png", []byte("this is a text, you see")), codeInput, []string{"a.png", "is no picture limpid reads", "this is a te"}},
	{"half a picture", predictOf("half.png", pngOf(64, 64)[:60]), codeInput, []string{"half.png", "is damaged"}},
	{"an empty picture", predictOf("none.png", nil), codeInput, []string{"none.png", "is empty"}},
	{"a huge picture", predictOf("huge.png", hugePNG()), codeInput, []string{"huge.png", "100000 × 100000", "50 million"}},
	{"a folder as picture", func(w *world) []string { return []string{"predict", w.run, w.dir} }, codeInput, []string{"is a folder"}},
}

// hugePNG is the head of a picture of 100,000 × 100,000 pixels.
func hugePNG() []byte {
	head := append([]byte("IHDR"), 0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0, 8, 0, 0, 0, 0)
	text := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\r"), head...)
	return binary.BigEndian.AppendUint32(text, crc32.ChecksumIEEE(head))
}

var runMistakes = []mistake{
	{"no run", fixed("resume", "19990101-0000-fashion"), codeRun, []string{`no run "19990101-0000-fashion"`, "limpid runs"}},
	{"no runs at all", func(w *world) []string { return []string{"predict", "latest", "x.png", "--runs-dir", w.dir + "/none"} }, codeRun, []string{"none", "limpid train"}},
	{"a folder that is no run", func(w *world) []string { return []string{"inspect", w.dir} }, codeRun, []string{"run.json"}},
	{"run.json cut off", func(w *world) []string {
		return []string{"resume", w.damage("run.json", func(b []byte) []byte { return b[:len(b)/2] })}
	}, codeRun, []string{"run.json", "damaged"}},
	{"run.json is empty", func(w *world) []string {
		return []string{"inspect", w.damage("run.json", func([]byte) []byte { return nil })}
	}, codeRun, []string{"run.json"}},
	{"run.json with an unknown setting", func(w *world) []string {
		return []string{"inspect", w.replace("run.json", `"epochs"`, `"epoques"`)}
	}, codeRun, []string{"run.json", "epoques"}},
	{"run.json with a value out of range", func(w *world) []string {
		return []string{"inspect", w.replace("run.json", `"dropout": 0.25`, `"dropout": 25`)}
	}, codeRun, []string{"run.json", `dropout is "25"`}},
	{"a run of an unknown recipe", func(w *world) []string {
		return []string{"inspect", w.replace("run.json", `"what": "start"`, `"what": "passion"`)}
	}, codeRun, []string{"passion"}},
	{"weights cut off", func(w *world) []string {
		return []string{"inspect", w.damage("weights.safetensors", func(b []byte) []byte { return b[:len(b)-9] })}
	}, codeRun, []string{"weights.safetensors"}},
	{"weights of another network", func(w *world) []string {
		return []string{"eval", w.replace("run.json", `"width": 2`, `"width": 3`)}
	}, codeRun, []string{"weights.safetensors", "block1.conv.weight", "[2 1 3 3]", "[3 1 3 3]"}},
	{"weights that are a text", func(w *world) []string {
		return []string{"inspect", w.damage("weights.safetensors", func([]byte) []byte { return []byte("no weights here, only words") })}
	}, codeRun, []string{"weights.safetensors"}},
	{"weights gone", func(w *world) []string {
		if err := os.Remove(filepath.Join(w.run, "weights.safetensors")); err != nil {
			w.Fatal(err)
		}
		return []string{"inspect", w.run}
	}, codeRun, []string{"weights.safetensors"}},
}

func TestMistakes(t *testing.T) {
	all := append(append(append([]mistake{}, usageMistakes...), dataMistakes...), runMistakes...)
	if len(all) < 25 {
		t.Errorf("%d mistakes", len(all))
	}
	base := newWorld(t)
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			w := base.copy(t)
			args := m.args(w)
			before := w.snapshot()
			c, out, errs := call(t.Context(), args...)
			m.check(t, c, out, errs)
			w.unchanged(before)
			c, out, _ = call(t.Context(), append(args[:len(args):len(args)], "--json")...)
			var r report
			if err := json.Unmarshal([]byte(out), &r); err != nil && m.name != "flag without value" || c != m.code {
				t.Errorf("--json: exit %d, %v:\n%s", c, err, out)
			}
		})
	}
}

// check holds a message against what it must say.
func (m *mistake) check(t *testing.T, c code, out, errs string) {
	t.Helper()
	if c != m.code {
		t.Errorf("exit %d (%v), want %d (%v)", c, c, m.code, m.code)
	}
	for _, want := range m.want {
		if !strings.Contains(errs, want) {
			t.Errorf("does not say %q", want)
		}
	}
	if out != "" {
		t.Errorf("wrote to standard output: %q", out)
	}
	if !strings.Contains(errs, "  fix: ") {
		t.Error("does not say what to do")
	}
	for _, trace := range []string{"goroutine ", "panic", ".go:", "runtime error"} {
		if strings.Contains(errs, trace) {
			t.Errorf("shows its insides: %q", trace)
		}
	}
	if strings.Count(errs, "limpid: ") != 1 || t.Failed() {
		t.Errorf("the message, one is wanted:\n%s", errs)
	}
}

// snapshot reads all files of all runs.
func (w *world) snapshot() map[string]string {
	all := map[string]string{}
	filepath.WalkDir(w.runs, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "lock" {
			all[path] = string(w.read(path))
		}
		return err
	})
	return all
}

// unchanged fails if a file of a run was lost, changed or left over.
func (w *world) unchanged(before map[string]string) {
	w.Helper()
	after := w.snapshot()
	for path, text := range before {
		if after[path] != text {
			w.Errorf("%s changed or went", path)
		}
	}
	for path := range after {
		if _, was := before[path]; !was {
			w.Errorf("%s was left over", path)
		}
	}
}

// TestHelpOfVerbsOfVerbs shows the page of the verb, which has a description.
func TestHelpOfVerbsOfVerbs(t *testing.T) {
	for args, want := range map[string]string{
		"help data look": "limpid data look PATH [flags]", "help data": "limpid data VERB [flags]", "data --help": "examines a",
		"data look --help": "limpid data look PATH [flags]",
	} {
		c, out, errs := call(t.Context(), strings.Fields(args)...)
		if c != codeOK || !strings.Contains(out, want) || strings.Contains(out, "DESCRIPTION\n\n") {
			t.Errorf("%s: exit %d: %s%s", args, c, errs, out)
		}
	}
}

// TestVersionFlag says what the verb says of the version.
func TestVersionFlag(t *testing.T) {
	c, out, errs := call(t.Context(), "--version")
	if c != codeOK || out != "limpid "+version+"\n" {
		t.Errorf("exit %d: %q %s", c, out, errs)
	}
}

// TestKernelsThatAreNotThere are warned of.
func TestKernelsThatAreNotThere(t *testing.T) {
	for value, warns := range map[string]bool{"": false, "abacus": true} {
		t.Setenv("LIMPID_KERNELS", value)
		if c, _, errs := call(t.Context(), "version"); c != codeOK || strings.Contains(errs, "warning: LIMPID_KERNELS") != warns {
			t.Errorf("%q: exit %d: %s", value, c, errs)
		}
	}
}
