"""Tests of the package outpace where no executor is: threads and asyncio tasks of this process share.

    python3 -m unittest -v test_local

Nothing sleeps: that a thread waits is seen by its place in a line.
"""

import asyncio
import queue
import threading
import time
import unittest

import outpace

LIMIT = 30  # seconds that anything may take


class Case(unittest.TestCase):
    """Objects with names of the test's own, and threads that are gone at its end."""

    def name(self, more=""):
        return self.id() + more

    def go(self, fn, *args):
        """fn(*args) in a thread; its result by .result()."""
        call = Call(fn, args)
        self.addCleanup(call.join, LIMIT)
        call.start()
        return call

    def lined_up(self, n, kind=0, attribute="line"):
        """Waits until n wait for this test's object."""
        agent, until = outpace._agent, time.monotonic() + LIMIT
        while time.monotonic() < until:
            with agent.lock:
                if any(key[2] == self.name() and len(getattr(found, attribute, ())) == n for key, found in agent.objects.items()):
                    return
        self.fail("nobody waits")


class Call(threading.Thread):
    def __init__(self, fn, args):
        super().__init__(daemon=True)
        self.fn, self.args, self.value, self.error = fn, args, None, None

    def run(self):
        try:
            self.value = self.fn(*self.args)
        except BaseException as error:
            self.error = error

    def result(self):
        self.join(LIMIT)
        if self.error is not None:
            raise self.error
        return self.value


class Locks(Case):
    def test_threads_exclude_one_another(self):
        lock, state = outpace.lock(self.name()), [0]

        def increase():
            for _ in range(500):
                with lock as abandoned:
                    state[0] = state[0] + 1 if abandoned is None else -1

        for call in [self.go(increase) for _ in range(4)]:
            call.result()
        self.assertEqual(state, [2000])

    def test_first_come_first_served(self):
        lock, order = outpace.lock(self.name()), []

        def enter(x):
            with lock:
                order.append(x)

        lock.acquire()
        calls = []
        for x in range(3):
            calls.append(self.go(enter, x))
            self.lined_up(x + 1)
        self.assertFalse(self.go(lock.acquire, 0.001).result())
        self.assertFalse(self.go(lock.try_acquire).result())
        lock.release()
        for call in calls:
            call.result()
        self.assertEqual(order, [0, 1, 2])

    def test_misuse(self):
        lock = outpace.lock(self.name())
        with self.assertRaisesRegex(outpace.Misuse, "not held"):
            lock.release()
        with lock:
            with self.assertRaisesRegex(outpace.Misuse, "not re-entrant"):
                lock.acquire()
            with self.assertRaisesRegex(RuntimeError, "not held"):
                self.go(lock.release).result()
        for name, error in ((5, TypeError), ("", ValueError), ("x" * 1025, ValueError)):
            self.assertRaises(error, outpace.lock, name)
        self.assertRaises(ValueError, lock.acquire, -1)

    def test_tasks(self):
        lock, state = outpace.lock(self.name()), [0]

        async def increase():
            for _ in range(50):
                async with lock:
                    before = state[0]
                    await asyncio.sleep(0)
                    state[0] = before + 1

        async def main():
            await asyncio.gather(*[increase() for _ in range(8)])
            async with lock:
                with self.assertRaises(outpace.Misuse):
                    await lock.acquire_async()
                self.assertFalse(await asyncio.create_task(lock.acquire_async(timeout=0.001)))
                waiting = asyncio.create_task(lock.acquire_async())
                await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
            self.assertTrue(lock.try_acquire())  # the cancelled one is not in the line
            lock.release()
            await asyncio.create_task(lock.acquire_async())  # as wait_for does before 3.12
            lock.release()

        asyncio.run(main())
        self.assertEqual(state, [400])

    def test_cancelled_as_it_was_granted(self):
        lock = outpace.lock(self.name())

        async def main():
            await lock.acquire_async()
            waiting = asyncio.create_task(lock.acquire_async())
            await asyncio.sleep(0)
            lock.release()  # the task has it, and does not know
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            self.assertTrue(await lock.acquire_async(timeout=0))

        asyncio.run(main())

    def test_semaphore(self):
        semaphore = outpace.semaphore(self.name(), 3)
        self.assertTrue(semaphore.acquire(2))
        call = self.go(semaphore.acquire, 2)
        self.lined_up(1)
        self.assertFalse(semaphore.try_acquire())  # behind the one that waits
        semaphore.release()
        self.assertTrue(call.result())
        with self.assertRaises(outpace.Misuse):
            semaphore.release(2)
        for wrong in (lambda: outpace.semaphore(self.name(), 4).acquire(), lambda: semaphore.acquire(4)):
            self.assertRaises(outpace.Misuse, wrong)
        self.assertRaises(ValueError, semaphore.acquire, 0)
        self.assertRaises(TypeError, semaphore.acquire, 1.5)


