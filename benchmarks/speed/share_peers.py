"""What CPython has to share between processes, beside speed/sharing.py.

    python share_peers.py CASE N [PRODUCERS]

What is measured runs in child processes, as tasks do; they are started, and warm,
before the clock is. The line that is printed is JSON, for ../trial.go.
"""

import json
import multiprocessing
import sys
import time

ITEM = "x" * 100
KEYS = ["https://example.org/%d" % i for i in range(10)]
PLACES = 10_000  # of the queue


def locks(lock, n):
    for _ in range(min(n, 100)):
        with lock:
            pass
    start = time.perf_counter()
    for _ in range(n):
        with lock:
            pass
    return time.perf_counter() - start


def updates(counts, n):
    """What one writes to count in a dict. It loses updates when two do it at once."""
    counts.update(dict.fromkeys(KEYS, 0))
    start = time.perf_counter()
    for i in range(n):
        key = KEYS[i % 10]
        counts[key] = counts.get(key, 0) + 1
    return time.perf_counter() - start


def in_child(function, thing, n):
    """Runs function(thing, n) in a child and returns its seconds."""
    mine, theirs = multiprocessing.Pipe()
    child = multiprocessing.Process(target=answer, args=(theirs, function, thing, n))
    child.start()
    seconds = mine.recv()
    child.join()
    return seconds


def answer(pipe, function, thing, n):
    pipe.send(function(thing, n))


def count(counts, n):
    seconds = in_child(updates, counts, n)
    check(sum(counts.values()) == n)
    return seconds


def produce(queue, ready, n):
    ready.wait()
    for _ in range(n):
        queue.put(ITEM)


def consume(queue, ready, n, pipe):
    ready.wait()
    pipe.send(all([queue.get() == ITEM for _ in range(n)]))


def to_parent(queue, n, producers):
    """Producers put, the parent gets."""
    ready = multiprocessing.Barrier(producers + 1)
    children = [multiprocessing.Process(target=produce, args=(queue, ready, n // producers)) for _ in range(producers)]
    for child in children:
        child.start()
    ready.wait()
    start = time.perf_counter()
    right = all([queue.get() == ITEM for _ in range(n // producers * producers)])
    seconds = time.perf_counter() - start
    check(right)
    for child in children:
        child.join()
    return seconds


def to_child(queue, n):
    """One child puts, the other gets."""
    ready = multiprocessing.Barrier(3)
    mine, theirs = multiprocessing.Pipe()
    children = [
        multiprocessing.Process(target=produce, args=(queue, ready, n)),
        multiprocessing.Process(target=consume, args=(queue, ready, n, theirs)),
    ]
    for child in children:
        child.start()
    ready.wait()
    start = time.perf_counter()
    right = mine.recv()
    seconds = time.perf_counter() - start
    check(right)
    for child in children:
        child.join()
    return seconds


def check(right):
    if not right:
        sys.exit("wrong results")


def main(case, n, producers="1"):
    n, producers = int(n), int(producers)
    manager = multiprocessing.Manager() if case.startswith("manager") else None
    seconds = {
        "manager-lock": lambda: in_child(locks, manager.Lock(), n),
        "manager-dict": lambda: count(manager.dict(), n),
        "manager-queue": lambda: to_parent(manager.Queue(PLACES), n, producers),
        "manager-queue-child": lambda: to_child(manager.Queue(PLACES), n),
        "lock": lambda: in_child(locks, multiprocessing.Lock(), n),
        "queue": lambda: to_parent(multiprocessing.Queue(PLACES), n, producers),
        "queue-child": lambda: to_child(multiprocessing.Queue(PLACES), n),
    }[case]()
    print(json.dumps({"seconds": seconds, "ops": n // producers * producers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
