package format_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/limpid-ml/limpid/format/npy"
	"github.com/limpid-ml/limpid/format/picture"
	"github.com/limpid-ml/limpid/format/safetensors"
	"github.com/limpid-ml/limpid/format/wav"
	"github.com/limpid-ml/limpid/tensor"
)

// oddFloats are values that are easily lost on the way.
var oddFloats = []float32{0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0.1,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1 << 24, 1<<24 + 2, 1e-40}

// bitsOf are a tensor's bits, for NaN is not equal to itself.
func bitsOf(x tensor.Tensor) []uint64 {
	var all []uint64
	for _, v := range tensor.Data[float64](x.To(tensor.Float64)) {
		all = append(all, math.Float64bits(v))
	}
	return all
}

// same fails unless two tensors are alike in type, shape and every bit.
func same(t *testing.T, what string, got, want tensor.Tensor) {
	t.Helper()
	if got.DType() != want.DType() || !slices.Equal(got.Shape(), want.Shape()) || !slices.Equal(bitsOf(got), bitsOf(want)) {
		t.Errorf("%s: %v %v became %v %v:\n%v\n%v", what, want.DType(), want.Shape(), got.DType(), got.Shape(), want, got)
	}
}

// TestTensorsChangeFormats: from NumPy's file to its archive to safetensors and
// back not a bit is lost, whatever the type, the shape and the order of axes.
func TestTensorsChangeFormats(t *testing.T) {
	bits := make([]bool, 6)
	bits[1], bits[4] = true, true
	for name, x := range map[string]tensor.Tensor{
		"odd floats": tensor.Of(oddFloats, 2, 7), "doubles": tensor.Of([]float64{math.Pi, math.SmallestNonzeroFloat64, -1e300}, 3),
		"ints": tensor.Of([]int32{math.MinInt32, math.MaxInt32, 0, -1}, 4, 1), "bytes": tensor.Of([]uint8{0, 255, 7}, 1, 3), "bools": tensor.Of(bits, 3, 2),
		"scalar": tensor.Of([]float32{2.5}, 1).Reshape(), "empty": tensor.Of([]float32{}, 3, 0, 2), "turned": tensor.Arange(24).Reshape(2, 3, 4).Permute(2, 0, 1),
		"eight axes": tensor.Arange(8).Reshape(1, 2, 1, 2, 1, 2, 1, 1), "widened": tensor.Arange(3).Reshape(3, 1).BroadcastTo(3, 5),
	} {
		var file, archive, safe bytes.Buffer
		if err := npy.Write(&file, x); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, err := npy.Read(&file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, name+" in .npy", a, x)
		if err := npy.WriteZip(&archive, map[string]tensor.Tensor{"a/b": a}); err != nil {
			t.Fatal(err)
		}
		all, err := npy.ReadZip(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, name+" in .npz", all["a/b"], x)
		if err := safetensors.Write(&safe, all, nil); err != nil {
			t.Fatal(err)
		}
		if all, _, err = safetensors.Read(&safe); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, name+" in .safetensors", all["a/b"], x)
	}
}

// TestNamesSurvive that people and other programs give to tensors.
func TestNamesSurvive(t *testing.T) {
	want := map[string]string{"framework": "limpid", "": "nothing", "quote \"": "line\nend", "日本": "\\"}
	all := map[string]tensor.Tensor{}
	for i, name := range []string{"a", "layer.0.weight", "mit Umlaut ä", `"quoted"`, "back\\slash", "tab\t", "a/b/../c", "猫", "{}"} {
		all[name] = tensor.Of([]int32{int32(i)}, 1)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, all, want); err != nil {
		t.Fatal(err)
	}
	got, meta, err := safetensors.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(all) || fmt.Sprint(meta) != fmt.Sprint(want) {
		t.Errorf("%d tensors, metadata %q", len(got), meta)
	}
	for name, x := range all {
		if y, there := got[name]; !there {
			t.Errorf("%q is lost", name)
		} else {
			same(t, name, y, x)
		}
	}
}

