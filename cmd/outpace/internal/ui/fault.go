package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/outpace-run/outpace"
)

// Fault is a failure as records and events tell it.
type Fault struct {
	Type      string `json:"type"`
	Message   string `json:"message"`
	Traceback string `json:"traceback"`
	Cause     string `json:"cause"` // "exception", "exit", "signal", "timeout", "memory", "encoding", "decoding", "lost" or "cancelled"
	Hint      string `json:"hint,omitempty"`

	alike string // equal for failures of one kind, where Message is not
	plain bool   // Message says it all without Type
}

// FaultOf describes the cause of a task's failure.
func FaultOf(err error) Fault {
	var remote *outpace.RemoteError
	var late *outpace.TimeoutError
	var memory *outpace.MemoryError
	var lost *outpace.LostError
	var panicked *outpace.PanicError
	switch {
	case errors.As(err, &remote):
		return Fault{Type: remote.Type, Message: remote.Message, Traceback: remote.Traceback, Cause: causeOf(remote), Hint: remote.Hint}
	case errors.As(err, &late):
		return Fault{Type: "TimeoutError", Message: late.Error(), Cause: "timeout", Traceback: whereabouts(late.Stderr), plain: true}
	case errors.As(err, &memory):
		return Fault{Type: "MemoryError", Message: memory.Error(), Cause: "memory", plain: true, alike: "over the limit",
			Hint: "a higher --memory-limit lets it have more"}
	case errors.As(err, &lost):
		return lostFault(lost)
	case errors.As(err, &panicked):
		return Fault{Type: "panic", Message: fmt.Sprint(panicked.Value), Traceback: string(panicked.Stack), Cause: "exception"}
	case errors.Is(err, outpace.ErrCancelled):
		return Fault{Type: "CancelledError", Message: message(err), Cause: "cancelled", plain: true}
	}
	return Fault{Type: "error", Message: message(err), Cause: "exception", plain: true}
}

// causeOf is the cause of an error from a worker; why a function could not be
// loaded is told by the error's text.
func causeOf(remote *outpace.RemoteError) string {
	switch remote.Cause {
	case "exit", "encoding", "decoding":
		return remote.Cause
	}
	return "exception"
}

// lostFault describes the end of a worker.
func lostFault(lost *outpace.LostError) Fault {
	f := Fault{Type: "LostError", Message: lost.Error(), Cause: "lost", plain: true}
	switch {
	case lost.OutOfMemory:
		f.Cause, f.alike, f.Hint = "memory", "killed by the kernel", "-j with fewer processes takes less, and --memory-limit fails it earlier"
	case lost.Signal != 0:
		f.Cause = "signal"
		if lost.Signal == syscall.SIGKILL || lost.Signal == syscall.SIGTERM {
			f.Hint = "does the function, or a limit of the system, kill it?"
		}
	case lost.Err == nil && lost.ExitCode >= 0:
		f.Cause, f.Hint = "exit", "the function, or a library that it uses, ended the process"
	}
	f.Traceback = lastWords(lost.Stderr)
	return f
}

// message returns what err says without the place that a TaskError adds.
func message(err error) string {
	var task *outpace.TaskError
	if errors.As(err, &task) {
		err = task.Err
	}
	return err.Error()
}

// String returns what failed as people read it: "ValueError: bad row".
func (f Fault) String() string {
	switch {
	case f.plain:
		return f.Message
	case f.Message == "":
		return f.Type
	}
	return f.Type + ": " + f.Message
}

// Failure is one failed task.
type Failure struct {
	Index    int    // of its input, from 0
	Input    []byte // the input, as JSON
	Attempts int
	Fault    Fault
	Again    bool // one of the same kind was told before
}

// String returns the failure as a block of lines: what failed and why, then
// the traceback.
func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "outpace: input %d (%s)", f.Index, Shorten(f.Input, 60))
	if f.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", f.Attempts)
	}
	first, rest, _ := strings.Cut(f.Fault.String(), "\n")
	b.WriteString(": " + first)
	if f.Fault.Hint != "" {
		b.WriteString(" (hint: " + f.Fault.Hint + ")")
	}
	return b.String() + "\n" + Indent(rest) + Indent(f.Fault.Traceback)
}

// Indent returns a block of lines below a message; nothing for nothing.
func Indent(text string) string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
}

// Shorten returns at most n characters of text, on one line.
func Shorten[T ~string | ~[]byte](text T, n int) string {
	cut := string(text[:min(len(text), n*utf8.UTFMax)])
	runes := []rune(strings.ToValidUTF8(cut, ""))
	if len(runes) > n || len(cut) < len(text) {
		runes = append(runes[:min(len(runes), n-1)], '…')
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(string(runes))
}

// Marshal returns v as JSON, with <, > and & as they are. It is for values of
// this package, which can always be marshalled.
func Marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Appendf(nil, "%q", err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
