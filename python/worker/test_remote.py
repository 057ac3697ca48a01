"""Tests of `import outpace` in a worker: the test plays the executor that answers operations.

    python3 -m unittest -v test_remote

One worker for each mode runs most of it. Nothing sleeps: to wait means to read frames.
"""

# Long because: what crosses is tested operation by operation, in each mode.

import json
import os
import shutil
import struct
import tempfile
import unittest

import test_outpace_worker as base

HEAD = struct.Struct("<IIIIBBHIIqqQ")
OUTCOME = struct.Struct("<IBqQ")
ITSELF = 0xFFFFFFFF
ACQUIRE, RELEASE, ADD, COUNT, SNAPSHOT, GET, SET, SWAP, PUT, PAID, REFUND, TAKE, CLOSE, LEN, WITHDRAW = range(1, 16)
OK, NO, CLOSED, DEADLOCK, ENDED, MISUSE, WITHDRAWN, HELD = range(8)

FUNCTIONS = """
import asyncio, os, signal, threading
import outpace

LOCK, PAGES, ROWS = outpace.lock("db"), outpace.counter("pages"), outpace.queue("rows", 10)
STATE, PERMITS = outpace.value("state", {"n": 0}), outpace.semaphore("permits", 3)
THREADS, END = [], threading.Event()

def f(call):
    return globals()[call[0]](*call[1:])

async def g(call):
    return await globals()[call[0]](*call[1:])

def hold(path):
    with open(path) as file:
        file.read()

def locked(x):
    with LOCK as abandoned:
        return [x, abandoned and [abandoned.by, abandoned.why]]

def tried(timeout):
    got = LOCK.acquire(timeout)
    if got:
        LOCK.release()
    return got

def released():
    LOCK.release()

def units():
    with PERMITS:
        return PERMITS.acquire(2), PERMITS.release(2)

def counted(keys, path=""):
    for key in keys:
        PAGES.add(key)
    if path:
        hold(path)
    return len(keys)

def counts():
    return [PAGES.add("a", 2, wait=True), PAGES.get("a"), PAGES.snapshot()]

def valued():
    return [STATE.get(), STATE.set(3), STATE.compare_and_set(3, 4), STATE.update(lambda n: n + 1)]

def put(items, path=""):
    for item in items:
        ROWS.put(item)
    if path:
        hold(path)
    return len(ROWS) if items == ["len"] else 0

def put_many(n):
    ROWS.put_many(range(n))

def bad():
    ROWS.put({1, 2})

def taken(how):
    try:
        return [x for x in ROWS] if how == "all" else ROWS.get_many(5) if how == "many" else ROWS.get(timeout=1.5)
    except outpace.Empty:
        return "empty"

def closed():
    ROWS.close()

def in_threads(wait, *xs):
    got = []
    threads = [threading.Thread(target=lambda x=x: got.append(locked(x)[0])) for x in xs]
    for thread in threads:
        thread.start()
    if wait:
        for thread in threads:
            thread.join()
    THREADS.extend(threads)
    return got

def joined():
    while THREADS:
        THREADS.pop().join()

def forked():
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            LOCK.acquire()
        except outpace.Misuse as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader) as file:
        return file.read()

def interrupted(what):
    def give_up(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        LOCK.acquire() if what == "lock" else ROWS.get()
    except KeyboardInterrupt:
        return "gave up"

async def alocked(x):
    async with LOCK as abandoned:
        return x

async def agot(timeout):
    return await ROWS.get_async(timeout)

async def given_up():
    try:
        await asyncio.wait_for(LOCK.acquire_async(), 0.01)
    except asyncio.TimeoutError:
        return "gave up"

async def handed_over(x):
    await asyncio.create_task(LOCK.acquire_async())  # as wait_for does before 3.12
    LOCK.release()
    return x

def got():
    return ROWS.get()

def beside():
    thread = threading.Thread(target=END.wait)
    thread.start()
    try:
        return got()
    finally:
        END.set()
        thread.join()

async def abeside():
    other = asyncio.create_task(asyncio.sleep(60))
    try:
        return await ROWS.get_async()
    finally:
        other.cancel()

async def again():
    await given_up()
    return await alocked(1)

async def gathered(*xs):
    return await asyncio.gather(*map(alocked, xs))

async def blocking(x):
    return locked(x)

async def in_thread(x):
    return await asyncio.get_running_loop().run_in_executor(None, locked, x)
"""


