package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func usual() *Common {
	return &Common{Seed: 1, Epochs: 3, Batch: 8, LR: 0.1, Optimizer: "adam", Schedule: "constant"}
}

// TestSettingsGoRound: what Settings shows, Set takes, and JSON carries.
func TestSettingsGoRound(t *testing.T) {
	changed := map[string]string{
		"seed": "18446744073709551615", "epochs": "17", "batch": "33", "lr": "0.00025", "optimizer": "rmsprop", "momentum": "0.875",
		"schedule": "one-cycle", "warmup": "100", "weight-decay": "1e-05", "clip": "0.5", "checkpoint": "12", "data": "/a b/c",
	}
	c := usual()
	for _, s := range Settings(c) {
		value, listed := changed[s.Key]
		if !listed {
			t.Errorf("setting %s is not in this test", s.Key)
		}
		if err := Set(c, s.Key, value); err != nil {
			t.Errorf("%s=%s: %v", s.Key, value, err)
		}
	}
	again := usual()
	for _, s := range Settings(c) {
		if s.Value != changed[s.Key] {
			t.Errorf("%s is %q, want %q", s.Key, s.Value, changed[s.Key])
		}
		if err := Set(again, s.Key, s.Value); err != nil {
			t.Errorf("%s=%s: %v", s.Key, s.Value, err)
		}
	}
	if !reflect.DeepEqual(again, c) {
		t.Errorf("got %+v, want %+v", again, c)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var decoded Common
	if err := Decode(text, &decoded); err != nil || !reflect.DeepEqual(&decoded, c) {
		t.Errorf("JSON %s: got %+v, %v", text, decoded, err)
	}
}

// TestBoundsBelong: the bounds that a setting names in words are taken, and
// what is just beyond is refused with the same words.
func TestBoundsBelong(t *testing.T) {
	for _, tt := range []struct {
		key         string
		taken, left []string
	}{
		{"epochs", []string{"1", "100000"}, []string{"0", "100001", "-1", "1e3", "9223372036854775808"}},
		{"batch", []string{"1", "65536", " 7 "}, []string{"0", "65537", "7.0", "0x10", "7 8"}},
		{"lr", []string{"1e-300", "100", "5E-3"}, []string{"0", "-1e-9", "100.0001", "NaN", "+Inf", "1e999", "0,5"}},
		{"momentum", []string{"0", "0.9999"}, []string{"1", "-0.1", "0.99991"}},
		{"warmup", []string{"0", "1000000"}, []string{"-1", "1000001"}},
		{"weight-decay", []string{"0", "10"}, []string{"10.1", "-1e-30"}},
		{"clip", []string{"0", "1e6"}, []string{"1000001", "inf"}},
		{"seed", []string{"0", "18446744073709551615"}, []string{"-1", "18446744073709551616", "1.5"}},
		{"optimizer", []string{"sgd", "adadelta"}, []string{"SGD", "", "adam|sgd", "adam "[:3]}},
		{"schedule", []string{"cosine", "one-cycle"}, []string{"onecycle", "linear"}},
	} {
		for _, v := range tt.taken {
			if err := Set(usual(), tt.key, v); err != nil {
				t.Errorf("%s=%s: %v", tt.key, v, err)
			}
		}
		for _, v := range tt.left {
			c := usual()
			var e *SettingError
			if err := Set(c, tt.key, v); !errors.As(err, &e) || e.Key != tt.key || e.Value != v || !strings.Contains(err.Error(), e.Want) {
				t.Errorf("%s=%s: got %v", tt.key, v, err)
			}
			if !reflect.DeepEqual(c, usual()) {
				t.Errorf("%s=%s was refused, and yet changed %+v", tt.key, v, c)
			}
		}
	}
}

// TestCheckTellsAllFaults at once, in the order of the settings.
func TestCheckTellsAllFaults(t *testing.T) {
	c := usual()
	c.Epochs, c.LR, c.Optimizer, c.Momentum = 0, -1, "none", 2
	err := Check(c)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{`setting epochs is "0"`, `setting lr is "-1"`, `setting optimizer is "none"`, `setting momentum is "2"`}
	if len(lines) != len(want) {
		t.Fatalf("got %q", lines)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("fault %d is %q, want %q…", i, lines[i], w)
		}
	}
	if err := Check(usual()); err != nil {
		t.Errorf("what is usual: %v", err)
	}
}

