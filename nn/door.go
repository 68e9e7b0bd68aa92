package nn

import (
	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/tensor"
)

// door is what train reaches beyond the public API; see backstage.Net.
type door struct{}

func init() {
	backstage.RegisterNet[Net, Pass, tensor.Tensor, tensor.Scope, Watcher](door{})
}

func (door) NewPass(n *Net) *Pass { return newPass(n) }

func (door) Begin(p *Pass, seed uint64, step, part int, frozen []bool, watchers []Watcher) {
	p.training, p.noise, p.learns = true, true, true
	p.frozen, p.watchers = frozen, watchers
	p.seed = mix(mix(seed, uint64(step)), uint64(part))
	p.start(thawed)
}

func (door) Survey(p *Pass) {
	p.start(nil)
	p.training, p.survey = true, true
}

func thawed(p *Pass, i int) bool { return p.frozen == nil || !p.frozen[i] }

func (door) End(p *Pass) {
	p.end()
	p.frozen, p.watchers, p.survey = nil, nil, false
}

func (door) Scope(p *Pass) *tensor.Scope { return p.scope }

func (door) Leaves(p *Pass) []tensor.Tensor { return p.leaves }

func (door) Trained(p *Pass) []int { return p.trained }

func (door) Logged(p *Pass) ([]string, []float64) { return p.logNames, p.logValues }

func (door) Label(p *Pass) string { return p.label() }

func (door) Lone(p *Pass) string { return p.lone }

func (door) ResetStates(n *Net) {
	for i, sum := range n.sums {
		n.parts[i] = 0
		clear(sum)
	}
}

func (door) GatherStates(p *Pass) {
	n := p.net
	for i, set := range p.set {
		if !set {
			continue
		}
		n.parts[i]++
		narrow, wide := engine.Memory(p.fresh[i])
		for k, v := range narrow {
			n.sums[i][k] += float64(v)
		}
		for k, v := range wide {
			n.sums[i][k] += v
		}
	}
}

func (door) CommitStates(n *Net) {
	for i, s := range n.states {
		if n.parts[i] == 0 {
			continue
		}
		parts := float64(n.parts[i])
		narrow, wide := engine.Memory(s.value)
		for k := range narrow {
			narrow[k] = float32(n.sums[i][k] / parts)
		}
		for k := range wide {
			wide[k] = n.sums[i][k] / parts
		}
	}
}

func (door) Names(n *Net) []string { return n.names }

func (door) ParamCount(n *Net) int { return len(n.params) }

func (door) Value(n *Net, i int) tensor.Tensor { return n.variable(i).value }

func (door) Name(n *Net) string { return n.name }

func (door) Seed(n *Net) uint64 { return n.seed }

func (door) Wide(n *Net) bool { return n.wide }

func (door) Layers(n *Net) (paths, types []string) {
	for _, pl := range n.places {
		paths, types = append(paths, pl.path), append(types, pl.typ)
	}
	return paths, types
}
