package data

import (
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // decoders by their file's first bytes
	_ "image/jpeg" // …
	_ "image/png"  // …
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/bmp" // …
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff" // …
	_ "golang.org/x/image/webp" // …

	"github.com/limpid-ml/limpid/tensor"
)

// maxPixels bounds what a picture's header may make us allocate.
const maxPixels = 1 << 27

// Folder is a dataset of picture files, one folder a class. X is float32
// [H, W, 3] with values 0 to 1, Y the class's number, an int32 scalar. Files
// are read each time they are asked for.
type Folder struct {
	Classes []string // folder names, sorted; Y is the place here
	Files   []string // all pictures, by class, then by name
	labels  []int
	h, w    int
}

var pictureKinds = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}

// ImageFolder lists the pictures (PNG, JPEG, GIF, BMP, WebP, TIFF) in the
// folders directly under dir. Each is scaled to cover h×w pixels, cut around
// its centre, and laid on white where it is transparent. Files of other kinds,
// and names with a leading dot, are passed over.
func ImageFolder(dir string, h, w int) (*Folder, error) {
	if h < 1 || w < 1 {
		return nil, fmt.Errorf("data: image folder %q: size %d×%d, want at least 1×1", dir, h, w)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: image folder: %w", err)
	}
	f := &Folder{h: h, w: w}
	for _, e := range entries { // sorted by name
		if strings.HasPrefix(e.Name(), ".") || !isDir(dir, e) {
			continue
		}
		if err := f.addClass(dir, e.Name()); err != nil {
			return nil, err
		}
	}
	if len(f.Files) == 0 {
		return nil, fmt.Errorf("data: image folder %q: no pictures; want a folder for each class with %s files", dir, strings.Join(pictureKinds, " "))
	}
	return f, nil
}

// isDir follows links.
func isDir(dir string, e os.DirEntry) bool {
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

func (f *Folder) addClass(dir, class string) error {
	files, err := os.ReadDir(filepath.Join(dir, class))
	if err != nil {
		return fmt.Errorf("data: image folder: %w", err)
	}
	before := len(f.Files)
	for _, e := range files {
		name := e.Name()
		if !strings.HasPrefix(name, ".") && slices.Contains(pictureKinds, strings.ToLower(filepath.Ext(name))) {
			f.Files = append(f.Files, filepath.Join(dir, class, name))
			f.labels = append(f.labels, len(f.Classes))
		}
	}
	if len(f.Files) == before {
		return fmt.Errorf("data: image folder %q: class %q has no pictures: add some or remove the folder", dir, class)
	}
	f.Classes = append(f.Classes, class)
	return nil
}

// Len returns the number of files.
func (f *Folder) Len() int { return len(f.Files) }

// At reads file i. The error names a file that is broken.
func (f *Folder) At(i int) (Example, error) {
	if err := within(i, len(f.Files)); err != nil {
		return Example{}, err
	}
	im, err := decode(f.Files[i])
	if err != nil {
		return Example{}, fmt.Errorf("data: picture %q: %w: replace or remove it", f.Files[i], err)
	}
	x := tensor.Of(values(cover(im, f.h, f.w)), f.h, f.w, 3)
	return Example{X: x, Y: tensor.Ints(f.labels[i]).Reshape()}, nil
}

func decode(file string) (image.Image, error) {
	r, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c, _, err := image.DecodeConfig(r)
	if err != nil {
		return nil, err
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return nil, fmt.Errorf("%d×%d pixels, want 1 to %d", c.Width, c.Height, maxPixels)
	}
	if _, err := r.Seek(0, 0); err != nil {
		return nil, err
	}
	im, _, err := image.Decode(r)
	return im, err
}

// cover scales the largest part of im around its centre that has the form of
// h×w to that size, on white.
func cover(im image.Image, h, w int) *image.RGBA {
	b := im.Bounds()
	cw, ch := b.Dx(), b.Dy()
	if cw*h > ch*w {
		cw = max(ch*w/h, 1)
	} else {
		ch = max(cw*h/w, 1)
	}
	x0, y0 := b.Min.X+(b.Dx()-cw)/2, b.Min.Y+(b.Dy()-ch)/2
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(out, out.Bounds(), im, image.Rect(x0, y0, x0+cw, y0+ch), draw.Over, nil)
	return out
}

// values returns red, green and blue of each pixel, 0 to 1.
func values(im *image.RGBA) []float32 {
	out := make([]float32, 0, len(im.Pix)/4*3)
	for i := 0; i < len(im.Pix); i += 4 {
		for _, v := range im.Pix[i : i+3] {
			out = append(out, float32(v)/255)
		}
	}
	return out
}
