"""Tests of outpace_worker.py: a small supervisor drives the real worker over real pipes.

    python3 -m unittest -v python/worker/test_outpace_worker.py

Run it under each CPython that is to be supported. To wait means to read frames or lines;
nothing sleeps. Every item of every batch is checked to be answered exactly once.
"""

# Long because: it tests one long file, with one small client of the protocol.

import contextlib
import hashlib
import json
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = 60  # seconds that anything may take
EVERY = 0xFFFFFFFF
NOT_MEASURED = (1 << 64) - 1
SECOND = 10**9

with open(os.path.join(HERE, "outpace_worker.py"), encoding="ascii") as file:
    SOURCE = file.read()
with open(os.path.join(HERE, "boot.py"), encoding="ascii") as file:
    BOOT = file.read()
PACKAGE = []
for name in "__init__.py", "_remote.py":
    with open(os.path.join(HERE, "outpace", name), encoding="ascii") as file:
        PACKAGE.append(file.read())

# As worker.go has it.
START = 'import os, sys; getattr(os, "set_blocking", max)(3, True); program = os.fdopen(os.dup(3), "rb"); exec(program.read(int(sys.argv[1])))'
CACHE = tempfile.TemporaryDirectory()


def tearDownModule():
    CACHE.cleanup()


def setUpModule():
    while os.open(os.devnull, os.O_RDONLY) < 9:
        pass  # 3 and 4 must be in use: the child puts its pipes there
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)


class Ended(Exception):
    """The worker closed its channel."""


