package recipe

import "strings"

// Nearest returns the name most like word: one that begins with it, or the
// one that fewest typing slips turn it into; "" if none is near.
func Nearest(word string, names []string) string {
	word = strings.ToLower(word)
	best, fewest := "", len(word)/3+2
	for _, n := range names {
		if d := slips(word, strings.ToLower(n)); d < fewest {
			best, fewest = n, d
		}
	}
	if best != "" || len(word) < 3 {
		return best
	}
	for _, n := range names {
		if strings.HasPrefix(n, word) || strings.HasPrefix(word, n) || strings.Contains(n, word) {
			return n
		}
	}
	return ""
}

// slips counts the letters to insert, drop, replace or swap with their
// neighbour to make b of a.
//
// Source: Damerau 1964, in the form that touches no letter twice.
func slips(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
