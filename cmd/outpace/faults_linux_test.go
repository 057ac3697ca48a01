package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const faulty = `
import ctypes, os, sys
def raises(x):
    if x == 500: raise ValueError("bad row")
    return x * 2
def leaves(x):
    if x == 500: sys.exit("giving up")
    return x * 2
def ends(x):
    if x == 500: os._exit(3)
    return x * 2
def crashes(x):
    if x == 500: ctypes.string_at(0)
    return x * 2
def hangs(x):
    while x == 500: pass
    return x * 2
`

// TestOneFault: whatever one of 1,000 inputs does to its worker, at any shape,
// it fails alone, with its index, itself and the cause; the other 999 have
// their results, and no process is left.
func TestOneFault(t *testing.T) {
	binary := build(t)
	file := filepath.Join(t.TempDir(), "faulty.py")
	if err := os.WriteFile(file, []byte(faulty), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, shape := range []string{"2x1", "1x4", "2x2"} {
		for function, cause := range map[string]string{
			"raises": "ValueError: bad row", "leaves": "SystemExit: giving up", "ends": "worker exited with code 3",
			"crashes": "worker killed by SIGSEGV", "hangs": "timed out after 1s",
		} {
			t.Run(shape+"/"+function, func(t *testing.T) {
				mark := fmt.Sprintf("OUTPACE_TEST_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())
				cmd := exec.Command(binary, "map", file+":"+function, "--range", "1..1000", "-j", shape, "--timeout", "1s")
				cmd.Env = append(os.Environ(), mark)
				var out, told bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &told
				err := cmd.Run()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.ExitCode() != 1 {
					t.Errorf("ended with %v, want exit code 1", err)
				}
				if out.String() != doubles(1000, 500) {
					t.Errorf("the results are not those of the 999 others, in order: %d lines", strings.Count(out.String(), "\n"))
				}
				want := "outpace: input 499 (500): " + cause
				if got := told.String(); strings.Count(got, "outpace: input") != 1 || !strings.Contains(got, want) {
					t.Errorf("standard error has not just one %q:\n%s", want, got)
				}
				nothingLeft(t, mark)
			})
		}
	}
}

// doubles is what a run over 1 to n prints, without that of one input.
func doubles(n, without int) string {
	var b strings.Builder
	for x := 1; x <= n; x++ {
		if x != without {
			fmt.Fprintln(&b, 2*x)
		}
	}
	return b.String()
}

// nothingLeft waits until no process has the variable in its environment.
func nothingLeft(t *testing.T, variable string) {
	t.Helper()
	if !eventually(func() bool { return len(marked(variable)) == 0 }) {
		t.Errorf("processes left behind: %v", marked(variable))
	}
}

// marked returns the living processes with a variable in their environment.
func marked(variable string) (pids []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(variable+"\x00")) {
			pids = append(pids, filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// eventually polls until cond holds, for the limit at most.
func eventually(cond func() bool) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if cond() {
			return true
		}
	}
	return false
}
