"""A task that does random operations and writes down each, for the check in ../linear.

work.go is the same in Go, and says what the lines mean. As a coroutine it awaits what can
be awaited; else the coroutine is one in form only, and never suspended.
"""

import asyncio
import json
import os
import random
import time

import outpace

PLACES = 8  # of the queue


class Client:
    def __init__(self, number, round, seed, loop):
        self.loop = loop  # whether it runs on an event loop
        self.random = random.Random(seed)
        self.lock = outpace.lock(round + "lock")
        self.counter = outpace.counter(round + "counter")
        self.value = outpace.value(round + "value", 0)
        self.queue = outpace.queue(round + "queue", PLACES)
        self.held, self.seen = False, 0
        self.item = (number * 4194304 + os.getpid()) * 1000
        name = "%s%d.%d.%d.log" % (round, number, os.getpid(), time.monotonic_ns())
        self.log = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND)

    def write(self, **line):
        os.write(self.log, (json.dumps(dict(line, at=time.monotonic_ns())) + "\n").encode())

    async def ask(self, thing, method, *args):
        if self.loop:
            return await getattr(thing, method + "_async")(*args)
        return getattr(thing, method)(*args)

    async def hurried(self, waiting, timeout):
        """Cancels what waits when its time is over; returns False then. What asyncio.timeout does, which is new in 3.11."""
        late = asyncio.get_running_loop().call_later(timeout, asyncio.current_task().cancel)
        try:
            return await waiting
        except asyncio.CancelledError:
            return False
        finally:
            late.cancel()

    async def sleep(self, seconds):
        if self.loop:
            await asyncio.sleep(seconds)
        else:
            time.sleep(seconds)

    async def work(self, n):
        self.write(pid=os.getpid())
        for _ in range(n):
            what = self.random.choice((self.use_lock, self.use_counter, self.use_value, self.use_queue))
            await what(self.random.randrange(4), self.random.random() / 100)
            if self.random.random() < 0.3:
                await self.sleep(self.random.random() / 500)
        self.write(end=True)
        os.close(self.log)

    async def use_lock(self, choice, timeout):
        if self.held:
            if choice:  # else it keeps it for longer
                self.write(call="release", soft=True)
                self.lock.release()
                self.held = False
                self.write()
            return
        if self.loop and choice == 1:
            self.write(call="acquire", cancel=True)
            self.held = await self.hurried(self.lock.acquire_async(), timeout)
        else:
            self.write(call="acquire" if choice else "try")
            self.held = await self.ask(self.lock, "acquire", timeout if choice else 0)
        was = self.lock.abandoned if self.held else None
        self.write(ok=self.held, by=was.by if was else "")

    async def use_counter(self, choice, timeout):
        key, n = self.random.choice("ab"), self.random.randrange(1, 10)
        if choice < 2:
            self.write(call="add", key=key, a=n, soft=True)
            self.counter.add(key, n)
            self.write()
        elif choice == 2:
            self.write(call="sum", key=key, a=n)
            self.write(n=await self.counter.add_async(key, n) if self.loop else self.counter.add(key, n, wait=True))
        else:
            self.write(call="snapshot")
            self.write(counts=await self.ask(self.counter, "snapshot"))

    async def use_value(self, choice, timeout):
        n = self.random.randrange(1000)
        if choice == 0:
            self.write(call="get")
            self.seen = await self.ask(self.value, "get")
            self.write(n=self.seen)
        elif choice == 1:
            self.write(call="set", a=n)
            await self.ask(self.value, "set", n)
            self.write()
        elif choice == 2:
            self.write(call="swap", a=n, b=self.seen)
            self.write(ok=await self.ask(self.value, "compare_and_set", self.seen, n))
        else:
            self.write(call="update", a=n)
            self.seen = await self.ask(self.value, "update", lambda x: (x + n) % 1000)
            self.write(n=self.seen)

    async def use_queue(self, choice, timeout):
        if choice == 0:
            for _ in range(self.random.randrange(1, 4)):  # in a row, so that some travel together
                await self.put(timeout)
            return
        n, timeout = (1, 0) if choice == 1 else (5, timeout)
        self.write(call="take" if timeout else "try-take", a=n)
        try:
            self.write(items=await self.ask(self.queue, "get_many", n, timeout))
        except outpace.Empty:
            self.write()
        except outpace.Closed:
            self.write(closed=True)

    async def put(self, timeout):
        self.item += 1
        self.write(call="put", a=self.item, soft=True)
        try:
            await self.ask(self.queue, "put", self.item, timeout)
            self.write(ok=True)
        except outpace.Full:
            self.write(ok=False)
        except outpace.Closed:
            self.write(closed=True)


async def run(text, loop):
    number, round, seed, n = text.split()
    client = Client(int(number), round, int(seed), loop)
    outpace.queue(round + "here", 100).put(number)
    await client.ask(outpace.lock(round + "gate"), "acquire")  # it opens when all are here
    outpace.lock(round + "gate").release()
    await client.work(int(n))


def work(text):
    """text is the number of the client, the name of the round, a seed and how many operations."""
    try:
        run(text, False).send(None)
    except StopIteration:
        pass


async def work_async(text):
    """work, on an event loop."""
    await run(text, True)
