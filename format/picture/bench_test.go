package picture

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"
)

// waves is a picture of smooth waves with a little noise, about as hard to
// compress as a photograph.
func waves(seed uint64, w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for k := range 3 {
		fx, fy, at := 2+10*r.Float64(), 2+10*r.Float64(), 6*r.Float64()
		for y := range h {
			for x := range w {
				v := 127 + 90*math.Sin(fx*float64(x)/float64(w)+fy*float64(y)/float64(h)+at) + 6*r.NormFloat64()
				m.Pix[y*m.Stride+4*x+k] = uint8(min(max(v, 0), 255))
			}
		}
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

func pngOf(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// BenchmarkPNG decodes 256×256 RGB files.
func BenchmarkPNG(b *testing.B) {
	text := pngOf(waves(1, 256, 256))
	var d Reader
	var r Raster
	b.ReportAllocs()
	for b.Loop() {
		if err := d.decode(text, &r, 3, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "img/s")
	b.ReportMetric(float64(len(text)), "bytes")
}

func BenchmarkResize(b *testing.B) {
	var from, to Raster
	from.Draw(waves(1, 500, 375), 3, nil)
	var s Sizer
	b.ReportAllocs()
	for b.Loop() {
		s.Resize(&to, &from, image.Rect(0, 0, 500, 375), 224, 224)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "img/s")
}
