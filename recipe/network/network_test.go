package network

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/format/yamltree"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// config reads a file's text.
func config(t *testing.T, text string) (*Config, error) {
	t.Helper()
	n, err := yamltree.Parse("net.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	c := defaults()
	return c, Read(n, c)
}

func opened(t *testing.T, text string) (*recipe.Task, error) {
	t.Helper()
	c, err := config(t, text)
	if err != nil {
		return nil, err
	}
	return Recipe.Open(c)
}

// check follows the layers from a picture of 16×16×4, or from shape.
func check(t *testing.T, layers string, shape ...int) ([]Row, error) {
	t.Helper()
	n, err := yamltree.Parse("net.yaml", []byte("layers:\n"+layers))
	if err != nil {
		t.Fatalf("%v\n%s", err, layers)
	}
	if shape == nil {
		shape = []int{16, 16, 4}
	}
	return Check(n, shape, 3)
}

// Each kind of layer does to shapes what its documentation says.
func TestEveryKind(t *testing.T) {
	image, series := []int{16, 16, 4}, []int{10, 8}
	tried := map[string]bool{}
	for _, c := range []struct {
		layer   string
		in, out []int
	}{
		{"linear: 5", image, []int{16, 16, 5}},
		{"linear: {out: classes, act: {leakyrelu: 0.2}, init: he}", image, []int{16, 16, 3}},
		{"conv2d: {out: 6, kernel: 3, pad: same, groups: 2, no-bias: true}", image, []int{16, 16, 6}},
		{"Conv2D: {out: 6, kernel-hw: [3, 5], stride: 2}", image, []int{7, 6, 6}},
		{"convtranspose2d: {out: 2, kernel: 2, stride: 2}", image, []int{32, 32, 2}},
		{"conv1d: {out: 4, kernel: 3, causal: true}", series, []int{10, 4}},
		{"maxpool2d: 2", image, []int{8, 8, 4}},
		{"max-pool2d: {size: 3, stride: 1, pad: same}", image, []int{16, 16, 4}},
		{"avgpool2d: {to: [3, 3]}", image, []int{3, 3, 4}},
		{"maxpool1d: 2", series, []int{5, 8}},
		{"avgpool1d: 5", series, []int{2, 8}},
		{"globalavgpool", image, []int{4}},
		{"global_max_pool", image, []int{4}},
		{"upsample: 2", image, []int{32, 32, 4}},
		{"batchnorm: {act: relu}", image, image},
		{"layernorm: {groups: 2}", image, image},
		{"layernorm: {groups: -1}", image, image},
		{"dropout: 0.5", image, image},
		{"dropblock: {rate: 0.1, size: 3}", image, image},
		{"droppath: 0.1", image, image},
		{"gaussiannoise: 0.1", image, image},
		{"flatten", image, []int{1024}},
		{"reshape: [-1, 64]", image, []int{16, 64}},
		{"prelu: {per-channel: true}", image, image},
		{"glu", image, []int{16, 16, 2}},
		{"squeezeexcite: 2", image, image},
		{"residual: {body: [conv2d: {out: 4, kernel: 3, pad: same}], act: relu, drop: 0.1}", image, image},
		{"residual: {body: [conv2d: {out: 8, kernel: 3, pad: same, stride: 2}], skip: [conv2d: {out: 8, kernel: 1, stride: 2}]}", image, []int{8, 8, 8}},
		{"embedding: {count: 5, dim: 3}", []int{7}, []int{7, 3}},
		{"positions: {learned: true}", series, series},
		{"attention: {dim: 8, heads: 2}", series, series},
		{"encoderblock: {heads: 2, hidden: 16, act: gelu, norm-first: true}", series, series},
		{"lstm: 6", series, []int{10, 6}},
		{"gru: {hidden: 6, bidirectional: true}", series, []int{10, 12}},
		{"rnn: {hidden: 6, layers: 2}", series, []int{10, 6}},
		{"last", series, []int{8}},
		{"mlp: {widths: [8, 4], classes: classes, norm: true}", image, []int{3}},
		{"vgg: {depth: 11, width: 4, hidden: 8, small: true, classes: 3}", []int{32, 32, 3}, []int{3}},
		{"resnet: {depth: 20, width: 4, classes: classes}", []int{16, 16, 3}, []int{3}},
		{"mobilenet: {scale: 0.25, small: true, classes: classes}", []int{16, 16, 3}, []int{3}},
		{"relu", image, image},
		{"elu: 0.5", image, image},
		{"block: [flatten, linear: 2]", image, []int{2}},
		{"repeat: {times: 3, layers: [maxpool2d: 2]}", image, []int{2, 2, 4}},
	} {
		rows, err := check(t, "  - "+c.layer+"\n", c.in...)
		if err != nil {
			t.Errorf("%s: %v", c.layer, err)
			continue
		}
		if got := rows[len(rows)-1]; !slices.Equal(got.Out, c.out) || !slices.Equal(got.In, c.in) || got.Line != 2 {
			t.Errorf("%s: %+v, want %v", c.layer, got, c.out)
		}
		name, _, _ := strings.Cut(c.layer, ":")
		tried[plainName(name)] = true
	}
	for _, k := range kinds {
		if !tried[k.name] || k.short == "" {
			t.Errorf("%s is not tried here, or has no word about it", k.name)
		}
	}
}

// A fault in the list is told with line, number, name, shape and what to do.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		layers string
		want   []string
	}{
		"unknown layer":     {"  - flaten\n", []string{"net.yaml:2: layer 1: there is no layer \"flaten\"", "did you mean flatten"}},
		"unknown option":    {"  - flatten\n  - linear: {outt: 3}\n", []string{"net.yaml:3: layer 2, linear: there is no option \"outt\"", "did you mean out"}},
		"negative":          {"  - linear: -5\n", []string{"layer 1, linear, out: it is \"-5\"; it takes a whole number from 0"}},
		"zero":              {"  - linear: 0\n", []string{"layer 1, linear", "Out is 0"}},
		"left out":          {"  - conv2d: {out: 3}\n", []string{"layer 1, conv2d", "Kernel is 0"}},
		"huge":              {"  - linear: 1000000000\n", []string{"from 0 to 1048576"}},
		"wide":              {"  - flatten\n  - linear: 1000000\n", []string{"layer 2, linear: it would learn 1.02e+09 numbers", "1e+08"}},
		"many maps":         {"  - conv2d: {out: 1000000, kernel: 1}\n", []string{"it would make", "8e+06 are the most"}},
		"enlarged":          {"  - upsample: 100000\n", []string{"it would make"}},
		"to a huge picture": {"  - avgpool2d: {to: [1000000, 1000000]}\n", []string{"it would make"}},
		"step by step":      {"  - repeat: {times: 20, layers: [upsample: 2]}\n", []string{"layer 1.1, upsample: it would make"}},
		"padded":            {"  - conv2d: {out: 1, kernel: 1, pad: 100000}\n", []string{"it would make"}},
		"transposed":        {"  - convtranspose2d: {out: 1, kernel: 2, stride: 100000}\n", []string{"it would make"}},
		"huge kernel":       {"  - conv2d: {out: 64, kernel: 100000, pad: same}\n", []string{"it would learn"}},
		"recurrent":         {"  - reshape: [16, 64]\n  - lstm: {hidden: 65536}\n", []string{"layer 2, lstm: it would learn"}},
		"deep recurrent":    {"  - reshape: [16, 64]\n  - gru: {hidden: 8, layers: 1000000}\n", []string{"it would learn"}},
		"ready":             {"  - resnet: {width: 100000}\n", []string{"width is 100000"}},
		"ready mlp":         {"  - mlp: {widths: [1000000, 1000000]}\n", []string{"layer 1, mlp"}},
		"ready depth":       {"  - resnet: {depth: 19}\n", []string{"layer 1, resnet", "19"}},
		"nan":               {"  - dropout: .nan\n", []string{"layer 1, dropout, rate: it is \".nan\"; it takes a number"}},
		"rate":              {"  - dropout: 1.5\n", []string{"layer 1, dropout", "1.5"}},
		"wrong type":        {"  - linear: [3]\n  - relu: {x: 1}\n", []string{"layer 1, linear, out"}},
		"word":              {"  - linear: ten\n", []string{`it is "ten"; it takes a whole number from 0 to 1048576, or classes`}},
		"bool":              {"  - linear: {out: 3, no-bias: 7}\n", []string{"true or false"}},
		"act":               {"  - linear: {out: 3, act: rleu}\n", []string{"layer 1, linear, act", "relu"}},
		"init":              {"  - linear: {out: 3, init: x}\n", []string{"glorot, he"}},
		"no list":           {"  linear: 3\n", []string{"want a list"}},
		"empty list":        {"  []\n", []string{"the list of layers is empty"}},
		"empty item":        {"  -\n", []string{"layer 1 has no name"}},
		"bad indent":        {"  - linear:\n    out: 3\n", []string{"layer 1 has 2 keys", "indent its options"}},
		"pool too large":    {"  - maxpool2d: 20\n", []string{"layer 1, maxpool2d: one example that comes to it has the shape [16 16 4]"}},
		"needs a picture":   {"  - flatten\n  - conv2d: {out: 3, kernel: 3}\n", []string{"layer 2, conv2d", "the shape [1024]", "four axes"}},
		"groups":            {"  - conv2d: {out: 3, kernel: 3, groups: 3}\n", []string{"3 groups do not divide"}},
		"reshape":           {"  - reshape: [7, 7]\n", []string{"layer 1, reshape"}},
		"residual":          {"  - residual: {body: [conv2d: {out: 4, kernel: 3}]}\n", []string{"body makes [14 14 4] of [16 16 4]", "pad: same"}},
		"no body":           {"  - residual\n", []string{"layer 1, residual"}},
		"residual's rate":   {"  - residual: {body: [relu], drop: 2}\n", []string{"drop is 2"}},
		"inside":            {"  - residual:\n      body:\n        - relu\n        - linear: x\n", []string{"net.yaml:5: layer 1.body.2, linear"}},
		"repeat":            {"  - repeat: {times: 0, layers: [relu]}\n", []string{"times is \"0\""}},
		"repeat a lot":      {"  - repeat: {times: 1000, layers: [relu, relu, relu]}\n", []string{"more than 2000 layers"}},
		"repeats":           {"  - repeat: {times: 900, layers: [repeat: {times: 900, layers: [relu]}]}\n", []string{"more than 2000 layers"}},
		"repeat what":       {"  - repeat: 3\n", []string{"it wants times and layers"}},
		"nested":            {"  - " + strings.Repeat("block: [", 18) + "relu" + strings.Repeat("]", 18) + "\n", []string{"more than 12 deep"}},
		"last of a picture": {"  - last\n", []string{"layer 1, last", "want a sequence"}},
		"odd heads":         {"  - reshape: [16, 64]\n  - encoderblock: {heads: 7}\n", []string{"layer 2, encoderblock"}},
	} {
		_, err := check(t, c.layers)
		var e *yamltree.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.want {
			if text := err.Error() + "\n" + e.Fix; !strings.Contains(text, w) {
				t.Errorf("%s: does not say %q:\n%s", name, w, text)
			}
		}
	}
}

