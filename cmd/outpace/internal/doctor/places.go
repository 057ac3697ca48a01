package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/outpace-run/outpace/internal/cgroup"
)

// system says which features need something that is not here.
func system(s Subject) Section {
	if runtime.GOOS != "linux" {
		return Section{"system", []Finding{note("Linux only", "memory of workers, limits on it, and orphans are not looked after here",
			"--memory-limit and --idle-limit need Linux; a process that leaves its worker's group may outlive it")}}
	}
	var found []Finding
	if _, err := fs.Stat(s.Root, "proc/self/stat"); err != nil {
		found = append(found, note("/proc", "cannot be read",
			"without it neither cores nor memory are limited as they should be, and what leaves a worker's group is not found: mount -t proc proc /proc"))
	} else {
		found = append(found, ok("/proc", "mounted"))
	}
	if s.Orphans != nil {
		found = append(found, note("orphans", s.Orphans.Error(), "a process that leaves its worker's group and clears its environment may outlive the run"))
	} else {
		found = append(found, ok("orphans", "adopted, and ended with the run"))
	}
	groups := cgroup.Of(s.Root, "self", "memory")
	switch {
	case len(groups) == 0:
		found = append(found, ok("control groups", "none that can be read"))
	case groups[0].V2:
		found = append(found, ok("control groups", "version 2"))
	default:
		found = append(found, ok("control groups", "version 1"))
	}
	return Section{"system", found}
}

// scarce is how much room in a temporary folder is worth a note.
const scarce = 100_000_000

// folders says where temporary files and the compiled worker go.
func folders() Section {
	return Section{"folders", []Finding{temporary(os.TempDir()), cache()}}
}

func temporary(dir string) Finding {
	const name = "temporary"
	f, err := os.CreateTemp(dir, "outpace-doctor-*")
	if err != nil {
		return note(name, dir+", cannot be written: "+reason(err), "functions that use temporary files fail: set TMPDIR to a folder that can be written")
	}
	_ = f.Close()
	_ = os.Remove(f.Name()) // ours, and empty
	free, known := space(dir)
	switch {
	case !known:
		return ok(name, dir)
	case free < scarce:
		return note(name, fmt.Sprintf("%s, %s free", dir, amount(free)), "functions that use temporary files may fail: set TMPDIR to a folder with more room")
	}
	return ok(name, fmt.Sprintf("%s, %s free", dir, amount(free)))
}

// cache is where the compiled form of our part of a worker is kept.
func cache() Finding {
	const name, hint = "cache", "every worker compiles our part of it again before it starts: set XDG_CACHE_HOME to a folder that can be written"
	parent, err := os.UserCacheDir()
	if err != nil {
		return note(name, "none: neither HOME nor XDG_CACHE_HOME is set", hint)
	}
	dir := filepath.Join(parent, "outpace")
	near := dir
	for { // what is not there yet is made by the first run
		if _, err := os.Stat(near); err == nil || near == filepath.Dir(near) {
			break
		}
		near = filepath.Dir(near)
	}
	if err := writable(near); err != nil {
		return note(name, dir+", cannot be written: "+reason(err), hint)
	}
	return ok(name, dir)
}

// reason is the system's part of an error.
func reason(err error) string {
	if e, ok := err.(*fs.PathError); ok {
		return e.Err.Error()
	}
	return err.Error()
}
