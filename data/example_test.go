package data_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/tensor"
)

// five is examples 0 to 4, each labelled with its number.
func five() data.Dataset {
	return data.FromTensors(tensor.Of([]float32{0, 10, 20, 30, 40}, 5, 1), tensor.Arange(5))
}

func ExampleLoader() {
	loader := &data.Loader{Data: five(), Batch: 2}
	for b, err := range loader.Epoch(context.Background(), 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.N, b.X, b.Y)
	}
	// Output:
	// 2 float32 [2 1] {0 10} int32 [2] {0 1}
	// 2 float32 [2 1] {20 30} int32 [2] {2 3}
	// 1 float32 [1 1] {40} int32 [1] {4}
}

// A batch depends on seed and number only: a loop that starts in the middle
// sees what one from the start would have seen.
func ExampleLoader_Batches() {
	loader := &data.Loader{Data: five(), Batch: 2, Shuffle: true, Seed: 1}
	var whole, resumed []string
	for b := range loader.Batches(context.Background(), 0, 6) {
		whole = append(whole, fmt.Sprint(b.Index))
	}
	for b := range loader.Batches(context.Background(), 4, 6) {
		resumed = append(resumed, fmt.Sprint(b.Index))
	}
	fmt.Println(fmt.Sprint(whole[4:]) == fmt.Sprint(resumed))
	// Output: true
}

func ExampleFromTensors() {
	e, err := five().At(3)
	fmt.Println(e.X, e.Y, err)
	// Output: float32 [1] {30} int32 [] {3} <nil>
}

func ExampleSplit() {
	train, validate := data.Split(five(), .8, 1)
	fmt.Println(train.Len(), validate.Len())
	// Output: 4 1
}

func ExampleSubset() {
	e, err := data.Subset(five(), []int{4, 2}).At(0)
	fmt.Println(e.Y, err)
	// Output: int32 [] {4} <nil>
}

func ExampleCheck() {
	fmt.Println(data.Check(five(), 5))
	fmt.Println(data.Check(five(), 3))
	// Output:
	// <nil>
	// data: check: example 3: label 3, want 0 to 2 for 3 classes: correct it, or give the model more classes
}

func ExampleCompose() {
	set := data.FromTensors(tensor.Of([]float32{1, 2, 3, 4}, 1, 2, 2, 1), tensor.Ints(0))
	loader := &data.Loader{Data: set, Transform: data.Compose(
		data.Normalize([]float64{2}, []float64{2}),
		func(_ *tensor.Rand, p *data.Picture) { p.Pix[0] = 9 }, // one's own
	)}
	for b, err := range loader.Epoch(context.Background(), 0) {
		fmt.Println(b.X, err)
	}
	// Output: float32 [1 2 2 1] {9 0 0.5 1} <nil>
}

func ExampleAffine() {
	turn := data.Affine{Rotate: 10, Scale: .1, Shift: .05}.Transform()
	p := &data.Picture{Pix: []float32{7, 7, 7, 7}, H: 2, W: 2, C: 1}
	turn(tensor.NewRand(1), p)
	fmt.Println(p.Pix)
	// Output: [7 7 7 7]
}

func ExamplePadBatch() {
	b, err := data.PadBatch([]data.Example{
		{X: tensor.Of([]float32{1, 2, 3})}, {X: tensor.Of([]float32{4})},
	})
	fmt.Println(b.X, b.More["x.len"], err)
	// Output: float32 [2 3] {1 2 3 4 0 0} int32 [2] {3 1} <nil>
}

func ExampleNewImages() {
	set, err := data.NewImages([]uint8{0, 255, 255, 0}, []uint8{0, 1}, 1, 2, 1, []float64{.5}, []float64{.5})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := set.At(1)
	fmt.Println(e.X, e.Y, err)
	// Output: float32 [1 2 1] {1 -1} int32 [] {1} <nil>
}