class Client:
    """A supervisor of one worker."""

    def __init__(self, directory, python=sys.executable, source=SOURCE, as_file=None, blocking=True):
        to_worker, self.out = os.pipe()
        self.inp, from_worker = os.pipe()
        os.set_blocking(to_worker, blocking)
        os.set_blocking(from_worker, blocking)

        def place():
            os.dup2(to_worker, 3)
            os.dup2(from_worker, 4)

        self.log = tempfile.TemporaryFile("w+b")
        sources = [source, *PACKAGE]
        key = hashlib.sha256("".join(sources).encode()).hexdigest()[:32]
        boot = [str(len(BOOT)), ",".join(str(len(each)) for each in sources), key, CACHE.name]
        self.process = subprocess.Popen(
            [python] + ([as_file] if as_file else ["-c", START] + boot), stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, pass_fds=(3, 4), preexec_fn=place, cwd=directory, start_new_session=True,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        os.close(to_worker)
        os.close(from_worker)
        if not as_file:
            self.send_raw((BOOT + "".join(sources)).encode())
        self.buffer = b""
        self.kept = []  # frames read while waiting for others
        self.number = 0
        self.sizes = {}  # batch -> n
        kind, body = self.frame()
        assert kind == b"h", kind
        self.hello = json.loads(body)

    def close(self):
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for fd in (self.inp, self.out):
            with contextlib.suppress(OSError):
                os.close(fd)
        self.log.close()

    def printed(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()  # the worker's offset is ours: no seek

    # Frames out.

    def send(self, kind, body=b""):
        self.send_raw(struct.pack("<Ic", 1 + len(body), kind) + body)

    def send_raw(self, data):
        data = memoryview(data)
        while data:
            data = data[os.write(self.out, data):]

    def configure(self, mode="serial", slots=1):
        self.send(b"C", json.dumps({"worker": 1, "slots": slots, "mode": mode}).encode())

    def define(self, target, func=1, star=False, init=False, **kwargs):
        self.send_define(target, func, star, init, **kwargs)
        return self.defined(func)

    def send_define(self, target, func=1, star=False, init=False, **kwargs):
        spec = {"func": func, "target": target, "star": star, "kwargs": kwargs}
        self.send(b"D", json.dumps(dict(spec, init=True) if init else spec).encode())

    def defined(self, func=1):
        answer = json.loads(self.wait_for(b"d"))
        assert answer["func"] == func and answer["seconds"] >= 0, answer
        return answer

    def batch(self, inputs, func=1, walls=False, lease=0.0, text=None, n=None, packed=False, texts=False):
        self.number += 1
        n = len(inputs) if n is None else n
        self.sizes[self.number] = n
        if packed and text is None:
            text = struct.pack("<%dq" % n, *inputs)
        if texts and text is None:
            text = pack_texts(inputs)
        text = json.dumps(inputs).encode() if text is None else text
        self.send(b"B", struct.pack("<IIIBQ", self.number, func, n, walls | packed << 1 | texts << 2, int(lease * SECOND)) + text)
        return self.number

    def cancel(self, batch, index=EVERY):
        self.send(b"X", struct.pack("<II", batch, index))

    # Frames in.

    def fill(self):
        if not select.select([self.inp], [], [], LIMIT)[0]:
            raise AssertionError("the worker says nothing; it printed:\n" + self.printed())
        data = os.read(self.inp, 1 << 20)
        if not data:
            raise Ended(self.printed())
        self.buffer += data

    def frame(self):
        while len(self.buffer) < 4 or len(self.buffer) < 4 + int.from_bytes(self.buffer[:4], "little"):
            self.fill()
        size = int.from_bytes(self.buffer[:4], "little")
        kind, body = self.buffer[4:5], self.buffer[5:4 + size]
        self.buffer = self.buffer[4 + size:]
        return kind, body

    def wait_for(self, kind):
        """The body of the next frame of a kind; frames of others are kept."""
        for at, (k, body) in enumerate(self.kept):
            if k == kind:
                del self.kept[at]
                return body
        while True:
            k, body = self.frame()
            if k == kind:
                return body
            self.kept.append((k, body))

    def answers(self, *batches):
        """Reads until all items of the batches are answered. Returns a list of Answers."""
        all = {b: Answers(self.sizes[b]) for b in batches}
        later = []
        while not all_done(all.values()):
            kind, body = self.kept.pop(0) if self.kept else self.frame()
            batch = int.from_bytes(body[:4], "little")
            if kind in (b"r", b"f", b"b", b"s") and batch in all:
                all[batch].add(kind, body)
            else:
                later.append((kind, body))
        self.kept += later
        return [all[b] for b in batches]

    def call(self, inputs, **options):
        return self.answers(self.batch(inputs, **options))[0]

    def quit(self):
        """Asks the worker to end, and returns its exit code."""
        self.send(b"Q")
        return self.process.wait(LIMIT)

    def ping(self, body=b"?"):
        self.send(b"P", body)
        return self.wait_for(b"p")


def pack_texts(texts):
    encoded = [text.encode() for text in texts]
    return struct.pack("<%dI" % len(encoded), *map(len, encoded)) + b"".join(encoded)


def unpack(n, form, body):
    """The values of a results frame."""
    if form == 2:
        return struct.unpack("<%dq" % n, body)
    if form == 0:
        return json.loads(body)
    assert form == 4, form
    values, at = [], 4 * n
    for size in struct.unpack_from("<%dI" % n, body):
        values.append(body[at:at + size].decode())
        at += size
    assert at == len(body), (at, len(body))
    return values


def all_done(answers):
    return all(None not in a.items for a in answers)


class Answers:
    """What was said of a batch: items[i] is ("r", value), ("f", error) or ("b", why)."""

    def __init__(self, n):
        self.items, self.walls, self.cpus, self.frames, self.running = [None] * n, [None] * n, [], [], []

    def add(self, kind, body):
        self.frames.append(kind)
        if kind == b"r":
            _, first, n, flags, wall, cpu = struct.unpack_from("<IIIBQQ", body)
            at = struct.calcsize("<IIIBQQ")
            if flags & 1:
                self.walls[first:first + n] = struct.unpack_from("<%dQ" % n, body, at)
                at += 8 * n
            values = unpack(n, flags & ~1, body[at:])
            assert len(values) == n and wall < 1000 * SECOND, (len(values), n, wall)
            self.cpus.append((n, cpu, wall))
            for i, value in enumerate(values):
                self.put(first + i, ("r", value))
        elif kind == b"f":
            _, index, wall, cpu = struct.unpack_from("<IIQQ", body)
            assert wall < 1000 * SECOND, wall
            self.put(index, ("f", json.loads(body[24:])))
        elif kind == b"b":
            _, first, n, why = struct.unpack("<IIIB", body)
            for i in range(n):
                self.put(first + i, ("b", why))
        else:
            _, index, wall = struct.unpack("<IIQ", body)
            assert wall < 1000 * SECOND, wall
            self.running.append((index, wall))

    def put(self, index, answer):
        assert self.items[index] is None, "item %d is answered twice: %r %r" % (index, self.items[index], answer)
        self.items[index] = answer

    def values(self):
        assert all(kind == "r" for kind, _ in self.items), self.items
        return [value for _, value in self.items]

    def error(self, index=0):
        kind, error = self.items[index]
        assert kind == "f", self.items[index]
        return error


class WorkerCase(unittest.TestCase):
    """Files in a directory of their own, and workers that are gone at the end of the test."""

    def setUp(self):
        self.directory = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def client(self, **options):
        client = Client(self.directory, **options)
        self.addCleanup(client.close)
        return client

    def ready(self, text, name="f", mode="serial", slots=1, star=False, kwargs=None, **options):
        """A worker with the function of that name in fn.py as function 1."""
        self.write("fn.py", text)
        client = self.client(**options)
        client.configure(mode, slots)
        answer = client.define("fn.py:" + name, star=star, **(kwargs or {}))
        self.assertNotIn("error", answer)
        return client

    def fifo(self):
        """A pipe's name; who opens it for reading waits until the test opens it for writing."""
        path = os.path.join(self.directory, "fifo%d" % len(os.listdir(self.directory)))
        os.mkfifo(path)
        return path


# A function that waits for a line from the test: how tests hold an item without sleeping.
HOLD = """
    def hold(path):
        if path == "":
            return 0
        with open(path) as file:
            return file.read()
"""


def release(path, text="go"):
    with open(path, "w") as file:
        file.write(text)


class Starting(WorkerCase):
    def test_hello(self):
        hello = self.client().hello
        self.assertEqual(hello["version"], 1)
        self.assertEqual(hello["language"], "python")
        self.assertEqual(hello["runtime"], "%d.%d.%d" % sys.version_info[:3])
        self.assertEqual(os.path.realpath(hello["executable"]), os.path.realpath(sys.executable))
        self.assertIsInstance(hello["gil"], bool)

    def test_as_a_file(self):
        self.write("fn.py", "def f(x): return x + 1")
        client = self.client(as_file=os.path.join(HERE, "outpace_worker.py"))
        client.configure()
        client.define("fn.py:f")
        self.assertEqual(client.call([1]).values(), [2])

    def test_too_old(self):
        source = SOURCE.replace("= (3, 9)\n", "= (99, 0)\n")
        client = self.client(source=source)
        self.assertEqual(client.hello["runtime"], "%d.%d.%d" % sys.version_info[:3])
        self.assertEqual(client.process.wait(LIMIT), 69)
        self.assertIn("is too old", client.printed())

    def test_what_is_imported_at_the_start(self):
        self.write("fn.py", "import sys\ndef f(x): return [x, sorted(set(x) & set(sys.modules))]")
        client = self.client()
        client.configure()
        client.define("fn.py:f")
        anyway = subprocess.run([sys.executable, "-c", "import sys; print(*sys.modules)"], stdout=subprocess.PIPE).stdout.decode().split()
        slow = {"asyncio", "collections", "functools", "importlib", "json", "re", "threading", "traceback"}.difference(anyway)
        self.assertEqual(client.call([list(slow)]).values(), [[list(slow), []]])

    def test_another_encoder_of_json(self):
        source = SOURCE.replace("False, False, False  # indent", "False, False  # indent")
        self.assertNotEqual(source, SOURCE)
        self.write("fn.py", "import sys\ndef f(x): return [x, 'json' in sys.modules]")
        client = self.client(source=source)
        client.configure()
        client.define("fn.py:f")
        self.assertEqual(client.call([1, "\u20ac", {"a": [1.5, None]}]).values(), [[1, True], ["\u20ac", True], [{"a": [1.5, None]}, True]])

    def test_no_descriptors(self):
        done = subprocess.run([sys.executable, "-c", SOURCE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 70)
        self.assertIn(b"descriptors 3 and 4", done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)

    def test_files_of_the_working_directory_do_not_shadow_the_standard_library(self):
        for name in "json", "struct", "threading", "inspect", "asyncio", "queue", "traceback", "difflib", "re":
            self.write(name + ".py", "raise SystemExit('shadowed')")
        self.write("own/fn.py", "async def f(x): return x")
        for mode in "serial", "threads", "loop":
            client = self.client()
            client.configure(mode)
            self.assertIn("notfound", str(client.define("own/fn.py:g")))
            self.assertTrue(client.define("own/fn.py:f")["coroutine"])
            self.assertEqual(client.call([1]).values(), [1])

    def test_non_blocking_pipes(self):
        self.write("fn.py", "def f(x): return x * 200000")
        client = self.client(blocking=False)
        client.configure()
        client.define("fn.py:f")
        self.assertEqual(client.call(["a", "b"]).values(), ["a" * 200000, "b" * 200000])


class Protocol(WorkerCase):
    def test_ping(self):
        client = self.client()
        self.assertEqual(client.ping(b""), b"")
        self.assertEqual(client.ping(b"hello"), b"hello")

    def test_frames_in_pieces(self):
        client = self.client()
        frame = struct.pack("<Ic", 4, b"P") + b"abc"
        for i in range(len(frame)):
            client.send_raw(frame[i:i + 1])
        self.assertEqual(client.wait_for(b"p"), b"abc")

    def test_many_frames_in_one_write(self):
        client = self.ready("def f(x): return x")
        client.send_raw(b"".join(struct.pack("<Ic", 2, b"P") + bytes([i]) for i in range(100)))
        self.assertEqual([client.wait_for(b"p")[0] for _ in range(100)], list(range(100)))

    def test_large_frames(self):
        client = self.ready("def f(x): return x")
        for inputs in ["x" * 5_000_000], list(range(300_000)):
            self.assertEqual(client.call(inputs).values(), inputs)

    def test_broken_frames(self):
        batch = struct.pack("<IIIBQ", 1, 1, 2, 0, 0)
        for name, kind, body in (("unknown kind", b"Z", b""), ("short batch", b"B", b"xx"), ("short cancel", b"X", b"x"),
                                 ("no JSON", b"D", b"{"), ("no object", b"D", b"[1]"), ("no target", b"D", b'{"func":1}'),
                                 ("bad mode", b"C", b'{"mode":"x","slots":1}'), ("no slots", b"C", b'{"mode":"loop","slots":0}'),
                                 ("not configured", b"B", batch + b"[1,2]")):
            with self.subTest(name):
                client = self.client()
                client.send(kind, body)
                self.assert_broken(client)

    def test_broken_batches(self):
        for name, header, text in (("count", (1, 1, 3, 0, 0), b"[1,2]"), ("empty", (1, 1, 0, 0, 0), b"[]"),
                                   ("packed", (1, 1, 2, 2, 0), b"12345678"), ("flags", (1, 1, 1, 8, 0), b"[1]"),
                                   ("both flags", (1, 1, 1, 6, 0), b"\0" * 8), ("no lengths", (1, 1, 2, 4, 0), b"\0" * 7),
                                   ("short texts", (1, 1, 2, 4, 0), b"\1\0\0\0\2\0\0\0xx"),
                                   ("long texts", (1, 1, 1, 4, 0), b"\1\0\0\0xx"), ("no UTF-8", (1, 1, 1, 4, 0), b"\1\0\0\0\xff"),
                                   ("text", (1, 1, 1, 0, 0), b"[1"), ("no array", (1, 1, 1, 0, 0), b"{}"),
                                   ("function", (1, 9, 1, 0, 0), b"[1]")):
            with self.subTest(name):
                client = self.ready("def f(x): return x")
                client.send(b"B", struct.pack("<IIIBQ", *header) + text)
                self.assert_broken(client)

    def test_bad_lengths(self):
        for size in 0, (1 << 30) + 1:
            client = self.client()
            client.send_raw(struct.pack("<Ic", size, b"P"))
            self.assert_broken(client)

    def assert_broken(self, client):
        with self.assertRaises(Ended):
            client.frame()
        self.assertEqual(client.process.wait(LIMIT), 70)
        self.assertEqual(len(client.printed().splitlines()), 1, client.printed())
        self.assertTrue(client.printed().startswith("outpace worker: "), client.printed())

    def test_batch_after_quit(self):
        path = self.fifo()
        client = self.ready(HOLD, "hold")
        client.batch([path])
        client.send(b"Q")
        client.batch([""])
        self.assert_broken(client)

    def test_unknown_cancel_is_ignored(self):
        client = self.ready("def f(x): return x")
        client.cancel(77)
        self.assertEqual(client.call([1]).values(), [1])


class Defining(WorkerCase):
    def error(self, target, cause):
        client = self.client()
        answer = client.define(target)
        self.assertIn("error", answer, target)
        self.assertEqual(answer["error"]["cause"], cause, answer)
        return answer["error"]

    def test_files(self):
        self.write("sub/fn.py", """
            import sys, helper
            class C:
                @staticmethod
                def m(x): return x * 2
            def where(x): return [__name__, __file__, sys.path[0], sys.argv, helper.N, sys.modules[__name__].where is where]
            if __name__ == "__main__":
                raise SystemExit("guard ignored")
        """)
        self.write("sub/helper.py", "N = 5")
        client = self.client()
        client.configure()
        client.define("sub/fn.py:where", 1)
        client.define(os.path.join(self.directory, "sub/fn.py") + ":C.m", 2)
        path = os.path.join(self.directory, "sub/fn.py")
        self.assertEqual(client.call([0]).values(), [["fn", path, os.path.dirname(path), [path], 5, True]])
        self.assertEqual(client.call([4], func=2).values(), [8])

    def test_modules(self):
        self.write("pkg/__init__.py", "")
        self.write("pkg/mod.py", "from . import other\ndef f(x): return other.N + x")
        self.write("pkg/other.py", "N = 1")
        client = self.client()
        client.configure()
        for func, target in enumerate(("pkg.mod:f", "math:sqrt", "os.path:basename")):
            self.assertNotIn("error", client.define(target, func))
        self.assertEqual(client.call([1], func=0).values(), [2])
        self.assertEqual(client.call([16], func=1).values(), [4.0])
        self.assertEqual(client.call(["/a/b"], func=2).values(), ["b"])

    def test_the_same_file_is_imported_once(self):
        self.write("fn.py", "import other\nN = []\ndef f(x): N.append(x); return len(N)\ndef g(x): return f(x)")
        self.write("other.py", "def h(x): return __name__")
        client = self.client()
        client.configure()
        for func, target in enumerate(("fn.py:f", "fn.py:g", "./fn.py:f", "other.py:h")):
            client.define(target, func)
        self.assertEqual([client.call([0], func=i).values()[0] for i in range(4)], [1, 2, 3, "other"])

    def test_names_of_the_standard_library(self):
        for name in "random", "heapq", "ast", "dis", "selectors", "json", "types", "my-script", "a.b", "__main__", "test", "threading":
            with self.subTest(name):
                self.write("d/%s.py" % name, "def f(x): return [x, __name__]")
                client = self.client()
                client.configure("threads", 2)
                client.define("d/%s.py:f" % name)
                value, module = client.call([[1, {"a": None}]]).values()[0]
                self.assertEqual(value, [1, {"a": None}])
                self.assertNotEqual(module, "__main__")

    def test_not_found(self):
        self.write("fib.py", "def fib(n): return n\ndef square(n): return n\n_x = 1")
        error = self.error("fib.py:fibb", "notfound")
        self.assertIn("fibb", error["message"])
        self.assertEqual(error["hint"], "did you mean fib? it has fib, square")
        self.assertIn("fib.py", self.error("fibb.py:fib", "notfound")["hint"])
        self.assertIn("no directory", self.error("nowhere/fib.py:fib", "notfound")["hint"])
        self.assertIn(self.directory, self.error("no_such_module:f", "notfound")["hint"])
        self.error("json.nothing:f", "notfound")
        for target in "fib", "fib.py", ":f", "fib.py:", "":
            self.assertIn("name:", self.error(target, "notfound")["hint"].replace("py:name", "name:"))
        self.error("fib.py:fib.x.y", "notfound")

    def test_not_callable(self):
        self.write("fn.py", """
            x = 1
            def gen(n): yield n
            async def agen(n): yield n
            class G:
                def __call__(self, n): yield n
            g = G()
        """)
        self.error("fn.py:x", "notcallable")
        for name in "gen", "agen", "g":
            self.assertIn("list", self.error("fn.py:" + name, "notcallable")["hint"])

    def test_import_errors(self):
        self.write("div.py", "def inner():\n    return 1 / 0\ninner()")
        error = self.error("div.py:f", "import")
        self.assertEqual((error["type"], error["message"]), ("ZeroDivisionError", "division by zero"))
        self.assertIn("in inner", error["traceback"])
        self.assertNotIn("importlib", error["traceback"])
        self.assertEqual(error["traceback"], self.error("div:f", "import")["traceback"])
        self.write("syntax.py", "def f(:\n")
        self.assertIn("line 1", self.error("syntax.py:f", "import")["traceback"])
        self.write("leaves.py", "import sys; sys.exit(3)")
        self.assertEqual(self.error("leaves.py:f", "import")["type"], "SystemExit")
        self.write("interrupted.py", "raise KeyboardInterrupt")
        self.assertEqual(self.error("interrupted.py:f", "import")["type"], "KeyboardInterrupt")
        self.write("needs.py", "import surely_not_installed")
        for target in "needs.py:f", "needs:f":
            self.assertIn("is surely_not_installed installed", self.error(target, "import")["hint"])
        self.write("relative.py", "from . import x")
        self.assertIn("package.module", self.error("relative.py:f", "import")["hint"])

    def test_a_worker_survives_a_failed_define(self):
        self.write("fn.py", "def f(x): return x")
        client = self.client()
        client.configure()
        self.assertIn("error", client.define("fn.py:g", 1))
        self.assertIn("error", client.define("absent.py:g", 1))
        self.assertNotIn("error", client.define("fn.py:f", 1))
        self.assertEqual(client.call([3]).values(), [3])

    def test_coroutine(self):
        self.write("fn.py", """
            import functools
            async def a(x): return x
            def b(x): return x
            class C:
                async def __call__(self, x): return x
                async def m(self, x): return x
            c = C(); m = c.m; p = functools.partial(a)
        """)
        client = self.client()
        for func, (name, expected) in enumerate((("a", True), ("b", False), ("c", True), ("m", True), ("p", True), ("C", False))):
            self.assertIs(client.define("fn.py:" + name, func)["coroutine"], expected, name)

    def test_star_and_kwargs(self):
        self.write("fn.py", "def f(a, b=0, **more): return [a, b, more]")
        client = self.client()
        client.configure()
        client.define("fn.py:f", 1, star=True, k=1)
        client.define("fn.py:f", 2, b=7)
        answers = client.call([[1], [1, 2], {"a": 3}, {"a": 1, "k": 2}, 5, [], "ab"])
        self.assertEqual([v for _, v in answers.items[:3]], [[1, 0, {"k": 1}], [1, 2, {"k": 1}], [3, 0, {"k": 1}]])
        self.assertEqual([answers.error(i)["cause"] for i in (3, 4, 5, 6)], ["exception", "decoding", "exception", "decoding"])
        self.assertIn("multiple values", answers.error(3)["message"])
        self.assertIn("list", answers.error(4)["hint"])
        self.assertEqual(answers.error(4)["traceback"], "")
        self.assertEqual(client.call([[1]], func=2).values(), [[[1], 7, {}]])


class Init(WorkerCase):
    MODES = (("serial", 1), ("threads", 2), ("loop", 9))

    def test_is_called_once_with_its_arguments(self):
        self.write("fn.py", "calls = []\ndef start(*args, **kwargs): calls.append([args, kwargs])\ndef f(x): return calls")
        for mode, slots in self.MODES:
            client = self.client()
            client.configure(mode, slots)
            self.assertEqual(set(client.define("fn.py:start", 1, init=True, n=5)), {"func", "coroutine", "seconds"})
            client.define("fn.py:f", 2)
            self.assertEqual(client.call([0, 0], func=2).values(), [[[[], {"n": 5}]]] * 2)

    def test_errors(self):
        self.write("fn.py", """
            import sys
            def fails(): raise ConnectionResetError("no connection")
            async def fails_later(): fails()
            def leaves(): sys.exit(3)
            async def leaves_later(): leaves()
            def needs(a): pass
            def gen(): yield
            def f(x): return x
        """)
        for mode, slots in self.MODES:
            client = self.client()
            client.configure(mode, slots)
            for func, (name, kind, cause) in enumerate((
                    ("fails", "ConnectionResetError", "init"), ("fails_later", "ConnectionResetError", "init"),
                    ("leaves", "SystemExit", "init"), ("leaves_later", "SystemExit", "init"),
                    ("needs", "TypeError", "init"), ("gen", "TypeError", "notcallable"), ("absent", "AttributeError", "notfound"))):
                error = client.define("fn.py:" + name, func, init=True)["error"]
                self.assertEqual((error["type"], error["cause"]), (kind, cause), error)
                if name in ("fails", "fails_later"):
                    self.assertEqual(error["bases"], ["ConnectionError", "OSError", "Exception"])
                    files = {line.split('"')[1] for line in error["traceback"].splitlines() if line.startswith("  File")}
                    self.assertEqual(files, {os.path.join(self.directory, "fn.py")})
                if kind == "SystemExit":
                    self.assertIn("ordinary exception", error["hint"])
            client.define("fn.py:f")
            self.assertEqual(client.call([1]).values(), [1])

    def test_seconds_cover_the_call(self):
        self.write("fn.py", "import threading\ndef start(): threading.Event().wait(0.05)")
        self.assertGreater(self.client().define("fn.py:start", init=True)["seconds"], 0.04)

    def test_what_it_opens_can_be_used(self):
        self.write("fn.py", """
            import asyncio
            async def start():
                global loop, ticks, task
                loop, ticks = asyncio.get_running_loop(), asyncio.Queue()
                task = loop.create_task(tick())
            async def tick():
                while True:
                    await ticks.put(1)
                    await asyncio.sleep(0)
            async def f(x):
                if loop is not asyncio.get_running_loop(): return "another loop"
                return await ticks.get()
            def undeclared(): return start()
        """)
        for mode, slots in self.MODES:
            for name in "start", "undeclared":
                for init_first in False, True:
                    client = self.client()
                    if not init_first:
                        client.configure(mode, slots)
                    self.assertNotIn("error", client.define("fn.py:" + name, 1, init=True))
                    if init_first:
                        client.configure(mode, slots)
                    client.define("fn.py:f", 2)
                    self.assertEqual(client.call([0], func=2).values(), ["another loop" if mode == "threads" else 1])
                    self.assertEqual(client.quit(), 0)

    def test_what_comes_behind_it_waits(self):
        self.write("fn.py", """
            import asyncio
            done = False
            def start(path):
                global done
                open(path).read()
                done = True
            async def start_later(path):
                await asyncio.get_running_loop().run_in_executor(None, start, path)
            def f(x): return done
            def g(x): return done
        """)
        for mode, slots in self.MODES:
            for name in "start", "start_later":
                client = self.client()
                client.configure(mode, slots)
                client.define("fn.py:f", 1)
                self.assertEqual(client.call([0]).values(), [False])
                path = self.fifo()
                client.send_define("fn.py:" + name, 2, init=True, path=path)
                with open(path, "w"):  # waits until it runs
                    batches = [client.batch([0, 0], func=1), client.batch([0], func=1)]
                    client.send_define("fn.py:g", 3)
                    batches.append(client.batch([0], func=3))
                    client.ping()  # is answered meanwhile
                self.assertNotIn("error", client.defined(2))
                self.assertNotIn("error", client.defined(3))
                self.assertEqual([a.values() for a in client.answers(*batches)], [[True, True], [True], [True]])

    def test_is_no_function_for_batches(self):
        self.write("fn.py", "def start(x=0): return x")
        client = self.client()
        client.configure()
        client.define("fn.py:start", 1, init=True)
        client.batch([1])
        self.assertEqual(client.process.wait(LIMIT), 70)
        self.assertIn("function 1 is not defined", client.printed())

    def test_forks(self):
        self.write("fn.py", """
            import os, sys
            def start(how):
                if os.fork() == 0:
                    if how == "return": return
                    if how == "exit": sys.exit(3)
                    raise ValueError("in the child")
                os.wait()
            def f(x): return x
        """)
        self.write("module.py", "import os\nif os.fork():\n    os.wait()\ndef f(x): return x")
        for mode, slots in self.MODES:
            client = self.client()
            client.configure(mode, slots)
            for how in "return", "exit", "raise":
                self.assertNotIn("error", client.define("fn.py:start", 1, init=True, how=how))
            self.assertNotIn("error", client.define("module.py:f", 2))
            client.define("fn.py:f")
            self.assertEqual(client.call([1]).values(), [1])
            self.assertEqual(client.ping(), b"?")
            self.assertIn("ValueError: in the child", client.printed())


class Modes(WorkerCase):
    MODES = (("serial", 1), ("threads", 1), ("threads", 4), ("loop", 50))

    def each_mode(self, text, **options):
        for mode, slots in self.MODES:
            with self.subTest(mode, slots=slots):
                yield self.ready(text, mode=mode, slots=slots, **options)

    def test_values(self):
        inputs = [0, -5, 10**30, 1.5, 1e-320, 0.1, True, None, "", "a\u00e9\u20ac\U0001f600", [], {}, [1, [2]], {"a": {"b": []}}]
        for client in self.each_mode("def f(x): return x"):
            for walls in False, True:
                self.assertEqual(repr(client.call(inputs, walls=walls).values()), repr(inputs))

    def test_coroutines_and_functions(self):
        for client in self.each_mode("import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1"):
            self.assertEqual(client.call(list(range(50))).values(), list(range(1, 51)))

    def test_failures_stand_alone(self):
        text = """
            import sys
            class MyError(Exception): pass
            def f(x):
                if x == 1: raise ValueError("bad")
                if x == 2: raise MyError("own", 5)
                if x == 3: sys.exit(4)
                if x == 4: raise KeyboardInterrupt
                if x == 5: raise GeneratorExit
                if x == 6: return f(6)
                if x == 7: raise MemoryError
                if x == 8: return {1}
                return x
            async def g(x): return f(x)
        """
        for name in "f", "g":
            for client in self.each_mode(text, name=name):
                answers = client.call([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], walls=True)
                self.assertEqual([kind for kind, _ in answers.items], list("rffffffffrr"))
                errors = [answers.error(i) for i in range(1, 9)]
                self.assertEqual([e["type"] for e in errors], ["ValueError", "fn.MyError", "SystemExit", "KeyboardInterrupt",
                                                               "GeneratorExit", "RecursionError", "MemoryError", "TypeError"])
                self.assertEqual([e["cause"] for e in errors], ["exception"] * 2 + ["exit"] * 3 + ["exception"] * 2 + ["encoding"])
                self.assertEqual(errors[1]["message"], "('own', 5)")
                self.assertEqual(client.call([1, 0]).items[1], ("r", 0))

    def test_results_that_change_later(self):
        for client in self.each_mode("acc = []\ndef f(x):\n    acc.append(x)\n    return {'acc': acc}"):
            self.assertEqual(client.call([1, 2, 3]).values(), [{"acc": [1]}, {"acc": [1, 2]}, {"acc": [1, 2, 3]}])

    def test_slots_run_at_once(self):
        for mode in "threads", "loop":
            client = self.ready("""
                import asyncio, threading
                barrier = threading.Barrier(4)
                def f(x): return barrier.wait(60) >= 0
                arrived = []
                async def g(x):
                    arrived.append(x)
                    while len(arrived) < 4: await asyncio.sleep(0.001)
                    return True
            """, name="f" if mode == "threads" else "g", mode=mode, slots=4)
            batches = [client.batch([i]) for i in range(4)]
            self.assertEqual([a.values() for a in client.answers(*batches)], [[True]] * 4)

    def test_serial_is_the_main_thread(self):
        client = self.ready("import threading\ndef f(x): return threading.current_thread() is threading.main_thread()")
        self.assertEqual(client.call([1]).values(), [True])

    def test_asyncio_run_inside(self):
        for client in self.each_mode("import asyncio\nasync def g(x): return x\ndef f(x): return asyncio.run(g(x))"):
            answers = client.call([1, 2])
            if answers.items[0][0] == "f":
                self.assertEqual(answers.error()["type"], "RuntimeError")
            else:
                self.assertEqual(answers.values(), [1, 2])

    def test_defined_while_the_loop_runs(self):
        client = self.ready("async def f(x): return x", mode="loop", slots=4)
        self.assertEqual(client.call([1]).values(), [1])
        self.write("late.py", "import asyncio\nasync def g(): return 7\nN = asyncio.run(g())\nasync def h(x): return N")
        self.assertNotIn("error", client.define("late.py:h", 2))
        self.assertEqual(client.call([1], func=2).values(), [7])
        self.assertEqual(client.call([1, 2]).values(), [1, 2])

    def test_coroutine_not_declared(self):
        text = "async def g(x): return x\ndef f(x): return g(x)"
        for client in self.each_mode(text):
            answer = client.call([1])
            if answer.items[0][0] == "f":
                self.assertEqual(answer.error()["cause"], "encoding")
                self.assertIn("async def", answer.error()["hint"])
            else:
                self.assertEqual(answer.values(), [1])
            self.assertEqual(client.printed(), "")

    def test_exit_in_a_task_of_the_users(self):
        client = self.ready("""
            import asyncio
            async def leave(): raise SystemExit(3)
            async def f(x):
                task = asyncio.ensure_future(leave())
                await asyncio.sleep(0.01)
                return x
        """, mode="loop", slots=2)
        self.assertEqual(client.call([1]).values(), [1])
        self.assertEqual(client.call([2]).values(), [2])

    def test_cancelled_by_itself(self):
        client = self.ready("""
            import asyncio
            async def f(x):
                if x: asyncio.current_task().cancel()
                await asyncio.sleep(0)
                return x
        """, mode="loop", slots=2)
        answers = client.call([0, 1])
        self.assertEqual(answers.items[0], ("r", 0))
        self.assertIn("CancelledError", answers.error(1)["type"])


class Encoding(WorkerCase):
    def test_hints(self):
        text = """
            import array, collections, dataclasses, datetime, decimal, enum, pathlib, uuid
            @dataclasses.dataclass
            class D: x: int = 1
            class E(enum.Enum): A = 1
            class Plain: pass
            loop = []; loop.append(loop)
            deep = []
            for _ in range(100000): deep = [deep]
            RESULTS = [b"x", {1}, datetime.datetime(2020, 1, 1), decimal.Decimal("1"), D(), E.A, float("nan"), [float("inf")],
                       loop, {(1, 2): 3}, {"a": {2}}, array.array("i", [1]), range, Plain(), deep, 1j, pathlib.Path("x"),
                       uuid.UUID(int=1), {}.keys(), Ellipsis]
            def f(i): return RESULTS[i]
        """
        client = self.ready(text)
        answers = client.call(list(range(20)))
        expected = ("base64", "sorted", "isoformat", "str(x)", "asdict", "x.value", "None", "None", "cycles", "strings",
                    "sorted", "tolist", "plain data", "plain data", "flatten", "x.real", "str(x)", "str(x)", "list(x)", "plain")
        for i, word in enumerate(expected):
            error = answers.error(i)
            self.assertEqual(error["cause"], "encoding", error)
            self.assertIn(word, error["hint"], error)
            self.assertEqual(error["traceback"], "")
        self.assertEqual(answers.error(1)["type"], "TypeError")
        self.assertEqual(answers.error(1)["message"], "result of type set cannot be carried as JSON")
        self.assertEqual(answers.error(10)["message"], "result of type dict cannot be carried as JSON: it contains a set")
        self.assertEqual(answers.error(6)["type"], "ValueError")

    def test_only_the_culprit_fails(self):
        for mode in "serial", "loop":
            client = self.ready("def f(x): return float('nan') if x == 'n' else '\\udc80' if x == 's' else x", mode=mode, slots=9)
            for inputs in ([1, "n", 2, "s", 3, "n"], ["n"], ["n", 1], [1, "n"], ["s", [1], "n", None], [[1], 2, {"a": 1}]):
                answers = client.call(inputs, walls=True)
                for x, (kind, value) in zip(inputs, answers.items):
                    self.assertEqual((kind, value), ("f", value) if x == "n" else ("r", "\udc80" if x == "s" else x))

    def test_texts_do_not_depend_on_the_batch(self):
        client = self.ready("""
            import enum, collections
            class I(enum.IntEnum): A = 5
            class S(str): pass
            class F(float): pass
            P = collections.namedtuple("P", "x y")
            V = [1, -1, 1.0, 1e22, 1e-7, 0.1, -0.0, "\\u00e9\\u2028</\\x00", True, None, [1, 2.5, "\\u00e9"], {"k": [None], 1: 2, None: 3, 1.5: 4, True: 5},
                 I.A, S("s"), F(2.5), P(1, 2), (), 2**70, {"\\ud800": 1}, "\\ud800"]
            def f(i): return V[i]
        """)
        whole = client.batch(list(range(20)))
        together = self.texts(client, 20)
        alone = []
        for i in range(20):
            client.batch([i])
            alone += self.texts(client, 1)
        self.assertEqual(together, alone)
        self.assertEqual(alone[0:4], [b"1", b"-1", b"1.0", b"1e+22"])
        self.assertEqual(alone[7].decode(), '"\u00e9\u2028</\\u0000"')
        self.assertEqual(alone[10], '[1,2.5,"\u00e9"]'.encode())
        self.assertEqual(alone[12:16], [b"5", b'"s"', b"2.5", b"[1,2]"])

    def texts(self, client, n):
        """The texts of n results, in order."""
        found = {}
        while len(found) < n:
            body = client.wait_for(b"r")
            _, first, k, flags, _, _ = struct.unpack_from("<IIIBQQ", body)
            decoder, text = json.JSONDecoder(), body[29:].decode()
            self.assertEqual((flags, text[0], text[-1]), (0, "[", "]"))
            at = 1
            for i in range(k):
                end = decoder.raw_decode(text, at)[1]
                found[first + i] = text[at:end].encode()
                at = end + 1
        return [found[i] for i in range(n)]

    def test_long_strings(self):
        client = self.ready("def f(x): return [x, x + x, [x], x, x][N() % 5]\n"
                            "calls = []\n"
                            "def N(): calls.append(1); return len(calls)")
        every = "".join(map(chr, range(0x250))) + "\u2028\\n\\\\\U0001f600"
        for text in every * 3, "x" * 600, "x" * 600 + "\n", '"' * 600, "\\" * 601, "\ud800" * 600, '","' * 300:
            for _ in range(5):
                answers = client.call([text])
                self.assertIn(answers.values()[0], (text, text + text, [text]))
            values = client.call([text] * 5).values()
            self.assertEqual(sorted(values, key=repr), sorted([text, text, text, text + text, [text]], key=repr))

    def test_packed_inputs(self):
        client = self.ready("def f(x): return x if type(x) is int else repr(x)")
        numbers = [0, -1, 1 << 62, -1 << 63, (1 << 63) - 1]
        for n in 1, 5, 5000, 20_000:
            with self.subTest(n):
                inputs = (numbers * n)[:n]
                self.assertEqual(client.call(inputs, packed=True, walls=True).values(), inputs)

    def test_results_are_packed_only_where_all_are_whole_numbers(self):
        client = self.ready("class Own(int): pass\n"
                            "def f(x): return [x, -x, True, 2.0, 1 << 63, Own(1), None, [x], '1', float('inf')][x % 10]")
        for odd, flags in (1, 2), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0):
            for at in 0, 20, 39:
                with self.subTest(odd=odd, at=at):
                    inputs = [10 * i for i in range(40)]
                    inputs[at] += odd
                    client.batch(inputs)
                    body = client.wait_for(b"r")
                    self.assertEqual(body[12] & 2, flags)
                    client.kept.insert(0, (b"r", body))
                    want = inputs[at], -inputs[at], True, 2.0, 1 << 63, 1, None, [inputs[at]], "1"
                    got = client.answers(client.number)[0].values()
                    self.assertEqual((got[at], type(got[at])), (want[odd], type(want[odd])))
                    self.assertEqual(got[:at] + got[at + 1:], inputs[:at] + inputs[at + 1:])
        answers = client.call([10 * i + 9 * (i == 7) for i in range(40)])
        self.assertEqual(answers.error(7)["cause"], "encoding")
        self.assertEqual(client.call([4]).values(), [1 << 63])

    def test_packed_texts(self):
        every = "".join(map(chr, range(0x250))) + "\u2028\n\\\U0001f600"
        for mode in "serial", "threads", "loop":
            client = self.ready("def f(x): return x", mode=mode, slots=9)
            for inputs in [every], [every, "", "\u20ac" * 3000, "x" * 100_000] * 3, ["x" * 600] * 2000, [""], ["short", "\0"]:
                for walls in False, True:
                    self.assertEqual(client.call(inputs, texts=True, walls=walls).values(), inputs)

    def test_results_are_packed_only_where_all_are_long_strings(self):
        client = self.ready("class Own(str): pass\n"
                            "def f(x): return ['x' * x, '\\ud800' * x, Own('x' * x), b'x' * x, x, None, ['x' * x]][x % 10]")
        for n in 1, 7:
            for odd, form in (0, 4), (1, 0), (2, 0), (4, 0), (5, 0), (6, 0):
                with self.subTest(n=n, odd=odd):
                    inputs = [0] * (n // 2) + [6000 + odd] + [3000] * (n // 2)
                    client.batch(inputs)
                    body = client.wait_for(b"r")
                    self.assertEqual(body[12], form)
                    client.kept.insert(0, (b"r", body))
                    size = inputs[n // 2]
                    want = "x" * size, "\ud800" * size, "x" * size, None, size, None, ["x" * size]
                    self.assertEqual(client.answers(client.number)[0].values()[n // 2], want[odd])
        answers = client.call([6000, 6003, 6000])  # bytes
        self.assertEqual([kind for kind, _ in answers.items], ["r", "f", "r"])
        client.batch([10] * 9)
        self.assertEqual(client.wait_for(b"r")[12], 0)  # short

    def test_packed_texts_and_faults(self):
        client = self.ready("def f(x):\n    if x[0] == 'n': raise ValueError(len(x))\n    return x * 2", mode="threads", slots=2)
        inputs = [c * 900 for c in "ynyynny"]
        answers = client.call(inputs, texts=True)
        for x, (kind, value) in zip(inputs, answers.items):
            self.assertEqual((kind, value if kind == "r" else value["message"]), ("f", "900") if x[0] == "n" else ("r", x * 2))

    def test_large_integers(self):
        client = self.ready("def f(x): return 7**x if x < 10**9 else x + 1 if x % 2 else [x]")
        large = 10**6000 + 1
        answers = client.call([6000, 2, large, large + 1])
        self.assertEqual(answers.values(), [7**6000, 49, large + 1, [large + 1]])

    def test_the_limit_on_digits_is_left_alone(self):
        if hasattr(sys, "get_int_max_str_digits"):
            client = self.ready("import sys\ndef f(x): return [sys.get_int_max_str_digits(), 7**x][:x]")
            self.assertEqual(len(client.call([1, 9000, 1]).items), 3)
            self.assertEqual(client.call([1]).values(), [[4300]])

    def test_inputs_that_cannot_be_read(self):
        deep = "[" * 200_000 + "]" * 200_000
        client = self.ready("def f(x): return x", mode="threads")
        text = ('[1, "a,]\\"[",' + deep + ', {"a": [1, 2]}]').encode()
        answers = client.call([], text=text, n=4)
        self.assertEqual([answers.items[i] for i in (0, 1, 3)], [("r", 1), ("r", 'a,]"['), ("r", {"a": [1, 2]})])
        self.assertEqual(answers.error(2)["cause"], "decoding")
        answers = client.call([], text=b'["\xff", "ok"]', n=2)
        self.assertEqual(answers.error(0)["cause"], "decoding")
        self.assertEqual(answers.items[1], ("r", "ok"))

    def test_results_larger_than_a_frame(self):
        source = SOURCE.replace("LIMIT = 1 << 30", "LIMIT = 2000")
        client = self.ready("def f(x): return 'x' * x if x % 2 else ['x' * x]", source=source)
        answers = client.call([1500, 1501, 2501, 2500, 1, 1700, 1])
        self.assertEqual([kind for kind, _ in answers.items], list("rrffrrr"))
        self.assertIn("larger", answers.error(2)["message"])


class Errors(WorkerCase):
    def test_traceback_has_the_users_frames_only(self):
        text = """
            async def a(x): return inner(x)
            def b(x): return inner(x)
            def inner(x):
                try:
                    return 1 / x
                except ZeroDivisionError as e:
                    raise ValueError("oh") from e
        """
        for mode, name in ("serial", "a"), ("serial", "b"), ("loop", "a"), ("loop", "b"), ("threads", "a"):
            for star in False, True:
                client = self.ready(text, name=name, mode=mode, star=star)
                trace = client.call([[0] if star else 0]).error()["traceback"]
                self.assertIn("ZeroDivisionError", trace)
                self.assertIn("in inner", trace)
                self.assertTrue(trace.endswith("ValueError: oh\n"))
                files = {line.split('"')[1] for line in trace.splitlines() if line.startswith("  File")}
                self.assertEqual(files, {os.path.join(self.directory, "fn.py")})

    def test_no_user_frames(self):
        self.write("fn.py", "f = int")
        client = self.ready("f = int")
        error = client.call(["x"]).error()
        self.assertEqual((error["type"], error["traceback"]), ("ValueError", ""))

    def test_bases(self):
        text = """
            class Mine(ConnectionResetError, KeyError): pass
            class Mixin: pass
            class Mixed(ValueError, Mixin): pass
            class Bare(BaseException): pass
            class Meta(type):
                def __getattribute__(cls, name):
                    if name in ("__mro__", "__module__", "__bases__"): raise RuntimeError("no")
                    return super().__getattribute__(name)
            class Weird(OSError, metaclass=Meta): pass
            Deep = ValueError
            for i in range(30): Deep = type("Deep%d" % i, (Deep,), {})
            RAISED = [ConnectionResetError, Mine, Mixed, Bare, Exception, KeyboardInterrupt, Weird, Deep]
            def f(i):
                if i == 8: return {1}
                raise RAISED[i]
            async def g(i): return f(i)
        """
        expected = [["ConnectionError", "OSError", "Exception"],
                    ["ConnectionResetError", "ConnectionError", "OSError", "KeyError", "LookupError", "Exception"],
                    ["ValueError", "Exception"], ["BaseException"], ["BaseException"], ["BaseException"], ["OSError", "Exception"],
                    ["fn.Deep%d" % i for i in range(28, 12, -1)]]
        for mode, name in ("serial", "f"), ("serial", "g"), ("threads", "f"), ("loop", "g"):
            answers = self.ready(text, name, mode, 9).call(list(range(9)))
            self.assertEqual([answers.error(i)["bases"] for i in range(8)], expected)
            self.assertNotIn("bases", answers.error(8))
        self.write("bad.py", "raise FileNotFoundError")
        self.assertEqual(self.client().define("bad.py:f")["error"]["bases"], ["OSError", "Exception"])

    def test_hostile_exceptions(self):
        client = self.ready("""
            class NoStr(Exception):
                def __str__(self): raise RuntimeError("no")
                __repr__ = __str__
            class Base(BaseException): pass
            class Odd(Exception):
                __cause__ = property(lambda self: 1 / 0)
                __context__ = property(lambda self: 1 / 0)
                def with_traceback(self, tb): raise ValueError
            class Meta(type):
                def __getattribute__(cls, name):
                    if name == "__module__": raise RuntimeError("no")
                    return super().__getattribute__(name)
            class Weird(Exception, metaclass=Meta): pass
            def long(n):
                return long(n - 1) if n else raiser()
            def raiser(): raise ValueError("x" * 10**6)
            def chain():
                error = None
                for i in range(3000):
                    try:
                        raise ValueError(i) from error
                    except ValueError as e: error = e
                raise error
            def f(i):
                if i == 0: raise NoStr
                if i == 1: raise Base("b")
                if i == 2: raise Odd("odd")
                if i == 3: raise Weird("w")
                if i == 4: long(5)
                if i == 5: chain()
                if i == 6: raise ValueError("\\ud800")
                if i == 7: raise StopIteration(1)
                return i
        """)
        answers = client.call(list(range(9)))
        self.assertEqual(answers.items[8], ("r", 8))
        self.assertIn("raised RuntimeError", answers.error(0)["message"])
        self.assertEqual(answers.error(1)["type"], "fn.Base")
        self.assertEqual(answers.error(2)["message"], "odd")
        for i in range(8):
            self.assertLessEqual(len(answers.error(i)["traceback"]), 64 << 10)
            self.assertLessEqual(len(answers.error(i)["message"]), 16 << 10)
            self.assertEqual(answers.error(i)["cause"], "exception")
        self.assertEqual(client.call([8]).values(), [8])


class Measuring(WorkerCase):
    SPIN = "import time\ndef f(ms):\n    end = time.perf_counter() + ms / 1000\n    while time.perf_counter() < end: pass\n"

    def test_walls(self):
        for mode in "serial", "threads", "loop":
            client = self.ready(self.SPIN, mode=mode)
            answers = client.call([1, 20, 1], walls=True)
            self.assertTrue(all(w >= ms * 10**6 for w, ms in zip(answers.walls, (1, 20, 1))), answers.walls)
            self.assertEqual(client.call([1, 1]).walls, [None, None])

    def test_tiny_items_are_not_timed_one_by_one(self):
        client = self.ready("def f(x): return x")
        client.call([1] * 1000, walls=True)
        answers = client.call([1] * 1000, walls=True)
        self.assertIsNone(answers.walls[0])
        self.assertEqual(answers.cpus[0][:2], (1000, NOT_MEASURED))

    def test_cpu(self):
        client = self.ready(self.SPIN + "    if ms == 3: raise ValueError\n", mode="threads")
        for inputs in [10], [10, 10], [10, 3, 10]:
            for n, cpu, wall in client.call(inputs, walls=True).cpus:
                self.assertLess(cpu, 3 * wall + 10**7)
                self.assertGreater(cpu, wall // 50)
        client = self.ready("import threading\ndef f(x): threading.Event().wait(0.05)")
        ((_, cpu, wall),) = client.call([1]).cpus
        self.assertLess(cpu, wall // 2)


class Leases(WorkerCase):
    def test_the_rest_is_handed_back(self):
        for mode in "serial", "threads":
            for walls in False, True:
                path = self.fifo()
                client = self.ready(HOLD, "hold", mode=mode)
                client.call([""] * 100, walls=walls)
                batch = client.batch(["", "", path, "", ""], walls=walls, lease=0.03)
                self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 0, 2))
                self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 3, 2, 0))
                self.assertEqual(struct.unpack_from("<II", client.wait_for(b"s")), (batch, 2))
                release(path)
                self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 2, 1))
                self.assertEqual(client.call([""]).values(), [0])

    def test_the_rest_of_packed_texts_is_handed_back(self):
        path = self.fifo()
        client = self.ready(HOLD, "hold", mode="threads")
        batch = client.batch(["", "", path, "x" * 9000, ""], texts=True, lease=0.03)
        self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 0, 2))
        self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 3, 2, 0))
        self.assertEqual(struct.unpack_from("<II", client.wait_for(b"s")), (batch, 2))
        release(path)
        self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 2, 1))

    def test_waiting_batches_are_handed_back(self):
        for mode in "serial", "threads":
            path = self.fifo()
            client = self.ready(HOLD, "hold", mode=mode)
            first = client.batch([path], lease=0.03)
            client.wait_for(b"s")
            second, third = client.batch(["", ""], lease=0.03), client.batch([""])
            self.assertEqual(client.answers(second)[0].items, [("b", 0)] * 2)
            release(path)
            self.assertEqual([a.items[0][0] for a in client.answers(first, third)], ["r", "r"])

    def test_no_lease(self):
        path = self.fifo()
        client = self.ready(HOLD, "hold")
        batch = client.batch(["", path, ""])
        for _ in range(10):
            client.ping()
        release(path)
        answers = client.answers(batch)[0]
        self.assertEqual((answers.frames, answers.values()), ([b"r"], [0, "go", 0]))

    def test_results_that_cannot_be_encoded_at_the_lease(self):
        path = self.fifo()
        client = self.ready(HOLD + "\n    def f(x): return float('nan') if x == 'n' else hold(x)")
        batch = client.batch(["", "n", "", path, "n", ""], lease=0.03)
        client.wait_for(b"s")
        release(path)
        for kind, expected in (b"f", [1]), (b"r", [0]), (b"r", [2]), (b"r", [3]), (b"b", [4, 5]):
            body = client.wait_for(kind)
            self.assertEqual(int.from_bytes(body[4:8], "little"), expected[0])

    def stress(self, source, mode, text, items=3000, rounds=60):
        """Leases that are over at random moments, and cancels; Client.answers checks for exactly once."""
        client = self.ready(text, mode=mode, slots=3, source=source)
        rng, counts = random.Random(1), {"r": 0, "b": 0, "f": 0}
        for round in range(rounds):
            inputs = list(range(round, round + items))
            batches = [client.batch(inputs, walls=rng.random() < 0.5, lease=rng.choice((0, 1e-4, 1e-3, 5e-3)))
                       for _ in range(3)]
            for _ in range(rng.randrange(8)):
                client.cancel(rng.choice(batches), rng.choice((EVERY, rng.randrange(items), rng.randrange(items))))
            for answers in client.answers(*batches):
                for i, (kind, value) in enumerate(answers.items):
                    counts[kind] += 1
                    if kind == "r":
                        self.assertEqual(value, -inputs[i])
                    elif kind == "f":
                        self.assertEqual((value["message"], inputs[i] % 1000), (str(inputs[i]), 999))
        self.assertTrue(counts["r"] and counts["b"] and counts["f"], counts)
        self.assertEqual(client.ping(), b"?")

    SOURCE = SOURCE.replace("POLL = 0.02 ", "POLL = 0.0002 ")
    TEXT = """
        import sys
        sys.setswitchinterval(1e-5)
        def f(x):
            if x % 1000 == 999: raise ValueError(x)
            for _ in range(5): pass
            return -x
        async def g(x): return f(x)
    """

    def test_exactly_once(self):
        for mode in "serial", "threads":
            self.stress(self.SOURCE, mode, self.TEXT)

    def test_exactly_once_with_the_iterator_for_free_threading(self):
        source = self.SOURCE.replace('FREE_THREADED = "t" in', 'FREE_THREADED = True or "t" in')
        self.assertNotEqual(source, self.SOURCE)
        for mode in "serial", "threads":
            self.stress(source, mode, self.TEXT)

    def test_exactly_once_on_a_loop(self):
        text = """
            import asyncio
            async def f(x):
                for _ in range(x % 7): await asyncio.sleep(0)
                if x % 1000 == 999: raise ValueError(x)
                return -x
        """
        self.stress(self.SOURCE, "loop", text, items=1100, rounds=20)  # each item takes longer


