package activations

import "github.com/limpid-ml/limpid/nn"

// kind is an activation.
type kind struct {
	name    string
	act     nn.Act
	formula string
	steep   float64 // its greatest slope
}

// kinds are the activations that are compared.
var kinds = []kind{
	{"sigmoid", nn.Sigmoid, "1/(1+e⁻ˣ)", 0.25},
	{"tanh", nn.Tanh, "tanh x", 1},
	{"relu", nn.ReLU, "max(x, 0)", 1},
	{"leaky-relu", nn.LeakyReLU(0.01), "x or 0.01·x", 1},
	{"elu", nn.ELU(1), "x or eˣ−1", 1},
	{"selu", nn.SELU, "1.05·(x or 1.67·(eˣ−1))", 1.7581},
	{"gelu", nn.GELU, "x·Φ(x)", 1.1289},
	{"silu", nn.SiLU, "x·sigmoid(x)", 1.0998},
}

// first weights, by the names of those who proposed them.
var weights = []struct {
	name string
	init nn.Init
	rule string
}{
	{"glorot", nn.Glorot, "variance 2/(inputs + outputs)"},
	{"he", nn.He, "variance 2/inputs"},
	{"lecun", nn.LeCun, "variance 1/inputs"},
}

// Names lists the activations that are compared.
func Names() (all []string) {
	for _, k := range kinds {
		all = append(all, k.name)
	}
	return all
}

// Named returns the activation of a name, if there is one.
func Named(name string) (act nn.Act, ok bool) {
	for _, k := range kinds {
		if k.name == name {
			return k.act, true
		}
	}
	return 0, false
}
