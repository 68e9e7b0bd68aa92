package series

import (
	"fmt"
	"time"
)

// findStep returns the most frequent step between lines in order of time.
func findStep(rows []row) Step {
	if months, end := monthly(rows); months {
		n := mostFrequent(rows, func(a, b time.Time) int64 { return int64(monthsFrom(a, b)) })
		return Step{Months: int(n), MonthEnd: end}
	}
	d := mostFrequent(rows, func(a, b time.Time) int64 { return int64(b.Sub(a)) })
	return Step{Duration: time.Duration(d)}
}

// monthly tells whether the lines are each on the same day of a month, at the
// same time, or each on the last.
func monthly(rows []row) (same, end bool) {
	same, end = true, true
	first := rows[0].at
	for _, r := range rows {
		t := r.at
		clock := t.Hour() == first.Hour() && t.Minute() == first.Minute() && t.Second() == first.Second() && t.Nanosecond() == first.Nanosecond()
		same = same && clock && t.Day() == first.Day()
		end = end && clock && t.Day() == daysIn(t)
	}
	return same || end, end && !same
}

func monthsFrom(a, b time.Time) int {
	return 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month())
}

// mostFrequent returns the most frequent distance from a line to the next, of
// several the shortest.
func mostFrequent(rows []row, distance func(a, b time.Time) int64) (best int64) {
	counts := map[int64]int{}
	for i := 1; i < len(rows); i++ {
		counts[distance(rows[i-1].at, rows[i].at)]++
	}
	most := 0
	for d, n := range counts {
		if n > most || n == most && d < best {
			best, most = d, n
		}
	}
	return best
}

// grid returns the step at which each line stands.
func grid(rows []row, step Step) ([]int, error) {
	if step.Months < 0 || step.Duration < 0 || (step.Months == 0) == (step.Duration == 0) {
		return nil, fmt.Errorf("a step of %v and %d months: want one of them, above 0", step.Duration, step.Months)
	}
	start := rows[0].at
	places := make([]int, len(rows))
	for i, r := range rows {
		n := 0
		if step.Months > 0 {
			n = monthsFrom(start, r.at) / step.Months
		} else {
			n = int(r.at.Sub(start) / step.Duration)
		}
		if !step.add(start, n).Equal(r.at) || i > 0 && n <= places[i-1] {
			return nil, fmt.Errorf("line %d: %s is no multiple of %v after %s: set Step, or mend the file", r.line, stamp(r.at), step, stamp(start))
		}
		places[i] = n
	}
	return places, nil
}
