"""Functions that square a number, and do something terrible at one of them.

Every peer of `go run ./benchmarks faults` runs these very functions over the
numbers from 0 to 999. FAULTS_NOTE in the environment names a file: a culprit
whose harm comes from outside writes its process id there and waits for it.
"""

import ctypes
import os
import re
import subprocess
import sys
import threading
import time

ITEMS = 1000
CULPRIT = 500
LARGE = 200_000_000


def innocent(x):
    """What is run once before, so that nobody's start-up counts as time of a task."""
    return x * x


# What ends with an exception.


def exception(x):
    if x == CULPRIT:
        raise ValueError("no square of 500")
    return x * x


class TwoArguments(Exception):
    """Pickle calls the class again with args, which is one string: too few."""

    def __init__(self, number, why):
        super().__init__("no square of %s: %s" % (number, why))


def unpicklable_exception(x):
    if x == CULPRIT:
        raise TwoArguments(x, "tired")
    return x * x


def system_exit(x):
    if x == CULPRIT:
        sys.exit(3)
    return x * x


def keyboard_interrupt(x):
    if x == CULPRIT:
        raise KeyboardInterrupt
    return x * x


def recursion(x):
    def deeper(n):
        return deeper(n + 1) + 1

    if x == CULPRIT:
        deeper(0)
    return x * x


# What ends the process.


def os_exit(x):
    if x == CULPRIT:
        os._exit(3)
    return x * x


def segfault(x):
    if x == CULPRIT:
        ctypes.string_at(0)
    return x * x


def abort(x):
    if x == CULPRIT:
        os.abort()
    return x * x


def memory(x):
    if x == CULPRIT:
        kept = []
        while True:
            kept.append(b"x" * 10_000_000)  # written, so it is resident: about 100 MB/s
            time.sleep(0.1)
    return x * x


def note_and_wait(seconds):
    """Writes the note, once in a run; whoever comes second does not wait."""
    try:
        note = os.open(os.environ["FAULTS_NOTE"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return
    os.write(note, b"%d\n" % os.getpid())
    os.close(note)
    time.sleep(seconds)


def killed(x):
    if x == CULPRIT:
        note_and_wait(3)
    return x * x


parent_killed = killed
stopped = killed


# What does not end.


def endless_loop(x):
    if x == CULPRIT:
        while True:
            pass
    return x * x


def regular_expression(x):
    if x == CULPRIT:
        re.match(r"(a+)+$", "a" * 60 + "b")  # one call into C that holds the GIL for years
    return x * x


def long_sleep(x):
    if x == CULPRIT:
        time.sleep(1000)
    return x * x


def grandchild(x):
    if x == CULPRIT:
        subprocess.Popen(["sleep", "1000"], start_new_session=True)  # that is setsid
        while True:
            pass
    return x * x


# What leaves something behind.


def fork(x):
    if x == CULPRIT:
        os.fork()  # both return: two processes believe to be the worker
    return x * x


def thread(x):
    if x == CULPRIT:
        threading.Thread(target=time.sleep, args=(1000,)).start()
    return x * x


# What a result can be.


def lambda_result(x):
    return (lambda: x) if x == CULPRIT else x * x


def set_result(x):
    return {x} if x == CULPRIT else x * x


def cyclic_result(x):
    if x == CULPRIT:
        ring = [x]
        ring.append(ring)
        return ring
    return x * x


def large_result(x):
    return "x" * LARGE if x == CULPRIT else x * x
