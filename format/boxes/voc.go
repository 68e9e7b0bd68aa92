package boxes

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/limpid-ml/limpid/format/picture"
)

// voc is the part of a Pascal VOC file that is read.
type voc struct {
	XMLName  xml.Name `xml:"annotation"`
	Filename string   `xml:"filename"`
	Size     struct {
		Width  int `xml:"width"`
		Height int `xml:"height"`
	} `xml:"size"`
	Objects []vocObject `xml:"object"`
}

type vocObject struct {
	Name      string `xml:"name"`
	Difficult int    `xml:"difficult"`
	Box       *struct {
		XMin float64 `xml:"xmin"`
		YMin float64 `xml:"ymin"`
		XMax float64 `xml:"xmax"`
		YMax float64 `xml:"ymax"`
	} `xml:"bndbox"`
}

// xmlFolder returns the folder of dir that has XML files, or "".
func xmlFolder(dir string) string {
	for _, sub := range []string{"Annotations", "annotations", ""} {
		if all, _ := filepath.Glob(filepath.Join(escape(dir), sub, "*.xml")); len(all) > 0 {
			return filepath.Join(dir, sub)
		}
	}
	return ""
}

// ReadVOC reads Pascal VOC's files: Annotations/*.xml and JPEGImages (or
// images), or XML files beside their pictures. Classes are those of classes.txt
// in dir, or sorted by name. A box's edges, counted from 1 and both inside, are
// turned to pixels.
//
// Source: Everingham and Winn 2012, "The PASCAL Visual Object Classes Challenge
// 2012 Development Kit", section 5.
func ReadVOC(dir string, classes []string) (*Set, error) {
	from := xmlFolder(dir)
	if from == "" {
		return nil, fmt.Errorf("boxes: %q has no XML files", dir)
	}
	files, err := filepath.Glob(filepath.Join(escape(from), "*.xml"))
	if err != nil {
		return nil, fmt.Errorf("boxes: %w", err)
	}
	classes, err = classNames(dir, classes)
	if err != nil {
		return nil, fmt.Errorf("boxes: %w", err)
	}
	faults, set := &Faults{}, &Set{}
	names := newNamer(classes)
	for _, file := range files {
		p, err := readVOC(file, dir, names, faults)
		if err != nil {
			faults.All = append(faults.All, err)
			continue
		}
		set.Pictures = append(set.Pictures, p)
	}
	set.Classes = names.names
	if classes == nil {
		set.sortClasses()
	}
	return set, faults.err()
}

// classNames returns the names that were asked for, or those of a list in dir,
// or nil.
func classNames(dir string, classes []string) ([]string, error) {
	if classes != nil {
		return classes, nil
	}
	names, err := list(filepath.Join(dir, "classes.txt"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

func readVOC(file, dir string, names *namer, faults *Faults) (p Picture, err error) {
	text, err := load(file)
	if err != nil {
		return p, err
	}
	var v voc
	d := xml.NewDecoder(strings.NewReader(string(text)))
	if err := d.Decode(&v); err != nil {
		line, _ := d.InputPos()
		if err == io.EOF {
			err = fmt.Errorf("there is no <annotation>")
		}
		return p, fmt.Errorf("%q line %d: %w", file, line, err)
	}
	p = Picture{W: v.Size.Width, H: v.Size.Height}
	if p.File, err = vocPicture(file, dir, v.Filename); err != nil {
		return p, fmt.Errorf("%q: %w", file, err)
	}
	if p.W <= 0 || p.H <= 0 {
		if err := p.size(); err != nil {
			return p, fmt.Errorf("%q: %w", file, err)
		}
	}
	for i, o := range v.Objects {
		object, err := o.object(names, p.W, p.H)
		if err != nil {
			faults.add("%q: object %d (%s): %w", file, i+1, o.Name, err)
			continue
		}
		p.Objects = append(p.Objects, object)
	}
	return p, nil
}

func (v *vocObject) object(names *namer, w, h int) (o Object, err error) {
	if v.Box == nil {
		return o, fmt.Errorf("it has no <bndbox>")
	}
	o = Object{X1: v.Box.XMin - 1, Y1: v.Box.YMin - 1, X2: v.Box.XMax, Y2: v.Box.YMax, Difficult: v.Difficult != 0}
	if err := o.fit(w, h); err != nil {
		return o, err
	}
	name := strings.TrimSpace(v.Name)
	if name == "" {
		return o, fmt.Errorf("it has no <name>")
	}
	o.Class, err = names.of(name)
	return o, err
}

// vocPicture finds the picture of an XML file: by its name, then by the XML's.
func vocPicture(file, dir, name string) (string, error) {
	stem := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	var tried []string
	for _, folder := range []string{filepath.Dir(file), filepath.Join(dir, "JPEGImages"), filepath.Join(dir, "images"), dir} {
		if base := filepath.Base(filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))); name != "" && picture.Named(base) {
			tried = append(tried, filepath.Join(folder, base))
		}
		for _, kind := range picture.Kinds() {
			tried = append(tried, filepath.Join(folder, stem+kind))
		}
	}
	for _, path := range tried {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("its picture %q is not there: looked beside it, in JPEGImages and in images", cmp.Or(name, stem))
}

// sortClasses puts the classes in order of their names.
func (s *Set) sortClasses() {
	sorted := slices.Sorted(slices.Values(s.Classes))
	to := make([]int, len(sorted))
	for old, name := range s.Classes {
		to[old], _ = slices.BinarySearch(sorted, name)
	}
	s.Classes = sorted
	for i := range s.Pictures {
		for k := range s.Pictures[i].Objects {
			o := &s.Pictures[i].Objects[k]
			o.Class = to[o.Class]
		}
	}
}
