package data

import (
	"bytes"
	"encoding/binary"
	"errors"
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

	"github.com/limpid-ml/limpid/format/boxes"
)

// encoded is one picture in each format that Go writes.
func encoded(t *testing.T) map[string][]byte {
	t.Helper()
	m := waves(1, 40, 30)
	all := map[string][]byte{}
	put := func(name string, f func(b *bytes.Buffer) error) {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		all[name] = b.Bytes()
	}
	put("png", func(b *bytes.Buffer) error { return png.Encode(b, m) })
	put("jpg", func(b *bytes.Buffer) error { return jpeg.Encode(b, m, nil) })
	put("gif", func(b *bytes.Buffer) error { return gif.Encode(b, m, nil) })
	put("bmp", func(b *bytes.Buffer) error { return bmp.Encode(b, m) })
	put("tif", func(b *bytes.Buffer) error { return tiff.Encode(b, m, nil) })
	return all
}

// claiming is a PNG whose header says w×h.
func claiming(text []byte, w, h uint32) []byte {
	out := bytes.Clone(text)
	binary.BigEndian.PutUint32(out[16:], w)
	binary.BigEndian.PutUint32(out[20:], h)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

// TestHostilePictures: each is an error that names the file, from Check, Load
// and the loader alike, and costs no other picture.
func TestHostilePictures(t *testing.T) {
	good := encoded(t)
	flipped := bytes.Clone(good["png"])
	flipped[len(flipped)/2] ^= 0xff
	header := bytes.Clone(good["png"])
	header[24] = 3 // bits
	gray := bytes.Clone(good["jpg"])
	for _, c := range []struct {
		name, want string
		text       []byte
	}{
		{"empty.png", "is empty", nil},
		{"text.png", "no picture limpid reads", []byte("<html>not found</html>")},
		{"zeros.jpg", "no picture limpid reads", make([]byte, 500)},
		{"signature.png", "ends early", good["png"][:8]},
		{"head.png", "damaged", good["png"][:33]},
		{"half.png", "damaged", good["png"][:len(good["png"])/2]},
		{"half.jpg", "damaged", gray[:len(gray)/2]},
		{"half.gif", "damaged", good["gif"][:len(good["gif"])/2]},
		{"half.bmp", "damaged", good["bmp"][:len(good["bmp"])/2]},
		{"half.tif", "damaged", good["tif"][:len(good["tif"])/2]},
		{"bit.png", "damaged", flipped},
		{"bits.png", "rare kind", header},
		{"square.png", "20000 × 20000 pixels; at most 50 million", claiming(good["png"], 20000, 20000)},
		{"wide.png", "2000000000 × 1 pixels", claiming(good["png"], 2e9, 1)},
		{"high.png", "ends early", claiming(good["png"], 7, 7_000_000)},
		{"none.png", "damaged", claiming(good["png"], 0, 5)},
		{"negative.png", "damaged", claiming(good["png"], 1<<31+5, 5)},
		{"riff.webp", "0 × 0 pixels", []byte("RIFF\x10\x00\x00\x00WEBPVP8 \x04\x00\x00\x00abcd")},
		{"loop.tif", "damaged", []byte("II*\x00\x08\x00\x00\x00\xff\xff" + strings.Repeat("\x00\x01\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00", 3))},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			checker(t, dir, 4)
			file := filepath.Join(dir, "a", c.name)
			if err := os.WriteFile(file, c.text, 0o644); err != nil {
				t.Fatal(err)
			}
			set, err := ImageFolder(dir, 8, 8)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, Check(set, 2), "1 of 5", c.name, c.want)
			_, err = set.Load(t.Context())
			wantError(t, err, "1 of 5", c.name, c.want)
			_, err = last(&Loader{Data: set, Batch: 1}, t.Context(), 0, 5)
			wantError(t, err, c.name, c.want, "replace or remove")
		})
	}
}

// TestStrangePicturesAreRead: these are rare, but nothing is wrong with them.
func TestStrangePicturesAreRead(t *testing.T) {
	for name, m := range map[string]image.Image{
		"one pixel": image.NewGray(image.Rect(0, 0, 1, 1)), "one row": waves(1, 500, 1), "one column": waves(1, 1, 500),
		"clear palette": image.NewPaletted(image.Rect(0, 0, 5, 5), color.Palette{color.Transparent, color.Black}),
		"16 bits":       image.NewNRGBA64(image.Rect(0, 0, 3, 4)), "cut out of a larger": waves(1, 30, 30).SubImage(image.Rect(7, 5, 19, 11)),
	} {
		for _, fit := range []Fit{Cover, Inside, Stretch} {
			for _, v := range fitted(t, Reading{H: 9, W: 6, Fit: fit}, m) {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%s, fit %d: %g", name, fit, v)
				}
			}
		}
	}
}

