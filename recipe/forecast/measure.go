package forecast

import (
	"context"
	"math"
	"time"

	"github.com/limpid-ml/limpid/data/series"
	"github.com/limpid-ml/limpid/data/series/classic"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/recipe"
)

// reckoned is what forecasts from all origins of the test part came to.
type reckoned struct {
	origins []series.Origin
	truth   [][]float64
	scale   float64 // the seasonal naive forecast's mean absolute error within the past
	// flawless says that the naive forecast has no error there to scale by, and
	// scale is the deviation of the values instead.
	flawless bool
	ways     []*way    // the network's first
	tries    []try     // of the rivals' settings, on the validation part
	bands    []float64 // by how much the network's band was stretched at first
}

// way is a way to forecast, and what it said at each origin.
type way struct {
	name      string
	mean, dev [][]float64 // dev: claimed; of a way that claims none, 1
	half      [][]float64 // half the width of the band of 90%
	mase      float64
	smape     float64
	crps      float64
	coverage  float64
	width     float64   // mean width of the band
	byStep    []float64 // MASE by step of the horizon
	cover     []float64 // coverage by step
}

// mostOrigins is at how many origins of a long test part forecasts are made.
const mostOrigins = 400

// measure forecasts from every origin of the test part, by the network and by
// its rivals.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	for _, s := range l.all {
		r, err := s.reckon(ctx)
		if err != nil {
			return nil, err
		}
		s.tested = r
	}
	m := &recipe.Measured{Scores: recipe.Scores{}, Story: l.story()}
	first := l.all[0].tested
	for k, v := range first.scores() {
		m.Scores[k] = v
	}
	reference := recipe.Scores{l.all[0].name: first.rivals()}
	for _, s := range l.all[1:] {
		m.Scores[s.name] = s.tested.scores()
		m.Scores["coverage_90_"+s.name] = s.tested.ways[0].coverage
		if h := s.tested.way("harmonic"); h != nil && h.mase > 0 {
			m.Scores[s.name+"_mase_over_harmonic"] = s.tested.ways[0].mase / h.mase
		}
		reference[s.name] = s.tested.rivals()
	}
	m.Reference = reference
	return m, nil
}

// names are the rivals as scores name them.
var names = map[string]string{"naive": "seasonal naive", "harmonic": "harmonic regression, AR errors", "holt_winters": "Holt–Winters"}

// way returns a rival; nil if it is not there.
func (r *reckoned) way(key string) *way {
	for _, w := range r.ways[1:] {
		if w.name == names[key] {
			return w
		}
	}
	return nil
}

// scores are the network's, and the rivals' MASE beside them.
func (r *reckoned) scores() recipe.Scores {
	net := r.ways[0]
	out := recipe.Scores{"mase": net.mase, "smape": net.smape, "crps": net.crps, "coverage_90": net.coverage, "origins": float64(len(r.origins))}
	for _, key := range []string{"naive", "harmonic", "holt_winters"} {
		if w := r.way(key); w != nil {
			out["mase_"+key] = w.mase
		}
	}
	if w := r.way("holt_winters"); w != nil && w.mase > 0 {
		out["mase_over_holt_winters"] = net.mase / w.mase
	}
	return out
}

// rivals are the scores of all but the network.
func (r *reckoned) rivals() recipe.Scores {
	out := recipe.Scores{}
	for key := range names {
		if w := r.way(key); w != nil {
			out[key] = recipe.Scores{"mase": w.mase, "smape": w.smape, "crps": w.crps, "coverage_90": w.coverage}
		}
	}
	return out
}

