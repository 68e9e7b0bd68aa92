package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Parts is a dataset divided in three. Train is what a network learns from,
// Validate what choices are made by, Test what is looked at once.
type Parts[D Dataset] struct {
	Train, Validate, Test D
	Dealt                 bool // the files were not divided: limpid dealt them
}

// The names that folders of parts go by.
var partNames = [3][]string{
	{"train", "training"},
	{"val", "valid", "validate", "validation", "dev"},
	{"test", "testing"},
}

// PartOf returns which part a folder's name stands for, "train", "val" or
// "test", or "".
func PartOf(folder string) string {
	for _, all := range partNames {
		if slices.Contains(all, strings.ToLower(folder)) {
			return all[0]
		}
	}
	return ""
}

// partFolders returns the folders of the three parts ("" for one that is not
// there), or nil if names are not parts: a train folder must be among them, and
// nothing else.
func partFolders(names []string) *[3]string {
	var parts [3]string
	for _, name := range names {
		k := slices.IndexFunc(partNames[:], func(all []string) bool { return slices.Contains(all, strings.ToLower(name)) })
		if k < 0 || parts[k] != "" {
			return nil
		}
		parts[k] = name
	}
	if parts[0] == "" {
		return nil
	}
	return &parts
}

// The shares in which undivided data are dealt.
var partShares = []float64{.7, .15, .15}

// ImageParts opens a folder of pictures by class (see [ImageFolder]) in three
// parts. If dir has the folders train, val and test, each with the classes'
// folders in it, those are the parts; all have the classes of train. If val or
// test is missing, a share of train takes its place; if dir is not divided at
// all, the pictures are dealt 70 : 15 : 15, each class by itself. The same seed
// deals the same way.
func ImageParts(dir string, h, w int, seed uint64) (p Parts[*Folder], err error) {
	names, err := folders(dir)
	if err != nil {
		return p, fmt.Errorf("data: image folder: %w", err)
	}
	found := partFolders(names)
	if found == nil {
		all, err := imageFolder(dir, names, h, w)
		if err != nil {
			return p, err
		}
		return dealFolder(all, seed)
	}
	return foundParts(dir, *found, h, w, seed)
}

// dealFolder deals undivided pictures.
func dealFolder(all *Folder, seed uint64) (p Parts[*Folder], err error) {
	dealt, err := Deal{Classes: all.labels, Seed: seed}.Shares(all.Len(), partShares...)
	if err != nil {
		return p, err
	}
	return Parts[*Folder]{all.Pick(dealt[0]), all.Pick(dealt[1]), all.Pick(dealt[2]), true}, nil
}

// foundParts opens the parts that are there, and takes the others from train.
func foundParts(dir string, found [3]string, h, w int, seed uint64) (p Parts[*Folder], err error) {
	classes, err := folders(filepath.Join(dir, found[0]))
	if err != nil {
		return p, fmt.Errorf("data: image folder: %w", err)
	}
	sets := [3]*Folder{}
	for k, name := range found {
		if name == "" {
			continue
		}
		if err := knownClasses(filepath.Join(dir, name), classes); err != nil {
			return p, err
		}
		if sets[k], err = imageFolder(filepath.Join(dir, name), classes, h, w); err != nil {
			return p, err
		}
	}
	for k := 1; k < 3; k++ {
		if sets[k] != nil {
			continue
		}
		dealt, err := Deal{Classes: sets[0].labels, Seed: seed + uint64(k)}.Shares(sets[0].Len(), 1-partShares[k], partShares[k])
		if err != nil {
			return p, err
		}
		sets[0], sets[k] = sets[0].Pick(dealt[0]), sets[0].Pick(dealt[1])
	}
	return Parts[*Folder]{Train: sets[0], Validate: sets[1], Test: sets[2]}, nil
}

// knownClasses refuses a class that train does not have.
func knownClasses(dir string, classes []string) error {
	names, err := folders(dir)
	if err != nil {
		return fmt.Errorf("data: image folder: %w", err)
	}
	for _, name := range names {
		if !slices.Contains(classes, name) {
			return fmt.Errorf("data: image folder %q: class %q is not among the training classes %s: rename or remove it", dir, name, strings.Join(classes, ", "))
		}
	}
	return nil
}
