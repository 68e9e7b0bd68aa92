package data

import (
	"cmp"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/format/boxes"
	"github.com/limpid-ml/limpid/tensor"
)

// Boxes is a dataset of pictures with boxes around the things in them. X is as
// Reading says (Inside, unless changed), and More has the objects, moved to
// where the picture lies in X: see [Example.WithObjects]. There is no Y, unless
// Paint asks for it.
type Boxes struct {
	Reading
	Classes []string
	Files   []string // pictures, sorted
	// Paint makes Y of the objects: int32 [H, W], 0 the background, 1 + class
	// where an object's outline is (its box, if the file has none), −100 in
	// crowds; smaller objects lie on larger ones.
	Paint bool

	pictures []boxes.Picture
}

// BoxFolder reads the pictures and boxes at path: a COCO file, or a folder of
// COCO, Pascal VOC or YOLO (see package format/boxes for what is looked for).
// Each picture is scaled to lie inside h×w pixels, on white: set Fit and
// Background to change that. The error names, with file and line, every box
// and picture that is wrong; the set then holds the rest, for those who want to
// go on without: only errors of type *boxes.Faults leave one.
func BoxFolder(path string, h, w int) (*Boxes, error) {
	return boxFolder(path, h, w, nil)
}

func boxFolder(path string, h, w int, classes []string) (*Boxes, error) {
	b := &Boxes{Reading: Reading{H: h, W: w, Fit: Inside}}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("data: boxes %q: %w", path, err)
	}
	set, err := boxes.Read(path, classes)
	if err != nil {
		err = fmt.Errorf("data: %w", err)
	}
	if set == nil {
		return nil, err
	}
	b.Classes, b.pictures = set.Classes, set.Pictures
	for _, p := range set.Pictures {
		b.Files = append(b.Files, p.File)
	}
	return b, err
}

// BoxParts opens pictures with boxes in three parts: dir's folders train, val
// and test, each as [BoxFolder] wants it; or dir's images/train, … of YOLO; or
// files of COCO whose names end so (annotations/instances_train2017.json). What
// is missing is taken from train, and what is not divided is dealt 70 : 15 : 15.
func BoxParts(dir string, h, w int, seed uint64) (p Parts[*Boxes], err error) {
	paths := boxPaths(dir)
	if paths == nil {
		all, err := BoxFolder(dir, h, w)
		if err != nil {
			return p, err
		}
		parts, err := Deal{Seed: seed}.Shares(all.Len(), partShares...)
		if err != nil {
			return p, err
		}
		return Parts[*Boxes]{all.Pick(parts[0]), all.Pick(parts[1]), all.Pick(parts[2]), true}, nil
	}
	sets := [3]*Boxes{}
	for k, path := range paths {
		if path == "" {
			continue
		}
		var classes []string
		if k > 0 {
			classes = sets[0].Classes
		}
		if sets[k], err = boxFolder(path, h, w, classes); err != nil {
			return p, err
		}
	}
	for k := 1; k < 3; k++ {
		if sets[k] != nil {
			continue
		}
		parts, err := Deal{Seed: seed + uint64(k)}.Shares(sets[0].Len(), 1-partShares[k], partShares[k])
		if err != nil {
			return p, err
		}
		sets[0], sets[k] = sets[0].Pick(parts[0]), sets[0].Pick(parts[1])
	}
	return Parts[*Boxes]{Train: sets[0], Validate: sets[1], Test: sets[2]}, nil
}

// boxPaths returns where the three parts are, "" for one that is missing, or
// nil if dir is not divided.
func boxPaths(dir string) *[3]string {
	for _, base := range []string{dir, filepath.Join(dir, "images")} {
		names, err := folders(base)
		if err != nil {
			continue
		}
		var parts []string
		for _, name := range names {
			if PartOf(name) != "" {
				parts = append(parts, name)
			}
		}
		if found := partFolders(parts); found != nil && !hasJSON(dir) {
			for k, name := range found {
				if name != "" {
					found[k] = filepath.Join(base, name)
				}
			}
			return found
		}
	}
	return cocoParts(dir)
}

func hasJSON(dir string) bool { return cocoParts(dir) != nil }