class Alone(WorkerCase):
    """Batches of one of a function that was quick before, which go a way of their own."""

    TEXT = HOLD + """
    import asyncio, os
    def f(x):
        if x == "hold": return hold(PATH)
        if x == "raise": raise ValueError("no")
        if x == "exit": raise SystemExit(3)
        if x == "fork":
            if os.fork() == 0: raise SystemExit(0)
            return os.wait()[1]
        if x == "odd": return {1}
        if x == "nan": return float("nan")
        if x == "surrogate": return "\\ud800"
        if x == "more": return 10**5000
        return x
    """

    def quick(self, **options):
        path = self.fifo()
        client = self.ready("PATH = %r\n" % path + textwrap.dedent(self.TEXT), **options)
        for _ in range(3):
            self.assertEqual(client.call([1]).values(), [1])
        return client, path

    def test_values(self):
        for mode, slots in ("serial", 1), ("threads", 2):
            client, _ = self.quick(mode=mode, slots=slots)
            for value in (0, -1, True, None, 2.5, "a\u00e9", [1, [2]], {"k": 1}, 10**17, 10**18, -10**18, 10**30, "odd", "more", "surrogate", "fork"):
                want = {"more": 10**5000, "surrogate": "\ud800", "fork": 0}.get(value if type(value) is str else "", value)
                answers = client.call([value])
                if value == "odd":
                    self.assertEqual((answers.error()["cause"], answers.error()["hint"]), ("encoding", "return sorted(x) or list(x)"))
                else:
                    self.assertEqual((answers.values(), type(answers.values()[0])), ([want], type(want)))
            self.assertNotIn("ignored", client.printed())  # as Python says of what goes wrong in a hook of os.fork

    def test_errors(self):
        client, _ = self.quick()
        for value, cause in ("raise", "exception"), ("exit", "exit"), ("nan", "encoding"):
            self.assertEqual(client.call([value]).error()["cause"], cause)
            self.assertEqual(client.call([1]).values(), [1])
        for text in b'["\xff"]', b"[" * 100_000 + b"]" * 100_000:
            answers = client.call(None, n=1, text=text)
            self.assertEqual(answers.error()["cause"], "decoding")
        self.assertEqual(client.call(None, n=1, text=b" [ 5 ] ").values(), [5])

    def test_broken(self):
        for text in b"[1", b"[1,2]", b"[]", b"{}", b"1", b"", b"[1]]":
            client, _ = self.quick()
            client.batch(None, n=1, text=text)
            with self.assertRaises(Ended):
                client.frame()
            self.assertEqual(client.process.wait(LIMIT), 70)

    def test_lease(self):
        client, path = self.quick()
        first = client.batch(["hold"], lease=0.01)
        body = client.wait_for(b"s")
        self.assertEqual(struct.unpack("<II", body[:8]), (first, 0))
        waiting = client.batch([1], lease=0.01)
        self.assertEqual(client.answers(waiting)[0].items, [("b", 0)])
        release(path)
        self.assertEqual(client.answers(first)[0].values(), ["go"])
        self.assertEqual(client.call([1]).values(), [1])

    def test_cancel(self):
        client, path = self.quick()
        first, second, third = client.batch(["hold"]), client.batch([1]), client.batch([2])
        with open(path, "w") as file:  # waits until the function opens it
            client.cancel(first)
            client.cancel(second)
            client.cancel(third, 0)
            answers = client.answers(second, third)
            self.assertEqual([a.items for a in answers], [[("b", 1)], [("b", 1)]])
            file.write("go")
        self.assertEqual(client.answers(first)[0].values(), ["go"])


