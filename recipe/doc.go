// Package recipe holds tasks end to end: the data, the network, how it is
// trained, how it is measured and what it must reach. Each recipe is a folder
// of its own beside this package, which has what they share: the type of a
// recipe and typed configurations. The command and programs may import it;
// it may import all but them.
package recipe