// TestSoundIsExact where an encoding can hold it: every step of 8 and 16 bits,
// samples of 24, and all floats.
func TestSoundIsExact(t *testing.T) {
	steps := func(bits int) (all []float32) {
		for v := -1 << (bits - 1); v < 1<<(bits-1); v++ {
			all = append(all, float32(v)/float32(int(1)<<(bits-1)))
		}
		return all
	}
	r := rand.New(rand.NewPCG(1, 2))
	fine := make([]float32, 3000)
	for i := range fine {
		fine[i] = float32(r.IntN(1<<24)-1<<23) / (1 << 23)
	}
	for encoding, samples := range map[wav.Encoding][]float32{
		wav.PCM8: steps(8), wav.PCM16: steps(16), wav.PCM24: fine, wav.PCM32: fine, wav.Float32: slices.Concat(fine, []float32{1.5, -7, 1e-30}), wav.Float64: fine,
	} {
		for _, channels := range []int{1, 2} {
			var b bytes.Buffer
			s := &wav.Sound{Rate: 44100, Channels: channels, Encoding: encoding, Samples: samples[:len(samples)/2*2]}
			if err := wav.Write(&b, s); err != nil {
				t.Fatal(err)
			}
			got, err := wav.Read(&b)
			if err != nil {
				t.Fatal(err)
			}
			if got.Rate != 44100 || got.Channels != channels || got.Encoding != encoding || got.Frames() != len(s.Samples)/channels {
				t.Errorf("%v: %d Hz, %d channels, %d frames of %v", encoding, got.Rate, got.Channels, got.Frames(), got.Encoding)
			}
			for i, v := range got.Samples {
				if v != s.Samples[i] {
					t.Fatalf("%v: sample %d is %g, was %g", encoding, i, v, s.Samples[i])
				}
			}
		}
	}
}

// TestPicturesAreExact through files that lose nothing, of all sizes: pixel by
// pixel as the package image has them.
func TestPicturesAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 25 {
		at := image.Rect(0, 0, 1+r.IntN(20), 1+r.IntN(20))
		rgba := image.NewNRGBA(at)
		for i := range rgba.Pix {
			rgba.Pix[i] = uint8(r.Uint32())
		}
		for i := 3; i < len(rgba.Pix); i += 4 {
			rgba.Pix[i] = 255
		}
		grey := image.NewGray(at)
		draw.Draw(grey, at, rgba, image.Point{}, draw.Src)
		for name, encode := range map[string]func(b *bytes.Buffer, img image.Image) error{
			"png": func(b *bytes.Buffer, img image.Image) error { return png.Encode(b, img) },
			"bmp": func(b *bytes.Buffer, img image.Image) error { return bmp.Encode(b, img) },
			"tiff": func(b *bytes.Buffer, img image.Image) error {
				return tiff.Encode(b, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
			},
		} {
			for _, img := range []image.Image{rgba, grey} {
				got, err := picture.Decode(bytes.NewReader(encoded(t, func(b *bytes.Buffer) error { return encode(b, img) })))
				if err != nil {
					t.Fatalf("%s of %v: %v", name, at, err)
				}
				if got.Bounds().Size() != at.Size() {
					t.Fatalf("%s: %v became %v", name, at, got.Bounds())
				}
				for i := range at.Dx() * at.Dy() {
					x, y := i%at.Dx(), i/at.Dx()
					was := color.NRGBAModel.Convert(img.At(x, y))
					is := color.NRGBAModel.Convert(got.At(got.Bounds().Min.X+x, got.Bounds().Min.Y+y))
					if was != is {
						t.Fatalf("%s of %v: pixel (%d, %d) is %v, was %v", name, at, x, y, is, was)
					}
				}
			}
		}
	}
}
