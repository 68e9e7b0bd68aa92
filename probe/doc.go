// Package probe looks inside a network while it trains.
//
// A [Probe] is an observer of training: every so many steps it has its
// instruments measure the layers, and sends what they read. It only reads, so
// losses and weights have the same bits with and without it.
//
//	eye := probe.Every(10, probe.Activations{}, probe.UpdateRatio{}, probe.DeadUnits{})
//	go func() {
//		for r := range eye.Readings() {
//			fmt.Println(r.Step, r.Path, r.Name, r.Value)
//		}
//	}()
//	fit, err := train.Fit(ctx, net, train.Config{…, Observers: []train.Observer{eye}})
//
// What the instruments here read, a line each:
//
//	instrument    name       value, of one step
//	Activations   mean       mean of a layer's result over batch, places and units
//	              std        its standard deviation (divided by n)
//	              zeros      share of values that are exactly 0
//	              saturated  share of values where a bounded activation is flat
//	DeadUnits     dead       share of units that are 0 in the whole batch
//	GradNorms     grad       length of the loss's gradient by the layer's result
//	UpdateRatio   update     length of the change of the weights over their length
//
// An instrument of one's own is any type with a Sample method; it asks the
// [Sample] to be shown values, gradients and parameters, and reports numbers.
//
// doctor, explain, lab and all above them may import probe. It imports train,
// nn and tensor.
package probe