class Operation:
    """An o frame."""

    def __init__(self, body):
        (self.batch, self.index, self.part, self.ticket, self.op, self.kind, size, self.limit, self.count, self.number,
         self.wait, self.version) = HEAD.unpack_from(body)
        self.name, self.payload = body[HEAD.size:HEAD.size + size].decode(), body[HEAD.size + size:]

    def __repr__(self):
        return str(vars(self))


class Executor(base.Client):
    """A supervisor whose test answers operations."""

    def operation(self, op, name="db"):
        """The next operation, which must be this one; frames of other kinds are kept."""
        found = Operation(self.wait_for(b"o"))
        assert (found.op, found.name) == (op, "" if op == WITHDRAW else name), found
        return found

    def answer(self, operation, status=OK, number=0, version=0, payload=b""):
        self.send(b"O", OUTCOME.pack(operation.ticket, status, number, version) + payload)

    def grant(self, op, name="db", **answer):
        operation = self.operation(op, name)
        self.answer(operation, **answer)
        return operation

    def value(self, batch):
        return self.answers(batch)[0].values()[0]


class Case(unittest.TestCase):
    """One worker for all tests of a class."""

    mode, slots, function = "serial", 1, "f"

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        with open(os.path.join(cls.directory, "fn.py"), "w") as file:
            file.write(FUNCTIONS)
        with open(os.path.join(cls.directory, "outpace.py"), "w") as file:
            file.write("raise ImportError('not ours')")
        cls.worker = Executor(cls.directory)
        cls.addClassCleanup(cls.worker.close)
        cls.worker.configure(cls.mode, cls.slots)
        answer = cls.worker.define("fn.py:" + cls.function)
        assert "error" not in answer, answer

    def tearDown(self):
        self.assertEqual([], [frame for frame in self.worker.kept if frame[0] == b"o"])

    def start(self, *call):
        return self.worker.batch([list(call)])

    def fifo(self):
        path = os.path.join(self.directory, "fifo%d" % len(os.listdir(self.directory)))
        os.mkfifo(path)
        return path


