package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/run"
)

// hostile is data that someone may well have, and that nobody can learn from.
type hostile struct {
	files map[string]string // added to good data, or replacing it; "": the file goes, "/": a folder in its place
	want  []string          // what the error says, beside the path
}

// tree writes files below dir.
func tree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		where := filepath.Dir(file)
		if text == "/" {
			where = file
		}
		if err := os.MkdirAll(where, 0o777); err != nil {
			t.Fatal(err)
		}
		if text == "" || text == "/" {
			continue
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// refused trains on each hostile folder: an error of its kind, which says where
// and what, and no run that looks as if there were something in it: none, or,
// where files are read as they are needed, one that is known to have failed.
func refused(t *testing.T, args []string, good map[string]string, all map[string]hostile) {
	for name, h := range all {
		t.Run(name, func(t *testing.T) {
			dir, runs := t.TempDir(), filepath.Join(t.TempDir(), "runs")
			tree(t, dir, good)
			tree(t, dir, h.files)
			c, out, errs := call(t.Context(), append(args, "--data", dir, "--runs-dir", runs)...)
			if c != codeInput || out != "" {
				t.Fatalf("exit %d, %q, %s", c, out, errs)
			}
			mustSay(t, errs, append(h.want, dir, "fix:")...)
			if left, _ := filepath.Glob(filepath.Join(runs, "*")); len(left) > 0 {
				if text, err := os.ReadFile(filepath.Join(left[0], run.RecordFile)); err != nil || !strings.Contains(string(text), `"failed"`) {
					t.Errorf("left %q: %s, %v", left, text, err)
				}
			}
		})
	}
}

// square is a picture of one colour with a corner of another.
func square(n int, c color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, n, n))
	for i := range n * n {
		img.Set(i%n, i/n, c)
	}
	img.Set(0, 0, color.Black)
	return img
}

// encoded is a picture as a file of a kind.
func encoded(t *testing.T, kind string, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, img)
	case "jpg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// classes are good pictures, a folder for each of two classes.
func classes(t *testing.T) map[string]string {
	good := map[string]string{}
	for i := range 8 {
		good[fmt.Sprintf("red/%d.png", i)] = encoded(t, "png", square(9+i, color.NRGBA{200, uint8(i), 0, 255}))
		good[fmt.Sprintf("blue/%d.jpg", i)] = encoded(t, "jpg", square(20-i, color.NRGBA{0, uint8(i), 200, 255}))
	}
	return good
}

var learnPictures = []string{"train", "fashion-mlp", "--set", "size=8", "--set", "width=2", "--set", "batch=4", "--epochs", "1"}