class Cancelling(WorkerCase):
    def test_what_has_not_started(self):
        for mode in "serial", "threads":
            path = self.fifo()
            client = self.ready(HOLD, "hold", mode=mode)
            client.batch(["", path, "", "", ""])
            waiting = client.batch(["", "", ""])
            client.cancel(1, 3)
            client.cancel(waiting, 0)
            self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (1, 3, 1, 1))
            self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (waiting, 0, 1, 1))
            client.cancel(1, 0)  # done
            client.cancel(1, 1)  # running
            client.cancel(waiting)
            self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (waiting, 1, 2, 1))
            release(path)
            first, count = 0, 0
            while count < 4:
                _, first, n = struct.unpack_from("<III", client.wait_for(b"r"))
                count += n
            self.assertEqual(client.call([""]).values(), [0])

    def test_all_of_a_batch(self):
        path = self.fifo()
        client = self.ready(HOLD, "hold")
        batch = client.batch([path, "", ""])
        with open(path, "w"):  # waits until the function opens it
            client.cancel(batch)
            self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 1, 2, 1))
        self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 0, 1))

    def test_on_a_loop(self):
        client = self.ready("""
            import asyncio
            async def f(x):
                if x == "short": return x
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    if x == "stubborn": return x
                    raise
        """, mode="loop", slots=9)
        batch = client.batch(["long", "short", "stubborn", "long"])
        self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 1, 1))
        client.cancel(batch, 3)
        self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 3, 1, 1))
        client.cancel(batch)
        self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 0, 1, 1))
        self.assertEqual(struct.unpack_from("<III", client.wait_for(b"r")), (batch, 2, 1))
        again = client.batch(["long"] * 3)
        client.cancel(again)  # perhaps before the tasks have begun
        self.assertEqual(client.answers(again)[0].items, [("b", 1)] * 3)


