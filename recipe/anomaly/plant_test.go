package anomaly

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/data/series"
	"pgregory.net/rapid"
)

// hours is a series of one column at steps of an hour.
func hours(columns []string, values ...[]float64) *series.Series {
	return &series.Series{Columns: columns, Values: values, Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Step: series.Step{Duration: time.Hour}}
}

// Whatever the stretches are, faults are where the generator says and only there;
// none follows another; the kinds come in turn.
func TestFaultsAreWhereTheyAreSaidToBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window, n := rapid.IntRange(2, 30).Draw(t, "window"), rapid.IntRange(8, 60).Draw(t, "stretches")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		values, zero := make([]float64, window*n), rapid.IntRange(0, 3).Draw(t, "zeros")
		for i := range values {
			if values[i] = float64(r.IntN(40)); r.IntN(4) < zero && zero < 3 || i/window%4 < zero { // some stretches of zeros
				values[i] = 0
			}
		}
		s := &source{known: known{Window: window}, series: hours([]string{"x"}, values)}
		from, to := window*rapid.IntRange(0, n/2).Draw(t, "from"), window*n
		p := s.plant(from, to)
		seen := map[int]int{}
		for i, at := range p.at {
			same := slices.Equal(p.values[at:at+window], values[at:at+window])
			if same != (p.kind[i] < 0) {
				t.Fatalf("stretch %d is said to have fault %d, and is unchanged: %v", i, p.kind[i], same)
			}
			if p.yes()[i] != (p.kind[i] >= 0) || i > 0 && p.kind[i] >= 0 && p.kind[i-1] >= 0 {
				t.Fatalf("kinds %v, marked %v", p.kind, p.yes())
			}
			if p.kind[i] >= 0 {
				seen[p.kind[i]]++
			}
			if at < max(from, window) || at+window > to || i > 0 && at != p.at[i-1]+window {
				t.Fatalf("stretches at %v of the part from %d to %d", p.at, from, to)
			}
		}
		if !slices.Equal(p.values[:from], values[:from]) || len(p.values) != len(values) {
			t.Fatal("what lies ahead of the part is changed")
		}
		if most := int(math.Round(plantShare * float64(len(p.at)))); len(p.kind)-count(p.kind, -1) > most {
			t.Fatalf("%v: more than %d faults", p.kind, most)
		}
		again := s.plant(from, to)
		if !slices.Equal(p.values, again.values) || !slices.Equal(p.kind, again.kind) {
			t.Fatal("planted again, it is something else")
		}
	})
}

// Faults of a part do not depend on what comes after it.
func TestPlantingDoesNotPeek(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		a := make([]float64, 24*50)
		for i := range a {
			a[i] = 5 + r.Float64()
		}
		b := slices.Clone(a)
		for i := 24 * 40; i < len(b); i++ {
			b[i] = r.Float64()
		}
		from := &source{known: known{Window: 24}, series: hours([]string{"x"}, a)}
		other := &source{known: known{Window: 24}, series: hours([]string{"x"}, b)}
		p, q := from.plant(24*30, 24*40), other.plant(24*30, 24*40)
		if !slices.Equal(p.values[:24*40], q.values[:24*40]) || !slices.Equal(p.kind, q.kind) {
			t.Fatal("the future shows in the faults")
		}
	})
}

