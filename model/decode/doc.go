// Package decode turns the scores that a network gives each next symbol into
// text: [Sampler] draws symbol after symbol, [Search] keeps several beginnings
// and looks for the likeliest whole; [CTC] reads what a recogniser trained with
// loss.CTC says step by step, [Greedy] does so without a search, and [Align] finds
// when it was said.
//
// Both are deterministic: a sampler by its seed, a search by its scores, and of
// equal ones the lower symbol and the better beginning come first. Neither
// knows a network: an LSTM, a GPT and a decoder with attention give scores and
// carry their own state from step to step.
//
// train, recipe, programs and all above model may import decode. It imports
// tensor.
package decode
