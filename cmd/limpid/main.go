// Command limpid trains, evaluates and examines neural networks. It is thin:
// each verb is a file of its own, parses its flags and calls the packages
// below; nothing imports it.
package main

import (
	"context"
	"os"
)

func main() {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	os.Exit(Main(context.Background(), s, os.Args[1:]))
}
