package outpace_test

import (
	"os"
	"strings"
	"testing"
)

// testCommand is what README tells a reader to run, and what .ci/run runs.
const testCommand = "go test -race -shuffle=on -timeout 8m work"

// TestRepositoryTestCommand: what passes for us is what a reader is told to run.
func TestRepositoryTestCommand(t *testing.T) {
	for _, name := range []string{"README.md", "CONTRIBUTING.md", ".ci/run"} {
		found := false
		for line := range strings.Lines(read(t, name)) {
			found = found || strings.TrimPrefix(strings.TrimSpace(line), "$ ") == testCommand
		}
		if !found {
			t.Errorf("%s has no line %q", name, testCommand)
		}
	}
}

// TestRepositoryRootRequiresNothing: who imports the library downloads nothing else.
func TestRepositoryRootRequiresNothing(t *testing.T) {
	if strings.Contains(read(t, "go.mod"), "require") {
		t.Error("the root module requires another one")
	}
	if _, err := os.Stat("go.sum"); err == nil {
		t.Error("the root module has a go.sum")
	}
}

// TestRepositoryLintConfiguration: it stays short, and each check that is
// switched off stands on a line with its reason.
func TestRepositoryLintConfiguration(t *testing.T) {
	text := read(t, "staticcheck.conf")
	if n := strings.Count(text, "\n"); n >= 40 {
		t.Errorf("staticcheck.conf has %d lines", n)
	}
	for line := range strings.Lines(text) {
		if _, reason, _ := strings.Cut(line, "#"); strings.Contains(line, `"-`) && strings.TrimSpace(reason) == "" {
			t.Errorf("staticcheck.conf: no reason behind %s", line)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
