package audio

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// put writes files below a new folder and returns it.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTranscripts(t *testing.T) {
	dir := put(t, map[string]string{
		"list.tsv":     "\uFEFFpath\tsentence\tvotes\r\n# by hand\r\na.wav\tone two \t7\r\n\r\nclips/b.flac\tdrei\r\n",
		"a.wav":        "",
		"clips/b.flac": "",
	})
	got, err := Transcripts(filepath.Join(dir, "list.tsv"))
	want := []Utterance{{filepath.Join(dir, "a.wav"), "one two"}, {filepath.Join(dir, "clips/b.flac"), "drei"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWrongTranscriptsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "names no file",
		"# nothing\n\n":            "names no file",
		"file\ttext\n":             "names no file",
		"a.wav one\n":              `line 1 is "a.wav one", want a file, a tab`,
		"a.wav\t \n":               "line 1",
		"\tone\n":                  "line 1",
		"a.wav\tone\na.wav\ttwo\n": `lines 1 and 2 both name "a.wav"`,
		"../a.wav\tone\n":          "not within the list's folder",
		"/etc/passwd\tone\n":       "not within",
		"a.wav\tone\nb.wav\ttwo":   "line 2: ",
		"a.wav\t\xe4\n":            "not UTF-8",
	} {
		dir := put(t, map[string]string{"list.tsv": text, "a.wav": ""})
		_, err := Transcripts(filepath.Join(dir, "list.tsv"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "list.tsv") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := Transcripts("none.tsv"); err == nil || !strings.Contains(err.Error(), "none.tsv") {
		t.Errorf("a missing list: %v", err)
	}
}

func TestClassFolder(t *testing.T) {
	dir := put(t, map[string]string{
		"yes/b.WAV": "", "yes/a.flac": "", "yes/notes.txt": "", "yes/.hidden.wav": "", "no/1.wav": "", "empty/x.txt": "", ".git/x.wav": "", "top.wav": "",
	})
	files, classes, err := ClassFolder(dir)
	want := []Utterance{{filepath.Join(dir, "no/1.wav"), "no"}, {filepath.Join(dir, "yes/a.flac"), "yes"}, {filepath.Join(dir, "yes/b.WAV"), "yes"}}
	if err != nil || !slices.Equal(files, want) || !slices.Equal(classes, []string{"no", "yes"}) {
		t.Errorf("got %v, %q, %v", files, classes, err)
	}
	for dir, want := range map[string]string{put(t, map[string]string{"a.wav": ""}): "one folder for each class", "none": "none"} {
		if _, _, err := ClassFolder(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzTranscripts(f *testing.F) {
	f.Add([]byte("path\ttext\na.wav\tone\n"))
	f.Add([]byte("\uFEFF# x\r\na.wav\tone\tmore\r\n../b\tc"))
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.wav"), nil, 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := transcripts(raw, dir)
		for _, u := range all {
			if err != nil || u.Text == "" || !strings.HasPrefix(u.File, dir) {
				t.Fatalf("%q gave %+v, %v", raw, u, err)
			}
		}
	})
}
