package language

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// leastText is how many characters of a class are needed: its last tenth,
	// which is for the test, must have a snippet in it.
	leastText = 10 * shortPiece
	// mostBytes bounds all files together: the texts are held in memory.
	mostBytes = 256 << 20
	// mostFaults is how many faults are told at once.
	mostFaults = 10
)

// folder reads a user's texts: of each class a file, or a folder with files.
// The first eight tenths of each class's text are to learn from, the ninth for
// validation, the last for the test. The error names every fault, up to some.
func folder(dir string) (*corpus, error) {
	r := &folderReader{}
	names, texts, err := r.classes(dir)
	if err != nil {
		return nil, err
	}
	c := &corpus{}
	for i, name := range names {
		if n := len(texts[i]); n < leastText {
			r.fault(fmt.Errorf("class %q has %d characters of text, and at least %d are needed: %d for the test and as many for validation, of ten parts", name, n, leastText, shortPiece))
			continue
		}
		a := atWord(texts[i], len(texts[i])*8/10)
		b := atWord(texts[i], len(texts[i])*9/10)
		c.add(name, [][]rune{texts[i][:a]}, [][]rune{texts[i][a:b]}, [][]rune{texts[i][b:]})
	}
	if len(names) < 2 {
		has := map[int]string{0: "no class", 1: "one class only"}[len(names)]
		r.fault(fmt.Errorf("%q has %s, and there is nothing to tell apart with fewer than two: put a file, or a folder with files, for each class into it", dir, has))
	}
	return c, errors.Join(r.faults...)
}

// atWord returns the place of the last space at or shortly before at, so that
// no word is cut; at itself where there is none.
func atWord(text []rune, at int) int {
	for i := at; i > at-shortPiece/2; i-- {
		if text[i] == ' ' {
			return i
		}
	}
	return at
}

// folderReader collects what is wrong with a folder.
type folderReader struct {
	bytes  int
	faults []error
}

func (r *folderReader) fault(err error) {
	switch {
	case len(r.faults) < mostFaults:
		r.faults = append(r.faults, err)
	case len(r.faults) == mostFaults:
		r.faults = append(r.faults, errors.New("… and more"))
	}
}

// classes lists the classes of a folder by name, with all that each has.
func (r *folderReader) classes(dir string) (names []string, texts [][]rune, err error) {
	entries, err := os.ReadDir(dir)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, nil, fmt.Errorf("%q is a file: give the folder that has a file, or a folder with files, for each class", dir)
	}
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		name := e.Name()
		if !e.IsDir() {
			name = strings.TrimSuffix(name, filepath.Ext(name))
		}
		if seen[name] {
			r.fault(fmt.Errorf("class %q is there twice, as a folder and as a file, or as two files: rename one", name))
			continue
		}
		seen[name] = true
		text, err := r.class(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, err
		}
		names, texts = append(names, name), append(texts, plain(text))
	}
	return names, texts, nil
}

// class reads a class's file, or all files below its folder, in the order of
// their names. Faults of files are collected; an error ends the reading.
func (r *folderReader) class(path string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(e.Name(), ".")
		switch {
		case err != nil:
			return err
		case e.IsDir() && hidden:
			return filepath.SkipDir
		case e.IsDir() || hidden:
			return nil
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			r.fault(fmt.Errorf("%q is no file of text: move it elsewhere", name))
			return nil
		}
		if r.bytes += int(min(info.Size(), mostBytes+1)); r.bytes > mostBytes {
			return fmt.Errorf("the texts are larger than %d MiB together: take a part of them, some megabytes of each class are plenty", mostBytes>>20)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
		if err := checkText(name, text); err != nil {
			r.fault(err)
			return nil
		}
		all.Write(text)
		all.WriteByte('\n')
		return nil
	})
	return all.String(), err
}

// checkText returns an error that says where a file is not UTF-8 text.
func checkText(name string, text []byte) error {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return fmt.Errorf("%q is UTF-16: make UTF-8 of it, iconv -f UTF-16 -t UTF-8", name)
	}
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return fmt.Errorf("%s: a byte 0, which no text has: is it a file of another kind?", place(name, text, at))
	}
	if utf8.Valid(text) {
		return nil
	}
	at := 0
	for at < len(text) {
		if r, n := utf8.DecodeRune(text[at:]); r == utf8.RuneError && n == 1 {
			break
		} else {
			at += n
		}
	}
	return fmt.Errorf("%s: byte 0x%02x is not UTF-8: make UTF-8 of the file, iconv -f LATIN1 -t UTF-8 if it is Western European", place(name, text, at), text[at])
}

// place names a place in a file by line and column, both from 1; columns count
// bytes.
func place(name string, text []byte, at int) string {
	line := bytes.Count(text[:at], []byte("\n")) + 1
	return fmt.Sprintf("%q, line %d, column %d", name, line, at-bytes.LastIndexByte(text[:at], '\n'))
}

// letters counts the characters that are letters, or marks on them.
func letters(text []rune) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			n++
		}
	}
	return n
}
