package clothes

import (
	"context"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// kind is one to try.
var kind = &Kind{
	Name: "kind", Mini: 0.86, Full: 0.92, Network: Convolutional, Ends: BlockEnds,
	Defaults: func(full bool) Config {
		c := Config{Common: recipe.Common{Seed: 1, Epochs: 8, Batch: 64, LR: 5e-3, Optimizer: "adamw", Schedule: "one-cycle"}, Width: 24, Flip: true, Regular: Usual}
		if full {
			c.Width = 32
		}
		return c
	},
}

// defaultsFor returns the kind's settings.
func defaultsFor(full bool) *Config { c := kind.Defaults(full); return &c }

// The target belongs to the default settings, whatever the seed, the folder
// and the checkpoints are.
func TestGoals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		full   bool
		change func(c *Config)
		want   float64
	}{
		{"defaults", false, func(*Config) {}, 0.86},
		{"another seed", false, func(c *Config) { c.Seed = 9 }, 0.86},
		{"more checkpoints", false, func(c *Config) { c.Every = 7 }, 0.86},
		{"full data", true, func(c *Config) { c.Data = "/data" }, 0.92},
		{"fewer epochs", false, func(c *Config) { c.Epochs = 1 }, 0},
		{"fewer examples", true, func(c *Config) { c.Data, c.Examples = "/data", 100 }, 0},
		{"full data with the other defaults", false, func(c *Config) { c.Data = "/data" }, 0},
	} {
		c := defaultsFor(tt.full)
		tt.change(c)
		goals := kind.goals(c)
		if tt.want == 0 && len(goals) != 0 || tt.want != 0 && (len(goals) != 1 || goals[0] != (recipe.Goal{Score: "accuracy", Bound: tt.want})) {
			t.Errorf("%s: %v, want %g", tt.name, goals, tt.want)
		}
	}
	if goals := (&Kind{Defaults: kind.Defaults}).goals(defaultsFor(false)); goals != nil {
		t.Errorf("without a bound: %v", goals)
	}
}

func TestNetworkFitsAnyWidth(t *testing.T) {
	for _, width := range []int{1, 3, 16, 40} {
		c := defaultsFor(false)
		c.Width, c.Examples = width, 20
		task, err := kind.open(c)
		if err != nil {
			t.Fatal(err)
		}
		y, err := task.Net.Predict(tensor.Zeros(2, side, side, 1))
		if err != nil || !slices.Equal(y.Shape(), []int{2, len(task.Classes)}) {
			t.Errorf("width %d: scores %v, %v", width, y.Shape(), err)
		}
		params := 0
		for _, p := range task.Net.Params() {
			params += p.Value().Len()
		}
		// 3×3 filters, scale and shift of each channel, 3×3 places × 10 classes
		w := width
		if want := 9*(w+2*w*w+8*w*w) + 2*(w+2*w+4*w) + 9*4*w*10 + 10; params != want {
			t.Errorf("width %d: %d parameters, want %d", width, params, want)
		}
	}
}

func TestSpreadKeepsClasses(t *testing.T) {
	c := defaultsFor(false)
	c.Examples = 100
	task, err := kind.open(c)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, len(fashion.Classes))
	for i := range task.Fit.Data.Len() {
		e, err := task.Fit.Data.At(i)
		if err != nil {
			t.Fatal(err)
		}
		counts[int(e.Y.Item())]++
	}
	for class, n := range counts {
		if n < 3 || n > 20 {
			t.Errorf("%d of 100 examples are of class %d", n, class)
		}
	}
	if got := spread(10, 4); !slices.Equal(got, []int{0, 2, 5, 7}) {
		t.Errorf("spread: %v", got)
	}
}

// Validation is cut from the training split; test pictures are in neither.
func TestSplitsShareNoPicture(t *testing.T) {
	task, err := kind.open(defaultsFor(false))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for name, set := range map[string]data.Dataset{"training": task.Fit.Data, "validation": task.Fit.Validate, "test": task.Test} {
		pictures := set.(*data.Images)
		for i := range pictures.Len() {
			key := string(pictures.Bytes(i))
			if other := seen[key]; other != "" && other != name {
				t.Fatalf("picture %d of %s is one of %s", i, name, other)
			}
			seen[key] = name
		}
	}
}

func TestPictureIsLikeTheData(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = uint8(i % side * 9)
	}
	img.SetGray(14, 14, color.Gray{255})
	for _, full := range []bool{false, true} {
		c := defaultsFor(full)
		if full {
			c.Data = "/data"
		}
		x, _ := c.picture(img)
		levels := map[float32]bool{}
		for _, v := range tensor.Data[float32](x) {
			levels[v] = true
		}
		if !full && len(levels) > 16 {
			t.Errorf("%d levels, and the embedded pictures have 16", len(levels))
		}
		if full && len(levels) < 20 {
			t.Errorf("%d levels, and the full data's pictures have 256", len(levels))
		}
	}
	c := defaultsFor(false)
	if got, want := float64(c.brightness(0)), -fashion.Mean/fashion.Deviation; math.Abs(got-want) > 1e-6 {
		t.Errorf("black is %g, want %g", got, want)
	}
}

func TestAugment(t *testing.T) {
	c := &Config{}
	if c.augment() != nil {
		t.Error("nothing to do, and something is done")
	}
	c.Erase = 0.5
	p := data.Picture{Pix: make([]float32, side*side), H: side, W: side, C: 1}
	p.Pix[0] = side * side // so that the mean is 1
	for r := tensor.NewRand(1); slices.Index(p.Pix, 1) < 0; {
		c.augment()(r, &p)
	}
	c.Flip, c.Shift, c.Erase = true, 2, 0
	pix := make([]float32, side*side)
	pix[5*side+3] = 1
	rows, cols := map[int]bool{}, map[int]bool{}
	r := tensor.NewRand(1)
	for range 200 {
		p := data.Picture{Pix: slices.Clone(pix), H: side, W: side, C: 1}
		c.augment()(r, &p)
		at := slices.Index(p.Pix, 1)
		rows[at/side], cols[at%side] = true, true
	}
	if len(rows) != 5 || len(cols) != 10 {
		t.Errorf("the pixel came to %d rows and %d columns, want 5 and 2 × 5", len(rows), len(cols))
	}
}

func TestLearns(t *testing.T) {
	c := defaultsFor(false)
	c.Width, c.Examples, c.Epochs, c.Batch, c.Smoothing, c.Mixup = 4, 300, 6, 20, 0.05, 0.1
	task, err := kind.open(c)
	if err != nil {
		t.Fatal(err)
	}
	res, err := train.Fit(context.Background(), task.Net, task.Fit)
	if err != nil {
		t.Fatal(err)
	}
	if a := res.Validation["accuracy"]; a < 0.4 || res.Steps != task.Steps() {
		t.Errorf("accuracy %g after %d of %d steps", a, res.Steps, task.Steps())
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	c := defaultsFor(true)
	c.Data = t.TempDir()
	if _, err := kind.Recipe().Open(c); err == nil || !strings.Contains(err.Error(), "train-images-idx3-ubyte.gz") {
		t.Errorf("got %v", err)
	}
}
