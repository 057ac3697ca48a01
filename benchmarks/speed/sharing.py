"""What tasks of Outpace share in the share experiment (../share_python.go).

Each function times its own loop, in the worker, and returns seconds; what it has
done is checked by the caller, who sees the same objects. The peers' side is
share_peers.py.
"""

import os
import time

import outpace

ITEM = "x" * 100
KEYS = ["https://example.org/%d" % i for i in range(10)]
PLACES = 10_000  # of the queue


def locks(n):
    """Acquires and releases a lock that nobody else wants."""
    lock = outpace.lock("lock")
    start = time.perf_counter()
    for _ in range(n):
        with lock:
            pass
    return time.perf_counter() - start


def adds(n):
    """Adds to a counter without waiting; the time ends when all has been done."""
    counter = outpace.counter("pages")
    start = time.perf_counter()
    for i in range(n):
        counter.add(KEYS[i % 10])
    counter.get(KEYS[0])
    return time.perf_counter() - start


def produce(n):
    """Puts n items."""
    rows = outpace.queue("rows", PLACES)
    for _ in range(n):
        rows.put(ITEM)


def consume(n):
    """Gets n items one by one."""
    rows = outpace.queue("rows", PLACES)
    return all([rows.get() == ITEM for _ in range(n)])


def consume_many(n):
    """Gets n items, as many at once as there are."""
    rows = outpace.queue("rows", PLACES)
    right = True
    while n:
        items = rows.get_many(min(n, 1000))
        n -= len(items)
        right = right and items == [ITEM] * len(items)
    return right


def hold(name):
    """Has the lock of that name until it is killed. Run again, it does nothing."""
    if outpace.counter("runs").add(name, wait=True) == 1:
        outpace.lock(name).acquire()
        outpace.queue("held", 1).put(os.getpid())
        time.sleep(60)


def wait_for(name):
    """Acquires the lock of that name, and returns whether it was abandoned."""
    outpace.queue("waits", 1).put(name)
    with outpace.lock(name) as abandoned:
        return abandoned is not None


def nothing(_):
    """Starts a worker, and shows that it lives."""
    time.sleep(0.05)
