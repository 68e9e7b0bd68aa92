package loss_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/tensor"
)

var (
	out    = tensor.Of([]float32{2, 0, -1, 0, 1, 0}, 2, 3)
	target = tensor.Of([]float32{1, 0, 0, 0, 1, 0}, 2, 3)
)

func ExampleMSE() {
	fmt.Printf("%.4f\n", loss.MSE(out, target).Item())
	// Output: 0.3333
}

func ExampleMAE() {
	fmt.Printf("%.4f\n", loss.MAE(out, target).Item())
	// Output: 0.3333
}

func ExampleHuber() {
	fmt.Printf("%.4f\n", loss.Huber(.5)(out, target).Item())
	// Output: 0.1250
}

func ExampleCrossEntropy() {
	fmt.Printf("%.4f\n", loss.CrossEntropy(out, tensor.Ints(0, 1)).Item())
	fmt.Printf("%.4f\n", loss.CrossEntropy(out, tensor.Ints(0, -100)).Item()) // the first row only
	fmt.Printf("%.4f\n", loss.CrossEntropy(out, target).Item())               // shares
	// Output:
	// 0.3606
	// 0.1698
	// 0.3606
}

func ExampleSmoothCrossEntropy() {
	fmt.Printf("%.4f\n", loss.SmoothCrossEntropy(.1)(out, tensor.Ints(0, 1)).Item())
	// Output: 0.4773
}

func ExampleWeightedCrossEntropy() {
	fmt.Printf("%.4f\n", loss.WeightedCrossEntropy(1, 3, 1)(out, tensor.Ints(0, 1)).Item())
	// Output: 0.4560
}

func ExampleBCE() {
	fmt.Printf("%.4f\n", loss.BCE(out, target).Item())
	// Output: 0.4721
}

func ExampleWeightedBCE() {
	fmt.Printf("%.4f\n", loss.WeightedBCE(3)(out, target).Item())
	// Output: 0.6189
}

func ExampleKL() {
	same := target.Scale(.7).Shift(.1)
	fmt.Printf("%.4f\n", loss.KL(same.Log(), same).Item())
	// Output: 0.0000
}

func ExampleDice() {
	fmt.Printf("%.4f\n", loss.Dice(out, tensor.Ints(0, 1)).Item())
	// Output: 0.1602
}

func ExampleFocal() {
	fmt.Printf("%.4f\n", loss.Focal(1, 2)(out, tensor.Ints(0, 1)).Item())
	// Output: 0.0516
}

func ExampleCenterFocal() {
	fmt.Printf("%.4f\n", loss.CenterFocal(2, 4)(out, target).Item())
	// Output: 0.2835
}

func ExampleMasked() {
	mask := tensor.Of([]bool{true, false}) // of rows
	fmt.Printf("%.4f\n", loss.Masked(loss.MAE, out, target, mask).Item())
	// Output: 0.6667
}

func ExampleGIoU() {
	box := tensor.Of([]float32{0, 0, 10, 10}, 1, 4)
	should := tensor.Of([]float32{5, 0, 15, 10}, 1, 4)
	fmt.Printf("%.4f\n", loss.GIoU(box, should).Item())
	// Output: 0.6667
}
