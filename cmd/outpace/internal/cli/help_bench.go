package cli

// The help of bench and compare; help.go says how these texts are used.

const benchAbout = `Run FUNC over the same inputs under several models and widths, measure each, and
say in a sentence which to use, and why. FUNC and inputs are as for outpace map; all
inputs are held in memory.

Every round runs every cell (a model at a width) once, in an order drawn anew, so
what slows the machine for a while slows all cells alike. A run has workers of its
own, started before its clock. Results are compared with those of serial runs. What
the verdict claims is proved by 95 % intervals of medians, for which six runs are the
fewest.`

const benchExamples = `  outpace bench examples/primes.py:count_primes --range 1..8
  outpace bench fib.py:fib 27 27 27 27 27 27 27 27 --report fib.html
  outpace bench get.py:get -i urls.txt --input lines --models serial,threads --workers 8,16,32
  outpace bench get.py:get --also get.py:get_async --pages 100
  outpace bench --suite gil --quick`

const benchFlagsHelp = `What is measured:
      --models NAME[,NAME...]   serial, threads, processes, async, hybrid; the default is
                         all that suit the function. Serial is always measured
  -j, --workers N[,N...] tasks at once, each number in cells of its own: by default
                         2, 4, 8 ... up to 4 x cores; PxT for hybrids
      --also FUNC        the same work written another way, such as async def, in the
                         same table; may be repeated
      --cold             the start of the workers is part of the time

How it is measured:
      --runs N           runs of each cell (7)
      --quick            6 runs, as many workers as cores and 4 times that; small suites
      --time-limit TIME  end after so long, with what was measured until then
      --seed N           the order of the runs, to have it again
      --timeout TIME     end the attempt at an input after so long; it has failed then

Inputs, as for map:
  -i, --inputs FILE   --input FORMAT   --range A..B   --repeat N   --skip-invalid
      --star   --arg KEY=VALUE
      --pages N          the addresses of N pages of a server of our own
      --latency TIME     which answers after so long (150ms),
      --size SIZE        with pages of so many bytes (64KiB),
      --server-capacity N  so many at once, while the others wait (0: all)
      --url URL          load this N times instead

Workers, as for map:
      --python PATH   --init FUNC   --start-timeout TIME   --grace TIME

Results:
      --report FILE      a page with charts, in one file
      --json FILE        all that was measured; outpace compare reads it, and the page
      --markdown FILE    the table
      --csv FILE         every single run
      --svg NAME.svg     the chart, as NAME-light.svg and NAME-dark.svg
      --force            overwrite these files
      --ascii            draw the table in ASCII
      --progress KIND    auto, tty, plain, json or none
  -q, --quiet            no progress

The guides' experiments:
      --suite NAME[,NAME...]  cpu, io, sweep-cpu, sweep-io, gil, or all. Their functions
                         are under examples/suites
      --scale SHARE      do this share of the guides' work; 1 is all of it

Exit codes:
  0 measured   1 some inputs failed, or a cell has other results than serial
  2 bad flags or inputs   3 could not start, or write a file   128+n ended by signal n
`

const compareAbout = `Compare two reports that outpace bench wrote, cell by cell: the time in B by the
time in A, paired by round, with the 95 % interval of its median. A cell says "~"
where no difference is proved. The exit code is 0 whatever the difference is.

Cells are the same that have the same function, model and shape in tables of the
same title. Two reports of one table each may be of different functions. What else
is not the same (machine, versions, inputs, --cold) is said in a warning.`

const compareExamples = `  outpace bench fib.py:fib 27 27 27 27 --json before.json
  outpace bench fib.py:fib 27 27 27 27 --json after.json
  outpace compare before.json after.json`

const compareFlagsHelp = `A and B are files of --json or --report.

      --markdown         write Markdown, for a comment or a commit message
  -h, --help             this text

Exit codes:
  0 compared   2 a file that cannot be read, or is no report   3 could not write
`
