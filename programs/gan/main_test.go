package main

import (
	"context"
	"testing"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestBothWaysTrainBothNetworks(t *testing.T) {
	for name, way := range map[string]func(context.Context, *nn.Net, *nn.Net, *data.Loader) error{"dcgan": dcgan, "wgan": wgan} {
		t.Run(name, func(t *testing.T) {
			gen, err := nn.Build(generator(), nn.Input(latent), nn.Seed(1), nn.Name("gen"))
			if err != nil {
				t.Fatal(err)
			}
			disc, err := nn.Build(critic(), nn.Input(28, 28, 1), nn.Seed(2), nn.Name("disc"))
			if err != nil {
				t.Fatal(err)
			}
			before := []nn.Weights{gen.Weights(), disc.Weights()}
			few := data.Subset(fashion.Mini().Train, []int{0, 700, 1400, 2100})
			loader := &data.Loader{Data: few, Batch: 4, Shuffle: true}
			if err := way(t.Context(), gen, disc, loader); err != nil { // 20 epochs of one batch
				t.Fatal(err)
			}
			for i, net := range []*nn.Net{gen, disc} {
				for _, w := range net.Params() {
					moved := w.Value().Sub(before[i][w.Path()]).Abs().Max().Item()
					// The critic's last bias moves all scores alike: WGAN cannot see it.
					if blind := name == "wgan" && net == disc && w.Path() == "3.bias"; !(moved > 0 != blind && moved < 1) {
						t.Errorf("network %d: %s moved by %g", i, w.Path(), moved)
					}
				}
			}
			y, err := gen.Predict(tensor.NewRand(3).Normal(0, 1, 2, latent))
			if err != nil || y.Dim(1) != 28 || y.Abs().Max().Item() > 1 {
				t.Errorf("pictures %v, error %v", y.Shape(), err)
			}
		})
	}
}

func TestACancelledLoopEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dcgan(ctx, nil, nil, &data.Loader{Data: fashion.Mini().Train, Batch: 4}); err == nil {
		t.Error("no error")
	}
}
