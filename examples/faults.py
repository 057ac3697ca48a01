"""A function that goes wrong in every way it is asked to, to see what Outpace makes of it."""

import ctypes
import os
import sys


def visit(what):
    if what == "raise":
        raise ValueError("bad row")
    if what == "exit":
        sys.exit("giving up")
    if what == "die":
        os._exit(3)
    if what == "segfault":
        ctypes.string_at(0)
    while what == "hang":
        pass
    return f"visited {what}"
