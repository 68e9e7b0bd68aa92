package look

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/picture"
)

// The sides of what pictures are compared by: a hash of brightness that rises
// or falls from left to right, and a small picture.
const (
	hashSide = 8
	tiny     = 16
)

// seen is what is kept of a picture that was read.
type seen struct {
	info  picture.Info
	sum   [sha256.Size]byte
	hash  uint64
	small []float32 // tiny×tiny RGB, mean 0 and length 1; zeros of a blank one
	// mean and contrast (the length before it was 1) of small
	mean, contrast float64
	labels         []int // of masks: pixels of each label, the ignored ones last
}

// scan reads all pictures, on all processors.
func (s *set) scan(ctx context.Context, r *Report) error {
	faults := make([]error, len(s.items))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(len(s.items), runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			e := &eye{}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(s.items) {
					return
				}
				faults[i] = e.look(&s.items[i])
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, err := range faults {
		if err != nil {
			r.Broken = append(r.Broken, Fault{s.relative(s.items[i].file), err.Error()})
		}
	}
	return nil
}

// eye looks at pictures one by one.
type eye struct {
	reader       picture.Reader
	sizer        picture.Sizer
	whole, small picture.Raster
}

// look reads a picture and keeps what it needs of it.
func (e *eye) look(it *item) error {
	info, err := picture.Inspect(it.file)
	if err != nil {
		return err
	}
	if err := e.reader.Read(it.file, &e.whole, 3, nil); err != nil {
		return err
	}
	text, err := os.ReadFile(it.file)
	if err != nil {
		return err
	}
	s := &seen{info: info, sum: sha256.Sum256(text), small: make([]float32, tiny*tiny*3)}
	all := image.Rect(0, 0, e.whole.W, e.whole.H)
	e.sizer.Resize(&e.small, &e.whole, all, tiny, tiny)
	s.mean, s.contrast = normal(s.small, e.small.Pix)
	e.sizer.Resize(&e.small, &e.whole, all, hashSide, hashSide+1)
	s.hash = hash(e.small.Pix)
	if it.mask != "" {
		if s.labels, err = labels(it); err != nil {
			return err
		}
	}
	it.seen = s
	return nil
}

// hash has a bit for each of 8×8 places: it is brighter than its left neighbour.
func hash(rgb []uint8) (h uint64) {
	bright := func(i int) int { return 299*int(rgb[3*i]) + 587*int(rgb[3*i+1]) + 114*int(rgb[3*i+2]) }
	for y := range hashSide {
		for x := range hashSide {
			h <<= 1
			if i := y*(hashSide+1) + x; bright(i+1) > bright(i) {
				h |= 1
			}
		}
	}
	return h
}

// normal writes v less its mean, at length 1, and returns the two.
func normal(to []float32, v []uint8) (mean, length float64) {
	for _, b := range v {
		mean += float64(b) / float64(len(v))
	}
	for _, b := range v {
		length += (float64(b) - mean) * (float64(b) - mean)
	}
	if length = math.Sqrt(length); length < 1 {
		return mean, length
	}
	for i, b := range v {
		to[i] = float32((float64(b) - mean) / length)
	}
	return mean, length
}

// labels counts the pixels of each label in a mask.
func labels(it *item) ([]int, error) {
	mask, err := picture.OpenLabels(it.mask)
	if err != nil {
		return nil, err
	}
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	info, err := picture.Inspect(it.file)
	if err != nil {
		return nil, err
	}
	if h != info.H || w != info.W {
		return nil, fmt.Errorf("its mask %q is %d×%d pixels, the picture %d×%d", it.mask, w, h, info.W, info.H)
	}
	counts := make([]int, 256)
	for _, v := range mask.Pix {
		counts[v]++
	}
	return counts, nil
}

// count fills the report's tables.
func (s *set) count(r *Report) {
	var parts, modes, sizes []string
	size := map[string]Size{}
	for i := range s.items {
		it := &s.items[i]
		if it.seen == nil {
			continue
		}
		r.Examples++
		parts = append(parts, it.part)
		modes = append(modes, it.seen.info.Format+", "+it.seen.info.Mode)
		key := fmt.Sprintf("%06d×%06d", it.seen.info.W, it.seen.info.H)
		sizes = append(sizes, key)
		size[key] = Size{W: it.seen.info.W, H: it.seen.info.H}
		if it.seen.info.Turned {
			r.Turned++
		}
		if !slices.ContainsFunc(it.seen.small, func(v float32) bool { return v != 0 }) {
			r.Blank = append(r.Blank, s.relative(it.file))
		}
	}
	r.Modes = tally(modes)
	for _, c := range tally(sizes) {
		z := size[c.Name]
		z.N = c.N
		r.Sizes = append(r.Sizes, z)
	}
	for _, c := range tally(parts) {
		if c.Name != "" {
			r.Parts = append(r.Parts, Part{c.Name, c.N})
		}
	}
	slices.SortFunc(r.Parts, func(a, b Part) int { return cmp.Compare(partRank(a.Name), partRank(b.Name)) })
	s.classes(r)
}

// partRank puts train before val before test.
func partRank(name string) int {
	return slices.Index([]string{"train", "val", "test"}, data.PartOf(name))
}

// classes counts the classes, of pictures, boxes or pixels.
func (s *set) classes(r *Report) {
	counts, pixels, total := map[string]*Class{}, map[string]int{}, 0
	of := func(name, part string) *Class {
		c := counts[name]
		if c == nil {
			c = &Class{Name: name, ByPart: map[string]int{}}
			counts[name] = c
		}
		c.Examples++
		if part != "" {
			c.ByPart[part]++
		}
		return c
	}
	for i := range s.items {
		it := &s.items[i]
		if it.seen == nil {
			continue
		}
		switch {
		case it.mask != "":
			for v, n := range it.seen.labels {
				if n > 0 {
					of(s.name(v), it.part)
					pixels[s.name(v)] += n
					total += n
				}
			}
		case s.names != nil:
			for _, o := range it.objects {
				of(s.name(o.Class), it.part)
				total++
			}
		case it.class != "":
			of(it.class, it.part)
			total++
		}
	}
	for name, c := range counts {
		n := c.Examples
		if len(pixels) > 0 {
			n = pixels[name]
		}
		c.Share = float64(n) / float64(total)
		r.Classes = append(r.Classes, *c)
	}
	slices.SortFunc(r.Classes, func(a, b Class) int {
		return cmp.Or(cmp.Compare(rank(a.Name), rank(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	if n := len(r.Classes); n > 1 && len(pixels) == 0 {
		most := slices.MaxFunc(r.Classes, func(a, b Class) int { return a.Examples - b.Examples })
		least := slices.MinFunc(r.Classes, func(a, b Class) int { return a.Examples - b.Examples })
		r.Imbalance = float64(most.Examples) / float64(least.Examples)
	}
}

// rank sorts numbers by size, ahead of words.
func rank(name string) int {
	if n, err := strconv.Atoi(name); err == nil {
		return n
	}
	return math.MaxInt
}

// name is a class's, or its number.
func (s *set) name(k int) string {
	if k < len(s.names) {
		return s.names[k]
	}
	return strconv.Itoa(k)
}
