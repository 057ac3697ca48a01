//go:build !linux && !darwin

package doctor

import "context"

// openFiles: not known here.
func openFiles(context.Context, bool) files { return files{} }

// resources: none are known here.
func resources() []Finding { return nil }
