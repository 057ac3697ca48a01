"""What tasks share while they run at the same time: locks, semaphores, counters, values and queues.

    import outpace

    def transfer(order):
        with outpace.lock("db"):                   # one task at a time, in whichever process it runs
            book(order)
        outpace.counter("booked").add(order["to"])
        outpace.queue("rows", 100).put(order["id"])

In a worker of Outpace the objects are the executor's: all tasks of the run share them, in
threads, in other processes and in Go. Anywhere else (`python file.py`, a unit test) the same
functions share among the threads and asyncio tasks of this one process.

    handle --> agent --+-- _remote: frames over the worker's channel --> the executor
                       '-- _local:  the same objects, in this process

An object is known by its kind and its name, and is there from its first use. Handles are
cheap; they may be made at module level and used from any thread or task. Whoever waits is
served in the order of arrival. Values, items and the like cross as JSON, so what one task
gets is never changed by another. Of what waits there is a form to await: `async with`,
`async for`, and methods whose names end with _async. Coroutines are to use those: the others
hold up all tasks of their event loop, and for ever if one of these has what they wait for.
"""

# Long because: all that users import is one module, with its documentation.

from _queue import Empty as _Empty

TYPE_CHECKING = False  # type checkers take it as true: importing typing would cost more than all of this
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, AsyncIterator, Callable, Generator, Iterable, Iterator

    _Plan = Generator["tuple[Any, ...]", "tuple[int, int, int, Any]", Any]

__all__ = [
    "Abandoned", "Closed", "Counter", "DeadlockError", "Empty", "Ended", "Error", "Full", "Lock", "Misuse", "Queue",
    "Semaphore", "Value", "counter", "lock", "queue", "semaphore", "value",
]

_ACQUIRE, _RELEASE, _ADD, _COUNT, _SNAPSHOT, _GET, _SET, _SWAP, _PUT = range(1, 10)
_TAKE, _CLOSE, _LEN = 12, 13, 14
_OK, _NO, _CLOSED, _DEADLOCK, _ENDED, _MISUSE, _WITHDRAWN, _HELD = range(8)
_LOCK, _SEMAPHORE = range(2)
_MOST = (1 << 32) - 1  # units, places, items
_PART, _PART_SIZE = 1024, 1 << 20  # items and bytes of put_many that travel together
_FOREVER = -1


class Error(Exception):
    """What all errors of this module are."""


class Empty(Error, _Empty):
    """Nothing was to be had from a queue within the time. Also a queue.Empty."""


class Full(Error):
    """A queue had no room within the time."""


class Closed(Error):
    """A put into a closed queue, or a get from one that is empty besides."""


class DeadlockError(Error):
    """Waiting would have had no end: says which tasks wait for one another, and for what."""


class Ended(Error):
    """The executor is closed, or the task is over."""


class Misuse(Error, RuntimeError):
    """What makes no sense: a lock acquired twice, a release of what is not held, another capacity than before."""


class Abandoned:
    """Who held a lock, or units of a semaphore, and ended without a release: what they protect may be half done."""

    __slots__ = "by", "why"

    by: str
    why: str

    def __init__(self, by: str, why: str) -> None:
        self.by, self.why = by, why

    def __repr__(self) -> str:
        return "outpace.Abandoned(by=%r, why=%r)" % (self.by, self.why)


def lock(name: str) -> "Lock":
    """The lock of that name. It is not re-entrant: acquiring it twice is Misuse, at once.

    with outpace.lock("db") as abandoned:
        if abandoned:  # whoever had it last was killed, or forgot it
            repair(abandoned.by, abandoned.why)
    """
    return Lock(name)


def semaphore(name: str, n: int) -> "Semaphore":
    """The semaphore of that name, which has n units; all who use it must say the same n."""
    return Semaphore(name, n)


def counter(name: str) -> "Counter":
    """The counter of that name: a number for each key, 0 at first."""
    return Counter(name)


