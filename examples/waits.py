"""The same wait, written four ways, and a loop inside of a coroutine: what docs/models.md measures.

    outpace bench examples/waits.py:wait --also examples/waits.py:wait_async 0.02 --repeat 64
"""

import asyncio
import time


def wait(seconds):
    """Return the same number, after so many seconds: a library that blocks."""
    time.sleep(seconds)
    return seconds


async def wait_async(seconds):
    """The same for an event loop, which runs others meanwhile."""
    await asyncio.sleep(seconds)
    return seconds


async def wait_blocking(seconds):
    """A coroutine that calls a library that blocks: nothing else runs on its event loop meanwhile."""
    time.sleep(seconds)
    return seconds


async def wait_to_thread(seconds):
    """A coroutine that hands the library to one of asyncio's threads, at most 32 or cores + 4."""
    await asyncio.to_thread(time.sleep, seconds)
    return seconds


async def loop_async(n):
    """Return 1 + 2 + ... + n, in a coroutine that never waits."""
    total = 0
    for i in range(1, n + 1):
        total += i
    return total
