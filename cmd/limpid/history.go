package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// history is how a run went so far.
type history struct {
	losses     []float64 // mean of each epoch
	validation []float64 // accuracy after each epoch
}

// history reads the run's events. Lines that a kill cut off are passed over.
func (f *folder) history() (*history, error) {
	h := &history{}
	file, err := os.Open(filepath.Join(f.path, "events.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fail(codeRun, "check the folder's owner and permissions", "%w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		h.add(lines.Bytes())
	}
	return h, nil
}

// add takes in a line of the events.
func (h *history) add(line []byte) {
	var e struct {
		Kind     string  `json:"kind"`
		Loss     float64 `json:"loss"`
		Accuracy float64 `json:"accuracy"`
	}
	if json.Unmarshal(line, &e) != nil {
		return
	}
}
