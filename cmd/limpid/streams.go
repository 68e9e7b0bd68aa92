package main

import "io"

// Streams are what a verb reads and writes. Out gets the answer, Err the rest.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}
