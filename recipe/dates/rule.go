package dates

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The rule that a programmer writes first: the first three letters of an
// English month, or else numbers in the order that their separator tells.
var (
	named   = regexp.MustCompile(`(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*`)
	numbers = regexp.MustCompile(`[0-9]+`)
)

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// rule returns the date that the rule sees in a text, "" if it sees none.
func rule(text string) string {
	var year, month, day int
	found := numbers.FindAllString(text, -1)
	if name := named.FindStringSubmatch(text); name != nil && len(found) == 2 {
		month = strings.Index(monthNames, strings.ToLower(name[1]))/3 + 1
		year, day = yearAndDay(found[0], found[1])
	} else if len(found) == 3 {
		n := [3]int{}
		for i, f := range found {
			n[i], _ = strconv.Atoi(f)
		}
		switch {
		case strings.Contains(text, "/"):
			month, day, year = n[0], n[1], n[2]
		case strings.Contains(text, "."):
			day, month, year = n[0], n[1], n[2]
		default:
			year, month, day = n[0], n[1], n[2]
		}
	} else {
		return ""
	}
	if year < 100 {
		year += 1900
		if year < firstDay.Year() {
			year += 100
		}
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// yearAndDay tells two numbers apart: the year comes last unless the first has
// four digits.
func yearAndDay(a, b string) (year, day int) {
	if len(a) == 4 {
		a, b = b, a
	}
	day, _ = strconv.Atoi(a)
	year, _ = strconv.Atoi(b)
	return year, day
}
