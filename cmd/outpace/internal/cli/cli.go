// Package cli is the command line of Outpace: a file per command, and beside
// them what the commands share: flags, inputs, the choice of a shape, the run
// with its signals, and the writer of results.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
	"github.com/outpace-run/outpace/cmd/outpace/internal/ui"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes; docs/cli.md has them for users. A signal n gives 128 + n.
const (
	exitOK     = 0 // all done
	exitFailed = 1 // some tasks failed
	exitUsage  = 2 // bad flags or inputs
	exitStart  = 3 // could not start, or could not write results
	exitSignal = 128
)

// fault is an error that the user is to read: one line, an exit code, and a
// hint where there is one.
type fault struct {
	what string
	hint string
	code int

	detail string // further lines, such as a traceback
}

func (f *fault) Error() string {
	if f.hint == "" {
		return f.what
	}
	return f.what + " (hint: " + f.hint + ")"
}

func usage(hint, format string, args ...any) error {
	return &fault{what: fmt.Sprintf(format, args...), hint: hint, code: exitUsage}
}

func cannot(hint, format string, args ...any) error {
	return &fault{what: fmt.Sprintf(format, args...), hint: hint, code: exitStart}
}

// streams is where a command reads and writes.
type streams struct {
	in  *os.File
	out *os.File
	err *os.File
}

// Main runs the command line and returns the exit code.
func Main(args []string, stdin, stdout, stderr *os.File) int {
	code := exitOK
	root := newRoot(streams{stdin, stdout, stderr}, &code)
	root.SetArgs(protectNumbers(root, args))
	err := root.Execute()
	if err == nil {
		return code
	}
	f := &fault{code: exitUsage}
	errors.As(err, &f)
	_, _ = fmt.Fprintf(stderr, "outpace: %s\n%s", oneLine(err.Error()), ui.Indent(f.detail)) // nowhere else to say it
	return f.code
}

// oneLine keeps a message that somebody else wrote on one line, and its control
// characters from the terminal.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func newRoot(s streams, code *int) *cobra.Command {
	root := &cobra.Command{
		Use:           "outpace",
		Short:         "Run a function over many inputs, as wide as the machine allows",
		Long:          rootAbout,
		Example:       rootExamples,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("outpace --help shows them", "no command given")
			}
			return usage(nearest(unprotect(args[0]), verbs(cmd), "outpace --help shows them"), "no such command: %s", unprotect(args[0]))
		},
	}
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetVersionTemplate("outpace {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newMap(s, code), newBench(s, code), newCompare(s), newDoctor(s, code), newPythonpath(s), newMan())
	completeForShells(root)
	standard := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if text, ok := helpTexts()[cmd.CommandPath()]; ok {
			_, _ = io.WriteString(cmd.OutOrStdout(), text) // help that cannot be shown
			return
		}
		standard(cmd, args)
	})
	return root
}

// version is the module's version, from the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func verbs(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return names
}

// flagError makes a fault of what is wrong with a flag, with the nearest flag
// for one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return invalidValue(invalid)
	}
	var unknown *pflag.NotExistError
	help := cmd.CommandPath() + " --help shows all flags"
	if !cmd.HasParent() {
		help = "flags follow a command, as in outpace map FUNC --range 1..3"
	}
	if !errors.As(err, &unknown) {
		return usage(help, "%s", err)
	}
	name := unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		return usage(help, "unknown flag: -%s", name)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return usage(nearest("--"+name, names, help), "unknown flag: --%s", name)
}

// invalidValue is the fault for a flag's value that cannot be read.
func invalidValue(err *pflag.InvalidValueError) error {
	flag := err.GetFlag()
	switch flag.Value.Type() {
	case "int", "int64":
		return usage("", "--%s is a whole number, got %q", flag.Name, err.GetValue())
	case "uint64":
		return usage("", "--%s is a whole number, 0 or more, got %q", flag.Name, err.GetValue())
	case "bool":
		return usage("", "--%s is true or false, got %q", flag.Name, err.GetValue())
	}
	return usage("", "--%s: %s, got %q", flag.Name, err.Unwrap(), err.GetValue())
}

// nearest returns the hint "did you mean NAME?" for the name that is written
// most like word, or otherwise where none is like it.
func nearest(word string, names []string, otherwise string) string {
	if len(names) == 0 {
		return otherwise
	}
	best := slices.MinFunc(names, func(a, b string) int { return distance(word, a) - distance(word, b) })
	if distance(word, best) > max(min(2, len(word)-2), len(word)/3) {
		return otherwise
	}
	return "did you mean " + best + "?"
}

// distance counts the letters to change, add or take away; letters in the wrong
// order are one slip.
func distance(a, b string) int {
	sorted := func(s string) string {
		letters := []byte(s)
		slices.Sort(letters)
		return string(letters)
	}
	if a != b && sorted(a) == sorted(b) {
		return 1
	}
	return levenshtein.ComputeDistance(a, b)
}