class CountersAndValues(Case):
    def test_counter(self):
        counter = outpace.counter(self.name())
        for call in [self.go(lambda: [counter.add("a") for _ in range(500)]) for _ in range(4)]:
            call.result()
        self.assertIsNone(counter.add("b", -3))
        self.assertEqual(counter.add("b", 1, wait=True), -2)
        self.assertEqual((counter.get("a"), counter.get("c"), counter.snapshot()), (2000, 0, {"a": 2000, "b": -2}))
        self.assertRaisesRegex(TypeError, r"str\(key\)", counter.add, 5)
        self.assertRaises(TypeError, counter.add, "a", 0.5)
        self.assertRaises(OverflowError, counter.add, "a", 1 << 63)

    def test_value(self):
        value = outpace.value(self.name(), {"n": [0]})
        value.get()["n"].append(1)
        self.assertEqual(value.get(), {"n": [0]})
        self.assertFalse(value.compare_and_set({"n": [1]}, 0))
        self.assertTrue(value.compare_and_set({"n": [0]}, 1))
        self.assertFalse(value.compare_and_set(True, 0))
        for call in [self.go(lambda: [value.update(lambda n: n + 1) for _ in range(200)]) for _ in range(4)]:
            call.result()
        self.assertEqual(value.get(), 801)
        value.set(None)
        self.assertIsNone(value.get())
        for wrong in ({1}, float("nan"), b"x"):
            self.assertRaises((TypeError, ValueError), value.set, wrong)
        self.assertTrue(outpace.value(self.name("2"), "first").compare_and_set("first", 2))

    def test_in_coroutines(self):
        async def main():
            value, counter = outpace.value(self.name("v"), 1), outpace.counter(self.name("c"))
            self.assertEqual(await value.update_async(lambda n: n + 1), 2)
            self.assertTrue(await value.compare_and_set_async(2, 3))
            await value.set_async(4)
            self.assertEqual(await value.get_async(), 4)
            self.assertEqual((await counter.add_async("k", 2), await counter.get_async("k"), await counter.snapshot_async()), (2, 2, {"k": 2}))

        asyncio.run(main())


class Queues(Case):
    def test_producers_and_consumers(self):
        rows = outpace.queue(self.name(), 3)
        self.assertTrue(rows)
        consumers = [self.go(lambda: [x for x in rows]) for _ in range(2)]
        for call in [self.go(lambda: rows.put_many(range(300))), self.go(lambda: [rows.put(x) for x in range(300, 600)])]:
            call.result()
        rows.close()
        rows.close()
        self.assertEqual(sorted(x for call in consumers for x in call.result()), list(range(600)))
        self.assertRaises(outpace.Closed, rows.put, 1)
        self.assertRaises(outpace.Closed, rows.get)

    def test_limits_of_time(self):
        rows = outpace.queue(self.name(), 1)
        self.assertRaises(queue.Empty, rows.get, 0.001)
        self.assertRaises(outpace.Empty, rows.get, 0)
        rows.put([1])
        self.assertRaises(outpace.Full, rows.put, 2, 0.001)
        self.assertEqual((len(rows), rows.get(), len(rows)), (1, [1], 0))
        self.assertRaises(TypeError, rows.put, {1})
        self.assertRaises(outpace.Misuse, outpace.queue(self.name(), 2).put, 1)

    def test_closed_while_others_wait(self):
        rows = outpace.queue(self.name(), 1)
        rows.put(1)
        call = self.go(rows.put, 2)
        self.lined_up(1, attribute="putters")
        rows.close()
        self.assertRaises(outpace.Closed, call.result)
        self.assertEqual(rows.get_many(5), [1])
        empty = outpace.queue(self.name("2"), 1)
        call = self.go(empty.get_many, 2)
        empty.close()
        self.assertRaises(outpace.Closed, call.result)

    def test_tasks(self):
        async def main():
            rows = outpace.queue(self.name(), 2)

            async def produce():
                await rows.put_many_async(range(5))
                await rows.put_async(5)
                await rows.close_async()

            task = asyncio.create_task(produce())
            self.assertEqual([x async for x in rows], list(range(6)))
            await task
            with self.assertRaises(outpace.Closed):
                await rows.get_async()

        asyncio.run(main())

    def test_cancelled_as_an_item_came(self):
        async def main():
            rows = outpace.queue(self.name(), 2)
            waiting = asyncio.create_task(rows.get_many_async(2))
            await asyncio.sleep(0)
            rows.put(1)  # the task has it, and does not know
            rows.put(2)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            self.assertEqual(await rows.get_many_async(5), [1, 2])

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