// Keys of the file at their wrong place are refused with the right one.
func TestFileFaults(t *testing.T) {
	const layers = "layers: [flatten, linear: classes]\n"
	for text, want := range map[string]string{
		"data: fashion\n":                             "it has no layers",
		layers + "lr: 3\n":                            "settings stand below train:",
		layers + "trian: {lr: 3}\n":                   "did you mean train",
		layers + "train: {lr: 300}\n":                 "setting lr is \"300\"",
		layers + "train: {learning: 1}\n":             "there is no setting",
		layers + "train: {data: x}\n":                 "data: stands at the margin",
		layers + "train: 7\n":                         "want settings with values",
		layers + "input: [3]\ndata: [x]\n":            "data takes a name",
		layers + "input: 0\n":                         "input is the size",
		layers + "input: [64, 64, 2]\n":               "input is the size",
		layers + "input: 100000\n":                    "input is the size",
		layers + "data: nowhere\n":                    "nowhere",
		"layers: [flatten, linear: 7]\n":              "ends in the shape [7] for an example, and fashion has 10 classes: want [10]",
		"layers: [linear: classes]\n":                 "put - flatten or - globalavgpool before it",
		"layers: [reshape: [28, 28], gru: 10]\n":      "put - last",
		"layers: [globalavgpool, reshape: 1, relu]\n": "want [10]",
		"layers: [flatten, linear: 7800, linear: 7800, linear: 7800, linear: classes]\n":                    "it would learn",
		"layers: [conv2d: {out: 1000, kernel: 1}, globalavgpool, linear: classes]\ntrain: {batch: 65536}\n": "lower batch",
	} {
		_, err := opened(t, text)
		var e *yamltree.Error
		if err == nil || !errors.As(err, &e) && want != "nowhere" {
			t.Errorf("%q: %v", text, err)
			continue
		}
		fix := ""
		if e != nil {
			fix = e.Fix
		}
		if !strings.Contains(err.Error()+"\n"+fix, want) {
			t.Errorf("%q: does not say %q: %v\n%s", text, want, err, fix)
		}
	}
	if _, err := Recipe.Open(defaults()); err == nil || !strings.Contains(err.Error(), "FILE.yaml") {
		t.Errorf("without a file: %v", err)
	}
}

