package cli

import (
	"github.com/spf13/cobra"
)

// completeForShells adds the command that writes completion scripts. The
// library's own shows its help for a shell that it does not know.
func completeForShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(_ *cobra.Command, args []string) error {
			shells := oneOf([]string{"bash", "zsh", "fish", "powershell"})
			if len(args) == 0 {
				return usage(shells, "no shell given")
			}
			return usage(shells, "no such shell: %q", unprotect(args[0]))
		}
	}
}
