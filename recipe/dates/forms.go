package dates

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/limpid-ml/limpid/tensor"
)

// form is one way to write a date: a choice for each of its parts.
type form struct {
	order   string // of day, month and year: "dmy", "mdy", "ymd"
	month   string // "3", "03", "March", "Mar", "III"; "März" in German
	day     string // "5", "05", "5th"
	year    string // "2021", "'21"
	join    string // what stands between the parts
	weekday string // "", "Monday, ", "Mon "
	letters string // "as is", "lower", "upper"
}

// The choices. What may stand together is for forms to say.
var (
	orders   = []string{"dmy", "mdy", "ymd"}
	months   = []string{"3", "03", "March", "Mar", "III", "März"}
	days     = []string{"5", "05", "5th"}
	years    = []string{"2021", "'21"}
	joins    = []string{" ", "/", ".", "-", ", ", " of "}
	weekdays = []string{"", "Monday, ", "Mon "}
	cases    = []string{"as is", "lower", "upper"}
)

var (
	roman  = []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
	german = []string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
)

// makes tells whether people write dates so, and whether one can tell what is
// meant: numbers alone are day.month.year, month/day/year or year-month-day.
func (f form) makes() bool {
	numeric := f.month == "3" || f.month == "03"
	switch {
	case numeric && (f.day == "5th" || f.weekday != "" || f.letters != "as is"):
		return false
	case numeric:
		return f.order == "dmy" && f.join == "." || f.order == "mdy" && f.join == "/" && f.year == "2021" || f.order == "ymd" && f.join == "-" && f.year == "2021"
	case f.month == "III":
		return f.order == "dmy" && f.day != "5th" && strings.Contains(" .-", f.join) && f.letters == "as is"
	case f.month == "März":
		return f.order == "dmy" && f.day != "5th" && f.join == " "
	case f.join == " of ":
		return f.order == "dmy" && f.day == "5th"
	case f.order == "ymd":
		return f.year == "2021" && f.join != ", " && f.join != "/" && f.weekday == ""
	case f.join == "/":
		return false
	}
	return f.join != ", " || f.order == "mdy"
}

// allForms lists every form that makes sense, in a fixed order.
func allForms() (all []form) {
	for _, o := range orders {
		for _, m := range months {
			for _, d := range days {
				for _, y := range years {
					for _, j := range joins {
						for _, w := range weekdays {
							for _, c := range cases {
								if f := (form{o, m, d, y, j, w, c}); f.makes() {
									all = append(all, f)
								}
							}
						}
					}
				}
			}
		}
	}
	return all
}

// parts lists the form's choices, each with the part it is of.
func (f form) parts() []string {
	return []string{"order " + f.order, "month " + f.month, "day " + f.day, "year " + f.year,
		fmt.Sprintf("between %q", f.join), "weekday " + cmp.Or(strings.TrimSpace(f.weekday), "none"), "case " + f.letters}
}

// aside is the share of forms that are kept from training: 1 of so many.
const aside = 6

// divide returns the forms to learn from and the new combinations: forms drawn
// at random each of whose parts stands in a known form too.
func divide(all []form, seed uint64) (known, fresh []form) {
	count := map[string]int{}
	for _, f := range all {
		for _, p := range f.parts() {
			count[p]++
		}
	}
	apart := make([]bool, len(all))
	left := len(all) / aside
	for _, i := range tensor.NewRand(seed).Perm(len(all)) {
		if left == 0 || !spare(all[i], count) {
			continue
		}
		apart[i] = true
		left--
		for _, p := range all[i].parts() {
			count[p]--
		}
	}
	for i, f := range all {
		if apart[i] {
			fresh = append(fresh, f)
		} else {
			known = append(known, f)
		}
	}
	return known, fresh
}

// spare tells whether each of the form's parts stands in enough others.
func spare(f form, count map[string]int) bool {
	for _, p := range f.parts() {
		if count[p] < 3 {
			return false
		}
	}
	return true
}

// write writes a date in this form.
func (f form) write(d time.Time) string {
	day, month, year := f.dayOf(d), f.monthOf(d), f.yearOf(d)
	var s string
	switch f.order {
	case "dmy":
		s = day + f.afterDay() + month + f.between() + year
	case "mdy":
		s = month + f.between() + day + f.join + year
		if f.join == ", " { // March 5, 2021
			s = month + " " + day + ", " + year
		}
	case "ymd":
		s = year + f.join + month + f.join + day
	}
	return f.cased(f.weekdayOf(d) + s)
}

// afterDay is what stands between day and month.
func (f form) afterDay() string {
	if f.month == "März" {
		return ". "
	}
	return f.join
}

// between is what stands between the other two: "5th of March 2021".
func (f form) between() string {
	if f.join == " of " {
		return " "
	}
	return f.join
}

func (f form) dayOf(d time.Time) string {
	switch f.day {
	case "05":
		return d.Format("02")
	case "5th":
		return d.Format("2") + ordinal(d.Day())
	}
	return d.Format("2")
}

// ordinal is what makes a number one that orders: 1st, 2nd, 3rd, 4th, 11th.
func ordinal(n int) string {
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			return "st"
		case 2:
			return "nd"
		case 3:
			return "rd"
		}
	}
	return "th"
}

func (f form) monthOf(d time.Time) string {
	switch f.month {
	case "3":
		return d.Format("1")
	case "03":
		return d.Format("01")
	case "March":
		return d.Format("January")
	case "Mar":
		return d.Format("Jan")
	case "III":
		return roman[d.Month()-1]
	}
	return german[d.Month()-1]
}

func (f form) yearOf(d time.Time) string {
	if f.year == "'21" {
		return "'" + d.Format("06")
	}
	return d.Format("2006")
}

func (f form) weekdayOf(d time.Time) string {
	switch f.weekday {
	case "Monday, ":
		return d.Format("Monday, ")
	case "Mon ":
		return d.Format("Mon ")
	}
	return ""
}

func (f form) cased(s string) string {
	switch f.letters {
	case "lower":
		return strings.ToLower(s)
	case "upper":
		return strings.ToUpper(s)
	}
	return s
}

// String shows the form by an example.
func (f form) String() string {
	return fmt.Sprintf("%q", f.write(time.Date(2021, time.March, 5, 0, 0, 0, 0, time.UTC)))
}

// The dates: a hundred years, so that two digits tell the year.
var (
	firstDay = time.Date(1950, time.January, 1, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2049, time.December, 31, 0, 0, 0, 0, time.UTC)
)

// iso writes a date as the network is to write it.
func iso(d time.Time) string { return d.Format(time.DateOnly) }

// span divides all days at random: of twenty, two are for the test and one is
// for validation.
func span(seed uint64) (learn, validate, test []time.Time) {
	days := int(lastDay.Sub(firstDay).Hours()/24) + 1
	for i, at := range tensor.NewRand(seed).Perm(days) {
		d := firstDay.AddDate(0, 0, at)
		switch i % 20 {
		case 0, 1:
			test = append(test, d)
		case 2:
			validate = append(validate, d)
		default:
			learn = append(learn, d)
		}
	}
	return learn, validate, test
}
