package listen

import (
	"image"
	"image/color"
	stddraw "image/draw"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/recipe/draw"
)

// Mark is a word at its place in a clip.
type Mark struct {
	Text     string
	From, To float64 // seconds
}

const (
	zoomX, zoomY = 4, 4  // pixels of a frame and of a band
	strip        = 26    // height of the words' strip
	least        = 240   // pixels, so that words fit
	mostFrames   = 4_000 // of a picture: 40 s
)

// Draw draws samples' spectrogram, low frequencies at the bottom, time to the
// right, and a strip of words below it, if there are any. Each word begins with
// a thin line.
func Draw(samples []float32, marks []Mark) image.Image {
	x := Hear(samples)
	frames := min(len(x)/Width, mostFrames)
	lo, hi := slices.Min(x), float32(0)
	for i, v := range x {
		if i%Width < Bands {
			hi = max(hi, v)
		}
	}
	size := image.Rect(0, 0, frames*zoomX, Bands*zoomY)
	if len(marks) > 0 {
		size = image.Rect(0, 0, max(least, frames*zoomX), Bands*zoomY+strip)
	}
	img := image.NewRGBA(size)
	stddraw.Draw(img, img.Rect, image.White, image.Point{}, stddraw.Src)
	for px := range frames * zoomX {
		for py := range Bands * zoomY {
			v := x[px/zoomX*Width+Bands-1-py/zoomY]
			img.SetRGBA(px, py, heat((v-lo)/max(hi-lo, 1e-6)))
		}
	}
	for k, m := range marks {
		from, to := int(m.From*Rate/Hop*zoomX), int(m.To*Rate/Hop*zoomX)
		c := draw.Colour(k % 10)
		for px := max(0, from); px < min(to, frames*zoomX); px++ {
			for py := Bands * zoomY; py < Bands*zoomY+4; py++ {
				img.SetRGBA(px, py, c)
			}
		}
		for py := range Bands * zoomY {
			if from >= 0 && from < frames*zoomX {
				img.SetRGBA(from, py, color.RGBA{255, 255, 255, 255})
			}
		}
		draw.Text(img, image.Pt(from, Bands*zoomY+5), strip-8, m.Text, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255})
	}
	return img
}

// heat is the colour of a share: black, violet, red, yellow, white.
func heat(v float32) color.RGBA {
	stops := [...][3]float64{{0, 0, 0}, {60, 15, 110}, {180, 40, 90}, {245, 140, 30}, {255, 255, 200}}
	at := float64(min(max(v, 0), 1)) * float64(len(stops)-1)
	k := min(int(at), len(stops)-2)
	var c [3]uint8
	for i := range c {
		c[i] = uint8(math.Round(stops[k][i] + (stops[k+1][i]-stops[k][i])*(at-float64(k))))
	}
	return color.RGBA{c[0], c[1], c[2], 255}
}