// Each kind does to a day what its name says.
func TestKindsOfFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(6, 48).Draw(t, "steps")
		was := make([]float64, n)
		for i := range was {
			was[i] = 100 + 3*float64((i*i)%29) + float64(i)/8
		}
		for _, f := range faults {
			v := slices.Clone(was)
			f.plant(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), v, 0, n)
			first := slices.IndexFunc(v, func(x float64) bool { return !slices.Contains(was, x) })
			switch f.name {
			case "stuck":
				at, k := longestRun(v)
				if k < max(2, n/3) || k > max(2, n/3+n/3) || v[at] != was[at] || !slices.Equal(v[:at], was[:at]) || !slices.Equal(v[at+k:], was[at+k:]) {
					t.Fatalf("stuck for %d steps of %d from %d on", k, n, at)
				}
			case "level":
				for i := range v {
					if by := v[i] / was[i]; math.Abs(by-v[0]/was[0]) > 1e-12 || math.Abs(by-0.5) > 1e-12 && math.Abs(by-1.7) > 1e-12 {
						t.Fatalf("level: times %g at %d", by, i)
					}
				}
			case "drift":
				by := v[n-1] / was[n-1]
				if math.Abs(by-0.3) > 1e-12 && math.Abs(by-2.2) > 1e-12 || math.Abs(v[0]/was[0]-1-(by-1)/float64(n)) > 1e-12 {
					t.Fatalf("drift: from times %g to times %g", v[0]/was[0], by)
				}
			case "clock":
				by := slices.Index(v, was[0])
				if by = min(by, n-by); by < 1 || by > n/6+n/6 || !slices.Equal(slices.Sorted(slices.Values(v)), slices.Sorted(slices.Values(was))) {
					t.Fatalf("clock: moved by %d of %d", by, n)
				}
				for i := range v {
					if v[(i+slices.Index(v, was[0]))%n] != was[i] {
						t.Fatal("clock: the order is lost")
					}
				}
			case "burst":
				for i := range v {
					if in := i >= first && i < first+n/6; in && math.Abs(v[i]-3*was[i]) > 1e-9 || !in && v[i] != was[i] {
						t.Fatalf("burst from %d on: %g became %g at %d", first, was[i], v[i], i)
					}
				}
			case "reversed":
				for i := range v {
					if v[i] != was[n-1-i] {
						t.Fatalf("reversed: %v", v)
					}
				}
			default:
				t.Fatalf("nothing is known of %q", f.name)
			}
		}
	})
}

// longestRun finds the longest run of one value.
func longestRun(v []float64) (at, k int) {
	for i := range v {
		j := i
		for j < len(v) && v[j] == v[i] {
			j++
		}
		if j-i > k {
			at, k = i, j-i
		}
	}
	return at, k
}

// What is below 0 is stretched from the least value, which stays.
func TestScaleBelowZero(t *testing.T) {
	v := []float64{9, -2, 0, 2, 9}
	scale(v, 1, 4, func(i int) float64 { return 2 })
	if want := []float64{9, -2, 2, 6, 9}; !slices.Equal(v, want) {
		t.Errorf("got %v, want %v", v, want)
	}
	v = []float64{1, 2, 3}
	scale(v, 0, 3, func(i int) float64 { return float64(i) })
	if want := []float64{0, 2, 6}; !slices.Equal(v, want) {
		t.Errorf("got %v, want %v", v, want)
	}
}

// A stretch's score grows with its steps', does not depend on their order, and
// the poolings lie between the mean and the largest.
func TestPoolingLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		off := rapid.SliceOfN(rapid.Float64Range(0, 50), 1, 40).Draw(t, "off")
		other, double := slices.Clone(off), slices.Clone(off)
		slices.Reverse(other)
		for i := range double {
			double[i] *= 2
		}
		mean, largest := poolings[0].of(off), poolings[3].of(off)
		for _, p := range poolings {
			v := p.of(off)
			if math.Abs(p.of(other)-v) > 1e-9 || math.Abs(p.of(double)-2*v) > 1e-9 || v < mean-1e-9 || v > largest+1e-9 {
				t.Fatalf("%s of %v: %g, turned round %g, doubled %g", p.name, off, v, p.of(other), p.of(double))
			}
			more := slices.Clone(off)
			more[0] += 5
			if p.of(more) < v-1e-9 {
				t.Fatalf("%s of %v falls when a step's grows", p.name, off)
			}
		}
	})
}

// Mean and deviation, by the book; missing values are none.
func TestMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 30).Draw(t, "values")
		values = append(values, values[0]+1)
		with := append(slices.Clone(values), math.NaN(), math.NaN())
		n, sum, square := float64(len(values)), 0.0, 0.0
		for _, v := range values {
			sum += v
		}
		for _, v := range values {
			square += (v - sum/n) * (v - sum/n)
		}
		mean, deviation := moments(with)
		if math.Abs(mean-sum/n) > 1e-9 || math.Abs(deviation-math.Sqrt(square/n)) > 1e-9 {
			t.Fatalf("%g and %g, want %g and %g", mean, deviation, sum/n, math.Sqrt(square/n))
		}
		below, above := 0, 0
		m := median(values)
		for _, v := range values {
			if v < m {
				below++
			}
			if v > m {
				above++
			}
		}
		if 2*below > len(values) || 2*above > len(values) {
			t.Fatalf("median %g of %v", m, values)
		}
	})
	for _, values := range [][]float64{{7, 7, 7}, {math.NaN()}, nil} {
		if _, deviation := moments(values); deviation != 1 {
			t.Errorf("%v has deviation %g", values, deviation)
		}
	}
	if median(nil) != 0 {
		t.Error("nothing has a median")
	}
}

