package main

import (
	"context"
	"errors"
	"testing"
)

func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it trains for seconds")
	}
	if err := run(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRunIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
