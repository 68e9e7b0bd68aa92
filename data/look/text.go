package look

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The bounds of what calls for advice.
const (
	muchImbalance = 3  // the largest class over the smallest
	fewExamples   = 20 // of a class
	mostListed    = 10 // of each kind of fault, in the text
	mostModes     = 6  // kinds of files, in the text
)

// advise says what to do before training.
func (r *Report) advise() {
	var first []string
	say := func(format string, a ...any) { first = append(first, fmt.Sprintf(format, a...)) }
	if n := len(r.Broken); n > 0 {
		say("%s cannot be used: correct, replace or remove what is listed", some(n, "file or box", "files or boxes"))
	}
	across, torn, alike := 0, 0, 0
	for _, t := range r.Twins {
		switch {
		case t.Across:
			across++
		case t.Torn:
			torn++
		default:
			alike++
		}
	}
	if across > 0 {
		say("%s in more than one part: a test on them asks what was learnt by heart; leave them in one", some(across, "picture is, or looks to be,", "pictures are, or look to be,"))
	}
	if torn > 0 {
		say("%s in more than one class: one label must be wrong", some(torn, "picture is, or looks to be,", "pictures are, or look to be,"))
	}
	if alike > 0 {
		say("%s more than once: remove the others, or deal them together (data.Deal's Groups)", some(alike, "picture is there, or one like it,", "pictures are there, or ones like them,"))
	}
	if len(r.Blank) > 0 {
		say("%s of one colour: is there anything to see?", some(len(r.Blank), "picture is", "pictures are"))
	}
	r.adviseClasses(say)
	if grey := r.greys(); grey > 0 && grey < r.Examples {
		say("%d of %d pictures are grey and the others in colour: do classes differ in it? Reading.Grey makes all grey", grey, r.Examples)
	}
	r.Advice = append(first, r.Advice...)
}

// adviseClasses is for classes that are uneven, few, or not in every part.
func (r *Report) adviseClasses(say func(string, ...any)) {
	if r.Imbalance > muchImbalance {
		say("the largest class has %.1f times the examples of the smallest: weigh the loss (data.ClassWeights) or the loader (data.Balanced), and mind each class's score", r.Imbalance)
	}
	var few, absent []string
	for _, c := range r.Classes {
		if c.Examples < fewExamples {
			few = append(few, c.Name)
		}
		for _, p := range r.Parts {
			if c.ByPart[p.Name] == 0 {
				absent = append(absent, c.Name+" in "+p.Name)
			}
		}
	}
	if len(few) > 0 {
		say("fewer than %d examples of %s: expect little of them", fewExamples, list(few))
	}
	if len(absent) > 0 {
		say("no examples of %s", list(absent))
	}
	lower := map[string]string{}
	for _, c := range r.Classes {
		key := strings.ToLower(strings.TrimSpace(c.Name))
		if other, ok := lower[key]; ok {
			say("%q and %q are two classes: should they be one?", other, c.Name)
		}
		lower[key] = c.Name
	}
}

// greys counts the pictures without colour.
func (r *Report) greys() (n int) {
	for _, m := range r.Modes {
		if strings.Contains(m.Name, "grey") {
			n += m.N
		}
	}
	return n
}

