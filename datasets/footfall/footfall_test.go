package footfall

import (
	"math"
	"testing"
	"time"
)

// The figures are those that pandas finds in footfall.csv.gz.
func TestLoad(t *testing.T) {
	s := Load()
	if s.Len() != 17544 || len(s.Columns) != 5 || s.Columns[0] != Target || s.Step.Duration != time.Hour {
		t.Fatalf("%d hours of %v at steps of %v", s.Len(), s.Columns, s.Step)
	}
	if got := s.Start.Format("2006-01-02 15:04"); got != "2023-01-01 00:00" {
		t.Errorf("starts %s", got)
	}
	for i, name := range s.Columns {
		sum, missing := 0.0, 0
		for _, v := range s.Values[i] {
			if math.IsNaN(v) {
				missing++
			} else {
				sum += v
			}
		}
		if missing > 3 || sum < 3e6 {
			t.Errorf("%s: %d missing, %g people", name, missing, sum)
		}
	}
	if Load() != s {
		t.Error("read twice")
	}
}
