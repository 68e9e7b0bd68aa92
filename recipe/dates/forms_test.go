package dates

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// Written forms, by hand.
func TestWrite(t *testing.T) {
	for _, tt := range []struct {
		form form
		date time.Time
		want string
	}{
		{form{"dmy", "3", "5", "2021", ".", "", "as is"}, day(2021, 3, 5), "5.3.2021"},
		{form{"dmy", "03", "05", "'21", ".", "", "as is"}, day(1999, 12, 1), "01.12.'99"},
		{form{"mdy", "3", "5", "2021", "/", "", "as is"}, day(2021, 12, 24), "12/24/2021"},
		{form{"ymd", "03", "05", "2021", "-", "", "as is"}, day(1950, 1, 1), "1950-01-01"},
		{form{"dmy", "March", "5th", "2021", " of ", "Monday, ", "as is"}, day(2021, 3, 5), "Friday, 5th of March 2021"},
		{form{"mdy", "Mar", "5th", "2021", ", ", "Mon ", "upper"}, day(2021, 3, 2), "TUE MAR 2ND, 2021"},
		{form{"dmy", "März", "5", "2021", " ", "", "as is"}, day(2021, 3, 5), "5. März 2021"},
		{form{"dmy", "März", "05", "'21", " ", "", "upper"}, day(2021, 10, 5), "05. OKTOBER '21"},
		{form{"dmy", "III", "5", "2021", ".", "", "as is"}, day(2021, 8, 31), "31.VIII.2021"},
		{form{"ymd", "Mar", "05", "2021", "-", "", "lower"}, day(2021, 3, 5), "2021-mar-05"},
		{form{"mdy", "March", "5th", "'21", " ", "", "as is"}, day(2011, 3, 11), "March 11th '11"},
	} {
		if !tt.form.makes() {
			t.Errorf("%v makes no sense", tt.form)
		}
		if got := tt.form.write(tt.date); got != tt.want {
			t.Errorf("wrote %q, want %q", got, tt.want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	want := "st nd rd th th th th th th th th th th th th th th th th th st nd rd th th th th th th th st"
	for i, w := range strings.Fields(want) {
		if got := ordinal(i + 1); got != w {
			t.Errorf("%d%s, want %s", i+1, got, w)
		}
	}
}

// No text stands for two dates: the task can be solved. Forms with and without
// leading zeros are one where the numbers have two digits.
func TestNoTextMeansTwoDates(t *testing.T) {
	meant := map[string]string{}
	forms := allForms()
	for d := day(2001, 1, 1); d.Before(day(2002, 1, 1)); d = d.AddDate(0, 0, 1) {
		for _, f := range forms {
			text := f.write(d)
			if was, ok := meant[text]; ok && was != iso(d) {
				t.Fatalf("%q means %s and %s", text, was, iso(d))
			}
			meant[text] = iso(d)
		}
	}
}

// Combinations that are kept from training differ from all that are not, and
// each of their parts is learned elsewhere.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		known, fresh := divide(allForms(), seed)
		if len(known)+len(fresh) != len(allForms()) || len(fresh) < len(allForms())/(aside+1) {
			t.Fatalf("%d and %d of %d", len(known), len(fresh), len(allForms()))
		}
		seen := map[string]bool{}
		for _, f := range known {
			for _, p := range f.parts() {
				seen[p] = true
			}
		}
		for _, f := range fresh {
			if slices.Contains(known, f) {
				t.Fatalf("%v is in both", f)
			}
			for _, p := range f.parts() {
				if !seen[p] {
					t.Fatalf("%s is never learned", p)
				}
			}
		}
	})
}

// Each day is in one part.
func TestSpan(t *testing.T) {
	learn, validate, test := span(1)
	seen := map[time.Time]bool{}
	for _, part := range [][]time.Time{learn, validate, test} {
		for _, d := range part {
			if seen[d] || d.Before(firstDay) || d.After(lastDay) {
				t.Fatalf("%v", d)
			}
			seen[d] = true
		}
	}
	if len(seen) != 36525 || len(test) != 3654 || len(validate) != 1827 { // 100 years, 25 leap days
		t.Errorf("%d days, %d for the test, %d for validation", len(seen), len(test), len(validate))
	}
}

// The rule reads what it was written for, and is no reader of everything.
func TestRule(t *testing.T) {
	for text, want := range map[string]string{
		"5.3.2021": "2021-03-05", "12/24/1999": "1999-12-24", "2001-02-03": "2001-02-03", "5. Okt 2021": "",
		"Fri 5th of March '21": "2021-03-05", "MAY 1, 1950": "1950-05-01", "2021 mar 05": "2021-03-05", "1.1.'49": "2049-01-01",
		"24.XII.1999": "", "5. März 2021": "", "no date": "", "31-Dec-'50": "1950-12-31",
	} {
		if got := rule(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
