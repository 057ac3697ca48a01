package python

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/outpace-run/outpace/internal/child"
	"github.com/outpace-run/outpace/internal/session"
	"github.com/outpace-run/outpace/internal/wire"
	script "github.com/outpace-run/outpace/python/worker"
)

// worker is a worker process of an interpreter.
type worker struct {
	*session.Session
	path string // what was started; an interpreter may call itself otherwise
}

// firstWorker starts a worker of an interpreter that nobody has tried yet.
func (c config) firstWorker(ctx context.Context) (worker, error) {
	path, _, err := locate(c.interpreter)
	if err != nil {
		return worker{}, err
	}
	c.startTimeout = c.helloTimeout
	return c.start(ctx, path)
}

// start starts a worker and waits for its hello. It is not configured yet.
func (c config) start(ctx context.Context, path string) (worker, error) {
	if err := ctx.Err(); err != nil {
		return worker{}, context.Cause(ctx)
	}
	if err := session.CheckDir(c.dir); err != nil {
		return worker{}, err
	}
	env, _ := c.environ()
	args, text := script.Program(cacheDir())
	s, err := session.Start(session.Config{
		Child:     child.Config{Path: path, Args: args, Env: env, Dir: c.dir},
		Preamble:  text,
		Limits:    c.limits(),
		Define:    define,
		LastWords: func(end child.State) string { return script.CrashText(end.Tail) },
	})
	if err != nil {
		return worker{}, unstarted(path, err)
	}
	if err := s.Greet(ctx, c.startTimeout); err != nil {
		return worker{}, unspoken(path, err)
	}
	if err := checkHello(path, s.Hello()); err != nil {
		_ = s.Abandon()
		return worker{}, err
	}
	return worker{s, path}, nil
}

// limits are those of loading a function.
func (c config) limits() session.Limits {
	return session.Limits{Timeout: c.startTimeout, Patience: c.patience,
		Hint: "a longer --start-timeout, or python.StartTimeout in Go"}
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

// cacheDir is where workers keep their compiled program; "" is nowhere.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil || !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "outpace")
}

// unspoken explains why a program's hello did not come.
func unspoken(path string, err error) error {
	var said *session.HelloError
	switch {
	case !errors.As(err, &said):
		return err // the cause of a context
	case said.Silent > 0:
		return fmt.Errorf("%w: %s said nothing for %v: is it a Python? "+
			"(hint: name a CPython 3.9 or newer with --python PATH, or wait longer with --start-timeout; python.Interpreter, python.StartTimeout in Go)",
			ErrInterpreter, path, said.Silent)
	}
	return explain(path, said, said.Output)
}

// checkHello reports an interpreter that cannot be used.
func checkHello(path string, h wire.Hello) error {
	switch {
	case !supported(h.Runtime):
		return tooOld(path, h.Runtime)
	case h.Version != wire.Version:
		return fmt.Errorf("%w: %s speaks version %d of the protocol, not %d", ErrInterpreter, path, h.Version, wire.Version)
	}
	return nil
}

// executable is what the interpreter calls itself.
func (w worker) executable() string {
	if name := w.Hello().Executable; name != "" {
		return name
	}
	return w.path
}