def value(name: str, initial: "Any" = None) -> "Value":
    """The value of that name, which is initial until somebody sets it."""
    return Value(name, initial)


def queue(name: str, capacity: int) -> "Queue":
    """The queue of that name, which holds up to capacity items; all who use it must say the same capacity."""
    return Queue(name, capacity)


class _Handle:
    """An object of the agent's by its name."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        if type(name) is not str:
            raise TypeError("a name is a str, not %s" % type(name).__name__)
        if not 1 <= len(name.encode()) <= 1024:
            raise ValueError("a name has 1 to 1024 bytes, this one %d" % len(name.encode()))
        self._name = name

    def __repr__(self) -> str:
        return "<outpace %s %r>" % (type(self).__name__.lower(), self._name)


class _Units(_Handle):
    """What a lock and a semaphore have in common."""

    __slots__ = "_limit", "_abandoned"
    _kind = _SEMAPHORE

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name)
        self._limit = _number("units", limit)
        self._abandoned: "Abandoned | None" = None

    @property
    def abandoned(self) -> "Abandoned | None":
        """What the last acquire with this handle found: None, or who ended without a release.

        Where several threads use one handle of a semaphore, look at what `with` gives instead.
        """
        return self._abandoned

    def _acquire(self, k: int, timeout: "float | None") -> bool:
        return self._acquired(_agent.call(_ACQUIRE, self._name, b"", self._kind, self._limit, k, 0, _wait(timeout)))

    async def _acquire_async(self, k: int, timeout: "float | None") -> bool:
        answer = await _agent.call_async(_ACQUIRE, self._name, b"", self._kind, self._limit, k, 0, _wait(timeout))
        return self._acquired(answer)

    def _acquired(self, answer: "tuple[int, int, int, Any]") -> bool:
        status, _, _, who = answer
        if status == _NO:
            return False
        if status:
            raise _failed(status, who, self)
        self._abandoned = Abandoned(**_agent.decode(who)) if who else None
        return True

    def _release(self, k: int) -> None:
        answer = _agent.release(self._name, self._kind, self._limit, k)
        if answer and answer[0]:
            raise _failed(answer[0], answer[3], self)

    def __enter__(self) -> "Abandoned | None":
        self._acquire(1, None)
        return self._abandoned

    def __exit__(self, kind: "type[BaseException] | None", error: "BaseException | None",
                 traceback: "TracebackType | None") -> None:
        self._release(1)

    async def __aenter__(self) -> "Abandoned | None":
        await self._acquire_async(1, None)
        return self._abandoned

    async def __aexit__(self, kind: "type[BaseException] | None", error: "BaseException | None",
                        traceback: "TracebackType | None") -> None:
        self._release(1)


class Lock(_Units):
    """A lock, see lock(). `with` and `async with` give None, or an Abandoned."""

    __slots__ = ()
    _kind = _LOCK

    def __init__(self, name: str) -> None:
        super().__init__(name, 1)

    def acquire(self, timeout: "float | None" = None) -> bool:
        """Waits for the lock, for so many seconds or without a limit. Returns whether it has it."""
        return self._acquire(1, timeout)

    def try_acquire(self) -> bool:
        """Takes the lock if it is free. Returns whether it has it."""
        return self._acquire(1, 0)

    async def acquire_async(self, timeout: "float | None" = None) -> bool:
        """As acquire, for coroutines. Cancelled, it leaves the line."""
        return await self._acquire_async(1, timeout)

    def release(self) -> None:
        """Gives the lock to the next in line. Only the thread or task that acquired it may. Does not wait."""
        self._release(1)


class Semaphore(_Units):
    """A semaphore, see semaphore(). `with` and `async with` take one unit and give None, or an Abandoned."""

    __slots__ = ()

    def acquire(self, k: int = 1, timeout: "float | None" = None) -> bool:
        """Waits for k units, for so many seconds or without a limit. Returns whether it has them: all or none."""
        return self._acquire(_number("units", k), timeout)

    def try_acquire(self, k: int = 1) -> bool:
        """Takes k units if they are free. Returns whether it has them."""
        return self._acquire(_number("units", k), 0)

    async def acquire_async(self, k: int = 1, timeout: "float | None" = None) -> bool:
        """As acquire, for coroutines. Cancelled, it leaves the line."""
        return await self._acquire_async(_number("units", k), timeout)

    def release(self, k: int = 1) -> None:
        """Gives k units back. Only the thread or task that acquired them may. Does not wait for others."""
        self._release(_number("units", k))


class Counter(_Handle):
    """A number for each key, see counter(). A task that is retried adds again: use a key of the task's where that matters."""

    __slots__ = ()

    def add(self, key: str, n: int = 1, wait: bool = False) -> "int | None":
        """Adds n to a key. Returns at once; with wait, when it is done, the sum.

        What is added without waiting is there before the task's result, and before anything else that it asks of this counter.
        """
        if not wait:
            _agent.add(self._name, key, n)
            return None
        sum: int = _run(self._ask(_ADD, _key(key), n))
        return sum

    async def add_async(self, key: str, n: int = 1) -> int:
        """add with wait, for coroutines."""
        sum: int = await _run_async(self._ask(_ADD, _key(key), n))
        return sum

    def get(self, key: str) -> int:
        """What a key stands at; 0 where nothing was added."""
        sum: int = _run(self._ask(_COUNT, _key(key), 0))
        return sum

    async def get_async(self, key: str) -> int:
        """As get, for coroutines."""
        sum: int = await _run_async(self._ask(_COUNT, _key(key), 0))
        return sum

    def snapshot(self) -> "dict[str, int]":
        """All keys and what they stand at, at one moment."""
        all: "dict[str, int]" = _run(self._all())
        return all

    async def snapshot_async(self) -> "dict[str, int]":
        """As snapshot, for coroutines."""
        all: "dict[str, int]" = await _run_async(self._all())
        return all

    def _ask(self, op: int, key: bytes, n: int) -> "_Plan":
        status, sum, _, text = yield op, self._name, key, 0, 0, 0, _long(n)
        if status:
            raise _failed(status, text, self)
        return sum

    def _all(self) -> "_Plan":
        status, _, _, text = yield _SNAPSHOT, self._name
        if status:
            raise _failed(status, text, self)
        return _agent.decode(text)


