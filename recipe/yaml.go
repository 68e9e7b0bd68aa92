package recipe

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/limpid-ml/limpid/format/yamltree"
)

// Configure sets the keys of cfg, a pointer to a configuration struct, that a
// map of a YAML file has, but for those named in but. It names every fault at
// once: unknown keys with the nearest that there is, and values of another type
// or out of range, each with file and line.
func Configure(cfg any, n *yamltree.Node, but ...string) error {
	if n.Kind != yamltree.Map {
		return n.Fault("write a setting a line, key: value", "it is %s, want settings with values", n.Kind)
	}
	var faults []error
	for _, p := range n.Pairs {
		if !slices.Contains(but, p.Key) {
			faults = append(faults, configure(cfg, p, but))
		}
	}
	return errors.Join(faults...)
}

// configure sets one key.
func configure(cfg any, p yamltree.Pair, but []string) error {
	if p.Value.Kind != yamltree.Value {
		return p.Value.Fault("write it behind the colon", "setting %s is %s; it takes a single value", p.Key, p.Value.Kind)
	}
	err := Set(cfg, p.Key, p.Value.Text)
	var e *SettingError
	if !errors.As(err, &e) {
		return err
	}
	if e.Want != "" {
		return p.Value.Fault(fmt.Sprintf("%s takes %s", p.Key, e.Want), "%v", e)
	}
	near := Nearest(p.Key, append(e.Known, but...))
	if near == "" {
		return yamltree.Fault(p.Value.File(), p.Line, "one of: "+strings.Join(e.Known, ", "), "%v", e)
	}
	return yamltree.Fault(p.Value.File(), p.Line, fmt.Sprintf("did you mean %s? All: %s", near, strings.Join(e.Known, ", ")), "%v: did you mean %s?", e, near)
}

// YAML writes the recipe's name and every setting with its default as a YAML
// file, what each is for beside it: what [Configure] reads. full chooses the
// defaults for the full data.
func YAML(r *Recipe, full bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n# limpid train FILE.yaml trains by it; --set on the command line goes before it.\nrecipe: %s\n", r.Short, r.Name)
	lines := make([]string, 0, 32)
	widest := 0
	all := fields(r.New(full))
	for _, f := range all {
		line := f.key + ": " + f.yaml()
		lines, widest = append(lines, line), max(widest, len([]rune(line)))
	}
	for i, f := range all {
		want := f.want()
		if want == "text" {
			want = ""
		} else {
			want = " (" + want + ")"
		}
		fmt.Fprintf(&b, "%s%s  # %s%s\n", lines[i], strings.Repeat(" ", widest-len([]rune(lines[i]))), f.tag.Get("help"), want)
	}
	return b.String()
}

// yaml writes the field's value.
func (f field) yaml() string {
	switch f.value.Kind() {
	case reflect.String:
		return quoteYAML(f.value.String())
	case reflect.Float64:
		return strconv.FormatFloat(f.value.Float(), 'g', -1, 64)
	}
	return fmt.Sprint(f.value.Interface())
}

// quoteYAML writes text as YAML reads it back: quoted unless it is plainly a
// word.
func quoteYAML(s string) string {
	plain := s != "" && s != "null" && s != "true" && s != "false"
	for _, r := range s {
		plain = plain && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' || r == '/')
	}
	if plain && s[0] != '-' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
