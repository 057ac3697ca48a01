package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// entry is a process as /proc shows it.
type entry struct {
	pid, parent int
	state       string
	environ     []byte
}

// has reports whether the process was started with a variable, "KEY=value".
func (p entry) has(variable string) bool {
	for kv := range bytes.SplitSeq(p.environ, []byte{0}) {
		if string(kv) == variable {
			return true
		}
	}
	return false
}

// String tells the process from others.
func (p entry) String() string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
	line = bytes.ReplaceAll(line, []byte{0}, []byte{' '})
	return fmt.Sprintf("%d (parent %d, state %s) %.100q", p.pid, p.parent, p.state, line)
}

// living lists the processes of the machine that are wanted.
func living(wanted func(entry) bool) []entry {
	dirs, _ := os.ReadDir("/proc")
	var some []entry
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		if p, ok := look(pid); ok && wanted(p) {
			some = append(some, p)
		}
	}
	return some
}

// look reads what /proc says of a process.
func look(pid int) (p entry, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	// The name, in brackets, may hold anything: what follows its end counts.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return p, false
	}
	p = entry{pid: pid, state: fields[0]}
	p.parent, _ = strconv.Atoi(fields[1])
	p.environ, _ = os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return p, true
}

func exists(pid int) bool {
	_, ok := look(pid)
	return ok
}

// descriptors lists what we have open, but for the list itself.
func descriptors() (open []string) {
	names, _ := os.ReadDir("/proc/self/fd")
	for _, n := range names {
		if target, err := os.Readlink("/proc/self/fd/" + n.Name()); err == nil {
			open = append(open, n.Name()+" "+target)
		}
	}
	return open
}

// resident is how much memory we have resident, in bytes.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
