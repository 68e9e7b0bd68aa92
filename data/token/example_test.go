package token_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/limpid-ml/limpid/data/token"
)

const text = "the whale, the white whale, the whale that sounded"

func ExampleTrainBPE() {
	bpe, err := token.TrainBPE(strings.NewReader(text), token.BPEOptions{Size: 270, Special: []string{"<pad>", "<end>"}})
	if err != nil {
		log.Fatal(err)
	}
	ids := append(bpe.Encode("the whale"), bpe.Special("<end>"))
	var tokens []string
	for _, id := range ids {
		tokens = append(tokens, bpe.Token(id))
	}
	fmt.Printf("%q %q\n", tokens, bpe.Decode(ids))
	// Output: ["t" "he" " whale" "<end>"] "the whale"
}

func ExampleTrainWords() {
	words, err := token.TrainWords(strings.NewReader(text), token.VocabOptions{MinCount: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(words.Size(), words.Decode(words.Encode("the black whale, the whale")))
	// Output: 4 the <unk> whale, the whale
}

func ExampleStream() {
	bytes := token.NewBytes()
	stream := token.NewStream(bytes)
	for _, id := range bytes.Encode("né!") {
		fmt.Printf("%q ", stream.Next(id))
	}
	// Output: "n" "" "é" "!"
}

func ExampleBuckets() {
	b := token.Buckets{Lengths: []int{3, 50, 4, 48, 3, 51}, Batch: 3}
	for _, batch := range b.Epoch(0) {
		fmt.Println(len(batch))
	}
	// Output:
	// 3
	// 3
}

func ExamplePad() {
	ids, lengths := token.Pad([][]int32{{5, 6, 7}, {8}}, 0)
	fmt.Println(ids.Shape(), lengths.Shape(), ids.At(1, 0), ids.At(1, 1))
	// Output: [2 3] [2] 8 0
}
