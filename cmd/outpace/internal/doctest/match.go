package doctest

import (
	"fmt"
	"strings"
)

// Match compares what a command printed with what the document shows, where
// "..." stands for any number of lines and "…" within a line for any text. The
// error shows the first line that differs. Its cost is at most the product of
// both lengths.
func Match(want, got []string) error {
	w, g := 0, 0
	restart, kept := -1, 0 // after the last "...": where to go on, and how far it reaches
	for g < len(got) {
		switch {
		case w < len(want) && want[w] == "...":
			w++
			restart, kept = w, g
		case w < len(want) && matchLine(want[w], got[g]):
			w++
			g++
		case restart >= 0:
			kept++
			w, g = restart, kept
		default:
			return differ(want, got, w, g)
		}
	}
	for w < len(want) && want[w] == "..." {
		w++
	}
	if w < len(want) {
		return differ(want, got, w, g)
	}
	return nil
}

func differ(want, got []string, w, g int) error {
	expected, printed := "its end", "nothing more"
	if w < len(want) {
		expected = fmt.Sprintf("%q", want[w])
	}
	if g < len(got) {
		printed = fmt.Sprintf("%q", got[g])
	}
	from, to := max(0, g-5), min(len(got), g+5)
	return fmt.Errorf("output line %d of %d: the document has %s, printed was %s; printed around it:\n\t%s",
		g+1, len(got), expected, printed, strings.Join(got[from:to], "\n\t"))
}

// matchLine reports whether line is want, with each "…" in it any text. The
// parts between them are found from left to right, the last one at the end.
func matchLine(want, line string) bool {
	parts := strings.Split(want, "…")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return want == line
	}
	if len(line) < len(first)+len(last) || !strings.HasPrefix(line, first) || !strings.HasSuffix(line, last) {
		return false
	}
	line = line[len(first) : len(line)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, found := strings.Cut(line, part)
		if !found {
			return false
		}
		line = rest
	}
	return true
}

// Lines splits what a command printed. A missing last newline makes no
// difference; space at the end of a line is cut, as editors cut it.
func Lines(output string) []string {
	output = strings.TrimSuffix(output, "\n")
	if output == "" {
		return nil
	}
	lines := strings.Split(output, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return lines
}