func TestHostilePicturesByClass(t *testing.T) {
	ping, jpg, anim := encoded(t, "png", square(30, color.White)), encoded(t, "jpg", square(30, color.White)), encoded(t, "gif", square(30, color.White))
	flipped := []byte(ping)
	flipped[len(flipped)-20] ^= 0xff
	wide := append([]byte(ping[:16]), 0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20) // 20,000 × 20,000
	refused(t, learnPictures, classes(t), map[string]hostile{
		"a PNG that ends early":        {map[string]string{"red/cut.png": ping[:len(ping)/2]}, []string{"cut.png"}},
		"a PNG of the head alone":      {map[string]string{"red/head.png": ping[:33]}, []string{"head.png"}},
		"a PNG with a bit flipped":     {map[string]string{"red/bit.png": string(flipped)}, []string{"bit.png"}},
		"a head of 20,000 × 20,000":    {map[string]string{"red/wide.png": string(wide) + ping[24:]}, []string{"wide.png"}},
		"a bomb":                       {map[string]string{"red/bomb.png": string(hugePNG())}, []string{"bomb.png"}},
		"a JPEG that ends early":       {map[string]string{"red/cut.jpg": jpg[:len(jpg)/3]}, []string{"cut.jpg"}},
		"a JPEG without its end":       {map[string]string{"red/tables.jpg": jpg[:60]}, []string{"tables.jpg"}},
		"a GIF that ends early":        {map[string]string{"red/cut.gif": anim[:15]}, []string{"cut.gif"}},
		"a BMP of a head":              {map[string]string{"red/head.bmp": "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"}, []string{"head.bmp"}},
		"a TIFF that points out":       {map[string]string{"red/out.tif": "II*\x00\xff\xff\xff\x7f"}, []string{"out.tif"}},
		"a WebP of a head":             {map[string]string{"red/head.webp": "RIFF\xff\xff\xff\x7fWEBPVP8 "}, []string{"head.webp"}},
		"an empty file":                {map[string]string{"red/none.png": "\n"}, []string{"none.png"}},
		"a text":                       {map[string]string{"red/text.png": "not a picture"}, []string{"text.png"}},
		"a page of HTML":               {map[string]string{"red/404.jpg": "<html>404 Not Found</html>"}, []string{"404.jpg"}},
		"several at once":              {map[string]string{"red/a.png": "x", "blue/b.png": "y"}, []string{"a.png", "b.png"}},
		"a name that a terminal obeys": {map[string]string{"red/\x1b[31mx.png": "x"}, []string{`\x1b[31mx.png`}},
		"a class without pictures":     {map[string]string{"void": "/"}, []string{`"void" has no pictures`}},
		"one class":                    {map[string]string{"red": ""}, []string{"one class, blue"}},
		"train and nothing else":       {map[string]string{"red": "", "blue": "", "train/a/1.png": ping, "train/b/1.png": ping}, []string{"too few"}},
		"a class for the test alone":   {map[string]string{"red": "", "blue": "", "train/a/1.png": ping, "train/b/1.png": ping, "test/c/1.png": ping}, []string{`"c" is not among`}},
		"no folders":                   {map[string]string{"red": "", "blue": "", "a.png": ping}, []string{"for each class"}},
		"nothing":                      {map[string]string{"red": "", "blue": ""}, []string{"for each class"}},
	})
}

// Strange is not wrong: these are learned from.
func TestStrangePicturesByClass(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, classes(t))
	clear := image.NewPaletted(image.Rect(0, 0, 12, 5), color.Palette{color.Transparent, color.NRGBA{200, 0, 0, 255}})
	clear.SetColorIndex(3, 2, 1)
	tree(t, dir, map[string]string{
		"red/dot.png":       encoded(t, "png", square(1, color.NRGBA{255, 0, 0, 255})),
		"red/row.png":       encoded(t, "png", image.NewNRGBA(image.Rect(0, 0, 400, 1))),
		"red/palette.png":   encoded(t, "png", clear),
		"red/moving.gif":    encoded(t, "gif", square(9, color.NRGBA{200, 0, 0, 255})),
		"blue/deep.png":     encoded(t, "png", image.NewNRGBA64(image.Rect(0, 0, 6, 6))),
		"blue/grey.png":     encoded(t, "png", image.NewGray(image.Rect(0, 0, 6, 60))),
		"blue/named jpg":    "passed over",
		"blue/.hidden.png":  "passed over",
		"blue/deep/ü 1.png": encoded(t, "png", square(7, color.NRGBA{0, 0, 255, 255})),
	})
	c, out, errs := call(t.Context(), append(learnPictures, "--data", dir, "--json", "--runs-dir", filepath.Join(t.TempDir(), "runs"))...)
	if c != codeOK || !strings.Contains(out, `"accuracy"`) {
		t.Errorf("exit %d: %s", c, errs)
	}
}

