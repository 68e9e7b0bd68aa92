package ngram

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The case is small enough to be worked out on paper. Of a b a b a c, ab and ba
// occur twice and ac once; "a" begins. So a stands after 1 symbol and once at
// the beginning, b and c after 1 symbol each.
func TestKneserNeyByHand(t *testing.T) {
	m := NewKneserNey(2, 3)
	m.Add([]int32{0, 1, 0, 1, 0, 2})
	m.Discounts = []Discounts{{0.5, 1, 1.5}, {0.6, 1.1, 1.6}}
	for _, tt := range []struct {
		context []int32
		next    int32
		want    float64
	}{
		{nil, 0, (2-1)/4. + 0.5/3}, // spared: (0.5·2 + 1·1)/4
		{nil, 1, (1-0.5)/4. + 0.5/3},
		{nil, 2, (1-0.5)/4. + 0.5/3},
		{[]int32{0}, 1, (2-1.1)/3 + (0.6+1.1)/3*(0.125+0.5/3)},
		{[]int32{0}, 2, (1-0.6)/3 + (0.6+1.1)/3*(0.125+0.5/3)},
		{[]int32{0}, 0, (0.6 + 1.1) / 3 * (0.25 + 0.5/3)},
		{[]int32{1}, 0, (2-1.1)/2 + 1.1/2*(0.25+0.5/3)},
		{[]int32{2}, 0, 0.25 + 0.5/3},                    // nothing ever followed c
		{[]int32{2, 2, 1}, 1, 1.1 / 2 * (0.125 + 0.5/3)}, // the newest symbol counts
	} {
		if got := m.Prob(tt.context, tt.next); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("P(%d | %v) = %.9f, want %.9f", tt.next, tt.context, got, tt.want)
		}
		if got := m.LogProb(tt.context, tt.next); math.Abs(got-math.Log(tt.want)) > 1e-12 {
			t.Errorf("log P(%d | %v) = %g", tt.next, tt.context, got)
		}
	}
	if m.Order() != 2 || m.Size() != 3 {
		t.Errorf("order %d, size %d", m.Order(), m.Size())
	}
}

// Chen and Goodman's formula for n1…n4 = 10, 4, 2, 1: Y = 10/18.
func TestEstimatedDiscounts(t *testing.T) {
	got, y := estimated([4]float64{10, 4, 2, 1}), 10./18
	want := Discounts{1 - 2*y*4/10, 2 - 3*y*2/4, 3 - 4*y*1/2}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("D%d = %g, want %g", i+1, got[i], want[i])
		}
	}
	if got := estimated([4]float64{3, 0, 1, 1}); got != usual {
		t.Errorf("of too few counts: %v", got)
	}
	if got := estimated([4]float64{1, 1, 9, 9}); got[1] != least {
		t.Errorf("counts that grow: %v", got)
	}
}

// naive is the definition, by lists: the count of the longest n-grams, and for
// shorter ones how many symbols stand before them; what begins the sequence has
// nothing before it and is counted as it is.
type naive struct {
	order, size int
	counts      []map[string]int // by length of the context: of context and symbol
	discounts   []Discounts
}

func newNaive(m *KneserNey, sequences [][]int32) *naive {
	n := &naive{order: m.order, size: m.size, discounts: m.Discounts}
	kinds := make([]map[string]map[string]bool, m.order)
	for k := range m.order {
		n.counts, kinds[k] = append(n.counts, map[string]int{}), map[string]map[string]bool{}
	}
	for _, s := range sequences {
		for i := range s {
			k := min(i, m.order-1)
			gram := fmt.Sprint(s[i-k : i+1])
			n.counts[k][gram]++ // whole, or at the beginning
			for j := k - 1; j >= 0; j-- {
				short := fmt.Sprint(s[i-j : i+1])
				if kinds[j][short] == nil {
					kinds[j][short] = map[string]bool{}
				}
				kinds[j][short][fmt.Sprint(s[i-j-1])] = true
			}
		}
	}
	for k := range kinds {
		for gram, before := range kinds[k] {
			n.counts[k][gram] += len(before)
		}
	}
	return n
}

func (n *naive) prob(context []int32, next int32) float64 {
	p := 1 / float64(n.size)
	for k := 0; k <= min(len(context), n.order-1); k++ {
		h := context[len(context)-k:]
		total, spared, top := 0.0, 0.0, 0.0
		for w := range n.size {
			c := n.counts[k][fmt.Sprint(append(slices.Clone(h), int32(w)))]
			if c == 0 {
				continue
			}
			d := n.discounts[k][min(c, 3)-1]
			total, spared = total+float64(c), spared+d
			if int32(w) == next {
				top = float64(c) - d
			}
		}
		if total == 0 {
			break
		}
		p = top/total + spared/total*p
	}
	return p
}

func TestKneserNeyAgainstTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 4).Draw(t, "size")
		m := NewKneserNey(rapid.IntRange(1, 4).Draw(t, "order"), size)
		symbols := rapid.SliceOfN(rapid.Int32Range(0, int32(size-1)), 0, 40)
		sequences := rapid.SliceOfN(symbols, 1, 2).Draw(t, "sequences")
		for _, s := range sequences {
			m.Add(s)
		}
		m.Estimate()
		want := newNaive(m, sequences)
		context := symbols.Draw(t, "context")
		p := make([]float64, size)
		m.Predict(context, p)
		sum := 0.0
		for w := range size {
			if v := want.prob(context, int32(w)); math.Abs(p[w]-v) > 1e-12 || p[w] <= 0 {
				t.Fatalf("P(%d | %v) = %g, want %g", w, context, p[w], v)
			}
			sum += p[w]
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("probabilities after %v sum to %g", context, sum)
		}
	})
}

