package tensor

import (
	"testing"

	"github.com/limpid-ml/limpid/internal/backstage"
)

// act returns a case's activation: option i.
func (o options) act(i int) backstage.Act { return backstage.Act(o.i[i]) }

// torchFused runs each operation that a case of testdata/torch_fused.json may
// name: those behind the door, in all their forms.
var torchFused = map[string]func([]Tensor, options) []Tensor{
	"Linear": func(x []Tensor, o options) []Tensor {
		return []Tensor{door{}.Linear(x[0], x[1], x[2], o.act(0), o.f[0])}
	},
	"Activate": func(x []Tensor, o options) []Tensor { return []Tensor{door{}.Activate(x[0], o.act(0), o.f[0])} },
	"Conv": func(x []Tensor, o options) []Tensor {
		c := backstage.Conv{StrideH: o.i[0], StrideW: o.i[1], DilH: o.i[2], DilW: o.i[3],
			PadTop: o.i[4], PadLeft: o.i[5], PadBottom: o.i[6], PadRight: o.i[7], Groups: o.i[8]}
		return []Tensor{door{}.Conv(x[0], x[1], x[2], c, o.act(9), 0)}
	},
	"ConvTranspose": func(x []Tensor, o options) []Tensor {
		s, p, out := o.i[0], o.i[1], o.i[2]
		c := backstage.Conv{StrideH: s, StrideW: s, PadTop: p, PadLeft: p, PadBottom: p, PadRight: p, OutPadH: out, OutPadW: out, Groups: o.i[3]}
		return []Tensor{door{}.ConvTranspose(x[0], x[1], x[2], c, o.act(4), 0)}
	},
	"Pool": func(x []Tensor, o options) []Tensor {
		k, s, p := o.i[0], o.i[1], o.i[2]
		return []Tensor{door{}.Pool(x[0], backstage.Pool{KH: k, KW: k, StrideH: s, StrideW: s,
			PadTop: p, PadLeft: p, PadBottom: p, PadRight: p, Ceil: o.i[3] == 1, Avg: o.i[4] == 1, CountPad: o.i[5] == 1})}
	},
	"BatchNorm": func(x []Tensor, o options) []Tensor {
		y, _, _ := door{}.BatchNorm(x[0], x[1], x[2], o.f[0], o.act(0), 0)
		return []Tensor{y}
	},
	"Normalize": func(x []Tensor, o options) []Tensor {
		c := x[1].Dim(0)
		mean, variance := x[0].Full(.5, c), x[0].Full(2, c)
		return []Tensor{door{}.Normalize(x[0], mean, variance, x[1], x[2], o.f[0], o.act(0), 0)}
	},
	"LayerNorm": func(x []Tensor, o options) []Tensor {
		return []Tensor{door{}.LayerNorm(x[0], x[1], x[2], o.f[0])}
	},
	"CrossEntropy": func(x []Tensor, o options) []Tensor {
		return []Tensor{door{}.CrossEntropy(x[0], x[1], Tensor{}, o.f[0])}
	},
	"Recur": func(x []Tensor, o options) []Tensor {
		var c Tensor
		if len(x) > 4 {
			c = x[4]
		}
		return []Tensor{door{}.Recur(backstage.Cell(o.i[0]), x[0], x[1], c, x[2], x[3], Tensor{}, false)}
	},
}

// TestFusedLikeTorch holds values and gradients of the fused operations against
// those of PyTorch 2.6: each activation, padding of each side, outputs rounded
// up, padding counted or not, smoothing, ignored labels and each cell.
func TestFusedLikeTorch(t *testing.T) {
	holdTorch(t, "testdata/torch_fused.json", torchFused)
}
