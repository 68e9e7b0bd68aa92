package nn

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func convNet(t *testing.T, seed uint64, o ...Option) *Net {
	return build(t, &Sequential{
		&Conv2D{Out: 3, KernelHW: [2]int{3, 2}, NoBias: true}, &BatchNorm{},
		&ConvTranspose2D{Out: 2, KernelHW: [2]int{2, 3}}, &Flatten{}, &Linear{Out: 4},
	}, append(o, Input(6, 5, 2), Seed(seed))...)
}

func TestSaveAndLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.safetensors")
	a, b := convNet(t, 1), convNet(t, 2)
	step(a, nil, normal(3, 4, 6, 5, 2))
	if err := a.Save(file); err != nil {
		t.Fatal(err)
	}
	kept := b.params[0].Value()
	if err := b.Load(file); err != nil {
		t.Fatal(err)
	}
	if b.params[0].Value() != kept {
		t.Error("the parameter's memory moved")
	}
	for i, name := range a.names {
		same(t, name, b.variable(i).value, a.variable(i).value, 0)
	}
	again := filepath.Join(t.TempDir(), "b.safetensors")
	if err := b.Save(again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(must(os.ReadFile(file)), must(os.ReadFile(again))) {
		t.Error("the same weights, other bytes")
	}
}

func TestFilesHavePyTorchsLayout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.safetensors")
	n := convNet(t, 1)
	if err := n.Save(file); err != nil {
		t.Fatal(err)
	}
	found := must(readFile(file))
	conv := n.params[0].Value() // [O, KH, KW, I]
	if got := found["0.weight"]; got.Dim(1) != 2 || got.Dim(2) != 3 || got.At(2, 1, 0, 1) != conv.At(2, 0, 1, 1) {
		t.Error("Conv2D", got)
	}
	up := n.params[3].Value() // [I, KH, KW, O]
	if got := found["2.weight"]; got.Dim(0) != 3 || got.Dim(1) != 2 || got.At(2, 1, 1, 0) != up.At(2, 1, 0, 1) {
		t.Error("ConvTranspose2D", got)
	}
	if len(found) != len(n.names) {
		t.Error(len(found), "tensors")
	}
}

func TestLoadConvertsTheFloatType(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.safetensors")
	a, b := convNet(t, 1), convNet(t, 2, Float64)
	if err := a.Save(file); err != nil {
		t.Fatal(err)
	}
	if err := b.Load(file); err != nil {
		t.Fatal(err)
	}
	same(t, "weight", b.params[0].value, a.params[0].value, 0)
}

func TestLoadIsStrict(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.safetensors")
	if err := convNet(t, 1).Save(file); err != nil {
		t.Fatal(err)
	}
	other := build(t, &Sequential{&Conv2D{Out: 3, Kernel: 3}, &BatchNorm{}, &Flatten{}, &Linear{Out: 4}, &Linear{Out: 2}}, Input(6, 5, 2))
	before := other.Weights()
	err := other.Load(file)
	wantErr(t, err, file, "0.weight is [3 2 3 2] in the file and [3 2 3 3] in the network", "lacks 0.bias, 3.weight, 3.bias",
		"the network has no 2.bias, 2.weight", "4.weight is")
	if strings.Contains(err.Error(), "1.weight") {
		t.Error("1.weight fits:", err)
	}
	for name, v := range other.Weights() {
		same(t, name+" after a failed load", v, before[name], 0)
	}
	if err := other.Load(file, Skip("0.*", "2.*", "3.*", "4.*")); err != nil {
		t.Error(err)
	}
	wantErr(t, other.Load(file, Skip("[")), "syntax error in pattern")
	wantErr(t, other.Load(filepath.Join(t.TempDir(), "none")), "none")
}

func TestRename(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.safetensors")
	a := build(t, &Sequential{&Linear{Out: 3}, &Linear{Out: 4}}, Input(2))
	if err := a.Save(file); err != nil {
		t.Fatal(err)
	}
	b := build(t, &Linear{Out: 3}, Input(2), Seed(5))
	err := b.Load(file, Rename(func(name string) string {
		if rest, ok := strings.CutPrefix(name, "0."); ok {
			return rest
		}
		return ""
	}))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "weight", b.params[0].value, a.params[0].value, 0)
	wantErr(t, b.Load(file, Rename(func(string) string { return "weight" })), "another name")
}

func TestWeightsAreACopy(t *testing.T) {
	n := convNet(t, 1)
	w := n.Weights()
	if len(w) != len(n.names) {
		t.Error(len(w), "weights")
	}
	old := w["0.weight"].At(0, 0, 0, 0)
	n.params[0].Set(n.params[0].Value().Shift(1))
	if w["0.weight"].At(0, 0, 0, 0) != old {
		t.Error("the copy moved with the network")
	}
}

func TestSetChecks(t *testing.T) {
	l := &Linear{Out: 2}
	wantErr(t, tensor.Try(func() { l.Weight.Set(tensor.Zeros(2, 3)) }), "no value yet")
	n := build(t, l, Input(3))
	wantErr(t, tensor.Try(func() { n.Params()[0].Set(tensor.Zeros(3, 2)) }), "[2 3] · [3 2]")
	wantErr(t, tensor.Try(func() { l.Weight.Set(wide(1, 2, 3)) }), "weight is float32, the new value float64")
}
