// Package scenes composes pictures to detect and to segment objects in:
// garments of Fashion-MNIST, one to six, tinted, each of its own size, partly
// behind each other, on backgrounds full of other things.
//
// An example's X is float32 [Side, Side, 3], each value (v − Mean)/Deviation
// where v is 0 to 1. Y is its mask, int32 [Side, Side]: 0 for the background,
// and one more than the label for a garment. Its objects (data.Example.Objects)
// have tight boxes around what is visible, and the labels of fashion.Classes.
//
// A garment's silhouette is filled, for many have black pixels inside. At least
// 70% of it is visible; the rest is behind another garment or outside. Sizes go
// from 1 to 3, evenly by their logarithm: the pictures of 28 pixels become 16 to
// 48 pixels. Scenes for the test hold only garments of the test set, and their
// backgrounds are of other kinds, one excepted.
//
// Scene i follows from the seed and i alone. Once composed, which takes some
// milliseconds, it is kept in memory, 4 bytes a pixel.
//
// nn and all above it may import scenes. It imports data, datasets/fashion and
// tensor.
package scenes

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/tensor"
)

// Values are normalised by these.
const (
	Mean      = 0.5
	Deviation = 0.25
)

// Options says how many scenes there are, and of what size. The zero value is
// what the recipes take.
type Options struct {
	Train, Validate, Test int // scenes; 0: 4000, 400 and 500
	Side                  int // pixels; 0: 96, from 64 to 512
	Most                  int // garments in a scene; 0: 6, up to 20
	Seed                  uint64
	Forget                bool // compose scenes anew each time, and keep none
}

// Set is scenes in three parts. Test is for one last look.
type Set struct {
	Train, Validate, Test data.Dataset // each a *Scenes
}

// Mini composes the garments of fashion.Mini.
func Mini(o Options) Set { return Of(fashion.Mini(), o) }

// Of composes the garments of a set, whose parts are kept apart. It panics with
// a [*tensor.Error] if an option makes no sense.
func Of(garments fashion.Set, o Options) Set {
	o.Side, o.Most = orElse(o.Side, 96), orElse(o.Most, 6)
	if o.Train < 0 || o.Validate < 0 || o.Test < 0 || o.Side < 64 || o.Side > 512 || o.Most < 1 || o.Most > 20 {
		tensor.Fail("scenes.Of", "%+v: want no negative numbers, a side of 64 to 512 and 1 to 20 garments", o)
	}
	part := func(set data.Dataset, n int, number uint64) *Scenes {
		s := &Scenes{n: n, side: o.Side, most: o.Most, seed: mixed(o.Seed, number), kinds: seenKinds, garments: set.(*data.Images)}
		if !o.Forget {
			s.kept = make([]atomic.Pointer[drawn], n)
		}
		s.cut = make([]func() cutout, s.garments.Len())
		for i := range s.cut {
			s.cut[i] = sync.OnceValue(func() cutout { return cut(s.garments.Bytes(i), 28, 28) })
		}
		return s
	}
	test := part(garments.Test, orElse(o.Test, 500), 3)
	test.kinds = otherKinds
	return Set{part(garments.Train, orElse(o.Train, 4000), 1), part(garments.Validate, orElse(o.Validate, 400), 2), test}
}

func orElse(v, usual int) int {
	if v == 0 {
		return usual
	}
	return v
}

