"""A queue from tasks that find rows to tasks that use them, while all of them run.

    outpace map examples/sharing/rows.py:work find find use use -j 4

Whoever waits keeps its place: with fewer than four at once, those that find may wait
for room in the queue, and those that use it never have their turn. Where a Go
program takes the rows, as in example_test.go, nobody has to use them here.
"""

import outpace

FINDERS = 2


def find(n):
    """Put the rows 0 to n-1 into the queue. The last one to do so closes it."""
    rows = outpace.queue("rows", 10)
    for i in range(n):
        rows.put(i)
    if outpace.counter("finders").add("done", wait=True) == FINDERS:
        rows.close()
    return n


def use():
    """Take rows until there will be none. Return how many they were, and their sum."""
    count = total = 0
    for row in outpace.queue("rows", 10):
        count += 1
        total += row
    return {"count": count, "sum": total}


def work(role):
    """Find 1,000 rows, or use what others find."""
    return find(1000) if role == "find" else use()
