package data

import (
	"bytes"
	"fmt"
	"image"
	"path/filepath"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/tensor"
)

// Masks is a dataset of pictures and, for each, a picture of labels: X is as
// Reading says, Y int32 [H, W], the label of each pixel.
type Masks struct {
	Reading
	Classes []string // names of the labels, from classes.txt; nil if there is none
	Files   []string // pictures, sorted
	Labels  []string // the mask of each

	// Values maps what a mask's pixels hold to labels; what is not in it is an
	// error. Nil: the value is the label, and 255 is −100, which losses leave
	// out. MaskFolder sets it to {0: 0, 255: 1} if the first masks hold nothing
	// else.
	Values map[uint8]int32

	images string // the folder of the pictures
}

// The names that the two folders go by.
var (
	imageFolders = []string{"images", "image", "imgs", "JPEGImages"}
	maskFolders  = []string{"masks", "mask", "labels", "annotations", "SegmentationClass"}
)

// MaskFolder lists the pictures in dir's folder images (or imgs, JPEGImages)
// and, in masks (or labels, annotations, SegmentationClass), the masks of the
// same names but for what follows the last dot. A mask is a picture of a
// palette or of greys, and its numbers are the labels. Pictures cover h×w
// pixels, as in [ImageFolder]; masks take the nearest pixel, and −100 around a picture that lies Inside.
func MaskFolder(dir string, h, w int) (*Masks, error) {
	images, masks := firstDir(dir, imageFolders), firstDir(dir, maskFolders)
	if images == "" || masks == "" {
		return nil, fmt.Errorf("data: mask folder %q: want a folder %s of pictures and one %s of masks in it", dir, imageFolders[0], maskFolders[0])
	}
	m := &Masks{Reading: Reading{H: h, W: w}, images: images}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("data: mask folder %q: %w", dir, err)
	}
	if err := m.pair(images, masks); err != nil {
		return nil, fmt.Errorf("data: mask folder %q: %w", dir, err)
	}
	if err := m.guess(); err != nil {
		return nil, fmt.Errorf("data: mask folder %q: %w", dir, err)
	}
	var err error
	if m.Classes, err = classNames(dir); err != nil {
		return nil, fmt.Errorf("data: mask folder: %w", err)
	}
	return m, nil
}

// firstDir returns the first of dir's folders that is there, or "".
func firstDir(dir string, names []string) string {
	for _, name := range names {
		if path := filepath.Join(dir, name); isDir(path) {
			return path
		}
	}
	return ""
}

// stemOf is a path below a folder without what follows the last dot.
func stemOf(dir, file string) string {
	rel, err := filepath.Rel(dir, file)
	if err != nil {
		rel = file
	}
	return strings.TrimSuffix(rel, filepath.Ext(rel))
}

// pair finds each picture's mask.
func (m *Masks) pair(images, masks string) error {
	files, err := picturesIn(images)
	if err != nil {
		return err
	}
	labels, err := picturesIn(masks)
	if err != nil {
		return err
	}
	byStem := map[string]string{}
	for _, l := range labels {
		stem := stemOf(masks, l)
		if other, twice := byStem[stem]; twice {
			return fmt.Errorf("%q and %q are masks of one picture: remove one", other, l)
		}
		byStem[stem] = l
	}
	lost := &faults{of: len(files)}
	for _, file := range files {
		mask, ok := byStem[stemOf(images, file)]
		if !ok {
			lost.all = append(lost.all, fmt.Errorf("%q has no mask in %s", file, masks))
			continue
		}
		m.Files, m.Labels = append(m.Files, file), append(m.Labels, mask)
	}
	if lost.all != nil {
		return lost
	}
	if len(files) == 0 {
		return fmt.Errorf("no pictures in %s", images)
	}
	return nil
}

// guessed is how many masks are looked at to see whether they are black and
// white.
const guessed = 16

