package dates

import (
	"context"
	"fmt"
	"time"

	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/metric"
	"github.com/limpid-ml/limpid/nn"
	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/tensor"
	"github.com/limpid-ml/limpid/train"
)

// Recipe learns from made-up dates, or from a file of pairs.
var Recipe = &recipe.Recipe{
	Name:  "dates",
	Short: "write dates of hundreds of forms in one: sequence to sequence, attention",
	Data:  "dates from 1950 to 2049 in 934 written forms; pairs of your own by --data",
	Time:  "2 min",
	Input: "FILE",
	New:   func(full bool) recipe.Config { c := defaults(full); return &c },
	Open:  func(c recipe.Config) (*recipe.Task, error) { return open(c.(*Config)) },
	Goals: func(c recipe.Config) []recipe.Goal { return goals(c.(*Config)) },
	Quick: []string{"examples=4000", "epochs=2", "hidden=64", "embed=32", "lr=0.01"},
}

// Config is the recipe's configuration.
type Config struct {
	recipe.Common
	Hidden   int     `json:"hidden" help:"units of the recurrent layers; an even number" min:"2" max:"2048"`
	Embed    int     `json:"embed" help:"numbers that stand for a character" min:"1" max:"1024"`
	Dropout  float64 `json:"dropout" help:"share of units left out at random while training" min:"0" max:"0.95"`
	Examples int     `json:"examples" help:"dates written to learn from; of your own data, all are taken" min:"100" max:"1000000"`
}

func defaults(full bool) Config {
	c := Config{
		Common: recipe.Common{Seed: 1, Epochs: 3, Batch: 64, LR: 3e-3, Optimizer: "adam", Schedule: "one-cycle", Clip: 1},
		Hidden: 128, Embed: 48, Dropout: 0.1, Examples: 40_000,
	}
	if full {
		c.Epochs = 30
	}
	return c
}

// goals returns what c must reach. Nothing is set if more than the seed and the
// checkpoints differ from the defaults.
func goals(c *Config) []recipe.Goal {
	if usual := defaults(false); !recipe.Usual(c, &usual) {
		return nil
	}
	return []recipe.Goal{{Score: "exact", Bound: 0.99}, {Score: "exact_new", Bound: 0.90}}
}

// lesson is the task.
type lesson struct {
	config   *Config
	language language
	model    *Translator
	net      *nn.Net
	sets     []testSet
	most     int // symbols of an answer
	options  *options
}

// testSet are pairs whose answers are compared.
type testSet struct {
	name  string // of its score
	pairs []pair
	forms []form // of each pair, of made-up dates
}

func open(c *Config) (*recipe.Task, error) {
	l := &lesson{config: c, most: longest}
	learn, validate, err := l.data()
	if err != nil {
		return nil, err
	}
	l.model = newTranslator(c, l.language.from.Size(), l.language.to.Size())
	if l.net, err = nn.Build(l.model, nn.Trace(l.model.trace), nn.Seed(c.Seed), nn.Name("dates")); err != nil {
		return nil, err
	}
	t := &recipe.Task{Net: l.net, Measure: l.measure, Pages: l.pages, Answer: l.answer, Options: &options{Beam: 4}}
	t.Fit = train.Config{
		Batch: c.Batch, Epochs: c.Epochs, Every: c.Every, Seed: c.Seed,
		Objective: objective(l.model), Collate: collate, Metrics: []metric.Metric{}, Optimizer: c.Rule(), Clip: c.Clip,
	}
	l.options = t.Options.(*options)
	if learn != nil {
		t.Fit.Data, t.Fit.Validate = learn, validate
		t.Fit.Schedule = c.Rates(t.Steps())
	}
	return t, nil
}

// data returns what is learned from and validated on, none of a bare task.
func (l *lesson) data() (learn, validate data.Dataset, err error) {
	c := l.config
	if c.Hidden%2 == 1 {
		return nil, nil, &recipe.SettingError{Key: "hidden", Value: fmt.Sprint(c.Hidden), Want: "an even number: half of the units read forwards, half backwards"}
	}
	if c.Data == "" {
		return l.madeUp()
	}
	if c.Bare {
		l.language, err = recall(c.Known)
		return nil, nil, err
	}
	return l.own()
}

// How many dates validation and each test read, and the seeds of what is set
// before any training: which forms and which days are kept apart.
const (
	validated, tested = 500, 2000
	formSeed, daySeed = 7, 8
)

// madeUp writes dates: those of training in known forms on some days, those of
// the test on others, in known forms and in new ones.
func (l *lesson) madeUp() (learn, validate data.Dataset, err error) {
	known, fresh := divide(allForms(), formSeed)
	days, validDays, testDays := span(daySeed)
	var all []pair
	for _, f := range known { // every character that a date may have: all months, all weekdays
		for i := range 14 {
			d := firstDay.AddDate(0, 0, 26*i)
			all = append(all, pair{f.write(d) + "0123456789", iso(d) + "0123456789"})
		}
	}
	if l.language, err = learnLanguage(all); err != nil {
		return nil, nil, err
	}
	l.most = len("2021-03-05") + 4
	groups := byMonth(known)
	l.sets = []testSet{writeTest("exact", groups, testDays, 1), writeTest("exact_new", byMonth(fresh), testDays, 2)}
	learn = &numbered{l.language, l.config.Examples, func(i int) pair { p, _ := draft(groups, days, l.config.Seed, i); return p }}
	validate = &numbered{l.language, validated, func(i int) pair { p, _ := draft(groups, validDays, daySeed, i); return p }}
	return learn, validate, nil
}

