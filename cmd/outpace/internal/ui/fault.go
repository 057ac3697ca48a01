package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/outpace-run/outpace"
)

// Fault is a failure as records and events tell it.
type Fault struct {
	Type      string `json:"type"`
	Message   string `json:"message"`
	Traceback string `json:"traceback"`
	Cause     string `json:"cause"` // "exception", "exit", "encoding", "decoding", "timeout", "lost", "panic", "cancelled" or "error"
	Hint      string `json:"hint,omitempty"`
}

// FaultOf describes the cause of a task's failure.
func FaultOf(err error) Fault {
	var remote *outpace.RemoteError
	var late *outpace.TimeoutError
	var lost *outpace.LostError
	var panicked *outpace.PanicError
	switch {
	case errors.As(err, &remote):
		return Fault{remote.Type, remote.Message, remote.Traceback, remote.Cause, remote.Hint}
	case errors.As(err, &late):
		return Fault{Type: "TimeoutError", Message: late.Error(), Cause: "timeout"}
	case errors.As(err, &lost):
		return Fault{Type: "LostError", Message: lost.Error(), Cause: "lost"}
	case errors.As(err, &panicked):
		return Fault{"PanicError", panicked.Error(), string(panicked.Stack), "panic", ""}
	case errors.Is(err, outpace.ErrCancelled):
		return Fault{Type: "CancelledError", Message: message(err), Cause: "cancelled"}
	}
	return Fault{Type: "Error", Message: message(err), Cause: "error"}
}

// message returns what err says without the place that a TaskError adds.
func message(err error) string {
	var task *outpace.TaskError
	if errors.As(err, &task) {
		err = task.Err
	}
	return err.Error()
}

// Failure is one failed task.
type Failure struct {
	Index    int    // of its input, from 0
	Input    []byte // the input, as JSON
	Attempts int
	Err      error // a *outpace.TaskError
}

// String returns the failure as a block of lines: what failed and why, then
// the traceback.
func (f Failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "outpace: input %d (%s)", f.Index, Shorten(f.Input, 60))
	if f.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", f.Attempts)
	}
	b.WriteString(": " + message(f.Err) + "\n")
	return b.String() + Indent(FaultOf(f.Err).Traceback)
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
func Shorten(text []byte, n int) string {
	cut := string(text[:min(len(text), n*utf8.UTFMax)])
	runes := []rune(strings.ToValidUTF8(cut, ""))
	if len(runes) <= n && len(cut) == len(text) {
		return strings.ReplaceAll(cut, "\n", " ")
	}
	runes = runes[:min(len(runes), n-1)]
	return strings.ReplaceAll(string(runes), "\n", " ") + "…"
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
