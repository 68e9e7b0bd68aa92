package run

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func create(t *testing.T, runs, what string) *Run {
	t.Helper()
	r, err := Create(runs, Record{What: what, Seed: 7, Config: json.RawMessage(`{"lr":0.1}`)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestCreate(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "a", "runs")
	r := create(t, runs, "fashion")
	if !regexp.MustCompile(`^\d{8}-\d{4}-fashion$`).MatchString(filepath.Base(r.Dir)) || filepath.Dir(r.Dir) != runs {
		t.Errorf("the folder is %s", r.Dir)
	}
	got, err := Read(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.What != "fashion" || got.Seed != 7 || got.State != Running || got.Started.IsZero() {
		t.Errorf("record %+v", got)
	}
	if got.Go != runtime.Version() || got.Kernels == "" || got.Threads < 1 || got.System == "" {
		t.Errorf("environment %+v", got.Environment)
	}
	var c struct{ LR float64 }
	if err := json.Unmarshal(got.Config, &c); err != nil || c.LR != .1 {
		t.Errorf("config %s, %v", got.Config, err)
	}
}

func TestNamesAreUnique(t *testing.T) {
	runs := t.TempDir()
	var mu sync.Mutex
	seen := map[string]bool{}
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			r, err := Create(runs, Record{What: "x"})
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			mu.Lock()
			defer mu.Unlock()
			seen[r.Dir] = true
		})
	}
	running.Wait()
	if len(seen) != 20 || len(files(t, runs)) != 20 {
		t.Errorf("%d folders for 20 runs", len(seen))
	}
}

// A process that is killed while it makes a run leaves a draft that is no run.
func TestDrafts(t *testing.T) {
	runs := t.TempDir()
	young, old := filepath.Join(runs, draftPrefix+"1-0"), filepath.Join(runs, draftPrefix+"2-0")
	for _, dir := range []string{young, old} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, RecordFile), []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	r := create(t, runs, "x")
	if all, err := List(runs); err != nil || len(all) != 1 || all[0].Dir != r.Dir {
		t.Errorf("listed %v, %v", all, err)
	}
	if !exists(young) || exists(old) {
		t.Error("want the young draft, which may be in use, to stay and the old one to go")
	}
}

func TestNamesAreTame(t *testing.T) {
	for name, want := range map[string]string{
		"fashion": "fashion", "My Net": "my-net", "../../etc": "etc", "a/b\\c": "a-b-c", "": "", "☃": "", "v1.2_x": "v1.2_x",
	} {
		if got := tame(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	r := create(t, t.TempDir(), "☃")
	if !regexp.MustCompile(`^\d{8}-\d{4}$`).MatchString(filepath.Base(r.Dir)) {
		t.Errorf("a run without a name is in %s", r.Dir)
	}
}

func TestCreateWhereNothingCanBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(file, "runs"), Record{}); err == nil || !strings.Contains(err.Error(), "cannot be made") {
		t.Error(err)
	}
	if os.Getuid() == 0 {
		return // root may write everywhere
	}
	locked := t.TempDir()
	if err := os.Chmod(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(locked, Record{}); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	r := create(t, t.TempDir(), "x")
	if _, err := Open(r.Dir); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), r.Dir) {
		t.Errorf("of a held run: %v", err)
	}
	r.Record.Seconds = 3
	if err := r.Save(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.File(".tmp-torn"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Record.Seconds != 3 || again.Record.What != "x" {
		t.Errorf("record %+v", again.Record)
	}
	if exists(r.File(".tmp-torn")) {
		t.Error("a temporary file is left")
	}
}

func TestOpenWaitsForOneWhoLooks(t *testing.T) {
	r := create(t, t.TempDir(), "x")
	go func() {
		time.Sleep(patience / 4)
		r.Close()
	}()
	again, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestAt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "a")
	for k, what := range []string{"first", "second"} {
		r, found, err := At(dir, Record{What: what})
		if err != nil || found != (k > 0) || r.Record.What != "first" || r.Record.State != Running {
			t.Fatalf("time %d: %+v found %v, %v", k, r, found, err)
		}
		if _, _, err := At(dir, Record{}); !errors.Is(err, ErrInUse) {
			t.Errorf("while held: %v", err)
		}
		r.Close()
	}
	if err := os.WriteFile(filepath.Join(dir, RecordFile), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := At(dir, Record{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged run was begun anew: %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no run") {
		t.Error(err)
	}
	for _, bad := range []string{"", "{", `{"state":"asleep"}`, `[]`, `{"state":"running","seed":-1}`} {
		if err := os.WriteFile(filepath.Join(dir, RecordFile), []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestARecordThatIsNoJSONIsNotSaved(t *testing.T) {
	r := create(t, t.TempDir(), "x")
	r.Record.Result = json.RawMessage("{torn")
	if r.Save() == nil {
		t.Error("saved")
	}
	if _, err := Read(r.Dir); err != nil {
		t.Errorf("the old record is gone: %v", err)
	}
}

func TestList(t *testing.T) {
	runs := t.TempDir()
	finished := create(t, runs, "done")
	finished.Record.State, finished.Record.Started = Finished, time.Now().Add(-time.Hour)
	killed := create(t, runs, "killed")
	killed.Record.Started = time.Now().Add(-2 * time.Hour)
	for _, r := range []*Run{finished, killed} {
		if err := r.Save(); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	held := create(t, runs, "held")
	torn := filepath.Join(runs, "torn")
	if err := os.MkdirAll(filepath.Join(runs, "not a run"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(torn, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(torn, RecordFile), []byte(`{"what":`), 0o666); err != nil {
		t.Fatal(err)
	}
	all, err := List(runs)
	if err != nil || len(all) != 4 {
		t.Fatalf("%+v, %v", all, err)
	}
	for k, want := range []struct {
		dir   string
		state State
		live  bool
	}{{held.Dir, Running, true}, {finished.Dir, Finished, false}, {killed.Dir, Stopped, false}, {torn, "", false}} {
		e := all[k]
		if e.Dir != want.dir || e.State() != want.state || e.Live != want.live || e.Name != filepath.Base(want.dir) {
			t.Errorf("entry %d is %+v, want %+v", k, e, want)
		}
		if (e.Problem != nil) != (k == 3) {
			t.Errorf("entry %d: problem %v", k, e.Problem)
		}
	}
	if exists(filepath.Join(torn, lockFile)) {
		t.Error("to look made a lock file")
	}
}

func TestListOfNothing(t *testing.T) {
	if all, err := List(filepath.Join(t.TempDir(), "gone")); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := List(file); err == nil {
		t.Error("a file is no runs folder")
	}
}

// TestAKilledProcessFreesTheLock has this test's binary hold a run, kills it,
// and opens the run.
func TestAKilledProcessFreesTheLock(t *testing.T) {
	if dir := os.Getenv("LIMPID_TEST_HOLD"); dir != "" {
		if _, err := Open(dir); err != nil {
			os.Exit(3)
		}
		os.Stdout.WriteString("held\n")
		time.Sleep(time.Minute)
		os.Exit(4)
	}
	r := create(t, t.TempDir(), "x")
	r.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledProcessFreesTheLock$")
	cmd.Env = append(os.Environ(), "LIMPID_TEST_HOLD="+r.Dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(r.Dir); !errors.Is(err, ErrInUse) {
		t.Errorf("while another process holds it: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	again, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
