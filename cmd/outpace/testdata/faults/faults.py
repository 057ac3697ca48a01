"""What one input of a thousand does to its worker, for faults_linux_test.go.

Each function gives twice its input, but for the culprit. What must not be in a traceback of
the golden file, such as a frame of the standard library, is avoided.
"""

import ctypes
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time

CULPRIT = 500
MARK = os.environ.get("OUTPACE_TEST_MARK", "")
HERE = os.environ.get("OUTPACE_TEST_DIR", ".")  # files by which the test and the function wait for one another


def raises(x):
    if x == CULPRIT:
        raise ValueError("bad row")
    return x * 2


def leaves(x):
    if x == CULPRIT:
        sys.exit("giving up")
    return x * 2


def interrupts(x):
    if x == CULPRIT:
        raise KeyboardInterrupt
    return x * 2


def recurses(x):
    return recurses(x) if x == CULPRIT else x * 2


def exits(x):
    if x == CULPRIT:
        os._exit(3)
    return x * 2


def segfaults(x):
    if x == CULPRIT:
        ctypes.memset(8, 0, 1)
    return x * 2


def kills(x):
    if x == CULPRIT:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * 2


def aborts(x):
    if x == CULPRIT:
        os.abort()
    return x * 2


def grows(x):
    held = []
    while x == CULPRIT:
        held.append(b"x" * 5_000_000)
        time.sleep(0.01)
    return x * 2


def floods(x):  # what is not touched is not there, so touch it
    return len(b"x" * 2_000_000_000) if x == CULPRIT else x * 2


def spins(x):
    while x == CULPRIT: pass  # one line: its number is told
    return x * 2


def lingers(x):
    while x == CULPRIT: time.sleep(0.01)  # one line, as above


def matches(x):  # C code that keeps the GIL
    if x == CULPRIT:
        re.match("(a+)+$", "a" * 60 + "b")
    return x * 2


def masks(x):
    if x == CULPRIT:
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        time.sleep(1000)
    return x * 2


def child(ignore="pass", **how):
    """Starts a process that lasts; the mark on its command line finds it without its environment."""
    script = "import signal, time; %s; print('up', flush=True); time.sleep(1000)" % ignore
    started = subprocess.Popen([sys.executable, "-c", script, MARK], stdout=subprocess.PIPE, **how)
    assert started.stdout.readline() == b"up\n"


def stubborn(x):
    if x == CULPRIT:
        child("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        lingers(x)
    return x * 2


def detached(x):
    if x == CULPRIT:
        child(start_new_session=True)
        lingers(x)
    return x * 2


def nameless(x):
    if x == CULPRIT:
        child(start_new_session=True, env={})
        lingers(x)
    return x * 2


def forks(x):
    if x == CULPRIT and os.fork() == 0:
        os._exit(0)
    return x * 2


def doubles(x):  # both processes go on, here with the same input
    if x == CULPRIT:
        os.fork()
    return x * 2


def threads(x):
    if x == CULPRIT:
        threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
    return x * 2


def pools(x):
    if x == CULPRIT:
        globals()["pool"] = multiprocessing.Pool(2)
    return x * 2


def returns_set(x):
    return {x} if x == CULPRIT else x * 2


def returns_nan(x):
    return float("nan") if x == CULPRIT else x * 2


def returns_itself(x):
    if x == CULPRIT:
        x = []
        x.append(x)
        return x
    return x * 2


def returns_much(x):
    return "x" * 200_000_000 if x == CULPRIT else x * 2


def naps(x):
    time.sleep(0.004)
    return x * 2


def meets(x):
    """Says that it is there, and waits until the test has answered."""
    if x == CULPRIT:
        time.sleep(0.3)  # by now the supervisor knows that this input is slow
        wait("met %d" % os.getpid(), "go")
    return x * 2


def parents(x):
    if x == CULPRIT:
        child()
        wait("met %d" % os.getpid(), "never")
    return x * 2


def lasts(x):
    """The last input waits for the test, so that the run does."""
    time.sleep(0.012)  # longer together than ten kills take: who is killed again and again alone is charged
    if x == 1000:
        wait("", "go")
    return x * 2


def wait(text, name):
    if text:
        print(text, flush=True)
    while not os.path.exists(os.path.join(HERE, name)):
        time.sleep(0.01)
