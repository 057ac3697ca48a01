"""What the soak's inputs do in CPython. deeds.go says what must come of each."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time


def run(x):
    """What an input does is in the input."""
    return ACTS.get(x["do"], value)(x) or value(x)


async def run_async(x):
    return (await ASYNC_ACTS[x["do"]](x) or value(x)) if x["do"] in ASYNC_ACTS else run(x)


def value(x):
    return {"id": x["id"], "text": "%s %d" % (x["do"], x["id"])}


def big(x):
    return {"id": x["id"], "text": "x" * x["size"]}


def rest(x):
    time.sleep(x["ms"] / 1000)


def say(x):
    print("soak: %s says %d." % (x["call"], x["id"]))


def error(x):
    raise ValueError("bad %d" % x["id"])


def flaky(x):
    """Fails the first times that it is called. Files count them: each call may be in another process."""
    for n in range(x["times"]):
        try:
            os.close(os.open("%s/%d.%d" % (x["dir"], x["id"], n), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        raise ValueError("flaky %d" % x["id"])


def leave(x):
    sys.exit(4)


def encoding(x):
    return {x["id"]: {1, 2, 3}}


def spawn(x):
    subprocess.Popen(["sleep", "100"])


def spawn_session(x):
    subprocess.Popen(["sleep", "100"], start_new_session=True)


def fork(x):
    """The child comes back from the function, as its parent does."""
    pid = os.fork()
    if pid and x["id"] % 2:
        os.waitpid(pid, 0)


def thread(x):
    threading.Thread(target=time.sleep, args=(100,)).start()


def die(x):
    os._exit(3)


def segv(x):
    ctypes.string_at(0)


def abort(x):
    os.abort()


def kill(x):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(100)


def hang(x):
    time.sleep(100)


def spin(x):
    while True:
        pass


def grow(x):
    """Takes size bytes little by little, and keeps them until it is killed."""
    held = []
    for _ in range(x["size"] >> 22):
        held.append(b"x" * (4 << 20))
        time.sleep(0.002)
    time.sleep(100)


async def async_rest(x):
    await asyncio.sleep(x["ms"] / 1000)


async def async_hang(x):
    await asyncio.sleep(100)


async def stubborn(x):
    while True:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            pass


ACTS = {
    "sleep": rest, "big": big, "say": say, "error": error, "flaky": flaky, "leave": leave, "encoding": encoding,
    "spawn": spawn, "session": spawn_session, "fork": fork, "thread": thread, "exit": die, "segv": segv,
    "abort": abort, "kill": kill, "hang": hang, "spin": spin, "grow": grow,
}
ASYNC_ACTS = {"sleep": async_rest, "hang": async_hang, "stubborn": stubborn}
