package tensor_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/tensor"
)

func ExampleTensor_Add() {
	x := tensor.Of([]float32{1, 2, 3, 4}, 2, 2)
	row := tensor.Of([]float32{10, 20})
	column := row.Unsqueeze(1)
	fmt.Println(x.Add(row))
	fmt.Println(x.Add(column))
	fmt.Println(tensor.Try(func() { column.Add(row) }) != nil) // it would stretch the longer one
	// Output:
	// float32 [2 2] {11 22 13 24}
	// float32 [2 2] {11 12 23 24}
	// true
}

func ExampleTensor_Sum() {
	x := tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(x.Sum(0))
	fmt.Println(x.Sum(-1))
	fmt.Println(x.Sum())
	// Output:
	// float32 [3] {5 7 9}
	// float32 [2] {6 15}
	// float32 [] {21}
}

func ExampleTensor_Take() {
	words := tensor.Of([]float32{0, 1, 10, 11, 20, 21}, 3, 2)
	fmt.Println(words.Take(0, tensor.Ints(2, 0)))
	// Output:
	// float32 [2 2] {20 21 0 1}
}

func ExampleTensor_Gather() {
	scores := tensor.Of([]float32{.1, .9, .8, .2}, 2, 2)
	labels := tensor.Ints(1, 1).Unsqueeze(1)
	fmt.Println(scores.Gather(1, labels))
	// Output:
	// float32 [2 1] {0.9 0.2}
}

func ExampleTensor_TopK() {
	v, places := tensor.Of([]float32{3, 1, 4, 1, 5}).TopK(2)
	fmt.Println(v)
	fmt.Println(places)
	// Output:
	// float32 [2] {5 4}
	// int32 [2] {4 2}
}

func ExampleWhere() {
	x := tensor.Of([]float32{-1, 2, -3})
	zero := x.Full(0)
	fmt.Println(tensor.Where(x.Less(zero), zero, x))
	// Output:
	// float32 [3] {0 2 0}
}

func ExampleConcat() {
	a, b := tensor.Ints(1, 2), tensor.Ints(3, 4)
	fmt.Println(tensor.Concat(0, a, b))
	fmt.Println(tensor.Stack(1, a, b))
	// Output:
	// int32 [4] {1 2 3 4}
	// int32 [2 2] {1 3 2 4}
}

func ExampleDot() {
	v := []tensor.Tensor{tensor.Full(3, 1), tensor.Full(4, 1)}
	fmt.Println(tensor.Dot(v, v))
	// Output:
	// float32 [] {25}
}

func ExampleCheckGrad() {
	swish := func(xs ...tensor.Tensor) tensor.Tensor { return xs[0].Mul(xs[0].Sigmoid()) }
	fmt.Println(tensor.CheckGrad(swish, tensor.NewRand(1).Normal(0, 1, 3, 5)))
	// Output:
	// <nil>
}
