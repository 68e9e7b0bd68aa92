package speech

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/data/audio"
	"github.com/limpid-ml/limpid/recipe/listen"
)

const (
	// listName is the list of what is said in a folder's clips.
	listName = "transcripts.tsv"
	// fewest is how many clips can be dealt into three parts.
	fewest = 7
	// keptText bounds, in bytes, the transcripts that a run keeps for a language
	// model.
	keptText = 256 << 10
	// squeezed is the least share of its time that a clip keeps when training
	// changes it.
	squeezed = 0.6
)

// read reads clips and a list of what is said in them, at dir: a folder with
// transcripts.tsv, or the list itself. It deals them 70 : 15 : 15, and keeps the
// tokens.
func (l *lesson) read(dir string) error {
	list := dir
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		list = filepath.Join(dir, listName)
		if _, err := os.Stat(list); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s: there is no %s: write one, with a line for each clip: its file, a tab, and what is said in it", dir, listName)
		}
	}
	files, err := audio.Transcripts(list)
	if err != nil {
		return err
	}
	if len(files) < fewest {
		return fmt.Errorf("%s names %d clips: want %d or more, to learn from, to choose by and to test with", list, len(files), fewest)
	}
	samples, err := listen.Load(files)
	if err != nil {
		return err
	}
	texts := make([]string, len(files))
	for i, f := range files {
		texts[i] = plain(f.Text)
	}
	l.codec = codecOf(l.config.Tokens, texts)
	all, err := l.spell(files, texts, samples)
	if err != nil {
		return err
	}
	return l.deal(all)
}

// spell makes clips of files, and returns an error that names one that is too
// short for what is said in it.
func (l *lesson) spell(files []audio.Utterance, texts []string, samples [][]float32) ([]clip, error) {
	all := make([]clip, len(files))
	for i := range all {
		labels, err := l.codec.encode(texts[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[i].File, err)
		}
		all[i] = clip{samples: samples[i], text: texts[i], labels: labels, file: files[i].File}
		seconds := float64(len(samples[i])) / listen.Rate
		if room := int(squeezed * seconds / l.step()); needed(labels) > room {
			return nil, fmt.Errorf("%s lasts %.2f s, too short to say %q: CTC needs a step of %.0f ms for each of the %s; check the transcript", files[i].File, seconds, texts[i], 1000*l.step(), l.config.Tokens)
		}
	}
	return all, nil
}

// needed is how many steps labels need: one each, and one between equal ones.
func needed(labels []int32) int {
	n := len(labels)
	for i := 1; i < len(labels); i++ {
		if labels[i] == labels[i-1] {
			n++
		}
	}
	return n
}

// deal deals clips into the three parts and keeps what predict needs.
func (l *lesson) deal(all []clip) error {
	parts, err := data.Deal{Seed: l.config.Seed}.Shares(len(all), 0.7, 0.15, 0.15)
	if err != nil {
		return err
	}
	for k, to := range []*[]clip{&l.train, &l.validate, &l.test} {
		for _, i := range parts[k] {
			*to = append(*to, all[i])
		}
	}
	k, size := known{Tokens: l.codec.tokens}, 0
	for _, c := range l.train {
		if size += len(c.text); size > keptText {
			break
		}
		k.Texts = append(k.Texts, c.text)
	}
	l.texts = k.Texts
	text, err := json.Marshal(k)
	l.config.Known = string(text)
	return err
}
