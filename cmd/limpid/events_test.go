package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/limpid-ml/limpid/recipe"
	"github.com/limpid-ml/limpid/recipe/book"
	"github.com/limpid-ml/limpid/tensor"
)

// TestEventsAreJSONLines that any program can read, one by one, in order.
func TestEventsAreJSONLines(t *testing.T) {
	w := lookAt(t)
	text := w.read(filepath.Join(w.run, "events.jsonl"))
	if !bytes.HasSuffix(text, []byte("\n")) {
		t.Error("does not end with a line's end")
	}
	kinds := map[string]int{}
	step := 0.0
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		var e map[string]any
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("line %d: %v: %s", n, err, lines.Text())
		}
		kind, _ := e["kind"].(string)
		kinds[kind]++
		if at, there := e["step"].(float64); there {
			if at < step {
				t.Errorf("line %d: step %g after %g", n, at, step)
			}
			step = at
		}
	}
	for kind, want := range map[string]int{"step": 2, "epoch": 1, "evaluated": 1} {
		if kinds[kind] != want {
			t.Errorf("%d events %q, want %d: %v", kinds[kind], kind, want, kinds)
		}
	}
}

// TestRunsBesideDamagedOnes: what is damaged is shown as that, with why, and
// hides no run beside it.
func TestRunsBesideDamagedOnes(t *testing.T) {
	w := lookAt(t).copy(t)
	odd := map[string]string{
		"20200101-0000-empty": "", "20200101-0001-text": "this is a text", "20200101-0002-half": `{"what": "fash`,
		"20200101-0003-list": "[]", "20200101-0004-number": "7", "20200101-0005-types": `{"what": 3}`,
	}
	for name, text := range odd {
		w.file(filepath.Join("runs", name, "run.json"), []byte(text))
	}
	w.file("runs/a-file", []byte("no run"))
	w.file("runs/a-folder/notes.txt", []byte("no run"))
	c, out, errs := call(t.Context(), "runs", "--runs-dir", w.runs, "--json")
	if c != codeOK {
		t.Fatalf("exit %d: %s", c, errs)
	}
	var a runsAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, l := range a.Runs {
		name := filepath.Base(l.Run)
		states[name] = string(l.State)
		if _, damaged := odd[name]; damaged && (l.Trouble == "" || !strings.Contains(l.Trouble, "run.json")) {
			t.Errorf("%s: trouble %q", name, l.Trouble)
		}
	}
	for name := range odd {
		if states[name] != "damaged" {
			t.Errorf("%s is %q, want damaged", name, states[name])
		}
	}
	if states[filepath.Base(w.run)] != "finished" || len(states) != len(odd)+1 {
		t.Errorf("runs %v", states)
	}
	c, out, _ = call(t.Context(), "runs", "--runs-dir", w.runs)
	if c != codeOK || strings.Count(out, "damaged") < len(odd) || !strings.Contains(out, "finished") {
		t.Errorf("exit %d:\n%s", c, out)
	}
	for name := range odd {
		c, out, errs := call(t.Context(), "inspect", name, "--runs-dir", w.runs)
		if c != codeRun || out != "" {
			t.Errorf("inspect %s: exit %d, %q", name, c, out)
		}
		mustSay(t, errs, name, "run.json", "fix:")
	}
}

// typos are what people type, and what they mean.
var typos = []struct{ args, want string }{
	{"tran", "limpid train"}, {"trian", "limpid train"}, {"TRAIN", "limpid train"}, {"predit", "limpid predict"}, {"prdict x", "limpid predict"},
	{"inpsect", "limpid inspect"}, {"insepct", "limpid inspect"}, {"reusme", "limpid resume"}, {"run", "limpid runs"}, {"evla", "limpid eval"}, {"evaluate", "limpid eval"},
	{"verison", "limpid version"}, {"hlep", "limpid help"}, {"complete", "limpid completion"}, {"dta look", "limpid data"}, {"data loook x", "limpid data look"},
	{"train fasion", "limpid train fashion"}, {"train Fashion", "limpid train fashion"},
	{"train --epoch 3", "--epochs"}, {"train --runs_dir x", "--runs-dir"}, {"train --thread 2", "--threads"}, {"train --plian", "--plain"}, {"train --jsno", "--json"},
	{"predict a b --topk 3", "--top"}, {"runs --run-dir x", "--runs-dir"}, {"data look x --shet y", "--sheet"},
	{"train --set learningrate=1", ""}, {"train --set epoch=1", "epochs"}, {"train --set batchsize=1", "batch"}, {"train --set batch_size=1", "batch"},
	{"train --set weight_decay=1", "weight-decay"}, {"train --set decay=1", "weight-decay"}, {"train --set optimiser=sgd", "optimizer"},
	{"train --set Seed=1", "seed"}, {"train --set drop-out=0", "dropout"}, {"train --set widht=3", "width"}, {"train --set checkpoints=3", "checkpoint"},
	{"help trian", "limpid train"}, {"completion bsh", "limpid completion bash"}, {"completion pwsh", "limpid completion"},
}

