package forecast

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/recipe"
)

func TestTrial(t *testing.T) {
	c := defaults(false)
	for kv := range strings.FieldsSeq(os.Getenv("SET")) {
		k, v, _ := strings.Cut(kv, "=")
		if err := recipe.Set(&c, k, v); err != nil {
			t.Fatal(err)
		}
	}
	t0 := time.Now()
	task, trial, err := opened(&c)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("open", time.Since(t0), c.Known, task.Total)
	t0 = time.Now()
	if err := task.Run(context.Background(), &recipe.Bench{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("trained", time.Since(t0))
	if os.Getenv("TEST") == "" {
		for _, sub := range trial.all {
			sub.oof(t)
		}
		return
	}
	t0 = time.Now()
	m, err := task.Measure(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("measured", time.Since(t0))
	text, _ := json.MarshalIndent(m.Scores, "", " ")
	fmt.Println(string(text))
}

func (s *subject) oof(t *testing.T) {
	all, err := ask(s.net, s.model, s.source, s.windows.views)
	if err != nil {
		t.Fatal(err)
	}
	net, ar, n := make([]float64, s.Horizon), make([]float64, s.Horizon), 0.0
	nv, av, vn := 0.0, 0.0, 0.0
	for i, by := range all {
		if i%3 > 0 {
			continue
		}
		w, err := s.Wave.Fit(s.series.Until(s.windows.at[i]).Column(s.Target))
		if err != nil {
			t.Fatal(err)
		}
		f := w.Forecast(s.Horizon)
		v := s.windows.views[i]
		n++
		for h, y := range s.windows.truth[i] {
			e := math.Abs(float64(y)-by[s.windows.fold[i]].mean[h]) * v.scale
			a := math.Abs(float64(y)*v.scale + v.base[h] - f[h])
			net[h] += e
			ar[h] += a
			if s.windows.at[i] >= s.valid {
				nv += e
				av += a
				vn++
			}
		}
	}
	sn, sa := 0.0, 0.0
	for h := range net {
		sn += net[h]
		sa += ar[h]
		fmt.Printf("%.3f ", net[h]/ar[h])
	}
	fmt.Printf("\n%s: net %.4f ar %.4f ratio %.4f; on the last part %.4f %.4f ratio %.4f\n", s.name, sn/n/float64(s.Horizon), sa/n/float64(s.Horizon), sn/sa, nv/vn, av/vn, nv/av)
}
