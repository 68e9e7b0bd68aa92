package clothes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/recipe/photo"
	"github.com/limpid-ml/limpid/tensor"
)

// about is what a run knows of pictures that are a user's own: folders of
// pictures by class. It is stored as JSON.
type about struct {
	Folder     string    `json:"folder"`
	Classes    []string  `json:"classes"`
	Size       int       `json:"size"`     // width and height
	Channels   int       `json:"channels"` // 3, or 1 where all pictures are grey
	Mean       []float64 `json:"mean"`     // of the training pictures' channels, from 0 to 1
	Deviation  []float64 `json:"deviation"`
	Dealt      bool      `json:"dealt,omitempty"`      // the pictures were not divided
	Activation string    `json:"activation,omitempty"` // what was picked
}

// own returns what is known of a user's own pictures; nil: there are none.
func (c *Config) own() *about {
	if !strings.HasPrefix(c.Known, "{") {
		return nil
	}
	a := &about{}
	if json.Unmarshal([]byte(c.Known), a) != nil {
		return nil
	}
	return a
}

// note stores what is known.
func (c *Config) note(a *about) error {
	text, err := json.Marshal(a)
	c.Known = string(text)
	return err
}

// picked is the activation that was picked; "": none yet.
func (c *Config) picked() string {
	if a := c.own(); a != nil {
		return a.Activation
	}
	return c.Known
}

// pick notes the activation that was picked.
func (c *Config) pick(name string) error {
	if a := c.own(); a != nil {
		a.Activation = name
		return c.note(a)
	}
	c.Known = name
	return nil
}

// Classes names the classes.
func (c *Config) Classes() []string {
	if a := c.own(); a != nil {
		return a.Classes
	}
	return fashion.Classes
}

// input is the form of a picture: height, width and channels.
func (c *Config) input() []int {
	if a := c.own(); a != nil {
		return []int{a.Size, a.Size, a.Channels}
	}
	return []int{side, side, 1}
}

// isOwn tells whether the data are a folder of pictures by class rather than the
// published files.
func (c *Config) isOwn() bool {
	if c.Data == "" {
		return false
	}
	if c.own() != nil {
		return true
	}
	files, err := filepath.Glob(filepath.Join(c.Data, "*-idx?-ubyte*"))
	if err != nil || len(files) > 0 {
		return false
	}
	entries, err := os.ReadDir(c.Data)
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		info, err := os.Stat(filepath.Join(c.Data, e.Name()))
		return err == nil && info.IsDir() && !strings.HasPrefix(e.Name(), ".")
	})
}

// readOwn reads the user's pictures: to learn from, or, where a run has learned
// from others, to measure on.
func (c *Config) readOwn() (fashion.Set, error) {
	known := c.own()
	if known != nil && c.Bare {
		return known.none()
	}
	if known != nil && known.Folder != c.Data {
		return c.readOthers(known)
	}
	parts, err := data.ImageParts(c.Data, c.Size, c.Size, c.Seed)
	if err != nil {
		return fashion.Set{}, err
	}
	a := &about{Folder: c.Data, Classes: parts.Train.Classes, Size: c.Size, Channels: 3, Dealt: parts.Dealt, Activation: c.pickedOnly()}
	if err := a.check(parts, c.Size); err != nil {
		return fashion.Set{}, err
	}
	if known != nil && !slices.Equal(known.Classes, a.Classes) {
		return fashion.Set{}, fmt.Errorf("clothes: %q has the classes %s; the run began with %s", c.Data, strings.Join(a.Classes, ", "), strings.Join(known.Classes, ", "))
	}
	var sets [3]*data.Images
	var faults [3]error
	for k, f := range []*data.Folder{parts.Train, parts.Validate, parts.Test} {
		sets[k], faults[k] = f.Load(context.Background())
	}
	if err := errors.Join(faults[:]...); err != nil {
		return fashion.Set{}, err
	}
	if !slices.ContainsFunc(sets[:], isColoured) {
		a.Channels = 1
	}
	a.measure(sets[0])
	for k := range sets {
		if sets[k], err = a.scale(sets[k]); err != nil {
			return fashion.Set{}, err
		}
	}
	return fashion.Set{Train: sets[0], Validate: sets[1], Test: sets[2]}, c.note(a)
}

// pickedOnly is the activation that was picked for these pictures before.
func (c *Config) pickedOnly() string {
	if c.own() == nil {
		return ""
	}
	return c.picked()
}

// readOthers reads pictures that the run has not seen, to be measured on: the
// test part, or all of a folder that is not divided.
func (c *Config) readOthers(known *about) (fashion.Set, error) {
	dir := c.Data
	for _, name := range []string{"test", "testing", "Test"} {
		if info, err := os.Stat(filepath.Join(c.Data, name)); err == nil && info.IsDir() && !slices.Contains(known.Classes, name) {
			dir = filepath.Join(c.Data, name)
		}
	}
	f, err := data.ImageFolder(dir, known.Size, known.Size)
	if err != nil {
		return fashion.Set{}, err
	}
	if !slices.Equal(f.Classes, known.Classes) {
		return fashion.Set{}, fmt.Errorf("clothes: %q has the classes %s; the run learned %s", dir, strings.Join(f.Classes, ", "), strings.Join(known.Classes, ", "))
	}
	set, err := f.Load(context.Background())
	if err != nil {
		return fashion.Set{}, err
	}
	if set, err = known.scale(set); err != nil {
		return fashion.Set{}, err
	}
	return fashion.Set{Train: set, Validate: set, Test: set}, nil
}

