package listen

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/internal/par"
	"github.com/limpid-ml/limpid/recipe"
)

const (
	// Longest is how many seconds of sound a clip may have.
	Longest = 60
	// mostBytes bounds what is read of a file: 60 s of eight channels of 32 bits
	// at 48 kHz take 92 MB.
	mostBytes = 96 << 20
	// margin is the samples that are left ahead of what is heard, and after it.
	margin = Rate / 10
)

// Read reads WAV or FLAC and returns samples at Rate, without the silence at
// their ends, and what was done to them, in words.
func Read(r io.Reader) (samples []float32, steps []string, err error) { return read(r, mostBytes) }

func read(r io.Reader, most int64) (samples []float32, steps []string, err error) {
	limited := &io.LimitedReader{R: r, N: most + 1}
	channels, err := audio.Decode(limited)
	switch {
	case limited.N == 0:
		return nil, nil, fmt.Errorf("the file has more than %d MB: cut it into clips of up to %d seconds", most>>20, Longest)
	case errors.Is(err, io.EOF):
		return nil, nil, errors.New("the file is empty")
	case err != nil:
		return nil, nil, errors.New(strings.TrimPrefix(err.Error(), "audio: "))
	}
	clip := channels[0]
	if len(channels) > 1 {
		clip = audio.Mix(channels...)
		steps = append(steps, fmt.Sprintf("mixed %d channels into one", len(channels)))
	}
	if d := clip.Duration().Seconds(); d > Longest {
		return nil, nil, fmt.Errorf("the sound lasts %.0f s: cut it into clips of up to %d", d, Longest)
	}
	if clip.Rate != Rate {
		steps = append(steps, fmt.Sprintf("resampled from %d to %d samples a second", clip.Rate, Rate))
		clip = clip.Resample(Rate)
	}
	cut := trim(clip.Samples)
	if len(cut) == 0 {
		return nil, nil, errors.New("there is no sound in the file: it is silent, or has no samples")
	}
	if d := float64(len(clip.Samples)-len(cut)) / Rate; d >= 0.1 {
		steps = append(steps, fmt.Sprintf("cut off %.1f s of silence", d))
	}
	return cut, steps, nil
}

// Ask is [Read] of a question's input; the error names it.
func Ask(q *recipe.Question) (samples []float32, steps []string, err error) {
	samples, steps, err = Read(q.In)
	if err != nil && q.Name != "" {
		name := q.Name
		if name == "-" {
			name = "standard input"
		}
		err = fmt.Errorf("%s: %w", name, err)
	}
	return samples, steps, err
}

// trim cuts off what is 40 dB below the loudest 10 ms, but for a margin; nil:
// there is no sound.
func trim(x []float32) []float32 {
	var power []float64
	top := 0.
	for t := 0; t < len(x); t += Hop {
		sum := 0.
		for _, v := range x[t:min(t+Hop, len(x))] {
			sum += float64(v) * float64(v)
		}
		power = append(power, sum)
		top = max(top, sum)
	}
	if top < 1e-10 {
		return nil
	}
	first, last := 0, len(power)-1
	for power[first] < 1e-4*top {
		first++
	}
	for power[last] < 1e-4*top {
		last--
	}
	return x[max(0, first*Hop-margin):min(len(x), (last+1)*Hop+margin)]
}

// Load reads the sound of files, several at once. The error names every file
// that cannot be read, but no more than ten.
func Load(files []audio.Utterance) ([][]float32, error) {
	all, faults := make([][]float32, len(files)), make([]error, len(files))
	par.Each(par.Workers(), len(files), func(i int) { all[i], faults[i] = open(files[i].File) })
	return all, some(faults)
}

// some joins the first ten of the errors, and tells of the others.
func some(faults []error) error {
	const shown = 10
	var found []error
	for _, err := range faults {
		if err != nil {
			found = append(found, err)
		}
	}
	if more := len(found) - shown; more > 0 {
		found = append(found[:shown], fmt.Errorf("and %d files more", more))
	}
	return errors.Join(found...)
}

func open(file string) ([]float32, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	samples, _, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return samples, nil
}

// Loudest returns the n samples in a row that are loudest, all of x if it has no
// more.
func Loudest(x []float32, n int) []float32 {
	if len(x) <= n {
		return x
	}
	sum, best, at := 0., math.Inf(-1), 0
	for i, v := range x {
		sum += float64(v) * float64(v)
		if i >= n {
			sum -= float64(x[i-n]) * float64(x[i-n])
		}
		if i >= n-1 && sum > best {
			best, at = sum, i-n+1
		}
	}
	return x[at : at+n]
}

// Voice names who speaks, of a clip's voice: "flite awb string" is flite awb, and
// a synthesiser's settings are left out.
func Voice(name string) string {
	words := strings.Fields(name)
	return strings.Join(words[:min(2, len(words))], " ")
}

// Compare orders voices: people last.
func Compare(a, b string) int {
	return cmp.Or(boolean(strings.HasPrefix(a, "human "))-boolean(strings.HasPrefix(b, "human ")), cmp.Compare(a, b))
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
