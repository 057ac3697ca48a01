"""The agent where no executor is: the same objects, shared by the threads and asyncio tasks of this process.

    call() -----> Agent.begin --> an object: done at once, or a Waiter in its line
      ^                                          |
      '--- Waiter.wake() <-- whoever makes room --'

Everything happens under one lock, which nobody holds while waiting. Deadlocks are not looked for.
"""

# mypy: ignore-errors
import json
import sys
import threading
from collections import deque

ACQUIRE, RELEASE, ADD, COUNT, SNAPSHOT, GET, SET, SWAP, PUT = range(1, 10)
TAKE, CLOSE, LEN = 12, 13, 14
OK, NO, CLOSED, _, _, MISUSE = range(6)
OPERATIONS = {
    ACQUIRE: "acquire", RELEASE: "release", ADD: "add", COUNT: "count", SNAPSHOT: "snapshot", GET: "get", SET: "set",
    SWAP: "swap", PUT: "put", TAKE: "take", CLOSE: "close", LEN: "length",
}


def answer(status, number=0, version=0, payload=b""):
    return status, number, version, payload


def misuse(text, *args):
    return answer(MISUSE, 0, 0, (text % args).encode())


def owner():
    """Who asks: the asyncio task that runs here, or the thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return asyncio.current_task() or threading.get_ident()
    return threading.get_ident()


class Waiter:
    """A request, and who waits for it: a thread, or with a future a task of an event loop."""

    def __init__(self, count, items=()):
        self.owner, self.count, self.items, self.put = owner(), count, deque(items), 0
        self.result = self.line = self.future = None
        self.lock = threading.Lock()
        self.lock.acquire()

    def end(self, result):
        """Its answer is there (Agent.lock held)."""
        self.result = result
        if self.future is None:
            self.lock.release()
            return
        try:
            self.future.get_loop().call_soon_threadsafe(self.settle)
        except RuntimeError:  # that loop is closed: nobody waits any more
            pass

    def settle(self):
        if not self.future.done():
            self.future.set_result(None)


class Units:
    """A lock, or a semaphore: units that are free, and a line for them."""

    def __init__(self, name, limit):
        self.name, self.limit, self.free, self.held, self.line = name, limit, limit, {}, deque()

    def acquire(self, ask):
        if ask.limit != self.limit:
            return misuse("semaphore %r has %d units, not %d", self.name, self.limit, ask.limit)
        if ask.count > self.limit:
            return misuse("%d units of semaphore %r, which has %d", ask.count, self.name, self.limit)
        if not ask.kind and ask.waiter.owner in self.held:
            return misuse("lock %r is held already by the one that asks for it: it is not re-entrant", self.name)
        self.line.append(ask.waiter)
        ask.waiter.line = self
        return self.serve()

    def serve(self):
        while self.line and self.line[0].count <= self.free:
            waiter = self.line.popleft()
            self.free -= waiter.count
            self.held[waiter.owner] = self.held.get(waiter.owner, 0) + waiter.count
            waiter.end(answer(OK))

    def release(self, ask):
        held = self.held.get(ask.waiter.owner, 0)
        if held < ask.count:
            for owner, n in self.held.items():  # before Python 3.12 asyncio.wait_for runs what it waits for as a task
                if n >= ask.count and type(owner) is not int and owner.done():
                    ask.waiter.owner, held = owner, n
                    break
        if held < ask.count:
            what = "semaphore %r: %d units are" if ask.kind else "lock %r: it is"
            args = (self.name, ask.count) if ask.kind else (self.name,)
            return misuse(what + " not held by the thread or task that releases", *args)
        self.give(ask.waiter.owner, ask.count)
        return answer(OK)

    def give(self, owner, count):
        self.free += count
        self.held[owner] -= count
        if not self.held[owner]:
            del self.held[owner]
        self.serve()

    def leave(self, waiter):
        self.line.remove(waiter)
        self.serve()  # those behind may have wanted less
        return answer(NO)

    def undo(self, waiter):
        self.give(waiter.owner, waiter.count)


class Counter:
    def __init__(self, name, limit):
        self.sums = {}

    def add(self, ask):
        key = str(ask.payload, "utf-8")
        self.sums[key] = self.sums.get(key, 0) + ask.number
        return answer(OK, self.sums[key])

    def count(self, ask):
        return answer(OK, self.sums.get(str(ask.payload, "utf-8"), 0))

    def snapshot(self, ask):
        return answer(OK, 0, 0, json.dumps(self.sums).encode())


class Value:
    def __init__(self, name, limit):
        self.text, self.version = b"null", 0

    def get(self, ask):
        if not self.version:
            self.text, self.version = ask.payload, 1
        return answer(OK, 0, self.version, self.text)

    def set(self, ask):
        return self.become(ask.payload)

    def swap(self, ask):
        if ask.version:
            same, new = ask.version == self.version, ask.payload
        else:
            old, new = json.loads(ask.payload)
            same, new = alike(old, json.loads(self.text)), encode(new)
        return self.become(new) if same else answer(NO, 0, self.version, self.text)

    def become(self, text):
        self.text, self.version = text, self.version + 1
        return answer(OK, 0, self.version, text)


class Queue:
    """Items, and lines at both ends."""

    def __init__(self, name, limit):
        self.name, self.limit, self.items, self.closed = name, limit, deque(), False
        self.putters, self.takers = deque(), deque()

    def other(self, ask):
        if ask.limit != self.limit:
            return misuse("queue %r has %d places, not %d", self.name, self.limit, ask.limit)
        return None

    def put(self, ask):
        if self.closed:
            return self.other(ask) or answer(CLOSED)
        return self.other(ask) or self.line_up(self.putters, ask)

    def take(self, ask):
        return self.other(ask) or self.line_up(self.takers, ask)

    def line_up(self, line, ask):
        line.append(ask.waiter)
        ask.waiter.line = self
        return self.serve()

    def close(self, ask):
        wrong = self.other(ask)
        if wrong is None:
            self.closed = True
            self.serve()
        return wrong or answer(OK)

    def length(self, ask):
        return self.other(ask) or answer(OK, len(self.items))

    def serve(self):
        while self.put_one() or self.take_some():
            pass
        if self.closed:
            for waiter in self.putters:
                waiter.end(answer(CLOSED, waiter.put))
            self.putters.clear()
            for waiter in () if self.items else self.takers:
                waiter.end(answer(CLOSED))
            self.takers = self.takers if self.items else deque()

    def put_one(self):
        if self.closed or not self.putters or len(self.items) >= self.limit:
            return False
        waiter = self.putters[0]
        self.items.append(waiter.items.popleft())
        waiter.put += 1
        if not waiter.items:
            self.putters.popleft().end(answer(OK))
        return True

    def take_some(self):
        if not self.items or not self.takers:
            return False
        waiter = self.takers.popleft()
        waiter.items = [self.items.popleft() for _ in range(min(waiter.count, len(self.items)))]
        waiter.end(answer(OK, len(waiter.items), 0, b"[" + b",".join(waiter.items) + b"]"))
        return True

    def leave(self, waiter):
        (self.putters if waiter in self.putters else self.takers).remove(waiter)
        self.serve()
        return answer(NO, waiter.put)

    def undo(self, waiter):
        if not waiter.put:  # what was put stays
            self.items.extendleft(reversed(waiter.items))
            self.serve()


KINDS = {ACQUIRE: Units, RELEASE: Units, ADD: Counter, COUNT: Counter, SNAPSHOT: Counter, GET: Value, SET: Value, SWAP: Value}


class Ask:
    """What an operation is about."""

    def __init__(self, payload=b"", kind=0, limit=0, count=0, number=0, wait=0, version=0):
        self.payload, self.kind, self.limit, self.count = payload, kind, limit, count
        self.number, self.wait, self.version, self.waiter = number, wait, version, None


class Agent:
    """Carries out operations. An answer is (status, number, version, payload), as an executor gives it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.objects = {}  # by kind and name

    def encode(self, value):
        return encode(value)

    def decode(self, text):
        return json.loads(text)

    def call(self, op, name, *fields):
        """Carries an operation out, waiting in this thread."""
        ask = Ask(*fields)
        waiter = self.begin(op, name, ask, None)
        if waiter.result is None:
            try:
                waiter.lock.acquire(True, -1 if ask.wait < 0 else min(ask.wait / 1e9, threading.TIMEOUT_MAX))
            except BaseException:  # of a signal handler
                self.withdraw(waiter)
                raise
        return waiter.result or self.late(waiter)

    async def call_async(self, op, name, *fields):
        """Carries an operation out, without holding up the event loop."""
        loop = sys.modules["asyncio"].get_running_loop()
        ask = Ask(*fields)
        waiter = self.begin(op, name, ask, loop.create_future())
        if waiter.result is not None:
            return waiter.result
        timer = None if ask.wait < 0 else loop.call_later(ask.wait / 1e9, waiter.settle)
        try:
            await waiter.future
        except BaseException:
            self.withdraw(waiter)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        return waiter.result or self.late(waiter)

    def begin(self, op, name, ask, future):
        """The waiter, whose result may be there already."""
        ask.waiter = waiter = Waiter(ask.count, ask.payload if op == PUT else ())
        waiter.future = future
        with self.lock:
            kind = KINDS.get(op, Queue)
            found = self.objects.get((kind, ask.kind, name))
            if found is None:
                found = self.objects[kind, ask.kind, name] = kind(name, ask.limit)
            result = getattr(found, OPERATIONS[op])(ask)
            if result is not None:
                waiter.result = result
            elif waiter.result is None and ask.wait == 0:
                waiter.result = found.leave(waiter)
        return waiter

    def late(self, waiter):
        """Its time is over: it leaves the line, unless its turn came at this moment."""
        with self.lock:
            if waiter.result is None:
                waiter.result = waiter.line.leave(waiter)
        return waiter.result

    def withdraw(self, waiter):
        """Nobody waits any more: it leaves the line, and what it was given goes back."""
        with self.lock:
            if waiter.result is None:
                waiter.result = waiter.line.leave(waiter)
            elif waiter.result[0] == OK and waiter.line is not None:
                waiter.line.undo(waiter)

    def release(self, name, kind, limit, count):
        return self.call(RELEASE, name, b"", kind, limit, count)

    def add(self, name, key, n):
        errors = sys.modules[__package__]
        self.call(ADD, name, errors._key(key), 0, 0, 0, errors._long(n))

    def offer(self, name, limit, data):
        """Nothing is kept back here: every put is a call."""
        return False


def encode(value):
    """The JSON of a value. Raises TypeError or ValueError, as a worker does."""
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    except TypeError as error:
        raise TypeError("value of type %s cannot be carried as JSON: %s" % (type(value).__name__, error)) from None
    except ValueError as error:
        raise ValueError("value cannot be carried as JSON: %s" % error) from None


def alike(a, b):
    """Whether two JSON values are equal: 1 is 1.0, but true is not 1."""
    if type(a) is list and type(b) is list:
        return len(a) == len(b) and all(map(alike, a, b))
    if type(a) is dict and type(b) is dict:
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    return a == b and (type(a) is bool) == (type(b) is bool)
