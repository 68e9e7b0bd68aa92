package token

import (
	"math"
	"slices"

	"github.com/limpid-ml/limpid/tensor"
)

// Pad returns sequences as the rows of int32 [N, T], each continued by with to
// the length T of the longest, and their lengths, int32 [N]. T is at least 1.
// It panics with a [*tensor.Error] if there is no sequence.
func Pad(sequences [][]int32, with int32) (ids, lengths tensor.Tensor) {
	if len(sequences) == 0 {
		tensor.Fail("token.Pad", "no sequence")
	}
	longest := 1
	for _, s := range sequences {
		longest = max(longest, len(s))
	}
	all := slices.Repeat([]int32{with}, len(sequences)*longest)
	sizes := make([]int32, len(sequences))
	for i, s := range sequences {
		copy(all[i*longest:], s)
		sizes[i] = int32(len(s))
	}
	return tensor.Of(all, len(sequences), longest), tensor.Of(sizes)
}

// Buckets deals examples of various lengths into batches of like length, so
// that little of a batch is padding.
type Buckets struct {
	Lengths []int // of each example
	Batch   int   // examples of a batch at most; 0: no bound
	Budget  int   // of a batch, its examples times the longest of them, at most; 0: no bound
	Seed    uint64
}

// Epoch returns the batches of an epoch, as indices into Lengths: each example
// is in one of them. They follow from the fields and the epoch alone. Lengths
// of a batch are within a tenth of each other but where a bucket ends; which
// examples come together, and the order of the batches, is drawn anew each
// epoch. An example longer than Budget is a batch of its own. It panics with a
// [*tensor.Error] if neither Batch nor Budget is given, or a number is negative.
func (b Buckets) Epoch(epoch int) [][]int {
	if b.Batch < 0 || b.Budget < 0 || b.Batch == 0 && b.Budget == 0 {
		tensor.Fail("token.Buckets.Epoch", "batch of %d, budget of %d: want one of them above 0", b.Batch, b.Budget)
	}
	for i, n := range b.Lengths {
		if n < 0 {
			tensor.Fail("token.Buckets.Epoch", "example %d has length %d", i, n)
		}
	}
	r := tensor.NewRand(b.Seed + 0x9e3779b97f4a7c15*uint64(epoch+1))
	order := r.Perm(len(b.Lengths))
	slices.SortStableFunc(order, func(i, j int) int { return bucket(b.Lengths[i]) - bucket(b.Lengths[j]) })
	var all [][]int
	for len(order) > 0 {
		n := b.fill(order)
		all = append(all, order[:n:n])
		order = order[n:]
	}
	mixed := make([][]int, len(all))
	for i, k := range r.Perm(len(all)) {
		mixed[i] = all[k]
	}
	return mixed
}

// bucket numbers lengths that are within a tenth of each other.
func bucket(length int) int {
	return int(math.Log(float64(max(length, 1))) / math.Log(1.1))
}

// fill returns how many of the first examples make a batch.
func (b Buckets) fill(order []int) int {
	longest := 0
	for n, i := range order {
		longest = max(longest, b.Lengths[i])
		if b.Batch > 0 && n == b.Batch || b.Budget > 0 && n > 0 && (n+1)*longest > b.Budget {
			return n
		}
	}
	return len(order)
}
