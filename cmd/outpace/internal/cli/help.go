package cli

import (
	"fmt"
	"strings"

	"github.com/outpace-run/outpace/cmd/outpace/internal/builtin"
)

// The help texts are written by hand, examples first. Man pages are made of
// the same pieces; there the flags come from their definitions.

const rootAbout = `Outpace runs a function over many inputs, as wide as the machine allows, and
keeps the failure of one input away from the others. Results go to standard
output, in the order of the inputs; all else goes to standard error.`

const rootExamples = `  outpace map examples/primes.py:count_primes --range 1..40
  outpace map go:count_primes 1 2 3 -j 2`

const rootCommands = `Commands:
  map FUNC [INPUT ...]   apply a function to every input
  bench FUNC [INPUT ...] the same work under every model and width; says which to use
  compare A B            two reports of bench, cell by cell
  doctor                 tell what a run finds on this machine, and what would narrow it
  pythonpath             tell the folder of the Python module outpace, for PYTHONPATH
  man DIR                write the man pages into a directory
  completion SHELL       write the completion script for bash, zsh, fish or powershell

  outpace COMMAND --help tells more; outpace --version tells the version.
`

const mapAbout = `Apply FUNC to every input. Results go to standard output as JSON Lines, in the
order of the inputs. A failed input writes no line there; it is told on standard
error, and the exit code is 1.

FUNC is path/file.py:NAME or package.module:NAME for a function of Python (CPython
3.9 or newer), or go:NAME for a function of the command itself.

Inputs are the arguments, the numbers of --range, the file of -i, or else
standard input. An argument, and a line of a file, that is JSON is that value;
any other is a string. So 5 is a number, "5" a string, and abc a string.`

const mapExamples = `  outpace map examples/primes.py:count_primes --range 1..40
  outpace map rows.py:parse -i rows.csv -o parsed.jsonl --failed bad.jsonl
  outpace map rows.py:parse -i bad.jsonl -o rest.jsonl
  seq 1000000 | outpace map fib.py:fib --timeout 10s --retries 2
  outpace map fetch.py:get -i urls.txt --input lines -j 200 --unordered
  outpace map geo.py:distance '[1, 2]' '[3, 4]' --star --arg unit=km`

const mapFlagsHelp = `Inputs:
  -i, --inputs FILE      read inputs from FILE; - is standard input
      --input FORMAT     auto    by extension (.json, .jsonl, .ndjson, .csv), else:
                                 each line, what is JSON as that value, any other as a string
                         lines   each line is a string
                         json    an array, element by element; or values one by one
                         jsonl   each line is a JSON value
                         csv     each row is an object of strings, named by the header
                         nul     each piece that ends with a NUL byte is a string
      --range A..B       the whole numbers from A to B, both included
      --repeat N         all inputs N times, one round after the other
      --star             spread a list over the parameters, an object over keywords
      --arg KEY=VALUE    a keyword argument for every call; may be repeated
      --skip-invalid     leave invalid inputs out and count them

How it runs:
  -j, --workers N|PxT    N tasks at once; or P processes with T tasks each
      --model MODEL      auto, serial, threads, processes, async or hybrid.
                         auto: processes for Python, an event loop for async def,
                         threads for go: functions
      --window N         run at most N inputs ahead of the results written
      --grace TIME       kill what goes on so long after it was told to stop (1s)
      --dry-run          tell the plan and the first inputs; import the module,
                         call nothing

Workers (of Python functions):
      --python PATH      the interpreter: a path, or a name on PATH
      --init FUNC        call FUNC once in each worker before its first input; a bare
                         name is a function of the same file or module
      --start-timeout TIME      for a worker to start and import the function (1m)
      --memory-limit SIZE       kill a worker that takes more: 512MB, 1.5GiB, or bytes
      --max-tasks-per-worker N  replace a worker after it has run N inputs
      --idle-limit TIME         kill a worker that was stopped (SIGSTOP) so long (1m)
      --max-deaths N     end the run when N workers in a row have died (50, or 3 for
                         each process where that is more)

Failures:
      --timeout TIME     end an attempt after so long: 1.5s, 2m, or seconds
      --retries N        try a failed input up to N times more
      --retry-on NAME[,NAME...]  only failures of these types, or of types derived from
                         them: ConnectionError,requests.Timeout,LostError
      --retry-delay TIME the longest wait before the first retry (100ms); it doubles
      --fail-fast        hand nothing more to the workers after the first failure
      --max-failures N|P%  the same after more than N failures; or when more than P% of
                         the inputs that have finished failed, and 10 have
      --failed FILE      write the failed inputs to FILE, which -i reads, and records
                         of why they failed to FILE.reasons

Results:
  -o, --output FILE      write results to FILE, which must not exist
      --force            overwrite the files of -o and --failed
      --records          a record for every input, also for a failed one
      --unordered        write results as they come
      --progress KIND    auto, tty, plain, json or none
  -q, --quiet            no progress, no summary
  -h, --help             this text

Exit codes:
  0 all done   1 some inputs failed   2 bad flags or inputs
  3 could not start, go on, or write the results   128+n ended by signal n
  141 the reader of the results has gone
`

const doctorAbout = `Tell what a run finds on this machine: cores and memory that it may use, the CPythons
and the one that it would take, limits, folders, variables. What narrows a run is a
note, what prevents one a problem, each with what to do about it. Put the text
into a bug report: it names neither host nor user.`

const doctorExamples = `  outpace doctor
  outpace doctor --python python3.13
  outpace doctor --json | jq .pythons`

const doctorFlagsHelp = `      --python PATH      look at this interpreter as the one of a run: a path, or a
                         name on PATH
      --json             write a JSON object in place of text
  -h, --help             this text

Exit codes:
  0 nothing prevents a run   1 something does   2 bad flags   3 could not write
`

const manAbout = `Write the man pages of all commands into a directory that exists.`

const manExamples = `  outpace man ~/.local/share/man/man1`

// helpTexts returns the text of --help for each command that has one.
func helpTexts() map[string]string {
	return map[string]string{
		"outpace":            rootAbout + "\n\nExamples:\n" + rootExamples + "\n\n" + rootCommands,
		"outpace map":        "outpace map FUNC [INPUT ...]\n\n" + mapExamples + "\n\n" + mapAbout + "\n\n" + mapFlagsHelp + "\n" + goFunctions(),
		"outpace bench":      "outpace bench FUNC [INPUT ...]\n\n" + benchExamples + "\n\n" + benchAbout + "\n\n" + benchFlagsHelp + "\n" + goFunctions(),
		"outpace compare":    "outpace compare A B\n\n" + compareExamples + "\n\n" + compareAbout + "\n\n" + compareFlagsHelp,
		"outpace doctor":     "outpace doctor [--python PATH] [--json]\n\n" + doctorExamples + "\n\n" + doctorAbout + "\n\n" + doctorFlagsHelp,
		"outpace pythonpath": "outpace pythonpath\n\n" + pythonpathExamples + "\n\n" + pythonpathAbout + "\n\n" + pythonpathExits,
		"outpace man":        "outpace man DIR\n\n" + manExamples + "\n\n" + manAbout + "\n",
	}
}

func goFunctions() string {
	var b strings.Builder
	b.WriteString("Functions of the command:\n")
	for _, e := range builtin.All() {
		fmt.Fprintf(&b, "  go:%-15s %s\n", e.Name, e.Help)
	}
	return b.String()
}
