package look

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/limpid-ml/limpid/format/boxes"
)

// writeFile writes text below a folder that it makes.
func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// view makes what is kept of a picture, of a few kinds that are alike or nearly.
func view(r *rand.Rand, kind int, flips int) *seen {
	own := rand.New(rand.NewPCG(uint64(kind), 1))
	v := &seen{hash: own.Uint64(), small: make([]float32, tiny*tiny*3), mean: 100 + 20*own.Float64(), contrast: 500}
	pix := make([]uint8, len(v.small))
	for i := range pix {
		pix[i] = uint8(own.IntN(200))
		if r.IntN(100) < flips {
			pix[i] += 20
		}
	}
	normal(v.small, pix)
	for range flips {
		v.hash ^= 1 << r.IntN(64)
	}
	v.mean += 6 * float64(r.IntN(4))
	v.contrast *= 1 + 0.1*float64(r.IntN(4))
	v.sum = [32]byte{byte(kind), byte(r.IntN(3)), byte(flips)}
	return v
}

// Twins are those of comparing every picture with every other: bands leave none
// out.
func TestTwinsAgainstAllPairs(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		s := &set{root: "/d"}
		for i := range rapid.IntRange(0, 24).Draw(t, "pictures") {
			it := item{file: fmt.Sprintf("/d/%02d", i), part: fmt.Sprint(r.IntN(2)), class: fmt.Sprint(r.IntN(3))}
			if r.IntN(8) > 0 {
				it.seen = view(r, r.IntN(4), r.IntN(5))
			}
			s.items = append(s.items, it)
		}
		group := make([]int, len(s.items))
		for i := range group {
			group[i] = i
		}
		for i, a := range s.items {
			for j, b := range s.items {
				if a.seen == nil || b.seen == nil || group[i] == group[j] || a.seen.sum != b.seen.sum && !alike(a.seen, b.seen) {
					continue
				}
				old := group[j]
				for k := range group {
					if group[k] == old {
						group[k] = group[i]
					}
				}
			}
		}
		var want []string
		for g := range group {
			var in []item
			for k, it := range s.items {
				if group[k] == g {
					in = append(in, it)
				}
			}
			if len(in) < 2 {
				continue
			}
			w := Twins{Exact: true}
			for _, it := range in {
				w.Files = append(w.Files, it.file[3:])
				w.Exact = w.Exact && it.seen.sum == in[0].seen.sum
				w.Across, w.Torn = w.Across || it.part != in[0].part, w.Torn || it.class != in[0].class
			}
			want = append(want, fmt.Sprint(w))
		}
		var got []string
		all := s.twins()
		for i, w := range all {
			got = append(got, fmt.Sprint(w))
			if i > 0 && grave(all[i-1]) < grave(w) {
				t.Fatal("the gravest are not first")
			}
		}
		found += len(got)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("twins %v, want %v", got, want)
		}
	})
	if found < 50 {
		t.Errorf("%d groups in all: the test compares next to nothing", found)
	}
}

// Small pictures are centred and of length 1, so that a picture is like itself
// brighter and of more contrast, and unlike itself turned to a negative.
func TestNormal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pix := rapid.SliceOfN(rapid.Uint8Range(0, 100), 12, 48).Draw(t, "pixels")
		pix[0], pix[1] = 0, 90
		a, b, c := make([]float32, len(pix)), make([]float32, len(pix)), make([]float32, len(pix))
		more, negative := slices.Clone(pix), slices.Clone(pix)
		for i, v := range pix {
			more[i], negative[i] = 2*v+10, 255-v
		}
		mean, length := normal(a, pix)
		brighter, longer := normal(b, more)
		normal(c, negative)
		if math.Abs(brighter-2*mean-10) > 1e-9 || math.Abs(longer-2*length) > 1e-9 {
			t.Fatalf("mean %g and length %g became %g and %g", mean, length, brighter, longer)
		}
		var sum, square, same, other float64
		for i, v := range a {
			sum, square = sum+float64(v), square+float64(v*v)
			same, other = same+float64(v*b[i]), other+float64(v*c[i])
		}
		if math.Abs(sum) > 1e-4 || math.Abs(square-1) > 1e-4 || math.Abs(same-1) > 1e-4 || math.Abs(other+1) > 1e-4 {
			t.Fatalf("sum %g, square %g, with itself %g, with its negative %g", sum, square, same, other)
		}
	})
	flat := make([]float32, 9)
	if mean, length := normal(flat, slices.Repeat([]uint8{7}, 9)); mean-7 > 1e-9 || length != 0 || flat[4] != 0 {
		t.Errorf("one colour: %g, %g, %v", mean, length, flat)
	}
}