class Serial(Case):
    def test_lock(self):
        worker = self.worker
        batch = worker.batch([["locked", 1], ["locked", 2]])
        first = worker.grant(ACQUIRE)
        self.assertEqual((first.batch, first.index, first.part, first.kind, first.limit, first.count, first.wait), (batch, 0, 0, 0, 1, 1, -1))
        release = worker.operation(RELEASE)
        self.assertEqual((release.batch, release.index, release.part, release.ticket, release.count), (batch, 0, 0, 0, 1))
        second = worker.grant(ACQUIRE, payload=b'{"by":"f, input 7","why":"killed"}')
        self.assertEqual((second.batch, second.index), (batch, 1))
        self.assertEqual(worker.operation(RELEASE).index, 1)
        self.assertEqual(worker.kept, [])  # all of it came before the results
        self.assertEqual(worker.answers(batch)[0].values(), [[1, None], [2, ["f, input 7", "killed"]]])

    def test_lone_calls(self):
        for _ in range(3):
            batch = self.start("counted", [])
            self.worker.answers(batch)
        batch = self.start("locked", 5)
        self.assertEqual(self.worker.grant(ACQUIRE).batch, batch)
        self.worker.operation(RELEASE)
        self.assertEqual(self.worker.value(batch), [5, None])

    def test_timeouts_and_misuse(self):
        batch = self.start("tried", 0.25)
        self.assertEqual(self.worker.grant(ACQUIRE, status=NO).wait, 250_000_000)
        self.assertIs(self.worker.value(batch), False)
        batch = self.start("released")
        self.worker.grant(RELEASE, status=MISUSE, payload=b"it is not held")
        error = self.worker.answers(batch)[0].error()
        self.assertEqual((error["type"], error["message"]), ("outpace.Misuse", "it is not held"))
        self.assertIn("RuntimeError", error["bases"])
        batch = self.start("tried", None)
        self.worker.grant(ACQUIRE, status=HELD, payload=b"it has it already")
        error = self.worker.answers(batch)[0].error()
        self.assertEqual((error["type"], error["message"]), ("outpace.Misuse", "it has it already"))

    def test_deadlock(self):
        batch = self.start("locked", 1)
        self.worker.grant(ACQUIRE, status=DEADLOCK, payload="a circle: \u00e4".encode())
        error = self.worker.answers(batch)[0].error()
        self.assertEqual((error["type"], error["message"]), ("outpace.DeadlockError", "a circle: \u00e4"))
        self.assertNotIn("<outpace", error["traceback"])
        self.assertIn("in locked", error["traceback"])

    def test_semaphore(self):
        batch = self.start("units")
        self.assertEqual([(o.kind, o.limit, o.count) for o in (self.worker.grant(ACQUIRE, "permits"), self.worker.grant(ACQUIRE, "permits"))],
                         [(1, 3, 1), (1, 3, 2)])
        self.assertEqual([self.worker.operation(RELEASE, "permits").count for _ in "ab"], [2, 1])
        self.assertEqual(self.worker.value(batch), [True, None])

    def test_counter(self):
        batch = self.start("counted", ["a", "b", "a", "\u00e4"])
        sums = [self.worker.operation(ADD, "pages") for _ in range(3)]
        self.assertEqual([(o.payload.decode(), o.number, o.ticket, o.batch) for o in sums],
                         [("a", 2, 0, batch), ("b", 1, 0, batch), ("\u00e4", 1, 0, batch)])
        self.assertEqual(self.worker.kept, [])
        self.assertEqual(self.worker.value(batch), 4)
        batch = self.start("counts")
        self.worker.grant(ADD, "pages", number=7)
        self.worker.grant(COUNT, "pages", number=-1)
        self.worker.grant(SNAPSHOT, "pages", payload=b'{"a":7}')
        self.assertEqual(self.worker.value(batch), [7, -1, {"a": 7}])

    def test_nothing_is_kept_long(self):
        path = self.fifo()
        batch = self.start("counted", ["a"], path)
        self.assertEqual(self.worker.operation(ADD, "pages").number, 1)  # while the function goes on
        base.release(path)
        self.assertEqual(self.worker.value(batch), 1)

    def test_counter_refuses(self):
        batch = self.start("counted", [5])
        self.assertIn("str(key)", self.worker.answers(batch)[0].error()["message"])

    def test_value(self):
        batch = self.start("valued")
        self.assertEqual(self.worker.grant(GET, "state", version=1, payload=b'{"n":0}').payload, b'{"n":0}')
        self.assertEqual(self.worker.grant(SET, "state", version=2).payload, b"3")
        self.assertEqual(self.worker.grant(SWAP, "state", status=NO, version=2, payload=b"3").payload, b"[3,4]")
        self.worker.grant(GET, "state", version=3, payload=b"10")
        swap = self.worker.grant(SWAP, "state", status=NO, version=4, payload=b"20")  # somebody was in between
        self.assertEqual((swap.version, swap.payload), (3, b"11"))
        self.assertEqual(self.worker.grant(SWAP, "state", version=5, payload=b"21").version, 4)
        self.assertEqual(self.worker.value(batch), [{"n": 0}, None, False, 21])

    def test_puts_with_credits(self):
        worker = self.worker
        batch = self.start("put", ["a", {"b": [1]}, 3, "d\ud800"])
        first = worker.grant(PUT, "rows", number=2)
        self.assertEqual((first.limit, first.count, first.wait, first.number, first.payload), (10, 1, -1, 1, b'["a"]'))
        paid = [worker.operation(PAID, "rows")]
        if paid[0].count == 1:  # it had been a while since the last
            paid.append(worker.operation(PAID, "rows"))
        self.assertEqual([item for o in paid for item in json.loads(o.payload)], [{"b": [1]}, 3])
        self.assertEqual({(o.ticket, o.limit, o.batch) for o in paid}, {(0, 0, batch)})
        self.assertEqual(json.loads(worker.grant(PUT, "rows", number=3).payload), ["d\ud800"])
        self.assertEqual(worker.value(batch), 0)
        refund = worker.operation(REFUND, "rows")  # by the Watch
        self.assertEqual((refund.batch, refund.ticket, refund.count, refund.limit), (ITSELF, 0, 3, 0))

    def test_puts_go_first(self):
        batch = self.start("put", ["len"])
        self.worker.grant(PUT, "rows", number=1)
        self.assertEqual(self.worker.grant(LEN, "rows", number=9).limit, 10)
        self.assertEqual(self.worker.value(batch), 9)
        self.worker.operation(REFUND, "rows")
        path = self.fifo()
        batch = self.start("put", ["x", "y"], path)
        self.worker.grant(PUT, "rows", number=1)
        self.assertEqual(json.loads(self.worker.operation(PAID, "rows").payload), ["y"])  # while the function goes on
        base.release(path)
        self.worker.value(batch)

    def test_put_fails(self):
        batch = self.start("put", ["x"])
        self.worker.grant(PUT, "rows", status=CLOSED)
        self.assertEqual(self.worker.answers(batch)[0].error()["type"], "outpace.Closed")
        error = self.worker.answers(self.start("bad"))[0].error()
        self.assertEqual((error["type"], error["message"]),
                         ("TypeError", "value of type set cannot be carried as JSON (hint: pass sorted(x) or list(x))"))

    def test_put_many(self):
        batch = self.start("put_many", 2500)
        parts = [self.worker.grant(PUT, "rows") for _ in range(3)]
        self.assertEqual([o.count for o in parts], [1024, 1024, 452])
        self.assertEqual([x for o in parts for x in json.loads(o.payload)], list(range(2500)))
        self.worker.answers(batch)

    def test_takes(self):
        batch = self.start("taken", "many")
        self.assertEqual(self.worker.grant(TAKE, "rows", payload=b'[1,"b"]').count, 5)
        self.assertEqual(self.worker.value(batch), [1, "b"])
        batch = self.start("taken", "one")
        self.assertEqual(self.worker.grant(TAKE, "rows", status=NO).wait, 1_500_000_000)
        self.assertEqual(self.worker.value(batch), "empty")
        batch = self.start("taken", "all")
        self.worker.grant(TAKE, "rows", payload=b"[1]")
        self.worker.grant(TAKE, "rows", payload=b"[[2]]")
        self.worker.grant(TAKE, "rows", status=CLOSED)
        self.assertEqual(self.worker.value(batch), [1, [2]])

    def test_close_refunds_first(self):
        batch = self.worker.batch([["put", ["x"]], ["closed"]])
        self.worker.grant(PUT, "rows", number=4)
        found = Operation(self.worker.wait_for(b"o"))
        self.assertEqual((found.op, found.count), (REFUND, 4))
        self.worker.grant(CLOSE, "rows")
        self.assertEqual(self.worker.answers(batch)[0].values(), [0, None])

    def test_threads_of_a_task(self):
        batch = self.start("in_threads", True, "a", "b", "c")
        asked = [self.worker.operation(ACQUIRE) for _ in "abc"]
        self.assertEqual({o.batch for o in asked}, {ITSELF})
        self.assertEqual(len({o.part for o in asked} - {0}), 3)
        for operation in reversed(asked):
            self.worker.answer(operation)
            self.assertEqual(self.worker.operation(RELEASE).part, operation.part)
        self.assertEqual(sorted(self.worker.value(batch)), ["a", "b", "c"])

    def test_a_thread_that_stays(self):
        self.worker.value(self.start("in_threads", False, "a"))
        asked = self.worker.operation(ACQUIRE)
        batch = self.start("locked", 1)  # comes through although the thread reads
        self.worker.grant(ACQUIRE)
        self.worker.operation(RELEASE)
        self.assertEqual(self.worker.value(batch), [1, None])
        batch = self.start("joined")
        self.worker.ping()
        self.worker.answer(asked)
        self.worker.operation(RELEASE)
        self.assertIsNone(self.worker.value(batch))

    def test_interrupts(self):
        batch = self.start("interrupted", "lock")
        asked, withdraw = self.worker.operation(ACQUIRE), self.worker.operation(WITHDRAW)
        self.assertEqual(withdraw.ticket, asked.ticket)
        self.assertEqual(self.worker.value(batch), "gave up")
        self.worker.answer(asked, status=WITHDRAWN)
        batch = self.start("interrupted", "get")
        asked, _ = self.worker.operation(TAKE, "rows"), self.worker.operation(WITHDRAW)
        self.assertEqual(self.worker.value(batch), "gave up")
        self.worker.answer(asked, payload=b"[1,2]")  # they had crossed: the next get has them
        self.assertEqual(self.worker.value(self.start("taken", "many")), [1, 2])

    def test_fork(self):
        self.assertIn("forked", self.worker.value(self.start("forked")))


