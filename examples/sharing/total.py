"""Adds to the number in a file: a read, a change and a write, which others must not get between.

    outpace map examples/sharing/total.py:add 1250 1250 1250 1250 --arg path=total.txt -j 4

lose and lose_async are wrong, and show it each time: whoever has read waits until all have.
"""

import asyncio
import os

import outpace


def read(file):
    """Return the number in an open file."""
    return int(os.pread(file.fileno(), 20, 0))


def write(file, n):
    """Put a number, which is not shorter than the last one, into an open file."""
    os.pwrite(file.fileno(), b"%d" % n, 0)


def add(n, *, path):
    """Add 1 to the number in a file, n times. It is exact, however many do so at once."""
    lock = outpace.lock("total")
    with open(path, "r+b") as file:
        for _ in range(n):
            with lock:
                write(file, read(file) + 1)


async def add_async(n, *, path):
    """Do so in a coroutine, which lets others run between read and write."""
    lock = outpace.lock("total")
    with open(path, "r+b") as file:
        for _ in range(n):
            async with lock:
                total = read(file)
                await asyncio.sleep(0)
                write(file, total + 1)


def lose(n, *, path):
    """Add 1 without a lock, in each of n tasks. All read the same number, so 1 is all that is added."""
    with open(path, "r+b") as file:
        total = read(file)
        meet("read", n)
        write(file, total + 1)
        meet("written", n)


async def lose_async(n, *, path):
    """Do so in coroutines: they lose at an await only."""
    with open(path, "r+b") as file:
        total = read(file)
        await meet_async("read", n)
        write(file, total + 1)
        await meet_async("written", n)


def meet(what, n):
    """Wait until n tasks are here: the last one closes a queue, and the others wait for that."""
    gate = outpace.queue(what, 1)
    if outpace.counter("here").add(what, wait=True) == n:
        gate.close()
    for _ in gate:
        pass


async def meet_async(what, n):
    gate = outpace.queue(what, 1)
    if await outpace.counter("here").add_async(what) == n:
        await gate.close_async()
    async for _ in gate:
        pass
