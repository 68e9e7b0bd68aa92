package signal

import (
	"fmt"
	"math"
	"sort"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

// Choice is one of several networks that differ in their activation, say, or
// in their first weights.
type Choice struct {
	Name string
	// Build makes the network from a seed, and names two layers or more, from
	// the input's side to the result's, between which signals are to travel.
	Build func(seed uint64) (net *nn.Net, paths []string, err error)
}

// Rating says how far signals come in the networks of a choice. Both figures
// are natural logarithms, means over the draws: 0 is a signal that arrives as it set out.
type Rating struct {
	Name string
	At   int // the choice's place among those given
	// Forward is of how different two inputs are (1 − cosine) in the last
	// layer over how different they were in the input. Below 0 they become
	// alike, above 0 they come apart.
	Forward float64
	// Back is of the gradient's length in the first layer over that in the
	// last. Below 0 it vanishes, above 0 it explodes.
	Back float64
	// Off is the mean over the draws of |forward| + |back|: the distance from
	// the edge of chaos, where both would be 0. Choices are ranked by it.
	Off float64
}

// Rank measures every choice at so many draws of its first weights, seeds 1 to
// draws, on the batch x, and returns the ratings, the best first; of equals
// the one that was given first. Nothing is trained, and no label is looked at.
//
// What it does not see is what an activation is good for apart from that:
// whether it is nonlinear enough for the task, or cheap.
func Rank(x tensor.Tensor, draws int, choices []Choice) ([]Rating, error) {
	if draws < 1 || len(choices) == 0 {
		return nil, fmt.Errorf("signal.Rank: %d draws of %d choices: want at least one of each", draws, len(choices))
	}
	all := make([]Rating, len(choices))
	for i, c := range choices {
		all[i] = Rating{Name: c.Name, At: i}
		for d := range draws {
			forward, back, err := travel(x, c, uint64(d+1))
			if err != nil {
				return nil, fmt.Errorf("signal.Rank: %s: %w", c.Name, err)
			}
			all[i].add(forward, back, draws)
		}
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].Off < all[b].Off })
	return all, nil
}

// add takes in one draw. What is not finite never arrived.
func (r *Rating) add(forward, back float64, draws int) {
	off := math.Abs(forward) + math.Abs(back)
	if math.IsNaN(off) {
		off = math.Inf(1)
	}
	n := float64(draws)
	r.Forward, r.Back, r.Off = r.Forward+forward/n, r.Back+back/n, r.Off+off/n
}

// travel measures one network both ways.
func travel(x tensor.Tensor, c Choice, seed uint64) (forward, back float64, err error) {
	net, paths, err := c.Build(seed)
	if err != nil {
		return 0, 0, err
	}
	if len(paths) < 2 {
		return 0, 0, fmt.Errorf("it names %d layers: want two at least, to see what arrives from one at the other", len(paths))
	}
	all, err := Look(net, x, paths[0], paths[len(paths)-1])
	if err != nil {
		return 0, 0, err
	}
	before := 1 - alike(floats(x), x.Dim(0))
	first, last := all[0], all[1]
	return math.Log((1 - last.Alike) / before), math.Log(first.Grad / last.Grad), nil
}
