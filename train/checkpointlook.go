package train

import (
	"fmt"
	"path/filepath"

	"github.com/limpid-ml/limpid/internal/backstage"
	"github.com/limpid-ml/limpid/nn"
)

// door is what other packages of the module may do here; see backstage.Train.
type door struct{}

func init() { backstage.RegisterTrain[nn.Net](door{}) }

// Look implements backstage.Train.
func (door) Look(dir string, net *nn.Net) (at backstage.Standing, found bool, err error) {
	c := Checkpoint{Dir: filepath.Join(dir, checkpointsDir)}
	s, step, broken, err := c.newest()
	if err != nil || s == nil {
		return at, false, err
	}
	for _, b := range broken {
		at.Warnings = append(at.Warnings, fmt.Sprintf("the checkpoint %s is damaged (%v)", filepath.Base(b.file), b.why))
	}
	var fit progressState
	if err := s.get(fitKey, &fit); err != nil {
		return at, false, fmt.Errorf("%s: %w", c.file(step), err)
	}
	at.Step, at.PerEpoch, at.Log = step, fit.PerEpoch, fit.Log
	if net == nil {
		return at, true, nil
	}
	values, err := updaterState{&Updater{Net: net}, "updater0"}.values(s)
	if err != nil {
		return at, false, fmt.Errorf("%s does not fit: %w", c.file(step), err)
	}
	for i, v := range values {
		assign(nets.Value(net, i), v)
	}
	return at, true, nil
}
