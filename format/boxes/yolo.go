package boxes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/limpid-ml/limpid/format/picture"
)

// labelFolder returns the folder of labels that belongs to a folder of YOLO's:
// dir/labels beside dir/images, or …/labels/train for …/images/train.
func labelFolder(dir string) (images string, ok bool) {
	for _, c := range []string{filepath.Join(dir, "images"), dir} {
		if l := labelsOf(c); l != "" && isDir(c) && isDir(l) {
			return c, true
		}
	}
	return "", false
}

// labelsOf replaces the last folder named images by labels; "" if there is none.
func labelsOf(images string) string {
	parts := strings.Split(filepath.Clean(images), string(filepath.Separator))
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == "images" {
			parts[i] = "labels"
			return strings.Join(parts, string(filepath.Separator))
		}
	}
	return ""
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// ReadYOLO reads YOLO's folders: images, and labels with a text file of the
// same name for each; a picture without one has no objects. A line is a class's
// number and a box, x and y of its centre, width and height, or a polygon, all
// as shares of the picture. The classes' names are those of data.yaml,
// classes.txt or obj.names in dir or up to two folders above.
//
// Source: docs.ultralytics.com, "Object Detection Datasets Overview".
func ReadYOLO(dir string, classes []string) (*Set, error) {
	images, ok := labelFolder(dir)
	if !ok {
		return nil, fmt.Errorf("boxes: %q has no folders images and labels", dir)
	}
	if classes == nil {
		var err error
		if classes, err = yoloNames(dir); err != nil {
			return nil, fmt.Errorf("boxes: %w", err)
		}
	}
	entries, err := os.ReadDir(images)
	if err != nil {
		return nil, fmt.Errorf("boxes: %w", err)
	}
	r := &yoloReader{classes: len(classes), faults: &Faults{}}
	set := &Set{}
	for _, e := range entries {
		if e.IsDir() || !picture.Named(e.Name()) {
			continue
		}
		p := Picture{File: filepath.Join(images, e.Name())}
		if err := p.size(); err != nil {
			r.faults.All = append(r.faults.All, err)
			continue
		}
		stem := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))
		r.labels(&p, filepath.Join(labelsOf(images), stem+".txt"))
		set.Pictures = append(set.Pictures, p)
	}
	if len(set.Pictures) == 0 && len(r.faults.All) == 0 {
		return nil, fmt.Errorf("boxes: %q has no pictures", images)
	}
	set.Classes = classes
	for k := 0; classes == nil && k <= r.most; k++ {
		set.Classes = append(set.Classes, strconv.Itoa(k))
	}
	return set, r.faults.err()
}

type yoloReader struct {
	classes int // 0: not known
	most    int // the highest class there was
	faults  *Faults
}

// labels reads the objects of a picture.
func (r *yoloReader) labels(p *Picture, file string) {
	text, err := load(file)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		r.faults.All = append(r.faults.All, err)
		return
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		o, err := r.object(fields, p.W, p.H)
		if err != nil {
			r.faults.add("%q line %d: %w", file, n, err)
			continue
		}
		p.Objects = append(p.Objects, o)
	}
}

// maxClasses bounds a class's number where no names are known.
const maxClasses = 10_000

func (r *yoloReader) object(fields []string, w, h int) (o Object, err error) {
	if len(fields) != 5 && (len(fields) < 7 || len(fields)%2 == 0) {
		return o, fmt.Errorf("want a class and 4 numbers, or a polygon's corners, got %d fields", len(fields))
	}
	o.Class, err = strconv.Atoi(fields[0])
	if err != nil || o.Class < 0 {
		return o, fmt.Errorf("class %q, want a number from 0", fields[0])
	}
	if limit := r.classes; limit > 0 && o.Class >= limit {
		return o, fmt.Errorf("class %d, but only %d have names", o.Class, limit)
	}
	if o.Class >= maxClasses {
		return o, fmt.Errorf("class %d, want at most %d", o.Class, maxClasses-1)
	}
	v := make([]float64, len(fields)-1)
	for i, f := range fields[1:] {
		if v[i], err = strconv.ParseFloat(f, 64); err != nil {
			return o, fmt.Errorf("%q is no number", f)
		}
		v[i] *= []float64{float64(w), float64(h)}[i%2]
	}
	if len(v) == 4 {
		o.X1, o.Y1, o.X2, o.Y2 = v[0]-v[2]/2, v[1]-v[3]/2, v[0]+v[2]/2, v[1]+v[3]/2
	} else {
		o.polygon(v)
	}
	if err := o.fit(w, h); err != nil {
		return o, err
	}
	r.most = max(r.most, o.Class)
	return o, nil
}

// polygon takes the outline and the box around it.
func (o *Object) polygon(v []float64) {
	o.Polygons = [][]float64{v}
	o.X1, o.Y1, o.X2, o.Y2 = v[0], v[1], v[0], v[1]
	for i := 0; i < len(v); i += 2 {
		o.X1, o.X2 = min(o.X1, v[i]), max(o.X2, v[i])
		o.Y1, o.Y2 = min(o.Y1, v[i+1]), max(o.Y2, v[i+1])
	}
}

// yoloNames finds the classes' names, or returns nil.
func yoloNames(dir string) ([]string, error) {
	for range 3 {
		for _, name := range []string{"data.yaml", "dataset.yaml"} {
			if names, err := yamlNames(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
				return names, err
			}
		}
		for _, name := range []string{"classes.txt", "obj.names"} {
			if names, err := list(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
				return names, err
			}
		}
		dir = filepath.Dir(dir)
	}
	return nil, nil
}

// yamlNames reads the names of a data.yaml: a list, or numbers and their names.
func yamlNames(file string) ([]string, error) {
	text, err := load(file)
	if err != nil {
		return nil, err
	}
	var all struct{ Names yaml.Node }
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%q: %w", file, err)
	}
	var names []string
	if all.Names.Kind == 0 { // the file does not say
		return nil, nil
	}
	if all.Names.Kind == yaml.MappingNode {
		var by map[int]string
		if err := all.Names.Decode(&by); err != nil {
			return nil, fmt.Errorf("%q: names: %w", file, err)
		}
		for k := range len(by) {
			name, ok := by[k]
			if !ok {
				return nil, fmt.Errorf("%q: names: %d is missing, want 0 to %d", file, k, len(by)-1)
			}
			names = append(names, name)
		}
	} else if err := all.Names.Decode(&names); err != nil {
		return nil, fmt.Errorf("%q: names: %w", file, err)
	}
	if err := checkNames(names); err != nil {
		return nil, fmt.Errorf("%q: %w", file, err)
	}
	return slices.Clip(names), nil
}