func TestHostileTables(t *testing.T) {
	good := "a,b,y\n"
	for i := range 40 {
		good += fmt.Sprintf("%d,%s,%d\n", i*i%13, []string{"p", "q"}[i%2], i%7)
	}
	row := func(text string) string { return good + text }
	for name, h := range map[string]struct{ text, want string }{
		"a field too few":          {row("1,p\n"), "line 42: 2 fields"},
		"a quote left open":        {row("1,\"p,3\n"), "line 42"},
		"a typing error":           {row("1,p,3x\n"), `line 42: "3x" is no number`},
		"not UTF-8":                {row("1,\xe9,3\n"), "line 42: not UTF-8"},
		"a spreadsheet":            {"PK\x03\x04\x14\x00\xff\xfe", "line 1: not UTF-8"},
		"a column twice":           {"a,a,y\n1,2,3\n", `two columns are called "a"`},
		"a head alone":             {"a,b,y\n", "no rows"},
		"empty":                    {"", "no rows"},
		"few rows":                 {"a,y\n1,2\n3,4\n", "2 rows with a y"},
		"an answer that is always": {"a,y\n" + strings.Repeat("1,5\n2,5\n", 20), "always 5"},
		"another's columns":        {"c,d\n1,2\n", `no column "y"`},
	} {
		t.Run(name, func(t *testing.T) {
			file, runs := filepath.Join(t.TempDir(), "rows.csv"), filepath.Join(t.TempDir(), "runs")
			tree(t, filepath.Dir(file), map[string]string{"rows.csv": h.text + map[bool]string{true: "\n"}[h.text == ""]})
			c, out, errs := call(t.Context(), "train", "table", "--quick", "--data", file, "--target", "y", "--runs-dir", runs)
			if c != codeInput || out != "" {
				t.Fatalf("exit %d, %q, %s", c, out, errs)
			}
			mustSay(t, errs, h.want, file, "fix:")
			if left, _ := filepath.Glob(filepath.Join(runs, "*")); len(left) > 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

// What is asked of a run that has learned a table, and what is measured: neither
// a mistake in it nor an answer changes the run.
func TestHostileRowsToPredict(t *testing.T) {
	w := &world{T: t, dir: t.TempDir()}
	w.runs = filepath.Join(w.dir, "runs")
	if c, _, errs := call(t.Context(), "train", "table", "--quick", "--runs-dir", w.runs); c != codeOK {
		t.Fatal(errs)
	}
	before := w.snapshot()
	head := "cylinders,displacement,horsepower,weight,acceleration,model_year,origin\n"
	dir := t.TempDir()
	for name, h := range map[string]struct{ text, want string }{
		"letters.csv":  {head + "8,307,130,heavy,12,70,usa\n", `line 2: "heavy" is no number`},
		"short.csv":    {head + "8,307\n", "line 2: 2 fields, want 7"},
		"lacking.csv":  {"cylinders,origin\n8,usa\n", `need "displacement"`},
		"nothing.csv":  {"\n", "no rows"},
		"picture.csv":  {string(pngOf(3, 3)), "line 1: not UTF-8"},
		"missing.csv":  {head + "8,307,130,,12,70,usa\n", `line 2, column "weight": the value is missing`},
		"nowhere.csv":  {"", "nowhere.csv"},
		"afolder.csv":  {"/", "afolder.csv"},
		"endless.csv":  {head + strings.Repeat("1,", 5000) + "\n", "line 2"},
		"infinite.csv": {head + "8,307,130,1e999,12,70,usa\n", `"1e999" is no number`},
	} {
		tree(t, dir, map[string]string{name: h.text})
		c, out, errs := call(t.Context(), "predict", "latest", filepath.Join(dir, name), "--runs-dir", w.runs)
		if c != codeInput || out != "" {
			t.Errorf("%s: exit %d, %q, %s", name, c, out, errs)
			continue
		}
		mustSay(t, errs, h.want, name, "fix:")
	}
	tree(t, dir, map[string]string{"good.csv": head + "8,307,130,3504,12,70,usa\n4,97,?,2130,14.5,70,mars\n"})
	c, out, errs := call(t.Context(), "predict", "latest", filepath.Join(dir, "good.csv"), "--runs-dir", w.runs)
	if c != codeOK || strings.Count(out, "\n") != 3 || !strings.Contains(errs, `column "origin": mars`) {
		t.Errorf("exit %d, %q, %s", c, out, errs)
	}
	w.unchanged(before)
}

// boxed are good pictures with boxes around their things, as COCO has them.
func boxed(t *testing.T, change func(images, boxes, names []string) (a, b, c []string)) string {
	var images, boxes []string
	for i := range 12 {
		images = append(images, fmt.Sprintf(`{"id":%d,"file_name":"%d.png","width":40,"height":30}`, i, i))
		boxes = append(boxes, fmt.Sprintf(`{"id":%d,"image_id":%d,"category_id":1,"bbox":[%d,4,9,8]}`, i, i, i))
	}
	names := []string{`{"id":1,"name":"cat"}`}
	if change != nil {
		images, boxes, names = change(images, boxes, names)
	}
	return fmt.Sprintf("{\"images\":[%s],\n\"annotations\":[%s],\n\"categories\":[%s]}", strings.Join(images, ","), strings.Join(boxes, ","), strings.Join(names, ","))
}

func TestHostileBoxes(t *testing.T) {
	good := map[string]string{"boxes.json": boxed(t, nil)}
	picture := string(pngOf(40, 30))
	for i := range 12 {
		good[fmt.Sprintf("%d.png", i)] = picture
	}
	box := func(text string) map[string]string {
		return map[string]string{"boxes.json": boxed(t, func(i, b, c []string) (_, _, _ []string) { b[3] = text; return i, b, c })}
	}
	name := func(all ...string) map[string]string {
		return map[string]string{"boxes.json": boxed(t, func(i, b, c []string) (_, _, _ []string) { return i, b, append(c, all...) })}
	}
	refused(t, []string{"train", "detect", "--quick"}, good, map[string]hostile{
		"a box outside":             {box(`{"id":3,"image_id":3,"category_id":1,"bbox":[100,4,9,8]}`), []string{"boxes.json", "annotations[3]", "reaches out"}},
		"a box without area":        {box(`{"id":3,"image_id":3,"category_id":1,"bbox":[1,4,0,8]}`), []string{"boxes.json", "no area"}},
		"a box of three numbers":    {box(`{"id":3,"image_id":3,"category_id":1,"bbox":[1,4,9]}`), []string{"boxes.json", "3 numbers"}},
		"a box of no picture":       {box(`{"id":3,"image_id":99,"category_id":1,"bbox":[1,4,9,8]}`), []string{"boxes.json", "id 99"}},
		"a box of no class":         {box(`{"id":3,"image_id":3,"category_id":7,"bbox":[1,4,9,8]}`), []string{"boxes.json", "7"}},
		"a class named twice":       {name(`{"id":2,"name":"cat"}`), []string{"boxes.json", "named twice"}},
		"a file that ends early":    {map[string]string{"boxes.json": good["boxes.json"][:300]}, []string{"boxes.json", "line"}},
		"a picture that is gone":    {map[string]string{"5.png": ""}, []string{"5.png"}},
		"a picture that ends early": {map[string]string{"5.png": picture[:40]}, []string{"5.png"}},
		"nothing":                   {map[string]string{"boxes.json": "{}"}, []string{"no boxes found"}},
	})
}

func TestHostileMasks(t *testing.T) {
	good := map[string]string{}
	mask := image.NewGray(image.Rect(0, 0, 20, 20))
	for i := range 100 {
		mask.Pix[i] = 1
	}
	for i := range 12 {
		good[fmt.Sprintf("images/%d.png", i)] = encoded(t, "png", square(20, color.NRGBA{uint8(9 * i), 80, 20, 255}))
		good[fmt.Sprintf("masks/%d.png", i)] = encoded(t, "png", mask)
	}
	refused(t, []string{"train", "segment", "--quick"}, good, map[string]hostile{
		"a mask that is gone":       {map[string]string{"masks/3.png": ""}, []string{"3.png"}},
		"a mask that ends early":    {map[string]string{"masks/3.png": good["masks/3.png"][:50]}, []string{"3.png"}},
		"a mask of another size":    {map[string]string{"masks/3.png": string(pngOf(7, 9))}, []string{"3.png"}},
		"a mask in colours":         {map[string]string{"masks/3.png": encoded(t, "png", square(20, color.NRGBA{9, 80, 200, 255}))}, []string{"3.png"}},
		"a picture that ends early": {map[string]string{"images/3.png": good["images/3.png"][:50]}, []string{"3.png"}},
		"no masks":                  {map[string]string{"masks": ""}, []string{"masks"}},
		"a text for a mask":         {map[string]string{"masks/3.png": "none"}, []string{"3.png"}},
	})
}
