// Vision trains a U-Net to paint objects, and a detector to find them.
package main

import (
	"context"
	"log"
	"math"
	"os"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/optim"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

func twice(out int) nn.Sequential {
	conv := func() *nn.Conv2D { return &nn.Conv2D{Out: out, Kernel: 3, Pad: nn.Same, NoBias: true} }
	return nn.Sequential{conv(), &nn.BatchNorm{Act: nn.ReLU}, conv(), &nn.BatchNorm{Act: nn.ReLU}}
}

type UNet struct {
	Down, Up []nn.Sequential
	Lift     []*nn.ConvTranspose2D
	Mid      nn.Sequential
	Head     nn.Conv2D
	Pool     nn.MaxPool2D
}

func NewUNet(classes int, widths ...int) *UNet {
	u := &UNet{
		Mid:  twice(2 * widths[len(widths)-1]),
		Head: nn.Conv2D{Out: classes, Kernel: 1},
		Pool: nn.MaxPool2D{Size: 2},
	}
	for _, w := range widths {
		u.Down = append(u.Down, twice(w))
		u.Up = append(u.Up, twice(w))
		u.Lift = append(u.Lift, &nn.ConvTranspose2D{Out: w, Kernel: 2, Stride: 2})
	}
	return u
}

func (u *UNet) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	var skips []tensor.Tensor
	for i := range u.Down {
		x = p.Apply(x, &u.Down[i])
		skips = append(skips, x)
		x = p.Apply(x, &u.Pool)
	}
	x = p.Apply(x, &u.Mid)
	for i := len(u.Up) - 1; i >= 0; i-- {
		x = tensor.Concat(-1, p.Apply(x, u.Lift[i]), skips[i])
		x = p.Apply(x, &u.Up[i])
	}
	return p.Apply(x, &u.Head)
}

// Detector: heat map of centres, size and offset at each place.
type Detector struct {
	Body               UNet
	Heat, Size, Offset nn.Sequential
}
type Found struct{ Heat, Size, Offset tensor.Tensor }

func NewDetector(classes int) *Detector {
	head := func(out int) nn.Sequential {
		return nn.Sequential{
			&nn.Conv2D{Out: 64, Kernel: 3, Pad: nn.Same, Act: nn.ReLU},
			&nn.Conv2D{Out: out, Kernel: 1},
		}
	}
	d := &Detector{Heat: head(classes), Size: head(2), Offset: head(2)}
	d.Body = *NewUNet(64, 32, 64, 128)
	return d
}

func (d *Detector) Run(p *nn.Pass, x tensor.Tensor) Found {
	h := p.Apply(x, &d.Body)
	return Found{p.Apply(h, &d.Heat), p.Apply(h, &d.Size), p.Apply(h, &d.Offset)}
}

func (d *Detector) Loss(p *nn.Pass, b data.Batch) tensor.Tensor {
	f := d.Run(p, b.X)
	mask := b.More["mask"]
	heat := loss.CenterFocal(2, 4)(f.Heat, b.More["heat"])
	size := loss.Masked(loss.MAE, f.Size, b.More["size"], mask)
	off := loss.Masked(loss.MAE, f.Offset, b.More["offset"], mask)
	p.Log("heat", heat)
	p.Log("size", size)
	p.Log("offset", off)
	return heat.Add(size.Scale(.1)).Add(off)
}

// squares is a made-up dataset: pictures [side, side, 3] with one square each
// of class 1, 2 or 3 of a colour of its own; 0 is what lies around it.
type squares struct{ side, count int }

func (s squares) Len() int { return s.count }

// At gives the class of each pixel as Y and, for the detector, the square's
// centre as a heat map, its size, its offset from the pixel's, and where these
// two count.
func (s squares) At(i int) (data.Example, error) {
	r := tensor.NewRand(uint64(i))
	class, half := 1+r.IntN(3), 2+r.IntN(s.side/4)
	cy, cx := half+r.IntN(s.side-2*half), half+r.IntN(s.side-2*half)
	pix, labels := make([]float32, s.side*s.side*3), make([]int32, s.side*s.side)
	heat, size := make([]float32, s.side*s.side*3), make([]float32, s.side*s.side*2)
	mask := make([]float32, s.side*s.side*2)
	for y := range s.side {
		for x := range s.side {
			at := y*s.side + x
			if max(abs(y-cy), abs(x-cx)) < half {
				pix[3*at+class-1], labels[at] = 1, int32(class)
			}
			d := float64((y-cy)*(y-cy) + (x-cx)*(x-cx))
			heat[3*at+class-1] = float32(math.Exp(-d / 8))
		}
	}
	at := cy*s.side + cx
	size[2*at], size[2*at+1] = float32(2*half), float32(2*half)
	mask[2*at], mask[2*at+1] = 1, 1
	return data.Example{
		X: tensor.Of(pix, s.side, s.side, 3), Y: tensor.Of(labels, s.side, s.side),
		More: map[string]tensor.Tensor{
			"heat": tensor.Of(heat, s.side, s.side, 3), "size": tensor.Of(size, s.side, s.side, 2),
			"offset": tensor.Zeros(s.side, s.side, 2), "mask": tensor.Of(mask, s.side, s.side, 2),
		},
	}, nil
}

func abs(x int) int { return max(x, -x) }

func main() {
	ctx, set := context.Background(), squares{64, 800}
	if err := segment(ctx, NewUNet(4, 32, 64, 128), set, 5); err != nil {
		log.Fatal(err)
	}
	if err := detect(ctx, NewDetector(3), set, 5); err != nil {
		log.Fatal(err)
	}
}

func segment(ctx context.Context, m *UNet, set squares, epochs int) error {
	net, err := nn.Build(m, nn.Input(set.side, set.side, 3))
	if err != nil {
		return err
	}
	_, err = train.Fit(ctx, net, train.Config{
		Data: set, Batch: 16, Epochs: epochs, Optimizer: optim.Adam{LR: 1e-3},
		Loss: func(out, target tensor.Tensor) tensor.Tensor {
			return loss.CrossEntropy(out, target).Add(loss.Dice(out, target))
		},
		Observers: []train.Observer{train.Progress(os.Stderr)},
	})
	return err
}

func detect(ctx context.Context, m *Detector, set squares, epochs int) error {
	net, err := nn.Build(m, nn.Trace(func(p *nn.Pass) { m.Run(p, tensor.Zeros(2, set.side, set.side, 3)) }))
	if err != nil {
		return err
	}
	_, err = train.Fit(ctx, net, train.Config{
		Data: set, Batch: 16, Epochs: epochs, Optimizer: optim.Adam{LR: 1e-3},
		Objective: func(p *nn.Pass, _ *nn.Net, b data.Batch) tensor.Tensor { return m.Loss(p, b) },
		Observers: []train.Observer{train.Progress(os.Stderr)},
	})
	return err
}
