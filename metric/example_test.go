package metric_test

import (
	"fmt"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/tensor"
)

var (
	logits = tensor.Of([]float32{2, 1, 0, 0, 1, 2, 0, 3, 1, 1, 0, 0}, 4, 3)
	labels = tensor.Ints(0, 1, 1, 2)
)

// print adds one batch and prints the score.
func print(m metric.Metric, out, target tensor.Tensor) {
	a := m.New()
	if err := a.Add(out, target); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %.3f\n", m.Name(), a.Result())
}

func ExampleMetric() {
	sum := metric.Accuracy{}.New()
	for from := 0; from < 4; from += 3 { // the last batch is smaller
		to := min(from+3, 4)
		if err := sum.Add(logits.Slice(0, from, to), labels.Slice(0, from, to)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(sum.Result())
	// Output: 0.5
}

func ExampleAccuracy() {
	print(metric.Accuracy{}, logits, labels)
	// Output: accuracy 0.500
}

func ExampleTopK() {
	print(metric.TopK{K: 2}, logits, labels)
	// Output: top-2 0.750
}

func ExampleConfusion() {
	var c metric.Confusion
	if err := c.Add(logits, labels); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c.Matrix)
	for _, p := range c.Pairs(2) {
		fmt.Printf("%d taken for %d: %d\n", p.True, p.Guess, p.Count)
	}
	fmt.Printf("%.3f\n", c.Macro(c.Recall))
	// Output:
	// [[1 0 0] [0 1 1] [1 0 0]]
	// 1 taken for 2: 1
	// 2 taken for 0: 1
	// 0.500
}

func ExampleF1() {
	print(metric.F1{}, logits, labels)
	print(metric.F1{}.Of(1), logits, labels)
	// Output:
	// f1 0.444
	// f1 of class 1 0.667
}

func ExamplePrecision() {
	print(metric.Precision{}.Of(0), logits, labels)
	// Output: precision of class 0 0.500
}

func ExampleRecall() {
	print(metric.Recall{}.Of(0), logits, labels)
	// Output: recall of class 0 1.000
}

func ExampleBinary() {
	print(metric.Binary{}, tensor.Of([]float32{3, -1, .5, -2}), tensor.Ints(1, 0, 0, 0))
	// Output: binary accuracy 0.750
}

func ExampleAUC() {
	print(metric.AUC{}, tensor.Of([]float32{3, -1, .5, -2}, 4, 1), tensor.Ints(1, 1, 0, 0))
	// Output: auc 0.750
}

func ExampleAveragePrecision() {
	print(metric.AveragePrecision{}, tensor.Of([]float32{3, -1, .5, -2}, 4, 1), tensor.Ints(1, 1, 0, 0))
	// Output: average precision 0.833
}

func ExampleCalibrationError() {
	print(metric.CalibrationError{}, logits, labels)
	// Output: calibration error 0.266
}

func ExampleMeanSquaredError() {
	print(metric.MeanSquaredError{}, tensor.Of([]float32{1, 2}), tensor.Of([]float32{1, 4}))
	print(metric.RootMeanSquaredError{}, tensor.Of([]float32{1, 2}), tensor.Of([]float32{1, 4}))
	print(metric.MeanAbsoluteError{}, tensor.Of([]float32{1, 2}), tensor.Of([]float32{1, 4}))
	// Output:
	// mse 2.000
	// rmse 1.414
	// mae 1.000
}

func ExampleR2() {
	print(metric.R2{}, tensor.Of([]float32{1, 2, 4}), tensor.Of([]float32{1, 3, 5}))
	// Output: r2 0.750
}