// Each bit of a hash is one comparison of neighbours.
func TestHashAgainstComparisons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 3 * hashSide * (hashSide + 1)
		pix := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "pixels")
		bright := func(x, y int) int {
			p := pix[3*(y*(hashSide+1)+x):]
			return 299*int(p[0]) + 587*int(p[1]) + 114*int(p[2])
		}
		h := hash(pix)
		for y := range hashSide {
			for x := range hashSide {
				bit := h >> (63 - (y*hashSide + x)) & 1
				if (bit == 1) != (bright(x+1, y) > bright(x, y)) {
					t.Fatalf("at %d, %d the bit is %d", x, y, bit)
				}
			}
		}
	})
}

// A tally counts each name, and has the most frequent first.
func TestTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", ""})).Draw(t, "names")
		all, sum := tally(names), 0
		for i, c := range all {
			n := 0
			for _, name := range names {
				if name == c.Name {
					n++
				}
			}
			if n != c.N || i > 0 && cmp.Or(cmp.Compare(c.N, all[i-1].N), cmp.Compare(all[i-1].Name, c.Name)) >= 0 {
				t.Fatalf("%v of %v", all, names)
			}
			sum += n
		}
		if sum != len(names) {
			t.Fatalf("%v leaves some of %v out", all, names)
		}
	})
}

