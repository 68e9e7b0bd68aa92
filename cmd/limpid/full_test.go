package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fullData is where Debian's package dataset-fashion-mnist puts the files.
const fullData = "/usr/share/datasets/fashion-mnist"

// TestFull trains on the full data with the real binary: ten minutes or so on
// two cores.
//
//	LIMPID_LONG=1 go test ./cmd/limpid -run TestFull -v -timeout 60m
func TestFull(t *testing.T) {
	if os.Getenv("LIMPID_LONG") == "" {
		t.Skip("takes minutes: set LIMPID_LONG=1")
	}
	if _, err := os.Stat(filepath.Join(fullData, "train-images-idx3-ubyte.gz")); err != nil {
		t.Skip("the full data are not installed: ", err)
	}
	o := mustRun(t, buildLimpid(t), "train", "--json", "--data", fullData, "--runs-dir", t.TempDir())
	t.Logf("test accuracy %.2f%% after %d epochs in %v", 100*o.Metrics.Test.Accuracy, o.Epochs, time.Duration(o.Seconds*float64(time.Second)).Round(time.Second))
	if o.Metrics.Test.Accuracy < 0.92 || o.Epochs > 12 {
		t.Errorf("want at least 92%% after at most 12 epochs")
	}
}

// TestMini trains as a newcomer would.
//
//	LIMPID_LONG=1 go test ./cmd/limpid -run TestMini -v
func TestMini(t *testing.T) {
	if os.Getenv("LIMPID_LONG") == "" {
		t.Skip("takes half a minute: set LIMPID_LONG=1")
	}
	o := mustRun(t, buildLimpid(t), "train", "--json", "--runs-dir", t.TempDir())
	t.Logf("test accuracy %.2f%% after %d epochs in %v", 100*o.Metrics.Test.Accuracy, o.Epochs, time.Duration(o.Seconds*float64(time.Second)).Round(time.Second))
	if o.Metrics.Test.Accuracy < 0.86 {
		t.Errorf("want at least 86%%")
	}
}