class Value(_Handle):
    """A value that is JSON, see value(). What get returns is a copy: change it with set, compare_and_set or update."""

    __slots__ = "_initial", "_begun"

    def __init__(self, name: str, initial: "Any" = None) -> None:
        super().__init__(name)
        self._initial = _agent.encode(initial)
        self._begun = False  # it certainly exists: somebody read or set it by this handle

    def get(self) -> "Any":
        """The value, a copy."""
        return _run(self._get())[0]

    async def get_async(self) -> "Any":
        """As get, for coroutines."""
        return (await _run_async(self._get()))[0]

    def set(self, x: "Any") -> None:
        """Makes x the value."""
        _run(self._set(x))

    async def set_async(self, x: "Any") -> None:
        """As set, for coroutines."""
        await _run_async(self._set(x))

    def compare_and_set(self, old: "Any", new: "Any") -> bool:
        """Makes new the value if it equals old, as JSON. Returns whether it did."""
        done: bool = _run(self._compare_and_set(old, new))
        return done

    async def compare_and_set_async(self, old: "Any", new: "Any") -> bool:
        """As compare_and_set, for coroutines."""
        done: bool = await _run_async(self._compare_and_set(old, new))
        return done

    def update(self, fn: "Callable[[Any], Any]") -> "Any":
        """Makes fn(value) the value, and returns it. fn is called again where somebody else was in between."""
        return _run(self._update(fn))

    async def update_async(self, fn: "Callable[[Any], Any]") -> "Any":
        """As update, for coroutines; fn is a plain function."""
        return await _run_async(self._update(fn))

    def _get(self) -> "_Plan":
        status, _, version, text = yield _GET, self._name, self._initial
        if status:
            raise _failed(status, text, self)
        self._begun = True
        return _agent.decode(text), version

    def _set(self, x: "Any") -> "_Plan":
        status, _, _, text = yield _SET, self._name, _agent.encode(x)
        if status:
            raise _failed(status, text, self)
        self._begun = True

    def _compare_and_set(self, old: "Any", new: "Any") -> "_Plan":
        both = b"[%b,%b]" % (_agent.encode(old), _agent.encode(new))
        if not self._begun:
            yield from self._get()  # so that it is what it is at first
        status, _, _, text = yield _SWAP, self._name, both
        if status > _NO:
            raise _failed(status, text, self)
        return status == _OK

    def _update(self, fn: "Callable[[Any], Any]") -> "_Plan":
        now, version = yield from self._get()
        while True:
            new = _agent.encode(fn(now))
            status, _, version, text = yield _SWAP, self._name, new, 0, 0, 0, 0, 0, version
            if status == _OK:
                return _agent.decode(new)
            if status > _NO:
                raise _failed(status, text, self)
            now = _agent.decode(text)


