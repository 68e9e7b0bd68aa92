package activations

import (
	"fmt"
	"math"

	"github.com/limpid-ml/limpid/recipe/report"
)

// facts are the measured figures that words are made of.
type facts struct {
	evidence
	here     float64 // accuracy at s.config.Depth
	deepest  float64 // and at s.config.Deepest
	gradient float64 // the first layer's over the last's, in the deepest networks, with the first weights that were chosen
	shallow  float64 // accuracy at the least depth
	depths   [3]int  // least, compared, deepest
}

// aboutEach states what speaks for and against each activation, with the
// figures of this very run.
func (s *study) aboutEach(seen []evidence, far [][]travel, byDepth map[string]map[string]float64) report.Section {
	var rows, numbers [][]string
	for a, k := range kinds {
		w := s.choices[s.config.Depth][a].weights
		f := facts{evidence: seen[a], depths: [3]int{s.depths[0], s.config.Depth, s.config.Deepest},
			here: byDepth[fmt.Sprint(s.config.Depth)][k.name], deepest: byDepth[fmt.Sprint(s.config.Deepest)][k.name],
			shallow: byDepth[fmt.Sprint(s.depths[0])][k.name], gradient: far[a][w].grad[0]}
		plus, minus := f.words(k.name)
		rows = append(rows, []string{k.name, plus, minus})
		numbers = append(numbers, []string{k.name, k.formula, weights[w].name, share(f.first.flat), share(f.last.flat), share(f.last.dead), share(f.last.zeros), fmt.Sprintf("%+.2f", f.last.centre), fmt.Sprintf("%.1f×", f.cost)})
	}
	return report.Section{Title: "What speaks for each, and what against", Text: []string{
		fmt.Sprintf("Measured at %d hidden layers, with the first weights that validation chose. Flat: where the slope is below a twentieth of the activation's greatest, so that hardly any gradient passes; at the first weights and after training. Dead: units that are flat for every one of %d pictures. Zeros: values that are exactly 0, which later layers need not look at. Centre: mean over root mean square of the values; at 0 they lie evenly around 0, at ±1 on one side, and then all weights of a unit in the next layer are pushed the same way at once (LeCun et al. 1998). Cost: time for the value and its slope, relative to ReLU in this run.", s.config.Depth, s.x.Dim(0)),
	}, Body: []report.Figure{
		report.Table([]string{"activation", "is", "first weights", "flat at first", "flat after", "dead after", "zeros", "centre", "cost"}, numbers),
		report.Table([]string{"activation", "for it", "against it"}, rows),
	}}
}

func share(v float64) string { return fmt.Sprintf("%.1f%%", 100*v) }

// reach says what became of depth.
func (f *facts) reach() string {
	return fmt.Sprintf("%s at %d layers, %s at %d, %s at %d", share(f.shallow), f.depths[0], share(f.here), f.depths[1], share(f.deepest), f.depths[2])
}

// power writes a factor as a power of ten if it is far from 1.
func power(v float64) string {
	if v > 0 && (v < 0.01 || v > 100) {
		return fmt.Sprintf("10^%.0f", math.Log10(v))
	}
	return fmt.Sprintf("%.2g", v)
}

