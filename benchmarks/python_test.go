package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pythonForTests is the setting with python3, or with the virtual environment
// where somebody has made it: making it needs a network.
func pythonForTests(t *testing.T) (s pythonSetting, joblib bool) {
	t.Helper()
	inRoot(t)
	version, err := ask(t.Context(), "python3", "import platform; print(platform.python_version())")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := venvFolder(version)
	if err != nil {
		t.Fatal(err)
	}
	venv, err := venvPython(t.Context(), folder, version)
	if err != nil {
		venv.path = "python3"
	}
	c, buildErr := build(t.Context(), t.TempDir())
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return pythonSetting{python: venv.path, outpace: c.path, self: "benchmarks", spin: 1000}, err == nil
}

// TestPythonPeers does every case once, as every entrant does it, with a few
// small operations: each checks its results.
func TestPythonPeers(t *testing.T) {
	s, joblib := pythonForTests(t)
	for _, topic := range s.topics() {
		for _, e := range topic.entrants {
			t.Run(topic.name+"/"+e.name, func(t *testing.T) {
				if e.name == joblibAuto && !joblib {
					t.Skip("joblib is not installed; `go run ./benchmarks python` does that")
				}
				command := topic.command(e, 2, true)
				small := []string{"40", "1000"}
				if topic.name == "start" {
					small[0] = "1"
				}
				command = append(command[:len(command)-2], small...)
				m, err := measureHere(t.Context(), command)
				if err != nil {
					t.Fatal(err)
				}
				if x := topic.metric.of(m); !(x > 0) {
					t.Errorf("%s is %v in %v", topic.metric.title(), x, m)
				}
			})
		}
	}
}

// measureHere is a trial, but that ours runs in this process: the program that
// a trial starts is not built in tests.
func measureHere(ctx context.Context, command []string) (measurement, error) {
	if command[0] != "benchmarks" {
		return trial{Command: command, Limit: time.Minute}.run(ctx)
	}
	var stdout bytes.Buffer
	if err := probePython(ctx, command[2:], &stdout, os.Stderr); err != nil {
		return nil, err
	}
	return parseMeasurement(stdout.String(), 0)
}

// TestPythonNames: bounds speak of entrants that there are.
func TestPythonNames(t *testing.T) {
	for _, topic := range new(pythonSetting).topics() {
		for _, b := range topic.bounds {
			if b.who != "" && !topic.has(b.who) || !topic.has(b.other) && b.how != absolute {
				t.Errorf("%s: %q, %q", topic.name, b.who, b.other)
			}
		}
	}
}

func TestPythonWrongResult(t *testing.T) {
	if m, err := timeResults(func(yield func(int, error) bool) { yield(7, nil) }, 1, func(i, v int) bool { return v == i }); err == nil {
		t.Errorf("a wrong result gives %v", m)
	}
	if m, err := timeResults(func(yield func(int, error) bool) { yield(0, nil) }, 2, func(i, v int) bool { return v == i }); err == nil {
		t.Errorf("a missing result gives %v", m)
	}
}

func TestCheckBelow(t *testing.T) {
	for text, right := range map[string]bool{
		"0\n1\n2\n": true, "0\n1\n": false, "0\n1\n3\n": false, "0\n1\n2\n3\n": false, "0\n1\n2": false,
	} {
		name := filepath.Join(t.TempDir(), "results")
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkBelow(file, 3); (err == nil) != right {
			t.Errorf("%q: %v", text, err)
		}
		file.Close()
	}
}

func TestPythonProbeUsage(t *testing.T) {
	for _, args := range []string{"", "noop", "noop 0 1", "noop 1 x", "none 1 1", "noop 1 1 1 1", "--none"} {
		var stdout, stderr bytes.Buffer
		if code := run(append([]string{"python-probe"}, strings.Fields(args)...), &stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("%q: code %d, %s", args, code, &stderr)
		}
	}
}

func TestPythonProfile(t *testing.T) {
	inRoot(t)
	name := filepath.Join(t.TempDir(), "cpu")
	args := []string{"python-probe", "--cpuprofile", name, "noop", "1", "100"}
	var stdout, stderr bytes.Buffer
	if code := run(args, &stdout, &stderr); code != 0 {
		t.Fatal(code, &stderr)
	}
	if info, err := os.Stat(name); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}
