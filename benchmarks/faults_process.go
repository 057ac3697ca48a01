package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// markerName is the environment variable by which the processes of a run are
// found, wherever they went: children inherit it, and nobody takes it away.
const markerName = "OUTPACE_FAULTS"

// marker is the variable for the n-th run of this process.
func marker(n int) string { return fmt.Sprintf("%s=%d.%d", markerName, os.Getpid(), n) }

// process is a living process of a run.
type process struct {
	pid      int
	marker   string // NAME=value
	resident int64  // bytes
}

// processes lists the living processes whose marker a function accepts. One
// that has ended and was not waited for has no environment, so it is none.
func processes(accept func(marker string) bool) ([]process, error) {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if m := markerOf(pid); m != "" && accept(m) {
			found = append(found, process{pid, m, residentOf(pid)})
		}
	}
	return found, nil
}

// markerOf returns the marker of a process, "" when it has none, is not ours
// to read, or has ended.
func markerOf(pid int) string {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.HasPrefix(entry, []byte(markerName+"=")) {
			return string(entry)
		}
	}
	return ""
}

// residentOf returns how many bytes of memory a process has, 0 for one that
// has ended.
func residentOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// carriers lists the living processes of one run.
func carriers(marker string) ([]process, error) {
	return processes(func(m string) bool { return m == marker })
}

// settle waits until no process of a run is left, at most so long, and returns
// those that are.
func settle(marker string, wait time.Duration) ([]process, error) {
	for end := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		left, err := carriers(marker)
		if err != nil || len(left) == 0 || time.Now().After(end) {
			return left, err
		}
	}
}

// kill ends a process, unless its number belongs to another one by now: the
// handle is taken first, and the marker read after it.
func (p process) kill() error {
	handle, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	defer handle.Release()
	if markerOf(p.pid) != p.marker {
		return nil
	}
	if err := handle.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// killAll kills the processes that accept says, and those that they start
// meanwhile, until none is left.
func killAll(accept func(marker string) bool) error {
	for range 500 {
		left, err := processes(accept)
		if err != nil || len(left) == 0 {
			return err
		}
		for _, p := range left {
			if err := p.kill(); err != nil {
				return fmt.Errorf("killing process %d: %w", p.pid, err)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("processes of a run cannot be killed")
}

// killStale kills what an earlier faults left when it was killed itself.
func killStale() error {
	return killAll(func(m string) bool {
		owner, _, _ := strings.Cut(strings.TrimPrefix(m, markerName+"="), ".")
		_, err := os.Stat("/proc/" + owner)
		return errors.Is(err, os.ErrNotExist)
	})
}
