"""The functions of package modeltest, for models that run Python."""

import asyncio
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