// guess sets Values if the first masks hold 0 and 255 only, and 255 somewhere:
// with 255 ignored there would be one label, and nothing to learn.
func (m *Masks) guess() error {
	var seen [256]bool
	for _, file := range m.Labels[:min(len(m.Labels), guessed)] {
		mask, err := picture.OpenLabels(file)
		if err != nil {
			return fmt.Errorf("mask %w", err)
		}
		for _, v := range mask.Pix {
			seen[v] = true
		}
	}
	for v := 1; v < 255; v++ {
		if seen[v] {
			return nil
		}
	}
	if seen[255] {
		m.Values = map[uint8]int32{0: 0, 255: 1}
	}
	return nil
}

// label returns what a mask's value stands for.
func (m *Masks) label(v uint8) (int32, bool) {
	if m.Values != nil {
		l, ok := m.Values[v]
		return l, ok
	}
	if v == 255 {
		return ignored, true
	}
	return int32(v), m.Classes == nil || int(v) < len(m.Classes)
}

// Len returns the number of pictures.
func (m *Masks) Len() int { return len(m.Files) }

// At reads picture i and its mask. The error names a file that is broken.
func (m *Masks) At(i int) (Example, error) {
	if err := within(i, len(m.Files)); err != nil {
		return Example{}, err
	}
	return single(m, i)
}

// Pick returns the set of the pictures at indices, in that order.
func (m *Masks) Pick(indices []int) *Masks {
	out := *m
	out.Files, out.Labels = nil, nil
	for _, i := range indices {
		out.Files, out.Labels = append(out.Files, m.Files[i]), append(out.Labels, m.Labels[i])
	}
	return &out
}

func (m *Masks) forms() (x, y form) {
	return formOf([]int{m.H, m.W, m.channels()}, tensor.Float32), formOf([]int{m.H, m.W}, tensor.Int32)
}

func (m *Masks) slow() bool { return true }

func (m *Masks) write(i int, x, y *column, row int) error {
	h, w, err := m.values(m.Files[i], x.f32[row*x.size:(row+1)*x.size])
	if err != nil {
		return err
	}
	mask, err := picture.OpenLabels(m.Labels[i])
	if err != nil {
		return fmt.Errorf("data: mask %w", err)
	}
	if mask.Rect.Dx() != w || mask.Rect.Dy() != h {
		return fmt.Errorf("data: mask %q is %d×%d pixels, its picture %q %d×%d", m.Labels[i], mask.Rect.Dx(), mask.Rect.Dy(), m.Files[i], w, h)
	}
	return m.fit(mask, m.Labels[i], y.i32[row*y.size:(row+1)*y.size])
}

// fit writes the labels of a mask, fitted as its picture.
func (m *Masks) fit(mask *image.Gray, file string, to []int32) error {
	table, known := m.table()
	p := m.place(mask.Rect.Dy(), mask.Rect.Dx())
	for y := range m.H {
		for x := range m.W {
			if !(image.Point{X: x, Y: y}).In(p.out) {
				to[y*m.W+x] = ignored
				continue
			}
			sy := p.box.Min.Y + nearest(y-p.out.Min.Y, p.box.Dy(), p.out.Dy())
			sx := p.box.Min.X + nearest(x-p.out.Min.X, p.box.Dx(), p.out.Dx())
			v := mask.Pix[sy*mask.Stride+sx]
			if !known[v] {
				return fmt.Errorf("data: mask %q: the value %d at (%d, %d) stands for no label: %s", file, v, sx, sy, m.want())
			}
			to[y*m.W+x] = table[v]
		}
	}
	return nil
}

// table looks every value up once.
func (m *Masks) table() (table [256]int32, known [256]bool) {
	for v := range table {
		table[v], known[v] = m.label(uint8(v))
	}
	return table, known
}

// want says which values there may be.
func (m *Masks) want() string {
	if m.Values == nil {
		return fmt.Sprintf("want 0 to %d for the %d names in classes.txt, or 255", len(m.Classes)-1, len(m.Classes))
	}
	var b bytes.Buffer
	for v := range 256 {
		if l, ok := m.Values[uint8(v)]; ok {
			fmt.Fprintf(&b, " %d→%d", v, l)
		}
	}
	return "Values has" + b.String()
}
