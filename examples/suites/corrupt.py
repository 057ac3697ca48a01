"""A function that threads break: what it keeps between two steps is shared by all of them.

    outpace bench examples/suites/corrupt.py:double 1 2 3 4 5 6 7 8

One after the other, and in processes with a thread each, every result is right. Among
threads another call writes scratch while this one sleeps, and the result is twice the
other one's input. bench compares the results of all models and says so.
"""

import time

scratch = None


def double(x):
    """Return twice x, if nobody else is here meanwhile."""
    global scratch
    scratch = x
    time.sleep(0.002)  # stands for anything that lets another thread run
    return scratch * 2
