//go:build linux || darwin

package python

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// cached returns the files with the compiled worker.
func cached(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(cacheDir(), "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// starts starts a worker, which must do its work.
func starts(t *testing.T) {
	t.Helper()
	file := module(t, "functions.py", functions)
	w, _ := begin(t, Workers(1))
	if got := one(t, w, fn(file+":double"), 2); got != "4" {
		t.Errorf("got %s", got)
	}
}

// The compiled worker is kept, and neither needed nor trusted blindly.
func TestCompiled(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	starts(t)
	names := cached(t)
	if len(names) != 1 {
		t.Fatalf("kept: %v", names)
	}
	good, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty": nil, "torn": good[:len(good)/2], "garbage": append(good[:32:32], "garbage"...), "zeros": append(good[:32:32], make([]byte, 1000)...),
		"of another worker": append([]byte(strings.Repeat("x", 32)), good[32:]...), "no code": append(good[:32:32], 'N'),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(names[0], content, 0o644); err != nil {
				t.Fatal(err)
			}
			starts(t)
			if again, _ := os.ReadFile(names[0]); !bytes.Equal(again[:32], good[:32]) || len(again) < len(good)/2 || len(cached(t)) != 1 {
				t.Errorf("not mended: %d bytes, %v", len(again), cached(t))
			}
		})
	}
	t.Run("open to others", func(t *testing.T) {
		if err := os.Chmod(cacheDir(), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(names[0], []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		starts(t)
		if again, _ := os.ReadFile(names[0]); string(again) != "x" {
			t.Error("the folder was used")
		}
	})
	t.Run("no folder", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", program(t, "file", ""))
		starts(t)
		if runtime.GOOS == "linux" {
			t.Setenv("XDG_CACHE_HOME", "relative")
			if got := cacheDir(); got != "" {
				t.Errorf("folder %q", got)
			}
			starts(t)
		}
	})
}