// mixed makes one seed of two numbers.
//
// Source: Steele et al. 2014, "Fast splittable pseudorandom number generators".
func mixed(a, b uint64) uint64 {
	z := a + (b+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Scenes is one part of a set, a data.Dataset.
type Scenes struct {
	n, side, most int
	seed          uint64
	garments      *data.Images
	cut           []func() cutout // of each garment
	kinds         []func(*tensor.Rand, float64) pattern
	kept          []atomic.Pointer[drawn] // by number; nil: none are
}

// Len returns the number of scenes.
func (s *Scenes) Len() int { return s.n }

// At composes scene i. Several goroutines may call it at once.
func (s *Scenes) At(i int) (data.Example, error) {
	if i < 0 || i >= s.n {
		return data.Example{}, fmt.Errorf("scenes: no scene %d, want 0 to %d", i, s.n-1)
	}
	if s.kept == nil {
		return s.compose(i).drawn().example(s.side), nil
	}
	d := s.kept[i].Load()
	if d == nil {
		d = s.compose(i).drawn()
		s.kept[i].Store(d) // another goroutine may have stored the same
	}
	return d.example(s.side), nil
}

// scene is what is in a scene, while it is composed.
type scene struct {
	canvas
	placed []placed
	owner  []int // of each pixel: one more than the place in placed, 0 is the background
}

// placed is a garment in a scene.
type placed struct {
	sprite
	y, x    int // of its upper left corner
	whole   int // pixels of its silhouette
	visible int
	label   int
	garment int
}

// least is the share of a silhouette that is visible.
const least = 0.7

func (s *Scenes) compose(i int) *scene {
	r := tensor.NewRand(mixed(s.seed, uint64(i)))
	c := &scene{canvas: canvas{make([]float64, s.side*s.side*3), s.side}, owner: make([]int, s.side*s.side)}
	c.background(r, s.kinds)
	for want := 1 + r.IntN(s.most); len(c.placed) < want; {
		if !c.add(r, s) && len(c.placed) > 0 {
			break // full
		}
	}
	for k := range c.placed {
		c.paint(&c.placed[k], anyColour(r, 0, 0.75, 0.45, 1))
	}
	c.grain(r)
	return c
}

// tries is how often a garment is placed anew before the scene is full.
const tries = 40

// add places one more garment in front of the others, if there is room.
func (c *scene) add(r *tensor.Rand, s *Scenes) bool {
	g := r.IntN(s.garments.Len())
	size := 16 * math.Pow(3, r.Float64()) // pixels for the garment's 28
	cutout := s.cut[g]()
	p := placed{sprite: cutout.scaled(size/28, r.IntN(2) == 1), label: s.garments.Label(g), garment: g}
	for _, v := range p.cover {
		if v >= 0.5 {
			p.whole++
		}
	}
	if p.whole < speck {
		return false
	}
	for range tries {
		// Up to a quarter of each side may be outside.
		p.y = r.IntN(c.side-p.h/2+1) - p.h/4
		p.x = r.IntN(c.side-p.w/2+1) - p.w/4
		if c.fits(&p) {
			c.placed = append(c.placed, p)
			c.own(len(c.placed))
			return true
		}
	}
	return false
}

// each calls f for the pixels of the scene that p's silhouette covers.
func (p *placed) each(side int, f func(pixel int)) {
	for y := max(-p.y, 0); y < min(p.h, side-p.y); y++ {
		for x := max(-p.x, 0); x < min(p.w, side-p.x); x++ {
			if p.cover[y*p.w+x] >= 0.5 {
				f((p.y+y)*side + p.x + x)
			}
		}
	}
}

// fits tells whether enough of p and, behind it, of the others is visible.
func (c *scene) fits(p *placed) bool {
	p.visible = 0
	hidden := make([]int, len(c.placed)+1)
	p.each(c.side, func(pixel int) {
		p.visible++
		hidden[c.owner[pixel]]++
	})
	ok := float64(p.visible) >= least*float64(p.whole)
	for k, o := range c.placed {
		ok = ok && float64(o.visible-hidden[k+1]) >= least*float64(o.whole)
	}
	return ok
}

// own gives the garment of that number, the last one, its pixels.
func (c *scene) own(number int) {
	c.placed[number-1].each(c.side, func(pixel int) {
		if o := c.owner[pixel]; o > 0 {
			c.placed[o-1].visible--
		}
		c.owner[pixel] = number
	})
}

// paint draws a garment: its tint, darker where its picture is.
func (c *scene) paint(p *placed, tint colour) {
	for y := max(-p.y, 0); y < min(p.h, c.side-p.y); y++ {
		for x := max(-p.x, 0); x < min(p.w, c.side-p.x); x++ {
			k := y*p.w + x
			if p.cover[k] > 0 {
				c.blend(p.y+y, p.x+x, colour{}.mix(tint, 0.12+0.88*p.shade[k]), p.cover[k])
			}
		}
	}
}

// drawn is a finished scene.
type drawn struct {
	pix     []uint8 // [side, side, 3]
	mask    []uint8 // [side, side]
	objects []data.Object
}

func (c *scene) drawn() *drawn {
	d := &drawn{make([]uint8, len(c.pix)), make([]uint8, len(c.owner)), make([]data.Object, len(c.placed))}
	for i, v := range c.pix {
		d.pix[i] = uint8(255*v + 0.5)
	}
	for i, o := range c.owner {
		if o > 0 {
			d.mask[i] = uint8(c.placed[o-1].label + 1)
		}
	}
	for k, p := range c.placed {
		y1, x1, y2, x2 := extent(c.mine(k+1), c.side, c.side)
		d.objects[k] = data.Object{X1: float32(x1), Y1: float32(y1), X2: float32(x2), Y2: float32(y2), Label: int32(p.label)}
	}
	return d
}

// values is the normalised value of each byte.
var values = func() (all [256]float32) {
	for v := range all {
		all[v] = float32((float64(v)/255 - Mean) / Deviation)
	}
	return all
}()

func (d *drawn) example(side int) data.Example {
	x, y := make([]float32, len(d.pix)), make([]int32, len(d.mask))
	for i, v := range d.pix {
		x[i] = values[v]
	}
	for i, v := range d.mask {
		y[i] = int32(v)
	}
	e := data.Example{X: tensor.Of(x, side, side, 3), Y: tensor.Of(y, side, side)}
	return e.WithObjects(d.objects)
}

// mine returns the visible pixels of the garment of that number.
func (c *scene) mine(number int) []bool {
	on := make([]bool, len(c.owner))
	for i, o := range c.owner {
		on[i] = o == number
	}
	return on
}
