// Package spoken holds spoken words, embedded: ten digits and ten commands, and
// strings of digits, as five speech synthesisers say them in 49 ways, at 8,000
// samples a second; to test with, another synthesiser and six people, of whom
// nothing is in the other parts.
//
// The synthesisers that train and validate are espeak-ng, RHVoice, SVOX Pico,
// festival and GnuSpeech; validation has voices of its own. The test is of
// flite, whose voices are of other speakers too, and of the Free Spoken Digit
// Dataset: digits alone, for that is what people were asked for. make/make.py
// made all of it and has versions and sources; see LICENSE-spoken.
//
// nn and all above it may import spoken. It imports data/audio and format.
package spoken

import (
	"bytes"
	_ "embed" // the clips
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/format/flac"
)

// Rate is the number of samples a second.
const Rate = 8000

var (
	//go:embed train.flac
	trainSound []byte
	//go:embed train.tsv
	trainList string
	//go:embed validate.flac
	validateSound []byte
	//go:embed validate.tsv
	validateList string
	//go:embed test.flac
	testSound []byte
	//go:embed test.tsv
	testList string
)

// Digits are the words for 0 to 9.
var Digits = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// Commands are the other words.
var Commands = []string{"yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"}

// Spoken is a word, or a string of digits, as a voice says it.
type Spoken struct {
	audio.Clip
	Voice string // the synthesiser, its voice and its settings; "human" and a name
	Text  string // words with spaces between
}

// Words returns the words of the text.
func (s *Spoken) Words() []string { return strings.Fields(s.Text) }

// Human tells whether a person says it.
func (s *Spoken) Human() bool { return strings.HasPrefix(s.Voice, "human ") }

// Phrase tells whether it was said as a string of digits, which may have one.
func (s *Spoken) Phrase() bool {
	return strings.HasSuffix(s.Voice, " string") || strings.Contains(s.Text, " ")
}

// Part says what clips are for.
type Part int

// The parts of the set. Test is for one last look.
const (
	Train Part = iota
	Validate
	Test
)

// Clips returns the clips of a part: by voice, of each the words ahead of the
// strings. They are unpacked once; every call returns the same, which is to be
// read only.
func Clips(p Part) []*Spoken { return parts[p]() }

var parts = [...]func() []*Spoken{
	sync.OnceValue(func() []*Spoken { return unpack(trainSound, trainList) }),
	sync.OnceValue(func() []*Spoken { return unpack(validateSound, validateList) }),
	sync.OnceValue(func() []*Spoken { return unpack(testSound, testList) }),
}

func unpack(sound []byte, list string) []*Spoken {
	all, err := cut(sound, list)
	if err != nil {
		panic(fmt.Sprintf("spoken: the embedded set is damaged: %v", err)) // only a broken build has it
	}
	return all
}

// cut cuts sound into the clips that the lines of a list name: voice, text and
// number of samples, with tabs between.
func cut(sound []byte, list string) (all []*Spoken, err error) {
	whole, err := flac.Read(bytes.NewReader(sound))
	if err != nil {
		return nil, err
	}
	if whole.Rate != Rate || whole.Channels != 1 {
		return nil, fmt.Errorf("%d channels at %d samples a second", whole.Channels, whole.Rate)
	}
	rest := whole.Samples
	for n, line := range strings.Split(strings.TrimSuffix(list, "\n"), "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d is %q, want three fields", n+1, line)
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil || size < 1 || size > len(rest) {
			return nil, fmt.Errorf("line %d: %q samples of %d that are left", n+1, fields[2], len(rest))
		}
		clip := audio.Clip{Samples: rest[:size:size], Rate: Rate}
		all, rest = append(all, &Spoken{Clip: clip, Voice: fields[0], Text: fields[1]}), rest[size:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d samples are in no clip", len(rest))
	}
	return all, nil
}
