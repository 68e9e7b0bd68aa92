// Package backstage holds the typed doors between limpid's packages: what one
// of them needs of another beyond its public API. tensor registers its fused
// operations and the plumbing of scopes; nn, loss and train use them. A door
// is a generic interface, so that this package imports nothing, both sides
// are checked by the compiler, and none of it is part of the public API.
//
// Any package of limpid may import it.
package backstage

// Act names an activation that a fused operation applies to its result.
type Act uint8

// The activations. Param below is the slope of LeakyReLU and the α of ELU.
const (
	None Act = iota
	ReLU
	LeakyReLU
	Tanh
	Sigmoid
	GELU // exact, by erf
	GELUTanh
	SiLU
	ELU
	SELU
	Softplus
	Mish
	HardSwish
	Softsign
)

// Cell names what a recurrent layer does at each step.
type Cell uint8

// The cells.
const (
	CellTanh Cell = iota // h = tanh(x + h·w)
	CellReLU
	CellLSTM
	CellGRU // with the reset after the product, as PyTorch's
)

// Gates is how many gates stand below each other in a cell's weights.
func (c Cell) Gates() int { return [...]int{1, 1, 4, 3}[c] }

// Carries tells whether a step leaves more than h and the gates.
func (c Cell) Carries() bool { return c >= CellLSTM }

// Conv holds a convolution's options, per axis. Zero strides, dilations and
// groups mean 1.
type Conv struct {
	StrideH, StrideW                     int
	DilH, DilW                           int
	PadTop, PadLeft, PadBottom, PadRight int
	Groups                               int
	OutPadH, OutPadW                     int // transposed convolution only
}

// Pool holds a pooling's options. Max and average pooling share them.
type Pool struct {
	KH, KW, StrideH, StrideW             int
	PadTop, PadLeft, PadBottom, PadRight int
	Ceil                                 bool // round the output size up
	Avg                                  bool
	CountPad                             bool // average over padding too, as PyTorch's default
}

// GradSink receives the gradient of a watched value as Backward passes it.
// The tensor is valid during the call only.
type GradSink[T any] interface {
	// Grad takes the gradient g of a layer's result: which layer, and which of
	// its runs in the pass.
	Grad(path string, call int, g T)
}

// Tensor is tensor's door: T is tensor.Tensor, S tensor.Scope, R tensor.Rand.
//
// The fused operations are differentiable to any order and equal to their
// composed twins; b, gamma and beta may be the zero T: left out.
type Tensor[T, S, R any] interface {
	// Linear is act(x·wᵀ + b): x [..., In], w [Out, In], b [Out].
	Linear(x, w, b T, act Act, param float64) T
	// Activate applies one activation.
	Activate(x T, act Act, param float64) T
	// Conv is act(conv(x, w) + b): x [N,H,W,C], w [O,KH,KW,C/Groups], b [O].
	Conv(x, w, b T, c Conv, act Act, param float64) T
	// ConvTranspose: x [N,H,W,C], w [C,KH,KW,O/Groups], b [O].
	ConvTranspose(x, w, b T, c Conv, act Act, param float64) T
	// Pool is max or average pooling of x [N,H,W,C].
	Pool(x T, p Pool) T
	// BatchNorm normalises x [..., C] by the statistics of the batch over all
	// axes but the last. mean and variance (biased) are [C], untracked.
	BatchNorm(x, gamma, beta T, eps float64, act Act, param float64) (y, mean, variance T)
	// Normalize does the same with statistics given as constants [C].
	Normalize(x, mean, variance, gamma, beta T, eps float64, act Act, param float64) T
	// LayerNorm normalises over the last axis; gamma, beta [C].
	LayerNorm(x, gamma, beta T, eps float64) T
	// Recur runs a recurrent layer over whole sequences: x [T,N,G·H] is what the
	// gates have of the input, h and c [N,H] the states before (c of an LSTM
	// alone, else the zero T), w [G·H,H], b [G·H] or the zero T, lengths int32
	// [N] or the zero T: past its end a sequence keeps its state. back goes from
	// the last step to the first. The result is [T,N,H], and of an LSTM
	// [T+1,N,H]: its last row is c after the last step.
	Recur(cell Cell, x, h, c, w, b, lengths T, back bool) T
	// Dropout zeroes each element with probability rate and scales the rest
	// by 1/(1−rate). The mask is drawn from r.
	Dropout(x T, rate float64, r *R) T
	// CrossEntropy is the mean over rows of logits [..., C] against int32
	// labels [...]; labels of −100 are ignored; any other outside 0…C−1
	// panics naming the example. smoothing ε spreads ε/C over all classes.
	// weights [C] of classes may be the zero T.
	CrossEntropy(logits, labels, weights T, smoothing float64) T

	// Scope returns t's scope, nil for a heap tensor.
	Scope(t T) *S
	// Leaf returns a tracked alias of the heap tensor v in s: no copy. Written
	// memory (an optimiser's) must not be written while the pass lives.
	Leaf(s *S, v T) T
	// Adopt returns an untracked alias of the heap tensor v in s, so that what
	// is computed of it lives in s; a tensor of s itself is returned as it is.
	Adopt(s *S, v T) T
	// Mark and Release are a memory frame: Release frees what was made in s
	// since mark, is untracked, not saved for a gradient, and is not one of
	// keep (memory that a kept one shares lives on). ReleaseBut takes more
	// results in a slice of the caller's; a variadic one would be allocated.
	Mark(s *S) int
	Release(s *S, mark int, keep T)
	ReleaseBut(s *S, mark int, keep []T)
	// SetLayer says which layer runs, for errors ("head.fc2 (nn.Linear)"), and
	// returns what was set before.
	SetLayer(s *S, layer string) string
	// WatchGrad has Backward report y's gradient. No effect if y is untracked.
	WatchGrad(y T, sink GradSink[T], path string, call int)
	// Backward writes the gradients of the scalar y to out, one per x; it uses
	// up the tape, frees values as it goes and allocates nothing in a steady
	// state. reached[i] (if not nil) says whether y depends on xs[i]; if it does
	// not, out[i] is the zero T.
	Backward(s *S, y T, xs, out []T, reached []bool)
	// Recompute runs f(x) without recording and again when a gradient is asked
	// for. before runs ahead of each run of f (replay tells which), to reset
	// random counters; after runs behind it.
	Recompute(s *S, x T, f func(T) T, before func(replay bool), after func()) T
	// Seed points r at the random stream (seed, stream) and has it make its
	// tensors in s (nil: the heap), float64 ones if wide.
	Seed(r *R, s *S, seed, stream uint64, wide bool)
	// Memory returns the float32 or float64 elements of a heap tensor to write
	// in place: a parameter's own memory. Exactly one result is not nil.
	Memory(t T) ([]float32, []float64)
	// Live says that the memory of the heap tensor t will be written again in
	// place, so that Keep copies it and what lies over it. Call it before anyone
	// else has t. Expire ends t's handles, and all that lies over its memory, and
	// returns a new one; t must be Live.
	Live(t T)
	Expire(t T) T
	// Allocs counts the buffers, headers and nodes s has ever allocated; a
	// steady state leaves it as it is. Bytes is the size of its memory.
	Allocs(s *S) int
	Bytes(s *S) int
}

var tensorDoor any

// RegisterTensor is called once, by package tensor.
func RegisterTensor[T, S, R any](d Tensor[T, S, R]) { tensorDoor = d }

// OpenTensor returns tensor's door.
func OpenTensor[T, S, R any]() Tensor[T, S, R] { return tensorDoor.(Tensor[T, S, R]) }