class WhileBusy(WorkerCase):
    SPIN = "def f(x):\n    while x: pass\n"

    def busy(self, mode):
        """A worker whose function never ends."""
        client = self.ready(self.SPIN, mode=mode)
        client.batch([1])
        return client

    def test_ping(self):
        for mode in "serial", "threads", "loop":
            client = self.busy(mode)
            for i in range(5):
                self.assertEqual(client.ping(b"%d" % i), b"%d" % i)

    def test_ping_during_an_import(self):
        for mode in "serial", "threads", "loop":
            path = self.fifo()
            self.write("slow.py", "open(%r).read()\ndef f(x): return x" % path)
            client = self.client()
            client.configure(mode)
            client.send_define("slow.py:f")
            client.ping()
            batch = client.batch([1])
            client.ping()
            release(path)
            self.assertEqual(client.answers(batch)[0].values(), [1])

    def test_end_of_file(self):
        for mode in "serial", "threads", "loop":
            client = self.busy(mode)
            client.ping()
            os.close(client.out)
            self.assertEqual(client.process.wait(LIMIT), -signal.SIGKILL)

    def test_end_of_file_while_idle(self):
        for mode in None, "serial", "threads", "loop":
            client = self.client()
            if mode:
                client.configure(mode)
            client.ping()
            os.close(client.out)
            self.assertEqual(client.process.wait(LIMIT), -signal.SIGKILL)

    def test_end_of_file_takes_the_group_along(self):
        client = self.ready("""
            import subprocess
            def f(x): return subprocess.Popen(["sleep", "3600"]).pid
        """)
        (pid,) = client.call([1]).values()
        os.close(client.out)
        client.process.wait(LIMIT)
        deadline = time.monotonic() + LIMIT
        while self.alive(pid):
            self.assertLess(time.monotonic(), deadline)

    def alive(self, pid):
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def test_the_supervisor_stops_reading_for_good(self):
        client = self.ready("def f(x): return 'x' * 1000000")
        client.batch([1])
        os.close(client.inp)
        client.inp = os.open(os.devnull, os.O_RDONLY)
        self.assertEqual(client.process.wait(LIMIT), -signal.SIGKILL)

    def test_the_watch_sleeps_when_idle(self):
        client = self.ready("def f(x): return x", source=SOURCE.replace("POLL = 0.02 ", "POLL = 0.001 "))
        self.assertEqual(client.call([1]).values(), [1])

        def switches():
            total = 0
            for task in os.listdir("/proc/%d/task" % client.process.pid):
                with open("/proc/%d/task/%s/status" % (client.process.pid, task)) as file:
                    total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
            return total

        deadline = time.monotonic() + LIMIT
        rounds = 0
        while rounds < 5:  # the number must stand still for a while
            before = switches()
            select.select([client.inp], [], [], 0.1)
            rounds = rounds + 1 if switches() == before else 0
            self.assertLess(time.monotonic(), deadline)
        path = self.fifo()
        self.write("hold.py", HOLD)
        client.define("hold.py:hold", 2)
        batch = client.batch(["", path, ""], func=2, lease=0.01)
        client.wait_for(b"s")  # it woke up again
        release(path)