// cocoParts finds the COCO files whose names tell their parts.
func cocoParts(dir string) *[3]string {
	var found [3]string
	for _, base := range []string{dir, filepath.Join(dir, "annotations")} {
		entries, err := os.ReadDir(base)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if k := partOf(e.Name()); k >= 0 && found[k] == "" {
				found[k] = filepath.Join(base, e.Name())
			}
		}
	}
	if found[0] == "" {
		return nil
	}
	return &found
}

// partOf returns which part a COCO file's name tells, or −1: of
// instances_train2017.json, train.
func partOf(name string) int {
	stem, is := strings.CutSuffix(strings.ToLower(name), ".json")
	if !is {
		return -1
	}
	stem = strings.TrimRight(stem[strings.LastIndex(stem, "_")+1:], "0123456789-")
	return slices.IndexFunc(partNames[:], func(all []string) bool { return slices.Contains(all, stem) })
}

// Len returns the number of pictures.
func (b *Boxes) Len() int { return len(b.Files) }

// At reads picture i.
func (b *Boxes) At(i int) (Example, error) {
	if err := within(i, len(b.Files)); err != nil {
		return Example{}, err
	}
	return single(b, i)
}

// Pick returns the set of the pictures at indices, in that order.
func (b *Boxes) Pick(indices []int) *Boxes {
	out := *b
	out.Files, out.pictures = nil, nil
	for _, i := range indices {
		out.Files, out.pictures = append(out.Files, b.Files[i]), append(out.pictures, b.pictures[i])
	}
	return &out
}

// Frame returns where picture i's pixels lie in X; its Back takes what a
// network finds in X to the file.
func (b *Boxes) Frame(i int) Frame { return b.place(b.pictures[i].H, b.pictures[i].W).frame() }

// Objects returns the objects of picture i in pixels of the file.
func (b *Boxes) Objects(i int) []Object {
	return b.placed(i, nil, Frame{ScaleX: 1, ScaleY: 1})
}

func (b *Boxes) placed(i int, all []Object, f Frame) []Object {
	for _, o := range b.pictures[i].Objects {
		all = append(all, f.To(Object{
			X1: float32(o.X1), Y1: float32(o.Y1), X2: float32(o.X2), Y2: float32(o.Y2),
			Label: int32(o.Class), Crowd: o.Crowd, Difficult: o.Difficult,
		}))
	}
	return all
}

// objects returns those of picture i in X; what Cover cuts away is cut.
func (b *Boxes) objects(i int, all []Object) []Object {
	p := Picture{H: b.H, W: b.W, Objects: b.placed(i, all, b.Frame(i))}
	p.moved(func(o Object) Object { return o })
	return p.Objects
}

func (b *Boxes) forms() (x, y form) {
	x = formOf([]int{b.H, b.W, b.channels()}, tensor.Float32)
	if b.Paint {
		y = formOf([]int{b.H, b.W}, tensor.Int32)
	}
	return x, y
}

func (b *Boxes) slow() bool { return true }

func (b *Boxes) write(i int, x, y *column, row int) error {
	p := &b.pictures[i]
	h, w, err := b.values(p.File, x.f32[row*x.size:(row+1)*x.size])
	if err != nil {
		return err
	}
	if h != p.H || w != p.W {
		return fmt.Errorf("data: picture %q is %d×%d pixels, its boxes are for %d×%d: correct or remove it", p.File, w, h, p.W, p.H)
	}
	if b.Paint {
		b.paint(i, y.i32[row*y.size:(row+1)*y.size])
	}
	return nil
}

// paint writes the labels of picture i's pixels.
func (b *Boxes) paint(i int, to []int32) {
	p := &b.pictures[i]
	at := b.place(p.H, p.W)
	f := at.frame()
	for k := range to {
		to[k] = 0
		if !(image.Point{X: k % b.W, Y: k / b.W}).In(at.out) {
			to[k] = ignored
		}
	}
	order := slices.Clone(p.Objects)
	slices.SortStableFunc(order, func(a, b boxes.Object) int { return cmp.Compare(b.Area, a.Area) })
	for _, o := range order {
		label := int32(1 + o.Class)
		if o.Crowd {
			label = ignored
		}
		o.Paint(b.H, b.W, f.ScaleX, f.ScaleY, f.X, f.Y, func(y, x int) { to[y*b.W+x] = label })
	}
}
