package doctor

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// environment is the variables that change how a run goes. Only those of the
// lists are shown with their values: others may hold what is nobody's business.
func environment(cores int) Section {
	var found []Finding
	for _, name := range threadVariables() {
		if value := os.Getenv(name); value != "" {
			found = append(found, perProcess(name, value, cores))
		}
	}
	hints := slowing()
	for _, name := range shown() {
		value := os.Getenv(name)
		switch hint := hints[name]; {
		case value == "" || hint != "" && value == "0":
		case name == "GOMAXPROCS" && narrows(value, cores):
			found = append(found, note(name, value, "go: functions compute on no more cores than that: unset it"))
		case hint != "":
			found = append(found, note(name, value, hint))
		default:
			found = append(found, ok(name, value))
		}
	}
	if names := others(); len(names) > 0 {
		found = append(found, ok("also set", strings.Join(names, " ")+" (values not shown)"))
	}
	if len(found) == 0 {
		found = append(found, ok("variables", "none that matters is set"))
	}
	return Section{"environment", found}
}

// threadVariables say how many threads a numeric library starts in each process.
func threadVariables() []string {
	return []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS", "VECLIB_MAXIMUM_THREADS"}
}

// perProcess judges one of them for as many processes as cores, which is what a run
// has unless it is told otherwise.
func perProcess(name, value string, cores int) Finding {
	if n, err := strconv.Atoi(value); err == nil && n > 1 && cores > 1 {
		return note(name, value, fmt.Sprintf("%s with %d threads each are more than the cores: unset it, and each process gets its share", plural(cores, "process"), n))
	}
	return ok(name, value)
}

func narrows(value string, cores int) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n > 0 && n < cores
}

// shown are the variables whose values matter and tell nothing private.
func shown() []string {
	return []string{
		"GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GODEBUG",
		"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX",
		"PYTHONDONTWRITEBYTECODE", "PYTHONOPTIMIZE", "PYTHONHASHSEED", "PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONIOENCODING",
		"PYTHON_GIL", "PYTHON_JIT", "PYTHON_CPU_COUNT", "PYTHONDEVMODE", "PYTHONTRACEMALLOC", "PYTHONMALLOC", "PYTHONASYNCIODEBUG",
		"PYTHONPROFILEIMPORTTIME", "PYTHONVERBOSE", "PYTHONWARNINGS", "PYTHONFAULTHANDLER",
		"LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "MALLOC_ARENA_MAX",
		"OUTPACE_WORKER",
	}
}

// slowing are those of them that a run is better without, and why.
func slowing() map[string]string {
	const slow = "Python runs slowly with it: unset it, unless you look for a bug"
	return map[string]string{
		"PYTHONDEVMODE": slow, "PYTHONTRACEMALLOC": slow, "PYTHONASYNCIODEBUG": slow, "PYTHONPROFILEIMPORTTIME": slow, "PYTHONVERBOSE": slow,
		"PYTHONHOME":     "a CPython of another version does not start with it: unset it",
		"OUTPACE_WORKER": "this runs inside of a worker, and ends with it: run it from a shell of your own",
	}
}

// others are the names of Python's and OpenMP's variables that are not shown.
func others() []string {
	known := append(shown(), threadVariables()...)
	var names []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if (strings.HasPrefix(name, "PYTHON") || strings.HasPrefix(name, "OMP_")) && !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