// none is a set for a task that only answers: a black picture.
func (a *about) none() (fashion.Set, error) {
	pix := make([]uint8, a.Size*a.Size*a.Channels)
	set, err := data.NewImages(pix, []uint8{0}, a.Size, a.Size, a.Channels, a.Mean, a.Deviation)
	return fashion.Set{Train: set, Validate: set, Test: set}, err
}

// maxBytes bounds the pictures that are held in memory.
const maxBytes = 4 << 30

// maxClasses is how many classes a label can tell apart.
const maxClasses = 256

// check refuses what cannot be learned.
func (a *about) check(parts data.Parts[*data.Folder], size int) error {
	n := parts.Train.Len() + parts.Validate.Len() + parts.Test.Len()
	switch {
	case len(a.Classes) < 2:
		return fmt.Errorf("clothes: %q has one class, %s: want a folder for each of two or more", a.Folder, strings.Join(a.Classes, ", "))
	case len(a.Classes) > maxClasses:
		return fmt.Errorf("clothes: %q has %d classes, want at most %d", a.Folder, len(a.Classes), maxClasses)
	case parts.Validate.Len() == 0 || parts.Test.Len() == 0:
		return fmt.Errorf("clothes: %q has %d pictures: too few to keep some for validation and test; add pictures", a.Folder, n)
	case n > maxBytes/(3*size*size):
		return fmt.Errorf("clothes: %q has %d pictures, which at %d×%d pixels take more than %d GiB: lower --set size", a.Folder, n, size, size, maxBytes>>30)
	}
	return nil
}

// isColoured tells whether a picture has other colours than greys.
func isColoured(set *data.Images) bool {
	for i := range set.Len() {
		pix := set.Bytes(i)
		for k := 0; k+2 < len(pix); k += 3 {
			if pix[k] != pix[k+1] || pix[k] != pix[k+2] {
				return true
			}
		}
	}
	return false
}

// measure sets mean and deviation of each channel over all pixels.
func (a *about) measure(set *data.Images) {
	a.Mean, a.Deviation = make([]float64, a.Channels), make([]float64, a.Channels)
	var counts [3][256]int
	for i := range set.Len() {
		for k, v := range set.Bytes(i) {
			counts[k%3][v]++
		}
	}
	n := float64(set.Len() * a.Size * a.Size)
	for ch := range a.Channels {
		var sum, square float64
		for v, count := range counts[ch] {
			x := float64(v) / 255
			sum, square = sum+x*float64(count), square+x*x*float64(count)
		}
		a.Mean[ch] = sum / n
		a.Deviation[ch] = max(math.Sqrt(max(0, square/n-a.Mean[ch]*a.Mean[ch])), 1.0/255)
	}
}

// scale returns the pictures [N, H, W, 3] with their values as mean and
// deviation say, with one channel if all are grey.
func (a *about) scale(set *data.Images) (*data.Images, error) {
	var pix, labels []uint8
	for i := range set.Len() {
		bytes := set.Bytes(i)
		for k := 0; k < len(bytes); k += 3 {
			pix = append(pix, bytes[k:k+a.Channels]...)
		}
		labels = append(labels, uint8(set.Label(i)))
	}
	out, err := data.NewImages(pix, labels, a.Size, a.Size, a.Channels, a.Mean, a.Deviation)
	if err == nil {
		out.Classes = a.Classes
	}
	return out, err
}

// picture turns a picture into an input, as the files were: scaled until it
// covers the size and cut around its centre, on white where it is transparent.
func (a *about) picture(img image.Image) (tensor.Tensor, *photo.Prepared) {
	var whole, fitted picture.Raster
	whole.Draw(img, a.Channels, nil)
	box := centre(whole.W, whole.H)
	new(picture.Sizer).Resize(&fitted, &whole, box, a.Size, a.Size)
	x := make([]float32, len(fitted.Pix))
	for i, v := range fitted.Pix {
		ch := i % a.Channels
		x[i] = float32((float64(v)/255 - a.Mean[ch]) / a.Deviation[ch])
	}
	p := &photo.Prepared{}
	if box.Dx() != whole.W || box.Dy() != whole.H {
		p.Steps = append(p.Steps, "cut it to the square in its middle")
	}
	if box.Dx() != a.Size {
		p.Steps = append(p.Steps, fmt.Sprintf("scaled it to %d × %d pixels", a.Size, a.Size))
	}
	return tensor.Of(x, a.Size, a.Size, a.Channels), p
}

// centre is the largest square in the middle of a picture.
func centre(w, h int) image.Rectangle {
	n := min(w, h)
	x, y := (w-n)/2, (h-n)/2
	return image.Rect(x, y, x+n, y+n)
}
