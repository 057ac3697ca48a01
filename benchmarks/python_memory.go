package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// watchPeak looks every 50 ms at the most memory that a process and each of its
// children has had. The function that it returns ends that, and adds to a
// measurement what was seen; nothing where there is no /proc.
func watchPeak(pid int) (stop func(measurement)) {
	var command, worker float64
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			command = max(command, residentPeak(pid))
			for _, child := range childrenOf(pid) {
				worker = max(worker, residentPeak(child))
			}
		}
	}()
	return func(m measurement) {
		close(end)
		<-done
		if command > 0 {
			m["command_MB"], m["worker_MB"] = command, worker
		}
	}
}

// residentPeak is the most memory that a process has had, in MB (10^6 bytes);
// 0 where that is not known.
func residentPeak(pid int) float64 {
	var kib float64
	if _, err := fmt.Sscanf(field(fmt.Sprintf("/proc/%d/status", pid), "VmHWM"), "%f kB", &kib); err != nil {
		return 0
	}
	return kib * 1024 / 1e6
}

// childrenOf lists the living children of a process.
func childrenOf(pid int) []int {
	var children []int
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for id := range bytes.FieldsSeq(text) {
			if child, err := strconv.Atoi(string(id)); err == nil {
				children = append(children, child)
			}
		}
	}
	return children
}
