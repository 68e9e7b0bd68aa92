package main

import (
	"context"

	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/train"
)

// measured is what a network made of a split.
type measured struct {
	metrics   map[string]float64 // accuracy, and loss: the mean over the examples
	confusion [][]int            // rows: true classes
}

// measure runs the task's network on its test split.
func measure(ctx context.Context, task *recipe.Task) (*measured, error) {
	var c metric.Confusion
	m, err := train.Evaluate(ctx, task.Net, task.Test, loss.CrossEntropy, &c)
	if err != nil {
		return nil, err
	}
	return &measured{m, c.Matrix}, nil
}
