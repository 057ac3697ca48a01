package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what our scripts know beyond the usual.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "comesback": comesBack}
}

// exits runs a command and checks its exit code, and that an error is one line:
//
//	exits 2 outpace map nosuch.py:f 1
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	errText := ts.ReadFile("stderr")
	if want == 2 || want == 3 {
		checkError(ts, errText)
	}
}

// comesBack makes sure that the inputs of a file, when they fail, come back from
// --failed as they were:
//
//	comesback in.csv csv
func comesBack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: comesback FILE FORMAT")
	}
	exits(ts, false, []string{"1", "outpace", "map", "f.py:fails", "-i", args[0], "--input", args[1], "--failed", "back.jsonl", "--force"})
	ts.Check(ts.Exec("outpace", "map", "go:noop", "-i", args[0], "--input", args[1]))
	want := ts.ReadFile("stdout")
	ts.Check(ts.Exec("outpace", "map", "go:noop", "-i", "back.jsonl"))
	if got := ts.ReadFile("stdout"); got != want || want == "" {
		ts.Fatalf("%q came back as %q", want, got)
	}
}

// checkError makes sure that bad input is told in one clear line, unless
// something ran before it.
func checkError(ts *testscript.TestScript, text string) {
	lines := strings.Count(text, "\n")
	if strings.Contains(text, " done, ") {
		return
	}
	if lines != 1 || !strings.HasPrefix(text, "outpace: ") {
		ts.Fatalf("not one line that says what happened: %q", text)
	}
}