class SerialAsync(Case):
    function = "g"

    def test_lock(self):
        batch = self.worker.batch([["alocked", 1], ["alocked", 2]])
        for index in range(2):
            acquire = self.worker.grant(ACQUIRE)
            self.assertEqual((acquire.batch, acquire.index, acquire.part), (batch, index, 0))
            self.worker.operation(RELEASE)
        self.assertEqual(self.worker.answers(batch)[0].values(), [1, 2])

    def test_tasks_are_parts(self):
        batch = self.start("gathered", 1, 2)
        asked = [self.worker.operation(ACQUIRE) for _ in "ab"]
        self.assertEqual({(o.batch, o.index) for o in asked}, {(batch, 0)})
        self.assertEqual(len({o.part for o in asked} - {0}), 2)
        for operation in asked[::-1]:
            self.worker.answer(operation)
            self.assertEqual(self.worker.operation(RELEASE).part, operation.part)
        self.assertEqual(self.worker.value(batch), [1, 2])

    def test_handed_over(self):
        batch = self.start("handed_over", 1)
        acquire = self.worker.grant(ACQUIRE)
        release = self.worker.operation(RELEASE)
        self.assertEqual((release.batch, release.part, release.ticket), (batch, acquire.part, 0))
        self.assertEqual(self.worker.value(batch), 1)

    def test_given_up(self):
        batch = self.start("given_up")
        asked = self.worker.operation(ACQUIRE)
        withdraw = self.worker.operation(WITHDRAW)
        self.assertEqual((withdraw.ticket, withdraw.batch, withdraw.payload), (asked.ticket, batch, b""))
        self.worker.answer(asked)  # it had crossed: goes back at once
        release = self.worker.operation(RELEASE)
        self.assertEqual(self.worker.value(batch), "gave up")
        self.assertEqual((release.batch, release.part, release.ticket, release.number), (batch, asked.part, 0, 1))

    def test_again(self):
        batch = self.start("again")
        asked = self.worker.operation(ACQUIRE)
        self.worker.operation(WITHDRAW)
        self.worker.answer(asked)  # before it asks again, the first goes back
        self.worker.operation(RELEASE)
        self.worker.grant(ACQUIRE)
        self.worker.operation(RELEASE)
        self.assertEqual(self.worker.value(batch), 1)


