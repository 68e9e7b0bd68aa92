package data

import (
	"fmt"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes folders, and pictures in them whose red tells which.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		writePicture(t, path, func(w io.Writer) error {
			return png.Encode(w, fullOf(3, 3, color.RGBA{uint8(10 * (i + 1)), 0, 0, 255}))
		})
	}
	return dir
}

// base lists a set's files by what follows dir.
func below(dir string, files []string) (names []string) {
	for _, f := range files {
		names = append(names, filepath.ToSlash(strings.TrimPrefix(f, dir+string(filepath.Separator))))
	}
	return names
}

// TestOddTreesAreRead: strange names, but pictures by class.
func TestOddTreesAreRead(t *testing.T) {
	for name, tt := range map[string]struct{ files, want, classes []string }{
		"spaces and signs": {[]string{"two words/a b.png", "%d$HOME/'q'.png"}, []string{"%d$HOME/'q'.png", "two words/a b.png"}, []string{"%d$HOME", "two words"}},
		"other scripts":    {[]string{"猫/一.png", "äpfel/ö.png"}, []string{"äpfel/ö.png", "猫/一.png"}, []string{"äpfel", "猫"}},
		"a line's end":     {[]string{"a\nb/c\td.png", "z/1.png"}, []string{"a\nb/c\td.png", "z/1.png"}, []string{"a\nb", "z"}},
		"capitals":         {[]string{"b/1.PNG", "B/2.Png"}, []string{"B/2.Png", "b/1.PNG"}, []string{"B", "b"}},
		"numbers":          {[]string{"10/a.png", "9/a.png"}, []string{"10/a.png", "9/a.png"}, []string{"10", "9"}},
		"hidden":           {[]string{".git/x.png", "a/.x.png", "a/.thumbs/y.png", "a/y.png", "b/z.png"}, []string{"a/y.png", "b/z.png"}, []string{"a", "b"}},
		"deep":             {[]string{"a/1/2/3/4/5/6/7/x.png", "b/x.png"}, []string{"a/1/2/3/4/5/6/7/x.png", "b/x.png"}, []string{"a", "b"}},
		"a folder x.png":   {[]string{"a/x.png/y.png", "b/x.png"}, []string{"a/x.png/y.png", "b/x.png"}, []string{"a", "b"}},
		"beside classes":   {[]string{"cover.png", "a/x.png"}, []string{"a/x.png"}, []string{"a"}},
		"like patterns":    {[]string{"[a-z]*/x.png", "b?/[1].png"}, []string{"[a-z]*/x.png", "b?/[1].png"}, []string{"[a-z]*", "b?"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, tt.files...)
			set, err := ImageFolder(dir, 3, 3)
			if err != nil {
				t.Fatal(err)
			}
			if got := below(dir, set.Files); !slices.Equal(got, tt.want) || !slices.Equal(set.Classes, tt.classes) {
				t.Errorf("files %q of %q, want %q of %q", got, set.Classes, tt.want, tt.classes)
			}
			for i, f := range below(dir, set.Files) {
				e, err := set.At(i)
				if err != nil {
					t.Fatal(err)
				}
				if class, _, _ := strings.Cut(f, "/"); set.Classes[int(e.Y.Item())] != class {
					t.Errorf("%s has label %v of %q", f, e.Y, set.Classes)
				}
				if red := e.X.Index(0, 0).Index(0, 0).Index(0, 0).Item() * 255; int(red+0.5) != 10*(1+slices.Index(tt.files, f)) {
					t.Errorf("%s holds another picture: red %g", f, red)
				}
			}
		})
	}
}

// TestOddTreesAreRefused: each error names what is wrong and where.
func TestOddTreesAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		files []string
		want  []string
	}{
		"no class":       {[]string{"x.png"}, []string{"no pictures", "a folder for each class"}},
		"empty class":    {[]string{"a/x.png", "b/"}, []string{`class "b" has no pictures`, "add some or remove"}},
		"two are empty":  {[]string{"a/", "b/", "c/x.png"}, []string{`class "a"`, `class "b"`}},
		"hidden alone":   {[]string{"a/.x.png"}, []string{`class "a" has no pictures`}},
		"divided":        {[]string{"train/a/x.png", "Test/a/x.png"}, []string{"divided into", "ImageParts"}},
		"nothing at all": {[]string{"./"}, []string{"no pictures"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ImageFolder(tree(t, tt.files...), 3, 3)
			wantError(t, err, append(tt.want, "data: image folder")...)
		})
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Skip(err)
	}
}

// TestLinksInTrees: those that lead somewhere are followed, those that lead
// back are found out, those that lead nowhere are pictures that cannot be read.
func TestLinksInTrees(t *testing.T) {
	dir, elsewhere := tree(t, "a/x.png"), tree(t, "y.png")
	link(t, elsewhere, filepath.Join(dir, "b"))
	link(t, filepath.Join(dir, "a", "x.png"), filepath.Join(elsewhere, "again.png"))
	set, err := ImageFolder(dir, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := below(dir, set.Files); !slices.Equal(got, []string{"a/x.png", "b/again.png", "b/y.png"}) {
		t.Errorf("files %q", got)
	}

	back := tree(t, "a/x.png")
	link(t, back, filepath.Join(back, "a", "back"))
	_, err = ImageFolder(back, 3, 3)
	wantError(t, err, "folders deep", "does a link lead back?")

	nowhere := tree(t, "a/x.png")
	link(t, "/no/such/file.png", filepath.Join(nowhere, "a", "w.png"))
	set, err = ImageFolder(nowhere, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.At(0)
	wantError(t, err, "w.png", "no such file")
	if _, err := set.At(1); err != nil {
		t.Errorf("the picture beside it: %v", err)
	}
}

// TestManyFoldersKeepTheirOrder so that a class's number does not depend on how
// a disk lists names.
func TestManyFoldersKeepTheirOrder(t *testing.T) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("class-%d/%d.png", (i*37)%60, i))
	}
	dir := tree(t, names...)
	first, err := ImageFolder(dir, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Classes) != 60 || !slices.IsSorted(first.Classes) || !slices.IsSorted(first.Files) {
		t.Errorf("%d classes, sorted: %v, files sorted: %v", len(first.Classes), slices.IsSorted(first.Classes), slices.IsSorted(first.Files))
	}
	second, err := ImageFolder(dir, 3, 3)
	if err != nil || !slices.Equal(first.Files, second.Files) {
		t.Errorf("opened twice, the files differ: %v", err)
	}
}