// TestTypos: each is refused at once, with the name it was meant to be.
func TestTypos(t *testing.T) {
	for _, tt := range typos {
		c, out, errs := call(t.Context(), append(strings.Fields(tt.args), "--runs-dir=/no/such")...)
		if strings.HasPrefix(tt.args, "help") || strings.HasPrefix(tt.args, "completion") || strings.HasPrefix(tt.args, "data ") {
			c, out, errs = call(t.Context(), strings.Fields(tt.args)...)
		}
		if c != codeUsage || out != "" {
			t.Errorf("limpid %s: exit %d, wrote %q: %s", tt.args, c, out, errs)
		}
		if want := "did you mean " + tt.want; tt.want != "" && !strings.Contains(errs, want) && tt.args != "completion pwsh" {
			t.Errorf("limpid %s: does not say %q: %s", tt.args, want, errs)
		}
		if !strings.Contains(errs, "fix:") {
			t.Errorf("limpid %s: does not say what to do: %s", tt.args, errs)
		}
	}
}

// TestSettingsTableHasEverySetting once, with its default and its words.
func TestSettingsTableHasEverySetting(t *testing.T) {
	for _, r := range book.Recipes {
		table := settingsTable(r)
		for _, s := range recipe.Settings(r.New(false)) {
			found := 0
			for l := range strings.Lines(table) {
				f := strings.Fields(l)
				if len(f) < 2 || f[0] != s.Key {
					continue
				}
				found++
				if value := strings.ReplaceAll(f[1], `""`, ""); value != s.Value {
					t.Errorf("%s: default %q, want %q", s.Key, value, s.Value)
				}
				if !strings.HasSuffix(strings.TrimSpace(l), s.Help) {
					t.Errorf("%s: %q does not end with %q", s.Key, l, s.Help)
				}
			}
			if found != 1 {
				t.Errorf("%s of %s is there %d times:\n%s", s.Key, r.Name, found, table)
			}
		}
	}
}

// TestWorstPairsAgainstCounting on confusion matrices of all sizes.
func TestWorstPairsAgainstCounting(t *testing.T) {
	r := tensor.NewRand(1)
	for range 100 {
		n := 1 + r.IntN(6)
		var classes []string
		m := make([][]int, n)
		mistakes := 0
		for i := range m {
			classes = append(classes, fmt.Sprint("class ", i))
			for j := range n {
				m[i] = append(m[i], r.IntN(4)*r.IntN(9))
				if i != j && m[i][j] > 0 {
					mistakes++
				}
			}
		}
		most := 1 + r.IntN(8)
		got := worstPairs(m, classes, most)
		if len(got) != min(most, mistakes) {
			t.Fatalf("%v: %d pairs, want %d", m, len(got), min(most, mistakes))
		}
		least := 1 << 30
		for _, p := range got {
			i, j := slices.Index(classes, p.Class), slices.Index(classes, p.TakenAs)
			of := 0
			for _, c := range m[i] {
				of += c
			}
			if i == j || p.Count != m[i][j] || p.Of != of || p.Share != float64(p.Count)/float64(of) || p.Count > least {
				t.Fatalf("%v: %+v after %d", m, p, least)
			}
			least = p.Count
		}
		worse := 0
		for i := range m {
			for j := range m {
				if i != j && m[i][j] > least && len(got) > 0 {
					worse++
				}
			}
		}
		if worse > len(got) {
			t.Fatalf("%v: %d pairs are worse than the last of %v", m, worse, got)
		}
	}
}

// TestSecondSignalEndsAtOnce: who cannot wait for the step to end need not.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	limpid := buildLimpid(t)
	dir := t.TempDir()
	var errs bytes.Buffer
	cmd := exec.Command(limpid, "train", "--plain", "--runs-dir", dir, "--set", "width=2", "--set", "batch=8", "--epochs", "5000", "--threads", "1")
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 { // until it trains
		if files, _ := filepath.Glob(filepath.Join(dir, "*", "events.jsonl")); len(files) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	deadline := time.After(60 * time.Second)
	for sent := 0; ; sent++ {
		cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-done:
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("after %d signals: %v", sent+1, err)
			}
			status := exit.Sys().(syscall.WaitStatus)
			if status.ExitStatus() != int(codeInterrupted) && status.Signal() != syscall.SIGINT {
				t.Errorf("after %d signals: %v\n%s", sent+1, err, &errs)
			}
			if strings.Contains(errs.String(), "goroutine ") {
				t.Errorf("shows a stack:\n%s", &errs)
			}
			if c, out, _ := call(t.Context(), "runs", "--runs-dir", dir); c != codeOK || !strings.Contains(out, "stopped") {
				t.Errorf("runs: exit %d\n%s", c, out)
			}
			return
		case <-deadline:
			cmd.Process.Kill()
			t.Fatal("still there after a minute of signals")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
