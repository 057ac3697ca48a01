"""The agent of a worker: asks the executor, over the worker's channel (docs/protocol.md, rule 13).

    task --> call() ----------------> o frame --> channel --> executor
      ^      add(), offer() --> kept --^ goes first             |
      |                                                         v
      '--- Waiter.wake() <-- outcome() <-- whichever thread reads

Who reads while a task waits: a thread that waits takes the reading when nobody has it, and
acts on all that comes; the others sleep until it, or the main thread, has their answer. Whoever
stops reading wakes one that waits, so that somebody always reads. The main thread goes first
(Channel.wanted): else its next batch would wait for somebody's lock. A task of an event
loop is woken through its loop, which watches the channel where no other thread does.

What is kept back: what was added to counters, summed for each key, and items for queues that
the worker has credits for. All of it goes ahead of the next frame, whatever that is, so that it is
there before the result of the task that did it; and at the Watch's next look at the latest.

Locks are taken in this order: Channel.reading, Channel.writing, Agent.lock, Job.lock.
"""

# Long because: what is kept back and what is waited for meet in one lock and one channel.
# mypy: ignore-errors
import os
import select
import struct
import sys
from _thread import _local, allocate_lock, get_ident
from time import perf_counter_ns as clock

ITSELF = 0xFFFFFFFF  # the batch of what no item does
HEAD = struct.Struct("<IcIIIIBBHIIqqQ")  # length, kind, batch, index, part, ticket, op, object, name, limit, count, number, wait, version
OUTCOME = struct.Struct("<IBqQ")  # ticket, status, number, version
ALONE = 0xFFFFFFFF  # the ticket of a lone operation
LONE = b"O" + struct.pack("<I", ALONE)  # how the answer to it begins, behind its length
LONELY = frozenset((1, 3, 4, 5, 6, 7, 8, 14))  # operations on whose answers nothing else hangs: no put, take or close
LOOKS = 20  # of which each takes half a microsecond, before a lone operation sleeps
ACQUIRE, RELEASE, ADD, PUT, PAID, REFUND, TAKE, CLOSE, WITHDRAW = 1, 2, 3, 9, 10, 11, 12, 13, 15
WAITING = frozenset((ACQUIRE, PUT, TAKE))
OK, MISUSE, HELD, OVER = 0, 5, 7, (4, 0, 0, b"the task is over")
TICKETS = 1 << 16  # that may be unanswered
KEPT_ITEMS, KEPT_BYTES, KEPT_KEYS = 256, 32 << 10, 256
SOON = 1_000_000  # ns: items wait no longer for others while there are puts
LARGE = 1 << 40  # from here on numbers are not summed here: no sum leaves 64 bits
HOLDS = 1024  # that are remembered
LONG = 365 * 86400 * 10**9  # ns: a wait with a limit, which the executor never takes for one without an end
FORKED = b"a process that a task forked cannot share with other tasks (hint: have it return what the task then shares)"


class Part(_local):
    number = 0  # of a thread among the parts of whichever item it works for


class Credit:
    """What the worker may put into a queue without asking, and what of it was kept back."""

    __slots__ = "limit", "left", "used", "items", "owner"

    def __init__(self, limit):
        self.limit, self.left, self.used, self.items, self.owner = limit, 0, False, [], None


class Waiter:
    """An operation that is waited for, by a thread or, with a future, by a task of an event loop."""

    __slots__ = "op", "name", "kind", "limit", "count", "owner", "ticket", "result", "given_up", "lock", "future", "thread"

    def __init__(self, op, name, kind, limit, count, owner):
        self.op, self.name, self.kind, self.limit, self.count, self.owner = op, name, kind, limit, count, owner
        self.result, self.given_up, self.future = None, False, None
        self.lock = allocate_lock()
        self.lock.acquire()

    def wake(self):
        """Its result is there, or nobody reads. Raises RuntimeError where the event loop is closed."""
        if self.future is None:
            if self.lock.locked():
                try:
                    self.lock.release()
                except RuntimeError:  # two woke it at once
                    pass
        elif self.thread == get_ident():
            self.settle()
        else:
            self.future.get_loop().call_soon_threadsafe(self.settle)

    def settle(self):
        if not self.future.done():
            self.future.set_result(self.result)


