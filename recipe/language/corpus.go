package language

import (
	"github.com/limpid-ml/limpid/data"
	"github.com/limpid-ml/limpid/datasets/udhr"
	"github.com/limpid-ml/limpid/tensor"
)

// corpus is texts by class: stretches to learn from, to choose settings by, and
// for the test, of which no two share a passage.
type corpus struct {
	classes               []string
	train, validate, test [][][]rune // by class
}

// declarations is the corpus that limpid brings along: articles of the
// declaration. Languages that share a standard are one class.
func declarations() *corpus {
	c := &corpus{}
	at := map[string]int{}
	for _, d := range udhr.All() {
		i, ok := at[d.Group]
		if !ok {
			i = len(c.classes)
			at[d.Group] = i
			c.add(nameOf(d), nil, nil, nil)
		}
		c.train[i] = append(c.train[i], runes(d.Texts(udhr.Train))...)
		c.validate[i] = append(c.validate[i], runes(d.Texts(udhr.Validate))...)
		c.test[i] = append(c.test[i], runes(d.Texts(udhr.Test))...)
	}
	return c
}

func (c *corpus) add(name string, train, validate, test [][]rune) {
	c.classes = append(c.classes, name)
	c.train, c.validate, c.test = append(c.train, train), append(c.validate, validate), append(c.test, test)
}

// limit leaves the first n classes, of 0 all.
func (c *corpus) limit(n int) {
	if n > 1 && n < len(c.classes) {
		c.classes, c.train, c.validate, c.test = c.classes[:n], c.train[:n], c.validate[:n], c.test[:n]
	}
}

func nameOf(d *udhr.Declaration) string {
	if d.Group == "hbs" {
		return "Bosnian, Croatian, Serbian"
	}
	return d.Name
}

func runes(texts []string) [][]rune {
	all := make([][]rune, len(texts))
	for i, t := range texts {
		all[i] = plain(t)
	}
	return all
}

// flat lists the texts of all classes.
func flat(byClass [][][]rune) (all [][]rune) {
	for _, texts := range byClass {
		all = append(all, texts...)
	}
	return all
}

// snippets are pieces of texts, all of one length, with their classes.
type snippets struct {
	texts  [][]rune
	labels []int
}

// cut takes all pieces of a length from the texts, one after the other; of each
// class at most limit, evenly spread, unless that is 0.
func cut(byClass [][][]rune, length, limit int) *snippets {
	s := &snippets{}
	for class, texts := range byClass {
		var all [][]rune
		for _, t := range texts {
			all = append(all, pieces(t, length)...)
		}
		n := len(all)
		if limit > 0 {
			n = min(n, limit)
		}
		for i := range n {
			s.texts = append(s.texts, all[i*len(all)/n])
			s.labels = append(s.labels, class)
		}
	}
	return s
}

// held returns the validation snippets that settings are chosen by: 20 of each
// class, or of few classes as many more as make 2,000.
func (c *corpus) held() *snippets {
	n := len(c.classes)
	return cut(c.validate, shortPiece, max(20, (2000+n-1)/n))
}

// dataset returns the snippets as the network reads them.
func (s *snippets) dataset(a *alphabet, length int) data.Dataset {
	labels := make([]int32, len(s.labels))
	for i, l := range s.labels {
		labels[i] = int32(l)
	}
	return data.FromTensors(a.encode(s.texts, length), tensor.Of(labels, len(labels)))
}

// stretches are what a step of training crops its snippets from: of each class
// as many, of one length, that begin evenly spread over its texts, which are
// read round and round.
func stretches(byClass [][][]rune, each, length int) *snippets {
	s := &snippets{}
	for class, texts := range byClass {
		var ring []rune
		for _, t := range texts {
			ring = append(append(ring, t...), ' ')
		}
		for i := range each {
			piece := make([]rune, length)
			for k := range piece {
				piece[k] = ring[(i*len(ring)/each+k)%len(ring)]
			}
			s.texts = append(s.texts, piece)
			s.labels = append(s.labels, class)
		}
	}
	return s
}
