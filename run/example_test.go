package run_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/limpid-ml/limpid/run"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	r, err := run.Create(filepath.Join(dir, "runs"), run.Record{What: "fashion", Seed: 1, Config: json.RawMessage(`{"lr":0.001}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	log, err := run.OpenLog(r.File(run.EventsFile), -1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	for step := range 2 {
		log.Append(struct {
			Step int        `json:"step"`
			Loss run.Number `json:"loss"`
		}{step, run.Number(1 / float64(step))})
	}
	r.Record.State = run.Finished
	fmt.Println(r.Save())

	all, err := run.List(filepath.Join(dir, "runs"))
	fmt.Println(len(all), all[0].Record.What, all[0].State(), err)
	for line, err := range run.Events(r.File(run.EventsFile)) {
		fmt.Println(string(line), err)
	}
	// Output:
	// <nil>
	// 1 fashion finished <nil>
	// {"step":0,"loss":"+Inf"} <nil>
	// {"step":1,"loss":1} <nil>
}

func ExampleReplace() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "notes.txt")
	err = run.Replace(file, func(w io.Writer) error {
		_, err := io.WriteString(w, "all or nothing")
		return err
	})
	text, _ := os.ReadFile(file)
	fmt.Println(string(text), err)
	// Output: all or nothing <nil>
}
