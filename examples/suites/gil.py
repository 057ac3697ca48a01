"""Five functions that tell who holds the interpreter's lock (the GIL) and who lets go of it.

    outpace bench examples/suites/gil.py:python_loop 1000000 --repeat 16     holds it: threads gain nothing
    outpace bench examples/suites/gil.py:hash_bytes 10000000 --repeat 16     lets go: threads gain as processes do
    outpace bench examples/suites/gil.py:compress 1000000 --repeat 16        lets go
    outpace bench examples/suites/gil.py:wait 0.05 --repeat 16               lets go, and needs no core meanwhile
    outpace bench examples/suites/gil.py:half_and_half 0.1 --repeat 16       holds it half of the time

or all of them: outpace bench --suite gil.
"""

import hashlib
import time
import zlib


def python_loop(n):
    """Return 1 + 2 + ... + n, added one by one."""
    total = 0
    for i in range(1, n + 1):
        total += i
    return total


# Made once: to get fresh memory for each call is work of the system's, and threads
# of one process get in each other's way with it.
ZEROS = bytes(1_000_000)


def hash_bytes(n=10_000_000):
    """Return the SHA-256 of n zero bytes. hashlib lets go of the GIL for pieces above 2,047 bytes."""
    sha = hashlib.sha256()
    for done in range(0, n, len(ZEROS)):
        sha.update(ZEROS[: n - done])
    return sha.hexdigest()


def letters(n):
    """Return n bytes that look like text to a compressor: letters, common ones often."""
    state, text = 1, bytearray(n)
    for i in range(n):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        text[i] = b"eeeeettttaaaooiinnsshr   dlucm.,"[state >> 16 & 31]
    return bytes(text)


# Made once, as that holds the GIL. It is twice as long as zlib looks back, so
# repeating it repeats nothing that zlib could find.
SAMPLE = letters(65_536)


def compress(n=1_000_000):
    """Compress n bytes with zlib and return the checksum of them that ends its output.

    The checksum is the same whatever zlib is used; the length of the output is not.
    """
    text = (SAMPLE * (n // len(SAMPLE) + 1))[:n]
    return int.from_bytes(zlib.compress(text)[-4:], "big")


def wait(seconds):
    """Return the same number, after so many seconds."""
    time.sleep(seconds)
    return seconds


# Turns of half_and_half's loop that take about a second of a core of 2020 and after.
TURNS = 25_000_000


def half_and_half(seconds):
    """Compute for about half of the seconds, sleep for the other half, and return the seconds.

    The loop has the same number of turns in every process and thread, however slow
    they are. Computing until a clock says so would do less work where others hold
    the GIL or share the core; and a loop that each process measures at its start
    would be measured while the others start.
    """
    python_loop(int(seconds / 2 * TURNS))
    time.sleep(seconds / 2)
    return seconds
