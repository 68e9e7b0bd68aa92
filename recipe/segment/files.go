package segment

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/recipe/draw"
	"github.com/limpid-ml/limpid/tensor"
)

// known is what a network must remember of the data to give answers, and to
// read more of the same kind.
type known struct {
	Classes []string `json:"classes"` // 0 is the background
	Colours []string `json:"colours"` // "#rrggbb" of each class
	// Values has the label of each value that masks hold, −100 for pixels that
	// are left out.
	Values map[uint8]int32 `json:"values,omitempty"`
}

// background is the name of class 0 where nothing else is said.
const background = "background"

// ignored is the label that losses and scores leave out.
const ignored = -100

// knownScenes is what there is to know of scenes.
func knownScenes() known {
	return known{Classes: append([]string{background}, fashion.Classes...)}.coloured()
}

// coloured gives each class but the background a colour.
func (k known) coloured() known {
	k.Colours = make([]string, len(k.Classes))
	for i := range k.Colours[1:] {
		k.Colours[i+1] = draw.Hex(draw.Colour(i))
	}
	return k
}

// recall reads what an earlier run wrote down.
func recall(text string) (known, error) {
	var k known
	if err := json.Unmarshal([]byte(text), &k); err != nil || len(k.Classes) < 2 || len(k.Colours) != len(k.Classes) {
		return k, fmt.Errorf("segment: what the run has written down of its data is damaged: %q", text)
	}
	return k, nil
}

// readFiles opens the folder that c names.
func (j *job) readFiles() (parts, error) {
	c := j.config
	p, err := data.MaskParts(c.Data, c.Side, c.Side, c.Seed)
	if err != nil {
		return parts{}, err
	}
	sets := []*data.Masks{p.Train, p.Validate, p.Test}
	if c.Known == "" {
		if j.known, err = look(c.Data, sets); err != nil {
			return parts{}, err
		}
		text, err := json.Marshal(j.known)
		if err != nil {
			return parts{}, err
		}
		c.Known = string(text)
	} else if j.known, err = recall(c.Known); err != nil {
		return parts{}, err
	}
	all := [3]data.Dataset{}
	for i, s := range sets {
		s.Fit, s.Values, s.Classes = data.Inside, j.known.Values, j.known.Classes
		all[i] = newKept(s)
	}
	return parts{all[0], all[1], all[2]}, nil
}

// look finds out which classes the masks hold. All of them are read, so that a
// broken one is told before anything is trained.
func look(dir string, sets []*data.Masks) (known, error) {
	var counts [256]int
	for _, s := range sets {
		one, err := s.Pixels(context.Background())
		if err != nil {
			return known{}, err
		}
		for v, n := range one {
			counts[v] += n
		}
	}
	var values []int
	for v, n := range counts {
		if n > 0 {
			values = append(values, v)
		}
	}
	k := known{Classes: sets[0].Classes, Values: map[uint8]int32{}}
	if k.Classes == nil {
		k.name(values)
	} else if err := k.take(dir, values); err != nil {
		return k, err
	}
	if len(k.Classes) < 2 {
		return k, fmt.Errorf("segment: %q: all masks hold the value %d alone, and nothing can be learned; want 0 for the background and others for the classes", dir, values[0])
	}
	return k.coloured(), nil
}

