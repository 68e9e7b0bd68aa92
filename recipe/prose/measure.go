package prose

import (
	"context"
	"math"
	"slices"

	"github.com/limpid-ml/limpid/model/ngram"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
)

// orders are the lengths of n-grams that are tried; scores are compared with
// the one of reference.
var orders = []int{3, 4, 5, 6}

const reference = 5

// tuneMost is how many characters of the validation text discounts are tuned
// on.
const tuneMost = 20000

// unknownBits is what a character that is not known takes beside its symbol: so
// many bits name any character of Unicode.
const unknownBits = 17

// counted is a model of n-grams, and what it reached on the validation text.
type counted struct {
	order     int
	estimated float64 // bits a character by Chen and Goodman's discounts
	tuned     float64 // and by those that were tuned
}

// findings is what the test showed, for the report.
type findings struct {
	network, counting []float64 // bits of each character of the test text
	trials            []counted
	bits, baseline    float64 // a character, by the network and by the reference
}

// measure reads the test text.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	f := &findings{}
	var err error
	if f.network, err = l.bits(ctx, l.text.validate, l.text.test); err != nil {
		return nil, err
	}
	best, trials := count(l.text)
	f.trials = trials
	all := slices.Concat(l.text.validate, l.text.test)
	for i := len(l.text.validate); i < len(all); i++ {
		f.counting = append(f.counting, -best.LogProb(all[:i], all[i])/math.Ln2)
	}
	f.bits, f.baseline = mean(f.network)+l.text.extra(), mean(f.counting)+l.text.extra()
	l.found = f
	return &recipe.Measured{
		Examples: len(l.text.test),
		Scores:   recipe.Scores{"bits_per_character": f.bits, "perplexity": math.Exp2(f.bits), "bits_per_character_kneser_ney": f.baseline},
		Reference: map[string]any{"bits_per_character": f.baseline,
			"of": "a model of 5-grams of characters, interpolated, modified Kneser-Ney, its discounts tuned on validation text"},
	}, nil
}

// extra is what characters that are not known add to the bits a character.
func (t *text) extra() float64 {
	return unknownBits * float64(unknowns(t.test)) / float64(len(t.test))
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// count counts n-grams of each order, tunes their discounts, and returns the
// model of reference and what each reached.
func count(t *text) (best *ngram.KneserNey, all []counted) {
	held := t.validate[:min(len(t.validate), tuneMost)]
	for _, n := range orders {
		m := ngram.NewKneserNey(n, t.codec.Size())
		m.Add(t.train)
		m.Estimate()
		c := counted{order: n, estimated: ngram.CrossEntropy(m, held)}
		c.tuned = m.Tune(held)
		if all = append(all, c); n == reference {
			best = m
		}
	}
	return best, all
}

// batch is how many stretches of a text are read at once.
const batch = 16

// bits returns the bits that each character of ids takes, after those before
// it, the end of before included, which must not be empty. The text is cut into stretches, each read
// after a lead of the characters before it, which does not count: as many as a
// GPT may look at half of, or enough for an LSTM to know where it is.
func (l *lesson) bits(ctx context.Context, before, ids []int32) ([]float64, error) {
	lead, length := 256, 512
	if l.model.LSTM == nil {
		length = max(1, l.config.Window/2)
		lead = l.config.Window - length
	}
	lead = min(lead, len(before)-1) + 1 // the first character is read alone
	all := append(slices.Clone(before[len(before)-lead:]), ids...)
	var out []float64
	for at := lead; at < len(all); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := min(batch, (len(all)-at)/length)
		n := length
		if rows == 0 { // what is left is shorter
			rows, n = 1, len(all)-at
		}
		b, err := l.stretch(all, at, rows, lead, n)
		if err != nil {
			return nil, err
		}
		out, at = append(out, b...), at+rows*n
	}
	return out, nil
}

// stretch returns the bits of rows·n characters from at on, row by row.
func (l *lesson) stretch(all []int32, at, rows, lead, n int) (out []float64, err error) {
	var x, y []int32
	for r := range rows {
		from := at + r*n
		x, y = append(x, all[from-lead:from+n-1]...), append(y, all[from:from+n]...)
	}
	err = l.net.Do(func(p *nn.Pass) error {
		logits := l.model.Forward(p, tensor.Of(x, rows, len(x)/rows))
		took := logits.Dim(1)
		logs := logits.Slice(1, took-n, took).LogSoftmax(2)
		for _, v := range tensor.Data[float32](logs.Gather(2, tensor.Of(y, rows, n, 1))) {
			out = append(out, -float64(v)/math.Ln2)
		}
		return nil
	})
	return out, err
}

func log2(n int) float64 { return math.Log2(float64(n)) }

func exp2(bits float64) float64 { return math.Exp2(bits) }