// A list makes the network that the same layers in Go make, to the bit, and it
// learns the same.
func TestListIsTheGoProgram(t *testing.T) {
	task, err := opened(t, `
data: digits
layers:
  - conv2d: {out: 4, kernel: 3, pad: same, act: relu}
  - maxpool2d: 2
  - flatten
  - dropout: 0.2
  - linear: classes
train: {epochs: 2, seed: 3, lr: 0.01, batch: 32}
`)
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.Build(&nn.Sequential{
		&nn.Conv2D{Out: 4, Kernel: 3, Pad: nn.Same, Act: nn.ReLU}, &nn.MaxPool2D{Size: 2}, &nn.Flatten{}, &nn.Dropout{Rate: .2}, &nn.Linear{Out: 10},
	}, nn.Input(8, 8, 1), nn.Seed(3), nn.Name("net"))
	if err != nil {
		t.Fatal(err)
	}
	fit := task.Fit
	res, err := train.Fit(context.Background(), task.Net, fit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(context.Background(), net, fit); err != nil {
		t.Fatal(err)
	}
	for i, p := range task.Net.Params() {
		q := net.Params()[i]
		if p.Path() != q.Path() || !slices.Equal(tensor.Data[float32](p.Value()), tensor.Data[float32](q.Value())) {
			t.Errorf("%s and %s differ", p.Path(), q.Path())
		}
	}
	if res.Validation["accuracy"] < 0.5 {
		t.Errorf("validation accuracy %v after 2 epochs", res.Validation["accuracy"])
	}
}

// The list that bench/accuracy.py trains, in PyTorch too, is the network that
// bench/torch_train.py writes down: so many weights, this data and schedule.
func TestPeersNetwork(t *testing.T) {
	text, err := os.ReadFile("../../bench/resnet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	task, err := opened(t, string(text))
	if err != nil {
		t.Fatal(err)
	}
	weights := 0
	for _, p := range task.Net.Params() {
		weights += p.Value().Len()
	}
	if want := 9*(16+2*16*16+32*16+32*32+64*32+64*64) + 2*(3*16+2*32+2*64) + 64*10 + 10; weights != want {
		t.Errorf("%d weights, want %d", weights, want)
	}
	if task.Fit.Data.Len() != 5400 || task.Test.Len() != 2000 || task.Fit.Transform == nil || task.Steps() != 8*85 {
		t.Errorf("%d and %d pictures, %d steps", task.Fit.Data.Len(), task.Test.Len(), task.Steps())
	}
}

// dots writes a folder of pictures, light in one class and dark in the other.
func dots(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		class := []string{"dark", "light"}[i%2]
		img := image.NewRGBA(image.Rect(0, 0, 12+i%3, 10))
		for k := range img.Pix {
			img.Pix[k] = uint8(20 + 180*(i%2) + (k*7+i*13)%40)
		}
		for y := range 10 {
			for x := range 12 + i%3 {
				c := img.RGBAAt(x, y)
				img.Set(x, y, color.RGBA{c.R, c.G, c.B, 255})
			}
		}
		if err := os.MkdirAll(filepath.Join(dir, class), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, class, string(rune('a'+i%26))+string(rune('a'+i/26))+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A folder of pictures by class is learned from, and the run answers when it is
// gone: predict makes of a picture what training made of the file.
func TestFolder(t *testing.T) {
	dir := dots(t, 40)
	for _, input := range []string{"[8, 6]", "[8, 6, 1]"} {
		c, err := config(t, "data: "+dir+"\ninput: "+input+"\nlayers: [flatten, linear: classes]\ntrain: {epochs: 12, batch: 8, lr: 0.02, flip: true, shift: 1, erase: 0.2, smoothing: 0.1, mixup: 0.2}\n")
		if err != nil {
			t.Fatal(err)
		}
		task, err := Recipe.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
			t.Fatal(err)
		}
		m, err := task.Examine(context.Background())
		if err != nil || m.Scores["accuracy"] != 1.0 {
			t.Errorf("%s: accuracy %v, %v", input, m.Scores, err)
		}
		bare := *c
		bare.Data, bare.Bare = "/gone", true
		again, err := Recipe.Open(&bare)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(again.Classes, []string{"dark", "light"}) || again.Steps() != task.Steps() {
			t.Errorf("bare: %q, %d steps", again.Classes, again.Steps())
		}
		sameAsTheFile(t, c, again, dir)
	}
	if _, err := opened(t, "data: "+t.TempDir()+"\nlayers: [flatten, linear: classes]\n"); err == nil {
		t.Error("an empty folder was taken")
	}
}

// sameAsTheFile compares what predict makes of a picture with what data makes
// of its file.
func sameAsTheFile(t *testing.T, c *Config, bare *recipe.Task, dir string) {
	t.Helper()
	src, err := c.folder()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.png"))
	found := 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		x, _ := bare.Picture(img)
		for i := range src.test.Len() {
			e, err := src.test.At(i)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Equal(tensor.Data[float32](x), tensor.Data[float32](e.X)) {
				found++
			}
		}
	}
	if found < src.test.Len() {
		t.Errorf("%d of the test pictures are what predict makes of their files, want all %d", found, src.test.Len())
	}
}

// table writes a CSV file in which y is twice a less 1 for kind u, and word
// follows from y.
func table(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("a,kind,y,word\n")
	for i := range 200 {
		a := float64(i*37%100) / 50
		kind, y := "u", 2*a-1
		if i%3 == 0 {
			kind, y = "v", 2*a+3
		}
		word := "low"
		if y > 2 {
			word = "high"
		}
		text, _ := json.Marshal(a)
		why, _ := json.Marshal(y)
		b.WriteString(string(text) + "," + kind + "," + string(why) + "," + word + "\n")
	}
	file := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// A table is learned from: a number with its errors in its own unit, and a
// class; the run answers rows of another file.
func TestTable(t *testing.T) {
	file := table(t)
	for target, last := range map[string]string{"y": "linear: 1", "word": "linear: classes"} {
		c, err := config(t, "data: "+file+"\ntarget: "+target+"\nlayers: [linear: {out: 16, act: relu}, "+last+"]\ntrain: {epochs: 40, batch: 16, lr: 0.02}\n")
		if err != nil {
			t.Fatal(err)
		}
		task, err := Recipe.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Fit(context.Background(), task.Net, task.Fit); err != nil {
			t.Fatal(err)
		}
		m, err := task.Examine(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if pages, err := task.Sections(context.Background(), m); err != nil || len(pages) == 0 {
			t.Errorf("%s: %d pages, %v", target, len(pages), err)
		}
		if target == "y" && !(m.Scores["r2"].(float64) > 0.97 && m.Scores["rmse"].(float64) < 0.5 && m.Scores["mae"].(float64) <= m.Scores["rmse"].(float64)) {
			t.Errorf("scores %v", m.Scores)
		} else if target == "word" && m.Scores["accuracy"].(float64) < 0.9 {
			t.Errorf("scores %v", m.Scores)
		}
		asked(t, c, task, target)
	}
}

func asked(t *testing.T, c *Config, task *recipe.Task, target string) {
	t.Helper()
	bare := *c
	bare.Data, bare.Bare = "/gone", true
	again, err := Recipe.Open(&bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range again.Net.Params() {
		for _, q := range task.Net.Params() {
			if p.Path() == q.Path() {
				p.Set(q.Value())
			}
		}
	}
	rows := "a,kind,y,word\n0.5,v,0,high\n"
	if target == "word" {
		rows = "a,kind,y\n0.5,v,4\n"
	}
	a, err := again.Answer(context.Background(), &recipe.Question{Name: "q.csv", In: strings.NewReader(rows)})
	if err != nil {
		t.Fatal(err)
	}
	got := a.Value.([]row)
	if len(got) != 1 || got[0].Line != 2 || !strings.HasPrefix(a.Text, "line 2: ") {
		t.Fatalf("%+v, %q", got, a.Text)
	}
	if v, ok := got[0].Answer.(float64); target == "y" && (!ok || v < 3 || v > 5) || target == "word" && got[0].Answer != "high" {
		t.Errorf("%s: %+v", target, got[0])
	}
	if _, err := again.Answer(context.Background(), &recipe.Question{Name: "q.csv", In: strings.NewReader("b\n1\n")}); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("a file without the column: %v", err)
	}
}

// Whatever a list says, Check makes rows or an *Error within bounded memory.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		"[conv2d: {out: 4, kernel: 3, pad: same, act: relu}, maxpool2d: 2, flatten, linear: classes]",
		"[reshape: [16, 64], lstm: {hidden: 4, layers: 2}, last]", "[residual: {body: [relu], skip: [linear: 4], drop: .5}]",
		"[repeat: {times: 3, layers: [block: [upsample: 2, avgpool2d: {size: 2}]]}]", "[resnet: {depth: 20, width: 4}]", "[mlp: [3, 4]]",
		"[convtranspose2d: {out: 2, kernel: 3, stride: 2, out-pad: 1, dilation-hw: [1, 2]}]", "[layernorm: {groups: -1}, glu: {act: elu}]",
		"[positions: {learned: true, max: 3}]", "[reshape: [-1, 4], encoderblock: {heads: 2, rotary: true}]", "[embedding: {count: 3, dim: 2}]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, layers string) {
		n, err := yamltree.Parse("f", []byte("layers: "+layers))
		if err != nil {
			return
		}
		_, err = Check(n, []int{8, 8, 2}, 3)
		var e *yamltree.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%T %v", err, err)
		}
	})
}
