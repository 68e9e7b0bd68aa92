package recipe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Setting describes one key of a configuration.
type Setting struct {
	Key   string `json:"key"`
	Help  string `json:"help"`
	Want  string `json:"want"`  // which values it takes, in words
	Value string `json:"value"` // its present value
}

// SettingError says which key or value was refused, and what would do.
type SettingError struct {
	Key, Value string
	Want       string // which values the key takes; "" if there is no such key
	Near       string // the known key most like an unknown one
	Known      []string
}

// Error names the key, what was found and what is expected.
func (e *SettingError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("there is no setting %q", e.Key)
	}
	return fmt.Sprintf("setting %s is %q; it takes %s", e.Key, e.Value, e.Want)
}

// field is one settable field of a configuration struct. Its tags: json (the
// key), help, min and max (bounds that belong to it), above (a bound that does
// not), oneof (words with bars between). One tagged set:"no" is stored and
// cannot be set.
type field struct {
	key   string
	tag   reflect.StructTag
	value reflect.Value
}

// fields lists the keys of cfg, a pointer to a struct, embedded structs' too.
func fields(cfg any) []field { return fieldsOf(reflect.ValueOf(cfg).Elem()) }

func fieldsOf(v reflect.Value) []field {
	var all []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			all = append(all, fieldsOf(v.Field(i))...)
			continue
		}
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "" && key != "-" && f.Tag.Get("set") != "no" {
			all = append(all, field{key, f.Tag, v.Field(i)})
		}
	}
	return all
}

// Settings describes the keys of cfg, a pointer to a configuration struct.
func Settings(cfg any) []Setting {
	var all []Setting
	for _, f := range fields(cfg) {
		all = append(all, Setting{f.key, f.tag.Get("help"), f.want(), fmt.Sprint(f.value.Interface())})
	}
	return all
}

// Set parses value into the field of cfg whose key is key. The error is a
// [*SettingError].
func Set(cfg any, key, value string) error {
	var known []string
	for _, f := range fields(cfg) {
		if f.key == key {
			return f.set(value)
		}
		known = append(known, f.key)
	}
	return &SettingError{Key: key, Near: Nearest(key, known), Known: known}
}

// Check returns an error for each value of cfg that is out of its range.
func Check(cfg any) error {
	var faults []error
	for _, f := range fields(cfg) {
		if !f.fits() {
			faults = append(faults, f.fault(fmt.Sprint(f.value.Interface())))
		}
	}
	return errors.Join(faults...)
}

// Decode reads a configuration that was written as JSON into cfg. Unknown
// keys and values out of range are errors.
func Decode(text []byte, cfg any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(cfg); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return Check(cfg)
}

func (f field) fault(value string) error {
	return &SettingError{Key: f.key, Value: value, Want: f.want()}
}

func (f field) set(text string) error {
	old := reflect.ValueOf(f.value.Interface())
	if !f.parse(text) || !f.fits() {
		f.value.Set(old)
		return f.fault(text)
	}
	return nil
}

// parse sets the field from text and tells whether that was possible.
func (f field) parse(text string) bool {
	text = strings.TrimSpace(text)
	switch f.value.Kind() {
	case reflect.String:
		f.value.SetString(text)
	case reflect.Bool:
		v, err := strconv.ParseBool(text)
		f.value.SetBool(v)
		return err == nil
	case reflect.Int:
		v, err := strconv.ParseInt(text, 10, 64)
		f.value.SetInt(v)
		return err == nil
	case reflect.Uint64:
		v, err := strconv.ParseUint(text, 10, 64)
		f.value.SetUint(v)
		return err == nil
	case reflect.Float64:
		v, err := strconv.ParseFloat(text, 64)
		f.value.SetFloat(v)
		return err == nil
	default:
		panic(fmt.Sprintf("recipe: setting %s has type %v", f.key, f.value.Type()))
	}
	return true
}

// fits tells whether the field's value is one it takes.
func (f field) fits() bool {
	switch f.value.Kind() {
	case reflect.String:
		return f.isOneOf(f.value.String())
	case reflect.Int:
		return f.inRange(float64(f.value.Int()))
	case reflect.Float64:
		return f.inRange(f.value.Float())
	}
	return true
}

func (f field) isOneOf(s string) bool {
	words, limited := f.tag.Lookup("oneof")
	if !limited {
		return true
	}
	for w := range strings.SplitSeq(words, "|") {
		if w == s {
			return true
		}
	}
	return false
}

func (f field) inRange(v float64) bool {
	lo, hi, above := f.bound("min", math.Inf(-1)), f.bound("max", math.Inf(1)), f.bound("above", math.Inf(-1))
	return v >= lo && v <= hi && v > above && !math.IsInf(v, 0)
}

func (f field) bound(name string, otherwise float64) float64 {
	text, ok := f.tag.Lookup(name)
	if !ok {
		return otherwise
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("recipe: setting %s: tag %s: %v", f.key, name, err))
	}
	return v
}

// want says in words which values the field takes.
func (f field) want() string {
	switch f.value.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Uint64:
		return "a whole number from 0"
	case reflect.Int:
		return "a whole number" + f.rangeWords()
	case reflect.Float64:
		return "a number" + f.rangeWords()
	}
	if words := f.tag.Get("oneof"); words != "" {
		list := strings.Split(words, "|")
		return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
	}
	return "text"
}

func (f field) rangeWords() string {
	var s string
	if v, ok := f.tag.Lookup("min"); ok {
		s = " from " + v
	}
	if v, ok := f.tag.Lookup("above"); ok {
		s = " above " + v
	}
	if v, ok := f.tag.Lookup("max"); ok {
		s += " to " + v
	}
	return s
}
