package python

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/wire"
	"github.com/outpace-run/outpace/python/worker"
)

// endsItself is how long a process that closed its channel has to end before
// it is killed, so that its own end is seen and not ours.
const endsItself = 500 * time.Millisecond

// firstWorker starts a worker of an interpreter that nobody has tried yet.
func (c config) firstWorker(ctx context.Context) (*session, error) {
	path, _, err := locate(c.interpreter)
	if err != nil {
		return nil, err
	}
	c.startTimeout = c.helloTimeout
	return c.start(ctx, path)
}

// start starts a worker and waits for its hello. It is not configured yet.
func (c config) start(ctx context.Context, path string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := c.checkDir(); err != nil {
		return nil, err
	}
	env, _ := c.environ()
	out := &sink{}
	args, program := worker.Program(cacheDir())
	process, err := child.Start(child.Config{Path: path, Args: args, Env: env, Dir: c.dir, Channel: true, Log: out.line})
	if err != nil {
		return nil, unstarted(path, err)
	}
	s := newSession(process, out)
	s.path = path
	s.writer.later(program)
	if err := s.greet(ctx, path, c.startTimeout); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// unstarted is the error of a program that the system does not start: because
// of what it is, or because of the state that the system is in.
func unstarted(path string, err error) error {
	for _, why := range []error{fs.ErrNotExist, fs.ErrPermission, syscall.ENOEXEC, syscall.ENOTDIR} {
		if errors.Is(err, why) {
			return fmt.Errorf("%w: %w %s", ErrInterpreter, err, hint)
		}
	}
	return fmt.Errorf("cannot start %s: %w", path, err)
}

// checkDir reports a working directory that is none. The system would blame
// the interpreter.
func (c config) checkDir() error {
	if c.dir == "" {
		return nil
	}
	info, err := os.Stat(c.dir)
	if err != nil {
		return fmt.Errorf("%w: the workers' directory: %w", outpace.ErrOption, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: the workers' directory: %s is a file", outpace.ErrOption, c.dir)
	}
	return nil
}

// cacheDir is where workers keep their compiled program; "" is nowhere.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil || !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "outpace")
}

// greet reads the hello of a worker and checks it.
func (s *session) greet(ctx context.Context, path string, limit time.Duration) error {
	silent := fmt.Errorf("%w: %s said nothing for %v: is it a Python? %s", ErrInterpreter, path, limit, hint)
	limited, cancel := context.WithTimeoutCause(ctx, limit, silent)
	defer cancel()
	defer context.AfterFunc(limited, s.process.Kill)()
	kind, body, err := s.frames.Next()
	if limited.Err() != nil {
		return context.Cause(limited)
	}
	if err != nil {
		return s.unspoken(path, err)
	}
	if kind != wire.KindHello {
		return fmt.Errorf("%w: %s began with a frame of kind %q", ErrInterpreter, path, byte(kind))
	}
	if err := wire.Decode(body, &s.hello); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrInterpreter, path, err)
	}
	switch {
	case !supported(s.hello.Runtime):
		return tooOld(path, s.hello.Runtime)
	case s.hello.Version != wire.Version:
		return fmt.Errorf("%w: %s speaks version %d of the protocol, not %d", ErrInterpreter, path, s.hello.Version, wire.Version)
	}
	if s.hello.Executable == "" {
		s.hello.Executable = path
	}
	return nil
}

// unspoken explains why a worker's hello could not be read.
func (s *session) unspoken(path string, err error) error {
	own := s.endsItself()
	s.process.Kill()
	state, _ := s.state()
	end := "it closed its channel"
	switch {
	case !ended(err):
		end = err.Error()
	case own && state.Signal != 0:
		end = fmt.Sprintf("it ended by %v", state.Signal)
	case own:
		end = fmt.Sprintf("it ended with code %d", state.Code)
	}
	return explain(path, end, state.Tail)
}
