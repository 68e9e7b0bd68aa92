package weather

import (
	"slices"
	"testing"
	"time"
)

func TestTheSeriesIsWhole(t *testing.T) {
	s := Load()
	if s.Len() != 1461 || s.Step.Duration != 24*time.Hour || len(s.Gaps()) != 0 {
		t.Fatalf("%d steps of %v, gaps %v", s.Len(), s.Step, s.Gaps())
	}
	if want := []string{"precipitation", "temp_max", "temp_min", "wind"}; !slices.Equal(s.Columns, want) {
		t.Fatalf("columns %q", s.Columns)
	}
	if first := s.Time(0).Format(time.DateOnly); first != "2012-01-01" || s.Column("temp_max")[0] != 12.8 || s.Column("wind")[1460] != 3.5 {
		t.Errorf("begins %s with %v", first, s.Column("temp_max")[0])
	}
	for i, low := range s.Column("temp_min") {
		if high := s.Column("temp_max")[i]; low > high || high > 45 || low < -20 {
			t.Errorf("%v: %v to %v °C", s.Time(i), low, high)
		}
	}
}
