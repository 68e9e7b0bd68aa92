package co2

import (
	"slices"
	"testing"
	"time"
)

func TestTheSeriesIsWhole(t *testing.T) {
	s := Load()
	if s.Len() != 746 || s.Step.String() != "1 month" || !slices.Equal(s.Columns, []string{Column}) {
		t.Fatalf("%d steps of %v, columns %q", s.Len(), s.Step, s.Columns)
	}
	for when, want := range map[string]float64{"1958-03": 315.70, "1988-07": 352.38, "2020-04": 416.18} {
		at, err := time.Parse("2006-01", when)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Column(Column)[s.Index(at)]; got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	var gaps []string
	for _, g := range s.Gaps() {
		gaps = append(gaps, g.String())
	}
	want := []string{"co2: no value at 1958-06-01", "co2: no value at 1958-10-01", "co2: no value at 3 steps from 1964-02-01 to 1964-04-01"}
	if !slices.Equal(gaps, want) {
		t.Errorf("gaps %q", gaps)
	}
}

// The air's carbon dioxide rises by 1 to 3 ppm a year, more or less the same as
// a year before but for that: a figure that anyone who knows the record expects.
func TestItRisesAYear(t *testing.T) {
	if got := Load().Until(Load().Len()).NaiveError(Column, 12); got < 1.4 || got > 1.8 {
		t.Errorf("the mean change in a year is %v ppm", got)
	}
}
