// Package optim holds the rules by which parameters move, and the schedules of
// their learning rate.
//
// A rule is a plain value, such as Adam{LR: 1e-3}; fields left out have
// PyTorch's defaults. train.NewUpdater runs it. A rule of one's own implements
// [Rule], and [Rule64] if float64 networks are to use it.
//
// train and all above it may import optim.
package optim
