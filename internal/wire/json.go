package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Hello is the body of a worker's first frame.
type Hello struct {
	Version    int    `json:"version"`
	Pid        int    `json:"pid"`
	Language   string `json:"language"`
	Runtime    string `json:"runtime"`          // version of the language: "3.11.7"
	Executable string `json:"executable"`       // path of the program that runs
	GIL        bool   `json:"gil"`              // threads take turns
	Packed     bool   `json:"packed,omitempty"` // it reads packed inputs
	Dump       int    `json:"dump,omitempty"`   // the signal at which it writes its stack to standard error; 0: none
}

// The modes of a worker.
const (
	ModeSerial  = "serial"  // the function runs on the main thread
	ModeThreads = "threads" // on as many threads as there are slots
	ModeLoop    = "loop"    // on an event loop
)

// Configure is the body of a configure frame.
type Configure struct {
	Worker int    `json:"worker"`
	Slots  int    `json:"slots"`
	Mode   string `json:"mode"`
	Spare  bool   `json:"spare,omitempty"` // the workers leave a core
}

// Define is the body of a define frame: load Target and call it Func; with Init,
// call it once, without an input.
type Define struct {
	Func   uint32                     `json:"func"`
	Target string                     `json:"target"`
	Star   bool                       `json:"star"`
	Kwargs map[string]json.RawMessage `json:"kwargs"`
	Init   bool                       `json:"init,omitempty"`
}

// Defined is the body of a defined frame, the answer to define.
type Defined struct {
	Func      uint32  `json:"func"`
	Coroutine bool    `json:"coroutine"`
	Seconds   float64 `json:"seconds"` // how long loading took, and an init's call
	Err       *Error  `json:"error,omitempty"`
}

// Error is a failure of a function or of loading one, as text.
type Error struct {
	Type      string   `json:"type"`
	Bases     []string `json:"bases,omitempty"` // of its class, the nearest first
	Message   string   `json:"message"`
	Traceback string   `json:"traceback"`
	Cause     string   `json:"cause"`
	Hint      string   `json:"hint"`
}

// AppendJSON adds a frame whose body is v as JSON: hello, configure, define,
// defined. The error is ErrTooLong, or the encoder's.
func AppendJSON(dst []byte, kind Kind, v any) ([]byte, error) {
	text, err := encode(v)
	if err != nil {
		return dst, err
	}
	return AppendFrame(dst, kind, text)
}

// Decode reads a body that is JSON into v. The error wraps ErrFrame.
func Decode(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	return nil
}

// encode is JSON without a newline, and with <, > and & as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
