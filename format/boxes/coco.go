package boxes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// coco is the part of a COCO file that is read.
type coco struct {
	Images []struct {
		ID       int64  `json:"id"`
		FileName string `json:"file_name"`
		Width    int    `json:"width"`
		Height   int    `json:"height"`
	} `json:"images"`
	Categories []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"categories"`
	Annotations []annotation `json:"annotations"`
}

type annotation struct {
	ID           int64           `json:"id"`
	ImageID      int64           `json:"image_id"`
	CategoryID   int64           `json:"category_id"`
	BBox         []float64       `json:"bbox"` // x, y, width, height
	Area         float64         `json:"area"`
	IsCrowd      int             `json:"iscrowd"`
	Segmentation json.RawMessage `json:"segmentation"`
}

// ReadCOCO reads a file of COCO's object detection. Its pictures lie beside it,
// in images, or in the folder that the file's name ends with
// (instances_train2017.json: train2017), there or one folder up. Classes are
// numbered in the order of their ids.
//
// Source: cocodataset.org, "Data format".
func ReadCOCO(file string, classes []string) (*Set, error) {
	text, err := load(file)
	if err != nil {
		return nil, fmt.Errorf("boxes: %w", err)
	}
	var c coco
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("boxes: %q line %d: %w", file, lineAt(text, offset(err)), err)
	}
	if len(c.Images) == 0 {
		return nil, fmt.Errorf("boxes: %q names no images: is it a COCO file of detection?", file)
	}
	r := &cocoReader{file: file, faults: &Faults{}}
	if err := r.categories(&c, classes); err != nil {
		return nil, fmt.Errorf("boxes: %q: %w", file, err)
	}
	if err := r.images(&c); err != nil {
		return nil, fmt.Errorf("boxes: %q: %w", file, err)
	}
	for i := range c.Annotations {
		r.annotation(i, &c.Annotations[i])
	}
	return r.set(), r.faults.err()
}

// offset returns where in the file JSON went wrong.
func offset(err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return int(syntax.Offset)
	case errors.As(err, &kind):
		return int(kind.Offset)
	}
	return 0
}

type cocoReader struct {
	file     string
	faults   *Faults
	classes  []string
	class    map[int64]int
	pictures []Picture
	place    map[int64]int // of an image's id in pictures
}

// categories numbers the classes by their ids, or as classes says.
func (r *cocoReader) categories(c *coco, classes []string) error {
	slices.SortStableFunc(c.Categories, func(a, b struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}) int {
		return cmp.Compare(a.ID, b.ID)
	})
	r.class = map[int64]int{}
	names := newNamer(classes)
	var found []string
	for i, cat := range c.Categories {
		if _, twice := r.class[cat.ID]; twice {
			return fmt.Errorf("categories[%d]: the id %d is there twice", i, cat.ID)
		}
		found = append(found, cat.Name)
		k, err := names.of(cat.Name)
		if err != nil {
			return fmt.Errorf("categories[%d]: %w", i, err)
		}
		r.class[cat.ID] = k
	}
	r.classes = names.names
	return checkNames(found)
}

// images finds the pictures.
func (r *cocoReader) images(c *coco) error {
	dir := pictureFolder(r.file, c.Images[0].FileName)
	r.place = map[int64]int{}
	for i, im := range c.Images {
		if _, twice := r.place[im.ID]; twice {
			return fmt.Errorf("images[%d]: the id %d is there twice", i, im.ID)
		}
		r.place[im.ID] = -1
		if !filepath.IsLocal(filepath.FromSlash(im.FileName)) {
			r.faults.add("%q: images[%d]: %q is not a file below the pictures' folder", r.file, i, im.FileName)
			continue
		}
		p := Picture{File: filepath.Join(dir, filepath.FromSlash(im.FileName)), W: im.Width, H: im.Height}
		if _, err := os.Stat(p.File); err != nil {
			r.faults.add("%q: images[%d]: %w", r.file, i, err)
			continue
		}
		if p.W <= 0 || p.H <= 0 {
			if err := p.size(); err != nil {
				r.faults.add("%q: images[%d]: %w", r.file, i, err)
				continue
			}
		}
		r.place[im.ID] = len(r.pictures)
		r.pictures = append(r.pictures, p)
	}
	return nil
}

// pictureFolder returns the folder that has the first picture.
func pictureFolder(file, first string) string {
	dir, stem := filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	part := stem[strings.LastIndex(stem, "_")+1:]
	for _, base := range []string{dir, filepath.Dir(dir)} {
		for _, sub := range []string{"", "images", part, filepath.Join("images", part), stem} {
			at := filepath.Join(base, sub)
			if _, err := os.Stat(filepath.Join(at, filepath.FromSlash(first))); err == nil {
				return at
			}
		}
	}
	return dir
}

// annotation adds an object to its picture.
func (r *cocoReader) annotation(i int, a *annotation) {
	fault := func(format string, v ...any) {
		r.faults.add("%q: annotations[%d] (id %d): "+format, append([]any{r.file, i, a.ID}, v...)...)
	}
	at, ok := r.place[a.ImageID]
	if !ok {
		fault("there is no image of id %d", a.ImageID)
		return
	}
	if at < 0 {
		return // its picture's fault is named
	}
	class, ok := r.class[a.CategoryID]
	if !ok {
		fault("there is no category of id %d", a.CategoryID)
		return
	}
	if len(a.BBox) != 4 {
		fault("bbox has %d numbers, want x, y, width, height", len(a.BBox))
		return
	}
	p := &r.pictures[at]
	o := Object{X1: a.BBox[0], Y1: a.BBox[1], X2: a.BBox[0] + a.BBox[2], Y2: a.BBox[1] + a.BBox[3], Class: class, Crowd: a.IsCrowd != 0, Area: a.Area}
	if err := o.fit(p.W, p.H); err != nil {
		fault("%w", err)
		return
	}
	if err := o.outline(a.Segmentation, p.W, p.H); err != nil {
		fault("segmentation: %w", err)
		return
	}
	p.Objects = append(p.Objects, o)
}

// set returns what was read, sorted by file.
func (r *cocoReader) set() *Set {
	slices.SortStableFunc(r.pictures, func(a, b Picture) int { return cmp.Compare(a.File, b.File) })
	return &Set{Classes: r.classes, Pictures: r.pictures}
}
