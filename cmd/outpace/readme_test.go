package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outpace-run/outpace/cmd/outpace/internal/doctest"
)

// TestDocuments runs the blocks of README.md and docs/ that are marked
// "console" or "go run"; the package doctest says how.
func TestDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: copies the repository and builds programs")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	bin := buildCommand(t)
	for _, document := range append(documents, filepath.Join(root, "README.md")) {
		t.Run(filepath.Base(document), func(t *testing.T) {
			text, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			runBlocks(t, root, bin, doctest.Blocks(string(text)))
		})
	}
}

// runBlocks runs the blocks of one document in one copy of the repository.
func runBlocks(t *testing.T, root, bin string, blocks []doctest.Block) {
	var session doctest.Session
	for _, b := range blocks {
		if b.Info != "console" && b.Info != "go run" {
			continue
		}
		if session.Dir == "" {
			session = doctest.Session{Dir: copyRepository(t, root), Env: environment(bin)}
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Minute, errors.New("the block took over 3 minutes"))
		if err := runBlock(ctx, session, b); err != nil {
			t.Errorf("block at line %d: %v", b.Line, err)
		}
		cancel()
	}
}

func runBlock(ctx context.Context, s doctest.Session, b doctest.Block) error {
	if b.Info == "go run" {
		return s.Program(ctx, b.Lines)
	}
	steps, err := b.Steps()
	if err != nil {
		return err
	}
	return s.Console(ctx, steps)
}

// environment is this process's own with bin first on PATH.
func environment(bin string) []string {
	return append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// copyRepository copies the repository without what begins with a dot.
func copyRepository(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		switch {
		case rel != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, rel), 0o777)
		case !d.Type().IsRegular():
			return nil
		}
		return copyFile(filepath.Join(dir, rel), name, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(to, from string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}
