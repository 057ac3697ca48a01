// Package doctest runs what a Markdown document shows, so that it stays true.
//
//	document ──► Blocks ──► console: Session runs each "$ command" ──► Match(want, got)
//	                  └───► go run:  Program compiles and runs it
//
// In a block fenced as
//
//	```console
//	$ outpace map square.py:square 1 2 3
//	1
//	...
//	$ echo $?
//	0
//	```
//
// a line that begins with "$ " is a command for bash (a backslash at its end
// continues it on the next line), and the lines after it are what it must
// print, on standard output and standard error together. In these a line "..."
// stands for any number of lines, and "…" within a line for any text. A command
// must succeed, or be followed by "$ echo $?". The commands of a document run
// one after the other in one folder; those of a block in one shell. Blocks of
// other languages are not looked at.
package doctest

import (
	"fmt"
	"strings"
)

// Block is one fenced block of a document.
type Block struct {
	Line  int      // of its first line of text, from 1
	Info  string   // what follows the opening fence: "console", "go run"
	Lines []string // its text
}

// Step is one command of a console block and what it must print.
type Step struct {
	Line    int // of the command, in the document
	Command string
	Want    []string
}

// Blocks returns the fenced blocks of a Markdown text in their order. A block
// that is not closed ends with the text, as Markdown says.
func Blocks(text string) []Block {
	var blocks []Block
	var open *Block
	var fence string
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		indented := strings.TrimLeft(line, " ")
		indent := len(line) - len(indented)
		marks := fenceOf(indented)
		switch {
		case open == nil && marks != "" && indent < 4:
			info := strings.TrimSpace(indented[len(marks):])
			if marks[0] == '`' && strings.Contains(info, "`") {
				continue // inline code that begins a line
			}
			fence = marks
			open = &Block{Line: i + 2, Info: info}
		case open == nil:
		case strings.HasPrefix(marks, fence) && strings.TrimSpace(indented) == marks && indent < 4:
			blocks = append(blocks, *open)
			open = nil
		default:
			open.Lines = append(open.Lines, line)
		}
	}
	if open != nil {
		blocks = append(blocks, *open)
	}
	return blocks
}

// fenceOf returns the three or more backticks or tildes that a line begins with.
func fenceOf(line string) string {
	for _, mark := range []string{"`", "~"} {
		n := len(line) - len(strings.TrimLeft(line, mark))
		if n >= 3 {
			return line[:n]
		}
	}
	return ""
}

// Steps splits a console block into its commands. Text before the first one is
// an error.
func (b Block) Steps() ([]Step, error) {
	var steps []Step
	for i := 0; i < len(b.Lines); i++ {
		command, isCommand := strings.CutPrefix(b.Lines[i], "$ ")
		if !isCommand {
			if len(steps) == 0 {
				return nil, fmt.Errorf("line %d: text before the first \"$ command\"", b.Line+i)
			}
			last := &steps[len(steps)-1]
			last.Want = append(last.Want, b.Lines[i])
			continue
		}
		step := Step{Line: b.Line + i, Command: command}
		for strings.HasSuffix(step.Command, `\`) && i+1 < len(b.Lines) {
			i++
			step.Command += "\n" + b.Lines[i]
		}
		steps = append(steps, step)
	}
	return steps, nil
}
