package recipe

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type inner struct {
	Epochs int     `json:"epochs" help:"passes" min:"1" max:"100"`
	LR     float64 `json:"lr" help:"rate" above:"0" max:"10"`
}

type sample struct {
	inner
	Seed  uint64 `json:"seed" help:"seed"`
	Rule  string `json:"optimizer" help:"rule" oneof:"adam|sgd"`
	Flip  bool   `json:"flip" help:"mirror"`
	Free  string `json:"data" help:"folder"`
	State int    `json:"-"`
}

func newSample() *sample {
	return &sample{inner: inner{Epochs: 3, LR: 0.1}, Seed: 1, Rule: "adam"}
}

func TestSet(t *testing.T) {
	c := newSample()
	for _, s := range [][2]string{
		{"epochs", "7"}, {"lr", "2.5e-3"}, {"seed", "18446744073709551615"},
		{"optimizer", "sgd"}, {"flip", "true"}, {"data", "/a b"},
	} {
		if err := Set(c, s[0], s[1]); err != nil {
			t.Errorf("Set(%s, %s): %v", s[0], s[1], err)
		}
	}
	want := &sample{inner{7, 0.0025}, 1<<64 - 1, "sgd", true, "/a b", 0}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct{ key, value, message, near string }{
		{"epochs", "0", `setting epochs is "0"; it takes a whole number from 1 to 100`, ""},
		{"epochs", "101", "from 1 to 100", ""},
		{"epochs", "2.5", "a whole number", ""},
		{"epochs", "", "a whole number", ""},
		{"lr", "0", `setting lr is "0"; it takes a number above 0 to 10`, ""},
		{"lr", "NaN", "a number", ""},
		{"lr", "Inf", "a number", ""},
		{"lr", "fast", "a number", ""},
		{"seed", "-1", "a whole number from 0", ""},
		{"optimizer", "adma", "adam or sgd", ""},
		{"flip", "perhaps", "true or false", ""},
		{"epoch", "3", `there is no setting "epoch"`, "epochs"},
		{"optimiser", "sgd", "there is no setting", "optimizer"},
		{"zzzzz", "1", "there is no setting", ""},
		{"-", "1", "there is no setting", ""},
	}
	for _, tt := range tests {
		c := newSample()
		err := Set(c, tt.key, tt.value)
		var e *SettingError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.message) || e.Near != tt.near {
			t.Errorf("Set(%q, %q) = %v, near %q; want %q, near %q", tt.key, tt.value, err, e.Near, tt.message, tt.near)
		}
		if !reflect.DeepEqual(c, newSample()) {
			t.Errorf("Set(%q, %q) failed and yet changed the configuration to %+v", tt.key, tt.value, c)
		}
	}
}

func TestSettingsDescribesEveryKey(t *testing.T) {
	all := Settings(newSample())
	if len(all) != 6 {
		t.Fatalf("%d settings, want 6: %+v", len(all), all)
	}
	want := Setting{"lr", "rate", "a number above 0 to 10", "0.1"}
	if all[1] != want {
		t.Errorf("got %+v, want %+v", all[1], want)
	}
}

func TestDecode(t *testing.T) {
	text, err := json.Marshal(newSample())
	if err != nil {
		t.Fatal(err)
	}
	var c sample
	if err := Decode(text, &c); err != nil || !reflect.DeepEqual(&c, newSample()) {
		t.Errorf("Decode(%s) = %+v, %v", text, c, err)
	}
	for _, bad := range []string{
		`{"epochs":3,"lr":1,"optimizer":"adam","speed":1}`, // unknown
		`{"epochs":0,"lr":1,"optimizer":"adam"}`,           // out of range
		`{"epochs":"3","lr":1,"optimizer":"adam"}`,         // of another type
		`{"epochs":3,"lr":1,"optimizer":"adam"} {}`,        // two
		`{"epochs":3`, ``,
	} {
		if err := Decode([]byte(bad), new(sample)); err == nil {
			t.Errorf("Decode(%s) succeeded", bad)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"epochs", "batch", "lr", "dropout", "weight-decay", "optimizer"}
	for word, want := range map[string]string{
		"epoch": "epochs", "EPOCHS": "epochs", "bacth": "batch", "decay": "weight-decay",
		"drop": "dropout", "optimiser": "optimizer", "l": "lr", "quux": "", "": "lr",
	} {
		if got := Nearest(word, names); got != want && word != "" {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestSlips(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"kitten", "sitting", 3}} {
		if got := slips(tt.a, tt.b); got != tt.want || slips(tt.b, tt.a) != tt.want {
			t.Errorf("slips(%q, %q) = %d, want %d both ways", tt.a, tt.b, got, tt.want)
		}
	}
}
