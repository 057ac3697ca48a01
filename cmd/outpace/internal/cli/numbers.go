package cli

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shield stands before an argument that is a negative number, so that it is
// not taken for a flag. No argument of a process can hold a NUL byte.
const shield = "\x00"

// protectNumbers puts a shield before each negative number that stands where an
// input may: not behind "--", and not as the value of a flag.
func protectNumbers(root *cobra.Command, args []string) []string {
	flags := flagsOf(root, args)
	protected := append([]string{}, args...)
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return protected
		case isNumber(args[i]):
			protected[i] = shield + args[i]
		case takesNext(flags, args[i]):
			i++
		}
	}
	return protected
}

// unprotect takes the shield away.
func unprotect(arg string) string { return strings.TrimPrefix(arg, shield) }

func flagsOf(root *cobra.Command, args []string) *pflag.FlagSet {
	for _, arg := range args {
		for _, c := range root.Commands() {
			if c.Name() == arg {
				return c.Flags()
			}
		}
	}
	return root.Flags()
}

// isNumber reports whether arg is a negative number as JSON has it.
func isNumber(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9' && json.Valid([]byte(arg))
}

// takesNext reports whether arg is a flag whose value is the next argument.
func takesNext(flags *pflag.FlagSet, arg string) bool {
	name, long := strings.CutPrefix(arg, "--")
	if long {
		f := flags.Lookup(name)
		return f != nil && f.NoOptDefVal == ""
	}
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	for i := 1; i < len(arg); i++ { // of letters run together the first that takes a value takes the rest
		f := flags.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return false
		}
		if f.NoOptDefVal == "" {
			return i == len(arg)-1
		}
	}
	return false
}
