package series_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/limpid-ml/limpid/data/series"
)

const file = `month,sold
2023-01,10
2023-02,12
2023-03,15
2023-05,14
2023-06,11
2023-07,13
2023-08,16
`

func ExampleReadCSV() {
	all, err := series.ReadCSV(strings.NewReader(file), series.CSV{})
	if err != nil {
		log.Fatal(err)
	}
	s := all[0]
	fmt.Println(s.Len(), "steps of", s.Step)
	for _, gap := range s.Gaps() {
		fmt.Println(gap)
	}
	// Output:
	// 8 steps of 1 month
	// sold: no value at 2023-04-01
}

func ExampleWindows() {
	all, err := series.ReadCSV(strings.NewReader(file), series.CSV{})
	if err != nil {
		log.Fatal(err)
	}
	s := all[0].FillForward(0)
	past := s.Until(6)
	set, err := series.Windows(series.Window{Context: 3, Horizon: 1, Calendar: series.Calendar{Year: true}},
		series.Part{Span: past.Span(), Scale: past.Scale()})
	if err != nil {
		log.Fatal(err)
	}
	e, err := set.At(0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Len(), e.X.Shape(), e.Y.Shape(), e.More["future"].Shape())

	// A scale that has seen what is to be predicted is refused.
	_, err = series.Windows(series.Window{Context: 3, Horizon: 1}, series.Part{Span: s.Span(6, 8), Scale: s.Until(8).Scale()})
	fmt.Println(err)
	// Output:
	// 3 [3 3] [1 1] [1 2]
	// series: windows: part 0: its scale has seen the series up to 2023-08-01, but predictions begin at 2023-07-01: fit it to Until(6)
}

func ExampleSeries_Origins() {
	all, err := series.ReadCSV(strings.NewReader(file), series.CSV{})
	if err != nil {
		log.Fatal(err)
	}
	s := all[0].FillForward(0)
	for o := range s.Origins(series.Rolling{First: 4, Every: 2, Horizon: 2}) {
		fmt.Println(o.At, o.Past.SeasonalNaive("sold", 1, 2), o.Truth("sold"))
	}
	// Output:
	// 4 [15 15] [14 11]
	// 6 [11 11] [13 16]
}