// The network reads, of each step: the target, 0 where it is to be told; the
// other columns; whether the target is hidden; and the time.
func TestLookStepByStep(t *testing.T) {
	const window = 3
	x, y := make([]float64, 30), make([]float64, 30)
	for i := range x {
		x[i], y[i] = float64(i), float64(100+i)
	}
	y[10] = math.NaN()
	s := &source{series: hours([]string{"x", "y"}, x, y), known: known{Columns: []string{"x", "y"}, Log: []bool{false, true}, Mean: []float64{2, 1}, Deviation: []float64{4, 2}, Window: window}}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(window, 30-window).Draw(t, "at")
		got, width := s.look(s.series, x, at), s.channels()
		if len(got) != 2*window*width || width != 3+calendar.Size() {
			t.Fatalf("%d numbers, %d a step", len(got), width)
		}
		for k := range 2 * window {
			row, step := got[k*width:(k+1)*width], at-window+k
			target, hidden, other := float32((x[step]-2)/4), float32(0), float32(0)
			if k >= window {
				target, hidden = 0, 1
			}
			if !math.IsNaN(y[step]) {
				other = float32((math.Log1p(y[step]) - 1) / 2)
			}
			if row[0] != target || row[1] != other || row[2] != hidden || !slices.Equal(row[3:], calendar.Features(s.series.Time(step))) {
				t.Fatalf("step %d is read as %v", step, row)
			}
		}
	})
}

// A part of zeros, in which nothing can be planted, and stretches of one step are
// refused.
func TestNothingCanBePlanted(t *testing.T) {
	values := make([]float64, 24*50)
	for i := range 24 * 45 {
		values[i] = float64(i % 24)
	}
	clear(values[24*30 : 24*40]) // the validation part
	_, err := arrange("x", hours([]string{"load"}, values), "load", 0)
	if err == nil || !strings.Contains(err.Error(), `column "load" is 0 from 2024-01-31 to 2024-02-09`) {
		t.Errorf("zeros: %v", err)
	}
	for i := range values {
		values[i]++
	}
	s, err := arrange("x", hours([]string{"load"}, values), "load", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range s.plant(s.valid, s.test).kind {
		if k >= 0 && slices.Contains([]string{"stuck", "clock", "reversed"}, faults[k].name) {
			t.Errorf("%s is said of a stretch of one value", faults[k].name)
		}
	}
	if _, err := arrange("x", hours([]string{"load"}, values), "load", 1); err == nil || !strings.Contains(err.Error(), "set window to 2 or more") {
		t.Errorf("a window of 1: %v", err)
	}
}

// The target comes first, of the others the first few, and of a long series the
// end.
func TestArrange(t *testing.T) {
	var columns []string
	var values [][]float64
	for c := range 9 {
		columns = append(columns, string(rune('a'+c)))
		v := make([]float64, most+24)
		for i := range v {
			v[i] = float64(c + i%17)
		}
		values = append(values, v)
	}
	all := hours(columns, values...)
	s, err := arrange("x", all, "c", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.series.Columns, ""); got != "cabdef" || s.series.Len() != most || !s.series.Start.Equal(all.Start.Add(24*time.Hour)) {
		t.Errorf("columns %s, %d steps from %v on", got, s.series.Len(), s.series.Start)
	}
	if s.series.Values[0][0] != values[2][24] || s.series.Values[1][5] != values[0][29] || all.Len() != most+24 {
		t.Error("values moved, or the series that was given is changed")
	}
	if n := most / 24; s.valid != n*6/10*24 || s.test != n*8/10*24 || s.Window != 24 {
		t.Errorf("parts at %d and %d, stretches of %d", s.valid, s.test, s.Window)
	}
}
