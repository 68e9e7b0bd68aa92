package audio

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Utterance is a file of sound and what is said in it.
type Utterance struct {
	File string
	Text string
}

// Transcripts reads a list of utterances: UTF-8, on each line a file, relative
// to the list's folder, a tab, and what is said in it; more tabs and fields may
// follow. A first line "file<TAB>text" or "path<TAB>sentence", empty lines, and
// lines that begin with # are passed over. That a file is missing, named twice
// or outside the folder, or that nothing is said, is an error that names the
// line.
func Transcripts(list string) ([]Utterance, error) {
	raw, err := os.ReadFile(list)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	all, err := transcripts(raw, filepath.Dir(list))
	if err != nil {
		return nil, fmt.Errorf("audio: %s: %w", list, err)
	}
	return all, nil
}

func transcripts(raw []byte, dir string) (all []Utterance, err error) {
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) {
		return nil, errors.New("is not UTF-8: convert it first")
	}
	seen := map[string]int{}
	for n, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" || line[0] == '#' || n == 0 && isHeading(line) {
			continue
		}
		file, text, ok := strings.Cut(line, "\t")
		text, _, _ = strings.Cut(text, "\t")
		file, text = strings.TrimSpace(file), strings.TrimSpace(text)
		if !ok || file == "" || text == "" {
			return nil, fmt.Errorf("line %d is %q, want a file, a tab and what is said in it", n+1, brief(line))
		}
		if !filepath.IsLocal(file) {
			return nil, fmt.Errorf("line %d: %q is not within the list's folder", n+1, file)
		}
		if before, twice := seen[file]; twice {
			return nil, fmt.Errorf("lines %d and %d both name %q", before, n+1, file)
		}
		seen[file] = n + 1
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		all = append(all, Utterance{path, text})
	}
	if len(all) == 0 {
		return nil, errors.New("names no file")
	}
	return all, nil
}

// brief cuts a long line, so that an error about it can be read.
func brief(line string) string {
	const most = 80
	if len(line) <= most {
		return line
	}
	return strings.ToValidUTF8(line[:most], "") + " …"
}

// isHeading tells whether a first line names the columns.
func isHeading(line string) bool {
	fields := strings.Split(strings.ToLower(line), "\t")
	return len(fields) > 1 && slices.Contains([]string{"file", "path", "filename", "wav", "audio"}, fields[0])
}

// ClassFolder lists the WAV and FLAC files in the folders directly under dir:
// each folder is a class, and the Text of its files the folder's name. Files
// come by class, then by name; those of other kinds, and names with a leading
// dot, are passed over.
func ClassFolder(dir string) (files []Utterance, classes []string, err error) {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("audio: %w", err)
	}
	for _, folder := range folders {
		if !folder.IsDir() || strings.HasPrefix(folder.Name(), ".") {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			return nil, nil, fmt.Errorf("audio: %w", err)
		}
		before := len(files)
		for _, e := range entries {
			if isSound(e) {
				files = append(files, Utterance{filepath.Join(dir, folder.Name(), e.Name()), folder.Name()})
			}
		}
		if len(files) > before {
			classes = append(classes, folder.Name())
		}
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("audio: %s: no folder in it holds .wav or .flac files: want one folder for each class", dir)
	}
	return files, classes, nil
}

func isSound(e fs.DirEntry) bool {
	ext := strings.ToLower(filepath.Ext(e.Name()))
	return !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && (ext == ".wav" || ext == ".flac")
}