class Quitting(WorkerCase):
    def test_idle(self):
        for mode in None, "serial", "threads", "loop":
            client = self.client()
            if mode:
                client.configure(mode)
            self.assertEqual(client.quit(), 0)
            self.assertEqual(client.printed(), "")

    def test_work_at_hand_is_finished(self):
        for mode, slots in Modes.MODES:
            client = self.ready("import time\ndef f(x):\n    time.sleep(0.001)\n    return x", mode=mode, slots=slots)
            batches = [client.batch([i] * 20) for i in range(4)]
            client.send(b"Q")
            self.assertEqual([a.values() for a in client.answers(*batches)], [[i] * 20 for i in range(4)])
            self.assertEqual(client.process.wait(LIMIT), 0)

    def test_ping_and_cancel_while_quitting(self):
        for mode in "serial", "threads":
            path = self.fifo()
            client = self.ready(HOLD, "hold", mode=mode)
            batch = client.batch([path, ""])
            client.send(b"Q")
            client.ping()
            client.cancel(batch)
            self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 1, 1, 1))
            release(path)
            client.wait_for(b"r")
            self.assertEqual(client.process.wait(LIMIT), 0)

    PATIENT = SOURCE.replace("EXIT_WAIT = 5.0 ", "EXIT_WAIT = 5000.0 ")  # so that it is not what ends them

    def test_what_user_code_left_behind(self):
        client = self.ready("""
            import atexit, subprocess, threading, sys
            def f(x):
                threading.Thread(target=threading.Event().wait).start()
                subprocess.Popen(["sleep", "3600"])
                atexit.register(print, "goodbye")
                sys.stdout.write("no newline")
                return x
        """, source=self.PATIENT)
        self.assertEqual(client.call([1]).values(), [1])
        self.assertEqual(client.quit(), 0)
        self.assertIn("goodbye", client.printed())
        self.assertIn("no newline", client.printed())

    def test_pools_left_open(self):
        text = """
            import concurrent.futures, multiprocessing, os, threading
            kept = []
            def f(kind, how):
                context = multiprocessing.get_context(how)
                if kind == "pool": kept.append(context.Pool(2))
                elif kind == "executor": kept.append(concurrent.futures.ProcessPoolExecutor(2, context))
                else: kept.append(concurrent.futures.ThreadPoolExecutor(2))
                return list(kept[-1].map(abs, [-1, -2]))
        """
        for mode in "serial", "threads", "loop":
            for kind, how in (("pool", "fork"), ("pool", "spawn"), ("executor", "fork"), ("executor", "spawn"), ("threads", "fork")):
                with self.subTest(mode=mode, kind=kind, how=how):
                    client = self.ready(text, mode=mode, source=self.PATIENT, star=True)
                    self.assertEqual(client.call([[kind, how]]).items, [("r", [1, 2])], client.printed())
                    self.assertEqual(client.quit(), 0)
                    self.assertEqual(client.printed(), "")

    def test_a_pool_that_is_busy(self):
        client = self.ready("""
            import concurrent.futures, threading
            def f(x):
                concurrent.futures.ThreadPoolExecutor(1).submit(threading.Event().wait)
                return x
        """, source=SOURCE.replace("EXIT_WAIT = 5.0 ", "EXIT_WAIT = 0.1 "))
        self.assertEqual(client.call([1]).values(), [1])
        self.assertEqual(client.quit(), 0)

    def test_exit_handlers_that_hang(self):
        client = self.ready("import atexit, threading\natexit.register(threading.Event().wait)\ndef f(x): return x",
                            source=SOURCE.replace("EXIT_WAIT = 5.0 ", "EXIT_WAIT = 0.1 "))
        self.assertEqual(client.quit(), 0)