class Queue(_Handle):
    """A queue of items that are JSON, see queue().

    for item in q: gets one item after the other, until the queue is closed and empty.
    """

    __slots__ = ("_capacity",)

    def __init__(self, name: str, capacity: int) -> None:
        super().__init__(name)
        self._capacity = _number("places", capacity)

    def put(self, x: "Any", timeout: "float | None" = None) -> None:
        """Puts x in. Waits while the queue is full: so many seconds, then it is Full, or without a limit.

        Small items travel together: x may be on its way for some milliseconds, but is there before the task's result.
        """
        data = _agent.encode(x)
        if not _agent.offer(self._name, self._capacity, data):
            _run(self._put([data], _wait(timeout)))

    async def put_async(self, x: "Any", timeout: "float | None" = None) -> None:
        """As put, for coroutines. Cancelled, x may be in the queue or not."""
        data = _agent.encode(x)
        if not _agent.offer(self._name, self._capacity, data):
            await _run_async(self._put([data], _wait(timeout)))

    def put_many(self, xs: "Iterable[Any]") -> None:
        """Puts all of xs in, in order, waiting for room as long as it takes. Others' items may be in between."""
        _run(self._put_all(xs))

    async def put_many_async(self, xs: "Iterable[Any]") -> None:
        """As put_many, for coroutines."""
        await _run_async(self._put_all(xs))

    def get(self, timeout: "float | None" = None) -> "Any":
        """Takes the oldest item. Waits while there is none: so many seconds, then it is Empty, or without a limit."""
        return _run(self._take(1, _wait(timeout)))[0]

    async def get_async(self, timeout: "float | None" = None) -> "Any":
        """As get, for coroutines. What came as it was cancelled goes to the next get of this process."""
        return (await _run_async(self._take(1, _wait(timeout))))[0]

    def get_many(self, n: int, timeout: "float | None" = None) -> "list[Any]":
        """Takes what is there, n items at most, and waits for the first as get does."""
        items: "list[Any]" = _run(self._take(_number("items", n), _wait(timeout)))
        return items

    async def get_many_async(self, n: int, timeout: "float | None" = None) -> "list[Any]":
        """As get_many, for coroutines."""
        items: "list[Any]" = await _run_async(self._take(_number("items", n), _wait(timeout)))
        return items

    def close(self) -> None:
        """Lets nothing more be put in. What is in it can be taken. Closing it again does nothing."""
        _run(self._ask(_CLOSE))

    async def close_async(self) -> None:
        """As close, for coroutines."""
        await _run_async(self._ask(_CLOSE))

    def __len__(self) -> int:
        """The items that are in the queue at this moment."""
        n: int = _run(self._ask(_LEN))
        return n

    def __bool__(self) -> bool:
        """True: a handle is no collection."""
        return True

    def __iter__(self) -> "Iterator[Any]":
        try:
            while True:
                yield self.get()
        except Closed:
            pass

    async def __aiter__(self) -> "AsyncIterator[Any]":
        try:
            while True:
                yield await self.get_async()
        except Closed:
            pass

    def _put(self, items: "list[bytes]", wait: int) -> "_Plan":
        status, _, _, text = yield _PUT, self._name, items, 0, self._capacity, len(items), 1, wait
        if status == _NO:
            raise Full("queue %r has had no room in time" % self._name)
        if status:
            raise _failed(status, text, self)

    def _put_all(self, xs: "Iterable[Any]") -> "_Plan":
        part: "list[bytes]" = []
        size = 0
        for x in xs:
            data = _agent.encode(x)
            if not part and _agent.offer(self._name, self._capacity, data):
                continue
            part.append(data)
            size += len(data)
            if len(part) == _PART or size > _PART_SIZE:
                yield from self._put(part, _FOREVER)
                part, size = [], 0
        if part:
            yield from self._put(part, _FOREVER)

    def _take(self, n: int, wait: int) -> "_Plan":
        status, _, _, items = yield _TAKE, self._name, b"", 0, self._capacity, n, 0, wait
        if status == _NO:
            raise Empty("queue %r has had nothing in time" % self._name)
        if status:
            raise _failed(status, items, self)
        return items if type(items) is list else _agent.decode(items)

    def _ask(self, op: int) -> "_Plan":
        status, number, _, text = yield op, self._name, b"", 0, self._capacity
        if status:
            raise _failed(status, text, self)
        return number