class Threads(Case):
    mode, slots = "threads", 3

    def test_others_may_serve_it(self):
        for name, limited in ("got", False), ("beside", True):
            batch = self.start(name)
            self.assertEqual(self.worker.grant(TAKE, "rows", payload=b"[1]").wait > 0, limited)
            self.assertEqual(self.worker.value(batch), 1)

    def test_in_any_order(self):
        batches = [self.start("locked", x) for x in range(3)]
        asked = [self.worker.operation(ACQUIRE) for _ in batches]
        self.assertEqual({o.batch for o in asked}, set(batches))
        for operation in asked[::-1]:
            self.worker.answer(operation)
            self.assertEqual(self.worker.operation(RELEASE).batch, operation.batch)
        self.assertEqual([self.worker.value(batch) for batch in batches], [[x, None] for x in range(3)])

    def test_a_definition_meanwhile(self):
        batch = self.start("locked", 1)
        asked = self.worker.operation(ACQUIRE)
        with open(os.path.join(self.directory, "slow.py"), "w") as file:
            file.write("import outpace\nN = outpace.value('config').get()\ndef f(x): return N\n")
        self.worker.send_define("slow.py:f", 2)
        get = self.worker.operation(GET, "config")
        self.assertEqual((get.batch, get.index, get.part), (ITSELF, 0, get.part))
        self.worker.answer(asked)
        self.worker.operation(RELEASE)
        self.assertEqual(self.worker.value(batch), [1, None])
        self.worker.answer(get, version=1, payload=b"7")
        self.assertNotIn("error", self.worker.defined(2))
        self.assertEqual(self.worker.call([0], func=2).values(), [7])