class UserCode(WorkerCase):
    def test_streams(self):
        client = self.ready("""
            import os, sys
            def f(x):
                print("line", x)
                if x == 1: sys.stdout = None
                if x == 2: sys.stdout = open(os.devnull, "w"); sys.stdout.close()
                if x == 3: sys.stderr.close(); sys.stderr = 5
                if x == 4:
                    for fd in 0, 1, 2: os.close(fd)
                    sys.stdout = sys.__stdout__
                return x
        """)
        self.assertEqual(client.call([0]).values(), [0])
        self.assertEqual(client.printed(), "line 0\n")
        answers = client.call([1, 2, 3, 4, 5])
        self.assertEqual([kind for kind, _ in answers.items][:1], ["r"])
        self.assertEqual(client.call([7]).items[0][0], "f")
        self.assertEqual(client.quit(), 0)

    def test_lines_arrive_as_they_are_printed(self):
        path = self.fifo()
        client = self.ready("def f(path):\n    print('begun')\n    return open(path).read()")
        client.batch([path])
        with open(path, "w"):  # waits until the function opens it
            self.assertEqual(client.printed(), "begun\n")

    def test_the_channel_is_private(self):
        client = self.ready("""
            import os, subprocess, sys
            def f(x):
                os.close(os.open("/", os.O_RDONLY))
                os.closerange(3, 100)
                code = "import os; print(sorted(int(fd) for fd in os.listdir('/proc/self/fd')))"
                return subprocess.run([sys.executable, "-c", code], close_fds=False, capture_output=True).stdout.decode()
        """)
        for _ in range(2):
            (fds,) = client.call([1]).values()
            self.assertLessEqual(set(json.loads(fds)), {0, 1, 2, 3})

    def test_channel_closed_by_user_code(self):
        for mode, slots in ("serial", 1), ("threads", 2), ("loop", 2):
            for first in 0, 3:
                client = self.ready("import os\ndef f(x): os.closerange(%d, 2000)" % first, mode=mode, slots=slots)
                client.batch([1])
                self.assertEqual(client.process.wait(LIMIT), 70)
                if first == 3:
                    self.assertIn("outpace worker: a function closed descriptors of the worker", client.printed())
                    self.assertEqual(len(client.printed().splitlines()), 1, client.printed())
            client = self.ready("import os, threading\ndef f(x):\n    os.closerange(3, 2000)\n    threading.Event().wait()", mode=mode)
            client.batch([1])
            self.assertEqual(client.process.wait(LIMIT), 70)

    def test_closed_descriptors_that_are_nobodys(self):
        for mode in "serial", "threads":
            client = self.ready("import os\ndef f(x): os.closerange(0, 256)", mode=mode)
            self.assertEqual(client.call([1, 2]).values(), [None, None])
            self.assertEqual(client.ping(), b"?")
            self.assertEqual(client.quit(), 0)

    def test_closed_descriptors_of_an_event_loop(self):
        for mode, name in ("serial", "g"), ("threads", "g"), ("loop", "f"), ("loop", "g"):
            client = self.ready("import os\ndef f(x): os.closerange(3, 256)\nasync def g(x): f(x)", name, mode=mode)
            client.batch([1, 2])
            self.assertEqual(client.process.wait(LIMIT), 70)
            self.assertIn("outpace worker: a function closed descriptors of the worker", client.printed())
            self.assertEqual(len(client.printed().splitlines()), 1, client.printed())

    def test_a_folder_that_functions_leave(self):
        self.write("fn.py", "import os\ndef f(x): os.chdir('/'); return os.getcwd()")
        self.write("sub/more.py", "def f(x): return __file__")
        self.write("pkg/mod.py", "def f(x): return __file__")
        client = self.client()
        client.configure()
        client.define("fn.py:f")
        self.assertEqual(client.call([1]).values(), ["/"])
        for func, (target, path) in enumerate((("sub/more.py:f", "sub/more.py"), ("pkg.mod:f", "pkg/mod.py"))):
            self.assertNotIn("error", client.define(target, func))
            self.assertEqual(client.call([1], func=func).values(), [os.path.join(self.directory, path)])

    def test_recursion(self):
        client = self.ready("def f(x): return g(x)\ndef g(x): return f(x) if x else 5")
        answers = client.call([1, 0, 1])
        self.assertEqual([answers.error(0)["type"], answers.items[1], answers.error(2)["type"]], ["RecursionError", ("r", 5), "RecursionError"])
        self.assertIn("in g", answers.error(0)["traceback"])
        self.assertLess(len(answers.error(0)["traceback"]), 64 << 10)

    def test_settings(self):
        client = self.ready("""
            import gc, json, os, signal, sys, time, tempfile
            def f(x):
                os.chdir(tempfile.gettempdir()); gc.disable(); sys.setrecursionlimit(150)
                signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGALRM, lambda *a: None)
                signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
                time.sleep = json.loads = json.dumps = None
                return x
        """)
        for i in range(200):
            self.assertEqual(client.call([i, [i]]).values(), [i, [i]])

    def test_what_is_left_switched_on(self):
        client = self.ready("""
            import signal, sys, threading
            def trace(frame, event, arg): return trace
            def f(x):
                sys.settrace(trace); threading.settrace(trace); sys.setprofile(trace)
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
                for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP: signal.signal(number, signal.SIG_IGN)
                sys.excepthook = sys.unraisablehook = sys.displayhook = None
                return x
        """)
        path = self.fifo()
        self.write("hold.py", HOLD)
        client.define("hold.py:hold", 2)
        self.assertEqual(client.call(list(range(100))).values(), list(range(100)))
        batch = client.batch([path, ""], func=2, lease=0.01)
        self.assertEqual(struct.unpack("<IIIB", client.wait_for(b"b")), (batch, 1, 1, 0))
        client.ping()
        release(path)
        client.wait_for(b"r")
        self.assertEqual(client.quit(), 0)

    def test_threads_that_never_switch(self):
        client = self.ready("""
            import sys, threading
            def f(x):
                sys.setswitchinterval(1000)
                while sys.getswitchinterval() > 1: threading.Event().wait(0.001)
            def spin(x):
                while True: pass
        """)
        client.define("fn.py:spin", 2)
        self.assertEqual(client.call([1]).values(), [None])
        client.batch([1], func=2)
        client.ping()

    def test_alarms(self):
        text = """
            import signal, threading
            class TooLong(TimeoutError): pass
            def handler(*_): raise TooLong("an alarm")
            def f(x):
                signal.signal(signal.SIGALRM, handler)
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                if x == "wait":
                    threading.Event().wait()
        """
        for mode in "serial", "loop":
            client = self.ready(text, mode=mode)
            self.assertEqual(client.call(["wait"]).error()["type"], "fn.TooLong")
            self.assertEqual(client.call(["wait"]).error()["type"], "fn.TooLong")
            client.batch(["leave it on"])
            self.assertEqual(client.process.wait(LIMIT), 70)
            self.assertIn("outpace worker: user code raised", client.printed())
            self.assertIn("TooLong: an alarm", client.printed())
            self.assertNotIn("bug", client.printed())

    def test_modules_that_shadow_the_standard_library(self):
        for name in "inspect", "traceback", "queue", "difflib":
            self.write(name + ".py", "mine = True")
        self.write("fn.py", """
            import inspect, traceback, queue, difflib, functools
            @functools.lru_cache
            def f(x): return 1 / x
            def g(x): return [inspect.mine, traceback.mine, queue.mine, difflib.mine]
        """)
        for mode in "serial", "threads", "loop":
            client = self.client()
            self.assertNotIn("error", client.define("fn.py:f", 1))
            self.assertNotIn("error", client.define("fn.py:g", 2))
            self.assertIn("did you mean", client.define("fn.py:ff", 3)["error"]["hint"])
            client.configure(mode, 2)
            self.assertIn("ZeroDivisionError", client.call([0]).error()["traceback"])
            self.assertEqual(client.call([0], func=2).values(), [[True] * 4])

    def test_fewer_threads_than_wanted(self):
        path = self.fifo()
        client = self.ready(HOLD + """
    import threading
    def f(path):
        threading.stack_size(1 << 46)  # so that the system refuses
        return hold(path)
        """, mode="threads", slots=4)
        first = client.batch([path], lease=0.05)
        with open(path, "w"):  # waits until it runs
            waiting = [client.batch([""], lease=0.05) for _ in range(3)]
            client.wait_for(b"s")
            self.assertEqual([a.items for a in client.answers(*waiting)], [[("b", 0)]] * 3)
            self.assertEqual(len(client.printed().splitlines()), 1)
            self.assertIn("outpace worker: runs 1 task at once, not 4: can't start new thread\n", client.printed())
        client.answers(first)
        self.assertEqual([client.call([""]).values() for _ in range(5)], [[0]] * 5)
        self.assertEqual(client.quit(), 0)

    def test_forked_children(self):
        for mode in "serial", "threads", "loop":
            client = self.ready("""
                import os, sys
                ran = []
                def f(how):
                    ran.append(how)
                    pid = os.fork()
                    if pid:
                        code = os.waitpid(pid, 0)[1]
                        return [os.WIFEXITED(code), os.WEXITSTATUS(code)]
                    if how == "return": return "from the child"
                    if how == "exit": sys.exit(7)
                    if how == "raise": raise ValueError("in the child")
                    if how == "_exit": os._exit(5)
                    if len(ran) > 5: os.write(1, b"the child went on")
            """, mode=mode)
            answers = client.call(["return", "exit", "raise", "_exit", "other"])
            self.assertEqual(answers.values(), [[True, 0], [True, 7], [True, 1], [True, 5], [True, 0]])
            self.assertEqual(client.ping(), b"?")
            self.assertNotIn("went on", client.printed())
            self.assertIn("ValueError: in the child", client.printed())

    def test_a_crash_of_a_forked_child(self):
        client = self.ready("""
            import faulthandler, os
            def f(x):
                if os.fork() == 0: faulthandler._sigsegv()
                return os.WTERMSIG(os.wait()[1])
        """)
        self.assertEqual(client.call([1, 2]).values(), [signal.SIGSEGV] * 2)
        self.assertIn("Fatal Python error: Segmentation fault", client.printed())

    def test_a_forked_child_does_not_keep_the_channel_open(self):
        path = self.fifo()
        client = self.ready("""
            import os, signal
            def f(path):
                if os.fork() == 0:
                    open(path).read()
                    os._exit(0)
                os.kill(os.getpid(), signal.SIGKILL)
        """)
        client.batch([path])
        with self.assertRaises(Ended):
            client.frame()
        release(path)

    def test_multiprocessing(self):
        text = """
            import concurrent.futures, dataclasses, multiprocessing, pickle, __main__
            @dataclasses.dataclass
            class P: x: int
            def work(p): return P(p.x * 2)
            def f(how):
                assert pickle.loads(pickle.dumps(P(1))) == P(1)
                with multiprocessing.get_context(how).Pool(2) as pool:
                    return [p.x for p in pool.map(work, [P(1), P(2), P(3)])]
            def g(how):
                with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context(how)) as pool:
                    return [p.x for p in pool.map(work, [P(1), P(2), P(3)])]
        """
        for name in "f", "g":
            client = self.ready(text, name)
            for how in "fork", "spawn", "forkserver":
                self.assertEqual(client.call([how]).items, [("r", [2, 4, 6])], how)
            self.assertEqual(client.quit(), 0)

    def test_interrupt_while_idle(self):
        client = self.ready("def f(x): return x")
        client.ping()
        os.kill(client.process.pid, signal.SIGINT)
        self.assertEqual(client.process.wait(LIMIT), 130)