class Agent:
    """Carries out operations. An answer is (status, number, version, payload)."""

    def __init__(self, worker, host):
        self.worker, self.host, self.channel = worker, host, worker.channel
        self.lock = allocate_lock()
        self.waiting, self.tickets, self.free = {}, 0, []  # ticket -> Waiter
        self.adds, self.credits, self.holds, self.stash = {}, {}, {}, {}
        self.items = self.bytes = 0  # that were kept back, of all queues
        self.flushed = clock()
        self.part, self.parts, self.tasks = Part(), 0, None
        self.loops = {}  # event loop -> how many of its tasks wait
        self.forked = False
        self.poll = None  # of the main thread
        self.text = host.PLAIN_TEXT
        self.channel.agent = self

    # Values.

    def encode(self, value):
        """The JSON of a value. Raises TypeError or ValueError, with a hint."""
        if type(value) is str:
            try:
                return self.text(value).encode()
            except UnicodeEncodeError:  # lone surrogates
                pass
        try:
            return self.host.freeze(value)
        except self.host.Refusal as refusal:
            kind = TypeError if refusal.record["type"] == "TypeError" else ValueError
            text, hint = refusal.record["message"], refusal.record["hint"]
        text = text.replace("result", "value", 1)
        raise kind("%s (hint: %s)" % (text, hint.replace("return ", "pass ", 1)) if hint else text)

    def decode(self, text):
        return self.host.decode(str(text, "utf-8"))

    # Who asks.

    def owner(self):
        """Batch, index and part of who runs here; None where its item is over."""
        item = self.host.ITEM.get()
        if item is not None:
            job, index = item
            return (job.id, index, self.part_of(False)) if job.runs(index) else None
        job = self.host.KEPT.job
        if job is None:
            return ITSELF, 0, self.part_of(False)
        return job.id, job.running(), self.part_of(True)

    def part_of(self, own):
        """0 for an item's own thread or task, another number for each other."""
        asyncio = sys.modules.get("asyncio")
        loop = asyncio and getattr(asyncio, "_get_running_loop", no_loop)()
        task = loop and asyncio.current_task(loop)
        if task:
            if getattr(task.get_coro(), "cr_code", None) in self.host.OWN_TASKS:
                return 0
            with self.lock:
                if self.tasks is None:
                    self.tasks = self.host.standard("weakref").WeakKeyDictionary()
                if task not in self.tasks:
                    self.tasks[task] = self.new_part() - 1
                return self.tasks[task]
        if own:
            return 0
        if not self.part.number:
            with self.lock:
                self.part.number = self.new_part()
        return self.part.number

    def new_part(self):
        """An even number, for a thread; the odd one before it is for a task (lock held)."""
        self.parts = (self.parts + 2) % ITSELF or 2
        return self.parts

    def accompanied(self):
        """Whether a thread of the user's runs here, which may serve a queue that a task waits for."""
        threading = sys.modules.get("threading")
        if threading is None:
            return False
        ours = threading._MainThread, threading._DummyThread
        return any(thread.name != "outpace" and type(thread) not in ours for thread in threading.enumerate())

    def tasks_beside(self, loop):
        """Whether a task that the user made may."""
        tasks, slots = sys.modules["asyncio.tasks"], self.worker.slots
        if type(slots) is self.host.Loop:  # there are thousands of items: they are counted only
            known = getattr(tasks, "_all_tasks", None) or getattr(tasks, "_scheduled_tasks", ())
            return len(known) > sum(len(job.tasks) for job in list(self.worker.jobs.values()))
        return any(getattr(task.get_coro(), "cr_code", None) not in self.host.OWN_TASKS for task in tasks.all_tasks(loop))

    # What is waited for.

    def call(self, op, name, payload=b"", kind=0, limit=0, count=0, number=0, wait=0, version=0):
        """Carries an operation out, waiting in this thread."""
        payload = self.carried(op, payload)
        if op in LONELY and self.alone():
            return self.call_alone(op, name, payload, kind, limit, count, number, wait, version)
        waiter, answer = self.prepare(op, name, kind, limit, count)
        if waiter is None:
            return answer
        try:
            if wait < 0 and op != ACQUIRE and self.accompanied():
                wait = LONG
            self.ask(waiter, payload, number, wait, version)
            return self.wait(waiter)
        except BaseException:  # of a signal handler
            self.give_up(waiter)
            raise

    def alone(self):
        """Whether a task on the main thread is all there is. Then the reading lock is taken."""
        worker, channel, asyncio = self.worker, self.channel, sys.modules.get("asyncio")
        return (not self.waiting and type(worker.slots) is self.host.Serial and get_ident() == worker.thread
                and not self.forked and self.host.KEPT.job is not None
                and (asyncio is None or getattr(asyncio, "_get_running_loop", no_loop)() is None)
                and not channel.rest and channel.body is None and channel.reading.acquire(False))

    def call_alone(self, op, name, payload, kind, limit, count, number, wait, version):
        """As call, where alone() holds: asks and reads by itself. What others need costs twice the time in Python, and
        while that goes by, the supervisor falls asleep: it takes half of the time in all."""
        channel, job, waiter = self.channel, self.host.KEPT.job, None
        owner = job.id, job.running(), 0
        try:
            channel.send([frame(owner, ALONE, op, name, payload, kind, limit, count, number, wait, version)])
            if self.worker.spare:
                self.look()
            try:
                data = os.read(channel.inp, self.host.BLOCK)
            except OSError as error:
                channel.broken(error, "read from")
            if data[4:9] == LONE and len(data) == 4 + int.from_bytes(data[:4], "little"):
                channel.reads += 1
                _, status, number, version = OUTCOME.unpack_from(data, 5)
                if op == ACQUIRE and status == OK:
                    self.hold(kind, name, owner, count)
                return status, number, version, data[26:]
            if not data:
                channel.orphaned()
            waiter = self.late(op, name, kind, limit, count, owner)
            channel.take(data)
        except BaseException:  # of a signal handler
            self.give_up(waiter or self.late(op, name, kind, limit, count, owner))
            raise
        finally:
            channel.reading.release()
            if self.waiting:
                self.pass_on()
        return self.wait(waiter)

    def look(self):
        """Looks for an answer for some microseconds: to sleep and to be woken takes longer. Where there is a core for it."""
        if self.poll is None:
            self.poll = select.poll()
            self.poll.register(self.channel.inp, select.POLLIN)
        ready = self.poll.poll
        for _ in range(LOOKS):
            if ready(0):
                return

    def late(self, *asked):
        """A waiter for a lone operation, which turned out to need one."""
        waiter = Waiter(*asked)
        waiter.ticket = ALONE
        with self.lock:
            self.waiting[ALONE] = waiter
        return waiter

    async def call_async(self, op, name, payload=b"", kind=0, limit=0, count=0, number=0, wait=0, version=0):
        """Carries an operation out, without holding up the event loop."""
        payload = self.carried(op, payload)
        waiter, answer = self.prepare(op, name, kind, limit, count)
        if waiter is None:
            return answer
        loop = self.host.standard("asyncio").get_running_loop()
        waiter.future, waiter.thread = loop.create_future(), get_ident()
        watched = self.watch(loop)
        try:
            if wait < 0 and op != ACQUIRE and (self.accompanied() or self.tasks_beside(loop)):
                wait = LONG
            self.ask(waiter, payload, number, wait, version)
            try:
                return await waiter.future
            except self.host.standard("asyncio").CancelledError:
                if op in WAITING and waiter.result is None and not self.forked:
                    waiter.future = loop.create_future()
                    self.withdraw(waiter)
                    await waiter.future  # what became of it, soon: else the task's next acquire would meet its own lock
                raise
        except BaseException:
            self.give_up(waiter)
            raise
        finally:
            if watched:
                self.unwatch(loop)

    def prepare(self, op, name, kind, limit, count):
        """A waiter with a ticket, or None and the answer."""
        if self.forked:
            return None, (MISUSE, 0, 0, FORKED)
        if op == TAKE and self.stash:
            with self.lock:
                items = self.stash.get(name)
                if items:
                    taken, self.stash[name] = items[:count], items[count:]
                    return None, (OK, len(taken), 0, taken)
        owner = self.owner()
        if owner is None:
            return None, OVER
        waiter = Waiter(op, name, kind, limit, count, owner)
        with self.lock:
            if len(self.waiting) >= TICKETS:
                return None, (MISUSE, 0, 0, b"65536 operations of this worker wait already")
            if self.free:
                waiter.ticket = self.free.pop()
            else:
                self.tickets += 1
                waiter.ticket = self.tickets
            self.waiting[waiter.ticket] = waiter
        return waiter, None

    def carried(self, op, payload):
        """The payload as it crosses. Raises ValueError where it is too long."""
        if op == PUT:
            payload = array(payload)
        if len(payload) > self.host.LIMIT - 2048:
            raise ValueError("%d bytes are more than a frame carries" % len(payload))
        return payload

    def ask(self, waiter, payload, number, wait, version):
        frames = [frame(waiter.owner, waiter.ticket, waiter.op, waiter.name, payload, waiter.kind, waiter.limit, waiter.count,
                        number, wait, version)]
        if waiter.op == CLOSE:  # it is not empty to others while there are credits
            frames = self.refunds([waiter.name]) + frames
        self.channel.send(frames)

    def wait(self, waiter):
        """Waits for its result, and reads where nobody else does."""
        channel, slots = self.channel, self.worker.slots
        main = self.worker.thread == get_ident()
        may_read = main or type(slots) is not self.host.Loop  # whose loop reads, and what others read it would not see
        try:
            while waiter.result is None:
                if may_read and (main or not channel.wanted) and channel.reading.acquire(False):
                    try:
                        while waiter.result is None and (main or not channel.wanted):
                            channel.read()
                    finally:
                        channel.reading.release()
                else:
                    waiter.lock.acquire()
        finally:
            self.pass_on()
            if main and self.worker.inbox:
                slots.notice()
        return waiter.result

    def pass_on(self):
        """Wakes a thread that waits: nobody may be reading any more."""
        if self.waiting:
            with self.lock:
                for waiter in self.waiting.values():
                    if waiter.future is None and waiter.result is None and not waiter.given_up:
                        waiter.wake()
                        break

    def watch(self, loop):
        """Has a loop read for its own tasks where no other thread does. Returns whether unwatch is due."""
        slots, main = self.worker.slots, self.worker.thread == get_ident()
        if type(slots) is self.host.Loop or type(slots) is self.host.Threads and not main:
            return False
        n = self.loops.get(loop, 0)
        if not n:
            try:
                loop.add_reader(self.channel.inp, self.channel.pump, False)
            except NotImplementedError:  # by this kind of loop; the Watch reads
                return False
        self.loops[loop] = n + 1
        return True

    def unwatch(self, loop):
        self.loops[loop] -= 1
        if not self.loops[loop]:
            del self.loops[loop]
            if not loop.is_closed():
                loop.remove_reader(self.channel.inp)

    def outcome(self, body):
        """An answer has come. Raises ValueError for one that nobody waits for."""
        ticket, status, number, version = OUTCOME.unpack_from(body)
        with self.lock:
            waiter = self.waiting.pop(ticket, None)
            if waiter is None or status > HELD:
                raise ValueError("an outcome of ticket %d, status %d" % (ticket, status))
            if ticket != ALONE:
                self.free.append(ticket)
            if status == OK:
                self.note(waiter, number)
            waiter.result = status, number, version, bytes(body[OUTCOME.size :])
        try:
            if waiter.given_up:
                self.undo(waiter)
            else:
                waiter.wake()
        except RuntimeError:  # its event loop is closed
            self.undo(waiter)

    def note(self, waiter, number):
        """Remembers what a granted operation brought (lock held)."""
        if waiter.op == PUT and number > 0:
            credit = self.credits.get(waiter.name)
            if credit is None:
                credit = self.credits[waiter.name] = Credit(waiter.limit)
            credit.left += number
            credit.used = True
        elif waiter.op == ACQUIRE and not waiter.given_up:
            self.hold(waiter.kind, waiter.name, waiter.owner, waiter.count)

    def hold(self, kind, name, owner, count):
        """Remembers what a part of an item was granted (lock held, or alone)."""
        if len(self.holds) >= HOLDS:  # of tasks that forgot to release; those of others are asked for
            self.holds.clear()
        key = kind, name, owner
        self.holds[key] = self.holds.get(key, 0) + count

    def give_up(self, waiter):
        """Nobody waits for it any more: it leaves the line, and what it was given goes back."""
        with self.lock:
            waiter.given_up, done = True, waiter.result is not None
        if done:
            self.undo(waiter)
        elif waiter.op in WAITING and not self.forked:
            self.withdraw(waiter)

    def withdraw(self, waiter):
        self.channel.send([frame(waiter.owner, waiter.ticket, WITHDRAW)])

    def undo(self, waiter):
        status, _, _, items = waiter.result
        if status != OK:
            return
        if waiter.op == ACQUIRE:
            with self.lock:
                self.holds.pop((waiter.kind, waiter.name, waiter.owner), None)
            unused = 1  # if it was abandoned, the next is to be told
            self.channel.send([frame(waiter.owner, 0, RELEASE, waiter.name, b"", waiter.kind, waiter.limit, waiter.count, unused)])
        elif waiter.op == TAKE:
            with self.lock:
                self.stash[waiter.name] = self.stash.get(waiter.name, []) + self.decode(items)

    # What is not waited for.

    def release(self, name, kind, limit, count):
        """Releases; returns the answer where it is in doubt that this part of the item holds so much."""
        if self.forked:
            return MISUSE, 0, 0, FORKED
        owner = self.owner()
        key = kind, name, owner
        with self.lock:
            held = self.holds.get(key, 0)
            if held < count and self.tasks is not None and owner is not None:
                key = self.left(key, count)
                held, owner = self.holds.get(key, 0), key[2]
            if held > count:
                self.holds[key] = held - count
            elif held == count:
                del self.holds[key]
        if held < count:
            return self.call(RELEASE, name, b"", kind, limit, count)
        self.channel.send([frame(owner, 0, RELEASE, name, b"", kind, limit, count)])
        return None

    def left(self, key, count):
        """The key of units that a finished task of the same item has left to this one (lock held).

        Before Python 3.12 asyncio.wait_for runs what it waits for as a task.
        """
        owner = key[2]
        going_on = {part for task, part in self.tasks.items() if not task.done()}
        for other, held in self.holds.items():
            part = other[2][2]
            if other[:2] == key[:2] and other[2][:2] == owner[:2] and part % 2 and part not in going_on and held >= count:
                return other
        return key

    def add(self, name, key, n):
        """Adds to a counter: the next frame brings it along."""
        if type(key) is not str or type(n) is not int or not -LARGE < n < LARGE or self.forked:
            self.add_now(name, key, n)
            return
        with self.lock:
            kept = self.adds.get((name, key))
            if kept is not None:
                kept[0] += n
                return
        owner = self.owner()
        if owner is None:
            raise self.errors().Ended(OVER[3].decode())
        text = key.encode()
        with self.lock:
            kept = self.adds.setdefault((name, key), [0, owner, text])
            kept[0] += n
        if len(self.adds) == 1:
            self.worker.watch.wake()
        elif len(self.adds) >= KEPT_KEYS:
            self.channel.send([])

    def add_now(self, name, key, n):
        """add for what cannot be kept back, and its errors."""
        errors = self.errors()
        payload, n = errors._key(key), errors._long(n)
        if self.forked:
            raise errors.Misuse(FORKED.decode())
        owner = self.owner()
        if owner is None:
            raise errors.Ended(OVER[3].decode())
        self.channel.send([frame(owner, 0, ADD, name, payload, number=n)])

    def errors(self):
        return sys.modules[__package__]

    def offer(self, name, limit, data):
        """Puts an item into a queue if there is a credit for it. It is sent soon."""
        credit = self.credits.get(name)
        if credit is None or not credit.left or self.forked:
            return False
        owner = None if credit.items else self.owner()
        with self.lock:
            if not credit.left or credit.limit != limit:
                return False
            if not credit.items:
                if owner is None:
                    return False  # a thread sent the others meanwhile, or the item is over: call finds out
                credit.owner = owner
            credit.left -= 1
            credit.used = True
            credit.items.append(data)
            self.items += 1
            self.bytes += len(data)
            first, full = self.items == 1, self.items >= KEPT_ITEMS or self.bytes >= KEPT_BYTES
        if full or clock() - self.flushed > SOON:
            self.channel.send([])
        elif first:
            self.worker.watch.wake()
        return True

    def kept(self):
        """The frames of what was kept back, which is not any more (Channel.writing held)."""
        if not self.adds and not self.items:
            return b""
        with self.lock:
            adds, self.adds = self.adds, {}
            frames = [frame(owner, 0, ADD, name, key, number=n) for (name, _), (n, owner, key) in adds.items()]
            if self.items:
                for name, credit in self.credits.items():
                    if credit.items:
                        frames.append(frame(credit.owner, 0, PAID, name, array(credit.items), count=len(credit.items)))
                        credit.items = []
                self.items = self.bytes = 0
            self.flushed = clock()
        return b"".join(frames)

    def tend(self, idle):
        """What the Watch does at each look: nothing is kept longer than that, and credits without use go back."""
        with self.lock:
            unused = [name for name, credit in self.credits.items() if idle or not credit.used]
            for credit in self.credits.values():
                credit.used = False
        frames = self.refunds(unused)
        if frames or self.adds or self.items:
            self.channel.send(frames)

    def busy(self):
        """Whether the Watch is needed."""
        return bool(self.waiting or self.adds or self.credits)

    def refunds(self, names):
        """Frames that give back the credits for some queues."""
        frames = []
        with self.lock:
            for name in names:
                credit = self.credits.get(name)
                if credit is not None and credit.left:
                    frames.append(frame((ITSELF, 0, 0), 0, REFUND, name, count=credit.left))
                    credit.left = 0
                if credit is not None and not credit.items:
                    del self.credits[name]
        return frames


def no_loop():
    return None


def array(items):
    return b"[" + b",".join(items) + b"]"


def frame(owner, ticket, op, name="", payload=b"", kind=0, limit=0, count=0, number=0, wait=0, version=0):
    text = name.encode()
    length = HEAD.size - 4 + len(text) + len(payload)
    return HEAD.pack(length, b"o", *owner, ticket, op, kind, len(text), limit, count, number, wait, version) + text + payload
