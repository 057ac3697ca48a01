"""A task that does random operations and writes down each, for the check in ../linear.

work.go is the same in Go, and says what the lines mean.
"""

import json
import os
import random
import time

import outpace

PLACES = 4  # of the queue


class Client:
    def __init__(self, number, round, seed):
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

    def step(self):
        r = self.random
        timeout = r.random() / 100
        what = r.choice(("lock", "counter", "value", "queue"))
        getattr(self, "do_" + what)(r.randrange(4), timeout)

    def do_lock(self, choice, timeout):
        if self.held:
            if choice:  # else it keeps it for longer
                self.write(call="release", soft=True)
                self.lock.release()
                self.held = False
                self.write()
            return
        self.write(call="try" if choice == 0 else "acquire")
        self.held = self.lock.try_acquire() if choice == 0 else self.lock.acquire(timeout)
        was = self.lock.abandoned if self.held else None
        self.write(ok=self.held, by=was.by if was else "")

    def do_counter(self, choice, timeout):
        key, n = self.random.choice("ab"), self.random.randrange(1, 10)
        if choice < 2:
            self.write(call="add", key=key, a=n, soft=True)
            self.counter.add(key, n)
            self.write()
        elif choice == 2:
            self.write(call="sum", key=key, a=n)
            self.write(n=self.counter.add(key, n, wait=True))
        else:
            self.write(call="snapshot")
            self.write(counts=self.counter.snapshot())

    def do_value(self, choice, timeout):
        n = self.random.randrange(1000)
        if choice == 0:
            self.write(call="get")
            self.seen = self.value.get()
            self.write(n=self.seen)
        elif choice == 1:
            self.write(call="set", a=n)
            self.value.set(n)
            self.write()
        elif choice == 2:
            self.write(call="swap", a=n, b=self.seen)
            self.write(ok=self.value.compare_and_set(self.seen, n))
        else:
            self.write(call="update", a=n)
            self.seen = self.value.update(lambda x: (x + n) % 1000)
            self.write(n=self.seen)

    def do_queue(self, choice, timeout):
        if choice < 2:
            self.item += 1
            self.write(call="put", a=self.item, soft=True)
            try:
                self.queue.put(self.item, timeout)
                self.write(ok=True)
            except outpace.Full:
                self.write(ok=False)
            except outpace.Closed:
                self.write(closed=True)
            return
        n, timeout = (1, 0) if choice == 2 else (3, timeout)
        self.write(call="take" if timeout else "try-take", a=n)
        try:
            self.write(items=self.queue.get_many(n, timeout))
        except outpace.Empty:
            self.write()
        except outpace.Closed:
            self.write(closed=True)


def work(text):
    """text is the number of the client, the name of the round, a seed and how many operations."""
    number, round, seed, n = text.split()
    client = Client(int(number), round, int(seed))
    outpace.queue(round + "here", 100).put(number)
    with outpace.lock(round + "gate"):  # opens when all are here
        pass
    client.write(pid=os.getpid())
    for _ in range(int(n)):
        client.step()
        if client.random.random() < 0.3:
            time.sleep(client.random.random() / 500)
    client.write(end=True)
    os.close(client.log)
