// Package nn holds networks: layers, their parameters, and the passes that run
// them.
//
// A [Layer] is any type with Forward(p, x). It calls other layers with
// [Pass.Apply] and asks for its parameters with [Pass.Param], which makes them
// when the network is built and returns them afterwards, so that shapes are
// inferred. A [Param] is a field by value; [Build] walks the model's fields,
// slices and maps, and names each parameter by where it is, as PyTorch does:
//
//	type Block struct {
//		Conv1, Conv2 nn.Conv2D // conv1.weight, conv1.bias, conv2.weight, …
//		BN1          nn.BatchNorm // bn1.weight, …, bn1.running_mean, …
//	}
//
// CamelCase becomes snake_case, elements of slices are numbered, a map's keys
// are sorted. The tag `nn:"name"` names a field, `nn:"-"` leaves it out.
//
// A [Pass] is one run of a network: memory, recording, training or inference,
// randomness. [Net.Predict] and [Net.Do] make one; any number may run at once.
// train's Updater makes those that learn.
//
// First values depend on the network's seed and the parameter's path alone: He
// (normal, gain √2) before an activation of the ReLU kind, Glorot (uniform)
// otherwise; embeddings are N(0, 1), recurrent layers uniform in ±1/√hidden.
//
// loss, optim, metric, model, train and all above them may import nn. It
// imports tensor, format, run and internal/backstage.
package nn
