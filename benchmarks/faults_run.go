package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// enough is how much memory one process may have before a run counts as one
// that would take all of the machine's.
const enough = 600_000_000

// faultTrial is one run of a peer with a culprit.
type faultTrial struct {
	culprit culprit
	peer    peer
	limit   time.Duration
	folder  string // for its files
	marker  string
}

// How a run went on.
const (
	ended = "ended"
	hangs = "hangs" // over the limit
	grows = "grows" // over enough memory
)

// running is a trial's process and what was seen of it.
type running struct {
	faultTrial
	cmd   *exec.Cmd
	start time.Time
	done  chan struct{} // closed when cmd has ended and was waited for
	state string
	took  time.Duration
	peak  int64 // the most memory that a process of it had
	acted bool  // the signal of the culprit was sent
}

// run starts the trial, watches it to its end or its limit, counts what it
// leaves behind, and kills that.
func (t faultTrial) run(ctx context.Context) (outcome, error) {
	if err := os.Mkdir(t.folder, 0o777); err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(t.folder)
	r, err := t.launch()
	if err != nil {
		return outcome{}, err
	}
	left, seen, err := r.follow(ctx)
	if err := killAll(func(m string) bool { return m == t.marker }); err != nil {
		return outcome{}, err
	}
	<-r.done
	if err != nil {
		return outcome{}, err
	}
	return r.outcome(ctx, left, seen)
}

// file is a file of the trial.
func (t faultTrial) file(name string) string { return filepath.Join(t.folder, name) }

// launch starts the trial's process, in a group of its own, as a shell does.
func (t faultTrial) launch() (*running, error) {
	stderr, err := os.Create(t.file("stderr"))
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	args := t.peer.command(t.culprit, t.file("results"))
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = stderr, stderr // files, so nobody's open descriptor delays Wait
	cmd.SysProcAttr = ownGroup()
	cmd.Env = append(os.Environ(), t.marker, "FAULTS_NOTE="+t.file("note"), "PYTHONDONTWRITEBYTECODE=1")
	r := &running{faultTrial: t, cmd: cmd, start: time.Now(), done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		cmd.Wait() // the state is read from cmd
		close(r.done)
	}()
	return r, nil
}

// remains is what there is of a run when it should be over.
type remains struct {
	count int  // processes
	main  bool // the one that was started is among them
}

// follow watches the run. It returns what is left two seconds after its end,
// one after that of a killed parent, two after Ctrl-C where it hangs; and what
// it has printed before that.
func (r *running) follow(ctx context.Context) (left remains, seen string, err error) {
	if err := r.watch(ctx); err != nil {
		return left, "", err
	}
	text, err := os.ReadFile(r.file("stderr"))
	if err != nil {
		return left, "", err
	}
	wait := 2 * time.Second
	switch {
	case r.state == hangs:
		err = pressCtrlC(r.cmd.Process.Pid)
	case r.state == grows:
		return left, string(text), nil // not a second longer
	case r.culprit.signal == "kill parent":
		wait = time.Second
	}
	if err != nil {
		return left, "", err
	}
	all, err := settle(r.marker, wait)
	for _, p := range all {
		left.main = left.main || p.pid == r.cmd.Process.Pid
	}
	left.count = len(all)
	return left, string(text), err
}

// watch waits until the run has ended or will not, and does to it what the
// culprit asks for.
func (r *running) watch(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.done:
			r.state, r.took = ended, time.Since(r.start)
			return nil
		case <-tick.C:
		}
		if err := r.act(); err != nil {
			return err
		}
		if err := r.measure(); err != nil {
			return err
		}
		switch {
		case r.peak > enough && r.culprit.memory:
			r.state, r.took = grows, time.Since(r.start)
			return nil
		case time.Since(r.start) > r.limit:
			r.state, r.took = hangs, time.Since(r.start)
			return nil
		}
	}
}

// measure looks how much memory the run's processes have.
func (r *running) measure() error {
	if !r.culprit.memory {
		return nil
	}
	all, err := carriers(r.marker)
	for _, p := range all {
		r.peak = max(r.peak, p.resident)
	}
	return err
}

// act sends the culprit's signal as soon as the note names its process.
func (r *running) act() error {
	if r.acted || r.culprit.signal == "" {
		return nil
	}
	text, err := os.ReadFile(r.file("note"))
	if err != nil || !strings.HasSuffix(string(text), "\n") {
		return nil // not yet, or not all of it
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("the culprit's note: %w", err)
	}
	r.acted = true
	switch r.culprit.signal {
	case "stop":
		return stopProcess(pid)
	case "kill parent":
		pid = r.cmd.Process.Pid
	}
	return process{pid: pid, marker: r.marker}.kill()
}
