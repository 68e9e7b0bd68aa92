// Gan trains two networks against each other: a DCGAN, then a WGAN with gradient
// penalty, which differentiates a gradient.
package main

import (
	"context"
	"log"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/fashion"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

const latent = 100

func generator() nn.Layer {
	return &nn.Sequential{
		&nn.Linear{Out: 7 * 7 * 128, NoBias: true},
		&nn.Reshape{To: []int{7, 7, 128}},
		&nn.BatchNorm{Act: nn.ReLU},
		&nn.ConvTranspose2D{Out: 64, Kernel: 4, Stride: 2, Pad: 1, NoBias: true},
		&nn.BatchNorm{Act: nn.ReLU},
		&nn.ConvTranspose2D{Out: 1, Kernel: 4, Stride: 2, Pad: 1, Act: nn.Tanh},
	}
}

func critic() nn.Layer {
	return &nn.Sequential{
		&nn.Conv2D{Out: 64, Kernel: 4, Stride: 2, Pad: 1, Act: nn.LeakyReLU(.2)},
		&nn.Conv2D{Out: 128, Kernel: 4, Stride: 2, Pad: 1, Act: nn.LeakyReLU(.2)},
		&nn.Flatten{}, &nn.Linear{Out: 1},
	}
}

func main() {
	gen, err := nn.Build(generator(), nn.Input(latent), nn.Seed(1), nn.Name("gen"))
	if err != nil {
		log.Fatal(err)
	}
	disc, err := nn.Build(critic(), nn.Input(28, 28, 1), nn.Seed(2), nn.Name("disc"))
	if err != nil {
		log.Fatal(err)
	}
	loader := &data.Loader{Data: fashion.Mini().Train, Batch: 64, Shuffle: true, DropLast: true}
	if err := dcgan(context.Background(), gen, disc, loader); err != nil {
		log.Fatal(err)
	}
	if err := wgan(context.Background(), gen, disc, loader); err != nil {
		log.Fatal(err)
	}
}

func dcgan(ctx context.Context, gen, disc *nn.Net, loader *data.Loader) error {
	adam := optim.Adam{LR: 2e-4, Betas: [2]float64{.5, .999}}
	d, g := train.NewUpdater(disc, adam), train.NewUpdater(gen, adam)
	for b, err := range loader.Batches(ctx, 0, 20*loader.PerEpoch()) {
		if err != nil {
			return err
		}
		n := b.X.Dim(0)
		one, zero := tensor.Full(1, n, 1), tensor.Zeros(n, 1)
		_, err := d.Step(func(p *nn.Pass) tensor.Tensor {
			fake := gen.Forward(p, p.Rand().Normal(0, 1, n, latent)) // gen is not d's: a constant here
			real := loss.BCE(disc.Forward(p, b.X), one)
			return real.Add(loss.BCE(disc.Forward(p, fake), zero))
		})
		if err != nil {
			return err
		}
		_, err = g.Step(func(p *nn.Pass) tensor.Tensor {
			fake := gen.Forward(p, p.Rand().Normal(0, 1, n, latent))
			return loss.BCE(disc.Forward(p, fake), one)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func wgan(ctx context.Context, gen, disc *nn.Net, loader *data.Loader) error {
	adam := optim.Adam{LR: 1e-4, Betas: [2]float64{0, .9}}
	d, g := train.NewUpdater(disc, adam), train.NewUpdater(gen, adam)
	for b, err := range loader.Batches(ctx, d.Steps(), 20*loader.PerEpoch()) {
		if err != nil {
			return err
		}
		n := b.X.Dim(0)
		_, err := d.Step(func(p *nn.Pass) tensor.Tensor {
			fake := gen.Forward(p, p.Rand().Normal(0, 1, n, latent))
			eps := p.Rand().Uniform(0, 1, n, 1, 1, 1)
			x := p.Track(b.X.Mul(eps).Add(fake.Mul(eps.Neg().Shift(1))))
			gx := tensor.Grad(disc.Forward(p, x).Sum(), x)[0]
			penalty := gx.Flatten().Norm(1).Shift(-1).Square().Mean()
			p.Log("penalty", penalty)
			w := disc.Forward(p, fake).Mean().Sub(disc.Forward(p, b.X).Mean())
			return w.Add(penalty.Scale(10))
		})
		if err != nil {
			return err
		}
		if d.Steps()%5 != 0 {
			continue
		}
		_, err = g.Step(func(p *nn.Pass) tensor.Tensor {
			return disc.Forward(p, gen.Forward(p, p.Rand().Normal(0, 1, n, latent))).Mean().Neg()
		})
		if err != nil {
			return err
		}
	}
	return nil
}
