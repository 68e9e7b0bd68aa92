package clothes

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// Each brightness that a picture can have becomes what the data set makes of
// the same byte: of all 256 for the full data, of the 16 that the embedded
// pictures have.
func TestBrightnessIsThatOfTheData(t *testing.T) {
	bytes := make([]uint8, 256)
	for v := range bytes {
		bytes[v] = uint8(v)
	}
	set, err := data.NewImages(bytes, make([]uint8, 1), 16, 16, 1, []float64{fashion.Mean}, []float64{fashion.Deviation})
	if err != nil {
		t.Fatal(err)
	}
	e, err := set.At(0)
	if err != nil {
		t.Fatal(err)
	}
	want := tensor.Data[float32](e.X)
	full, mini := Config{Common: recipe.Common{Data: "/data"}}, Config{}
	for v := range 256 {
		if got := full.brightness(float32(v) / 255); math.Abs(float64(got-want[v])) > 1e-6 {
			t.Errorf("full: byte %d is %g, the data has %g", v, got, want[v])
		}
		level := v >> 4 * 17
		if got := mini.brightness(float32(v) / 255); math.Abs(float64(got-want[level])) > 1e-6 {
			t.Errorf("embedded: byte %d is %g, the data has %g of its level", v, got, want[level])
		}
	}
}

// A picture of the test split, given as a user's own, becomes the input that
// the test split has.
func TestPictureOfTheDataComesBack(t *testing.T) {
	set := fashion.Mini()
	images := set.Test.(*data.Images)
	c := defaultsFor(false)
	same := 0
	for i := 0; i < images.Len(); i += 97 {
		img := image.NewGray(image.Rect(0, 0, side, side))
		copy(img.Pix, images.Bytes(i))
		x, p := c.picture(img)
		if !slices.Equal(x.Shape(), []int{side, side, 1}) || p == nil {
			t.Fatalf("shape %v", x.Shape())
		}
		e, err := images.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if d := x.Sub(e.X).Abs().Max().Item(); d < 1e-6 {
			same++
		} else if len(p.Steps) == 0 { // what was done to it must be said
			t.Errorf("picture %d: off by %g, and nothing is said to have been done", i, d)
		}
	}
	if same < 15 {
		t.Errorf("%d of 21 pictures came back", same)
	}
}

// A light background and a large format make no difference that matters: the
// object is bright on black, in the range of the data.
func TestPictureOfAPhotograph(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for i := range 300 * 200 {
		x, y := i%300, i/300
		img.SetRGBA(x, y, color.RGBA{250, 250, 250, 255})
		if x > 100 && x < 200 && y > 20 && y < 180 {
			img.SetRGBA(x, y, color.RGBA{20, 30, 90, 255})
		}
	}
	c := defaultsFor(false)
	x, p := c.picture(img)
	values := tensor.Data[float32](x)
	if corner, middle := values[0], values[14*side+14]; corner != c.brightness(0) || middle < c.brightness(0.5) {
		t.Errorf("corner %g, middle %g after %q", corner, middle, p.Steps)
	}
	lo, hi := c.brightness(0), c.brightness(1)
	for i, v := range values {
		if !(v >= lo-1e-6) || !(v <= hi+1e-6) {
			t.Fatalf("value %d is %g, outside %g to %g", i, v, lo, hi)
		}
	}
}

// every setting that Config has is in this table; each takes what is here.
var taken = map[string]string{
	"seed": "99", "epochs": "3", "batch": "17", "lr": "0.25", "optimizer": "sgd", "momentum": "0.5", "schedule": "cosine", "warmup": "4",
	"weight-decay": "0.125", "clip": "2", "checkpoint": "5", "data": "/x y", "width": "31", "dropout": "0.5", "smoothing": "0.25", "flip": "false",
	"shift": "3", "erase": "0.75", "mixup": "1.5", "examples": "123", "size": "48",
	"activation": "auto", "l1": "0.125", "max-norm": "3", "average": "swa", "input-noise": "0.25", "weight-noise": "0.5", "calibrate": "true",
}