// words state advantages and limits.
func (f *facts) words(name string) (plus, minus string) {
	back := power(f.gradient)
	switch name {
	case "sigmoid":
		return "Values between 0 and 1, which read as probabilities and gates: right at an output, and inside LSTMs.",
			fmt.Sprintf("Its slope is at most 1/4, so that each layer takes three quarters of the gradient and more: %s of it arrive in the first of %d layers. Values are one-sided (centre %+.2f). Accuracy: %s.", back, f.depths[2], f.last.centre, f.reach())
	case "tanh":
		return fmt.Sprintf("Centred (%+.2f), slope 1 at 0: a gradient factor of %s over %d layers. Bounded, so that nothing can run away. Accuracy: %s.", f.last.centre, back, f.depths[2], f.reach()),
			fmt.Sprintf("Flat at both ends: %s of the places after training, %s at first; large inputs or weights make that worse. Costs %.1f times ReLU.", share(f.last.flat), share(f.first.flat), f.cost)
	case "relu":
		return fmt.Sprintf("The cheapest, and sparse: %s zeros. Slope 1 wherever it is on, so that with He's weights the gradient keeps its length (%s over %d layers).", share(f.last.zeros), back, f.depths[2]),
			fmt.Sprintf("Units can die: %s are off for every picture after training, and get no gradient to come back by. One-sided (%+.2f), and pictures grow alike with depth. Accuracy: %s.", share(f.last.dead), f.last.centre, f.reach())
	case "leaky-relu":
		return fmt.Sprintf("Like ReLU, at about its cost (%.1f×), but a unit that is off still has a hundredth of the slope to come back by.", f.cost),
			fmt.Sprintf("A slope of 0.01 is little: %s of the units are flat for every picture. No exact zeros (%s), and pictures grow alike as with ReLU. Accuracy: %s.", share(f.last.dead), share(f.last.zeros), f.reach())
	case "elu":
		return fmt.Sprintf("Negative values bring the mean near 0 (%+.2f), and the bend is smooth. Gradient factor %s over %d layers. Accuracy: %s.", f.last.centre, back, f.depths[2], f.reach()),
			fmt.Sprintf("Flat far below 0 (%s of the places after training), and an exponential to compute: %.1f times ReLU's time. Not sparse.", share(f.last.flat), f.cost)
	case "selu":
		return fmt.Sprintf("ELU with constants such that, with LeCun's weights, mean 0 and variance 1 come back by themselves in every layer: gradient factor %s over %d layers, without normalisation. Accuracy: %s.", back, f.depths[2], f.reach()),
			fmt.Sprintf("That holds for plain stacks of linear layers with these weights only; dropout must be of its own kind, and with normalisation its point is gone. %.1f times ReLU's time.", f.cost)
	case "gelu":
		return fmt.Sprintf("Smooth, with a little dip below 0: what transformers use, where normalisation and shortcuts carry the signal. Pictures stay apart better than with ReLU. Accuracy: %s.", f.reach()),
			fmt.Sprintf("Around 0 its slope is 1/2: in a deep plain stack signals shrink towards 0 and the gradient with them (%s over %d layers). %.1f times ReLU's time.", back, f.depths[2], f.cost)
	}
	return fmt.Sprintf("Smooth like GELU and a bit cheaper (%.1f times ReLU's time): usual in EfficientNets and in large language models. Accuracy: %s.", f.cost, f.reach()),
		fmt.Sprintf("The same slope of 1/2 around 0: a gradient factor of %s over %d layers of a plain stack. Not sparse (%s zeros).", back, f.depths[2], share(f.last.zeros))
}

// aboutChoosing is advice in plain words.
func aboutChoosing() report.Section {
	return report.Section{Title: "Which to take", Text: []string{
		"A network with normalisation or shortcuts (ResNets, transformers, the other recipes on pictures here): they carry the signal, so take what is cheap, ReLU, or what is usual for the architecture, GELU in transformers, SiLU in EfficientNets. The differences are small; spend the time on data and learning rate.",
		"A plain stack up to five layers or so: nearly anything but the sigmoid. ReLU with He's weights is the usual start; tanh with Glorot's where values should stay bounded, as in small networks on tables.",
		"A plain deep stack: what keeps signals at the edge. SELU with LeCun's weights is made for it, ELU and tanh come next; with ReLU use He's weights, look for dead units (limpid inspect), and lower the learning rate or leak if there are many.",
		"The sigmoid belongs in gates and at outputs that are probabilities. limpid train --activation auto measures all of this on your own network and data, before training, in a few seconds.",
		"Sources: LeCun et al. 1998, Efficient backprop; Glorot and Bengio 2010; Nair and Hinton 2010 (ReLU); Maas et al. 2013 (leaky ReLU); He et al. 2015; Clevert et al. 2015 (ELU); Hendrycks and Gimpel 2016 (GELU); Klambauer et al. 2017 (SELU); Ramachandran et al. 2017 (SiLU); Poole et al. 2016, Schoenholz et al. 2017 (signal propagation); Lu et al. 2019 (dying ReLU).",
	}}
}
