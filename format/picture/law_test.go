package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawRaster(t *rapid.T, most int) *Raster {
	r := &Raster{H: rapid.IntRange(1, most).Draw(t, "h"), W: rapid.IntRange(1, most).Draw(t, "w"), C: rapid.SampledFrom([]int{1, 3}).Draw(t, "c")}
	n := r.H * r.W * r.C
	r.Pix = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "pix")
	return r
}

// TestTapsAreWeights: they lie in the picture, are not negative and add up to 1.
func TestTapsAreWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, fresh := rapid.IntRange(1, 300).Draw(t, "old"), rapid.IntRange(1, 300).Draw(t, "new")
		i := rapid.IntRange(0, fresh-1).Draw(t, "i")
		first, weights := Taps(nil, old, fresh, i)
		sum := 0.0
		for _, w := range weights {
			if w < 0 {
				t.Fatalf("%v", weights)
			}
			sum += w
		}
		if first < 0 || first+len(weights) > old || len(weights) == 0 || math.Abs(sum-1) > 1e-12 {
			t.Fatalf("%d of %d, %d: from %d, %v", i, fresh, old, first, weights)
		}
	})
}

// TestResizeLaws: bytes stay within those there were, one colour stays it, and
// the same size changes nothing.
func TestResizeLaws(t *testing.T) {
	var s Sizer
	rapid.Check(t, func(t *rapid.T) {
		r := drawRaster(t, 12)
		h, w := rapid.IntRange(1, 20).Draw(t, "H"), rapid.IntRange(1, 20).Draw(t, "W")
		var to Raster
		all := image.Rect(0, 0, r.W, r.H)
		s.Resize(&to, r, all, h, w)
		if to.H != h || to.W != w || len(to.Pix) != h*w*r.C {
			t.Fatalf("%d×%d, %d bytes", to.H, to.W, len(to.Pix))
		}
		if slices.Min(to.Pix) < slices.Min(r.Pix) || slices.Max(to.Pix) > slices.Max(r.Pix) {
			t.Fatalf("%v became %v", r.Pix, to.Pix)
		}
		s.Resize(&to, r, all, r.H, r.W)
		if !bytes.Equal(to.Pix, r.Pix) {
			t.Fatalf("at its own size %v became %v", r.Pix, to.Pix)
		}
		for i := range r.Pix {
			r.Pix[i] = r.Pix[0]
		}
		s.Resize(&to, r, all, h, w)
		if slices.Min(to.Pix) != r.Pix[0] || slices.Max(to.Pix) != r.Pix[0] {
			t.Fatalf("one colour became %v", to.Pix)
		}
	})
}

// TestABoxIsAPictureOfItsOwn: what lies outside it does not come in.
func TestABoxIsAPictureOfItsOwn(t *testing.T) {
	var s Sizer
	rapid.Check(t, func(t *rapid.T) {
		r := drawRaster(t, 12)
		x, y := rapid.IntRange(0, r.W-1).Draw(t, "x"), rapid.IntRange(0, r.H-1).Draw(t, "y")
		box := image.Rect(x, y, rapid.IntRange(x+1, r.W).Draw(t, "x2"), rapid.IntRange(y+1, r.H).Draw(t, "y2"))
		cut := &Raster{H: box.Dy(), W: box.Dx(), C: r.C}
		for row := box.Min.Y; row < box.Max.Y; row++ {
			cut.Pix = append(cut.Pix, r.Pix[(row*r.W+box.Min.X)*r.C:(row*r.W+box.Max.X)*r.C]...)
		}
		var a, b Raster
		s.Resize(&a, r, box, 5, 7)
		s.Resize(&b, cut, image.Rect(0, 0, cut.W, cut.H), 5, 7)
		if !bytes.Equal(a.Pix, b.Pix) {
			t.Fatalf("%v in %v gives %v, cut out %v", box, r, a.Pix, b.Pix)
		}
	})
}