// reckon forecasts from the origins of the test part.
func (s *subject) reckon(ctx context.Context) (*reckoned, error) {
	r := &reckoned{tries: s.tries}
	r.scale, r.flawless = s.yardstick()
	room := s.series.Len() - s.test - s.Horizon
	var views []*view
	for o := range s.series.Origins(series.Rolling{First: s.test, Every: max(1, room/mostOrigins), Horizon: s.Horizon}) {
		v, err := s.view(o.Past)
		if err != nil {
			return nil, err
		}
		r.origins, r.truth, views = append(r.origins, o), append(r.truth, o.Truth(s.Target)), append(views, v)
	}
	net, err := s.network(views)
	if err != nil {
		return nil, err
	}
	start, err := s.outOfFold()
	if err != nil {
		return nil, err
	}
	for h := range s.Horizon {
		r.bands = append(r.bands, start.reach(h, 0.9)/within)
	}
	r.judge(net, start)
	for _, rival := range s.rivals() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.reckonRival(r, rival); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// yardstick is what errors are divided by: see [reckoned].
func (s *source) yardstick() (scale float64, flawless bool) {
	past := s.series.Until(s.test)
	if e := past.NaiveError(s.Target, s.Season); e > 0 {
		return e, false
	}
	_, deviation := moments(past.Column(s.Target))
	return deviation, true
}

// network is what all members say together at the origins of the test part.
func (s *subject) network(views []*view) (*way, error) {
	all, err := ask(s.net, s.model, s.source, views)
	if err != nil {
		return nil, err
	}
	w := &way{name: "the network"}
	for i, by := range all {
		said := joined(by)
		mean, dev := make([]float64, s.Horizon), make([]float64, s.Horizon)
		for h := range mean {
			mean[h], dev[h] = views[i].base[h]+views[i].scale*said.mean[h], views[i].scale*said.dev[h]
		}
		w.mean, w.dev = append(w.mean, mean), append(w.dev, dev)
	}
	return w, nil
}

// rival forecasts from a past; refit is false if what was fitted last will do.
type rival struct {
	name string
	say  func(p series.Past, refit bool) ([]float64, error)
}

// rivals are the ways from before networks, with the settings that were chosen.
func (s *source) rivals() []rival {
	all := []rival{
		{names["naive"], func(p series.Past, _ bool) ([]float64, error) {
			return p.SeasonalNaive(s.Target, s.Season, s.Horizon), nil
		}},
		{names["harmonic"], func(p series.Past, _ bool) ([]float64, error) {
			w, err := s.Wave.Fit(p.Column(s.Target))
			if err != nil {
				return nil, err
			}
			return w.Forecast(s.Horizon), nil
		}},
	}
	if s.Smooth == nil {
		return all
	}
	var by *classic.Shares
	return append(all, rival{names["holt_winters"], func(p series.Past, refit bool) ([]float64, error) {
		var w *classic.Smoothed
		var err error
		if past := p.Column(s.Target); refit || by == nil {
			w, err = s.Smooth.Fit(past)
		} else {
			w, err = s.Smooth.With(past, *by)
		}
		if err != nil {
			return nil, err
		}
		by = &w.Shares
		return w.Forecast(s.Horizon), nil
	}})
}

// refitWork bounds how often a rival of a long series chooses its shares anew.
const refitWork = 100_000

// reckonRival lets a rival forecast from the origins of the validation part, so
// that its errors make bands as the network's do, and then of the test part.
func (s *subject) reckonRival(r *reckoned, rival rival) error {
	start := newConform(s.Horizon)
	room := s.test - s.valid - s.Horizon
	ask := func(rolling series.Rolling, until int, each func(o series.Origin, said []float64)) error {
		n := max(1, (until-rolling.First-s.Horizon)/max(1, rolling.Every))
		every := max(1, n*s.series.Len()/refitWork)
		i := 0
		for o := range s.series.Origins(rolling) {
			if o.At+s.Horizon > until {
				break
			}
			said, err := rival.say(o.Past, i%every == 0)
			if err != nil {
				return err
			}
			each(o, said)
			i++
		}
		return nil
	}
	err := ask(series.Rolling{First: s.valid, Every: max(1, room/100), Horizon: s.Horizon}, s.test, func(o series.Origin, said []float64) {
		for h, y := range o.Truth(s.Target) {
			start.add(h, y-said[h], 1)
		}
	})
	if err != nil {
		return err
	}
	w := &way{name: rival.name}
	flat := make([]float64, s.Horizon)
	for h := range flat {
		flat[h] = 1
	}
	room = s.series.Len() - s.test - s.Horizon
	err = ask(series.Rolling{First: s.test, Every: max(1, room/mostOrigins), Horizon: s.Horizon}, s.series.Len(), func(_ series.Origin, said []float64) {
		w.mean, w.dev = append(w.mean, said), append(w.dev, flat)
	})
	if err == nil {
		r.judge(w, start)
	}
	return err
}

// judge makes a way's bands, origin by origin, from the errors that were known
// by then, and scores it.
func (r *reckoned) judge(w *way, start *conform) {
	r.ways = append(r.ways, w)
	c := start.copy()
	for i, o := range r.origins {
		for j := range i {
			for h := range w.mean[j] { // known since the last origin
				if at := r.origins[j].At + h; at < o.At && (i == 0 || at >= r.origins[i-1].At) {
					c.add(h, r.truth[j][h]-w.mean[j][h], w.dev[j][h])
				}
			}
		}
		half := make([]float64, len(w.mean[i]))
		for h := range half {
			half[h] = c.reach(h, 0.9) * w.dev[i][h]
		}
		w.half = append(w.half, half)
	}
	w.score(r)
}

// score fills in the scores; steps whose value is missing, or that the way says
// nothing of, do not count.
func (w *way) score(r *reckoned) {
	horizon := len(r.truth[0])
	w.byStep, w.cover = make([]float64, horizon), make([]float64, horizon)
	counts, all := make([]float64, horizon), 0.0
	for i, truth := range r.truth {
		for h, y := range truth {
			miss, half := y-w.mean[i][h], w.half[i][h]
			if math.IsNaN(miss) {
				continue
			}
			counts[h]++
			all++
			w.byStep[h] += math.Abs(miss) / r.scale
			if whole := math.Abs(y) + math.Abs(w.mean[i][h]); whole > 0 {
				w.smape += 2 * math.Abs(miss) / whole
			}
			w.crps += metric.GaussianCRPS(y, w.mean[i][h], half/within)
			w.width += 2 * half
			if math.Abs(miss) <= half {
				w.cover[h]++
			}
		}
	}
	for h, n := range counts {
		w.mase, w.coverage = w.mase+w.byStep[h]/all, w.coverage+w.cover[h]/all
		w.byStep[h], w.cover[h] = w.byStep[h]/n, w.cover[h]/n
	}
	w.smape, w.crps, w.width = w.smape/all, w.crps/all, w.width/all
}

// stamp writes a time as its series' steps need it.
func stamp(t time.Time, step string) string {
	if d, err := time.ParseDuration(step); err == nil {
		if d%(24*time.Hour) == 0 {
			return t.Format("2006-01-02")
		}
		return t.Format("2006-01-02 15:04")
	}
	return t.Format("2006-01")
}
