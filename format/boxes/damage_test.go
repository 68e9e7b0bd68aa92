package boxes

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notes are a format's files of boxes, below its folder in testdata.
var notes = map[string][]string{
	"coco": {"annotations/instances.json"}, "voc": {"Annotations/a.xml", "Annotations/b.xml"}, "yolo": {"data.yaml", "labels/a.txt", "labels/b.txt"},
}

// damaged reads a copy of a folder with one file's text replaced. Whatever is
// wrong: no panic, an error that names what was read, and what is left of the
// set is sound.
func damaged(t *testing.T, dir, name, what, text string) (*Set, error) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("%s: panic: %v\n%s", what, p, text)
		}
	}()
	set, err := Read(dir, nil)
	if err != nil {
		said := err.Error()
		if !strings.Contains(said, filepath.Base(dir)) && !strings.Contains(said, filepath.Base(name)) || strings.Contains(said, "%!") {
			t.Errorf("%s: the error names nothing: %q", what, said)
		}
	}
	var faults *Faults
	if set != nil && err != nil && !errors.As(err, &faults) {
		t.Errorf("%s: a set with an error that is no *Faults: %v", what, err)
	}
	if set == nil && err == nil {
		t.Errorf("%s: neither a set nor an error", what)
	}
	if set != nil {
		sound(t, what, set)
	}
	return set, err
}

// sound fails unless all boxes of a set lie in their pictures, have an area and
// a class.
func sound(t *testing.T, what string, set *Set) {
	t.Helper()
	for _, p := range set.Pictures {
		for _, o := range p.Objects {
			inside := o.X1 >= 0 && o.Y1 >= 0 && o.X2 <= float64(p.W) && o.Y2 <= float64(p.H)
			if !inside || !(o.X2 > o.X1) || !(o.Y2 > o.Y1) || o.Class < 0 || o.Class >= len(set.Classes) {
				t.Errorf("%s: %s, %d × %d, of %d classes, has %+v", what, p.File, p.W, p.H, len(set.Classes), o)
			}
		}
	}
	for i, c := range set.Classes {
		if slices.Contains(set.Classes[:i], c) {
			t.Errorf("%s: two classes %q", what, c)
		}
	}
}

// eachNote runs a check on every file of every format, in a copy of its folder.
func eachNote(t *testing.T, check func(t *testing.T, dir, name, text string)) {
	for format, names := range notes {
		for _, name := range names {
			t.Run(format+" "+filepath.Base(name), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), format)
				if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", format))); err != nil {
					t.Fatal(err)
				}
				if set, err := Read(dir, nil); err != nil || len(set.Pictures) == 0 {
					t.Fatalf("undamaged: %v, %v", set, err)
				}
				text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
				if err != nil {
					t.Fatal(err)
				}
				check(t, dir, name, string(text))
			})
		}
	}
}

// TestEveryBeginningOfANote is read or refused; of JSON and XML it is refused.
func TestEveryBeginningOfANote(t *testing.T) {
	eachNote(t, func(t *testing.T, dir, name, text string) {
		end := len(strings.TrimRight(text, "\n "))
		for n := 0; n < end; n += max(1, end/80) {
			what := fmt.Sprintf("%d of %d bytes", n, len(text))
			_, err := damaged(t, dir, name, what, text[:n])
			if ext := filepath.Ext(name); err == nil && (ext == ".json" || ext == ".xml") {
				t.Errorf("%s: no error", what)
			}
		}
	})
}

// TestEveryByteOfANote changed to signs that mean something.
func TestEveryByteOfANote(t *testing.T) {
	eachNote(t, func(t *testing.T, dir, name, text string) {
		r := rand.New(rand.NewPCG(1, 2))
		const signs = "-9e.,:{}[]<>/\"'\x00\xff \n#0"
		for range 100 {
			at, to := r.IntN(len(text)), signs[r.IntN(len(signs))]
			damaged(t, dir, name, fmt.Sprintf("byte %d is %q", at, to), text[:at]+string([]byte{to})+text[at+1:])
		}
	})
}

// TestEveryNumberOfANote replaced by numbers that no picture has.
func TestEveryNumberOfANote(t *testing.T) {
	eachNote(t, func(t *testing.T, dir, name, text string) {
		for _, odd := range []string{"-1", "0", "NaN", "1e308", "-1e308", "99999999999999999999", "0.5", "Infinity", ""} {
			for k, at := range numbers(text) {
				if k%5 == len(odd)%5 { // a fifth of them each
					damaged(t, dir, name, fmt.Sprintf("number %d is %q", k, odd), text[:at[0]]+odd+text[at[1]:])
				}
			}
		}
	})
}

// numbers returns where text has numbers.
func numbers(text string) (all [][2]int) {
	isDigit := func(i int) bool { return text[i] >= '0' && text[i] <= '9' || text[i] == '.' }
	for i := 0; i < len(text); i++ {
		if !isDigit(i) {
			continue
		}
		from := i
		for i < len(text) && isDigit(i) {
			i++
		}
		all = append(all, [2]int{from, i})
	}
	return all
}

// TestLinesOfANote left out, doubled and swapped.
func TestLinesOfANote(t *testing.T) {
	eachNote(t, func(t *testing.T, dir, name, text string) {
		lines := strings.SplitAfter(text, "\n")
		step := max(1, len(lines)/60)
		for k := 0; k < len(lines); k += step {
			damaged(t, dir, name, fmt.Sprintf("without line %d", k+1), strings.Join(slices.Delete(slices.Clone(lines), k, k+1), ""))
			damaged(t, dir, name, fmt.Sprintf("line %d twice", k+1), strings.Join(slices.Insert(slices.Clone(lines), k, lines[k]), ""))
			if k > 0 {
				swapped := slices.Clone(lines)
				swapped[k-1], swapped[k] = swapped[k], swapped[k-1]
				damaged(t, dir, name, fmt.Sprintf("lines %d and %d swapped", k, k+1), strings.Join(swapped, ""))
			}
		}
	})
}