// TestHostileFolders are wrong as a whole.
func TestHostileFolders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.png")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	flat := t.TempDir()
	if err := os.WriteFile(filepath.Join(flat, "x.png"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func(dir string) error{
		func(dir string) error { _, err := ImageFolder(dir, 4, 4); return err },
		func(dir string) error { _, err := ImageParts(dir, 4, 4, 1); return err },
		func(dir string) error { _, err := MaskFolder(dir, 4, 4); return err },
		func(dir string) error { _, err := BoxParts(dir, 4, 4, 1); return err },
	} {
		for _, dir := range []string{filepath.Join(flat, "gone"), file, flat, t.TempDir()} {
			wantError(t, open(dir), "data:", filepath.Base(dir))
		}
	}
}

// TestHostileBoxes: each is an error that names the file and the place in it.
func TestHostileBoxes(t *testing.T) {
	const image = `{"id":1,"file_name":"a.png","width":41,"height":30}`
	coco := func(images, annotations, categories string) string {
		return `{"images":[` + images + `],` + "\n" + `"annotations":[` + annotations + `],` + "\n" + `"categories":[` + categories + `]}`
	}
	cat := `{"id":1,"name":"cat"}`
	for name, c := range map[string]struct{ text, want string }{
		"truncated":        {coco(image, "", cat)[:60], "line 1"},
		"a text":           {"hello", "line 1"},
		"a list":           {"[]", "cannot unmarshal"},
		"no images":        {coco("", "", cat), "names no images"},
		"a word for an id": {coco(image, "{\"id\":\n\"x\"}", cat), "line 3"},
		"class twice":      {coco(image, "", cat+`,{"id":2,"name":"cat"}`), "named twice"},
		"class no name":    {coco(image, "", `{"id":1,"name":" "}`), "has no name"},
		"image twice":      {coco(image+","+image, "", cat), "id 1 is there twice"},
		"outside":          {coco(image, `{"id":4,"image_id":1,"category_id":1,"bbox":[100,100,5,5]}`, cat), "annotations[0] (id 4)"},
		"negative":         {coco(image, `{"id":4,"image_id":1,"category_id":1,"bbox":[5,5,-3,5]}`, cat), "no area"},
		"enormous":         {coco(image, `{"id":4,"image_id":1,"category_id":1,"bbox":[0,0,1e300,5]}`, cat), "reaches out"},
		"three numbers":    {coco(image, `{"id":4,"image_id":1,"category_id":1,"bbox":[0,0,1]}`, cat), "3 numbers"},
		"no such image":    {coco(image, `{"id":4,"image_id":8,"category_id":1,"bbox":[0,0,1,1]}`, cat), "no image of id 8"},
		"no such class":    {coco(image, `{"id":4,"image_id":1,"category_id":8,"bbox":[0,0,1,1]}`, cat), "no category of id 8"},
		"escaping":         {coco(`{"id":1,"file_name":"../../../etc/passwd","width":4,"height":4}`, "", cat), "not a file below"},
		"absolute":         {coco(`{"id":1,"file_name":"/etc/passwd","width":4,"height":4}`, "", cat), "not a file below"},
		"Latin-1":          {coco(image, "", "{\"id\":1,\"name\":\"\xe9\"}"), "line 3: not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(cocoDir, "images"))); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "hostile.json")
			if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := BoxFolder(file, 8, 8)
			wantError(t, err, "hostile.json", c.want)
		})
	}
}

// TestASizeThatIsALie: the annotations are for another picture.
func TestASizeThatIsALie(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(cocoDir, "images"))); err != nil {
		t.Fatal(err)
	}
	text := `{"images":[{"id":1,"file_name":"a.png","width":410,"height":300}],"annotations":[],"categories":[]}`
	if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := BoxFolder(dir, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.At(0)
	wantError(t, err, "a.png", "41×30", "410×300")
	var faults *boxes.Faults
	if errors.As(err, &faults) {
		t.Error("a picture's fault is none of the annotations'")
	}
}

// TestHostileTables: each is an error that names line or column, or is read as
// what it can only be.
func TestHostileTables(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "no rows"},
		"a head":        {"a,b,c\n", "no rows"},
		"short row":     {"a,b\n1,2\n\n3\n", "line 4: 1 fields, want 2"},
		"long row":      {"a,b\n1,2,3\n", "line 2: 3 fields, want 2"},
		"open quote":    {"a,b\n1,\"2\n3,4\n", "quote"},
		"lone quote":    {"a,b\n1,2\"\n", "line 2"},
		"Latin-1":       {"a,b\nK\xf6ln,1\n", "line 2: not UTF-8"},
		"UTF-16":        {"\xff\xfea\x00,\x00b\x00\n\x001\x00", "line 1: not UTF-8"},
		"column twice":  {"a,b,a\n1,2,3\n", `two columns are called "a"`},
		"nameless":      {"a,,c\n1,2,3\n", "column 2 has no name"},
		"mostly number": {"a\n" + strings.Repeat("7\n", 40) + "seven\n", `line 42: "seven" is no number`},
		"mostly dates":  {"a\n" + strings.Repeat("2024-05-06\n", 40) + "2024-13-01\n", `line 42: "2024-13-01" is no date`},
		"mostly yes":    {"a\n" + strings.Repeat("yes\n", 40) + "perhaps\n", `line 42: "perhaps" is no boolean`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseTable(strings.NewReader(c.text), "hostile.csv", TableOptions{})
			wantError(t, err, "hostile.csv", c.want)
		})
	}
	for value, kind := range map[string]Kind{"1e999": Category, "0x10": Category, "1_000": Category, "Inf": Category, "+5": Number, "1e-3": Number, "1e31": Category, "T": Boolean, "31.12.1999": Date, "=SUM(A1)": Category} {
		table := parsed(t, "a\n"+value+"\n", TableOptions{})
		if got := table.Columns[0].Kind; got != kind {
			t.Errorf("%q is taken for a %v, want %v", value, got, kind)
		}
	}
}
