package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/format/picture"
)

// MaskParts opens pictures and their masks (see [MaskFolder]) in three parts.
// If dir has the folders train, val and test, each with images and masks in it,
// or if dir's images and masks have those folders in them, those are the parts.
// If val or test is missing, a share of train takes its place; if dir is not
// divided at all, the pictures are dealt 70 : 15 : 15. The same seed deals the
// same way. Names of classes are in dir's classes.txt, or in that of train.
func MaskParts(dir string, h, w int, seed uint64) (p Parts[*Masks], err error) {
	names, err := folders(dir)
	if err != nil {
		return p, fmt.Errorf("data: mask folder: %w", err)
	}
	var found [3]string
	divided := false
	for _, name := range names {
		for k, all := range partNames {
			if found[k] == "" && PartOf(name) == all[0] {
				found[k], divided = name, true
			}
		}
	}
	sets := [3]*Masks{}
	if !divided || found[0] == "" {
		all, err := MaskFolder(dir, h, w)
		if err != nil {
			return p, err
		}
		sets = all.byPart()
	} else if sets, err = openParts(dir, found, h, w); err != nil {
		return p, err
	}
	dealt := sets[1] == nil && sets[2] == nil
	if err := fillParts(dir, &sets, seed); err != nil {
		return p, err
	}
	return Parts[*Masks]{Train: sets[0], Validate: sets[1], Test: sets[2], Dealt: dealt}, nil
}

// openParts opens the parts whose folders are there. All have the names and
// values of train.
func openParts(dir string, found [3]string, h, w int) (sets [3]*Masks, err error) {
	for k, name := range found {
		if name == "" {
			continue
		}
		if sets[k], err = MaskFolder(filepath.Join(dir, name), h, w); err != nil {
			return sets, err
		}
		if k == 0 && sets[0].Classes == nil {
			sets[0].Classes, err = classNames(dir)
			if err != nil {
				return sets, fmt.Errorf("data: mask folder: %w", err)
			}
		}
		sets[k].Classes, sets[k].Values = sets[0].Classes, sets[0].Values
	}
	return sets, nil
}

// byPart divides pictures by the first folder of their names below images, if
// each of them stands for a part and one for train; else all are train.
func (m *Masks) byPart() (sets [3]*Masks) {
	where := [3][]int{}
	for i, file := range m.Files {
		rel, err := filepath.Rel(m.images, file)
		first, _, below := strings.Cut(filepath.ToSlash(rel), "/")
		part := -1
		for k, all := range partNames {
			if PartOf(first) == all[0] {
				part = k
			}
		}
		if err != nil || !below || part < 0 {
			return [3]*Masks{m}
		}
		where[part] = append(where[part], i)
	}
	if len(where[0]) == 0 {
		return [3]*Masks{m}
	}
	for k, all := range where {
		if len(all) > 0 {
			sets[k] = m.Pick(all)
		}
	}
	return sets
}

// fillParts takes the parts that are missing from train.
func fillParts(dir string, sets *[3]*Masks, seed uint64) error {
	if n := sets[0].Len(); n < 3 {
		return fmt.Errorf("data: mask folder %q: %d pictures are too few to learn from and to measure on; give 3 or more", dir, n)
	}
	shares := []float64{1}
	var missing []int
	for k := 1; k < 3; k++ {
		if sets[k] == nil {
			missing, shares = append(missing, k), append(shares, partShares[k])
			shares[0] -= partShares[k]
		}
	}
	if missing == nil {
		return nil
	}
	dealt, err := Deal{Seed: seed}.Shares(sets[0].Len(), shares...)
	if err != nil {
		return err
	}
	all := sets[0]
	sets[0] = all.Pick(dealt[0])
	for i, k := range missing {
		if sets[k] = all.Pick(dealt[i+1]); len(dealt[i+1]) == 0 { // so few that their share is none
			last := len(sets[0].Files) - 1
			sets[k] = sets[0].Pick([]int{last})
			sets[0] = sets[0].Pick(indices(last))
		}
	}
	return nil
}

// classNames reads dir's classes.txt, a name a line; nil if there is none.
func classNames(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "classes.txt"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n")), "\n")
	for i, name := range names {
		if !utf8.ValidString(name) {
			return nil, fmt.Errorf("%q, line %d: the name %q is not UTF-8: save the file as UTF-8", filepath.Join(dir, "classes.txt"), i+1, name)
		}
	}
	return names, nil
}

// Pixels counts, over all masks, the pixels that hold each value, as stored. It
// reads on all processors; the error names all files that are broken.
func (m *Masks) Pixels(ctx context.Context) (counts [256]int, err error) {
	var sums [256]atomic.Int64
	err = every(ctx, len(m.Labels), func(i int) error {
		mask, err := picture.OpenLabels(m.Labels[i])
		if err != nil {
			return fmt.Errorf("mask %w", err)
		}
		var own [256]int64
		for y := range mask.Rect.Dy() {
			for _, v := range mask.Pix[y*mask.Stride:][:mask.Rect.Dx()] {
				own[v]++
			}
		}
		for v, n := range own {
			if n > 0 {
				sums[v].Add(n)
			}
		}
		return nil
	})
	for v := range sums {
		counts[v] = int(sums[v].Load())
	}
	if err != nil {
		return counts, fmt.Errorf("data: masks: %w", err)
	}
	return counts, nil
}
