package train

// Event is what happened: a [StepDone], [EpochDone], [Evaluated] or [Saved].
type Event interface{ event() }

// StepDone says that a step was taken.
type StepDone struct {
	Step     int                `json:"step"`           // steps done, this one included
	Epoch    int                `json:"epoch"`          // from 1; 0 in a loop of one's own
	Loss     float64            `json:"loss"`           // of the batch, before the step
	Rate     float64            `json:"rate"`           // learning rate: the rule's times the schedule's factor
	GradNorm float64            `json:"norm"`           // Euclidean length of the whole gradient, before clipping
	Logs     map[string]float64 `json:"logs,omitempty"` // what nn.Pass.Log was given: means over the step
}

// EpochDone says that Fit has seen every example once more.
type EpochDone struct {
	Epoch int     `json:"epoch"` // epochs done, this one included
	Step  int     `json:"step"`  // steps done
	Loss  float64 `json:"loss"`  // mean over the epoch's examples
}

// Evaluated says what the network makes of the validation data. It follows
// the epoch's EpochDone.
type Evaluated struct {
	Epoch   int                `json:"epoch"`
	Step    int                `json:"step"`
	Metrics map[string]float64 `json:"metrics"` // "loss", and each metric by its name
}

// Saved says that a checkpoint was written.
type Saved struct {
	Step int    `json:"step"`
	Path string `json:"path"` // of the file
}

func (StepDone) event()  {}
func (EpochDone) event() {}
func (Evaluated) event() {}
func (Saved) event()     {}