class Loop(Case):
    mode, slots, function = "loop", 10, "g"

    def test_lock(self):
        batch = self.worker.batch([["alocked", x] for x in range(3)])
        asked = [self.worker.operation(ACQUIRE) for _ in range(3)]
        self.assertEqual([(o.batch, o.index, o.part) for o in asked], [(batch, i, 0) for i in range(3)])
        for operation in asked[::-1]:
            self.worker.answer(operation)
            self.assertEqual(self.worker.operation(RELEASE).index, operation.index)
        self.assertEqual(self.worker.answers(batch)[0].values(), [0, 1, 2])

    def test_a_task_may_serve_it(self):  # the first: a thread of a pool, as others start, may too
        for call, limited in (["agot", None], False), (["abeside"], True):
            batch = self.start(*call)
            self.assertEqual(self.worker.grant(TAKE, "rows", payload=b"[1]").wait > 0, limited)
            self.assertEqual(self.worker.value(batch), 1)

    def test_cancel(self):
        batch = self.worker.batch([["alocked", 1], ["agot", None]])
        acquire, take = self.worker.operation(ACQUIRE), self.worker.operation(TAKE, "rows")
        self.worker.cancel(batch)
        withdrawn = {self.worker.operation(WITHDRAW).ticket for _ in "ab"}
        self.assertEqual(withdrawn, {acquire.ticket, take.ticket})
        self.worker.answer(acquire, WITHDRAWN)
        self.worker.answer(take, payload=b"[5]")  # it had crossed: the next get has it
        self.assertEqual(self.worker.answers(batch)[0].items, [("b", 1)] * 2)
        self.assertEqual(self.worker.value(self.start("agot", 1)), 5)

    def test_blocking_the_loop(self):
        batch = self.start("blocking", 1)
        asked = self.worker.operation(ACQUIRE)
        self.assertEqual((asked.batch, asked.part), (batch, 0))
        other = self.start("alocked", 2)  # is read by the one that waits
        self.worker.ping()
        self.worker.answer(asked)
        self.worker.operation(RELEASE)
        self.worker.grant(ACQUIRE)
        self.worker.operation(RELEASE)
        self.assertEqual([self.worker.value(batch), self.worker.value(other)], [[1, None], 2])

    def test_in_a_thread(self):
        batch = self.start("in_thread", 1)
        asked = self.worker.operation(ACQUIRE)
        self.worker.answer(asked)
        self.worker.operation(RELEASE)
        self.assertEqual(self.worker.value(batch), [1, None])


class Broken(Case):
    def test_an_answer_to_nothing(self):
        self.worker.send(b"O", OUTCOME.pack(77, OK, 0, 0))
        self.assertEqual(self.worker.process.wait(base.LIMIT), 70)
        self.assertIn("ticket 77", self.worker.printed())


setUpModule = base.setUpModule

if __name__ == "__main__":
    unittest.main()
