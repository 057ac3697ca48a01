package cli

import (
	"context"
	"errors"
	"os"

	"github.com/outpace-run/outpace/cmd/outpace/internal/doctor"
	"github.com/outpace-run/outpace/internal/child"
	"github.com/spf13/cobra"
)

// doctorFlags is what the flags of doctor say.
type doctorFlags struct {
	python string
	json   bool
}

func newDoctor(s streams, code *int) *cobra.Command {
	d := &doctorFlags{}
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Tell what a run finds on this machine, and what would narrow it",
		Long:    doctorAbout,
		Example: doctorExamples,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case len(args) > 0:
				return usage("outpace doctor --help", "doctor takes no arguments, got %q", unprotect(args[0]))
			case cmd.Flags().Changed("python") && d.python == "":
				return usage("is a variable empty?", "--python without a name")
			}
			*code, err = d.command(s)
			return err
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&d.python, "python", "", "look at this interpreter as the one of a run: a `PATH`, or a name on PATH")
	cmd.Flags().BoolVar(&d.json, "json", false, "write a JSON object in place of text")
	return cmd
}

// command is `outpace doctor`. What an interpreter starts ends with it.
func (d *doctorFlags) command(s streams) (int, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	family, orphans := child.Adopt()
	watching := watch(0, cancel, func() {}, os.Exit)
	report := doctor.Examine(ctx, doctor.Subject{Version: version(), Python: d.python, Orphans: orphans})
	watching.end()
	_ = family.Close() // nothing of ours is left but what cannot be ended
	var by interrupted
	if errors.As(context.Cause(ctx), &by) {
		return 0, &fault{what: by.Error(), code: by.exit()}
	}
	write := report.Text
	if d.json {
		write = report.JSON
	}
	if err := write(s.out); err != nil {
		return 0, cannot("", "cannot write the report: %s", reason(err))
	}
	if report.Count(doctor.Problem) > 0 {
		return exitFailed, nil
	}
	return exitOK, nil
}
