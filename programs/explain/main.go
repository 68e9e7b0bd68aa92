// Explain asks a network why: integrated gradients, and Grad-CAM in two ways.
package main

import (
	"fmt"
	"log"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Integrated gradients of a class score: x (1,...) against a baseline.
func Integrated(net *nn.Net, x, base tensor.Tensor, class, steps int) (tensor.Tensor, error) {
	diff := x.Sub(base)
	total := tensor.Zeros(x.Shape()...)
	for i := range steps {
		err := net.Do(func(p *nn.Pass) error {
			at := p.Track(base.Add(diff.Scale((float64(i) + .5) / float64(steps))))
			score := net.Forward(p, at).Index(1, class).Sum()
			total = total.Add(tensor.Grad(score, at)[0]).Keep()
			return nil
		})
		if err != nil {
			return tensor.Tensor{}, err
		}
	}
	return total.Scale(1 / float64(steps)).Mul(diff), nil
}

type CNN struct {
	Body nn.Sequential
	Head nn.Sequential
}

func (m *CNN) Forward(p *nn.Pass, x tensor.Tensor) tensor.Tensor {
	return p.Apply(x, &m.Body, &m.Head)
}

// GradCAM when one may cut the model in two.
func GradCAM(net *nn.Net, m *CNN, x tensor.Tensor, class int) (cam tensor.Tensor, err error) {
	err = net.Do(func(p *nn.Pass) error {
		a := p.Track(p.Apply(x, &m.Body)) // (1,H,W,C): differentiate from here on
		score := p.Apply(a, &m.Head).Index(1, class).Sum()
		w := tensor.Grad(score, a)[0].Mean(1, 2)
		cam = a.Mul(w.Reshape(1, 1, 1, -1)).Sum(-1).ReLU().Keep()
		return nil
	})
	return
}

// GradCAMAt by the path of a layer in any model.
func GradCAMAt(net *nn.Net, path string, x tensor.Tensor, class int) (cam tensor.Tensor, err error) {
	err = net.Do(func(p *nn.Pass) error {
		score := net.Forward(p, p.Track(x)).Index(1, class).Sum()
		a, ok := p.Value(path)
		if !ok {
			return fmt.Errorf("no layer %q", path)
		}
		w := tensor.Grad(score, a)[0].Mean(1, 2)
		cam = a.Mul(w.Reshape(1, 1, 1, -1)).Sum(-1).ReLU().Keep()
		return nil
	}, nn.Remember(path))
	return
}

func main() {
	m := &CNN{
		Body: nn.Sequential{&nn.Conv2D{Out: 16, Kernel: 3, Act: nn.ReLU}},
		Head: nn.Sequential{&nn.GlobalAvgPool{}, &nn.Linear{Out: 10}},
	}
	net, err := nn.Build(m, nn.Input(28, 28, 1))
	if err != nil {
		log.Fatal(err)
	}
	x := tensor.Zeros(1, 28, 28, 1)
	a, err := Integrated(net, x, x, 3, 50)
	b, err2 := GradCAM(net, m, x, 3)
	c, err3 := GradCAMAt(net, "body.0", x, 3)
	fmt.Println(a, err, b, err2, c, err3)
}
