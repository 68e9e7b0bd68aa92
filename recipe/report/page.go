// Package report writes report.html, the page that a run leaves behind: one
// file with all that it shows in it, curves as SVG and pictures as PNG, so
// that it can be mailed, kept and read without a network. It follows the
// reader's light or dark setting. recipe and all beside and above it may import
// report; it imports tensor.
//
// Charts are templates of our own rather than a library's: those at hand draw
// text as outlines or colours as constants, so that the page would neither
// follow the reader's setting nor be searched, and cost megabytes of fonts.
package report

import (
	_ "embed" // page.html
	"html/template"
	"io"
)

// Page is a report.
type Page struct {
	Title    string
	Lead     string // what the page is about, in a sentence or two
	Facts    []Fact // the figures that matter, large
	Sections []Section
}

// Fact is a figure and what it is of.
type Fact struct {
	Name, Value string
	Note        string // small, below
	Mood        Mood
}

// Mood says whether a fact is as one hopes. Words must say it too.
type Mood string

// What a fact is like.
const (
	Plain Mood = ""
	Good  Mood = "good"
	Bad   Mood = "bad"
)

// Section is a part of a page.
type Section struct {
	Title string
	Text  []string // paragraphs above the figures
	Body  []Figure
}

// Figure is a chart, a table or pictures: what the functions of this package
// return.
type Figure struct {
	Caption string
	HTML    template.HTML
}

// Under returns f with words below it.
func (f Figure) Under(caption string) Figure {
	f.Caption = caption
	return f
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes the page as HTML.
func (p *Page) Write(w io.Writer) error { return pageTemplate.Execute(w, p) }
