package ringgan

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/report"
	"github.com/limpid-ml/limpid/tensor"
)

var theory = report.Section{Title: "Why the plain game may collapse, and what helps", Text: []string{
	"A generator turns random numbers into points; a discriminator learns to tell its points from real ones; the generator learns to be taken for real. At the optimum of the discriminator the game measures how far the two distributions are apart (Goodfellow et al. 2014), but nobody plays against the optimum. A generator that puts all its points on one mode is found out only after it did so; then it moves to the next mode, and the discriminator after it. What the plain game shows below is the place where it stood when the music stopped.",
	"Packing (Lin et al. 2018): the discriminator sees two samples at once, both real or both generated. Two points on one mode are then suspicious in themselves, for real pairs mostly lie on two. In pairs (Jolicoeur-Martineau 2019; Huang et al. 2024): it scores how much more real a real sample is than a generated one, which leaves no valley where all generated samples are on one side of a border. R1 and R2 (Mescheder et al. 2018) charge the discriminator for its slopes on real and generated samples: without them the game turns round its equilibrium and never comes to rest, with them it does. The generator that is judged is an average over its last hundred steps or so.",
	"The protocol is the published one: 2,500 samples; one is of high quality within three deviations of the nearest centre; a mode is covered by twenty of those. Real samples would be of high quality in 98.9% of all cases: in the plane three deviations hold that much of a Gaussian.",
}}

// pages draws samples while the games went on, and at their end.
func (t *contest) pages(context.Context, *recipe.Measured) ([]report.Section, error) {
	all := []report.Section{theory}
	if s, ok := t.growing(); ok {
		all = append(all, s)
	}
	end, err := t.ending()
	if err != nil {
		return nil, err
	}
	all = append(all, end)
	if len(t.rates) > 0 {
		all = append(all, t.searching())
	}
	return all, nil
}

// growing draws what the first games had learned at some moments.
func (t *contest) growing() (report.Section, bool) {
	s := report.Section{Title: "While it learned", Text: []string{
		fmt.Sprintf("%d samples of the first game of each kind, after so many rounds; the small circles are the modes.", drawn),
	}}
	if t.history == (tensor.Tensor{}) {
		return s, false
	}
	var rows [2][]report.Picture
	for m := range t.history.Dim(0) / (2 * drawn) {
		for k := range rows {
			x := t.history.Slice(0, (2*m+k)*drawn, (2*m+k+1)*drawn)
			rows[k] = append(rows[k], report.Picture{Image: t.points.picture(x), Bold: fmt.Sprintf("round %d", int(moments[m]*float64(t.config.Rounds)))})
		}
	}
	s.Body = []report.Figure{report.Pictures(false, rows[0]).Under("packed, in pairs, with R1 and R2"), report.Pictures(false, rows[1]).Under("the plain game")}
	return s, true
}

// ending draws every game's samples at its end.
func (t *contest) ending() (report.Section, error) {
	s := report.Section{Title: "What came of it"}
	var rows [][]string
	for _, plain := range []bool{false, true} {
		var pictures []report.Picture
		name := "packed, in pairs, with R1 and R2"
		if plain {
			name = "the plain game"
		}
		for i, d := range t.duels {
			if d.plain != plain {
				continue
			}
			x, err := d.samples(uint64(sampled+i), sampled)
			if err != nil {
				return s, err
			}
			c := t.points.count(x)
			pictures = append(pictures, report.Picture{Image: t.points.picture(x), Bold: fmt.Sprintf("%d of %d modes", c.modes(), len(c.perMode)), Text: fmt.Sprintf("%.1f%% high quality, seed %d", 100*c.high, d.seed)})
			rows = append(rows, []string{name, fmt.Sprint(d.seed), fmt.Sprint(c.modes()), fmt.Sprintf("%.1f%%", 100*c.high), fmt.Sprint(c.perMode)})
		}
		s.Body = append(s.Body, report.Pictures(false, pictures).Under(name))
	}
	s.Body = append(s.Body, report.Table([]string{"game", "seed", "modes", "high quality", "samples on each mode"}, rows))
	return s, nil
}

// searching tells how the learning rates were found.
func (t *contest) searching() report.Section {
	var rows [][]string
	for _, r := range t.rates {
		name := "packed, in pairs, with R1 and R2"
		if r.plain {
			name = "the plain game"
		}
		chosen := ""
		if r.rate == t.best(r.plain) {
			chosen = "chosen"
		}
		rows = append(rows, []string{name, fmt.Sprint(r.rate), fmt.Sprint(r.count.modes()), fmt.Sprintf("%.1f%%", 100*r.count.high), chosen})
	}
	return report.Section{Title: "The search for the learning rates", Text: []string{
		fmt.Sprintf("Both kinds have the same networks, the same rounds and the same search: each rate is tried for %d rounds from a seed of its own.", t.searchRounds()),
	}, Body: []report.Figure{report.Table([]string{"game", "learning rate", "modes", "high quality", ""}, rows)}}
}

// side is the width and height of a picture in pixels.
const side = 240

// picture draws samples, divided by scale, over circles of three deviations
// around the centres.
func (p points) picture(x tensor.Tensor) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	reach := p.scale() * extent * 1.3
	at := func(x, y float64) (int, int) {
		return int((x/reach + 1) / 2 * side), int((1 - y/reach) / 2 * side)
	}
	for _, c := range p.centres {
		cx, cy := at(c[0], c[1])
		circle(img, cx, cy, max(3, int(3*p.deviation/reach/2*side)), color.RGBA{200, 90, 40, 255})
	}
	v := tensor.Data[float32](x)
	for i := range len(v) / 2 {
		cx, cy := at(float64(v[2*i])*p.scale(), float64(v[2*i+1])*p.scale())
		if (image.Point{X: cx, Y: cy}).In(img.Rect) {
			img.SetRGBA(cx, cy, color.RGBA{20, 60, 140, 255})
		}
	}
	return img
}

// circle draws the outline of a circle.
func circle(img *image.RGBA, cx, cy, r int, c color.RGBA) {
	for y := -r; y <= r; y++ {
		for x := -r; x <= r; x++ {
			if d := x*x + y*y; d <= r*r+r && d >= r*r-r {
				img.SetRGBA(cx+x, cy+y, c)
			}
		}
	}
}

// options are the settings of predict.
type options struct {
	Samples int    `json:"samples" help:"points to draw" min:"1" max:"1000000"`
	Seed    uint64 `json:"seed" help:"of the random numbers that they are made of"`
}

// answer draws points from the first generator.
func (t *contest) answer(_ context.Context, q *recipe.Question) (*recipe.Answer, error) {
	x, err := t.duels[0].samples(t.options.Seed, t.options.Samples)
	if err != nil {
		return nil, err
	}
	v := tensor.Data[float32](x)
	points := make([][2]float64, t.options.Samples)
	var text bytes.Buffer
	for i := range points {
		points[i] = [2]float64{float64(v[2*i]) * t.points.scale(), float64(v[2*i+1]) * t.points.scale()}
		fmt.Fprintf(&text, "%.4f,%.4f\n", points[i][0], points[i][1])
	}
	return &recipe.Answer{Text: text.String(), Value: points, Picture: t.points.picture(x)}, nil
}
