package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/nn"
)

// Reestimate gives net's running statistics the values that its weights have
// on the data: the mean over an epoch's batches of what each batch has,
// without dropout. Averaged weights need it, for the means and variances of
// their batch normalisations belong to other weights; so do weights that were
// changed by hand. It does what PyTorch's torch.optim.swa_utils.update_bn does.
// A network without running statistics stays as it is.
func Reestimate(ctx context.Context, net *nn.Net, l data.Loader) error {
	switch {
	case net == nil:
		return errors.New("train.Reestimate: the network is nil: build it with nn.Build, and look at its error")
	case l.Data == nil || l.Data.Len() == 0:
		return errors.New("train.Reestimate: the loader has no data to measure statistics on")
	}
	if err := checkContext("Reestimate", ctx); err != nil {
		return err
	}
	if len(nets.Names(net)) == nets.ParamCount(net) {
		return nil
	}
	if err := try(func() error { return reestimate(ctx, net, l) }); err != nil {
		return fmt.Errorf("train.Reestimate: %w", err)
	}
	return nil
}

func reestimate(ctx context.Context, net *nn.Net, l data.Loader) error {
	p := nets.NewPass(net)
	defer nets.End(p)
	nets.ResetStates(net)
	for b, err := range l.Epoch(ctx, 0) {
		if err != nil {
			return err
		}
		nets.Survey(p)
		net.Forward(p, b.X)
		nets.GatherStates(p)
		nets.End(p)
	}
	nets.CommitStates(net)
	return nil
}