func TestEverySettingIsTaken(t *testing.T) {
	c := defaultsFor(false)
	seen := 0
	for _, s := range recipe.Settings(c) {
		value, there := taken[s.Key]
		if !there {
			t.Errorf("setting %s is not in this test", s.Key)
			continue
		}
		seen++
		if value == s.Value {
			t.Errorf("setting %s is %s as it is", s.Key, value)
		}
		if err := recipe.Set(c, s.Key, value); err != nil {
			t.Errorf("%s=%s: %v", s.Key, value, err)
		}
	}
	if seen != len(taken) {
		t.Errorf("%d settings, want %d", seen, len(taken))
	}
	for _, s := range recipe.Settings(c) {
		if s.Value != taken[s.Key] {
			t.Errorf("%s is %s after it was set to %s", s.Key, s.Value, taken[s.Key])
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	if err := recipe.Decode(text, &back); err != nil || !reflect.DeepEqual(&back, c) {
		t.Errorf("%s comes back as %+v: %v", text, back, err)
	}
}

func TestBoundsOfSettings(t *testing.T) {
	for key, values := range map[string][2][]string{ // taken, refused
		"width":     {{"1", "4096"}, {"0", "-3", "4097", "2.5"}},
		"dropout":   {{"0", "0.95"}, {"1", "-0.1", "0.96", "NaN"}},
		"smoothing": {{"0", "0.5"}, {"0.51", "-1"}},
		"shift":     {{"0", "8"}, {"9", "-1", "0.5"}},
		"erase":     {{"0", "0.9"}, {"1", "-0.2"}},
		"mixup":     {{"0", "10"}, {"11", "-1", "Inf"}},
		"examples":  {{"0", "60000"}, {"60001", "-1"}},
		"size":      {{"8", "512"}, {"7", "513"}},
		"flip":      {{"true", "0"}, {"2", "yes", ""}},
	} {
		for _, v := range values[0] {
			if err := recipe.Set(defaultsFor(false), key, v); err != nil {
				t.Errorf("%s=%s: %v", key, v, err)
			}
		}
		for _, v := range values[1] {
			c := defaultsFor(false)
			if err := recipe.Set(c, key, v); err == nil || *c != *defaultsFor(false) {
				t.Errorf("%s=%s: %v, %+v", key, v, err, c)
			}
		}
	}
}

// What settings ask for is what the task is made of.
func TestSettingsReachTheTask(t *testing.T) {
	open := func(change func(c *Config)) *recipe.Task {
		c := defaultsFor(false)
		c.Width, c.Examples, c.Flip = 2, 200, false
		change(c)
		task, err := kind.open(c)
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
	plain := open(func(*Config) {})
	if plain.Fit.Transform != nil || plain.Fit.Mix != nil || plain.Fit.Clip != 0 {
		t.Error("asked for nothing, and pictures are changed or gradients clipped")
	}
	for _, change := range []func(c *Config){func(c *Config) { c.Flip = true }, func(c *Config) { c.Shift = 1 }, func(c *Config) { c.Erase = 0.3 }} {
		if open(change).Fit.Transform == nil {
			t.Error("asked for augmentation, and there is none")
		}
	}
	if open(func(c *Config) { c.Mixup = 0.2 }).Fit.Mix == nil {
		t.Error("asked for mixup, and there is none")
	}
	task := open(func(c *Config) { c.Epochs, c.Batch, c.Every, c.Clip, c.Seed = 3, 30, 4, 1.5, 8 })
	f := task.Fit
	if f.Epochs != 3 || f.Batch != 30 || f.Every != 4 || f.Clip != 1.5 || f.Seed != 8 || f.Data.Len() != 200 || task.Steps() != 21 {
		t.Errorf("got %d epochs, batches of %d, checkpoints each %d, clip %g, seed %d, %d examples, %d steps", f.Epochs, f.Batch, f.Every, f.Clip, f.Seed, f.Data.Len(), task.Steps())
	}
	if first, again := weightsOf(open(func(*Config) {})), weightsOf(plain); !slices.Equal(first, again) {
		t.Error("one seed gives two networks")
	}
	if slices.Equal(weightsOf(task), weightsOf(plain)) {
		t.Error("another seed gives the same network")
	}
	if end := plain.Fit.Schedule(plain.Steps() - 1); end > 0.01 {
		t.Errorf("one-cycle ends at %g of the rate: it is not as long as the run", end)
	}
}

func weightsOf(task *recipe.Task) []float32 {
	return tensor.Data[float32](task.Net.Params()[0].Value())
}

// Training pictures alone are augmented: validation and test are as they are
// in the data, each time.
func TestOnlyTrainingIsAugmented(t *testing.T) {
	c := defaultsFor(false)
	c.Width, c.Shift, c.Erase, c.Examples = 2, 2, 0.5, 40
	task, err := kind.open(c)
	if err != nil {
		t.Fatal(err)
	}
	set := fashion.Mini()
	for name, pair := range map[string][2]data.Dataset{"validation": {task.Fit.Validate, set.Validate}, "test": {task.Test, set.Test}} {
		for i := 0; i < pair[1].Len(); i += 61 {
			a, err1 := pair[0].At(i)
			b, err2 := pair[1].At(i)
			if err1 != nil || err2 != nil || a.X.Sub(b.X).Abs().Max().Item() != 0 {
				t.Fatalf("%s: picture %d is not the data's: %v %v", name, i, err1, err2)
			}
		}
	}
	first := func(seed uint64) tensor.Tensor {
		l := data.Loader{Data: task.Fit.Data, Batch: 40, Transform: task.Fit.Transform, Seed: seed}
		for b, err := range l.Epoch(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			return tensor.Of(slices.Clone(tensor.Data[float32](b.X)), b.X.Shape()...)
		}
		t.Fatal("no batch")
		return tensor.Tensor{}
	}
	if first(1).Sub(first(1)).Abs().Max().Item() != 0 {
		t.Error("one seed augments in two ways")
	}
	if first(1).Sub(first(2)).Abs().Max().Item() == 0 {
		t.Error("two seeds augment in one way")
	}
}

// Smoothing is a loss of its own: the same scores cost more where they are
// sure and right.
func TestLossOf(t *testing.T) {
	logits, label := tensor.Of([]float32{20, 0, 0}, 1, 3), tensor.Of([]int32{0}, 1)
	plain, smooth := lossOf(&Config{})(logits, label).Item(), lossOf(&Config{Smoothing: 0.3})(logits, label).Item()
	if plain > 1e-6 || math.Abs(smooth-0.2*20) > 1e-3 { // two thirds of 0.3 lie on the classes that are 20 below
		t.Errorf("plain %g, smoothed %g, want 0 and 4", plain, smooth)
	}
}

// The convolutional network at both sizes that defaults have, and its blocks'
// shapes.
func TestConvolutionalShapes(t *testing.T) {
	b := newBlock(5, nn.ReLU)
	net, err := nn.Build(&b, nn.Input(14, 10, 2))
	if err != nil {
		t.Fatal(err)
	}
	y, err := net.Predict(tensor.Zeros(3, 14, 10, 2))
	if err != nil || !slices.Equal(y.Shape(), []int{3, 7, 5, 5}) {
		t.Errorf("a block makes %v of [3 14 10 2]: %v", y.Shape(), err)
	}
	if min := tensor.Data[float32](y); slices.Min(min) < 0 {
		t.Errorf("after ReLU: %g", slices.Min(min))
	}
}

// write makes a file as Fashion-MNIST has them: a head of big-endian numbers,
// then bytes, packed.
func write(t *testing.T, dir, name string, head []uint32, body []byte) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	for _, v := range head {
		if err := binary.Write(z, binary.BigEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A folder of data that is not what it should be is refused, and the error
// names the folder's file.
func TestOpenRefusesBadFolders(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(dir string)
		want string
	}{
		{"empty", func(string) {}, "train-images-idx3-ubyte.gz"},
		{"no pack", func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), []byte("not packed"), 0o666); err != nil {
				t.Fatal(err)
			}
		}, "train-images-idx3-ubyte.gz"},
		{"of another kind", func(dir string) {
			write(t, dir, "train-images-idx3-ubyte.gz", []uint32{0x801, 3}, []byte{1, 2, 3})
		}, "train-images-idx3-ubyte.gz"},
		{"cut short", func(dir string) {
			write(t, dir, "train-images-idx3-ubyte.gz", []uint32{0x803, 60000, 28, 28}, make([]byte, 100))
		}, "train-images-idx3-ubyte.gz"},
		{"other pictures", func(dir string) {
			write(t, dir, "train-images-idx3-ubyte.gz", []uint32{0x803, 2, 28, 28}, make([]byte, 2*784))
		}, "the file is another or damaged"},
	} {
		c := defaultsFor(true)
		c.Data = t.TempDir()
		tt.make(c.Data)
		task, err := kind.Recipe().Open(c)
		if err == nil || task != nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), c.Data) {
			t.Errorf("%s: %v, want an error that names %s in %s", tt.name, err, tt.want, c.Data)
		}
	}
	c := defaultsFor(true)
	c.Data = filepath.Join(t.TempDir(), "nowhere")
	if _, err := kind.Recipe().Open(c); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("no folder: %v", err)
	}
}

// However many examples are asked for, each is another one, in order, and all
// of them reach from the first to near the last.
func TestSpread(t *testing.T) {
	for _, n := range []int{1, 7, 100, 5400} {
		for _, k := range []int{1, 2, n/3 + 1, n} {
			if k > n {
				continue
			}
			all := spread(n, k)
			for i, v := range all {
				if v < 0 || v >= n || i > 0 && v <= all[i-1] {
					t.Fatalf("%d of %d: %v", k, n, all)
				}
			}
			if len(all) != k || all[0] != 0 || all[k-1] < n-1-n/k {
				t.Errorf("%d of %d: %d numbers from %d to %d", k, n, len(all), all[0], all[k-1])
			}
		}
	}
	c := defaultsFor(false)
	c.Examples = 60000
	set, err := read(c)
	if err != nil || set.Train.Len() != fashion.Mini().Train.Len() {
		t.Errorf("more examples than there are: %d, %v", set.Train.Len(), err)
	}
}