// TestNearestUndoesASlip: a name with one slip in it leads back to the name.
func TestNearestUndoesASlip(t *testing.T) {
	var names []string
	for _, s := range Settings(usual()) {
		names = append(names, s.Key)
	}
	r := tensor.NewRand(7)
	for range 2000 {
		name := names[r.IntN(len(names))]
		if len(name) < 5 {
			continue // too short for a slip to leave one name nearest
		}
		word := slip(r, name)
		if got := Nearest(word, names); got != name && slips(word, got) > 1 {
			t.Errorf("%q, a slip from %q, leads to %q", word, name, got)
		}
	}
	for _, name := range names {
		if got := Nearest(strings.ToUpper(name), names); got != name {
			t.Errorf("%q in capitals leads to %q", name, got)
		}
	}
}

// slip drops, doubles, swaps or replaces one letter.
func slip(r *tensor.Rand, s string) string {
	i := r.IntN(len(s) - 1)
	switch r.IntN(4) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + s[i:i+1] + s[i:]
	case 2:
		return s[:i] + s[i+1:i+2] + s[i:i+1] + s[i+2:]
	}
	return s[:i] + "q" + s[i+1:]
}

// TestSlipsIsADistance: none to itself, as many there as back, and no way round
// is shorter.
func TestSlipsIsADistance(t *testing.T) {
	r := tensor.NewRand(8)
	word := func() string {
		b := make([]byte, r.IntN(7))
		for i := range b {
			b[i] = "abc"[r.IntN(3)]
		}
		return string(b)
	}
	for range 3000 {
		a, b := word(), word()
		d := slips(a, b)
		if d != slips(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a)-len(b), len(b)-len(a)) {
			t.Fatalf("slips(%q, %q) = %d, back %d", a, b, d, slips(b, a))
		}
		if one := slip1(a, b); d == 1 != one {
			t.Fatalf("slips(%q, %q) = %d, one slip apart: %v", a, b, d, one)
		}
	}
}

// slip1 tells by trying whether one slip makes b of a.
func slip1(a, b string) bool {
	if a == b {
		return false
	}
	for i := range len(a) + 1 {
		if i < len(a) && a[:i]+a[i+1:] == b {
			return true
		}
		if i+1 < len(a) && a[:i]+a[i+1:i+2]+a[i:i+1]+a[i+2:] == b {
			return true
		}
		for c := range "abc" {
			letter := "abc"[c : c+1]
			if a[:i]+letter+a[i:] == b || i < len(a) && a[:i]+letter+a[i+1:] == b {
				return true
			}
		}
	}
	return false
}

// TestEveryRuleIsReachable: each word for an optimiser gives a rule of its own,
// with the rate that is set.
func TestEveryRuleIsReachable(t *testing.T) {
	seen := map[string]string{}
	for _, f := range fields(usual()) {
		if f.key != "optimizer" {
			continue
		}
		for _, word := range strings.Split(f.tag.Get("oneof"), "|") {
			c := usual()
			c.Optimizer, c.LR, c.Decay = word, 0.0625, 0.01 // without decay AdamW is Adam
			rule := c.Rule()
			kind := fmt.Sprintf("%T", rule)
			if other, there := seen[kind]; there {
				t.Errorf("%s and %s are both %s", word, other, kind)
			}
			seen[kind] = word
			if rule.Rate() != 0.0625 {
				t.Errorf("%s: rate %g, want 0.0625", word, rule.Rate())
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("%d rules: %v", len(seen), seen)
	}
}

// TestSchedulesEndLow: a schedule ends low unless it is constant, and a warm-up begins low.
func TestSchedulesEndLow(t *testing.T) {
	const steps = 100
	for _, tt := range []struct {
		schedule             string
		warmup               int
		firstBelow, endBelow float64
	}{
		{"constant", 0, 1.01, 1.01}, {"cosine", 0, 1.01, 0.01}, {"one-cycle", 0, 0.5, 0.01}, {"constant", 10, 0.2, 1.01}, {"cosine", 10, 0.2, 0.05},
	} {
		c := usual()
		c.Schedule, c.Warmup = tt.schedule, tt.warmup
		rates := c.Rates(steps)
		var all []float64
		for k := range steps {
			all = append(all, rates(k))
		}
		if all[0] > tt.firstBelow || all[steps-1] > tt.endBelow {
			t.Errorf("%s, warm-up %d: from %g to %g", tt.schedule, tt.warmup, all[0], all[steps-1])
		}
		if top := slices.Max(all); top > 1+1e-9 || top < 0.9 {
			t.Errorf("%s, warm-up %d: at most %g of the rate that is set", tt.schedule, tt.warmup, top)
		}
	}
}
