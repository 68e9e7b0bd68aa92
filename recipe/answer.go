package recipe

import (
	"image"
	"io"
)

// Question is one input of a user's, which predict shows to a task's networks.
type Question struct {
	Name string    // the file's path; "-": standard input; "": no input, of a task that answers alone
	In   io.Reader // what is in it
	// Out, if it is there, is where an answer that grows is written as it comes;
	// its Text is then what is left to say. nil: only the whole is wanted.
	Out io.Writer
}

// Answer is what a task says about an input.
type Answer struct {
	Text    string      // for people; it ends with a line's end, unless it is empty
	Value   any         // the same for programs: "answer" in the JSON document
	Picture image.Image // what predict draws into a file; nil: nothing
	Labels  image.Image // a label for each pixel, which goes into a file beside it; nil: none
	Steps   []string    // what was done to the input
	Doubt   string      // why the answer may be worth little; "": nothing speaks for that
}
