package dates

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"strings"
	"unicode/utf8"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/draw"
)

// options are the settings of predict.
type options struct {
	Beam int `json:"beam" help:"beginnings of an answer that are kept side by side; 1 takes the likeliest character each time" min:"1" max:"64"`
}

// written is what the network makes of a line.
type written struct {
	Text        string  `json:"text"`
	Answer      string  `json:"answer"`
	Probability float64 `json:"probability"`
}

// mostLines is how many lines of an input are answered.
const mostLines = 10_000

// answer writes each line of the input anew, and draws where the network looked
// for the first.
func (l *lesson) answer(ctx context.Context, q *recipe.Question) (*recipe.Answer, error) {
	a := &recipe.Answer{}
	var all []written
	var text strings.Builder
	lines, n := bufio.NewScanner(q.In), 0
	lines.Buffer(nil, 16*longest)
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		w, err := l.rewrite(ctx, line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if all = append(all, w); len(all) > mostLines {
			return nil, fmt.Errorf("more than %d lines; split the input", mostLines)
		}
		out := fmt.Sprintf("%s\t%s\t%.1f%%\n", w.Text, w.Answer, 100*w.Probability)
		if q.Out == nil {
			text.WriteString(out)
		} else if _, err := fmt.Fprint(q.Out, out); err != nil {
			return nil, err
		}
		if c := l.language.unknown(line); c != "" {
			a.Doubt = fmt.Sprintf("line %d has %q, which the network has never read", n, c)
		} else if w.Probability < 0.5 {
			a.Doubt = fmt.Sprintf("of line %d the network is unsure: its own probability for the answer is %.0f%%", n, 100*w.Probability)
		}
	}
	switch {
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d is too long; at most %d characters will do", n+1, longest)
	case lines.Err() != nil:
		return nil, lines.Err()
	case len(all) == 0:
		return nil, errors.New("there is nothing to rewrite: give lines of text")
	}
	a.Text, a.Value = text.String(), all
	return a, l.drawLooks(a, all[0])
}

// rewrite answers one line.
func (l *lesson) rewrite(ctx context.Context, line string) (written, error) {
	if !utf8.ValidString(line) {
		return written{}, errors.New("it is not UTF-8")
	}
	if err := check("it", line); err != nil {
		return written{}, err
	}
	a, err := search(ctx, l.net, l.model, l.language.from.Encode(line), l.options.Beam, l.most)
	if err != nil {
		return written{}, err
	}
	return written{line, l.language.to.Decode(a.symbols), a.chance}, nil
}

// drawLooks draws where the network looked in a text for each character that it
// wrote.
func (l *lesson) drawLooks(a *recipe.Answer, w written) error {
	rows, columns, values, err := l.heat(pair{w.Text, w.Answer})
	if err != nil {
		return err
	}
	const cell, size = 22, 20
	img := image.NewRGBA(image.Rect(0, 0, cell*(len(columns)+2), cell*(len(rows)+2)))
	white, ink := color.RGBA{255, 255, 255, 255}, color.RGBA{20, 20, 20, 255}
	fill(img, img.Rect, white)
	for j, c := range columns {
		draw.Text(img, image.Pt(cell*(j+2), 0), size, c, ink, white)
	}
	for i, r := range rows {
		draw.Text(img, image.Pt(0, cell*(i+2)), size, r, ink, white)
		for j, v := range values[i] {
			shade := uint8(255 - 215*v)
			fill(img, image.Rect(cell*(j+2), cell*(i+2), cell*(j+3)-1, cell*(i+3)-1), color.RGBA{shade, shade, 255 - (255-shade)/4, 255})
		}
	}
	a.Picture = img
	return nil
}

func fill(img *image.RGBA, r image.Rectangle, c color.RGBA) {
	stddraw.Draw(img, r, image.NewUniform(c), image.Point{}, stddraw.Src)
}

// heat returns where the network looks in a pair's source for each character of
// the target, with names for rows and columns.
func (l *lesson) heat(p pair) (rows, columns []string, values [][]float64, err error) {
	from, to := l.language.from.Encode(p.from), l.language.to.Encode(p.to)
	if values, err = looks(l.net, l.model, from, to); err != nil {
		return nil, nil, nil, err
	}
	for _, c := range p.to {
		rows = append(rows, string(c))
	}
	rows = append(rows, "∎")
	for _, c := range p.from {
		if c == ' ' {
			c = '␣'
		}
		columns = append(columns, string(c))
	}
	return rows, columns, values, nil
}
