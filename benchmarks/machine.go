package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/outpace-run/outpace/internal/cores"
)

// describeMachine says what the numbers depend on: hardware, load, versions.
// It names neither host nor user.
func describeMachine(ctx context.Context) string {
	var b strings.Builder
	line := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, value)
		}
	}
	line("cpu", field("/proc/cpuinfo", "model name"))
	line("cores", fmt.Sprintf("%d available of %d", cores.Available(), runtime.NumCPU()))
	line("memory", field("/proc/meminfo", "MemTotal"))
	line("load", first(os.ReadFile("/proc/loadavg"))) // before the first run
	kernel, _, _ := strings.Cut(first(os.ReadFile("/proc/sys/kernel/osrelease")), "-")
	line("system", runtime.GOOS+"/"+runtime.GOARCH+" "+kernel)
	line("go", runtime.Version())
	line("python", first(exec.CommandContext(ctx, "python3", "--version").Output()))
	line("commit", first(exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()))
	return b.String()
}

// first returns the first line of a text; nothing when it could not be read.
func first(text []byte, err error) string {
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// field returns the value of "name : value" in a file under /proc.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == name {
			return value
		}
	}
	return ""
}
