"""The functions of package modeltest, for models that run Python."""

import asyncio
import json
import os
import time


def square(n):
    return n * n


def sleep_ms(n):
    time.sleep(n / 1000)
    return n


def fail(n):
    raise ValueError("bad %d" % n)


def big(n):
    return "x" * n


def stubborn(n):
    time.sleep(n / 1000)
    return n


def exit_if(n):
    if n < 0:
        os._exit(-n)
    return n


def crash_if(n):
    if n < 0:
        os.kill(os.getpid(), -n)
        time.sleep(60)
    return n


def share(steps):
    return [share_step(**step) for step in steps]


def share_step(do, name, key="", n=0, old=0):
    import outpace
    if do in ("acquire", "acquire2"):
        lock = outpace.lock(name) if do == "acquire" else outpace.semaphore(name, 2)
        lock.acquire() if do == "acquire" else lock.acquire(n)
        return "abandoned" if lock.abandoned else "ok"
    if do == "increment":
        for _ in range(n):
            with outpace.lock(name):
                value = outpace.value(name, 0).get()
                time.sleep(0)
                outpace.value(name, 0).set(value + 1)
        return "ok"
    if do == "fill":
        for i in range(n):
            outpace.queue(name, 10).put(i)
        return "ok"
    if do == "die":
        return crash_if(-9)
    if do == "fail":
        fail(n)
    result = {
        "try": lambda: outpace.lock(name).try_acquire(), "release": lambda: outpace.lock(name).release(),
        "try2": lambda: outpace.semaphore(name, 2).try_acquire(n), "release2": lambda: outpace.semaphore(name, 2).release(n),
        "add": lambda: outpace.counter(name).add(key, n), "sum": lambda: outpace.counter(name).add(key, n, wait=True),
        "count": lambda: outpace.counter(name).get(key), "snapshot": lambda: outpace.counter(name).snapshot(),
        "get": lambda: outpace.value(name, 0).get(), "set": lambda: outpace.value(name, 0).set(n),
        "cas": lambda: outpace.value(name, 0).compare_and_set(old, n), "update": lambda: outpace.value(name, 0).update(lambda x: x + n),
        "put": lambda: outpace.queue(name, 10).put(n), "take": lambda: outpace.queue(name, 10).get(),
        "close": lambda: outpace.queue(name, 10).close(), "len": lambda: len(outpace.queue(name, 10)),
        "sleep": lambda: time.sleep(n / 1000),
    }[do]()
    return said(result)


def said(result):
    return "ok" if result is None else json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


async def async_square(n):
    return square(n)


async def async_sleep_ms(n):
    await asyncio.sleep(n / 1000)
    return n


async def async_fail(n):
    fail(n)


async def async_big(n):
    return big(n)


async def async_stubborn(n):
    end = time.monotonic() + n / 1000
    while time.monotonic() < end:
        try:
            await asyncio.sleep(end - time.monotonic())
        except asyncio.CancelledError:
            pass
    return n


async def async_exit_if(n):
    return exit_if(n)


async def async_crash_if(n):
    return crash_if(n)


async def async_share(steps):
    return [await async_share_step(**step) for step in steps]


async def async_share_step(do, name, key="", n=0, old=0):
    import outpace
    if do in ("acquire", "acquire2"):
        lock = outpace.lock(name) if do == "acquire" else outpace.semaphore(name, 2)
        await (lock.acquire_async() if do == "acquire" else lock.acquire_async(n))
        return "abandoned" if lock.abandoned else "ok"
    if do == "increment":
        for _ in range(n):
            async with outpace.lock(name):
                value = await outpace.value(name, 0).get_async()
                await asyncio.sleep(0)
                await outpace.value(name, 0).set_async(value + 1)
        return "ok"
    if do == "fill":
        for i in range(n):
            await outpace.queue(name, 10).put_async(i)
        return "ok"
    waits = {
        "sum": lambda: outpace.counter(name).add_async(key, n), "count": lambda: outpace.counter(name).get_async(key),
        "snapshot": lambda: outpace.counter(name).snapshot_async(),
        "get": lambda: outpace.value(name, 0).get_async(), "set": lambda: outpace.value(name, 0).set_async(n),
        "cas": lambda: outpace.value(name, 0).compare_and_set_async(old, n),
        "update": lambda: outpace.value(name, 0).update_async(lambda x: x + n),
        "put": lambda: outpace.queue(name, 10).put_async(n), "take": lambda: outpace.queue(name, 10).get_async(),
        "close": lambda: outpace.queue(name, 10).close_async(), "sleep": lambda: asyncio.sleep(n / 1000),
    }
    if do in waits:
        return said(await waits[do]())
    return share_step(do, name, key, n, old)
