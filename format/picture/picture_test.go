package picture

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// golden is what testdata/make.py wrote.
func golden(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func unhex(t *testing.T, s string) []uint8 {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// apart returns the largest difference of two rows of bytes, 256 if their
// lengths differ.
func apart(a, b []uint8) int {
	if len(a) != len(b) {
		return 256
	}
	most := 0
	for i := range a {
		most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return most
}

// slack is how far a kind's bytes may lie from Pillow's. Lossy codecs round as
// they like (libjpeg's inverse transform is not Go's), and Go brings TIFF's and
// sixteen-bit transparency to eight bits before the background is added.
func slack(name string) int {
	switch {
	case strings.HasPrefix(name, "lossy"):
		return 18 // colour is stored half as fine, and libwebp interpolates it
	case filepath.Ext(name) == ".jpg":
		return 4
	case strings.Contains(name, "rgba"), strings.Contains(name, "alpha"):
		return 1
	}
	return 0
}

func TestFilesAreAsPillowReadsThem(t *testing.T) {
	var d Reader
	var r Raster
	seen := 0
	for name, raw := range golden(t) {
		if name[0] == '_' {
			continue
		}
		seen++
		var want struct {
			H, W int
			RGB  string
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if err := d.Read(file, &r, 3, nil); err != nil {
			t.Errorf("%v", err)
			continue
		}
		if r.H != want.H || r.W != want.W {
			t.Errorf("%s: %d×%d, want %d×%d", name, r.H, r.W, want.H, want.W)
			continue
		}
		if off := apart(r.Pix, unhex(t, want.RGB)); off > slack(name) {
			t.Errorf("%s: off by %d", name, off)
		}
		checkOpen(t, file, &r)
	}
	if seen < 40 {
		t.Errorf("%d files, want 40 or more", seen)
	}
}

// checkOpen holds Open and Inspect against what Reader read.
func checkOpen(t *testing.T, file string, r *Raster) {
	t.Helper()
	img, err := Open(file)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	var again Raster
	again.Draw(img, 3, nil)
	if off := apart(again.Pix, r.Pix); off > 1 {
		t.Errorf("%s: Open is off by %d from Reader", file, off)
	}
	if i, err := Inspect(file); err != nil || i.W != r.W || i.H != r.H || i.Format == "" {
		t.Errorf("%s: %+v, %v; the picture is %d×%d", file, i, err, r.W, r.H)
	}
}

func TestModes(t *testing.T) {
	for name, want := range map[string]string{
		"grey.png": "grey", "grey16.png": "grey 16", "rgb.png": "colour", "rgba.png": "colour alpha", "palette8.png": "palette",
		"rgb16.png": "colour 16", "rgba16.png": "colour 16 alpha", "cmyk.jpg": "cmyk", "rgb444.jpg": "colour", "lossy.webp": "colour", "rgb.gif": "palette",
	} {
		if i, err := Inspect("testdata/" + name); err != nil || i.Mode != want {
			t.Errorf("%s: %+v, %v; want %q", name, i, err, want)
		}
	}
}

func TestRareKindsAreSaidToBe(t *testing.T) {
	_, err := Open("testdata/cmyk.tif")
	if err == nil || !strings.Contains(err.Error(), "rare kind") || !strings.Contains(err.Error(), "PNG") {
		t.Errorf("%v", err)
	}
}

func TestGreyIsPillowsLuma(t *testing.T) {
	var want string
	if err := json.Unmarshal(golden(t)["_grey"], &want); err != nil {
		t.Fatal(err)
	}
	var d Reader
	var r Raster
	if err := d.Read("testdata/rgb.png", &r, 1, nil); err != nil {
		t.Fatal(err)
	}
	if off := apart(r.Pix, unhex(t, want)); off != 0 {
		t.Errorf("off by %d", off)
	}
}

func TestResizeIsPillows(t *testing.T) {
	var want map[string]string
	if err := json.Unmarshal(golden(t)["_resize"], &want); err != nil {
		t.Fatal(err)
	}
	var d Reader
	var s Sizer
	var from, to Raster
	if err := d.Read("testdata/noise.png", &from, 3, nil); err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{5, 7}, {23, 31}, {40, 50}, {11, 62}, {1, 1}} {
		s.Resize(&to, &from, image.Rect(0, 0, 31, 23), size[0], size[1])
		key := strings.ReplaceAll(strings.Trim(strings.ReplaceAll(jsonOf(size), ",", "x"), "[]"), " ", "")
		if off := apart(to.Pix, unhex(t, want[key])); off != 0 {
			t.Errorf("%s: off by %d", key, off)
		}
	}
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestBackground(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	for _, c := range []struct {
		on   color.Color
		want [3]uint8
	}{{nil, [3]uint8{255, 255, 255}}, {color.Black, [3]uint8{}}, {color.NRGBA{10, 200, 30, 255}, [3]uint8{10, 200, 30}}} {
		var r Raster
		r.Draw(m, 3, c.on)
		if [3]uint8(r.Pix) != c.want {
			t.Errorf("on %v: %v, want %v", c.on, r.Pix, c.want)
		}
	}
}

// TestEveryKindOfImageDraws holds the quick ways against the one through At.
func TestEveryKindOfImageDraws(t *testing.T) {
	src := waves(3, 9, 7)
	for i := 3; i < len(src.Pix); i += 8 {
		src.Pix[i] = uint8(i)
	}
	for _, m := range []interface {
		image.Image
		Set(x, y int, c color.Color)
	}{
		image.NewRGBA(src.Rect), image.NewNRGBA(src.Rect), image.NewGray(src.Rect), image.NewGray16(src.Rect),
		image.NewRGBA64(src.Rect), image.NewNRGBA64(src.Rect), image.NewCMYK(src.Rect), image.NewAlpha(src.Rect),
		image.NewPaletted(src.Rect, color.Palette{color.Black, color.White, color.Transparent, color.NRGBA{200, 10, 10, 100}}),
	} {
		for y := range 7 {
			for x := range 9 {
				m.Set(x, y, src.At(x, y))
			}
		}
		for _, c := range []int{1, 3} {
			var quick, slow Raster
			quick.Draw(m, c, color.NRGBA{3, 120, 250, 255})
			slow.Draw(struct{ image.Image }{m}, c, color.NRGBA{3, 120, 250, 255})
			if off := apart(quick.Pix, slow.Pix); off > 1 {
				t.Errorf("%T, %d channels: off by %d", m, c, off)
			}
		}
	}
}

// encoded is one image in the formats that Go can write.
func encoded(t *testing.T, img image.Image) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, encode := range map[string]func(b *bytes.Buffer) error{
		"png":  func(b *bytes.Buffer) error { return png.Encode(b, img) },
		"jpeg": func(b *bytes.Buffer) error { return jpeg.Encode(b, img, &jpeg.Options{Quality: 95}) },
		"gif":  func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) },
		"bmp":  func(b *bytes.Buffer) error { return bmp.Encode(b, img) },
		"tiff": func(b *bytes.Buffer) error { return tiff.Encode(b, img, nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(name, err)
		}
		all[name] = b.Bytes()
	}
	return all
}

func TestDecodeRefuses(t *testing.T) {
	all := encoded(t, waves(1, 60, 60))
	huge := bytes.Clone(all["png"])
	binary.BigEndian.PutUint32(huge[16:], 100_000)
	binary.BigEndian.PutUint32(huge[20:], 100_000)
	fixCRC(huge)
	flat := bytes.Clone(all["bmp"])
	binary.LittleEndian.PutUint32(flat[18:], 0)
	tests := []struct {
		name, want string
		text       []byte
	}{
		{"nothing", "is empty", nil},
		{"text", `is no picture limpid reads (PNG, JPEG, GIF, BMP, TIFF, WebP); it begins with "hello there,"`, []byte("hello there, this is text")},
		{"huge", "is 100000 × 100000 pixels; at most 50 million are read", huge},
		{"no width", "is of a rare kind", flat},
	}
	for name, text := range all {
		tests = append(tests, struct {
			name, want string
			text       []byte
		}{"half a " + name, "is damaged", text[:len(text)/2]})
	}
	for _, tt := range tests {
		if _, err := Decode(bytes.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		var d Reader
		if err := d.decode(tt.text, new(Raster), 3, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: reader: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open("/no/such.png"); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// fixCRC makes a PNG's changed header valid again.
func fixCRC(text []byte) {
	binary.BigEndian.PutUint32(text[29:], crc32.ChecksumIEEE(text[12:29]))
}

// TestQuickPNG: what the quick reader takes is as image/png has it, with every
// filter and channel count; what it does not take it leaves alone.
func TestQuickPNG(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 33, 21))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i * i / 7)
	}
	clear := waves(5, 33, 21)
	for i := 3; i < len(clear.Pix); i += 4 {
		clear.Pix[i] = uint8(i)
	}
	for name, m := range map[string]image.Image{"colour": waves(4, 33, 21), "grey": grey, "clear": clear, "one": waves(1, 1, 1), "thin": waves(1, 1, 50)} {
		text := pngOf(m)
		for _, c := range []int{1, 3} {
			var p pngReader
			var got, want Raster
			if !p.read(text, &got, c, nil) {
				t.Errorf("%s: not taken", name)
			}
			want.Draw(m, c, nil)
			if off := apart(got.Pix, want.Pix); off != 0 {
				t.Errorf("%s in %d channels: off by %d", name, c, off)
			}
		}
		for i := range text {
			bad := bytes.Clone(text)
			bad[i] ^= 0x10
			var p pngReader
			var r Raster
			if _, err := png.Decode(bytes.NewReader(bad)); err != nil && p.read(bad, &r, 3, nil) {
				t.Fatalf("%s: byte %d is wrong, and nobody saw", name, i)
			}
		}
	}
}

// TestFilters undoes each filter on rows made by its definition.
func TestFilters(t *testing.T) {
	for n := 1; n <= 4; n++ {
		rows := [2][]byte{make([]byte, 5*n), make([]byte, 5*n)}
		for i := range rows[0] {
			rows[0][i], rows[1][i] = uint8(i*91+7), uint8(i*i*13+200)
		}
		for filter := range byte(5) {
			for y, above := range [][]byte{nil, rows[0]} {
				coded := make([]byte, 5*n)
				for i := range coded {
					coded[i] = rows[y][i] - predicted(filter, rows[y], above, i, n)
				}
				if !unfilter(filter, coded, above, n) || !bytes.Equal(coded, rows[y]) {
					t.Errorf("%d channels, filter %d, row %d: %v, want %v", n, filter, y, coded, rows[y])
				}
			}
		}
	}
	if unfilter(5, []byte{1}, nil, 1) {
		t.Error("there is no filter 5")
	}
}

// predicted is what a filter takes from byte i: PNG's definition, word by word.
func predicted(filter byte, row, above []byte, i, n int) byte {
	var a, b, c int
	if i >= n {
		a = int(row[i-n])
	}
	if above != nil {
		b = int(above[i])
		if i >= n {
			c = int(above[i-n])
		}
	}
	p := a + b - c
	distance := func(v int) int { return max(p-v, v-p) }
	switch filter {
	case 1:
		return byte(a)
	case 2:
		return byte(b)
	case 3:
		return byte((a + b) / 2)
	case 4:
		if distance(a) <= distance(b) && distance(a) <= distance(c) {
			return byte(a)
		} else if distance(b) <= distance(c) {
			return byte(b)
		}
		return byte(c)
	}
	return 0
}

func TestOrientationOfDamagedExif(t *testing.T) {
	for _, name := range []string{"turned6.jpg", "turned6.png", "turned6.webp", "turned6.tif"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if o := orientation(text); o != 6 {
			t.Errorf("%s: orientation %d", name, o)
		}
		for i := range min(len(text), 300) {
			for _, v := range []byte{0, 1, 0xff} {
				bad := bytes.Clone(text)
				bad[i] = v
				if o := orientation(bad); o < 1 || o > 8 {
					t.Errorf("%s: byte %d = %d: orientation %d", name, i, v, o)
				}
				orientation(bad[:i]) // must not panic
			}
		}
	}
}

// TestLabelsOfFewBits: what a decoder stretches to 0…255 is still a label.
func TestLabelsOfFewBits(t *testing.T) {
	for bits, most := range map[string]uint8{"grey1": 1, "grey2": 3, "grey4": 15} {
		m, err := OpenLabels("testdata/" + bits + ".png")
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range m.Pix {
			if want := uint8((i%12 + i/12) % (int(most) + 1)); v != want {
				t.Fatalf("%s: pixel %d is %d, want %d", bits, i, v, want)
			}
		}
	}
}

func TestLabelsAreNotColours(t *testing.T) {
	for name, want := range map[string]string{"rgb.png": "in colour at (0, 0)", "grey16.png": "label 4685 at (1, 0)", "gone.png": "gone.png"} {
		if _, err := OpenLabels("testdata/" + name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	m, err := OpenLabels("testdata/palette8.png")
	if err != nil || m.Rect.Dx() != 12 || m.Rect.Dy() != 8 {
		t.Errorf("%v, %v", m, err)
	}
}

func TestNamed(t *testing.T) {
	for name, want := range map[string]bool{"a.png": true, "b/A.JPG": true, ".a.png": false, "png": false, "a.txt": false, "x.tiff": true} {
		if Named(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	if len(Kinds()) != len(kinds) {
		t.Error(Kinds())
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && Named(file) {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if i, err := head(text); err == nil && i.W*i.H > 1<<20 {
			t.Skip("large")
		}
		var d Reader
		var a, b Raster
		err := d.decode(text, &a, 3, nil)
		img, other := Decode(bytes.NewReader(text))
		if (err == nil) != (other == nil) {
			t.Fatalf("reader: %v, Decode: %v", err, other)
		}
		if err != nil {
			return
		}
		b.Draw(img, 3, nil)
		if a.H != b.H || a.W != b.W || apart(a.Pix, b.Pix) > 1 {
			t.Fatalf("%d×%d and %d×%d, off by %d", a.H, a.W, b.H, b.W, apart(a.Pix, b.Pix))
		}
	})
}
