package backstage

// Net is nn's door: N is nn.Net, P nn.Pass, T tensor.Tensor, S tensor.Scope,
// W nn.Watcher. train's Updater and Checkpoint stand on it:
//
//	var nets = backstage.OpenNet[nn.Net, nn.Pass, tensor.Tensor, tensor.Scope, nn.Watcher]()
//
// # A step
//
// A pass is made once and used for every step; used again at the same shapes,
// it allocates nothing. Each worker of an updater has one.
//
//	p := nets.NewPass(net)                            // once
//	nets.ResetStates(net)                             // each step: ahead of its parts,
//	nets.Begin(p, seed, step, part, frozen, watchers) //   then for each part
//	l := f(p)                                         // the user's function; may panic
//	engine.Backward(nets.Scope(p), l, nets.Leaves(p), grads, reached)
//	…                                                 // copy or add up grads: they live until End
//	nets.GatherStates(p)                              // one part after the other, in part order
//	nets.End(p)                                       // always, after a panic too
//	nets.CommitStates(net)                            // only if the whole step succeeds
//
// Parts may run at once, each in a pass of its own; GatherStates and the sum of
// the gradients go in part order, so that the bits do not depend on workers.
//
// # Values
//
// A net's values are numbered: its parameters first, in the order of
// net.Params(), then its running statistics. Value returns the live tensor on
// the heap; Tensor.Memory on the engine's door gives its elements to write,
// float64 ones if Wide. They stay where they are for the net's life: Set, Load
// and CommitStates write into the same memory.
type Net[N, P, T, S, W any] interface {
	// NewPass returns a reusable pass of n with a scope of its own.
	NewPass(n *N) *P
	// Begin starts a training pass: training and noise are on, randomness
	// follows from (seed, step, part). frozen tells by value number (see
	// Names) what does not learn: a frozen parameter is a constant, a layer of
	// which all is frozen runs as in inference, a frozen statistic is never
	// written. nil: nothing is frozen. It and watchers are read during the pass
	// and not kept after End; watchers see values and, while Backward runs,
	// gradients.
	Begin(p *P, seed uint64, step, part int, frozen []bool, watchers []W)
	// Survey starts a pass that learns nothing: layers run as in training,
	// without noise, and the running statistics that GatherStates then adds are
	// those of this batch alone.
	Survey(p *P)
	// End resets the pass's scope: all its tensors go. Without a Begin it does
	// nothing.
	End(p *P)
	// Scope returns the pass's scope.
	Scope(p *P) *S
	// Leaves returns the tracked leaves of the parameters that are not frozen
	// and Trained their value numbers, in step with each other. Both slices
	// are the pass's, valid until the next Begin.
	Leaves(p *P) []T
	Trained(p *P) []int
	// Logged returns what the user's function logged in this pass, in order;
	// a name logged twice appears twice. Valid until the next Begin.
	Logged(p *P) (names []string, values []float64)

	// Label says which layer runs in p now, "head.fc2 (nn.Linear)"; after a panic,
	// the one that failed: for a tensor.Error whose Layer is empty. "" outside.
	Label(p *P) string

	// Lone returns the label of a batch normalisation that had a single value of
	// each channel to normalise in this pass, so that its result did not depend on
	// what came in; "" if none had.
	Lone(p *P) string

	// ResetStates forgets what GatherStates collected.
	ResetStates(n *N)
	// GatherStates adds the running statistics that p's pass set to the step's.
	GatherStates(p *P)
	// CommitStates writes the mean of the gathered parts to n.
	CommitStates(n *N)

	// Names returns the file names of n's values: parameters, then statistics.
	// Patterns (path.Match, where * crosses dots) are matched against them.
	// The slice is n's own: read it only. ParamCount tells how many of the
	// names are parameters.
	Names(n *N) []string
	ParamCount(n *N) int
	// Value returns the live tensor of value i, in limpid's own layout.
	Value(n *N, i int) T
	// Name, Seed and Wide return the net's options: Name, Seed, Float64.
	Name(n *N) string
	Seed(n *N) uint64
	Wide(n *N) bool
	// Layers returns the paths of n's layers in the order of the walk, "." for
	// the model itself, and for each its type's name ("nn.Linear").
	Layers(n *N) (paths, types []string)
}

var netDoor any

// RegisterNet is called once, by package nn.
func RegisterNet[N, P, T, S, W any](d Net[N, P, T, S, W]) { netDoor = d }

// OpenNet returns nn's door.
func OpenNet[N, P, T, S, W any]() Net[N, P, T, S, W] { return netDoor.(Net[N, P, T, S, W]) }
