package ngram_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/model/ngram"
)

// letters numbers a text's bytes.
func letters(text string) (ids []int32) {
	for _, b := range []byte(text) {
		ids = append(ids, int32(b))
	}
	return ids
}

func ExampleKneserNey() {
	m := ngram.NewKneserNey(4, 256)
	m.Add(letters("the whale, the white whale, and the ship that sails after the whale"))
	m.Estimate()
	for _, next := range []string{"a", "i", "z"} {
		fmt.Printf("%s %.3f\n", next, m.Prob(letters("the wh"), letters(next)[0]))
	}
	// Output:
	// a 0.567
	// i 0.227
	// z 0.000
}

func ExampleBayes() {
	var b ngram.Bayes
	for _, text := range []string{"all human beings are born free", "alle menschen sind frei geboren"} {
		m := ngram.NewAdditive(2, 256, 0.01)
		m.Add(letters(text))
		b.Classes = append(b.Classes, m)
	}
	fmt.Println(b.Class(letters("human")), b.Class(letters("mensch")))
	// Output: 0 1
}