func ExampleImageFolder() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, class := range []string{"rose", "daisy"} {
		os.Mkdir(filepath.Join(dir, class), 0o777)
		f, _ := os.Create(filepath.Join(dir, class, "1.png"))
		png.Encode(f, image.NewGray(image.Rect(0, 0, 20, 10)))
		f.Close()
	}
	set, err := data.ImageFolder(dir, 8, 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := set.At(1)
	fmt.Println(set.Classes, e.X.Shape(), e.Y, err)
	// Output: [daisy rose] [8 8 3] int32 [] {1} <nil>
}

func ExampleNewText() {
	text, ids, err := data.NewText(strings.NewReader("banana"))
	fmt.Println(string(text.Vocab), ids, err)
	fmt.Println(text.Decode([]int32{2, 1, 0}))
	// Output:
	// abn int32 [6] {1 0 2 0 2 0} <nil>
	// nba
}

func ExampleWindows() {
	for k, b := range data.Windows(tensor.Arange(9), 2, 2) {
		fmt.Println(k, b.X, b.Y)
	}
	// Output:
	// 0 int32 [2 2] {0 1 4 5} int32 [2 2] {1 2 5 6}
	// 1 int32 [2 2] {2 3 6 7} int32 [2 2] {3 4 7 8}
}

// Each class is dealt by itself, so that all parts have the same share of it.
func ExampleDeal() {
	classes := []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}
	parts, err := data.Deal{Classes: classes, Seed: 1}.Shares(len(classes), .5, .25, .25)
	for _, p := range parts {
		rare := 0
		for _, i := range p {
			rare += classes[i]
		}
		fmt.Println(len(p), "examples,", rare, "of class 1")
	}
	fmt.Println(err)
	// Output:
	// 6 examples, 2 of class 1
	// 3 examples, 1 of class 1
	// 3 examples, 1 of class 1
	// <nil>
}

// Scaling and categories are learnt from the training rows alone.
func ExampleTable_Fit() {
	text := "colour,size,price\nred,1,10\nblue,3,30\nred,5,50\n"
	table, err := data.ParseTable(strings.NewReader(text), "prices.csv", data.TableOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	encoder, err := table.Fit(data.Encoding{Target: "price"}, []int{0, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := encoder.Dataset(table, []int{2})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := set.At(0)
	fmt.Println(encoder.Names(), e.X, e.Y, err)
	// Output: [colour=blue colour=red size] float32 [3] {0 1 3} float32 [1] {50} <nil>
}

// A transform that moves pixels moves the boxes on them along.
func ExampleExample_WithObjects() {
	e := data.Example{X: tensor.Zeros(10, 10, 3)}.WithObjects([]data.Object{{X1: 2, Y1: 3, X2: 6, Y2: 8, Label: 1}})
	loader := &data.Loader{Data: examples{e}, Batch: 1, Transform: data.Resize(20, 30)}
	for b := range loader.Epoch(context.Background(), 0) {
		o := b.Objects(0)[0]
		fmt.Println(b.X.Shape(), o.X1, o.Y1, o.X2, o.Y2, o.Label)
	}
	// Output: [1 20 30 3] 6 6 18 16 1
}

// examples is a dataset of what it holds.
type examples []data.Example

func (s examples) Len() int                       { return len(s) }
func (s examples) At(i int) (data.Example, error) { return s[i], nil }

// Rare classes weigh more, and are shown as often as the others.
func ExampleClassWeights() {
	labels := []int{0, 0, 0, 1}
	fmt.Printf("%.2f\n", data.ClassWeights(labels, 2))
	fmt.Printf("%.2f\n", data.Balanced(labels))
	// Output:
	// [0.67 2.00]
	// [0.33 0.33 0.33 1.00]
}

func ExampleMixup() {
	loader := &data.Loader{
		Data: data.FromTensors(tensor.Of([]float32{0, 0, 1, 1}, 2, 2), tensor.Ints(0, 1)), Batch: 2, Seed: 1,
		Mix: data.Mixup{Classes: 2}.Transform(),
	}
	for b, err := range loader.Epoch(context.Background(), 0) {
		fmt.Println(b.X.At(0, 0)+b.X.At(1, 0), b.Y.Shape(), b.Y.At(0, 1) == b.X.At(0, 0), err)
	}
	// Output: 1 [2 2] true <nil>
}
