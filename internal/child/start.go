//go:build linux || darwin

package child

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Start starts a child in a process group of its own and returns when the
// program runs, or with the system's reason why it does not. On Linux its group
// is killed when this process ends, however that happens, as long as anyone in
// it holds the descriptor after the channel's open; and where memory runs out,
// the kernel picks it before this process.
func Start(config Config) (*Child, error) {
	cmd := &exec.Cmd{Path: config.Path, Args: append([]string{config.Path}, config.Args...),
		Env: config.Env, Dir: config.Dir, SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}
	c := &Child{dead: make(chan struct{}), exited: make(chan struct{}), done: make(chan struct{}), output: &lines{log: config.Log},
		marker: newMarker(), started: time.Now(), ooms: newOOMCounter()}
	cmd.Env = append(cmd.Environ(), markerName+"="+c.marker)
	output, theirs, err := c.pipes(cmd, config.Channel)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.life.cut()
		closeAll(append(theirs, output, c.To, c.From)...)
		return nil, err
	}
	c.pid = cmd.Process.Pid
	c.life.tie(c.pid)
	yieldMemory(c.pid)
	closeAll(theirs...)
	go c.run(cmd, output)
	return c, nil
}

// pipes makes the pipes of a child; theirs are the ends that it inherits. On
// an error too, what is returned is for the caller to close.
func (c *Child) pipes(cmd *exec.Cmd, channel bool) (output *os.File, theirs []*os.File, err error) {
	output, written, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	theirs = append(theirs, written)
	cmd.Stdout, cmd.Stderr = written, written
	if c.life, err = newLifeline(); err != nil {
		return output, theirs, err
	}
	if c.life.theirs != nil {
		theirs = append(theirs, c.life.theirs)
		defer func() { cmd.ExtraFiles = append(cmd.ExtraFiles, c.life.theirs) }()
	}
	if !channel {
		return output, theirs, nil
	}
	in, to, err := os.Pipe()
	if err != nil {
		return output, theirs, err
	}
	c.To, theirs = to, append(theirs, in)
	from, out, err := os.Pipe()
	if err != nil {
		return output, theirs, err
	}
	c.From, theirs = from, append(theirs, out)
	cmd.ExtraFiles = []*os.File{in, out}
	return output, theirs, nil
}

// run sees the process through to its end.
func (c *Child) run(cmd *exec.Cmd, output *os.File) {
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.output.readFrom(output)
	}()
	c.reap(cmd)
	c.life.cut()
	c.release(output)
	close(c.exited)
	<-read
	_ = output.Close()
	c.state.Tail = c.output.text()
	close(c.done)
}

// reap waits for the process and kills what is left of its group, then what
// left it. While the process is dead but not waited for, its id cannot be
// another's.
func (c *Child) reap(cmd *exec.Cmd) {
	awaitExit(c.pid)
	c.mu.Lock()
	c.reaped = true
	killGroup(c.pid)
	c.mu.Unlock()
	_ = cmd.Wait()
	close(c.dead)
	c.state = stateOf(cmd.ProcessState)
	c.state.OutOfMemory = c.state.Signal == syscall.SIGKILL && !c.killed && c.ooms.grew()
	c.state.MemoryLimit = c.ooms.limit()
	sweep(c.marker, c.started)
}

// release bounds how long the pipes can be held open by others.
func (c *Child) release(output *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.released = true
	soon := time.Now().Add(linger)
	_ = output.SetReadDeadline(soon)
	if c.To != nil {
		_ = c.From.SetReadDeadline(soon)
		_ = c.To.SetWriteDeadline(time.Now())
	}
}

// stateOf returns how a process ended; without p, because somebody else in this
// process waited for it, that is unknown.
func stateOf(p *os.ProcessState) State {
	if p == nil {
		return State{Code: -1}
	}
	s := State{Code: p.ExitCode(), User: p.UserTime(), Sys: p.SystemTime()}
	if w, ok := p.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		s.Signal = w.Signal()
	}
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		s.MaxRSS = int64(usage.Maxrss)
		if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
			s.MaxRSS *= 1024
		}
	}
	return s
}

// Signal sends a signal to the child alone. It does nothing after the child was
// waited for.
func (c *Child) Signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = syscall.Kill(c.pid, s)
	}
}

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}
