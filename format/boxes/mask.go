package boxes

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// outline reads a COCO segmentation: polygons, or run lengths, plain or packed
// in text. Null and an empty list are none.
func (o *Object) outline(text json.RawMessage, w, h int) error {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	if text[0] == '[' {
		if err := json.Unmarshal(text, &o.Polygons); err != nil {
			return fmt.Errorf("want a list of polygons: %w", err)
		}
		for _, p := range o.Polygons {
			if len(p) < 6 || len(p)%2 != 0 {
				return fmt.Errorf("a polygon of %d numbers, want x, y of 3 corners or more", len(p))
			}
			for i, v := range p {
				if side := float64([]int{w, h}[i%2]); !(v >= -side-overhang && v <= 2*side+overhang) {
					return fmt.Errorf("a polygon's corner at %g lies far out of the picture of %d×%d", v, w, h)
				}
			}
		}
		return nil
	}
	var rle struct {
		Size   []int           `json:"size"` // height, width
		Counts json.RawMessage `json:"counts"`
	}
	if err := json.Unmarshal(text, &rle); err != nil {
		return err
	}
	if !slices.Equal(rle.Size, []int{h, w}) {
		return fmt.Errorf("its size is %v, the picture's %d×%d", rle.Size, h, w)
	}
	counts, err := runs(rle.Counts)
	if err != nil {
		return err
	}
	o.Runs = &Runs{H: h, W: w}
	sum := 0
	for _, n := range counts {
		if n < 0 || n > h*w-sum {
			return fmt.Errorf("its runs do not add up to the picture's %d pixels", h*w)
		}
		sum += n
		o.Runs.Ends = append(o.Runs.Ends, sum)
	}
	if sum != h*w {
		return fmt.Errorf("its runs add up to %d, not to the picture's %d pixels", sum, h*w)
	}
	return nil
}

// Runs are the pixels that an object covers: down the columns, from the left,
// there are by turns pixels outside and inside, each run up to an end.
type Runs struct {
	H, W int
	Ends []int
}

// Inside tells whether the pixel in row y and column x is covered.
func (r *Runs) Inside(y, x int) bool {
	if y < 0 || x < 0 || y >= r.H || x >= r.W {
		return false
	}
	k, _ := slices.BinarySearch(r.Ends, x*r.H+y+1)
	return k%2 == 1
}

func runs(text json.RawMessage) ([]int, error) {
	if len(text) > 0 && text[0] == '[' {
		var counts []int
		err := json.Unmarshal(text, &counts)
		return counts, err
	}
	var packed string
	if err := json.Unmarshal(text, &packed); err != nil {
		return nil, fmt.Errorf("counts: %w", err)
	}
	return unpack(packed)
}

// unpack reads COCO's packed runs: numbers of 5 bits a character, the lowest
// first, bit 5 says that more come, the sign is the last one's bit 4; from the
// third on each is less the one two before.
func unpack(s string) ([]int, error) {
	var runs []int
	for i := 0; i < len(s); {
		v, shift := 0, 0
		for more := true; more; {
			if i == len(s) || s[i] < 48 || s[i] > 111 || shift > 50 {
				return nil, fmt.Errorf("counts: character %d cannot be", i)
			}
			c := int(s[i]) - 48
			v |= c & 31 << shift
			shift += 5
			more = c&32 != 0
			if !more && c&16 != 0 {
				v |= -1 << shift
			}
			i++
		}
		if n := len(runs); n > 2 {
			v += runs[n-2]
		}
		runs = append(runs, v)
	}
	return runs, nil
}

// Outlined tells whether the file says which pixels the object covers.
func (o *Object) Outlined() bool { return o.Polygons != nil || o.Runs != nil }

// Paint calls set with the pixels that the object covers, of a grid of h×w laid
// over the picture: x in the picture is at x·sx + dx in the grid, and so for y. A
// pixel is covered if its centre is. Without an outline that is the box.
func (o *Object) Paint(h, w int, sx, sy, dx, dy float64, set func(y, x int)) {
	if o.Runs != nil {
		o.Runs.paint(h, w, sx, sy, dx, dy, set)
		return
	}
	polygons := o.Polygons
	if polygons == nil {
		polygons = [][]float64{{o.X1, o.Y1, o.X2, o.Y1, o.X2, o.Y2, o.X1, o.Y2}}
	}
	for _, p := range polygons {
		paintPolygon(p, h, w, sx, sy, dx, dy, set)
	}
}

// paint looks up where each pixel's centre lies in the picture.
func (r *Runs) paint(h, w int, sx, sy, dx, dy float64, set func(y, x int)) {
	for y := range h {
		py := int(math.Floor((float64(y) + 0.5 - dy) / sy))
		for x := range w {
			if r.Inside(py, int(math.Floor((float64(x)+0.5-dx)/sx))) {
				set(y, x)
			}
		}
	}
}

// paintPolygon fills one polygon by the even-odd rule, row by row.
func paintPolygon(p []float64, h, w int, sx, sy, dx, dy float64, set func(y, x int)) {
	n := len(p) / 2
	var cuts []float64
	for y := range h {
		at := float64(y) + 0.5
		cuts = cuts[:0]
		for i := range n {
			j := (i + 1) % n
			x0, y0, x1, y1 := p[2*i]*sx+dx, p[2*i+1]*sy+dy, p[2*j]*sx+dx, p[2*j+1]*sy+dy
			if (y0 <= at) != (y1 <= at) {
				cuts = append(cuts, x0+(at-y0)/(y1-y0)*(x1-x0))
			}
		}
		slices.Sort(cuts)
		for i := 0; i+1 < len(cuts); i += 2 {
			from, to := math.Ceil(cuts[i]-0.5), math.Ceil(cuts[i+1]-0.5)
			for x := int(max(from, 0)); x < int(min(to, float64(w))); x++ {
				set(y, x)
			}
		}
	}
}
