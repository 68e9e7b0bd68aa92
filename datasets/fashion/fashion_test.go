package fashion

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/format/idx"
	"github.com/limpid-ml/limpid/tensor"
)

const debian = "/usr/share/datasets/fashion-mnist"

// needsPublished skips where the published files are not installed.
func needsPublished(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(debian, published[0].file)); err != nil {
		t.Skip("Debian's dataset-fashion-mnist is not installed")
	}
}

// balanced fails unless s has n images of each class.
func balanced(t *testing.T, name string, set data.Dataset, n int) {
	t.Helper()
	s := set.(*data.Images)
	var have [10]int
	for i := range s.Len() {
		have[s.Label(i)]++
	}
	for c, k := range have {
		if k != n {
			t.Errorf("%s has %d of %s, want %d", name, k, Classes[c], n)
		}
	}
}

func TestMini(t *testing.T) {
	s := Mini()
	balanced(t, "train", s.Train, 540)
	balanced(t, "validate", s.Validate, 60)
	balanced(t, "test", s.Test, 200)
	if Mini().Train != s.Train {
		t.Error("a second call unpacks again")
	}
	if !slices.Equal(s.Test.(*data.Images).Classes, Classes) {
		t.Errorf("classes %v", s.Test.(*data.Images).Classes)
	}
}

func TestMiniIsWhatWasCut(t *testing.T) {
	pix, labels, err := unpack(mini)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	h.Write(labels)
	h.Write(pix)
	const want = "cf5f85137f51c0d7bd27666b6e9a6f3ab52069ff25262a0d7749ae8e16fa8db0"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("labels and pixels have SHA-256 %s, want %s", got, want)
	}
	if len(mini) > 1_500_000 {
		t.Errorf("mini.bin has %d bytes", len(mini))
	}
}

// first returns the first n images of each class from the published files.
func first(t *testing.T, name string, n int) (pix, labels []uint8) {
	t.Helper()
	read := func(file string) []uint8 {
		x, err := idx.ReadFile(filepath.Join(debian, file), "")
		if err != nil {
			t.Fatal(err)
		}
		return tensor.View[uint8](x)
	}
	images, all := read(name+"-images-idx3-ubyte.gz"), read(name+"-labels-idx1-ubyte.gz")
	var have [10]int
	for i, l := range all {
		if have[l]++; have[l] <= n {
			labels = append(labels, l)
			for _, v := range images[i*size : (i+1)*size] {
				pix = append(pix, v>>4*17)
			}
		}
	}
	return pix, labels
}

func TestMiniIsTheFirstOfEachClass(t *testing.T) {
	needsPublished(t)
	pix, labels, err := unpack(mini)
	if err != nil {
		t.Fatal(err)
	}
	wantPix, wantLabels := first(t, "train", 600)
	testPix, testLabels := first(t, "t10k", 200)
	if !bytes.Equal(pix, append(wantPix, testPix...)) || !bytes.Equal(labels, append(wantLabels, testLabels...)) {
		t.Error("mini.bin is not the first images of each class")
	}
}

func TestPartsOfMiniDoNotOverlap(t *testing.T) {
	seen := map[string]string{}
	twice := 0
	for name, set := range map[string]data.Dataset{"train": Mini().Train, "validate": Mini().Validate, "test": Mini().Test} {
		s := set.(*data.Images)
		for i := range s.Len() {
			key := string(s.Bytes(i))
			if other, ok := seen[key]; ok && other != name {
				twice++
			}
			seen[key] = name
		}
	}
	if twice > 0 {
		t.Errorf("%d images lie in two parts", twice)
	}
}

func TestMiniIsNormalised(t *testing.T) {
	var sum, squares, n float64
	loader := &data.Loader{Data: Mini().Train, Batch: 100}
	for b, err := range loader.Epoch(context.Background(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.X.Shape(), []int{100, 28, 28, 1}) || b.Y.DType() != tensor.Int32 {
			t.Fatalf("X %v, Y %v", b.X.Shape(), b.Y)
		}
		for _, v := range tensor.View[float32](b.X) {
			sum += float64(v)
			squares += float64(v) * float64(v)
			n++
		}
	}
	if mean, square := sum/n, squares/n; mean < -.05 || mean > .05 || square < .9 || square > 1.1 {
		t.Errorf("mean %.3f, mean square %.3f, want about 0 and 1", mean, square)
	}
	if err := data.Check(Mini().Train, 10); err != nil {
		t.Error(err)
	}
}

func TestUnpackErrors(t *testing.T) {
	for name, raw := range map[string][]byte{
		"nothing": nil, "cut": mini[:1000], "last part gone": mini[:len(mini)-10], "length": {255, 255, 255, 255, 1},
	} {
		if _, _, err := unpack(raw); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFull(t *testing.T) {
	needsPublished(t)
	s, err := Full(debian)
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, "train", s.Train, 5500)
	balanced(t, "validate", s.Validate, 500)
	balanced(t, "test", s.Test, 1000)
	small := Mini().Test.(*data.Images).Bytes(0)
	for i, v := range s.Test.(*data.Images).Bytes(0) {
		if small[i] != v>>4*17 {
			t.Fatalf("pixel %d of the first test image is %d and %d", i, v, small[i])
		}
	}
}

func TestFullErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Full(dir)
	for _, want := range []string{dir, "train-images", "dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, published[0].file), []byte("no"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Full(dir); err == nil || !strings.Contains(err.Error(), "SHA-256") || !strings.Contains(err.Error(), published[0].file) {
		t.Error(err)
	}
}

func BenchmarkUnpack(b *testing.B) {
	for b.Loop() {
		if _, _, err := unpack(mini); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleMini() {
	set := Mini()
	fmt.Println(set.Train.Len(), set.Validate.Len(), set.Test.Len())
	fmt.Println(Classes[set.Test.(*data.Images).Label(0)])
	// Output:
	// 5400 600 2000
	// ankle boot
}
