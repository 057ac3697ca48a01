package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"

	"github.com/outpace-run/outpace/cmd/outpace/internal/bench"
	"github.com/outpace-run/outpace/cmd/outpace/internal/report"
	"github.com/spf13/cobra"
)

func newCompare(s streams) *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:     "compare A B",
		Short:   "Compare two reports of bench, cell by cell",
		Long:    compareAbout,
		Example: compareExamples,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("outpace compare A B", "compare takes two reports, got %d", len(args))
			}
			return compare(unprotect(args[0]), unprotect(args[1]), s.out, markdown)
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "write Markdown")
	return cmd
}

// compare writes the comparison of two files.
func compare(a, b string, out *os.File, markdown bool) error {
	one, err := readReport(a)
	if err != nil {
		return err
	}
	two, err := readReport(b)
	if err != nil {
		return err
	}
	c := report.Compare(one, two)
	c.A, c.B = a, b
	var text bytes.Buffer
	if markdown {
		err = report.WriteComparisonMarkdown(&text, c)
	} else {
		options, _ := look(out, false)
		err = report.WriteComparison(&text, c, options)
	}
	if err == nil {
		_, err = out.Write(text.Bytes())
	}
	if err != nil {
		return cannot("", "cannot write the comparison: %s", reason(err))
	}
	return nil
}

// readReport reads the report in a file.
func readReport(name string) (bench.Report, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bench.Report{}, usage("outpace bench FUNC --json FILE writes one", "no such report: %s", name)
	case err == nil && info.IsDir():
		return bench.Report{}, usage("outpace compare A B takes two files", "is a directory: %s", name)
	case err != nil:
		return bench.Report{}, usage("", "cannot read %s: %s", name, reason(err))
	}
	file, err := os.Open(name)
	if err != nil {
		return bench.Report{}, usage("", "cannot read %s: %s", name, reason(err))
	}
	r, err := report.ReadReport(file)
	_ = file.Close() // it was only read
	if err != nil {
		return bench.Report{}, usage("the files of --json and of --report are reports", "%s: %s", name, reason(err))
	}
	return r, nil
}
