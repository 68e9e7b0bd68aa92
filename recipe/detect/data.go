package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/datasets/scenes"
	"github.com/limpid-ml/limpid/tensor"
)

// Values of pictures, 0 to 1, are normalised by these.
const (
	mean      = scenes.Mean
	deviation = scenes.Deviation
)

// known is what a run keeps of a user's data: the names of the classes.
type known struct {
	Classes []string `json:"classes"`
}

// read opens the data, or, to answer only, takes what the run knows of them.
func (w *work) read() error {
	c := w.config
	switch {
	case !w.own:
		w.compose()
		return nil
	case c.Bare:
		var k known
		if err := json.Unmarshal([]byte(c.Known), &k); err != nil || len(k.Classes) == 0 {
			return fmt.Errorf("detect: the run does not say which classes it knows (%v): train it again", err)
		}
		w.classes = k.Classes
		return nil
	}
	return w.open()
}

// compose makes scenes. They do not depend on the seed of the run.
func (w *work) compose() {
	c := w.config
	w.classes = fashion.Classes
	set := scenes.Mini(scenes.Options{Side: c.Size, Train: c.Scenes, Validate: c.Tests, Test: c.Tests})
	w.parts = data.Parts[data.Dataset]{Train: set.Train, Validate: set.Validate, Test: set.Test}
}

// open reads the annotations in the user's folder.
func (w *work) open() error {
	c := w.config
	p, err := data.BoxParts(c.Data, c.Size, c.Size, c.Seed)
	if err != nil {
		return err
	}
	w.classes = p.Train.Classes
	text, err := json.Marshal(known{w.classes})
	if err != nil {
		return err
	}
	c.Known = string(text)
	for k, part := range []*data.Boxes{p.Train, p.Validate, p.Test} {
		if err := usable([]string{"training", "validation", "test"}[k], part); err != nil {
			return err
		}
	}
	validate, test := keep(p.Validate), keep(p.Test)
	w.parts = data.Parts[data.Dataset]{Train: keep(p.Train), Validate: validate, Test: test, Dealt: p.Dealt}
	return errors.Join(validate.readAll(), test.readAll())
}

// usable tells what keeps a part from being learned from or measured on.
func usable(name string, part *data.Boxes) error {
	for i := range part.Len() {
		for _, o := range part.Objects(i) {
			if !o.Crowd && !o.Difficult && o.Area() > 0 {
				return nil
			}
		}
	}
	return fmt.Errorf("detect: the %s part has %d pictures and no box that counts: give it pictures with boxes; limpid data look tells what is in a folder", name, part.Len())
}

// mostKept bounds the memory, in bytes, that one part's pictures may take.
const mostKept = 1 << 30

// pictures is a user's pictures, fitted and normalised. Those that fit in memory
// are read once.
type pictures struct {
	set  *data.Boxes
	kept []atomic.Pointer[[]uint8]
}

// keep makes a part quick to read again.
func keep(set *data.Boxes) *pictures {
	set.Background = around
	return &pictures{set, make([]atomic.Pointer[[]uint8], min(set.Len(), mostKept/(set.H*set.W*3)))}
}

// Len returns the number of pictures.
func (p *pictures) Len() int { return p.set.Len() }

// At returns picture i and its objects. Several goroutines may call it at once.
func (p *pictures) At(i int) (data.Example, error) {
	if i >= 0 && i < len(p.kept) {
		if pix := p.kept[i].Load(); pix != nil {
			frame := p.set.Frame(i)
			var objects []data.Object
			for _, o := range p.set.Objects(i) {
				objects = append(objects, frame.To(o))
			}
			return example(*pix, p.set.H, p.set.W).WithObjects(objects), nil
		}
	}
	e, err := p.set.At(i)
	if err != nil {
		return e, err
	}
	values := tensor.View[float32](e.X)
	pix := make([]uint8, len(values))
	for k, v := range values {
		pix[k] = uint8(v*255 + 0.5)
	}
	if i < len(p.kept) {
		p.kept[i].Store(&pix)
	}
	return example(pix, p.set.H, p.set.W).WithObjects(e.Objects()), nil
}

// readAll reads every picture, so that one that cannot be read is named before
// training and not after it.
func (p *pictures) readAll() error {
	workers := runtime.GOMAXPROCS(0)
	faults := make([]error, p.Len())
	var running sync.WaitGroup
	for k := range workers {
		running.Go(func() {
			for i := k; i < len(faults); i += workers {
				_, faults[i] = p.At(i)
			}
		})
	}
	running.Wait()
	return errors.Join(faults...)
}

// example normalises the bytes of a picture [h, w, 3].
func example(pix []uint8, h, w int) data.Example {
	x := make([]float32, len(pix))
	for i, v := range pix {
		x[i] = level[v]
	}
	return data.Example{X: tensor.Of(x, h, w, 3)}
}

// level is the normalised value of each byte.
var level = func() (all [256]float32) {
	for v := range all {
		all[v] = float32((float64(v)/255 - mean) / deviation)
	}
	return all
}()

// imageOf makes a picture of an X again.
func imageOf(x tensor.Tensor) *image.RGBA {
	h, w := x.Dim(0), x.Dim(1)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, v := range tensor.View[float32](x) {
		out.Pix[i/3*4+i%3] = uint8(255*min(max(float64(v)*deviation+mean, 0), 1) + 0.5)
	}
	for i := range h * w {
		out.Pix[4*i+3] = 255
	}
	return out
}