def _run(plan: "_Plan") -> "Any":
    """Carries out what a plan asks for, waiting in this thread; returns what it comes to."""
    try:
        answer = _agent.call(*next(plan))
        while True:
            answer = _agent.call(*plan.send(answer))
    except StopIteration as end:
        return end.value


async def _run_async(plan: "_Plan") -> "Any":
    """As _run, without holding up the event loop."""
    try:
        answer = await _agent.call_async(*next(plan))
        while True:
            answer = await _agent.call_async(*plan.send(answer))
    except StopIteration as end:
        return end.value


def _failed(status: int, text: "Any", handle: _Handle) -> Error:
    """The error of an operation that did not come to be."""
    if status == _CLOSED:
        return Closed("queue %r is closed" % handle._name)
    kinds: "dict[int, type[Error]]" = {_DEADLOCK: DeadlockError, _ENDED: Ended, _MISUSE: Misuse, _HELD: Misuse}
    return kinds.get(status, Error)(str(text, "utf-8", "replace") or "%r: status %d" % (handle, status))


def _number(what: str, n: int) -> int:
    if type(n) is not int:
        raise TypeError("%s: a whole number, not %s" % (what, type(n).__name__))
    if not 1 <= n <= _MOST:
        raise ValueError("%s: 1 to %d, not %d" % (what, _MOST, n))
    return n


def _long(n: int) -> int:
    if type(n) is not int:
        raise TypeError("a counter counts whole numbers, not %s" % type(n).__name__)
    if not -(1 << 63) <= n < 1 << 63:
        raise OverflowError("a counter has 64 bits: %d is too much" % n)
    return n


def _key(key: str) -> bytes:
    if type(key) is not str:
        raise TypeError("a key of a counter is a str, not %s (hint: str(key))" % type(key).__name__)
    return key.encode()


def _wait(timeout: "float | None") -> int:
    """Seconds as ns."""
    if timeout is None:
        return _FOREVER
    if not timeout >= 0:
        raise ValueError("a timeout is 0 or more seconds, not %r" % timeout)
    return int(min(timeout, 9e9) * 1e9)


def _find_agent() -> "Any":
    """The worker's own loader brings its agent along; a module from a file is on its own."""
    agent = getattr(__spec__.loader, "agent", None)
    if agent is not None:
        return agent()
    from ._local import Agent
    here: "Any" = Agent
    return here()


_agent = _find_agent()
