package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// outcome is what became of one run: a line of the raw results.
type outcome struct {
	Culprit string   `json:"culprit"`
	Peer    string   `json:"peer"`
	Command []string `json:"command"`
	Result  string   `json:"result"` // the cell of the table

	Right    int    `json:"right"`    // correct results, of 1,000
	Wrong    int    `json:"wrong"`    // results that are not correct
	Failed   int    `json:"failed"`   // other items that were said to have failed
	Error    string `json:"error"`    // that the culprit's item was said to have
	RunError string `json:"runError"` // of no item in particular
	Printed  string `json:"printed"`  // on standard error: the line about the culprit, else the last

	State   string  `json:"state"` // ended, hangs, grows
	Exit    string  `json:"exit"`  // "exit status 1", "signal: killed"
	Seconds float64 `json:"seconds"`
	Left    int     `json:"left"`             // processes after its end, or after Ctrl-C
	Deaf    bool    `json:"deaf"`             // it hangs, and went on after Ctrl-C
	Peak    int64   `json:"peakMB,omitempty"` // of one process, where it was watched
}

// line is one line of the file of outcomes; faults/peer.py describes it.
type line struct {
	Index *int   `json:"index"`
	Right bool   `json:"right"`
	Error string `json:"error"`
}

// outcome reads what the run wrote, after its end.
func (r *running) outcome(ctx context.Context, left remains, seen string) (outcome, error) {
	o := outcome{
		Culprit: r.culprit.name, Peer: r.peer.name, Command: r.shownCommand(),
		State: r.state, Exit: r.cmd.ProcessState.String(), Seconds: r.took.Seconds(),
		Left: left.count, Deaf: left.main, Peak: r.peak / 1_000_000, Printed: printed(seen),
	}
	if r.culprit.signal != "" && !r.acted {
		return o, fmt.Errorf("the culprit never asked for its signal; it printed:\n%s", seen)
	}
	path := r.file("results")
	if r.peer.reader != nil {
		path = r.file("outcomes")
		args := append(slices.Clone(r.peer.reader), r.culprit.name, r.file("results"), path)
		if output, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return o, fmt.Errorf("reading records: %w\n%s", err, output)
		}
	}
	if err := o.read(path); err != nil {
		return o, err
	}
	o.Result = o.words(r.culprit)
	return o, nil
}

// shownCommand is the command as one types it, without folders of this machine.
func (r *running) shownCommand() []string {
	args := slices.Clone(r.cmd.Args)
	for i, arg := range args {
		switch {
		case i == 0 || i > 0 && args[i-1] == "--python":
			args[i] = arg[strings.LastIndex(arg, "/")+1:]
		case arg == r.file("results"):
			args[i] = "results"
		}
	}
	return args
}

// read counts the lines of the file of outcomes.
func (o *outcome) read(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // killed, or failed, before it wrote anything
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			continue // torn
		}
		o.count(l)
	}
	return lines.Err()
}

func (o *outcome) count(l line) {
	switch {
	case l.Index == nil:
		o.RunError = l.Error
	case l.Error != "" && *l.Index == culpritIndex:
		o.Error = l.Error
	case l.Error != "":
		o.Failed++
	case l.Right:
		o.Right++
	default:
		o.Wrong++
	}
}

// named reports whether the user learns which item did it: its item failed,
// and no other.
func (o *outcome) named() bool { return o.Error != "" && o.Failed == 0 }

// words is the cell of the table.
func (o *outcome) words(c culprit) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if c.signal == "kill parent" {
		return leftWords(o.Left)
	}
	switch {
	case o.named():
		add("%d + 1 named", o.Right)
	default:
		add("%d", o.Right)
	}
	if o.Wrong > 0 {
		add("%d wrong", o.Wrong)
	}
	if o.Failed > 0 {
		add("%d fail alike", o.Failed+min(1, len(o.Error)))
	}
	switch {
	case o.State == hangs && o.Deaf:
		add("hangs, also after Ctrl-C")
	case o.State == hangs && o.Left > 0:
		add("hangs until Ctrl-C, which leaves %d", o.Left)
	case o.State == hangs:
		add("hangs until Ctrl-C")
	case o.State == grows:
		add("grows until the machine is out of memory")
	case o.RunError != "":
		add("run ends")
	}
	if o.State == ended && o.Left > 0 {
		add("%s", leftWords(o.Left))
	}
	return strings.Join(words, ", ")
}

func leftWords(n int) string {
	switch n {
	case 0:
		return "nothing left"
	case 1:
		return "1 process left"
	}
	return fmt.Sprintf("%d processes left", n)
}

// fault says what Outpace must not do and did; "" for nothing.
func (o *outcome) fault(c culprit) string {
	switch {
	case o.State != ended:
		return o.State
	case o.Left > 0:
		return leftWords(o.Left)
	case c.signal == "kill parent":
		return ""
	case o.Right == faultItems, !c.harmless && o.Right == faultItems-1 && o.named():
		return ""
	}
	return o.words(c)
}

// message is what the user is told of the culprit, shortened.
func (o *outcome) message() string {
	switch {
	case o.Right == faultItems:
		return ""
	case strings.HasPrefix(o.Printed, outpaceLine):
		return shorten(o.Printed, 110)
	case o.Error != "":
		return shorten(o.Error, 110)
	case o.RunError != "":
		return shorten(o.RunError, 110)
	}
	return shorten(o.Printed, 110)
}

// outpaceLine begins what Outpace prints about the culprit.
const outpaceLine = "outpace: input 500 "

// shorten cuts a text at a word.
func shorten(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	cut := string(runes[:most])
	if space := strings.LastIndex(cut, " "); space > most/2 {
		cut = cut[:space]
	}
	return cut + " …"
}

// printed returns the line of a text that is about the culprit, else the last
// that says something.
func printed(text string) string {
	last := ""
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, outpaceLine) {
			return strings.TrimSpace(l)
		}
		if l = strings.TrimSpace(l); l != "" {
			last = l
		}
	}
	return last
}