func some(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func list(names []string) string {
	if len(names) > mostListed {
		return strings.Join(names[:mostListed], ", ") + fmt.Sprintf(" and %d more", len(names)-mostListed)
	}
	return strings.Join(names, ", ")
}

// String shows the report.
func (r *Report) String() string {
	var b strings.Builder
	noun := "pictures"
	if r.Kind == "table" {
		noun = "rows"
	}
	fmt.Fprintf(&b, "%s: %s, %d %s", r.Path, r.Kind, r.Examples, noun)
	for i, p := range r.Parts {
		fmt.Fprintf(&b, "%s%s %d", map[bool]string{true: " (", false: ", "}[i == 0], p.Name, p.Examples)
	}
	if len(r.Parts) > 0 {
		b.WriteString(")")
	}
	b.WriteString("\n")
	r.writeClasses(&b)
	r.writeColumns(&b)
	r.writeSizes(&b)
	r.writeFaults(&b)
	if len(r.Advice) == 0 {
		b.WriteString("\nNothing speaks against training on it.\n")
		return b.String()
	}
	b.WriteString("\nBefore training:\n")
	for _, a := range r.Advice {
		fmt.Fprintf(&b, "  - %s\n", a)
	}
	return b.String()
}

// grid writes cells in columns, the first to the left, the others to the right;
// a last column of words goes to the left if words is set.
func grid(b *strings.Builder, rows [][]string, words bool) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range rows {
		line := " "
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == 0 || words && i == len(row)-1 {
				line += " " + c + pad
			} else {
				line += "  " + pad + c
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func (r *Report) writeClasses(b *strings.Builder) {
	if len(r.Classes) == 0 {
		return
	}
	unit := map[string]string{"pictures with boxes": "boxes", "pictures with masks": "pictures", "table": "rows"}[r.Kind]
	if unit == "" {
		unit = "pictures"
	}
	head := []string{"class", unit}
	for _, p := range r.Parts {
		head = append(head, p.Name)
	}
	rows := [][]string{append(head, "share")}
	for _, c := range r.Classes {
		row := []string{c.Name, fmt.Sprint(c.Examples)}
		for _, p := range r.Parts {
			row = append(row, fmt.Sprint(c.ByPart[p.Name]))
		}
		rows = append(rows, append(row, fmt.Sprintf("%.1f%%", 100*c.Share)))
	}
	b.WriteString("\n")
	grid(b, rows, false)
}

func (r *Report) writeColumns(b *strings.Builder) {
	if len(r.Columns) == 0 {
		return
	}
	rows := [][]string{{"column", "kind", "missing", " values"}}
	for _, c := range r.Columns {
		rows = append(rows, []string{c.Name, c.Kind.String(), fmt.Sprint(c.Missing), " " + c.Summary})
	}
	b.WriteString("\n")
	grid(b, rows, true)
}

func (r *Report) writeSizes(b *strings.Builder) {
	if len(r.Sizes) == 0 {
		return
	}
	least := slices.MinFunc(r.Sizes, func(x, y Size) int { return x.W*x.H - y.W*y.H })
	most := slices.MaxFunc(r.Sizes, func(x, y Size) int { return x.W*x.H - y.W*y.H })
	b.WriteString("\n  sizes   ")
	if len(r.Sizes) == 1 {
		fmt.Fprintf(b, "all %d×%d\n", least.W, least.H)
	} else {
		fmt.Fprintf(b, "%d different, from %d×%d to %d×%d; most often %d×%d (%d)\n", len(r.Sizes), least.W, least.H, most.W, most.H, r.Sizes[0].W, r.Sizes[0].H, r.Sizes[0].N)
	}
	b.WriteString("  files   ")
	for i, m := range r.Modes {
		if i > 0 {
			b.WriteString("; ")
		}
		if i == mostModes {
			fmt.Fprintf(b, "%d other kinds", len(r.Modes)-i)
			break
		}
		fmt.Fprintf(b, "%s (%d)", m.Name, m.N)
	}
	if r.Turned > 0 {
		fmt.Fprintf(b, "; %d turned upright by their Exif", r.Turned)
	}
	b.WriteString("\n")
}

func (r *Report) writeFaults(b *strings.Builder) {
	section := func(title string, n int, line func(i int) string) {
		if n == 0 {
			return
		}
		fmt.Fprintf(b, "\n  %s (%d)\n", title, n)
		for i := range min(n, mostListed) {
			fmt.Fprintf(b, "    %s\n", line(i))
		}
		if n > mostListed {
			fmt.Fprintf(b, "    and %d more\n", n-mostListed)
		}
	}
	section("cannot be used", len(r.Broken), func(i int) string { return r.Broken[i].Why })
	section("there more than once", len(r.Twins), func(i int) string { return r.Twins[i].String() })
	section("of one colour", len(r.Blank), func(i int) string { return r.Blank[i] })
}

// String names the files and how they are alike.
func (t Twins) String() string {
	how := "look the same"
	if t.Exact {
		how = "the same bytes"
	}
	if t.Across {
		how += ", in different parts"
	}
	if t.Torn {
		how += ", in different classes"
	}
	return list(t.Files) + ": " + how
}
