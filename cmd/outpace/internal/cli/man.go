package cli

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the man pages of all commands into a directory",
		Long:    manAbout,
		Example: manExamples,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("outpace man DIR", "man takes one directory, got %d", len(args))
			}
			dir := unprotect(args[0])
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return usage("make it first: mkdir -p "+dir, "no such directory: %s", dir)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // the same pages for the same version
			if err := doc.GenManTree(root, &doc.GenManHeader{Title: "OUTPACE", Section: "1"}, dir); err != nil {
				return cannot("", "cannot write man pages: %s", err)
			}
			return nil
		},
	}
}
