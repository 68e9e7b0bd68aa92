// Package boxes reads which things lie where in pictures: COCO's JSON, Pascal
// VOC's XML and YOLO's text, into one [Set].
//
// What is wrong with single boxes and pictures does not stop the reading: the
// set holds the others, and the error, a [*Faults], names each.
//
// data and all above it may import it. It imports format/picture.
package boxes

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
)

// Set is pictures and what is in them.
type Set struct {
	Classes  []string
	Pictures []Picture // by file
}

// Picture is a file and the objects in it.
type Picture struct {
	File    string
	W, H    int // in pixels, upright
	Objects []Object
}

// Object is one thing in a picture. Its edges are in pixels, and the picture's
// are 0, 0, W and H.
type Object struct {
	X1, Y1, X2, Y2 float64
	Class          int  // the place in Classes
	Crowd          bool // a group of things in one box (COCO)
	Difficult      bool // hard to make out (VOC)
	Area           float64
	// Polygons or Runs say which pixels it covers, where the file does.
	Polygons [][]float64 // each x, y, x, y, …
	Runs     *Runs
}

// Faults is what is wrong with some of a set. The rest can be used.
type Faults struct {
	All []error
}

// maxListed bounds how many faults an error names.
const maxListed = 20

// Error lists the faults.
func (f *Faults) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults:", len(f.All))
	if len(f.All) == 1 {
		return f.All[0].Error()
	}
	for i, err := range f.All {
		if i == maxListed {
			fmt.Fprintf(&b, "\n\tand %d more", len(f.All)-i)
			break
		}
		fmt.Fprintf(&b, "\n\t%v", err)
	}
	return b.String()
}

// Unwrap returns the single faults.
func (f *Faults) Unwrap() []error { return f.All }

func (f *Faults) add(format string, a ...any) { f.All = append(f.All, fmt.Errorf(format, a...)) }

func (f *Faults) err() error {
	if len(f.All) == 0 {
		return nil
	}
	return f
}

// Read reads the boxes at path: a COCO file (.json), or a folder that has one,
// or Pascal VOC's XML, or YOLO's labels. classes, if not nil, are the classes
// that there must be, in order; else they are what the files name.
func Read(path string, classes []string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("boxes: %w", err)
	}
	if !info.IsDir() {
		return ReadCOCO(path, classes)
	}
	if all := cocoFiles(path); len(all) > 0 {
		return oneOf(path, all, classes)
	}
	if xmlFolder(path) != "" {
		return ReadVOC(path, classes)
	}
	if _, ok := labelFolder(path); ok {
		return ReadYOLO(path, classes)
	}
	return nil, fmt.Errorf("boxes: %q: no boxes found; want a COCO file (*.json), Pascal VOC's Annotations/*.xml with JPEGImages, or YOLO's labels/*.txt with images", path)
}

// In tells whether there are boxes of any format in a folder, for [Read].
func In(dir string) bool {
	if len(cocoFiles(dir)) > 0 || xmlFolder(dir) != "" {
		return true
	}
	images, ok := labelFolder(dir)
	if !ok {
		return false
	}
	texts, _ := filepath.Glob(filepath.Join(escape(labelsOf(images)), "*.txt"))
	return len(texts) > 0
}

// cocoFiles returns the JSON files in dir, or in its folder annotations, that
// begin as COCO's do: other tools leave theirs beside pictures, too.
func cocoFiles(dir string) []string {
	for _, sub := range []string{"", "annotations"} {
		all, _ := filepath.Glob(filepath.Join(escape(dir), sub, "*.json"))
		all = slices.DeleteFunc(all, func(file string) bool { return !mayBeCOCO(file) })
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

func mayBeCOCO(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return err == nil && (bytes.Contains(head, []byte(`"images"`)) || bytes.Contains(head, []byte(`"annotations"`)))
}

// oneOf reads the one COCO file of a folder.
func oneOf(dir string, files []string, classes []string) (*Set, error) {
	if len(files) > 1 {
		return nil, fmt.Errorf("boxes: %q has %d COCO files (%s, …): name one of them", dir, len(files), filepath.Base(files[0]))
	}
	return ReadCOCO(files[0], classes)
}

// escape has Glob take path literally.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// overhang is how far, in pixels, a box may reach beyond its picture and be cut
// to it without a word: formats count from 0 or from 1 and round as they like.
const overhang = 2

// fit cuts the object to its picture, or says what is wrong with it.
func (o *Object) fit(w, h int) error {
	for _, v := range []float64{o.X1, o.Y1, o.X2, o.Y2} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("edges %g %g %g %g, want finite numbers", o.X1, o.Y1, o.X2, o.Y2)
		}
	}
	W, H := float64(w), float64(h)
	if o.X1 < -overhang || o.Y1 < -overhang || o.X2 > W+overhang || o.Y2 > H+overhang {
		return fmt.Errorf("the box from (%g, %g) to (%g, %g) reaches out of the picture of %d×%d: correct it", o.X1, o.Y1, o.X2, o.Y2, w, h)
	}
	o.X1, o.X2 = min(max(o.X1, 0), W), min(max(o.X2, 0), W)
	o.Y1, o.Y2 = min(max(o.Y1, 0), H), min(max(o.Y2, 0), H)
	if o.X2 <= o.X1 || o.Y2 <= o.Y1 {
		return fmt.Errorf("the box from (%g, %g) to (%g, %g) has no area: correct or remove it", o.X1, o.Y1, o.X2, o.Y2)
	}
	if o.Area <= 0 {
		o.Area = (o.X2 - o.X1) * (o.Y2 - o.Y1)
	}
	return nil
}

// namer gives class names their numbers.
type namer struct {
	names  []string
	number map[string]int
	closed bool // no others may come
}

func newNamer(classes []string) *namer {
	n := &namer{number: map[string]int{}}
	for _, c := range classes {
		n.of(c)
	}
	n.closed = classes != nil
	return n
}

// of returns the number of a class, or an error if it is not one of those that
// there must be.
func (n *namer) of(name string) (int, error) {
	if k, ok := n.number[name]; ok {
		return k, nil
	}
	if n.closed {
		return 0, fmt.Errorf("class %q is not one of %s", name, strings.Join(n.names, ", "))
	}
	n.number[name] = len(n.names)
	n.names = append(n.names, name)
	return len(n.names) - 1, nil
}

// check refuses names that are empty or there twice.
func checkNames(names []string) error {
	seen := map[string]bool{}
	for i, name := range names {
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("class %d has no name", i)
		}
		if seen[name] {
			return fmt.Errorf("class %q is named twice", name)
		}
		seen[name] = true
	}
	return nil
}

// list reads the names in a file, one a line.
func list(file string) ([]string, error) {
	text, err := load(file)
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	if err := checkNames(names); err != nil {
		return nil, fmt.Errorf("%q: %w", file, err)
	}
	return names, nil
}

// size sets the picture's size from its file's head.
func (p *Picture) size() error {
	i, err := picture.Inspect(p.File)
	if err != nil {
		return fmt.Errorf("picture %w", err)
	}
	p.W, p.H = i.W, i.H
	return nil
}