// take gives the names of classes.txt to the values.
func (k *known) take(dir string, values []int) error {
	for i, name := range k.Classes {
		if name == "" {
			return fmt.Errorf("segment: %q: classes.txt names class %d nothing: write a name in line %d", dir, i, i+1)
		}
		if at := slices.Index(k.Classes, name); at < i {
			return fmt.Errorf("segment: %q: classes.txt names two classes %q, in lines %d and %d", dir, name, at+1, i+1)
		}
		k.Values[uint8(i)] = int32(i)
	}
	if len(k.Classes) > 255 {
		return fmt.Errorf("segment: %q: classes.txt has %d names, and masks hold at most 255", dir, len(k.Classes))
	}
	if last := values[len(values)-1]; len(k.Classes) == 2 && last == 255 && len(values) == 2 {
		k.Values = map[uint8]int32{uint8(values[0]): 0, 255: 1}
		return nil
	}
	for _, v := range values {
		if v == 255 && len(k.Classes) < 256 {
			k.Values[255] = ignored
		} else if v >= len(k.Classes) {
			return fmt.Errorf("segment: %q: masks hold the value %d, and classes.txt has %d names, for 0 to %d: add the names, or correct the masks; 255 is left out", dir, v, len(k.Classes), len(k.Classes)-1)
		}
	}
	return nil
}

// name gives names to the values that masks hold. 0 is the background, even if
// no mask has it. 255 is left out, unless it is the white of a mask in black
// and white, or the last of greys that are spread over the whole range.
func (k *known) name(values []int) {
	k.Classes, k.Values[0] = []string{background}, 0
	for _, v := range values {
		switch {
		case v == 0:
		case v == 255 && !spread(values):
			k.Values[255] = ignored
		default:
			k.Values[uint8(v)] = int32(len(k.Classes))
			k.Classes = append(k.Classes, fmt.Sprintf("class %d", v))
		}
	}
	if len(k.Classes) == 2 {
		k.Classes[1] = "object"
	}
}

// spread tells whether values are greys drawn to be seen: none nearer than 16
// to another.
func spread(values []int) bool {
	for i, v := range values[1:] {
		if v-values[i] < 16 {
			return false
		}
	}
	return true
}

// kept is pictures with masks, each of which is read once, as long as there is
// room, and held as bytes; values are normalised as those of scenes.
type kept struct {
	from *data.Masks
	all  []atomic.Pointer[stored]
	room atomic.Int64
}

// stored is a picture [H, W, 3] and its mask [H, W].
type stored struct{ pix, mask []uint8 }

// roomFor is how many bytes of pictures are kept.
const roomFor = 1 << 30

func newKept(m *data.Masks) *kept {
	k := &kept{from: m, all: make([]atomic.Pointer[stored], m.Len())}
	k.room.Store(roomFor)
	return k
}

// Len returns the number of pictures.
func (k *kept) Len() int { return k.from.Len() }

// At returns picture i. Several goroutines may call it at once.
func (k *kept) At(i int) (data.Example, error) {
	if i >= 0 && i < len(k.all) {
		if b := k.all[i].Load(); b != nil {
			return b.example(k.from.H, k.from.W), nil
		}
	}
	e, err := k.from.At(i)
	if err != nil {
		return e, err
	}
	b := pack(e)
	if k.room.Add(-int64(len(b.pix)+len(b.mask))) >= 0 {
		k.all[i].Store(b)
	}
	return b.example(k.from.H, k.from.W), nil
}

// pack makes bytes of values 0 to 1 and labels below 255.
func pack(e data.Example) *stored {
	x, y := tensor.View[float32](e.X), tensor.View[int32](e.Y)
	b := &stored{make([]uint8, len(x)), make([]uint8, len(y))}
	for i, v := range x {
		b.pix[i] = uint8(255*v + 0.5)
	}
	for i, l := range y {
		b.mask[i] = 255
		if l != ignored {
			b.mask[i] = uint8(l)
		}
	}
	return b
}

func (b *stored) example(h, w int) data.Example {
	x, y := make([]float32, len(b.pix)), make([]int32, len(b.mask))
	for i, v := range b.pix {
		x[i] = normal(float32(v) / 255)
	}
	for i, l := range b.mask {
		y[i] = ignored
		if l != 255 {
			y[i] = int32(l)
		}
	}
	return data.Example{X: tensor.Of(x, h, w, 3), Y: tensor.Of(y, h, w)}
}

// normal is how the network sees a value from 0 to 1: as scenes have it.
func normal(v float32) float32 { return (v - 0.5) / 0.25 }
