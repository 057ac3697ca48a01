package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// suites runs the guides' experiments as a user does, with the command built from
// this checkout, and keeps all forms of its report. An exit code other than 0 of
// the command is a result that misses what it must reach: other results than
// serial, or a failure.
func suites(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var quick bool
	var names, results string
	flags := flag.NewFlagSet("suites", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&quick, "quick", false, "less work, in 3 minutes")
	flags.StringVar(&names, "suite", "all", "which of them, with commas between")
	flags.StringVar(&results, "results", "benchmarks/results", "folder for the results")
	if err := flags.Parse(args); err != nil {
		return errors.Join(errUsage, err)
	}
	if flags.NArg() > 0 {
		fmt.Fprintln(stderr, "benchmarks: suites takes no arguments")
		return errUsage
	}
	c, folder, done, err := workshop(ctx)
	if err != nil {
		return err
	}
	defer done()
	machine := describeMachine(ctx)
	line := []string{"bench", "--suite", names, "--markdown", filepath.Join(folder, "summary.md"), "--json", filepath.Join(folder, "raw.json"),
		"--csv", filepath.Join(folder, "raw.csv"), "--report", filepath.Join(folder, "report.html")}
	if quick {
		line = append(line, "--quick")
	}
	cmd := exec.CommandContext(ctx, c.path, line...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		return missedError{fmt.Sprintf("outpace bench --suite %s: %v", names, err)}
	}
	return keepSuites(folder, filepath.Join(results, time.Now().Format("2006-01-02")+"-suites"), machine)
}

// keepSuites moves the files of a report, and what the machine is, into the folder
// of results.
func keepSuites(from, to, machine string) error {
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	errs := []error{os.WriteFile(filepath.Join(to, "machine.txt"), []byte(machine), 0o666)}
	for _, name := range []string{"summary.md", "raw.json", "raw.csv", "report.html"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o666)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
