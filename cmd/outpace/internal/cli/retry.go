package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
)

// shownTypes is how many types of failures are told where none was retried.
const shownTypes = 5

// retryOn is the flag --retry-on, and what came of it. Its methods but the
// flag's may be called from any goroutine.
type retryOn struct {
	names []string

	mu      sync.Mutex
	matched bool     // there was a failure of a type that is named
	others  []string // types of other failures, the first few
}

// condition says which failures are retried; nil is all of them.
func (o *retryOn) condition() func(error) bool {
	if len(o.names) == 0 {
		return nil
	}
	return func(err error) bool {
		types := []string{ui.FaultOf(err).Type}
		var remote *outpace.RemoteError
		if errors.As(err, &remote) {
			types = append(types, remote.Bases...)
		}
		matched := slices.ContainsFunc(types, o.has)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.matched = o.matched || matched
		if !matched && len(o.others) <= shownTypes && !slices.Contains(o.others, types[0]) {
			o.others = append(o.others, types[0])
		}
		return matched
	}
}

// has reports whether a type is named.
func (o *retryOn) has(typ string) bool {
	return slices.ContainsFunc(o.names, func(name string) bool { return isNamed(typ, name) || isNamed(typ, builtinOf(name)) })
}

// unheard is what to tell where there were failures and none of a type that is
// named: the name may be wrong. nil where there is nothing to tell.
func (o *retryOn) unheard() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.matched || len(o.others) == 0 {
		return nil
	}
	list := strings.Join(o.others[:min(len(o.others), shownTypes)], ", ")
	if len(o.others) > shownTypes {
		list += " and others"
	}
	return &fault{what: fmt.Sprintf("nothing was retried: no failure was of --retry-on %s, they were of %s", strings.Join(o.names, ","), list)}
}

// isNamed reports whether name is a type's name, with all of its module, a part
// of it or none: packages show classes under shorter names than those of the
// modules that they come from, as requests.Timeout is requests.exceptions.Timeout.
func isNamed(typ, name string) bool {
	full, parts := strings.Split(typ, "."), strings.Split(name, ".")
	if full[len(full)-1] != parts[len(parts)-1] {
		return false
	}
	for _, part := range full {
		if part == parts[0] {
			if parts = parts[1:]; len(parts) == 0 {
				return true
			}
		}
	}
	return false
}

// builtinOf is the built-in class that a name of Python's own library stands
// for, in some versions of it or in all; else the name as it is.
func builtinOf(name string) string {
	switch name {
	case "IOError", "EnvironmentError", "WindowsError", "socket.error", "select.error":
		return "OSError"
	case "socket.timeout", "asyncio.TimeoutError", "asyncio.exceptions.TimeoutError", "concurrent.futures.TimeoutError":
		return "TimeoutError"
	}
	return strings.TrimPrefix(name, "builtins.")
}