// text is English enough for contexts to matter.
var text = strings.Repeat("the whale swims in the sea, and the ship sails after the whale. ", 3) +
	"a sailor sees the white whale in the foam; the sailors call, the captain calls: there she blows! " +
	"when the sea is calm the men mend their nets and sing of the land. "

func symbols(s string) (ids []int32) {
	for _, b := range []byte(s) {
		ids = append(ids, int32(b))
	}
	return ids
}

func TestTune(t *testing.T) {
	m := NewKneserNey(4, 128)
	m.Add(symbols(text))
	m.Estimate()
	held := symbols("the captain sails the ship in the white foam and sings of the sea. ")
	before := CrossEntropy(m, held)
	got := m.Tune(held)
	if now := CrossEntropy(m, held); math.Abs(now-got) > 1e-9 || got >= before || got > 3.2 {
		t.Errorf("%g bits before, then %g, said to be %g", before, now, got)
	}
	best := slices.Clone(m.Discounts)
	for i := range best {
		for k := range 3 {
			for _, by := range []float64{-0.1, 0.1} {
				m.Discounts[i][k] = min(max(best[i][k]+by, least), float64(k+1))
				if v := CrossEntropy(m, held); v < got-2e-3 {
					t.Errorf("discount %d of length %d: %g would be better by %g", k+1, i, m.Discounts[i][k], got-v)
				}
				m.Discounts[i][k] = best[i][k]
			}
		}
	}
}

func TestGolden(t *testing.T) {
	for _, want := range []float64{0, 0.3, 1.7, 2} {
		if got := golden(0, 2, func(v float64) float64 { return (v - want) * (v - want) }); math.Abs(got-want) > 5e-3 {
			t.Errorf("least at %g, found %g", want, got)
		}
	}
}

func TestCrossEntropy(t *testing.T) {
	m := NewKneserNey(3, 8) // has counted nothing: 3 bits a symbol
	if got := CrossEntropy(m, []int32{1, 7, 3, 3}); math.Abs(got-3) > 1e-12 {
		t.Errorf("%g bits of 8 equal symbols", got)
	}
	if got := CrossEntropy(m, nil); !math.IsNaN(got) {
		t.Errorf("of nothing: %g", got)
	}
}

func TestAdditive(t *testing.T) {
	m := NewAdditive(2, 3, 0.5)
	m.Add([]int32{0, 1, 0, 1, 0, 2})
	for _, tt := range []struct {
		context []int32
		next    int32
		want    float64
	}{
		{nil, 0, (3 + 0.5) / (6 + 1.5)},
		{[]int32{2, 0}, 1, (2 + 0.5) / (3 + 1.5)},
		{[]int32{1}, 2, 0.5 / (2 + 1.5)},
		{[]int32{2}, 1, 1. / 3}, // nothing followed 2
	} {
		if got := math.Exp(m.LogProb(tt.context, tt.next)); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("P(%d | %v) = %g, want %g", tt.next, tt.context, got, tt.want)
		}
	}
}

func TestAdditiveSumsToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(t, "size")
		m := NewAdditive(rapid.IntRange(1, 4).Draw(t, "order"), size, rapid.Float64Range(1e-3, 2).Draw(t, "delta"))
		ids := rapid.SliceOfN(rapid.Int32Range(0, int32(size-1)), 0, 30)
		m.Add(ids.Draw(t, "sequence"))
		context, sum := ids.Draw(t, "context"), 0.0
		for w := range size {
			sum += math.Exp(m.LogProb(context, int32(w)))
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("probabilities after %v sum to %g", context, sum)
		}
	})
}

func TestBayes(t *testing.T) {
	var b Bayes
	for _, s := range []string{"the cat and the dog and the house", "der hund und die katze und das haus", "le chien et le chat et la maison"} {
		m := NewKneserNey(3, 128)
		m.Add(symbols(s))
		m.Estimate()
		b.Classes = append(b.Classes, m)
	}
	for s, want := range map[string]int{"the house": 0, "das haus": 1, "la maison": 2, "und": 1, "": 0} {
		if got := b.Class(symbols(s)); got != want {
			t.Errorf("%q is of class %d, want %d", s, got, want)
		}
	}
	scores, want := b.Scores(symbols("et")), 0.0
	for i, w := range symbols("et") {
		want += b.Classes[2].LogProb(symbols("et")[:i], w)
	}
	if len(scores) != 3 || math.Abs(scores[2]-want) > 1e-12 {
		t.Errorf("scores %v, of the last want %g", scores, want)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for name, f := range map[string]func(){
		"order":      func() { NewKneserNey(0, 3) },
		"long order": func() { NewAdditive(MaxOrder+1, 3, 1) },
		"size":       func() { NewKneserNey(2, 0) },
		"delta":      func() { NewAdditive(2, 3, 0) },
		"symbol":     func() { NewKneserNey(2, 3).Add([]int32{1, 3}) },
		"negative":   func() { NewKneserNey(2, 3).Add([]int32{-1}) },
		"additive":   func() { NewAdditive(2, 3, 1).Add([]int32{5}) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "ngram.") {
					t.Errorf("%s: %v", name, r)
				}
			}()
			f()
		}()
	}
}
