package loss

import (
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Adversarial is the pair of losses of a game between a discriminator, which
// scores examples, and a generator, which makes them. Scores are of any shape;
// each loss is a mean over them.
type Adversarial struct {
	Name string
	// Discriminator is what the discriminator lowers, by its scores of real and
	// of generated examples.
	Discriminator func(real, fake tensor.Tensor) tensor.Tensor
	// Generator is what the generator lowers, by the discriminator's scores of
	// its examples.
	Generator func(fake tensor.Tensor) tensor.Tensor
}

// The games. Scores are logits, except that of Wasserstein's critic they are
// plain numbers.
var (
	// Minimax is the game as it is analysed: the generator raises what the
	// discriminator lowers, −log(1 − D). Its gradient vanishes where the
	// discriminator is sure.
	//
	// Source: Goodfellow et al. 2014, "Generative adversarial nets".
	Minimax = Adversarial{"minimax", logistic, func(fake tensor.Tensor) tensor.Tensor { return fake.Softplus().Mean().Neg() }}

	// NonSaturating has the generator raise log D instead, as nearly every use
	// does: the gradient is large where the discriminator is sure.
	//
	// Source: Goodfellow et al. 2014, section 3.
	NonSaturating = Adversarial{"non-saturating", logistic, func(fake tensor.Tensor) tensor.Tensor { return fake.Neg().Softplus().Mean() }}

	// LeastSquares pulls scores to 1 for real and 0 for generated examples.
	//
	// Source: Mao et al. 2017, "Least squares generative adversarial networks",
	// equation 9.
	LeastSquares = Adversarial{"least-squares",
		func(real, fake tensor.Tensor) tensor.Tensor {
			return real.Shift(-1).Square().Mean().Add(fake.Square().Mean()).Scale(0.5)
		},
		func(fake tensor.Tensor) tensor.Tensor { return fake.Shift(-1).Square().Mean().Scale(0.5) }}

	// Hinge asks for a margin of 1 on either side.
	//
	// Source: Lim and Ye 2017, "Geometric GAN"; Miyato et al. 2018, "Spectral
	// normalization for generative adversarial networks".
	Hinge = Adversarial{"hinge",
		func(real, fake tensor.Tensor) tensor.Tensor {
			return real.Neg().Shift(1).ReLU().Mean().Add(fake.Shift(1).ReLU().Mean())
		},
		func(fake tensor.Tensor) tensor.Tensor { return fake.Mean().Neg() }}

	// Wasserstein estimates the earth mover's distance, if the critic is kept
	// Lipschitz: by train.Updater.ClipWeights or by GradientPenalty.
	//
	// Source: Arjovsky et al. 2017, "Wasserstein GAN".
	Wasserstein = Adversarial{"wasserstein",
		func(real, fake tensor.Tensor) tensor.Tensor { return fake.Mean().Sub(real.Mean()) },
		func(fake tensor.Tensor) tensor.Tensor { return fake.Mean().Neg() }}
)

// RelativisticPair has the discriminator score how much more real a real
// example is than a generated one, pair by pair; its Discriminator with the
// two changed over is the generator's loss, so that there is no Generator.
//
// Source: Jolicoeur-Martineau 2019, "The relativistic discriminator"; Huang et
// al. 2024, "The GAN is dead; long live the GAN! A modern GAN baseline", with R1
// and R2.
var RelativisticPair = Adversarial{Name: "relativistic pair",
	Discriminator: func(real, fake tensor.Tensor) tensor.Tensor { return fake.Sub(real).Softplus().Mean() }}

// Games lists those whose generator looks at its own examples alone.
var Games = []Adversarial{Minimax, NonSaturating, LeastSquares, Hinge, Wasserstein}

// logistic is −log D of real and −log(1 − D) of generated examples.
func logistic(real, fake tensor.Tensor) tensor.Tensor {
	return real.Neg().Softplus().Mean().Add(fake.Softplus().Mean())
}

// GradientPenalty is the mean of (‖∇score‖ − 1)² at points drawn between real
// and generated examples, both [N, ...]: what keeps a critic near the Lipschitz
// functions that the Wasserstein distance is over. Its own gradient goes through
// score's.
//
// Source: Gulrajani et al. 2017, "Improved training of Wasserstein GANs", with
// λ = 10.
func GradientPenalty(p *nn.Pass, score func(x tensor.Tensor) tensor.Tensor, real, fake tensor.Tensor) tensor.Tensor {
	shape := make([]int, real.Rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = real.Dim(0)
	at := p.Rand().Uniform(0, 1, shape...).To(real.DType())
	x := p.Track(real.Mul(at).Add(fake.Mul(at.Neg().Shift(1))))
	return slopes(score, x).Flatten().Norm(1).Shift(-1).Square().Mean()
}

// ZeroGradient is the mean of ‖∇score‖² over examples x [N, ...]: R1 at real
// ones, R2 at generated ones. With it the game settles where the distributions
// are narrow, as the plain game does not.
//
// Source: Mescheder et al. 2018, "Which training methods for GANs do actually
// converge?", whose γ/2 stands before it.
func ZeroGradient(p *nn.Pass, score func(x tensor.Tensor) tensor.Tensor, x tensor.Tensor) tensor.Tensor {
	return slopes(score, p.Track(x)).Flatten().Square().Sum(1).Mean()
}

// slopes returns the gradient of each example's score, of the shape of x.
func slopes(score func(x tensor.Tensor) tensor.Tensor, x tensor.Tensor) tensor.Tensor {
	return tensor.Grad(score(x).Sum(), x)[0]
}
