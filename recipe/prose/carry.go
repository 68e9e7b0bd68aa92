package prose

import (
	"encoding/json"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/loss"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// carry is the state that training carries from step to step: backpropagation
// through time is cut where a window begins, what was read before is not. It is
// an observer so that checkpoints keep it.
type carry struct {
	model  *writer
	window int // of a GPT, which reads each window by itself: its length
	now    state
	next   state // of the step that runs
}

// Observe takes over the step's state once the step is done.
func (c *carry) Observe(_ *train.Updater, e train.Event) error {
	if _, ok := e.(train.StepDone); ok {
		c.now = c.next
	}
	return nil
}

// objective is the loss of a batch that goes on where the one before ended. An
// epoch begins afresh.
func (c *carry) objective(p *nn.Pass, _ *nn.Net, b data.Batch) tensor.Tensor {
	if c.model.LSTM == nil {
		at := p.Rand().IntN(c.window) // so that windows begin elsewhere each time
		return loss.CrossEntropy(c.model.Forward(p, b.X.Slice(1, at, at+c.window)), b.Y.Slice(1, at, at+c.window))
	}
	from := c.now
	if b.Index[0] == 0 {
		from = state{}
	}
	logits, next := c.model.run(p, b.X, from)
	c.next = next.keep()
	return loss.CrossEntropy(logits, b.Y)
}

// stored is a memory in a checkpoint.
type stored struct {
	Shape []int     `json:"shape,omitempty"`
	H     []float32 `json:"h,omitempty"`
	C     []float32 `json:"c,omitempty"`
}

// MarshalBinary stores the state.
func (c *carry) MarshalBinary() ([]byte, error) {
	var s stored
	if m := c.now.memory; m.H.Valid() {
		s = stored{m.H.Shape(), tensor.Data[float32](m.H), tensor.Data[float32](m.C)}
	}
	return json.Marshal(s)
}

// UnmarshalBinary brings a stored state back.
func (c *carry) UnmarshalBinary(text []byte) error {
	var s stored
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	c.now = state{}
	if s.Shape != nil {
		c.now.memory = nn.Memory{H: tensor.Of(s.H, s.Shape...), C: tensor.Of(s.C, s.Shape...)}
	}
	return nil
}
