//go:build !linux && !darwin

package doctor

import "context"

// workers is whether there are worker processes.
const workers = false

// openFiles: not known here.
func openFiles(context.Context, bool) files { return files{} }

// resources: none are known here.
func resources() []Finding { return nil }
