package child

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// procFile returns the path of a process's file below /proc.
func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

// readFile reads a file of /proc into buf and what buf must grow by. Through
// package os it would take twice the time.
func readFile(buf []byte, name string) ([]byte, error) {
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return buf[:0], err
	}
	defer func() { _ = syscall.Close(fd) }()
	buf = buf[:0]
	for {
		buf = slices.Grow(buf, 4<<10)
		n, err := syscall.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case err == syscall.EINTR:
		case n <= 0:
			return buf, err
		default:
			buf = buf[:len(buf)+n]
		}
	}
}

// numbers lists the entries of a folder that are numbers: of /proc the
// processes, of /proc/PID/task the threads.
func numbers(folder string) []int {
	dir, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1)
	return ids(names)
}

func ids[S ~string | ~[]byte](texts []S) []int {
	all := make([]int, 0, len(texts))
	for _, text := range texts {
		if id, err := strconv.Atoi(string(text)); err == nil {
			all = append(all, id)
		}
	}
	return all
}

// children lists the children of all threads of a process. The kernel promises
// a whole list only for a process that is stopped.
func children(pid int) []int {
	var all []int
	var buf []byte
	for _, thread := range numbers(procFile(pid, "task")) {
		buf, _ = readFile(buf, procFile(pid, "task/"+strconv.Itoa(thread)+"/children"))
		all = append(all, ids(bytes.Fields(buf))...)
	}
	return all
}

// status is what /proc/PID/stat says of a process.
type status struct {
	state   byte          // as ps shows it
	parent  int           // 0 for none
	group   int           // process group
	flags   int           // of the kernel
	threads int           // those that have not ended
	cpu     time.Duration // of it and of the children that it waited for, in hundredths of a second

	noEnvironment bool // it was given an empty one, which it has not before its exec is done
}

// statusOf reads the status of a process; ok is false where there is none.
func statusOf(pid int) (s status, ok bool) {
	text, err := readFile(nil, procFile(pid, "stat"))
	end := bytes.LastIndexByte(text, ')') // the name before it may hold anything
	fields := bytes.Fields(text[end+1:])
	if err != nil || len(fields) < 49 {
		return s, false
	}
	number := func(i int) int { n, _ := strconv.Atoi(string(fields[i])); return n }
	const tick = time.Second / 100 // USER_HZ
	return status{
		state: fields[0][0], parent: number(1), group: number(2), flags: number(6), threads: number(17),
		cpu: time.Duration(number(11)+number(12)+number(13)+number(14)) * tick,
		// Where it ends and begins. Both are the same for a moment of an exec too, in
		// which the kernel does not know yet where the code ends.
		noEnvironment: number(48) != 0 && number(48) == number(47) && number(24) != 0,
	}, true
}

// ending reports whether the process has ended, or is about to.
func (s status) ending() bool {
	const exiting = 0x4 // PF_EXITING
	return s.flags&exiting != 0 || s.state == 'Z' || s.state == 'X'
}

// kernel reports whether it is a thread of the kernel.
func (s status) kernel() bool {
	const kernelThread = 0x200000 // PF_KTHREAD
	return s.flags&kernelThread != 0
}

// killIf kills a process if it is the one that is meant. The question is asked
// while we hold the process itself: its id may be another's by now, or become
// that, but then a signal to p reaches nobody.
func killIf(pid int, meant func(p *os.Process) bool) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	return meant(p) && p.Kill() == nil
}
