package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/run"
	"github.com/limpid-ml/limpid/tensor"
)

type inspectOptions struct {
	run     string
	json    bool
	folders folderOptions
}

// holding is what a parameter or a running statistic holds.
type holding struct {
	Name      string  `json:"name"`
	Shape     []int   `json:"shape"`
	Mean      float64 `json:"mean"`
	Std       float64 `json:"std"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
	NearZero  float64 `json:"near_zero"` // share below a hundredth of the largest magnitude
	NotFinite int     `json:"not_finite,omitempty"`
	Histogram []int   `json:"histogram"` // equal bins from min to max
}

// inspectAnswer is inspect's JSON document.
type inspectAnswer struct {
	Run        string          `json:"run"`
	State      run.State       `json:"state"`
	Recipe     string          `json:"recipe"`
	Config     json.RawMessage `json:"config"`
	Summary    string          `json:"summary"`
	Values     []holding       `json:"values"`     // parameters and running statistics
	Loss       []float64       `json:"loss"`       // mean of each epoch
	Validation []float64       `json:"validation"` // accuracy after each epoch
	Result     *result         `json:"result,omitempty"`
}

func newInspect(s Streams) *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:   "inspect RUN [flags]",
		Short: "Show a run's network, and what each layer holds",
		Long: `Prints a run's network as a table (each layer's output, parameters and
multiply-adds), what each parameter and running statistic holds (mean,
deviation, range, share near zero and a histogram from its least to its
greatest value), the settings, and how loss and accuracy went. Of a run that is
not finished it shows the newest checkpoint.

` + aboutRuns,
		Example:           "  limpid inspect latest\n  limpid inspect latest --json | jq '.values[] | {name, std}'",
		Args:              arguments(1, 1, "the run"),
		ValidArgsFunction: completeRuns(&o.folders),
	}
	jsonFlag(c, &o.json)
	o.folders.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.run = args[0]
		return runInspect(c.Context(), s, o)
	}
	return c
}

func runInspect(_ context.Context, s Streams, o inspectOptions) error {
	t, err := openTrained(o.folders.runs, o.run, "", true)
	if err != nil {
		return err
	}
	t.warnUnfinished(s)
	past := t.history(math.MaxInt64)
	if past.damage != nil {
		fmt.Fprintf(s.Err, "warning: how the run went is shown up to where its log is damaged: %v\n", past.damage)
	}
	a := inspectAnswer{Run: t.path, State: t.record.State, Recipe: t.record.What, Config: t.record.Config,
		Summary: t.task.Net.Summary(), Loss: past.losses, Validation: past.validation, Values: holdings(t.task.Net)}
	if t.finished() {
		if a.Result, err = t.result(); err != nil {
			return err
		}
	} else if a.State == run.Running && !run.Live(t.path) {
		a.State = run.Stopped
	}
	if o.json {
		return printJSON(s.Out, a)
	}
	_, err = fmt.Fprint(s.Out, a.write())
	return printed(err)
}

func (a *inspectAnswer) write() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n\n%s\n", a.Run, a.Recipe, a.State, a.Summary)
	rows := [][]string{{"value", "shape", "mean", "deviation", "least", "greatest", "near 0", "histogram"}}
	for _, h := range a.Values {
		rows = append(rows, h.cells())
	}
	b.WriteString(columns("llrrrrrl", rows))
	b.WriteString("\nsettings\n" + a.settings())
	if len(a.Loss) > 0 {
		fmt.Fprintf(&b, "\nloss        %s  %.4f → %.4f\n", spark(a.Loss, 40), a.Loss[0], a.Loss[len(a.Loss)-1])
	}
	if n := len(a.Validation); n > 0 {
		fmt.Fprintf(&b, "validation  %s  %s → %s\n", spark(a.Validation, 40), percent(a.Validation[0]), percent(a.Validation[n-1]))
	}
	if a.Result != nil {
		for _, l := range a.Result.headlines() {
			fmt.Fprintf(&b, "%s\n", l)
		}
	}
	return b.String()
}

// settings lists the configuration in its own order.
func (a *inspectAnswer) settings() string {
	var rows [][]string
	d := json.NewDecoder(strings.NewReader(string(a.Config)))
	for key := ""; ; {
		t, err := d.Token()
		if err != nil {
			return columns("lrl", rows)
		}
		if _, brace := t.(json.Delim); brace {
			continue
		}
		if key == "" {
			key = fmt.Sprint(t)
			continue
		}
		rows = append(rows, []string{" ", key, fmt.Sprint(t)})
		key = ""
	}
}

func (h holding) cells() []string {
	number := func(v float64) string { return fmt.Sprintf("%.3g", v) }
	counts := make([]float64, len(h.Histogram))
	for i, n := range h.Histogram {
		counts[i] = float64(n)
	}
	last := spark(counts, len(counts))
	if h.NotFinite > 0 {
		last = several(h.NotFinite, "value") + " not finite"
	}
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(h.Shape), " ", " × "), "[]")
	return []string{h.Name, shape, number(h.Mean), number(h.Std), number(h.Min), number(h.Max), percent(h.NearZero), last}
}

// holdings measures all that net holds, layer by layer: parameters, then
// statistics.
func holdings(net *nn.Net) []holding {
	all := net.Weights()
	layer := func(name string) string { return name[:strings.LastIndex(name, ".")+1] }
	place := map[string]int{} // of a layer
	var names []string
	for _, p := range net.Params() {
		if _, own := all[p.Path()]; !own {
			continue // a parameter of a smaller network, too, that names it in its own way
		}
		names = append(names, p.Path())
		if _, known := place[layer(p.Path())]; !known {
			place[layer(p.Path())] = len(place)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(place[layer(a)], place[layer(b)]) })
	var out []holding
	for _, name := range names {
		out = append(out, hold(name, all[name]))
	}
	return out
}

// bins is the number of a histogram's bins.
const bins = 16

// hold measures what t holds.
func hold(name string, t tensor.Tensor) holding {
	h := holding{Name: name, Shape: t.Shape(), Histogram: make([]int, bins)}
	values := finite(t, &h)
	if len(values) == 0 {
		return h
	}
	h.Min, h.Max = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		h.Mean += v / float64(len(values))
		h.Min, h.Max = min(h.Min, v), max(h.Max, v)
	}
	small := max(-h.Min, h.Max) / 100
	near, squares := 0, 0.0
	for _, v := range values {
		squares += (v - h.Mean) * (v - h.Mean)
		if math.Abs(v) <= small {
			near++
		}
		h.Histogram[h.bin(v)]++
	}
	h.Std = math.Sqrt(squares / float64(len(values)))
	h.NearZero = float64(near) / float64(len(values))
	return h
}

func (h *holding) bin(v float64) int {
	if h.Max == h.Min {
		return bins / 2
	}
	return min(bins-1, int((v-h.Min)/(h.Max-h.Min)*bins))
}

// finite returns t's finite values and counts the others.
func finite(t tensor.Tensor, h *holding) []float64 {
	all := tensor.Data[float64](t.To(tensor.Float64))
	kept := all[:0]
	for _, v := range all {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			h.NotFinite++
		} else {
			kept = append(kept, v)
		}
	}
	return kept
}
