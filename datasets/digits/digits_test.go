package digits

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

func TestLoad(t *testing.T) {
	s := Load()
	for name, c := range map[string]struct {
		part        data.Dataset
		n, min, max int // of each class
	}{
		"train": {s.Train, 1257, 120, 130}, "validate": {s.Validate, 180, 15, 21}, "test": {s.Test, 360, 33, 37},
	} {
		var have [10]int
		for i := range c.part.Len() {
			have[c.part.(*data.Images).Label(i)]++
		}
		if c.part.Len() != c.n || slices.Min(have[:]) < c.min || slices.Max(have[:]) > c.max {
			t.Errorf("%s has %d images, by class %v", name, c.part.Len(), have)
		}
		if err := data.Check(c.part, 10); err != nil {
			t.Error(name, err)
		}
	}
	if Load().Test != s.Test {
		t.Error("a second call unpacks again")
	}
}

func TestValues(t *testing.T) {
	lo, hi := float32(9), float32(-9)
	s := Load().Train
	for i := range s.Len() {
		e, err := s.At(i)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.View[float32](e.X)
		lo, hi = min(lo, slices.Min(x)), max(hi, slices.Max(x))
	}
	if lo < -1.00001 || lo > -.99999 || hi < .99999 || hi > 1.00001 {
		t.Errorf("values from %g to %g, want −1 to 1", lo, hi)
	}
}

func TestTheFileIsTheOneThatTheLicenceNames(t *testing.T) {
	text, err := os.ReadFile("LICENSE-digits")
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(file)); !strings.Contains(string(text), sum) {
		t.Errorf("LICENSE-digits does not name SHA-256 %s", sum)
	}
}

func TestDamage(t *testing.T) {
	row := strings.Repeat("0,", size)
	for name, c := range map[string]struct{ text, want string }{
		"rows":   {row + "1\n", "1 rows, want 1797"},
		"ink":    {"17," + row[2:] + "1\n", "row 1, field 1"},
		"digit":  {row + "10\n", "row 1, field 65"},
		"word":   {row + "one\n", `"one"`},
		"fields": {"1,2\n", "wrong number of fields"},
	} {
		if _, _, err := parse(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := load([]byte("no gzip")); err == nil {
		t.Error("no error for a file that is not gzip")
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, row+"1\n")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := load(b.Bytes()); err == nil {
		t.Error("no error for a file of one row")
	}
}

func ExampleLoad() {
	train := Load().Train.(*data.Images)
	for y := range 8 {
		for _, v := range train.Bytes(0)[8*y : 8*y+8] {
			fmt.Print(string([]rune("·-+##")[v/4]))
		}
		fmt.Println()
	}
	fmt.Println(Classes[train.Label(0)])
	// Output:
	// ··-#+···
	// ··##+#-·
	// ··#··++·
	// ·-#··++·
	// ·-+··++·
	// ·-+··#-·
	// ··#-+#··
	// ··-#+···
	// 0
}
