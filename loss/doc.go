// Package loss measures how far a network's results are from what they should
// be: one number, a scalar tensor, whose gradient trains.
//
// Every loss is a mean over what was not ignored, acts on the last axis
// whatever the shape before it, never broadcasts and never mixes element
// types. Each has derivatives of any order. What a loss cannot take (another
// shape, a label that is no class) panics with a *tensor.Error, which the
// entry points of nn and train return.
//
// train and all above it may import loss.
package loss
