// Package audio brings sound to a network: clips from WAV and FLAC files at any
// rate, log-mel spectrograms and MFCC, and the changes that make a recogniser
// robust: noise, speed, pitch, SpecAugment.
//
// A [Clip] is one channel; [Open] mixes a file's channels, [OpenChannels] keeps
// them apart. Functions return new clips and leave their operands alone. What
// is drawn at random is drawn from a [tensor.Rand]; [Draw] makes one of (seed,
// epoch, index), so that a resumed run hears what an uninterrupted one would
// have heard.
//
//	clip, err := audio.Open("hello.wav")
//	mel, err := audio.NewMel(audio.MelOptions{Rate: 16000, Bands: 40})
//	x, err := mel.Log(clip.Resample(16000)) // float32 [frames, 40]
//
// datasets, nn and all above them may import audio. It imports tensor, format
// and gonum's Fourier transform.
package audio

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/format/flac"
	"github.com/limpid-ml/limpid/format/wav"
	"github.com/limpid-ml/limpid/tensor"
)

// Clip is sound of one channel: samples of −1 to 1, Rate of them a second.
type Clip struct {
	Samples []float32
	Rate    int
}

// Open reads a WAV or FLAC file and mixes its channels into one: their mean.
func Open(file string) (Clip, error) {
	all, err := OpenChannels(file)
	if err != nil {
		return Clip{}, err
	}
	return Mix(all...), nil
}

// OpenChannels reads a WAV or FLAC file, told apart by their first bytes. A
// sample that is not finite is an error.
func OpenChannels(file string) ([]Clip, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	all, err := Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("audio: %s: %w", file, err)
	}
	return all, nil
}

// Decode reads WAV or FLAC from r, as [OpenChannels] does.
func Decode(r io.Reader) ([]Clip, error) {
	var magic [12]byte
	n, err := io.ReadFull(r, magic[:])
	if n == 0 && err != nil {
		return nil, fmt.Errorf("no sound: %w", err)
	}
	whole := io.MultiReader(bytes.NewReader(magic[:n]), r)
	tag := string(magic[:n])
	if name := otherSound(tag); name != "" {
		return nil, fmt.Errorf("is %s, which is not read: convert it to WAV or FLAC first, e.g. with sox or ffmpeg", name)
	}
	read := wav.Read
	if strings.HasPrefix(tag, "fLaC") || strings.HasPrefix(tag, "ID3") {
		read = flac.Read
	}
	s, err := read(whole)
	if err != nil && strings.HasPrefix(tag, "ID3") {
		return nil, fmt.Errorf("has an ID3 tag, as MP3 files do, and no FLAC after it: convert it to WAV or FLAC first (%w)", err)
	}
	if err != nil {
		return nil, err
	}
	return split(s)
}

// otherSound names the formats that users have most often beside those that are
// read, by a file's first 12 bytes.
func otherSound(tag string) string {
	switch {
	case strings.HasPrefix(tag, "OggS"):
		return "Ogg"
	case len(tag) > 8 && tag[4:8] == "ftyp":
		return "MP4 or M4A"
	case strings.HasPrefix(tag, "FORM"):
		return "AIFF"
	case strings.HasPrefix(tag, "\x1aE\xdf\xa3"):
		return "WebM or Matroska"
	case len(tag) > 1 && tag[0] == 0xff && tag[1]&0xe0 == 0xe0:
		return "MP3 or AAC"
	}
	return ""
}

// split takes the channels of s apart.
func split(s *wav.Sound) ([]Clip, error) {
	all := make([]Clip, s.Channels)
	for c := range all {
		all[c] = Clip{Samples: make([]float32, s.Frames()), Rate: s.Rate}
	}
	for i, v := range s.Samples {
		if v-v != 0 { // NaN or infinite
			return nil, fmt.Errorf("sample %d of channel %d is %v", i/s.Channels, i%s.Channels, v)
		}
		all[i%s.Channels].Samples[i/s.Channels] = v
	}
	return all, nil
}

// Save writes a WAV file of 16 bits; what lies beyond ±1 is clipped.
func (c Clip) Save(file string) error {
	if err := wav.WriteFile(file, &wav.Sound{Rate: c.Rate, Channels: 1, Samples: c.Samples}); err != nil {
		return fmt.Errorf("audio: %w", err)
	}
	return nil
}

// Duration returns how long c plays.
func (c Clip) Duration() time.Duration {
	if c.Rate < 1 {
		return 0
	}
	return time.Duration(float64(len(c.Samples)) / float64(c.Rate) * float64(time.Second))
}

// Mix returns the mean of clips of one rate, as long as the longest; the others
// are silent after their end. It panics with a [*tensor.Error] if there is none
// or the rates differ.
func Mix(clips ...Clip) Clip {
	if len(clips) == 0 {
		tensor.Fail("audio.Mix", "no clip")
	}
	n := 0
	for _, c := range clips {
		if c.Rate != clips[0].Rate {
			tensor.Fail("audio.Mix", "clips of %d and %d samples a second: resample one first", clips[0].Rate, c.Rate)
		}
		n = max(n, len(c.Samples))
	}
	out := Clip{Samples: make([]float32, n), Rate: clips[0].Rate}
	if len(clips) == 1 {
		copy(out.Samples, clips[0].Samples)
		return out
	}
	share := 1 / float32(len(clips))
	for _, c := range clips {
		for i, v := range c.Samples {
			out.Samples[i] += v * share
		}
	}
	return out
}

// Gain returns c louder by so many decibels.
func (c Clip) Gain(db float64) Clip {
	f := float32(math.Pow(10, db/20))
	out := c.like(len(c.Samples))
	for i, v := range c.Samples {
		out.Samples[i] = v * f
	}
	return out
}

// Fit returns c with n samples: cut at the end, or followed by silence.
func (c Clip) Fit(n int) Clip {
	out := c.like(n)
	copy(out.Samples, c.Samples)
	return out
}

// Trim returns c without what is quieter than its loudest part by more than so
// many decibels, at both ends. Loudness is that of windows of 2,048 samples,
// one every 512, as librosa.effects.trim has it; 60 is its usual value. A clip
// that is all silence stays as it is.
func (c Clip) Trim(db float64) Clip {
	const window, hop = 2048, 512
	n := len(c.Samples)/hop + 1
	power := make([]float64, n)
	loudest := 0.
	for f := range power {
		from := max(f*hop-window/2, 0)
		to := min(f*hop+window/2, len(c.Samples))
		for _, v := range c.Samples[min(from, to):to] {
			power[f] += float64(v) * float64(v) / window
		}
		loudest = max(loudest, power[f])
	}
	const floor = 1e-10
	limit := max(loudest, floor) * math.Pow(10, -db/10)
	first, last := 0, n-1
	for first < n && max(power[first], floor) <= limit {
		first++
	}
	for last > first && max(power[last], floor) <= limit {
		last--
	}
	if first == n {
		return c.like(0)
	}
	from, to := min(first*hop, len(c.Samples)), min((last+1)*hop, len(c.Samples))
	out := c.like(to - from)
	copy(out.Samples, c.Samples[from:to])
	return out
}

// like returns n samples of silence at c's rate.
func (c Clip) like(n int) Clip {
	return Clip{Samples: make([]float32, n), Rate: c.Rate}
}

// power returns the mean square of the samples.
func (c Clip) power() float64 {
	sum := 0.
	for _, v := range c.Samples {
		sum += float64(v) * float64(v)
	}
	return sum / float64(max(len(c.Samples), 1))
}
