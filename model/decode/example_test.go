package decode_test

import (
	"context"
	"fmt"

	"github.com/limpid-ml/limpid/model/decode"
)

// A model without a memory: after each symbol the next one is likeliest, and
// after symbol 3 the end, 0.
func ExampleSearch() {
	extend := func(states []struct{}, last []int32) (logits [][]float32, next []struct{}, err error) {
		for _, symbol := range last {
			row := make([]float32, 4)
			row[(symbol+1)%4] = 3
			logits = append(logits, row)
		}
		return logits, states, nil
	}
	found, err := decode.Search(context.Background(), decode.Beam{Width: 2, Length: 8, End: 0}, struct{}{}, 0, extend)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %.2f\n", found[0].Symbols, found[0].LogProb)
	// Output: [1 2 3] -0.56
}

func ExampleSampler() {
	s := decode.NewSampler(decode.Sampling{Temperature: 0.8, TopK: 2}, 7)
	var drawn []int
	for range 8 {
		drawn = append(drawn, s.Next([]float32{0, 2, 1.5, -4}))
	}
	fmt.Println(drawn)
}
