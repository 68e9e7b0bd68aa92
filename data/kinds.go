package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settle blanks what stands for no value, finds out the column's kind, unless
// it is said, and turns its cells to numbers or categories.
func (c *Column) settle(kind Kind, said bool, o TableOptions, lines []int) error {
	for i, v := range c.cells {
		if v == "" || slices.Contains(o.Missing, v) {
			c.cells[i] = ""
			c.Missing++
		}
	}
	if !said {
		var err error
		if kind, err = c.guess(o.Comma, lines); err != nil {
			return err
		}
	}
	c.Kind = kind
	if kind == Category {
		c.categories()
		return nil
	}
	c.numbers = make([]float64, len(c.cells))
	for i, v := range c.cells {
		n, ok := math.NaN(), v == ""
		if !ok {
			n, ok = parse(v, kind, o.Comma)
		}
		if !ok {
			return fmt.Errorf("line %d: %q is no %s", lines[i], v, kind)
		}
		c.numbers[i] = n
	}
	return nil
}

// guess returns the first kind that all values are. A column of which all but a
// few values are of a kind is more likely one with mistakes in it than one of
// names.
func (c *Column) guess(comma rune, lines []int) (Kind, error) {
	have := len(c.cells) - c.Missing
	for kind := Number; kind < Category; kind++ {
		fits, odd := 0, -1
		for i, v := range c.cells {
			if v == "" {
				continue
			}
			if _, ok := parse(v, kind, comma); ok {
				fits++
			} else if odd < 0 {
				odd = i
			}
		}
		if fits == have {
			return kind, nil
		}
		if fits >= 20 && fits*20 >= have*19 {
			return kind, fmt.Errorf("line %d: %q is no %s, as %d of the %d values are: correct it, or say in TableOptions that it stands for a Missing value or that the column's Kind is category",
				lines[odd], c.cells[odd], kind, fits, have)
		}
	}
	return Category, nil
}

func parse(v string, kind Kind, comma rune) (float64, bool) {
	switch kind {
	case Number:
		return parseNumber(v, comma)
	case Boolean:
		return parseBoolean(v)
	}
	return parseDate(v)
}

// largest bounds a number, so that its square and float32 can hold it.
const largest = 1e30

// parseNumber reads a number; where fields are not divided by commas, its
// decimals may be.
func parseNumber(v string, comma rune) (float64, bool) {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil && comma != ',' && strings.Count(v, ",") == 1 {
		n, err = strconv.ParseFloat(strings.Replace(v, ",", ".", 1), 64)
	}
	return n, err == nil && math.Abs(n) <= largest && !strings.ContainsAny(v, "_xXpP")
}

func parseBoolean(v string) (float64, bool) {
	switch strings.ToLower(v) {
	case "yes", "true", "t", "y":
		return 1, true
	case "no", "false", "f", "n":
		return 0, true
	}
	return 0, false
}

var dateLayouts = []string{
	"2006-01-02", "2006/01/02", "02.01.2006", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC3339,
}

// parseDate returns days from 1970 on.
func parseDate(v string) (float64, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, v); err == nil {
			return float64(t.Unix()) / 86400, true
		}
	}
	return 0, false
}

// day writes the date of so many days from 1970.
func day(days float64) string {
	return time.Unix(int64(days*86400), 0).UTC().Format("2006-01-02")
}

// categories numbers the different values.
func (c *Column) categories() {
	c.Categories = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(c.cells))), func(v string) bool { return v == "" })
	c.codes = make([]int, len(c.cells))
	for i, v := range c.cells {
		k, ok := slices.BinarySearch(c.Categories, v)
		if !ok {
			k = -1
		}
		c.codes[i] = k
	}
}
