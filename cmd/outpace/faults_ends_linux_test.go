package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ends are the faults of what stands behind the results, and the signals that
// end a run.
func (b *bench) ends(t *testing.T) {
	tests := []struct {
		name string
		try  func(t *testing.T, name string)
	}{
		{"a reader that has enough", b.head},
		{"a full disk", b.fullDisk},
		{"a full disk behind standard output", b.fullOutput},
		{"a full disk, in the middle of it", b.halfDisk},
		{"the output file is removed", b.removed},
		{"a result of 200 MB", b.much},
		{"Ctrl-C", func(t *testing.T, name string) { b.signalled(t, name, "2x1", syscall.SIGINT) }},
		{"SIGTERM", func(t *testing.T, name string) { b.signalled(t, name, "1x4", syscall.SIGTERM) }},
		{"the terminal is closed", func(t *testing.T, name string) { b.signalled(t, name, "2x2", syscall.SIGHUP) }},
		{"Ctrl-C, twice", b.twice},
	}
	for _, test := range tests {
		b.golden.order(test.name)
		t.Run(test.name, func(t *testing.T) { t.Parallel(); test.try(t, test.name) })
	}
}

// head: the run ends, without a word, when nobody reads its results any more.
func (b *bench) head(t *testing.T, name string) {
	a := b.shell(t, "sh", "-c", `{ "$0" "$@"; echo "exit code $?" >&2; } | head -1`,
		b.binary, "map", b.dir+"/faults.py:naps", "--range", "1..1000", "--repeat", "1000", "-j", "2x1")
	o := a.run(t)
	if o.out != "2\n" || o.told != "exit code 141\n" {
		t.Errorf("got %q, and on standard error %q", o.out, o.told)
	}
	a.Args = append(append([]string{"outpace"}, a.Args[4:]...), "| head -1")
	b.check(t, name, "", a, outcome{code: 141, told: strings.TrimSuffix(o.told, "exit code 141\n")})
}

func (b *bench) fullDisk(t *testing.T, name string) {
	a := b.attempt(t, "raises", "--range", "1..1000", "-j", "2x1", "-o", "/dev/full")
	b.unwritten(t, name, a, 0)
}

func (b *bench) fullOutput(t *testing.T, name string) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	a := b.attempt(t, "naps", "--range", "1..1000", "-j", "2x1")
	a.Stdout = full
	b.unwritten(t, name, a, 0)
}

