"""What every peer runs: ordinary functions, which know of no executor."""

import array
import functools
import os
import random
import time


def same(x):
    return x


def pause(seconds):
    """Keeps a worker busy, so that a warm-up starts the others too."""
    time.sleep(seconds)


def spin(n):
    """A loop of pure Python."""
    x = 0
    for i in range(n):
        x = (x * 31 + i) % 1_000_003
    return x


@functools.lru_cache(1)
def floats(count):
    """A list of floats, made once: what is measured is its way to the caller."""
    draw = random.Random(count).random
    return [draw() for _ in range(count)]


def save_floats(i, count, folder):
    """The way out for large results: writes a file and returns its name."""
    name = os.path.join(folder, "floats-%d" % i)
    with open(name, "wb") as file:
        array.array("d", floats(count)).tofile(file)
    return name