// draft writes date i: a form and a day by the seed. Each way to write the month
// is as frequent as any other, however many forms it stands in.
func draft(forms [][]form, days []time.Time, seed uint64, i int) (pair, form) {
	r := tensor.NewRand(seed<<32 + uint64(i))
	some := forms[r.IntN(len(forms))]
	f, d := some[r.IntN(len(some))], days[r.IntN(len(days))]
	return pair{f.write(d), iso(d)}, f
}

// byMonth groups forms by how they write the month.
func byMonth(forms []form) (all [][]form) {
	for _, m := range months {
		var some []form
		for _, f := range forms {
			if f.month == m {
				some = append(some, f)
			}
		}
		if len(some) > 0 {
			all = append(all, some)
		}
	}
	return all
}

func writeTest(name string, forms [][]form, days []time.Time, seed uint64) testSet {
	s := testSet{name: name}
	for i := range tested {
		p, f := draft(forms, days, seed<<8+daySeed, i)
		s.pairs, s.forms = append(s.pairs, p), append(s.forms, f)
	}
	return s
}

// fewest is how many pairs of one's own it takes to learn from some and test on
// others.
const fewest = 20

// own divides a file of pairs: of ten, one is for the test and one for
// validation. Pairs that are there twice are taken once, or the test would hold
// what was learned.
func (l *lesson) own() (learn, validate data.Dataset, err error) {
	pairs, err := readPairs(l.config.Data)
	if err != nil {
		return nil, nil, err
	}
	pairs = distinct(pairs)
	if len(pairs) < fewest {
		return nil, nil, fmt.Errorf("%s has %d different pairs; it takes at least %d", l.config.Data, len(pairs), fewest)
	}
	var parts [3][]pair
	for i, at := range tensor.NewRand(l.config.Seed).Perm(len(pairs)) {
		part := max(0, i%10-7) // 0 to 7, 8, 9
		parts[part] = append(parts[part], pairs[at])
	}
	if err := l.ownLanguage(parts[0]); err != nil {
		return nil, nil, err
	}
	l.sets = []testSet{{name: "exact", pairs: parts[2]}}
	return l.set(parts[0]), l.set(parts[1]), nil
}

// ownLanguage takes the characters that the run knows, or learns them.
func (l *lesson) ownLanguage(pairs []pair) (err error) {
	if l.config.Known != "" {
		l.language, err = recall(l.config.Known)
		return err
	}
	if l.language, err = learnLanguage(pairs); err != nil {
		return err
	}
	l.config.Known, err = l.language.keep()
	return err
}

func (l *lesson) set(pairs []pair) data.Dataset {
	return &numbered{l.language, len(pairs), func(i int) pair { return pairs[i] }}
}

// distinct returns pairs without those whose source came before.
func distinct(pairs []pair) (all []pair) {
	seen := map[string]bool{}
	for _, p := range pairs {
		if !seen[p.from] {
			seen[p.from] = true
			all = append(all, p)
		}
	}
	return all
}

// measure translates the test sets: the share of answers that are right to the
// last character, and beside it that of the rule.
func (l *lesson) measure(ctx context.Context) (*recipe.Measured, error) {
	m := &recipe.Measured{Scores: recipe.Scores{}}
	reference := recipe.Scores{}
	for i := range l.sets {
		s := &l.sets[i]
		got, err := l.translate(ctx, s.pairs)
		if err != nil {
			return nil, err
		}
		m.Scores[s.name] = share(len(got), func(j int) bool { return got[j] == s.pairs[j].to })
		m.Examples += len(got)
		if s.forms != nil {
			byRule := share(len(got), func(j int) bool { return rule(s.pairs[j].from) == s.pairs[j].to })
			m.Scores[s.name+"_rule"], reference[s.name] = byRule, byRule
		}
	}
	if len(reference) > 0 {
		m.Reference = reference
	}
	return m, nil
}

// translate returns what the network makes of each pair's source.
func (l *lesson) translate(ctx context.Context, pairs []pair) ([]string, error) {
	var sources [][]int32
	for _, p := range pairs {
		sources = append(sources, l.language.from.Encode(p.from))
	}
	found, err := translate(ctx, l.net, l.model, sources, l.most)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(found))
	for i, a := range found {
		all[i] = l.language.to.Decode(a.symbols)
	}
	return all, nil
}

// share returns which part of n holds.
func share(n int, holds func(i int) bool) float64 {
	count := 0
	for i := range n {
		if holds(i) {
			count++
		}
	}
	return float64(count) / float64(max(1, n))
}
