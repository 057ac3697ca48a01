"""Plain functions and the same work as coroutines: what docs/models.md measures.

    outpace bench examples/twins.py:wait --also examples/twins.py:wait_async 0.02 --repeat 64

A coroutine function (async def) runs on an event loop: one thread, on which others run
while one awaits, and at no other time.
"""

import asyncio
import time

from faults import visit


def wait(seconds):
    """Return the same number, after so many seconds: as with a library that blocks."""
    time.sleep(seconds)
    return seconds


async def wait_async(seconds):
    """Do so with await: others run meanwhile."""
    await asyncio.sleep(seconds)
    return seconds


async def wait_blocking(seconds):
    """Call what blocks from a coroutine: nothing else runs on its event loop meanwhile."""
    time.sleep(seconds)
    return seconds


async def wait_in_thread(seconds):
    """Hand what blocks to one of asyncio's threads, of which there are 4 more than cores, at most 32."""
    await asyncio.to_thread(time.sleep, seconds)
    return seconds


def loop(n):
    """Return 1 + 2 + ... + n, added one by one."""
    total = 0
    for i in range(1, n + 1):
        total += i
    return total


async def loop_async(n):
    """Do so in a coroutine. It never awaits, so all others wait for it."""
    return loop(n)


def half(seconds):
    """Compute for about half of the seconds on a fast core, and wait for the other half."""
    loop(int(seconds / 2 * 25_000_000))
    return wait(seconds / 2)


async def half_async(seconds):
    """Do so with await for the half that waits."""
    loop(int(seconds / 2 * 25_000_000))
    return await wait_async(seconds / 2)


async def visit_async(what):
    """Go wrong in the way that it is asked to, as faults.py does."""
    return visit(what)


scratch = None


async def double_async(x):
    """Return twice x, if nobody else is here while this one awaits. corrupt.py says more."""
    global scratch
    scratch = x
    await asyncio.sleep(0.002)
    return scratch * 2
