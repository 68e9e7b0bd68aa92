package main

import (
	"encoding/json"
	"path/filepath"

	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/run"
)

// history is how a run went so far.
type history struct {
	losses     []float64 // mean of each epoch
	watched    string    // the metric that validation holds
	validation []float64 // its value on the validation data after each epoch
	validLoss  []float64 // mean loss on the validation data after each epoch
	bytes      int64     // of the log that were read
	damage     error     // of the line that ended it
}

// history reads the run's events, as far as the log's first limit bytes.
// Where a line is damaged it ends, and damage says why.
func (f *folder) history(limit int64) *history {
	h := &history{watched: "accuracy"}
	if r, _ := book.Find(f.record.What); r != nil {
		h.watched = r.Watches()
	}
	for line, err := range run.Events(filepath.Join(f.path, run.EventsFile)) {
		if err == nil && h.bytes+int64(len(line))+1 > limit {
			break
		}
		if err == nil {
			err = h.add(line)
		}
		if err != nil {
			h.damage = err
			break
		}
		h.bytes += int64(len(line)) + 1
	}
	return h
}

// add takes in an event. Kinds that it does not know are somebody else's.
func (h *history) add(line json.RawMessage) error {
	var e struct {
		Kind    string
		Loss    run.Number
		Metrics map[string]run.Number
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	switch e.Kind {
	case "epoch":
		h.losses = append(h.losses, float64(e.Loss))
	case "evaluated":
		if a, ok := e.Metrics[h.watched]; ok {
			h.validation = append(h.validation, float64(a))
		}
		if l, ok := e.Metrics["loss"]; ok {
			h.validLoss = append(h.validLoss, float64(l))
		}
	}
	return nil
}