// What is said does not depend on how many processors look.
func TestReportsOnAnyNumberOfProcessors(t *testing.T) {
	dir := bad(t)
	var first string
	for _, n := range []int{1, 3} {
		old := runtime.GOMAXPROCS(n)
		r, err := At(t.Context(), dir, Options{})
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Errorf("on %d processors it says\n%s\nand on one\n%s", n, text, first)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := At(ctx, dir, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// Masks are counted pixel by pixel: how many pictures have a label, and what
// share of all pixels is it.
func TestMasksAreCounted(t *testing.T) {
	for seed := range uint64(12) {
		dir, r := t.TempDir(), rand.New(rand.NewPCG(seed, 3))
		pixels, pictures, total := map[string]int{}, map[string]int{}, 0
		for i := range 1 + r.IntN(3) {
			name := fmt.Sprintf("%d.png", i)
			w, h := 2+r.IntN(6), 2+r.IntN(6)
			m, own := image.NewGray(image.Rect(0, 0, w, h)), map[string]bool{}
			for k := range m.Pix {
				m.Pix[k] = uint8([]int{0, 1, 7, 30, 200}[r.IntN(5)])
				label := fmt.Sprint(m.Pix[k])
				pixels[label]++
				total++
				own[label] = true
			}
			for label := range own {
				pictures[label]++
			}
			writePNG(t, filepath.Join(dir, "images", name), drawn(i, w, h))
			writePNG(t, filepath.Join(dir, "masks", name), m)
		}
		rep, err := At(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(rep.Classes) != len(pixels) {
			t.Fatalf("classes %+v, want %v", rep.Classes, pixels)
		}
		for i, c := range rep.Classes {
			if c.Examples != pictures[c.Name] || math.Abs(c.Share-float64(pixels[c.Name])/float64(total)) > 1e-12 {
				t.Fatalf("class %+v, want %d pictures and %d of %d pixels", c, pictures[c.Name], pixels[c.Name], total)
			}
			if i > 0 && rank(rep.Classes[i-1].Name) >= rank(c.Name) {
				t.Fatalf("%q comes before %q", rep.Classes[i-1].Name, c.Name)
			}
		}
	}
}

// A box's frame stands on the sheet where it should: a picture of 192 by 96 is
// drawn at half its size, 24 pixels below the upper edge, and its box from
// (40, 20) to (120, 80) at (20, 10) to (60, 40).
func TestFramesStandWhereTheyShould(t *testing.T) {
	dir := t.TempDir()
	writePNG(t, filepath.Join(dir, "wide.png"), image.NewGray(image.Rect(0, 0, 2*thumb, thumb)))
	it := item{file: filepath.Join(dir, "wide.png"), objects: []boxes.Object{{X1: 40, Y1: 20, X2: 120, Y2: 80, Class: 4}}}
	out := image.NewRGBA(image.Rect(0, 0, thumb, thumb))
	(&set{}).draw(out, &it, 0, 0)
	const up = thumb / 4
	black := color.RGBA{0, 0, 0, 255}
	if out.RGBAAt(0, up) != black || out.RGBAAt(0, up-1) == black {
		t.Fatal("the picture does not stand in the middle")
	}
	c := hue(5)
	for y := range thumb / 2 {
		for x := range thumb {
			in := x >= 20 && x < 60 && y >= 10 && y < 40
			inner := x >= 22 && x < 58 && y >= 12 && y < 38
			if got := out.RGBAAt(x, up+y) == c; got != (in && !inner) {
				t.Fatalf("at %d, %d the frame is drawn: %v", x, y, got)
			}
		}
	}
}

// A sheet takes pictures evenly from the first to the last of a class, each but
// once.
func TestChosenEvenly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := &set{}, rapid.IntRange(1, 40).Draw(t, "pictures")
		o := Options{Columns: rapid.IntRange(1, 10).Draw(t, "columns"), Rows: rapid.IntRange(1, 4).Draw(t, "rows")}
		for i := range n {
			s.items = append(s.items, item{file: fmt.Sprintf("%03d", i), class: string(rune('a' + i%3)), seen: &seen{}})
		}
		s.items[n/2].seen = nil // it cannot be read
		for _, row := range s.choose(o).rows {
			var all, places []string
			for _, it := range s.items {
				if it.class == row.name && it.seen != nil {
					all = append(all, it.file)
				}
			}
			for _, it := range row.items {
				places = append(places, it.file)
			}
			if len(places) != min(o.Columns, len(all)) || places[0] != all[0] || !slices.IsSorted(places) || len(slices.Compact(slices.Clone(places))) != len(places) {
				t.Fatalf("%v of %v", places, all)
			}
			apart := (len(all) + len(places) - 1) / len(places)
			for k := 1; k < len(places); k++ {
				if d := slices.Index(all, places[k]) - slices.Index(all, places[k-1]); d > apart {
					t.Fatalf("%d pictures between %s and %s of %v", d, places[k-1], places[k], all)
				}
			}
		}
	})
}

// Columns of text stand below each other.
func TestGridsAreStraight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 4).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching(`[a-zé×]{1,7}`), columns, columns), 1, 5).Draw(t, "rows")
		var b strings.Builder
		grid(&b, rows, false)
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != len(rows) {
			t.Fatalf("%d lines of %d rows", len(lines), len(rows))
		}
		for i, line := range lines {
			if columns > 1 && len([]rune(line)) != len([]rune(lines[0])) {
				t.Fatalf("%q is not as long as %q", line, lines[0])
			}
			if !slices.Equal(strings.Fields(line), rows[i]) {
				t.Fatalf("%q does not say %q", line, rows[i])
			}
		}
	})
}