// TestTurningBackIsNothing: each orientation has its inverse.
func TestTurningBackIsNothing(t *testing.T) {
	inverse := []int{0, 1, 2, 3, 4, 5, 8, 7, 6}
	rapid.Check(t, func(t *rapid.T) {
		r := drawRaster(t, 9)
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		var a, b Raster
		a.turn(r, o)
		b.turn(&a, inverse[o])
		if b.H != r.H || b.W != r.W || !bytes.Equal(b.Pix, r.Pix) {
			t.Fatalf("orientation %d: %v came back as %v", o, r, b)
		}
		seen := slices.Clone(a.Pix)
		slices.Sort(seen)
		all := slices.Clone(r.Pix)
		slices.Sort(all)
		if !slices.Equal(seen, all) {
			t.Fatalf("orientation %d lost a pixel", o)
		}
	})
}

// TestAReaderRemembersNothing: what it read before does not show.
func TestAReaderRemembersNothing(t *testing.T) {
	files := []string{"rgb.png", "rgba.png", "grey1.png", "turned6.jpg", "turned8.jpg", "noise.png", "clear.gif", "rgb.tif", "alpha.webp", "palette.bmp"}
	rapid.Check(t, func(t *rapid.T) {
		var used Reader
		var r Raster
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(files), 1, 6).Draw(t, "files") {
			var fresh Reader
			var want Raster
			c := rapid.SampledFrom([]int{1, 3}).Draw(t, "channels")
			if err := used.Read("testdata/"+name, &r, c, color.Black); err != nil {
				t.Fatal(err)
			}
			if err := fresh.Read("testdata/"+name, &want, c, color.Black); err != nil {
				t.Fatal(err)
			}
			if r.H != want.H || r.W != want.W || !bytes.Equal(r.Pix, want.Pix) {
				t.Fatalf("%s reads otherwise after others", name)
			}
		}
	})
}

// TestMixingIsBetweenTheTwo: a colour on a background, for any transparency.
func TestMixingIsBetweenTheTwo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := func(name string) uint8 { return rapid.Byte().Draw(t, name) }
		c, on := color.NRGBA{v("r"), v("g"), v("b"), v("a")}, color.NRGBA{v("R"), v("G"), v("B"), 255}
		m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
		m.SetNRGBA(0, 0, c)
		var r Raster
		r.Draw(m, 3, on)
		for k, pair := range [][2]uint8{{c.R, on.R}, {c.G, on.G}, {c.B, on.B}} {
			want := (float64(pair[0])*float64(c.A) + float64(pair[1])*(255-float64(c.A))) / 255
			if math.Abs(float64(r.Pix[k])-want) > .5+1e-9 {
				t.Fatalf("%v on %v: channel %d is %d, want %g", c, on, k, r.Pix[k], want)
			}
		}
	})
}

// TestShortFilesCannotClaimMuch: nothing is allocated for what cannot be there.
func TestShortFilesCannotClaimMuch(t *testing.T) {
	text := pngOf(waves(1, 8, 8))
	text[16], text[17], text[18], text[19] = 0, 0, 0x1b, 0x58
	text[20], text[21], text[22], text[23] = 0, 0, 0x1b, 0x58
	fixCRC(text)
	n := testing.AllocsPerRun(1, func() {
		if _, err := Decode(bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), "ends early") {
			t.Errorf("%v", err)
		}
	})
	if n > 100 {
		t.Errorf("%g allocations", n)
	}
	// and what compresses best is still read
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, image.NewGray(image.Rect(0, 0, 4000, 4000))); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(&b); err != nil {
		t.Error(err)
	}
}

// TestReadingAllocatesLittle: a PNG like the last one takes no new pixels.
func TestReadingAllocatesLittle(t *testing.T) {
	text := pngOf(waves(1, 64, 64))
	var d Reader
	var r Raster
	if n := testing.AllocsPerRun(20, func() {
		if err := d.decode(text, &r, 3, nil); err != nil {
			t.Fatal(err)
		}
	}); n > 12 {
		t.Errorf("%g allocations a picture", n)
	}
}
