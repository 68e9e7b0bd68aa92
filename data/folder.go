package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/tensor"
)

// Folder is a dataset of picture files, one folder a class. X is as Reading
// says, Y the class's number, an int32 scalar. Files are read each time they
// are asked for; see [Folder.Load].
type Folder struct {
	Reading
	Classes []string // folder names, sorted; Y is the place here
	Files   []string // all pictures, by class, then by name
	labels  []int
}

// ImageFolder lists the pictures (PNG, JPEG, GIF, BMP, WebP, TIFF) in the
// folders directly under dir, and in theirs. Each is scaled to cover h×w
// pixels, cut around its centre, and laid on white where it is transparent:
// the fields of [Reading] change that. Files of other kinds, and names with a
// leading dot, are passed over; links are followed. For a folder that is
// divided into train, val and test, see [ImageParts].
func ImageFolder(dir string, h, w int) (*Folder, error) {
	names, err := folders(dir)
	if err != nil {
		return nil, fmt.Errorf("data: image folder: %w", err)
	}
	if parts := partFolders(names); parts != nil {
		return nil, fmt.Errorf("data: image folder %q is divided into %s: open one of them, or all with data.ImageParts", dir, strings.Join(names, ", "))
	}
	return imageFolder(dir, names, h, w)
}

// imageFolder lists the pictures of the classes in dir; a class without a
// folder there has none.
func imageFolder(dir string, classes []string, h, w int) (*Folder, error) {
	f := &Folder{Reading: Reading{H: h, W: w}, Classes: classes}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("data: image folder %q: %w", dir, err)
	}
	var faults []error
	for label, class := range classes {
		files, err := picturesIn(filepath.Join(dir, class))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			faults = append(faults, fmt.Errorf("data: image folder: %w", err))
		} else if err == nil && len(files) == 0 {
			faults = append(faults, fmt.Errorf("data: image folder %q: class %q has no pictures: add some or remove the folder", dir, class))
		}
		for _, name := range files {
			f.Files = append(f.Files, name)
			f.labels = append(f.labels, label)
		}
	}
	if faults != nil {
		return nil, errors.Join(faults...)
	}
	if len(f.Files) == 0 {
		return nil, fmt.Errorf("data: image folder %q: no pictures; want a folder for each class with %s files", dir, strings.Join(picture.Kinds(), " "))
	}
	return f, nil
}

// folders returns the names of the folders in dir, sorted, but for those with a
// leading dot. Links are followed.
func folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && isDir(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// isDir follows links.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// maxDepth bounds folders in folders: a link may lead back.
const maxDepth = 8

// picturesIn returns the pictures in dir and in the folders below it, by name.
func picturesIn(dir string) ([]string, error) { return walk(dir, maxDepth) }

func walk(dir string, depth int) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case isDir(path):
			if depth == 0 {
				return nil, fmt.Errorf("%q lies more than %d folders deep: does a link lead back?", path, maxDepth)
			}
			below, err := walk(path, depth-1)
			if err != nil {
				return nil, err
			}
			all = append(all, below...)
		case picture.Named(e.Name()):
			all = append(all, path)
		}
	}
	return all, nil
}

// Len returns the number of files.
func (f *Folder) Len() int { return len(f.Files) }

// At reads file i. The error names a file that is broken.
func (f *Folder) At(i int) (Example, error) {
	if err := within(i, len(f.Files)); err != nil {
		return Example{}, err
	}
	return single(f, i)
}

// Pick returns the set of the files at indices, in that order.
func (f *Folder) Pick(indices []int) *Folder {
	out := &Folder{Reading: f.Reading, Classes: f.Classes}
	for _, i := range indices {
		out.Files = append(out.Files, f.Files[i])
		out.labels = append(out.labels, f.labels[i])
	}
	return out
}

// Load reads all files, on all processors, and holds them as bytes: the set
// then takes H·W·C bytes a picture and no time to read. The error names every
// file that is broken.
func (f *Folder) Load(ctx context.Context) (*Images, error) {
	n := f.H * f.W * f.channels()
	pix := make([]uint8, len(f.Files)*n)
	err := every(ctx, len(f.Files), func(i int) error {
		d := desks.Get().(*desk)
		defer desks.Put(d)
		_, _, err := f.bytes(d, f.Files[i], pix[i*n:(i+1)*n])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("data: load pictures: %w", err)
	}
	set, err := newImages(pix, make([]int32, len(f.Files)), f.H, f.W, f.channels(), nil, nil)
	if err != nil {
		return nil, err
	}
	for i, l := range f.labels {
		set.labels[i] = int32(l)
	}
	set.Classes = f.Classes
	return set, nil
}

func (f *Folder) forms() (x, y form) {
	return formOf([]int{f.H, f.W, f.channels()}, tensor.Float32), scalarLabel
}

// scalarLabel is the form of a class's number.
var scalarLabel = formOf([]int{}, tensor.Int32)

func (f *Folder) slow() bool { return true }

func (f *Folder) write(i int, x, y *column, row int) error {
	y.i32[row] = int32(f.labels[i])
	_, _, err := f.values(f.Files[i], x.f32[row*x.size:(row+1)*x.size])
	return err
}

func (f *Folder) labelOf(i int) int { return f.labels[i] }
