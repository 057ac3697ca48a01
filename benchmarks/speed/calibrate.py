"""Prints how often the loop of functions.spin goes round in so many seconds.

    python calibrate.py SECONDS
"""

import sys
import time

import functions

ROUNDS = 200_000


def once():
    start = time.perf_counter()
    functions.spin(ROUNDS)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(round(float(sys.argv[1]) / min(once() for _ in range(50)) * ROUNDS))
