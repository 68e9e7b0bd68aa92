package metric

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/limpid-ml/limpid/tensor"
)

func TestTemperatureIsPyTorchs(t *testing.T) {
	var cases []struct {
		Classes     int
		Logits      []float64
		Labels      []int32
		Temperature float64
	}
	text, err := os.ReadFile("testdata/temperature.json")
	if err == nil {
		err = json.Unmarshal(text, &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		logits := tensor.Of(c.Logits, len(c.Labels), c.Classes)
		got, err := Temperature(logits, tensor.Of(c.Labels, len(c.Labels)))
		if err != nil || math.Abs(got/c.Temperature-1) > 1e-6 {
			t.Errorf("%d classes: %.9g, want %.9g: %v", c.Classes, got, c.Temperature, err)
		}
		warm, err := Temperature(logits.Scale(3), tensor.Of(c.Labels, len(c.Labels)))
		if err != nil || math.Abs(warm/got/3-1) > 1e-9 {
			t.Errorf("logits thrice as large want %.9g times the temperature: %v", warm/got, err)
		}
	}
}

// Where the best temperature is 0 or infinite, the bound is returned; rows that
// are ignored do not count.
func TestTemperatureAtItsBounds(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		labels []int32
		want   float64
	}{
		{[]float32{1, 0, 0, 1}, []int32{0, 1}, 0.01},
		{[]float32{1, 0, 0, 1}, []int32{1, 0}, 100},
		{[]float32{2, 0, 2, 0, 2, 0, 9, -9}, []int32{0, 0, 1, -100}, 2 / math.Log(2)},
	} {
		got, err := Temperature(tensor.Of(c.logits, len(c.labels), 2), tensor.Of(c.labels, len(c.labels)))
		if err != nil || math.Abs(got/c.want-1) > 1e-6 {
			t.Errorf("%v, %v: %g, want %g: %v", c.logits, c.labels, got, c.want, err)
		}
	}
}

func TestTemperatureOfNothing(t *testing.T) {
	for want, y := range map[string]tensor.Tensor{"no labelled row": tensor.Of([]int32{-100, -100}, 2), "temperature": tensor.Of([]int32{0, 7}, 2)} {
		if _, err := Temperature(tensor.Zeros(2, 3), y); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// No other temperature has a lower cross-entropy, and one number for all rows
// cannot change which class is guessed.
func TestNoTemperatureIsBetter(t *testing.T) {
	for seed := range uint64(20) {
		r := tensor.NewRand(seed)
		n, c := 5+r.IntN(40), 2+r.IntN(6)
		logits, labels := r.Normal(0, 1+3*r.Float64(), n, c), make([]int32, n)
		for i := range labels {
			labels[i] = int32(r.IntN(c))
		}
		y := tensor.Of(labels, n)
		best, err := Temperature(logits, y)
		if err != nil {
			t.Fatal(err)
		}
		entropy := func(temperature float64) (sum float64) {
			rows := tensor.Data[float32](logits.Scale(1 / temperature).LogSoftmax(-1))
			for i, l := range labels {
				sum -= float64(rows[i*c+int(l)])
			}
			return sum
		}
		least := entropy(best)
		for _, by := range []float64{.5, .8, .95, 1.05, 1.25, 2} {
			if other := best * by; other > coldest && other < hottest && entropy(other) < least-1e-4 {
				t.Errorf("seed %d: temperature %g has %g, %g has %g", seed, best, least, other, entropy(other))
			}
		}
	}
}
