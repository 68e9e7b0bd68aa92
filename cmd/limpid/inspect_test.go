package main

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/tensor"
)

func TestHold(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, tt := range []struct {
		name   string
		values []float32
		want   holding
		bins   map[int]int
	}{
		{"spread", []float32{-1, 0, 0.005, 3}, holding{Mean: 0.50125, Min: -1, Max: 3, Std: 1.4996, NearZero: 0.5}, map[int]int{0: 1, 4: 2, 15: 1}},
		{"all alike", []float32{2, 2}, holding{Mean: 2, Min: 2, Max: 2}, map[int]int{8: 2}},
		{"all zero", []float32{0, 0, 0}, holding{NearZero: 1}, map[int]int{8: 3}},
		{"some are no numbers", []float32{1, nan, inf, 1}, holding{Mean: 1, Min: 1, Max: 1, NotFinite: 2}, map[int]int{8: 2}},
		{"none is a number", []float32{nan}, holding{NotFinite: 1}, nil},
	} {
		got := hold(tt.name, tensor.Of(tt.values, len(tt.values)))
		tt.want.Name, tt.want.Shape, tt.want.Histogram = tt.name, []int{len(tt.values)}, make([]int, bins)
		for i, n := range tt.bins {
			tt.want.Histogram[i] = n
		}
		got.Std, got.Mean = math.Round(got.Std*1e4)/1e4, math.Round(got.Mean*1e5)/1e5
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("got %+v, want %+v", got, tt.want)
		}
	}
}

func TestHoldingsGoLayerByLayer(t *testing.T) {
	net, err := nn.Build(&nn.Sequential{&nn.Linear{Out: 4}, &nn.BatchNorm{}, &nn.Linear{Out: 2}}, nn.Input(3))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range holdings(net) {
		names = append(names, h.Name)
	}
	want := "0.weight 0.bias 1.weight 1.bias 1.running_mean 1.running_var 2.weight 2.bias"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInspectWrites(t *testing.T) {
	a := &inspectAnswer{Run: "runs/x", Recipe: "odd", State: "stopped", Summary: "THE TABLE\n", Config: []byte(`{"seed":1,"name":"a b","flip":true}`),
		Values: []holding{hold("w", tensor.Of([]float32{-1, 0, 1, 3}, 2, 2)), hold("b", tensor.Of([]float32{float32(math.NaN())}, 1))},
		Loss:   []float64{2, 0.5}, Validation: []float64{0.5, 0.75}}
	golden(t, a.write())
}
