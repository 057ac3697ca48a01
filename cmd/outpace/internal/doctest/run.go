package doctest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Session is where the blocks of one document run.
type Session struct {
	Dir string   // working folder: a copy of the repository, which commands may change
	Env []string // the whole environment, as of [os.Environ]
}

// Console runs the steps of a console block in one bash and returns all
// differences, joined. It blocks until the commands have ended or ctx is done,
// when they are killed.
func (s Session) Console(ctx context.Context, steps []Step) error {
	for _, step := range steps {
		if strings.Contains(step.Command, "go test") {
			return fmt.Errorf("line %d: %q would run this very test; mark the block \"text\"", step.Line, step.Command)
		}
	}
	mark := "doctest-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	output, err := s.run(ctx, "bash", "-c", script(steps, mark))
	done := parse(output, mark)
	var faults []error
	for i, step := range steps {
		if i >= len(done) {
			return errors.Join(append(faults, fmt.Errorf("line %d: %s: did not end (%v); printed was:\n%s", step.Line, step.Command, err, output))...)
		}
		if fault := Match(step.Want, done[i].lines); fault != nil {
			faults = append(faults, fmt.Errorf("line %d: %s: %w", step.Line, step.Command, fault))
		}
		shown := i+1 < len(steps) && strings.HasPrefix(steps[i+1].Command, "echo $?")
		if done[i].code != 0 && !shown {
			faults = append(faults, fmt.Errorf("line %d: %s: exit code %d, and no \"$ echo $?\" follows; printed was:\n\t%s",
				step.Line, step.Command, done[i].code, strings.Join(done[i].lines, "\n\t")))
		}
	}
	return errors.Join(faults...)
}

// script makes one program of steps: after each it prints the mark with the
// exit code, which it hands on to the next step's "$?".
func script(steps []Step, mark string) string {
	var b strings.Builder
	for _, step := range steps {
		fmt.Fprintf(&b, "%s\n{ s=$?; printf '\\n%s %%d\\n' $s; } 2>/dev/null; (exit $s)\n", step.Command, mark)
	}
	return b.String()
}

// ended is what a step did.
type ended struct {
	lines []string
	code  int
}

// parse cuts the output of a script into its steps.
func parse(output, mark string) []ended {
	var all []ended
	for {
		text, rest, found := strings.Cut(output, "\n"+mark+" ")
		if !found {
			return all
		}
		code, rest, _ := strings.Cut(rest, "\n")
		n, err := strconv.Atoi(code)
		if err != nil {
			n = -1
		}
		all = append(all, ended{Lines(text), n})
		output = rest
	}
}

// Program compiles and runs a Go program in a package of its own within the
// root module. It must succeed; where it has a comment "// Output:", what it
// prints must be the comment lines after that, as for examples of go test.
func (s Session) Program(ctx context.Context, lines []string) error {
	folder, err := os.MkdirTemp(s.Dir, "doctest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		return err
	}
	output, err := s.run(ctx, "go", "run", "./"+filepath.Base(folder))
	if err != nil {
		return fmt.Errorf("%w; printed was:\n%s", err, output)
	}
	if want, ok := outputComment(lines); ok {
		return Match(want, Lines(output))
	}
	return nil
}

// outputComment returns the comment lines after "// Output:".
func outputComment(lines []string) ([]string, bool) {
	var want []string
	found := false
	for _, line := range lines {
		text, isComment := strings.CutPrefix(strings.TrimSpace(line), "//")
		text = strings.TrimPrefix(text, " ")
		switch {
		case isComment && found:
			want = append(want, text)
		case isComment && strings.TrimSpace(text) == "Output:":
			found = true
		case found:
			return want, true
		}
	}
	return want, found
}

// run runs a program to its end and returns what it printed.
func (s Session) run(ctx context.Context, name string, args ...string) (string, error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = s.Dir, s.Env
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = 5 * time.Second // for what it left behind with our pipe open
	ownGroup(cmd)
	err := cmd.Run()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return output.String(), err
}
