package udhr

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAllDeclarationsAreWhole(t *testing.T) {
	all := All()
	if len(all) != 119 {
		t.Errorf("%d declarations", len(all))
	}
	groups := map[string]bool{}
	var codes, without []string
	for _, d := range all {
		codes = append(codes, d.Code)
		groups[d.Group] = true
		if d.Name == "" || strings.Contains(d.Name, "\t") {
			t.Errorf("%s has the name %q", d.Code, d.Name)
		}
		if d.Articles[0] == "" {
			without = append(without, d.Code)
		}
		for i, text := range d.Articles {
			if i > 0 && utf8.RuneCountInString(text) < 10 {
				t.Errorf("%s: article %d is %q", d.Code, i, text)
			}
			if !utf8.ValidString(text) || strings.ContainsAny(text, "<>\n") || strings.TrimSpace(text) != text {
				t.Errorf("%s: article %d is not clean: %.60q", d.Code, i, text)
			}
		}
	}
	if !slices.IsSorted(codes) || len(groups) != 119-3 {
		t.Errorf("%d groups; sorted: %v", len(groups), slices.IsSorted(codes))
	}
	if len(without) != 2 {
		t.Errorf("without a preamble: %q", without)
	}
}

func TestKnownSentences(t *testing.T) {
	for code, want := range map[string]string{
		"eng":      "All human beings are born free and equal in dignity and rights.",
		"deu_1996": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
		"fra":      "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
	} {
		i := slices.IndexFunc(All(), func(d *Declaration) bool { return d.Code == code })
		if got := All()[i].Articles[1]; !strings.HasPrefix(got, want) {
			t.Errorf("%s: article 1 is %q", code, got)
		}
	}
}

func TestPartsShareNoArticle(t *testing.T) {
	count := map[Part]int{}
	for i := range 31 {
		count[PartOf(i)]++
	}
	if count[Train] != 22 || count[Validate] != 3 || count[Test] != 6 {
		t.Errorf("articles of the parts: %v", count)
	}
	for _, d := range All() {
		test := d.Texts(Test)
		if len(test) != 6 || len(d.Texts(Validate)) != 3 || len(d.Texts(Train)) < 21 {
			t.Errorf("%s: %d, %d and %d texts", d.Code, len(d.Texts(Train)), len(d.Texts(Validate)), len(test))
		}
		for _, text := range d.Texts(Train) {
			if slices.Contains(test, text) {
				t.Errorf("%s: %q is to learn from and for the test", d.Code, text)
			}
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	for _, text := range []string{"eng\tEnglish", "# eng English", ""} {
		all, err := parse(strings.NewReader(text))
		if text != "" && (err == nil || !strings.Contains(err.Error(), "line 1")) || text == "" && len(all) != 0 {
			t.Errorf("%q: %v, %v", text, all, err)
		}
	}
}
