package python

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/session"
	"github.com/outpace-run/outpace/internal/wire"
)

// FuncOption changes how a Python function is called.
type FuncOption func(*spec) error

// spec is what a Function of this package carries: what to load, and how to
// call it.
type spec struct {
	define wire.Define // its Func is chosen by each worker
	key    string      // equal for equal functions
	err    error       // why it cannot be used
}

// Func names a Python function: "path/file.py:name", a relative path being
// below the worker's directory (see [Dir]), or "package.module:name", found
// from there and on the interpreter's path. name may have dots, as in
// "rows.py:Reader.parse". Nothing is loaded yet; a target or an option that
// makes no sense is reported when the function is first used.
//
// In becomes the function's only argument, as JSON; its result is read from
// JSON into Out. A function may be async; on workers without an event loop
// each call then gets one of its own thread.
func Func[In, Out any](target string, opts ...FuncOption) outpace.Function[In, Out] {
	return outpace.Remote[In, Out](target, newSpec(target, opts))
}

func newSpec(target string, opts []FuncOption) *spec {
	s := &spec{define: wire.Define{Target: target, Kwargs: map[string]json.RawMessage{}}}
	s.err = checkTarget(target)
	for _, o := range opts {
		if err := o(s); err != nil && s.err == nil {
			s.err = err
		}
	}
	key, err := json.Marshal(s.define) // a map is written with its keys in order
	if err != nil && s.err == nil {
		s.err = err
	}
	s.key = string(key)
	return s
}

// Star spreads an input over the function's parameters: the elements of an
// array by position, the members of an object by name.
func Star() FuncOption { return func(s *spec) error { s.define.Star = true; return nil } }

// Arg adds a keyword argument to every call, carried as JSON. Of two with the
// same key the later one holds.
func Arg(key string, value any) FuncOption {
	return func(s *spec) error {
		if key == "" {
			return fmt.Errorf("%w: a keyword argument has a name", outpace.ErrOption)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%w: argument %s cannot be carried as JSON: %w", outpace.ErrOption, key, err)
		}
		s.define.Kwargs[key] = text
		return nil
	}
}

// define says how a worker is told about a function.
func define(f outpace.AnyFunction) (session.Definition, error) {
	s, err := specOf(f)
	if err != nil {
		return session.Definition{}, err
	}
	return session.Definition{Define: s.define, Key: s.key}, nil
}

// checkTarget reports what is wrong with a target's form.
func checkTarget(target string) error {
	i := strings.LastIndexByte(target, ':')
	if i < 1 || i == len(target)-1 || strings.ContainsRune(target, 0) {
		return fmt.Errorf("%w: a Python function is named as file.py:name or package.module:name, got %q", outpace.ErrFunction, target)
	}
	return nil
}

// specOf returns what a function of this package carries, or why it is not one
// or cannot be used.
func specOf(f outpace.AnyFunction) (*spec, error) {
	if f == nil {
		return nil, fmt.Errorf("%w: there is none", outpace.ErrFunction)
	}
	s, ok := f.Spec().(*spec)
	if ok {
		return s, s.err
	}
	kind := "a function of another adapter"
	if f.Local() {
		kind = "a Go function"
	}
	return nil, fmt.Errorf("%w: %q is %s, and Python workers run what python.Func made", outpace.ErrFunction, f.Name(), kind)
}
