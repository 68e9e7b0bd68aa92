// Package dates is the recipe that reads dates in many written forms and
// writes them in one: "Fri 5th of March '21" becomes 2021-03-05. A network reads
// the letters in both directions, and writes digit after digit while it looks
// back at what it read (attention): sequence to sequence, on a task small enough
// to see through. It is told no rule, only pairs; a file of pairs of one's own
// takes their place by --data. The command and programs may import it.
package dates