// Files that are no pictures, whatever they are called, are named and do not
// stop the others from being looked at; hidden ones are passed over.
func TestHostileFolders(t *testing.T) {
	dir := t.TempDir()
	writePNG(t, filepath.Join(dir, "a", "good.png"), drawn(1, 30, 20))
	whole, err := os.ReadFile(filepath.Join(dir, "a", "good.png"))
	if err != nil {
		t.Fatal(err)
	}
	huge := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\x00\x00\x00"
	for name, text := range map[string]string{
		"a/empty.png": "", "a/half.png": string(whole[:len(whole)/2]), "a/huge.png": huge, "a/text.jpg": "these are words",
		"a/.hidden.png": "", ".git/x.png": "", "a/notes.txt": "", "b/page.gif": "<html>",
	} {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	if err := os.MkdirAll(filepath.Join(dir, "a", "folder.png"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "gone.png"), filepath.Join(dir, "a", "link.png")); err != nil {
		t.Fatal(err)
	}
	r, err := At(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, f := range r.Broken {
		broken = append(broken, f.File)
		if f.Why == "" {
			t.Errorf("%s: no word about what is wrong", f.File)
		}
	}
	want := []string{"a/empty.png", "a/half.png", "a/huge.png", "a/link.png", "a/text.jpg"}
	if i := slices.Index(broken, "b/page.gif"); i >= 0 { // if the kind is one of ours
		want = append(want, "b/page.gif")
	}
	if !slices.Equal(broken, want) || r.Examples != 1 {
		t.Errorf("broken %q, want %q; %d pictures", broken, want, r.Examples)
	}
	if !strings.Contains(r.String(), fmt.Sprintf("cannot be used (%d)", len(want))) {
		t.Error(r)
	}
}

// A table's classes and missing values are those that one counts in its text.
func TestTablesAreCounted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file := filepath.Join(t.TempDir(), "t.csv")
		text, kinds, missing, n := "x,kind\n", map[string]int{}, 0, rapid.IntRange(2, 40).Draw(rt, "rows")
		for i := range n {
			x, kind := fmt.Sprintf("%d.5", i), rapid.SampledFrom([]string{"red", "green", "blue"}).Draw(rt, "kind")
			if i > 0 && rapid.IntRange(0, 4).Draw(rt, "hole") == 0 {
				x = ""
				missing++
			}
			text += x + "," + kind + "\n"
			kinds[kind]++
		}
		writeFile(t, file, text)
		r, err := At(t.Context(), file, Options{Table: TableOptions{Target: "kind"}})
		if err != nil {
			rt.Fatal(err)
		}
		if r.Examples != n || len(r.Columns) != 2 || r.Columns[0].Missing != missing || r.Columns[1].Distinct != len(kinds) || len(r.Classes) != len(kinds) {
			rt.Fatalf("%+v of\n%s", r, text)
		}
		most, least := 0, n
		for _, c := range r.Classes {
			if c.Examples != kinds[c.Name] || math.Abs(c.Share-float64(kinds[c.Name])/float64(n)) > 1e-12 {
				rt.Fatalf("%+v, want %d of %d", c, kinds[c.Name], n)
			}
			most, least = max(most, c.Examples), min(least, c.Examples)
		}
		if len(kinds) > 1 && r.Imbalance != float64(most)/float64(least) {
			rt.Fatalf("imbalance %g of %v", r.Imbalance, kinds)
		}
		if said := strings.Contains(r.String(), fmt.Sprintf(`column "x" misses %d of %d values`, missing, n)); said != (missing > 0) {
			rt.Fatalf("%d missing, and it says\n%s", missing, r)
		}
	})
}

// Tables that are none are refused with their line, and a column that names the
// rows is spoken of.
func TestOddTables(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{"": "no rows", "a,b\n1,2\n3\n": "line 3", "a,a\n1,2\n": `"a"`, "a,b\n": "row", "a\xff,b\n1,2\n": "UTF-8"} {
		file := filepath.Join(dir, "x.csv")
		writeFile(t, file, text)
		if r, err := At(t.Context(), file, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, r, err, want)
		}
	}
	text := "name,y\n"
	for i := range 30 {
		text += fmt.Sprintf("n%d,%d\n", i, i%2)
	}
	file := filepath.Join(dir, "names.csv")
	writeFile(t, file, text)
	r, err := At(t.Context(), file, Options{})
	if err != nil || !strings.Contains(r.String(), `column "name" has 30 different values: if it names the row`) {
		t.Errorf("%v, %v", r, err)
	}
}
