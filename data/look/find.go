package look

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/boxes"
)

// set is the pictures that were found.
type set struct {
	root   string
	kind   string
	items  []item
	names  []string // of classes, where boxes or masks have them
	broken []Fault
}

// item is a picture.
type item struct {
	file, part, class string
	objects           []boxes.Object // with boxes
	mask              string         // with masks
	seen              *seen          // nil: it cannot be read
}

// find finds out what kind of data lie at path, and lists them.
func find(path string) (*set, error) {
	s := &set{root: path}
	if !isDir(path) {
		s.root = filepath.Dir(path)
		return s, s.boxes("", path)
	}
	if boxes.In(path) {
		return s, s.boxes("", path)
	}
	parts, err := partsOf(path)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		switch dir := filepath.Join(path, p); {
		case boxes.In(dir):
			err = s.boxes(p, dir)
		case isMasks(dir):
			err = s.masks(p, dir)
		default:
			err = s.folders(p, dir)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(s.items) == 0 {
		return nil, fmt.Errorf("%q: %w", path, errNone)
	}
	return s, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// partsOf returns dir's folders of parts, or the empty name if it is not
// divided.
func partsOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, e := range entries {
		if isDir(filepath.Join(dir, e.Name())) && data.PartOf(e.Name()) != "" {
			parts = append(parts, e.Name())
		}
	}
	if parts == nil {
		parts = []string{""}
	}
	return parts, nil
}

func isMasks(dir string) bool {
	_, err := data.MaskFolder(dir, 1, 1)
	return err == nil
}

// boxes lists pictures with boxes. Faults of single ones are kept.
func (s *set) boxes(part, path string) error {
	s.kind = "pictures with boxes"
	found, err := boxes.Read(path, nil)
	var faults *boxes.Faults
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	if faults != nil {
		for _, f := range faults.All {
			s.broken = append(s.broken, Fault{s.relative(path), f.Error()})
		}
	}
	renumber := make([]int, len(found.Classes))
	for k, name := range found.Classes {
		if renumber[k] = slices.Index(s.names, name); renumber[k] < 0 {
			renumber[k] = len(s.names)
			s.names = append(s.names, name)
		}
	}
	for _, p := range found.Pictures {
		for k := range p.Objects {
			p.Objects[k].Class = renumber[p.Objects[k].Class]
		}
		s.items = append(s.items, item{file: p.File, part: part, objects: p.Objects})
	}
	return nil
}

// masks lists pictures with masks.
func (s *set) masks(part, dir string) error {
	s.kind = "pictures with masks"
	found, err := data.MaskFolder(dir, 1, 1)
	if err != nil {
		return err
	}
	if s.names == nil {
		s.names = found.Classes
	}
	for i, file := range found.Files {
		s.items = append(s.items, item{file: file, part: part, mask: found.Labels[i]})
	}
	return nil
}

// folders lists pictures by the folder they lie in.
func (s *set) folders(part, dir string) error {
	files, err := walk(dir)
	if err != nil {
		return err
	}
	s.kind = "pictures"
	for _, file := range files {
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		class, _, below := strings.Cut(filepath.ToSlash(rel), "/")
		if !below {
			class = ""
		} else {
			s.kind = "pictures by class"
		}
		s.items = append(s.items, item{file: file, part: part, class: class})
	}
	return nil
}
