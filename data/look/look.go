// Package look examines a data set before anyone trains on it: a folder of
// pictures, by class, with masks or with boxes, or a table. It counts classes,
// sizes and modes, finds broken files and pictures that are there twice, within
// a part and across train, validation and test, and says what to mind.
//
//	report, err := look.At(ctx, "flowers", look.Options{})
//	fmt.Print(report)
//	err = report.WriteSheet("flowers.png")
//
// datasets, nn and all above them may import it; nothing below does.
package look

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
)

// Options change what is looked at. The zero value looks at everything.
type Options struct {
	Columns int // pictures of a class on the contact sheet; 0: 8
	Rows    int // classes on the contact sheet; 0: 24
	Table   TableOptions
}

// Report is what there is to know about a data set. It marshals to JSON and
// prints as text.
type Report struct {
	Path     string   `json:"path"`
	Kind     string   `json:"kind"`     // what the data are, in words
	Examples int      `json:"examples"` // pictures that could be read, or rows
	Classes  []Class  `json:"classes,omitempty"`
	Parts    []Part   `json:"parts,omitempty"`   // train, val and test, if it is divided
	Sizes    []Size   `json:"sizes,omitempty"`   // of pictures, the most frequent first
	Modes    []Count  `json:"modes,omitempty"`   // of pictures: file format and colours
	Turned   int      `json:"turned,omitempty"`  // pictures that their Exif turns upright
	Broken   []Fault  `json:"broken,omitempty"`  // files that cannot be read, and boxes that cannot be
	Blank    []string `json:"blank,omitempty"`   // pictures of one colour
	Twins    []Twins  `json:"twins,omitempty"`   // pictures that are there more than once
	Columns  []Column `json:"columns,omitempty"` // of a table
	// Imbalance is the examples of the largest class over those of the smallest;
	// 0 without classes.
	Imbalance float64  `json:"imbalance,omitempty"`
	Advice    []string `json:"advice"` // what to do before training, the gravest first

	sheet sheet
}

// Class is a class and how much there is of it.
type Class struct {
	Name     string         `json:"name"`
	Examples int            `json:"examples"` // pictures, rows or boxes
	ByPart   map[string]int `json:"by_part,omitempty"`
	Share    float64        `json:"share"` // of all; of a mask's pixels
}

// Part is a part of a divided set.
type Part struct {
	Name     string `json:"name"`
	Examples int    `json:"examples"`
}

// Size is a size of pictures and how many have it.
type Size struct {
	W int `json:"w"`
	H int `json:"h"`
	N int `json:"n"`
}

// Count is a name and how often it came.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// Fault is a file and what is wrong with it.
type Fault struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Twins are pictures that are the same, or look it.
type Twins struct {
	Files  []string `json:"files"`
	Exact  bool     `json:"exact"`  // the same bytes
	Across bool     `json:"across"` // they are in different parts: a test would ask what was learnt by heart
	Torn   bool     `json:"torn"`   // they are in different classes
}

// At examines the data at path: a CSV file, a COCO file, or a folder of
// pictures.
func At(ctx context.Context, path string, o Options) (*Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("look: %w", err)
	}
	if o.Columns <= 0 {
		o.Columns = 8
	}
	if o.Rows <= 0 {
		o.Rows = 24
	}
	if !info.IsDir() && picture.Named(path) {
		return nil, fmt.Errorf("look: %q is one picture: name the folder that it lies in", path)
	}
	r := &Report{Path: path, Advice: []string{}}
	if !info.IsDir() && !strings.EqualFold(filepath.Ext(path), ".json") {
		err = r.table(path, o)
	} else {
		err = r.pictures(ctx, path, o)
	}
	if err != nil {
		return nil, fmt.Errorf("look: %w", err)
	}
	r.advise()
	return r, nil
}

// pictures examines a folder of pictures, or a COCO file.
func (r *Report) pictures(ctx context.Context, path string, o Options) error {
	s, err := find(path)
	if err != nil {
		return err
	}
	r.Kind, r.Broken = s.kind, s.broken
	if err := s.scan(ctx, r); err != nil {
		return err
	}
	s.count(r)
	r.Twins = s.twins()
	r.sheet = s.choose(o)
	return nil
}

// relative names a file below the data's folder.
func (s *set) relative(file string) string {
	if rel, err := filepath.Rel(s.root, file); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return file
}

// walk returns all pictures below dir, by name; links to folders are not
// followed.
func walk(dir string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case !d.IsDir() && picture.Named(d.Name()):
			all = append(all, path)
		}
		return nil
	})
	return all, err
}

// errNone is that there is nothing to look at.
var errNone = errors.New("no pictures (" + strings.Join(picture.Kinds(), " ") + "), no boxes, and no table (*.csv): nothing to look at")

// tally counts names and returns them, the most frequent first.
func tally(names []string) []Count {
	n := map[string]int{}
	for _, name := range names {
		n[name]++
	}
	var all []Count
	for name, k := range n {
		all = append(all, Count{name, k})
	}
	slices.SortFunc(all, func(a, b Count) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}
