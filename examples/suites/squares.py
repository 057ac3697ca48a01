"""Arithmetic in pure Python: it computes, and holds the interpreter's lock while it does.

    outpace bench examples/suites/squares.py:sum_of_squares 1000000 --repeat 20
    outpace bench examples/suites/squares.py:sum_integers 1000000 --repeat 16

or both as they are in the guides: outpace bench --suite cpu, --suite sweep-cpu.
"""


def sum_of_squares(n):
    """Return 0*0 + 1*1 + ... + (n-1)*(n-1)."""
    return sum(i * i for i in range(n))


def sum_integers(n):
    """Return 1 + 2 + ... + n, the sum of the first n integers, added one by one."""
    total = 0
    for i in range(1, n + 1):
        total += i
    return total
