"""What the drivers of all peers share: the cases, the clock, the checks.

A driver has two ways to run a function: many(function, inputs) returns the list
of results, call(function, x) one result. A case makes its inputs, warms up,
runs, stops the clock and checks every result; what it returns is printed as a
line of JSON, for ../trial.go. The Go side (../python_library.go) does the same.
"""

import resource
import sys
import time

import functions

CALLS_TO_WARM = 200


def noop(many, n):
    """A function that does nothing, over n integers."""
    inputs = list(range(n))
    many(functions.same, inputs[: n // 20])
    return timed(many, functions.same, inputs, inputs)


def text(many, n, size):
    """Texts, there and back."""
    inputs = [lines(i, size) for i in range(n)]
    many(functions.same, inputs[:1])
    return timed(many, functions.same, inputs, inputs)


def lines(i, size):
    """size bytes of text, no two alike."""
    line = '%015d  They say that a text has lines, and sometimes "words".\n' % i
    return (line * (size // len(line) + 1))[:size]


def floats(many, n, count):
    """Lists of floats, back only."""
    many(functions.floats, [count] * 4)
    return timed(many, functions.floats, [count] * n, [functions.floats(count)] * n)


def cpu(many, n, rounds):
    """Work for the processor."""
    return timed(many, functions.spin, [rounds] * n, [functions.spin(rounds)] * n)


def timed(many, function, inputs, right):
    start = time.perf_counter()
    results = many(function, inputs)
    seconds = time.perf_counter() - start
    check(results == right)
    return {"seconds": seconds, "ops": len(inputs)}


def calls(call, n):
    """One call at a time, each measured by itself."""
    for i in range(min(CALLS_TO_WARM, n)):
        check(call(functions.same, i) == i)
    took = []
    begin = time.perf_counter()
    for i in range(n):
        start = time.perf_counter()
        result = call(functions.same, i)
        took.append(time.perf_counter() - start)
        check(result == i)
    seconds = time.perf_counter() - begin
    took.sort()
    return {
        "seconds": seconds,
        "ops": n,
        "p50_us": took[n // 2] * 1e6,
        "p99_us": took[n * 99 // 100] * 1e6,
    }


def check(right):
    if not right:
        sys.exit("wrong results")


def run(case, n, extra, many, call):
    """Runs a case and returns what is to be printed."""
    measured = {
        "noop": lambda: noop(many, n),
        "text": lambda: text(many, n, extra),
        "floats": lambda: floats(many, n, extra),
        "cpu": lambda: cpu(many, n, extra),
        "call": lambda: calls(call, n),
    }[case]()
    measured["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return measured
