package data

import (
	"context"
	"image"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"
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

// processor returns the time that this process has spent on processors.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFiles is W12 of the peers: PNG files of 256×256, cropped at random to
// 224×224, flipped, in batches of 32, by two workers; and 32×32 moved by up to 4
// pixels, in batches of 64.
func BenchmarkFiles(b *testing.B) {
	for _, c := range []struct {
		name  string
		side  int
		batch int
		t     Transform
	}{
		{"png256_crop224_b32", 256, 32, Compose(Crop{H: 224, W: 224}.Transform(), RandomFlip())},
		{"png32_pad4_b64", 32, 64, Compose(RandomCrop(4), RandomFlip())},
	} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			for i := range 64 {
				m := waves(uint64(i), c.side, c.side)
				writePicture(b, filepath.Join(dir, string(rune('a'+i%4)), string(rune('A'+i))+".png"), func(w io.Writer) error { return png.Encode(w, m) })
			}
			set, err := ImageFolder(dir, c.side, c.side)
			if err != nil {
				b.Fatal(err)
			}
			l := &Loader{Data: set, Batch: c.batch, Transform: c.t, Workers: 2}
			b.ReportAllocs()
			b.ResetTimer()
			before, pictures := processor(), 0
			for batch, err := range l.Batches(context.Background(), 0, b.N) {
				if err != nil {
					b.Fatal(err)
				}
				pictures += batch.N
			}
			b.ReportMetric(float64(pictures)/b.Elapsed().Seconds(), "img/s")
			b.ReportMetric(float64((processor()-before).Microseconds())/float64(pictures), "cpu-µs/img")
		})
	}
}