class Crashing(WorkerCase):
    TEXT = """
        import faulthandler, os, signal, sys, threading
        def deep(n): return max([n + 1], key=deep)
        def helper(how):
            if how == "closed":
                for fd in 0, 1, 2: os.close(fd)
                how = "Segmentation fault"
            if how == "Segmentation fault": faulthandler._sigsegv()
            if how == "Aborted": os.abort()
            if how == "deep":
                sys.setrecursionlimit(10**9)
                deep(0)
            signal.raise_signal(getattr(signal, how))
        def wait(): threading.Event().wait()
        def f(how): return wait() if how == "wait" else helper(how)
    """

    def crash(self, how, mode="serial", waiting=0):
        client = self.ready(self.TEXT, mode=mode, slots=waiting + 1)
        for _ in range(waiting):
            client.batch(["wait"])
        client.batch([how])
        with self.assertRaises(Ended):
            client.frame()
        return client.process.wait(LIMIT), client.printed()

    def test_the_guilty_threads_stack(self):
        for mode, waiting in ("serial", 0), ("threads", 0), ("threads", 5), ("loop", 0):
            for how, number, text in (("Segmentation fault", signal.SIGSEGV, None), ("Aborted", signal.SIGABRT, None),
                                      ("SIGBUS", signal.SIGBUS, "Bus error"), ("SIGILL", signal.SIGILL, "Illegal instruction"),
                                      ("SIGFPE", signal.SIGFPE, "Floating point exception"),
                                      ("closed", signal.SIGSEGV, "Segmentation fault")):
                with self.subTest(how, mode=mode, waiting=waiting):
                    code, printed = self.crash(how, mode, waiting)
                    self.assertEqual(code, -number)
                    lines = printed.splitlines()
                    self.assertEqual(lines[0].replace("g-p", "g p"), "Fatal Python error: " + (text or how))
                    self.assertEqual(lines[2], "Stack (most recent call first):")
                    self.assertIn("in helper", lines[3])
                    self.assertIn("in f", lines[4])
                    self.assertIn('File "<outpace_worker.py>", line ', lines[5])
                    self.assertNotIn("in wait", printed)
                    self.assertLess(len(printed), 4 << 10)

    def test_an_overflow_of_the_stack(self):
        client = self.ready(self.TEXT)
        batch = client.batch(["deep"])
        try:
            error = client.answers(batch)[0].error()
            self.assertEqual(error["type"], "RecursionError")  # since 3.12
            self.assertLess(len(error["traceback"]), 64 << 10)
        except Ended:
            self.assertEqual(client.process.wait(LIMIT), -signal.SIGSEGV)
            self.assertTrue(client.printed().startswith("Fatal Python error: Segmentation fault\n"))
            self.assertIn("in deep", client.printed())
            self.assertLess(len(client.printed()), 16 << 10)

    def test_during_an_import_or_an_init(self):
        self.write("bad.py", "import faulthandler\ndef crash(): faulthandler._sigsegv()\nif __name__ == 'bad': crash()")
        self.write("fn.py", "import faulthandler\ndef crash(): faulthandler._sigsegv()")
        for target, init in ("bad.py:f", False), ("fn.py:crash", True):
            client = self.client()
            client.send_define(target, init=init)
            self.assertEqual(client.process.wait(LIMIT), -signal.SIGSEGV)
            self.assertIn("in crash", client.printed())


if __name__ == "__main__":
    unittest.main()