// halfDisk: results that are on disk count, and no other.
func (b *bench) halfDisk(t *testing.T, name string) {
	a := b.attempt(t, "naps", "--range", "1..1000", "-j", "2x1", "-o", "disk/out.jsonl")
	a.vague = true
	disk := filepath.Join(a.here, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("outpace", disk, "tmpfs", 0, "size=4096"); err != nil {
		t.Skipf("no file system of 4 KiB can be mounted: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	o := a.run(t)
	text, err := os.ReadFile(filepath.Join(disk, "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(string(text), "\n")
	if o.code != 3 || lines == 0 || doneOf(o.told) != lines {
		t.Errorf("exit code %d with %d results on disk; standard error:\n%s", o.code, lines, o.told)
	}
	if want := doubles(1000, 0); !strings.HasPrefix(want, string(text)) {
		t.Errorf("what is on disk is not the beginning of the results: %d bytes", len(text))
	}
	b.check(t, name, "", a, o)
}

// unwritten: a run that cannot write ends with exit code 3 and counts nothing.
func (b *bench) unwritten(t *testing.T, name string, a *attempt, done int) {
	a.vague = true
	o := a.run(t)
	if o.code != 3 || doneOf(o.told) != done {
		t.Errorf("exit code %d, %d counted as done; standard error:\n%s", o.code, doneOf(o.told), o.told)
	}
	b.check(t, name, "", a, o)
}

// removed: what is written to a file that nobody will find is not done.
func (b *bench) removed(t *testing.T, name string) {
	a := b.attempt(t, "lasts", "--range", "1..1000", "-j", "2x1", "-o", "out.jsonl").start(t)
	file := filepath.Join(a.here, "out.jsonl")
	if !eventually(func() bool { info, err := os.Stat(file); return err == nil && info.Size() > 0 }) {
		t.Fatal("no result came")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	a.answer(t, "go")
	a.vague = true
	o := a.end(t)
	if o.code != 3 || doneOf(o.told) != 0 {
		t.Errorf("exit code %d, %d counted as done; standard error:\n%s", o.code, doneOf(o.told), o.told)
	}
	b.check(t, name, "", a, o)
}

// doneOf is how many results the summary counts; -1 without one.
func doneOf(told string) int {
	found := regexp.MustCompile(`(?m)^outpace: (\d+) done, `).FindStringSubmatch(told)
	if found == nil {
		return -1
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return -1
	}
	return n
}

// much: a result of 200 MB comes through, and the command takes no more than
// three times that: once as it came, once as it is written, and room to grow.
// One shape: how many workers there are does not matter to it.
func (b *bench) much(t *testing.T, name string) {
	const size = 200_000_000
	a := b.attempt(t, "returns_much", "--range", "1..1000", "-j", "2x1", "-o", "out.jsonl").start(t)
	peak := a.peak()
	o := a.end(t)
	info, err := os.Stat(filepath.Join(a.here, "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len(doubles(1000, 500)) + size + 3); o.code != 0 || info.Size() != want {
		t.Errorf("exit code %d, %d bytes of results, want %d; standard error:\n%s", o.code, info.Size(), want, o.told)
	}
	t.Logf("at most %d MB, in %v", <-peak/1_000_000, o.took)
	if most := <-peak; most > 3*size+50_000_000 {
		t.Errorf("the command took %d MB for a result of %d MB", most/1_000_000, size/1_000_000)
	}
	b.check(t, name, "", a, o)
}

// peak follows the most memory that the command has resident, until it ends.
func (a *attempt) peak() <-chan int64 {
	told := make(chan int64, 2)
	go func() {
		var most int64
		eventually(func() bool {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.Process.Pid))
			found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
			if err != nil || found == nil { // it is gone, or a zombie
				return true
			}
			kb, err := strconv.ParseInt(string(found[1]), 10, 64)
			most = max(most, kb*1024)
			return err != nil
		})
		told <- most
		told <- most
	}()
	return told
}

// signalled: a run that a signal ends says what was done, and it was.
func (b *bench) signalled(t *testing.T, name, shape string, sig syscall.Signal) {
	a := b.attempt(t, "meets", "--range", "1..1000", "-j", shape, "--grace", "0.1").start(t)
	a.vague = true
	a.await(t, "met ")
	if err := a.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	o := a.end(t)
	if want := 128 + int(sig); o.code != want {
		t.Errorf("exit code %d, want %d", o.code, want)
	}
	if n := strings.Count(o.out, "\n"); n != 499 || doneOf(o.told) != n || !strings.HasPrefix(doubles(1000, 0), o.out) {
		t.Errorf("%d results came; standard error:\n%s", n, o.told)
	}
	b.check(t, name, "", a, o)
}

// twice: a second Ctrl-C ends what does not end by itself.
func (b *bench) twice(t *testing.T, name string) {
	a := b.attempt(t, "spins", "--range", "1..1000", "-j", "2x1", "--grace", "1h").start(t)
	a.vague = true
	if !eventually(func() bool { return strings.Count(a.out.String(), "\n") == 499 }) {
		t.Fatalf("%d results came", strings.Count(a.out.String(), "\n"))
	}
	signalAll(t, a.Cmd, 2)
	o := a.end(t)
	if o.code != 130 || doneOf(o.told) != 499 {
		t.Errorf("exit code %d; standard error:\n%s", o.code, o.told)
	}
	b.check(t, name, "", a, o)
}
