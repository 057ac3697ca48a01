package process

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/outpace-run/outpace"
	"github.com/outpace-run/outpace/internal/wire"
)

const (
	maxText   = 16 << 10 // bytes of a message
	maxFrames = 64       // of a stack
	maxTypes  = 16       // of a chain of errors
)

// errorOf is the record of an error that a function returned. Its type is that
// of the first error in its chain that has one of its own.
func errorOf(err error) wire.Error {
	if r, ok := err.(*outpace.RemoteError); ok && r != nil {
		return wire.Error{Type: r.Type, Bases: r.Bases, Message: shorten(r.Message), Traceback: r.Traceback, Cause: r.Cause, Hint: r.Hint}
	}
	e := wire.Error{Type: "error", Message: shorten(fmt.Sprint(err)), Cause: "exception"}
	if types := typesOf(err); len(types) > 0 {
		e.Type, e.Bases = types[0], types[1:]
	}
	return e
}

// panicOf is the record of a panic. It is called by the function that recovered.
func panicOf(v any) *wire.Error {
	e := &wire.Error{Type: "panic", Message: shorten(fmt.Sprint(v)), Traceback: stack(), Cause: "exception"}
	if err, ok := v.(error); ok {
		e.Bases = typesOf(err)
	}
	return e
}

// goexit is the record of a function that ended its goroutine.
func goexit() wire.Error {
	return wire.Error{Type: "Goexit", Message: outpace.ErrGoexit.Error(), Cause: "exit", Hint: "return an error instead"}
}

// typesOf names the types in the chain of an error, but for those that say
// nothing, each once.
func typesOf(err error) (types []string) {
	defer func() { _ = recover() }() // Unwrap is the user's
	for queue := []error{err}; len(queue) > 0 && len(types) < maxTypes; {
		err, queue = queue[0], queue[1:]
		name := strings.TrimPrefix(fmt.Sprintf("%T", err), "*")
		switch name {
		case "<nil>", "errors.errorString", "errors.joinError", "fmt.wrapError", "fmt.wrapErrors":
		default:
			if !slices.Contains(types, name) {
				types = append(types, name)
			}
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			queue = append(queue, many.Unwrap()...)
		} else if next := errors.Unwrap(err); next != nil {
			queue = append(queue, next)
		}
	}
	return types
}

// stack returns the frames of the user's function that panicked, the innermost
// first, as Go prints them.
func stack() string {
	var pcs [1024]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	var text words
	for inside := false; len(text.text) < maxFrames; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			inside = true
		case inside && isCall(f.Function):
			return text.String()
		case inside && !strings.HasPrefix(f.Function, "runtime."):
			text.add(fmt.Sprintf("%s(…)\n\t%s:%d", f.Function, f.File, f.Line))
		}
		if !more {
			break
		}
	}
	return text.String() + "\n…"
}

// isCall reports whether a function is the one that calls the user's.
func isCall(name string) bool {
	return strings.HasPrefix(name, "github.com/outpace-run/outpace.Function[") && strings.HasSuffix(name, "].Call")
}

// shorten cuts the middle out of a text that is too long.
func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText/2], "") + "\n… (cut here) …\n" + strings.ToValidUTF8(text[len(text)-maxText/2:], "")
}
