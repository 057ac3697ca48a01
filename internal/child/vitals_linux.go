package child

import (
	"bytes"
	"os"
	"strconv"
)

func vitals(pid int) (Vitals, error) {
	status, _ := statusOf(pid)
	v := Vitals{Stopped: status.state == 'T' || status.state == 't'}
	below(pid, map[int]bool{}, func(pid int) {
		status, _ := statusOf(pid)
		v.CPU += status.cpu
		v.Memory += resident(pid)
	})
	return v, nil
}

func exactMemory(pid int) (sum int64, err error) {
	below(pid, map[int]bool{}, func(pid int) {
		if n, ok := proportional(pid); ok {
			sum += n
		} else {
			sum += resident(pid)
		}
	})
	return sum, nil
}

// below calls visit for a process and all that descend from it. Seen are those
// that it was called for: ids may be used again while we look.
func below(pid int, seen map[int]bool, visit func(pid int)) {
	if seen[pid] {
		return
	}
	seen[pid] = true
	visit(pid)
	for _, child := range children(pid) {
		below(child, seen, visit)
	}
}

// resident returns the resident size of a process, in bytes.
func resident(pid int) int64 {
	text, _ := readFile(nil, procFile(pid, "statm"))
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}

// proportional returns the size where pages are divided by their users.
func proportional(pid int) (size int64, ok bool) {
	text, err := readFile(nil, procFile(pid, "smaps_rollup"))
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
			kib, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(value), []byte("kB")))), 10, 64)
			return kib << 10, err == nil
		}
	}
	return 0, false
}
