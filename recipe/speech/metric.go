package speech

import (
	"fmt"

	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/model/decode"
	"github.com/limpid-ml/limpid/tensor"
)

// wordErrors is the metric of recognition: the word error rate of greedy
// readings of logits [N, T, labels] against labels [N, L] that 0 pads.
type wordErrors struct{ codec *codec }

// Name returns "word_error_rate".
func (wordErrors) Name() string { return "word_error_rate" }

// Better returns -1.
func (wordErrors) Better() int { return -1 }

// New returns an empty accumulator.
func (m wordErrors) New() metric.Accumulator { return &wordSum{codec: m.codec} }

// wordSum adds up edits.
type wordSum struct {
	codec *codec
	edits metric.Edits
}

// Add takes in a batch.
func (s *wordSum) Add(out, target tensor.Tensor) error {
	if out.Rank() != 3 || out.Dim(2) != s.codec.labels() || target.Rank() != 2 || target.Dim(0) != out.Dim(0) {
		return fmt.Errorf("speech: logits %v and labels %v: want [N, T, %d] and [N, L]", out.Shape(), target.Shape(), s.codec.labels())
	}
	logits, labels := tensor.Data[float32](out), tensor.Data[int32](target)
	row, most := out.Dim(1)*out.Dim(2), target.Dim(1)
	for i := range out.Dim(0) {
		want := labels[i*most : (i+1)*most]
		for len(want) > 0 && want[len(want)-1] == blank {
			want = want[:len(want)-1]
		}
		got := labelsOf(decode.Greedy(logits[i*row:(i+1)*row], out.Dim(2), blank))
		s.edits = s.edits.Add(metric.Words(s.codec.decode(want), s.codec.decode(got)))
	}
	return nil
}

// Result returns the rate.
func (s *wordSum) Result() float64 { return s.edits.Rate() }

// labelsOf are the labels of spans.
func labelsOf(all []decode.Span) []int32 {
	labels := make([]int32, len(all))
	for i, s := range all {
		labels[i] = s.Label
	}
	return labels
}
