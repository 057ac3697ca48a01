package sharing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The code that docs/sharing.md and README.md show is that of this folder, word
// by word.
func TestDocument(t *testing.T) {
	document := texts(t, "../../docs/sharing.md") + texts(t, "../../README.md")
	sources := map[string]string{"go": texts(t, "*.go"), "python": texts(t, "*.py")}
	blocks := 0
	for i, part := range strings.Split(document, "\n```") {
		language, code, _ := strings.Cut(part, "\n")
		if source, ok := sources[language]; ok && i%2 == 1 {
			blocks++
			if !strings.Contains(source, "\n"+code+"\n") {
				t.Errorf("no file here has this:\n%s", code)
			}
		}
	}
	if blocks < 10 {
		t.Errorf("%d blocks were looked at: more than ten are expected", blocks)
	}
}

// texts returns the text of all files that a pattern matches.
func texts(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
