"""The Python side of Outpace: runs a user's functions in this process, for a supervisor.

docs/protocol.md has the frames. The supervisor starts boot.py, which runs this text (it also
runs as `python -c SOURCE` and as a file), with two pipes at descriptors 3 and 4. Standard
library only; one class for each box:

    supervisor
      |    ^
      | 3  | 4                frames
      v    |
    Channel -- take() --> Worker (main thread) --- start(job) --+-- serial:  here, on the main thread
      ^                     define, configure, quit             +-- threads: on one of T pool threads
      |                                                         +-- loop:    as tasks of an event loop
      |                                                                 |
    Watch (thread): reads when nobody else does,                        v
    and hands back what a Job did not start          Job: inputs -> function -> values -> frames
    when its lease is over

Who reads. The main thread blocks in read() while it has nothing else to do, so that a lone
call costs no switch of threads. While it is busy (a function, an import) the Watch looks
every POLL seconds and reads in its place: a cancel, a ping or the end of the supervisor is
seen while a function runs. Only C code that keeps the GIL can prevent that.

Who answers. A slot works through a Job's inputs with a plain loop over one list iterator.
To take back what has not started, another thread just drains that iterator, so the loop
pays nothing for being interruptible. Whatever else two threads want of a Job is done under
its lock, which the loop takes when it starts, when an item fails, and when it is done.

A lone call of a quick function is a Lone rather than a Job: there is nothing to take back of
it, and what a Job does costs as much as the function of nothing three times over.

When values become text. Whole numbers are packed where all values of an answer are, and so are long
strings. Otherwise numbers, strings, booleans and None are collected and encoded
together, once for each answer. Any other value is encoded as soon as it is returned, because
the function may change it (a list that grows with each call) before the batch is done.

How it ends. Quit: what is at hand is finished, pools of the concurrent.futures module are shut
down and atexit handlers run (at most EXIT_WAIT seconds), exit code 0; other threads and
processes that user code left behind are not waited for. End of file: the process group is
killed. 69: this Python is too old; 70: a broken protocol, a channel that user code closed or
a bug of this file, with a line on stderr. A crash leaves the Python stack of the thread that
crashed on stderr (crash.go reads it); where that thread is not the main one and its C stack
is what overflowed, CPython cannot write it.

Coroutine functions also work in modes serial and threads: each thread keeps an event loop
and runs one call at a time on it. An init function runs on the main thread, and on its loop
if it is a coroutine function: the one that runs coroutines in modes serial and loop. Plain
functions also work in mode loop, where they hold up the loop while they run. Keys of dicts
that are int, float, bool or None become strings, as json.dumps makes them.

What starts up slowly is imported when it is first needed, by standard(), which no file of the
user's can get in the way of. What is imported at the start is written in C, or part of Python
before it runs anything: json, re, threading, collections, functools and importlib.util take as
long to import as Python takes to start.

What tasks share, `import outpace`, is a package whose texts came with this one. It is loaded when a
task imports it, and its agent (outpace/_remote.py) has a place in Channel: it is asked for what
has to go ahead of each write, and told of each outcome.
"""

import sys

# Long because: the worker is one file that needs nothing else, to be sent to any interpreter as it is.

# An older Python shows the next line as its syntax error; 3.6 to 3.8 get as far as the `if`.
REQUIRES: "Outpace needs CPython 3.9 or newer" = (3, 9)

if __name__ == "__main__" and sys.path and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]  # '' or the worker's directory: a json.py there is not for us to import

import os

if sys.version_info < REQUIRES:  # hello, so that the supervisor learns the version; then the end
    version = "%d.%d.%d" % sys.version_info[:3]
    hello = '{"version":1,"pid":%d,"language":"python","runtime":"%s","gil":true}' % (os.getpid(), version)
    os.write(4, (len(hello) + 1).to_bytes(4, "little") + b"h" + hello.encode())
    os.write(2, ("outpace worker: CPython %s is too old, 3.9 or newer is needed\n" % version).encode())
    os._exit(69)

import _collections as collections
import _frozen_importlib as importing  # what importlib and importlib.machinery consist of
import _frozen_importlib_external as importing_files
import _contextvars as contextvars
import _functools as functools
import _json
import _struct as struct
import atexit
import errno
import faulthandler
import fcntl
import itertools
import select
import time
from _thread import _local as Local, allocate_lock as Lock, get_ident, start_new_thread
from time import perf_counter_ns as clock, sleep  # user code may replace the module's

VERSION = 1
POLL = 0.02  # seconds between two looks of the Watch
PARK = 50  # looks without any work, after which the Watch sleeps until it is woken
EXIT_WAIT = 5.0  # seconds that atexit handlers may take
DUMP = 62 if sys.platform == "linux" else 0  # the signal at which all stacks are written, also while C code keeps the GIL
LOG = 2  # what the worker itself writes to; main moves it out of the way of user code
LIMIT = 1 << 30  # bytes in a frame
BLOCK = 1 << 16  # bytes that are read at once
BASES = 16  # of an exception's classes that are named
TEXT_LIMIT = 64 << 10  # characters in a traceback; a message gets a quarter of it
LONG = 512  # characters; such strings are worth a look before they are encoded
SHORT = 10**18  # integers below it are written without a look at limits
TINY = 10_000  # ns: items that take less are not timed one by one
CPU_WORTH = 100_000  # ns: from here on CPU time is measured
UNKNOWN = 1 << 62  # ns: the mean of a function that has not run yet
NOT_MEASURED = (1 << 64) - 1
EVERY = 0xFFFFFFFF
BATCH = struct.Struct("<IIIBQ")  # batch, func, n, flags, lease
LONE = struct.Struct("<IcIIIBQQ")  # a results frame up to its outputs: length, kind, batch, first, n, flags, wall, cpu
JSON, WALLS, PACKED, TEXTS = 0, 1, 2, 4  # flags of batches and results
PACK_FROM = 16  # values from which on whole numbers are packed
LEASE_OVER, CANCELLED = 0, 1
EXIT_BROKEN, EXIT_INTERRUPTED = 70, 130
SCALARS = frozenset((int, float, str, bool, type(None)))  # immutable, so that they may be encoded later
FREE_THREADED = "t" in getattr(sys, "abiflags", "")
NOT_ITS_OWN = "a function closed descriptors of the worker (hint: close only what you opened, not a range)"
EXITS = (SystemExit, KeyboardInterrupt, GeneratorExit)
FUNCTION, MODULE = type(lambda: 0), type(sys)
STANDARD_PATH = sys.path[:]
STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


# ---------------------------------------------------------------- frames and values


def frame(kind, *parts):
    """One frame, as bytes."""
    return struct.pack("<Ic", 1 + sum(map(len, parts)), kind) + b"".join(parts)


def record(kind, value):
    """A frame whose body is JSON. All of it is ASCII: messages may hold lone surrogates."""
    return frame(kind, ENCODE_ASCII(value).encode())


def back_frame(job_id, first, n, why):
    return frame(b"b", struct.pack("<IIIB", job_id, first, n, why))


def fault_frame(job_id, index, wall, cpu, error):
    return frame(b"f", struct.pack("<IIQQ", job_id, index, wall, cpu), ENCODE_ASCII(error).encode())


def results_frame(job_id, first, n, walls, wall, cpu, form, *parts):
    """Results whose values, in the form that a flag stands for, are the parts."""
    head = struct.pack("<IIIBQQ", job_id, first, n, form | bool(walls), wall, cpu)
    return frame(b"r", head, struct.pack("<%dQ" % n, *walls) if walls else b"", *parts)


def no_json(value):
    raise NotJSON(value)


def json_encoder(ascii):
    """An encoder; any two that differ in ascii alone write the same but for non-ASCII characters."""
    quote = _json.encode_basestring_ascii if ascii else _json.encode_basestring
    rest = no_json, quote, None, ":", ",", False, False, False  # indent, separators, sort_keys, skipkeys, allow_nan
    make = _json.make_encoder

    def encode(value):
        return "".join(make({}, *rest)(value, 0))  # {}: what it is in, to notice a cycle

    try:
        encode(0)
    except TypeError:  # another version of Python, which wants to be told something else
        import json
        return json.JSONEncoder(ensure_ascii=ascii, allow_nan=False, separators=(",", ":"), default=no_json).encode
    return encode


def parse_json(text):
    """json.loads(text), without the module as long as it is JSON without blanks around it."""
    try:
        value, end = SCAN(text, 0)
        if end == len(text):
            return value
    except (StopIteration, SystemError):
        pass
    return standard("json").loads(text)


class Scanned:
    """How JSON is read: what a json.JSONDecoder has, of which every version of Python looks at more."""

    strict, parse_float, parse_int = True, float, int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}.__getitem__

    def __getattr__(self, hook):
        return None


class NotJSON(TypeError):
    """Raised inside the encoder, with the value that it cannot encode."""


class Refusal(Exception):
    """Something that the worker itself refuses; becomes an error record as it stands."""

    def __init__(self, cause, kind, message, hint=""):
        super().__init__(message)
        self.record = {"type": kind, "message": message, "traceback": "", "cause": cause, "hint": hint}


class Digits:
    """Integers of any length: CPython converts no more than 4300 digits unless told otherwise."""

    lock = Lock()
    limit = staticmethod(getattr(sys, "get_int_max_str_digits", lambda: 0))  # 0: there is none
    set_limit = staticmethod(getattr(sys, "set_int_max_str_digits", lambda n: None))

    @classmethod
    def limited(cls, error):
        """Whether the limit is why a conversion failed."""
        return isinstance(error, ValueError) and "digits" in str(error) and cls.limit() != 0

    @classmethod
    def unlimited(cls, convert, value):
        """convert(value) without the limit."""
        with cls.lock:
            before = cls.limit()
            cls.set_limit(0)
            try:
                return convert(value)
            finally:
                cls.set_limit(before)


SCAN = _json.make_scanner(Scanned())  # (text, at) -> value, end; SystemError where an error needs the module to be told
DECODE = parse_json
ENCODE = json_encoder(False)
ENCODE_ASCII = json_encoder(True)
PLAIN_TEXT = _json.encode_basestring
ESCAPES = [(char, ENCODE_ASCII(char)[1:-1]) for char in '\\"' + "".join(map(chr, range(32)))]  # backslashes first


def quote(text):
    """A long string as JSON: searching it for each character that is to be escaped takes a tenth of the encoder's time."""
    for char, escape in ESCAPES:
        if char in text:
            text = text.replace(char, escape)
    return b'"%b"' % text.encode()


def freeze(value):
    """The JSON text of one value, as bytes. Raises a Refusal that says what to return instead."""
    try:
        text = quote(value) if type(value) is str and len(value) >= LONG else ENCODE(value).encode()
    except Exception as error:
        text = freeze_slowly(value, error)
    if len(text) > LIMIT - 64:
        raise Refusal("encoding", "ValueError", "result of %d bytes is larger than a frame" % len(text),
                      "write it to a file and return the file's name")
    return text


def freeze_slowly(value, error):
    """What freeze does after an error: escapes lone surrogates, writes all digits, or refuses."""
    try:
        if isinstance(error, UnicodeEncodeError) or Digits.limited(error):
            return Digits.unlimited(ENCODE_ASCII, value).encode()
    except Exception as second:
        error = second
    raise unencodable(value, error) from None


def pack(values):
    """Values that are all of type int, 8 bytes each: half the work of JSON. None where one needs more."""
    try:
        return struct.pack("<%dq" % len(values), *values)
    except struct.error:
        return None


def unpack(text, n):
    if len(text) != 8 * n:
        raise ValueError("packed inputs are not %d values" % n)
    return list(struct.unpack("<%dq" % n, text))


def pack_texts(values):
    """Long strings, as their lengths and the bytes of each: nothing has to be looked for in them. None for others."""
    n = len(values)
    try:
        if type(values[0]) is not str or sum(map(len, values)) < LONG * n:
            return None
        texts = list(map(str.encode, values))  # fails for other types, and for lone surrogates
    except Exception:
        return None
    if sum(map(len, texts)) > LIMIT - 64 - 12 * n:
        return None
    return [struct.pack("<%dI" % n, *map(len, texts)), *texts]


def unpack_texts(body, n):
    """What pack_texts made, or the supervisor. Raises ValueError where it is not n texts."""
    if len(body) < 4 * n:
        raise ValueError("packed inputs are not %d texts" % n)
    sizes = struct.unpack_from("<%dI" % n, body)
    if 4 * n + sum(sizes) != len(body):
        raise ValueError("the lengths of %d texts do not add up" % n)
    body, ends = memoryview(body), itertools.accumulate(sizes, initial=4 * n)
    return [str(body[end - size : end], "utf-8") for size, end in zip(sizes, itertools.islice(ends, 1, None))]


def encode_array(values):
    """The values as one JSON array, or None when they have to be looked at one by one."""
    try:
        if type(values[0]) is str and len(values[0]) >= LONG:
            return None
        if type(values[0]) is bytes:  # frozen before
            text = b"[" + b",".join(values) + b"]"
        else:
            text = ENCODE(values).encode()
    except Exception:
        return None
    return text if len(text) <= LIMIT - 64 - 8 * len(values) else None


def encode_each(values):
    """For each value its text as bytes, or its error record."""
    cells = []
    for value in values:
        try:
            cells.append(value if type(value) is bytes else freeze(value))
        except Refusal as refusal:
            cells.append(refusal.record)
    return cells


def decode_array(body, n):
    """The n values of a JSON array, and the error records by index of those that Python cannot read."""
    bad = {}
    try:
        text = str(body, "utf-8")
        values = len(text) >= LONG * n and strings(text, n) or decode(text)
    except (RecursionError, UnicodeDecodeError):
        parts = split_array(str(body, "utf-8", "surrogateescape"))
        values = [decode_one(index, part, bad) for index, part in enumerate(parts)]
    if type(values) is not list or len(values) != n:
        raise ValueError("inputs are not an array of %d values" % n)
    return values, bad


READERS = {  # the inputs of a batch, and the error records of bad ones, for each form
    JSON: decode_array,
    PACKED: lambda body, n: (unpack(body, n), {}),
    TEXTS: lambda body, n: (unpack_texts(body, n), {}),
}


def strings(array, n):
    """The values of an array of n long strings without an escape, in a tenth of the decoder's time. None for another."""
    if array[:2] + array[-2:] == '[""]' and array.count('"') == 2 * n and "\\" not in array:
        values = array[2:-2].split('","')
        if len(values) == n:
            return values
    return None


def decode_lone(text):
    """decode_array for one value, without what only a long array is worth."""
    try:
        array = str(text, "utf-8")
        if len(array) >= LONG and (values := strings(array, 1)):
            return values[0], None
        value, end = SCAN(array, 1)
        if array[0] == "[" and array[end:] == "]":
            return value, None
    except (StopIteration, SystemError, ValueError, RecursionError):
        pass
    values, bad = decode_array(text, 1)
    return values[0], bad.get(0)


def encode_lone(value):
    """The form of one value, and its bytes. Raises a Refusal."""
    if type(value) is int and -SHORT < value < SHORT:
        return JSON, b"[%d]" % value
    if type(value) is str and len(value) >= LONG and (parts := pack_texts([value])):
        return TEXTS, b"".join(parts)
    return JSON, b"[" + freeze(value) + b"]"


def decode(text):
    try:
        return DECODE(text)
    except ValueError as error:
        if Digits.limited(error):
            return Digits.unlimited(DECODE, text)
        raise


def decode_one(index, part, bad):
    """The value of one input, or None and an error record in bad."""
    kind, message, hint = "UnicodeDecodeError", "input is not UTF-8", "convert it, perhaps with iconv"
    try:
        part.encode()  # fails where bytes were not UTF-8
        return decode(part)
    except RecursionError:
        kind, message, hint = "RecursionError", "input is nested too deeply for Python's json module", "flatten it"
    except UnicodeError:
        pass
    bad[index] = Refusal("decoding", kind, message, hint).record
    return None


def split_array(text):
    """The texts of an array's items, however deep they are: splits at the commas of level one."""
    parts, depth, start = [], 0, text.index("[") + 1
    for match in standard("re").finditer(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', text):
        token = match.group()
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
        if (token == "," and depth == 1) or (token == "]" and depth == 0):
            parts.append(text[start : match.start()])
            start = match.end()
    return parts


# ---------------------------------------------------------------- errors


def unencodable(value, error):
    """The Refusal for a value that is not JSON."""
    name, message, hint = type(value).__name__, str(error), ""
    kind = "TypeError" if isinstance(error, TypeError) else "ValueError"
    if isinstance(error, NotJSON):
        culprit = error.args[0]
        message, hint = "result of type %s cannot be carried as JSON" % name, hint_for(culprit)
        if culprit is not value:
            message += ": it contains a %s" % type(culprit).__name__
    elif "float values" in message:
        message, hint = "result is or contains nan or inf, which JSON does not have", "return None in its place"
    elif "ircular" in message:
        message, hint = "result contains itself, which JSON cannot carry", "return data without cycles"
    elif "keys must be" in message:
        hint = "turn the keys into strings, or return a list of pairs"
    elif isinstance(error, RecursionError):
        message, hint = "result is nested too deeply for Python's json module", "flatten it"
    else:
        message = "result of type %s cannot be carried as JSON: %s" % (name, message or type(error).__name__)
    return Refusal("encoding", kind, message, hint)


HINTS = {
    "bytes bytearray memoryview": "return base64.b64encode(x).decode(), or write a file and return its name",
    "set frozenset": "return sorted(x) or list(x)",
    "datetime date time": "return x.isoformat()",
    "timedelta": "return x.total_seconds()",
    "Decimal Fraction": "return str(x), or float(x) if that is precise enough",
    "complex": "return [x.real, x.imag]",
    "UUID Path PosixPath PurePath PurePosixPath": "return str(x)",
    "coroutine Task Future": "the function returned something to await; make it `async def` and await it there",
    "generator map filter zip enumerate reversed range deque dict_keys dict_values dict_items": "return list(x)",
}

NO_EXIT = "return a value, or raise an ordinary exception, instead of ending the process"

HINTS_BY_ATTRIBUTE = {
    "__dataclass_fields__": "return dataclasses.asdict(x)",
    "_member_map_": "return x.value",
    "tolist": "return x.tolist(), or x.item() of a single number",
    "model_dump": "return x.model_dump()",
    "to_dict": "return x.to_dict()",
}


def hint_for(value):
    """What to return instead of a value of a type that JSON does not have."""
    kind = type(value)
    if kind.__name__ == "coroutine":
        value.close()  # or Python warns that it was never awaited
    for names, hint in HINTS.items():
        if kind.__name__ in names.split():
            return hint
    for attribute, hint in HINTS_BY_ATTRIBUTE.items():
        if hasattr(kind, attribute):
            return hint
    return "return plain data: None, numbers, strings, lists and dicts"


def shorten(text, limit):
    """The text, without its middle when it is longer than limit characters."""
    if len(text) <= limit:
        return text
    return text[: limit // 2 - 20] + "\n... (cut here) ...\n" + text[-limit // 2 + 20 :]


def type_name(kind):
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return "%s.%s" % (kind.__module__, kind.__qualname__)


def attempt(fn, value):
    """str(fn(value)), or a text that says why it failed: fn may be user code."""
    try:
        return str(fn(value))
    except BaseException as error:
        return "<unknown: reading it raised %s>" % type(error).__name__


def describe(error, cause="exception", hint=""):
    """The error record of anything that was raised. Raises nothing itself."""
    if isinstance(error, Refusal):
        error.__traceback__ = None  # it would keep alive the frame that keeps the error
        return error.record
    if isinstance(error, EXITS) and cause == "exception":
        cause, hint = "exit", NO_EXIT
    return {"type": attempt(type_name, type(error)), "bases": bases(type(error)),
            "message": shorten(attempt(str, error), TEXT_LIMIT // 4), "traceback": user_traceback(error),
            "cause": cause, "hint": hint}


def bases(kind):
    """The names of an exception's classes but the first, the nearest first, up to Exception or BaseException."""
    names = []
    for base in type.mro(kind)[1 : 1 + BASES]:
        names.append(attempt(type_name, base))
        if base is Exception or base is BaseException:
            break
    return names


def user_traceback(error):
    """The traceback of an exception and of those behind it, without the frames of this file."""
    try:
        chain, seen = [error], set()
        while chain:
            link = chain.pop()
            if link is not None and id(link) not in seen:
                seen.add(id(link))
                link.__traceback__ = user_frames(link.__traceback__)
                end_with_user(link.__traceback__)
                chain += [link.__cause__, link.__context__]
        if error.__traceback__ is None and not isinstance(error, SyntaxError) and len(seen) == 1:
            return ""
        text = "".join(standard("traceback").TracebackException(type(error), error, error.__traceback__).format())
        return shorten(text, TEXT_LIMIT)
    except BaseException:  # a class that fights back
        return ""


def user_frames(tb):
    """A traceback from the first frame on that is neither ours nor the import system's."""
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if tb.tb_frame.f_globals is not globals() and "<frozen importlib" not in file:
            break
        tb = tb.tb_next
    return tb


def end_with_user(tb):
    """Cuts a traceback behind the last frame that is neither ours nor of the package: what that did is said by the error."""
    last = None
    while tb is not None:
        if tb.tb_frame.f_globals is not globals() and not tb.tb_frame.f_code.co_filename.startswith("<outpace/"):
            last = tb
        tb = tb.tb_next
    if last is not None and last.tb_next is not None:
        last.tb_next = None


# ---------------------------------------------------------------- loading functions


class Function:
    """A function that was defined: how to call it, and how long its items took lately."""

    def __init__(self, fn, star, kwargs):
        self.coroutine = is_coroutine(fn)
        self.call = calling(fn, star, kwargs)  # call(input), a coroutine if fn is one
        self.run = blocking(self.call) if self.coroutine else self.call  # call(input), always the value
        self.mean = UNKNOWN


def calling(fn, star, kwargs):
    """What is called with one input."""
    def spread(x):
        if type(x) is list:
            return fn(*x, **kwargs)
        if type(x) is dict:
            return fn(**x, **kwargs)
        raise Refusal("decoding", "TypeError", "cannot spread an input of type %s over parameters" % type(x).__name__,
                      "with --star, an input is a list (positional) or an object (by keyword)")

    def with_keywords(x):
        return fn(x, **kwargs)

    return spread if star else with_keywords if kwargs else fn


def blocking(call):
    """A coroutine function as a plain one, which runs it on the event loop of whichever thread calls it."""
    standard("asyncio")  # now, rather than in the first call
    return functools.partial(run_on_loop, call)


class Kept(Local):
    """What a thread keeps: its event loop, and the Job or Lone that it works through."""

    loop = job = None


KEPT = Kept()
ITEM = contextvars.ContextVar("outpace", default=None)  # (job, index) in a coroutine, and in what it starts


def own_loop():
    """The event loop that this thread keeps, so that what one coroutine opens there another can use."""
    if KEPT.loop is None:
        KEPT.loop = standard("asyncio").new_event_loop()
    return KEPT.loop


def run_on_loop(call, *args):
    """What call(*args), which is awaitable, comes to."""
    try:
        value, error = own_loop().run_until_complete(outcome(call, args))
    except OSError as error:
        if error.errno != errno.EBADF:  # else of the loop itself, which would fail all further calls
            raise
        die(NOT_ITS_OWN)
    if error is not None:
        raise error
    return value


async def outcome(call, args):
    job = KEPT.job
    if job is not None:
        ITEM.set((job, job.running()))
    try:
        return await call(*args), None
    except BaseException as error:  # SystemExit too: it would tear through the loop
        return None, error


def call_once(fn, coroutine):
    """Calls an init function, and waits for what it returns if that is to be awaited."""
    if coroutine:
        run_on_loop(fn)
        return
    value = fn()
    if hasattr(value, "__await__"):
        run_on_loop(lambda: value)


def standard(name):
    """A module of the standard library, even when files of the user's have its name or one that it imports."""
    if name not in StandardFinder.found:
        StandardFinder.found[name] = import_standard(name)
    return StandardFinder.found[name]


def import_standard(name):
    thread = get_ident()
    hidden = {n: m for n, m in list(sys.modules.items()) if "." not in n and is_standard(n) and not is_library(m)}
    for shadow in hidden:
        sys.modules.pop(shadow, None)
    StandardFinder.threads.add(thread)
    try:
        return importing._gcd_import(name)
    finally:
        StandardFinder.threads.discard(thread)
        sys.modules.update(hidden)


class StandardFinder:
    """Comes before the other finders, and finds what is in the standard library for threads in standard()."""

    found, threads = {}, set()  # other threads' imports must not notice

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None and get_ident() in cls.threads:
            return importing_files.PathFinder.find_spec(name, STANDARD_PATH)
        return None


class Carried:
    """Finds the package outpace, and loads it from the texts that came with this one."""

    names = frozenset(("outpace", "outpace._remote"))

    def __init__(self, worker, host, code):
        self.worker, self.host, self.code = worker, host, code  # code(name)

    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            return importing.spec_from_loader(name, self, origin="<outpace>", is_package=name == "outpace")
        return None

    def create_module(self, spec):
        return None  # one as usual

    def exec_module(self, module):
        exec(self.code(module.__name__), module.__dict__)

    def agent(self):
        """Asked for by the package: who carries out what tasks want of shared objects."""
        return importing._gcd_import("outpace._remote").Agent(self.worker, self.host)


def is_library(module):
    return is_library_file(str(getattr(module, "__file__", None) or "<built in>"))


def is_library_file(file):
    return file.startswith((STANDARD_LIBRARY, "<")) and not file.startswith(STANDARD_LIBRARY + "site-packages")


def is_coroutine(fn):
    flags = code_flags(fn)
    if flags is not None:
        return flags & 0x80 != 0  # inspect.CO_COROUTINE
    inspect = standard("inspect")
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(type(fn).__call__)


def is_generator(fn):
    flags = code_flags(fn)
    if flags is not None:
        return flags & 0x220 != 0  # CO_GENERATOR, CO_ASYNC_GENERATOR
    inspect = standard("inspect")
    return any(inspect.isgeneratorfunction(f) or inspect.isasyncgenfunction(f) for f in (fn, type(fn).__call__))


def code_flags(fn):
    """What kind of function a plain one is, or None for others: importing inspect takes longer than all the rest."""
    return fn.__code__.co_flags if type(fn) is FUNCTION and not fn.__dict__ else None


class Loader:
    """Finds functions by their target, `path/file.py:name` or `package.module:name`."""

    def __init__(self):
        self.home = working_directory()  # targets are relative to it, wherever functions go
        self.files = {}  # absolute path -> module
        self.directories = set()  # that are on sys.path for our sake

    def load(self, target):
        """Returns the function. Raises a Refusal, or whatever the import raised."""
        where, _, name = target.rpartition(":")
        if not where or not name:
            raise Refusal("notfound", "ValueError", "%r does not name a function" % target,
                          "write path/file.py:name or package.module:name")
        if where.endswith(".py") or os.sep in where:
            module = self.file(os.path.abspath(os.path.join(self.home, where)))
        else:
            module = self.module(where)
        fn = attribute(module, name, where)
        if not callable(fn):
            raise Refusal("notcallable", "TypeError", "%s is of type %s, not a function" % (target, type(fn).__name__),
                          functions_of(module, name))
        if is_generator(fn):
            raise Refusal("notcallable", "TypeError", "%s is a generator function: it has no single result" % target,
                          "return a list instead of using yield")
        return fn

    def module(self, name):
        """Imports package.module as `python -m` does: the working directory comes first."""
        self.first_on_path(self.home)
        try:
            return importing._gcd_import(name)  # importlib.import_module
        except ModuleNotFoundError as error:
            if not error.name or not (name + ".").startswith(error.name + "."):
                raise  # a module that the user's module imports
            raise Refusal("notfound", "ModuleNotFoundError", str(error),
                          "searched from %s with %s" % (self.home, sys.executable)) from None

    def file(self, path):
        """Imports a file as `python file.py` does, but under its own name: `__main__` guards hold."""
        if path in self.files:
            return self.files[path]
        if not os.path.isfile(path):
            raise Refusal("notfound", "FileNotFoundError", "no such file: %s" % path, near_file(path))
        self.first_on_path(os.path.dirname(path))
        stem = os.path.splitext(os.path.basename(path))[0].replace(".", "_")
        known = sys.modules.get(stem)
        if known is not None and os.path.abspath(getattr(known, "__file__", None) or "") == path:
            return self.files.setdefault(path, known)  # another module of the user's imported it
        if not self.files:
            sys.argv[:] = [path]
        self.files[path] = execute(path, "outpace_user_" + stem if stem in sys.modules or stem == "outpace" or is_standard(stem) else stem)
        return self.files[path]

    def first_on_path(self, directory):
        if directory not in self.directories:
            self.directories.add(directory)
            sys.path.insert(0, directory)


def working_directory():
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return os.sep


def is_standard(name):
    """Whether the standard library has a module of that name, which others will want to import."""
    names = getattr(sys, "stdlib_module_names", None)  # since 3.10
    if names is not None:
        return name in names
    folders = [STANDARD_LIBRARY, STANDARD_LIBRARY + "lib-dynload"]
    return name in sys.builtin_module_names or importing_files.PathFinder.find_spec(name, folders) is not None


def execute(path, name):
    """Runs a file as module name, which is importable by that name while and after it runs."""
    while name in sys.modules:
        name += "_"
    spec = importing_files.spec_from_file_location(name, path, loader=importing_files.SourceFileLoader(name, path))
    module = sys.modules[name] = importing.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)  # a module may replace itself


def attribute(module, dotted, where):
    """module.a.b for "a.b", or a Refusal that names what is there."""
    value = module
    for name in dotted.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise Refusal("notfound", "AttributeError", "%s has no function %s" % (where, dotted),
                          functions_of(module, dotted)) from None
    return value


def functions_of(module, wanted):
    """A hint: the function that may be meant, and those that the module defines."""
    own = sorted(n for n, v in list(vars(module).items())
                 if callable(v) and not n.startswith("_") and getattr(v, "__module__", None) == module.__name__)
    near = standard("difflib").get_close_matches(wanted, own, 1)
    if not own:
        return "the module defines no functions"
    there = "it has " + ", ".join(own[:12]) + (", ..." if len(own) > 12 else "")
    return "did you mean %s? %s" % (near[0], there) if near else there


def near_file(path):
    """A hint: the file that may be meant."""
    directory, name = os.path.split(path)
    try:
        names = [n for n in os.listdir(directory) if n.endswith(".py")]
    except OSError:
        return "there is no directory %s" % directory
    near = standard("difflib").get_close_matches(name, names, 1)
    return "did you mean %s?" % os.path.join(directory, near[0]) if near else ""


def load_hint(error, cause):
    """A hint for an exception that came out of an import, or of an init."""
    if isinstance(error, EXITS) and cause == "init":
        return NO_EXIT
    if isinstance(error, EXITS):
        return "the file ends the process when it is imported; put that under `if __name__ == '__main__':`"
    if isinstance(error, ModuleNotFoundError):
        return "is %s installed for %s?" % (error.name, sys.executable)
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "name it package.module:function, from the directory that holds the package"
    return ""


# ---------------------------------------------------------------- the channel


def die(message):
    """Ends the process over a broken protocol, or a bug of this file."""
    with ENDING:  # several threads may find out at once: one line is enough
        say(message)
        os._exit(EXIT_BROKEN)


ENDING = Lock()


def say(message):
    write("outpace worker: %s\n" % message.rstrip())


def write(text):
    """Writes to the standard error that the worker was started with."""
    for fd in LOG, 2:
        try:
            os.write(fd, text.encode("utf-8", "replace"))
            return
        except OSError:  # closed, by user code
            pass


def flush_streams():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:  # closed, replaced by anything, None
            pass


def leave_fork(error):
    """Ends a process that the function forked and that came back into the worker: it may not answer."""
    code = 0
    if isinstance(error, SystemExit) and (error.code is None or isinstance(error.code, int)):
        code = (error.code or 0) & 0xFF
    elif error is not None:
        write(user_traceback(error))
        code = 1
    flush_streams()
    os._exit(code)


class Channel:
    """The two pipes. Whole frames are given to receive(kind, body) by whichever thread reads."""

    def __init__(self):
        self.pid = os.getpid()
        self.inp, self.out = moved(3), moved(4)
        self.reading, self.writing = Lock(), Lock()
        self.reads = 0  # counts them: it grows while somebody reads
        self.rest = b""  # what was read of the next frame; less than its header
        self.body, self.have = None, 0  # a frame that is read in parts, and how much of it there is
        self.receive = None
        self.agent = None  # of shared objects, once it was imported
        self.wanted = False  # by the main thread: others that read let it

    def forked(self):
        """In a process that user code forked: the supervisor must see the end of its worker, not of this."""
        for fd in self.inp, self.out:
            os.closerange(fd, fd + 1)  # which does not mind a closed one
        if self.agent is not None:
            self.agent.forked, self.agent = True, None

    def orphaned(self):
        """The supervisor is gone: end, with everything that the functions started."""
        if os.getpgrp() == self.pid:
            os.killpg(self.pid, 9)
        os._exit(1)

    def send(self, frames):
        """Writes what the agent has kept back, and frames. Blocks while the pipe is full."""
        if os.getpid() != self.pid:
            leave_fork(None)
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        with self.writing:
            if self.agent is not None:
                data = self.agent.kept() + data
            try:
                done = os.write(self.out, data)
                while done < len(data):
                    done += os.write(self.out, memoryview(data)[done:])
            except BrokenPipeError:
                self.orphaned()
            except OSError as error:
                self.broken(error, "write to")

    def read(self):
        """Reads once and hands over whole frames (reading lock held). Blocks until there is something."""
        try:
            if self.body is not None:
                return self.read_on()
            data = os.read(self.inp, BLOCK)
        except OSError as error:
            self.broken(error, "read from")
        if not data:
            self.orphaned()
        self.take(data)

    def take(self, data):
        """Hands over the whole frames of what was read (reading lock held), and keeps the rest."""
        self.reads += 1
        data, at = self.rest + data, 0
        while len(data) - at >= 5:
            end = at + 4 + int.from_bytes(data[at : at + 4], "little")
            if not 4 < end - at <= 4 + LIMIT:
                die("bad frame: length %d" % (end - at - 4))
            if end > len(data):
                self.body, self.have = bytearray(end - at), len(data) - at
                self.body[: self.have] = data[at:]
                self.rest = b""
                return
            self.receive(data[at + 4 : at + 5], data[at + 5 : end])
            at = end
        self.rest = data[at:]

    def read_on(self):
        """Reads more of a long frame, right into its place."""
        n = os.readv(self.inp, [memoryview(self.body)[self.have :]])
        if not n:
            self.orphaned()
        self.reads += 1
        self.have += n
        if self.have == len(self.body):
            body, self.body = memoryview(self.body), None
            self.receive(bytes(body[4:5]), body[5:])

    def readable(self):
        """Whether a read would return at once, be it with the end of file."""
        poll = select.poll()  # one of its own: two threads must not share it
        poll.register(self.inp, select.POLLIN)
        found = poll.poll(0)
        if found and found[0][1] & select.POLLNVAL:  # who reads at this moment would never learn of it
            die(NOT_ITS_OWN)
        return bool(found)

    def broken(self, error, cannot):
        if in_user_code(error.__traceback__):
            raise error  # of a signal handler
        die(NOT_ITS_OWN if error.errno == errno.EBADF else "cannot %s the supervisor: %s" % (cannot, error))

    def pump(self, wait=True):
        """Reads what is there, without blocking for more. Gives up when another thread reads and not wait."""
        if not self.reading.acquire(wait):
            return
        try:
            while self.readable():
                self.read()
        finally:
            self.reading.release()
            self.pass_on()

    def pass_on(self):
        """Called by who stops reading."""
        if self.agent is not None:
            self.agent.pass_on()


def private(fd):
    """A copy of a descriptor that is out of the way of user code, and that child processes do not inherit."""
    for lowest in (900, 200, 10):
        try:
            return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError as error:  # the limit on descriptors is as low as that, or there is none to copy
            failed = error
    raise failed


def moved(fd):
    """Moves one end of the channel to a private descriptor."""
    try:
        copy = private(fd)
    except OSError as error:
        die("descriptors 3 and 4 must be pipes of a supervisor: %s" % error)
    os.close(fd)
    os.set_blocking(copy, True)
    return copy


# ---------------------------------------------------------------- one batch


class SharedIterator:
    """Gives each item once, to whichever thread asks: free-threaded list iterators do not promise that."""

    def __init__(self, items):
        self.items = collections.deque(items)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self.items.popleft()
        except IndexError:
            raise StopIteration from None

    def __length_hint__(self):
        return len(self.items)

    def drain(self):
        """Takes what is left, from the end, so that what others took remains a prefix."""
        for n in itertools.count():
            try:
                self.items.pop()
            except IndexError:
                return n


class Job:
    """One batch. Each item moves along this line once; the lock is held except in `function`:

        ranges --begin--> it --> function --> out --settle--> frames --> the channel
           |   <--recall--                     |
           '--------------- back --------------'---- error ---> frames

    `out` holds the values of items first, first+1, ...; the loop alone appends to it, so a
    thread that takes a prefix off it needs no more than the lock. Items first+len(out) to
    end-1 are in the hands of the function (one item, or none); those from end on are not started.
    """

    def __init__(self, id, func_id, n, flags, lease, text):
        self.id, self.func_id, self.n, self.lease, self.text = id, func_id, n, lease, text
        if flags > WALLS | TEXTS:
            raise ValueError("unknown flags %d" % flags)
        self.want_walls, self.form = flags & WALLS, flags & ~WALLS
        self.whole = True  # all values so far are of type int
        self.lock = Lock()
        self.ranges = collections.deque([(0, n)])
        self.it = SharedIterator(()) if FREE_THREADED else iter(())
        self.out, self.walls, self.first, self.end = [], [], 0, 0
        self.frames = []
        self.arrived = clock()
        self.started = 0  # 0: waits
        self.cpu_clock = None
        self.measured = False
        self.answered = self.spent = 0  # items, ns
        self.over = self.overdue = False
        self.tasks, self.given_up = {}, set()  # on a loop: what runs, what of it was cancelled

    def start(self, func):
        """Decodes the inputs and starts the clocks. Raises ValueError for a text that is not n values."""
        items, bad = READERS[self.form](self.text, self.n)
        with self.lock:
            for index, error in bad.items():
                self.drop(index, fault_frame(self.id, index, 0, NOT_MEASURED, error))
            self.func, self.items, self.text = func, items, None
            self.measured = self.want_walls and func.mean > TINY
            if func.mean > CPU_WORTH and hasattr(time, "pthread_getcpuclockid"):
                self.cpu_clock = time.pthread_getcpuclockid(get_ident())  # any thread can read it
                self.cpu_mark = time.clock_gettime_ns(self.cpu_clock)
            self.started = self.mark = self.since = clock()

    def begin(self):
        """Takes the next range in hand; False when there is none and the batch is over (lock held)."""
        if self.out:
            self.settle(clock())
        if not self.ranges:
            self.over = True
            return False
        self.first, n = self.ranges.popleft()
        self.end = self.first + n
        items = self.items if n == len(self.items) else self.items[self.first : self.end]
        self.it = SharedIterator(items) if FREE_THREADED else iter(items)
        return True

    def loop(self):
        """Calls the function with what is in hand. This is where the time goes."""
        run, append = self.func.run, self.out.append
        if not self.measured:
            for x in self.it:
                value = run(x)
                if type(value) is int:  # first, since it costs least
                    append(value)
                else:
                    self.whole = False
                    append(value if type(value) in SCALARS else freeze(value))
            return
        walls = self.walls.append
        self.since = clock()
        for x in self.it:
            value = run(x)
            now = clock()
            walls(now - self.since)
            if type(value) is not int:
                self.whole = False
            if type(value) in SCALARS:
                append(value)
                self.since = now
            else:
                append(freeze(value))
                self.since = clock()

    def running(self):
        """The item that the function is called with; for the thread that runs the job."""
        with self.lock:
            return self.first + len(self.out)

    def runs(self, index):
        """Whether an item was begun and is not over."""
        with self.lock:
            return index in self.tasks or not self.over and self.first + len(self.out) == index < self.end

    def settle(self, now, error=None, until=None):
        """Turns what is done, and the item that failed, into frames (lock held).

        Another thread passes until, when the item that now runs was started.
        """
        k = len(self.out)
        if not k and error is None:
            return
        values, walls = self.out[:k], self.walls[:k]
        del self.out[:k], self.walls[: len(self.walls) if error is not None else k]
        span = max(now - self.mark, 1)
        if self.measured:
            wall = sum(walls)
        elif error is not None:
            wall = span * k // (k + 1)
        else:
            wall = span if until is None else max(until - self.mark, 0)
        cpu, rest = self.split_cpu(min(wall, span), span)
        if k:
            self.answer(self.first, values, walls, wall, cpu)
        if error is not None:
            wall = now - self.since if self.measured else span - wall
            self.frames.append(fault_frame(self.id, self.first + k, wall, rest, error))
            self.count(1, wall)
        self.first += k + (error is not None)
        self.mark = now if until is None else max(until, self.mark)
        if until is None:
            self.since = now

    def split_cpu(self, part, span):
        """The CPU time since the last answer, shared in the proportion of the wall times."""
        if self.cpu_clock is None:
            return NOT_MEASURED, NOT_MEASURED
        used = time.clock_gettime_ns(self.cpu_clock) - self.cpu_mark
        share = used * part // span
        self.cpu_mark += share if part else 0
        return share, used - share

    def answer(self, first, values, walls, wall, cpu):
        """Adds results for values of consecutive items; those that cannot be encoded become faults."""
        n = len(values)
        self.count(n, wall)
        if self.whole and n >= PACK_FROM:
            text = pack(values)
            if text is not None:
                self.frames.append(results_frame(self.id, first, n, walls, wall, cpu, PACKED, text))
                return
        parts = pack_texts(values)
        if parts is not None:
            self.frames.append(results_frame(self.id, first, n, walls, wall, cpu, TEXTS, *parts))
            return
        text = encode_array(values)
        if text is not None:
            self.frames.append(results_frame(self.id, first, n, walls, wall, cpu, JSON, text))
            return
        cells = encode_each(values)
        large = sum(map(len, cells)) > LIMIT // 2
        for _, group in itertools.groupby(range(n), lambda i: i if large or type(cells[i]) is dict else -1):
            group = list(group)
            a, b = group[0], group[-1] + 1
            part = sum(walls[a:b]) if walls else wall * (b - a) // n
            share = cpu if cpu == NOT_MEASURED else cpu * (b - a) // n
            if type(cells[a]) is dict:
                self.frames.append(fault_frame(self.id, first + a, part, share, cells[a]))
            else:
                text = b"[" + b",".join(cells[a:b]) + b"]"
                self.frames.append(results_frame(self.id, first + a, b - a, walls[a:b], part, share, JSON, text))

    def count(self, n, wall):
        self.answered += n
        self.spent += wall
        self.func.mean = self.spent // self.answered

    def recall(self):
        """Puts what the loop has not taken in hand back among what is not started (lock held)."""
        n = self.it.drain() if FREE_THREADED else len(list(self.it))  # atomic under the GIL
        self.end -= n
        if n:
            self.ranges.appendleft((self.end, n))

    def give_back(self, why):
        """Hands back all that is not started (lock held)."""
        self.frames += [back_frame(self.id, first, n, why) for first, n in self.ranges]
        self.ranges.clear()

    def drop(self, index, answer):
        """Answers item index with a frame if it is not started (lock held)."""
        for at, (first, n) in enumerate(self.ranges):
            if first <= index < first + n:
                del self.ranges[at]
                for a, b in ((index + 1, first + n), (first, index)):
                    if a < b:
                        self.ranges.insert(at, (a, b - a))
                self.frames.append(answer)
                return

    def take_frames(self):
        frames, self.frames = self.frames, []
        return frames

    def cancel(self, index):
        """Hands back what is not started of a cancelled item, or of all. Returns frames to send."""
        with self.lock:
            if self.over:
                return []
            self.recall()
            if index == EVERY:
                self.give_back(CANCELLED)
            else:
                self.drop(index, back_frame(self.id, index, 1, CANCELLED))
            return self.take_frames()

    def late(self, now, since):
        return self.lease and not self.overdue and now - since > self.lease

    def expire(self):
        """The lease is over: sends what is done, hands the rest back, says what runs. Returns frames."""
        with self.lock:
            if self.over:
                return []
            self.overdue = True
            self.recall()
            self.give_back(LEASE_OVER)
            if self.started:
                self.settle(clock(), until=self.since)
                running = self.first + len(self.out)
                if running < self.end:
                    wall = max(clock() - self.since, 0)
                    self.frames.append(frame(b"s", struct.pack("<IIQ", self.id, running, wall)))
            return self.take_frames()


class Lone:
    """A batch of one, of a function that was quick so far: what Job does, in a third of the time.

    There is nothing to take back from it once it runs, and nothing to measure but the whole:

        waits --begin--> runs --end--> over
          '------- cancel, expire -----^
    """

    measured, ranges, it = True, collections.deque(), ()  # what others look at in a Job; there is never anything in it

    def __init__(self, id, func, lease, text, packed):
        self.id, self.func, self.lease, self.text, self.packed = id, func, lease, text, packed
        self.lock = Lock()
        self.arrived = clock()
        self.started = 0
        self.over = self.overdue = False

    late = Job.late

    def running(self):
        return 0

    def runs(self, index):
        return not self.over

    def run(self, pid):
        """Calls the function, in the process pid. Returns the frames that answer it; none where it was handed back."""
        x, error = (*unpack_texts(self.text, 1), None) if self.packed else decode_lone(self.text)
        with self.lock:
            if self.over:
                return []
            begin = self.started = clock()
        raised = text = None
        form = wall = 0
        try:
            if error is None:
                value = self.func.run(x)
                wall = clock() - begin
                form, text = encode_lone(value)
        except BaseException as caught:
            raised = caught
        if os.getpid() != pid:
            leave_fork(raised)
        if raised is not None:
            wall = clock() - begin
            error = describe(raised)
        with self.lock:
            self.over = True
        self.func.mean = wall
        if error is not None:
            return [fault_frame(self.id, 0, wall, NOT_MEASURED, error)]
        return [LONE.pack(len(text) + 30, b"r", self.id, 0, 1, form, wall, NOT_MEASURED) + text]

    def cancel(self, index):
        with self.lock:
            return self.give_back(CANCELLED)

    def expire(self):
        with self.lock:
            if self.started and not self.over:
                self.overdue = True
                return [frame(b"s", struct.pack("<IIQ", self.id, 0, max(clock() - self.started, 0)))]
            return self.give_back(LEASE_OVER)

    def give_back(self, why):
        if self.started or self.over:
            return []
        self.over = True
        return [back_frame(self.id, 0, 1, why)]


# ---------------------------------------------------------------- the worker


class Watch:
    """A thread that looks every POLL seconds, while there is work, at what others are too busy to see."""

    def __init__(self, worker):
        self.worker = worker
        self.thread = None
        self.parked = False
        self.call = Lock()  # released while somebody calls; the main thread alone does
        self.call.acquire()
        self.progress = {}  # job id -> what was taken in hand, when last looked at

    def wake(self):
        """Called by the main thread, when it gets busy, and by others that leave something to be sent."""
        if self.thread is None:
            try:
                self.thread = start_new_thread(guarded(self.run), ())
            except RuntimeError as error:
                die("cannot start a thread: %s" % error)
        elif self.parked and self.call.locked():
            try:
                self.call.release()
            except RuntimeError:  # two called at once
                pass

    def run(self):
        worker, channel = self.worker, self.worker.channel
        idle, reads, unread = 0, 0, False
        while True:
            sleep(POLL)
            stuck = unread and channel.reads == reads
            idle = 0 if worker.busy or worker.jobs or self.shares() or channel.reads != reads else idle + 1
            reads = channel.reads
            unread = self.look(stuck)
            if idle > PARK:
                self.park(reads)
                idle = 0

    def park(self, reads):
        """Sleeps until there is work again, so that an idle worker wakes nobody."""
        self.call.acquire(False)  # an old call
        self.parked = True
        if self.worker.channel.reads == reads and not self.shares():
            self.call.acquire()
        self.parked = False

    def shares(self):
        """Whether something is kept back, or waited for."""
        agent = self.worker.channel.agent
        return agent is not None and agent.busy()

    def look(self, stuck):
        """Looks once. Returns whether there is something that nobody has read; stuck: still."""
        worker = self.worker
        if sys.getswitchinterval() > POLL:  # user code's; a loop of Python would not let this thread run again
            sys.setswitchinterval(POLL)
        unread = worker.channel.readable()
        if unread and stuck:
            worker.channel.pump(wait=False)
            worker.slots.notice()
        if worker.slots.leases:
            self.check_leases(clock())
        if worker.channel.agent is not None:
            worker.channel.agent.tend(not worker.jobs)
        return unread

    def check_leases(self, now):
        worker, jobs = self.worker, list(self.worker.jobs.values())
        running = [job for job in jobs if job.started]
        for job in running:
            if not job.measured:
                self.note_progress(job, now)
            if job.late(now, job.started):
                worker.send(job.expire())
        if running and len(running) >= worker.slots.threads and all(job.overdue for job in running):
            for job in jobs:  # no slot will get to these soon
                if not job.started and job.late(now, job.arrived):
                    worker.send(job.expire())
        self.progress = {job.id: self.progress.get(job.id) for job in running}

    def note_progress(self, job, now):
        """Tells, where items are not timed, since when at least the present one has been running."""
        taken = (job.end, job.it.__length_hint__())
        if self.progress.get(job.id) != taken:
            self.progress[job.id] = taken
            job.since = now


def guarded(fn):
    """fn, but an error in it, after which nobody might answer the supervisor, ends the process."""
    def run(*args):
        try:
            return fn(*args)
        except KeyboardInterrupt:
            os._exit(EXIT_INTERRUPTED)
        except MemoryError:
            die("out of memory between two calls of a function")
        except BaseException as error:
            if in_user_code(error.__traceback__):  # a signal handler, called wherever this thread was
                die("user code raised an exception between two calls of a function\n" + user_traceback(error))
            if isinstance(error, OSError) and error.errno == errno.EBADF:  # that of an event loop
                die(NOT_ITS_OWN)
            die("bug in the worker\n" + standard("traceback").format_exc())
    return run


def in_user_code(tb):
    """Whether an exception was raised by neither this file nor the standard library."""
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return tb is not None and tb.tb_frame.f_globals is not globals() and not is_library_file(tb.tb_frame.f_code.co_filename)


def start_thread(target):
    standard("threading").Thread(target=guarded(target), daemon=True, name="outpace").start()


class Worker:
    """The main thread: takes what comes over the channel and acts on it, one after another."""

    def __init__(self):
        self.thread = get_ident()  # the main one
        self.channel = Channel()
        self.channel.receive = self.receive
        self.inbox = collections.deque()  # (kind, value), to be acted on in order
        self.jobs = {}  # id -> Job that is not answered in full
        self.functions = {}  # number -> Function
        self.loader = Loader()
        self.slots = Slots()
        self.watch = Watch(self)
        self.busy = False  # the main thread acts on something
        self.closing = False  # quit was read
        self.spare = False  # the workers leave a core

    def hello(self):
        self.send([record(b"h", {
            "version": VERSION, "pid": os.getpid(), "language": "python", "runtime": "%d.%d.%d" % sys.version_info[:3],
            "executable": sys.executable, "gil": getattr(sys, "_is_gil_enabled", lambda: True)(), "packed": True,
            "dump": DUMP if faulthandler.is_enabled() else 0})])

    def forked(self):
        """Runs in a process that user code forked: it goes on with the item that it is in, and no other."""
        global LOG
        self.channel.forked()
        if LOG != 2:  # the child has its own standard error, perhaps another one
            if faulthandler.is_enabled():
                faulthandler.enable(2, all_threads=False)
            os.closerange(LOG, LOG + 1)
            LOG = 2
        for job in list(self.jobs.values()):
            collections.deque(job.it, 0)
            job.ranges.clear()

    def send(self, frames):
        if frames:
            self.channel.send(frames)

    # Runs in whichever thread reads.

    def receive(self, kind, body):
        try:
            if kind == b"B":
                job = self.job(BATCH.unpack_from(body), body[BATCH.size :])
                self.jobs[job.id] = job
                self.inbox.append((kind, job))
            elif kind == b"X":
                job_id, index = struct.unpack("<II", body)
                if job_id in self.jobs:  # else it is done
                    self.slots.cancel(self, self.jobs[job_id], index)
            elif kind == b"P":
                self.slots.ping(self, bytes(body))
            elif kind == b"O" and self.channel.agent is not None:
                self.channel.agent.outcome(body)
            elif kind == b"Q":
                self.closing = True
                self.inbox.append((kind, None))
            elif kind in b"CD":
                self.inbox.append((kind, dict(DECODE(str(body, "utf-8")))))
            else:
                raise ValueError("unknown kind")
        except (struct.error, ValueError, TypeError) as error:
            die("bad frame %r: %s" % (kind, error))

    def job(self, head, text):
        id, func_id, n, flags, lease = head
        if n < 1 or self.closing:
            raise ValueError("a batch that is empty, or after quit")
        if n == 1 and (flags <= WALLS or flags & ~WALLS == TEXTS) and self.slots.leases:
            func = self.functions.get(func_id)
            if func is not None and func.mean <= TINY:
                return Lone(id, func, lease, text, flags & TEXTS)
        return Job(id, func_id, n, flags, lease, text)

    # Runs in the main thread.

    def serve(self):
        """Acts on frames, until the event loop takes that over."""
        while type(self.slots) is not Loop:
            self.act(*self.next())
        self.slots.serve()

    def next(self):
        """What comes next. Another thread that reads stops for this one at the next frame, since it says so first."""
        channel, inbox = self.channel, self.inbox
        channel.wanted = True
        if not inbox:
            with channel.reading:
                while not inbox:
                    channel.read()
        channel.wanted = False
        return inbox.popleft()

    def act(self, kind, value):
        self.busy = True
        self.watch.wake()
        if kind != b"B" or type(self.slots) is not Threads:  # else this thread reads on at once
            self.channel.pass_on()
        if kind == b"B":
            if type(value) is Job and value.func_id not in self.functions:
                die("bad frame b'B': function %d is not defined" % value.func_id)
            self.slots.start(self, value)
        elif kind == b"D":
            self.define(value)
        elif kind == b"C":
            self.configure(value.get("mode"), value.get("slots"), value.get("spare"))
        else:
            self.slots.quit(self)
        self.busy = False

    def configure(self, mode, width, spare):
        modes = {"serial": Serial, "threads": Threads, "loop": Loop}
        if mode not in modes or type(self.slots) is not Slots or type(width) is not int or width < 1:
            die("bad frame b'C': mode %r, slots %r" % (mode, width))
        self.slots, self.spare = modes[mode](self, width), spare is True

    def define(self, spec):
        """Loads a function, or loads and calls one that is to be called once, and answers."""
        if not {"func", "target"} <= spec.keys():
            die("bad frame b'D': no func or no target")
        begin, answer, cause = clock(), {"func": spec["func"]}, "import"
        try:
            fn, kwargs = self.loader.load(spec["target"]), spec.get("kwargs") or {}
            function = Function(fn, spec.get("star"), kwargs)
            answer["coroutine"] = function.coroutine
            if spec.get("init"):
                cause = "init"
                call_once(functools.partial(fn, **kwargs), function.coroutine)
            else:
                self.functions[spec["func"]] = function
        except BaseException as error:
            if os.getpid() != self.channel.pid:
                leave_fork(error)
            answer["error"] = describe(error, cause, load_hint(error, cause))
        answer["seconds"] = (clock() - begin) / 1e9
        self.send([record(b"d", answer)])

    # Runs in the thread of a slot.

    def prepare(self, job):
        try:
            job.start(self.functions[job.func_id])
        except ValueError as error:
            die("bad frame b'B': %s" % error)

    def run(self, job):
        """Works through a job in this thread and answers it."""
        KEPT.job = job
        if type(job) is Lone:
            self.run_lone(job)
            return
        self.prepare(job)
        more = True
        while more:
            with job.lock:
                more = job.begin()
            while more and not self.run_range(job):
                pass
        self.send(job.take_frames())
        self.forget(job)

    def run_lone(self, job):
        try:
            frames = job.run(self.channel.pid)
        except ValueError as error:
            die("bad frame b'B': %s" % error)
        self.send(frames)
        self.forget(job)

    def forget(self, job):
        """Answered in full. Its number may be in use again, since the frames are out."""
        KEPT.job = None
        if self.jobs.get(job.id) is job:
            del self.jobs[job.id]

    def run_range(self, job):
        """Runs what a job has in hand. Returns True at its end, False when an item failed."""
        error = None
        try:
            job.loop()
        except BaseException as raised:
            error = raised
        if os.getpid() != self.channel.pid:
            leave_fork(error)
        if error is None:
            return True
        now, error = clock(), describe(error)
        with job.lock:
            job.settle(now, error)
        return False


def finish(worker):
    """Ends the process as Python would, but for what could keep it: threads, and handlers that hang."""
    def hurry():
        sleep(EXIT_WAIT)
        os._exit(0)
    try:
        start_new_thread(hurry, ())
        threading = sys.modules.get("threading")  # nobody can have registered there before it is
        calls = [*reversed(getattr(threading, "_threading_atexits", ())), atexit._run_exitfuncs]
    except RuntimeError:  # no thread to be had: without handlers, then
        calls = []
    for call in calls:  # the first ones end pools of processes
        try:
            call()
        except BaseException as error:
            write(user_traceback(error))
    if worker.channel.agent is not None:
        worker.channel.send([])  # what handlers, and threads without an item, have shared
    flush_streams()
    os._exit(0)


# ---------------------------------------------------------------- the modes: where a job runs


class Slots:
    """Where jobs run. This one stands in until configure, and runs none."""

    threads, leases = 0, False  # how many threads run jobs; whether they heed leases

    def start(self, worker, job):
        die("bad frame b'B': batch before configure")

    def cancel(self, worker, job, index):
        worker.send(job.cancel(index))

    def ping(self, worker, body):
        worker.send([frame(b"p", body)])

    def notice(self):
        """Called by a thread that read for the main thread."""

    def quit(self, worker):
        finish(worker)


class Serial(Slots):
    """Mode serial: the main thread runs jobs itself."""

    threads, leases = 1, True

    def __init__(self, worker, width):
        pass

    def start(self, worker, job):
        worker.run(job)


class Threads(Slots):
    """Mode threads: the main thread puts jobs in a queue for up to T threads."""

    leases = True

    def __init__(self, worker, width):
        self.width, self.threads, self.refused = width, 0, False
        self.worker, self.waiting = worker, standard("queue").SimpleQueue()
        self.quitting, self.drained = False, standard("threading").Event()

    def start(self, worker, job):
        self.waiting.put(job)
        if self.threads < min(self.width, len(worker.jobs)):
            try:
                start_thread(self.serve)
                self.threads += 1
            except RuntimeError as error:
                self.refuse(error)

    def refuse(self, error):
        """The system gives no more threads for now: those that there are take the job."""
        if not self.threads:
            die("cannot start a thread: %s" % error)
        if not self.refused:
            tasks = "task" if self.threads == 1 else "tasks"
            say("runs %d %s at once, not %d: %s" % (self.threads, tasks, self.width, error))
        self.refused = True

    def serve(self):
        while True:
            self.worker.run(self.waiting.get())
            if self.quitting and not self.worker.jobs:
                self.drained.set()

    def quit(self, worker):
        self.quitting = True
        while worker.jobs:
            self.drained.wait()
        finish(worker)


class Loop(Slots):
    """Mode loop: each item is a task of the event loop on the main thread. All of this runs there but notice."""

    def __init__(self, worker, width):
        self.worker, self.loop = worker, own_loop()
        self.finished = []  # (job, index, value, error, wall), to be answered in this tick
        self.quitting = False

    def serve(self):
        """Runs the loop for good. It is stopped for a moment where a function is defined: imports may run loops."""
        self.loop.add_reader(self.worker.channel.inp, guarded(self.readable))
        while True:
            self.loop.call_soon(guarded(self.start_some))
            try:
                self.loop.run_forever()
            except SystemExit as error:  # raised in a task that user code made
                if os.getpid() != self.worker.channel.pid:
                    leave_fork(error)
                write(user_traceback(error))
            while self.worker.inbox and self.worker.inbox[0][0] != b"B":
                self.worker.act(*self.worker.inbox.popleft())

    def readable(self):
        self.worker.channel.pump()
        self.start_some()

    def ping(self, worker, body):
        """A ping that is about the tasks is answered by the loop: can they go on?"""
        if body == b"tasks":
            self.loop.call_soon_threadsafe(guarded(worker.send), [frame(b"p", body)])
        else:
            worker.send([frame(b"p", body)])

    def notice(self):
        self.loop.call_soon_threadsafe(guarded(self.start_some))

    def start_some(self):
        """Starts the jobs that have come, up to a frame that wants the loop to stand still."""
        while not self.worker.busy and self.worker.inbox:
            if self.worker.inbox[0][0] != b"B":
                self.loop.stop()
                break
            self.worker.act(*self.worker.inbox.popleft())

    def start(self, worker, job):
        worker.prepare(job)
        job.whole = False  # nobody looks at the types of all values
        for first, n in job.ranges:
            for index in range(first, first + n):
                job.tasks[index] = self.loop.create_task(self.call(job, index, job.items[index]))
        job.ranges.clear()
        worker.send(job.take_frames())
        self.forget(job)

    async def call(self, job, index, x):
        """Calls the function with one input and notes what came of it. Raises only what our cancel raised."""
        begin = clock()
        value = error = None
        ITEM.set((job, index))
        try:
            value = job.func.call(x)
            if type(value) not in SCALARS:
                value = freeze(await value if hasattr(value, "__await__") else value)
        except BaseException as raised:
            if index in job.given_up and type(raised).__name__ == "CancelledError":
                raise
            error = raised
        wall = clock() - begin
        if os.getpid() != self.worker.channel.pid:
            leave_fork(error)
        self.note(job, index, value, None if error is None else describe(error), wall)

    def note(self, job, index, value, error, wall=0):
        """Notes an outcome: error is None, an error record or CANCELLED."""
        if not self.finished:
            self.loop.call_soon(guarded(self.answer))
        self.finished.append((job, index, value, error, wall))

    def cancelled(self, job, index, task):
        """A task that was cancelled has ended, perhaps without ever having begun."""
        if task.cancelled():
            self.note(job, index, None, CANCELLED)

    def answer(self):
        """Answers what was finished in this tick of the loop, with one write."""
        finished, self.finished = sorted(self.finished, key=lambda done: (done[0].id, done[1])), []
        for _, group in itertools.groupby(enumerate(finished), consecutive):
            group = [done for _, done in group]
            job, first, _, error, wall = group[0]
            if error is None:
                _, _, values, _, walls = zip(*group)
                job.answer(first, values, walls if job.want_walls else (), sum(walls), NOT_MEASURED)
            elif error == CANCELLED:
                job.frames.append(back_frame(job.id, first, 1, CANCELLED))
            else:
                job.frames.append(fault_frame(job.id, first, wall, NOT_MEASURED, error))
        jobs = {job.id: job for job, *_ in finished}.values()
        self.worker.send([each for job in jobs for each in job.take_frames()])
        for job, index, *_ in finished:
            del job.tasks[index]
        for job in jobs:
            self.forget(job)

    def forget(self, job):
        if not job.tasks:
            self.worker.forget(job)
            if self.quitting and not self.worker.jobs:
                finish(self.worker)

    def cancel(self, worker, job, index):
        self.loop.call_soon_threadsafe(guarded(self.cancel_tasks), job, index)

    def cancel_tasks(self, job, index):
        self.worker.send(job.cancel(index))
        for i in list(job.tasks) if index == EVERY else [index]:
            if i in job.tasks and i not in job.given_up and not job.tasks[i].done():
                job.given_up.add(i)
                job.tasks[i].add_done_callback(functools.partial(guarded(self.cancelled), job, i))
                job.tasks[i].cancel()

    def quit(self, worker):
        self.quitting = True
        if not worker.jobs:
            finish(worker)


OWN_TASKS = outcome.__code__, Loop.call.__code__  # of the tasks that items are; user code makes others


def consecutive(numbered):
    """A key that groups values of consecutive items of one job; faults and cancelled items stay alone."""
    at, (job, index, _, error, _) = numbered
    return (job.id, index - at) if error is None else at


def main():
    global LOG
    worker = Worker()
    if sys.stderr is not None:
        LOG = private(2)
        faulthandler.enable(LOG, all_threads=False)  # the guilty one alone: of the output only the end is kept
        if DUMP:
            faulthandler.register(DUMP, LOG, all_threads=True)
    if sys.stdout is not None:
        sys.stdout.reconfigure(line_buffering=True)
    sys.meta_path.insert(0, StandardFinder)
    os.register_at_fork(after_in_child=worker.forked)
    # Child processes of the multiprocessing module import __main__: it must not be this file.
    own, sys.modules["__main__"] = sys.modules["__main__"], MODULE("__main__")
    if hasattr(own, "carried"):  # by boot.py
        sys.meta_path.insert(0, Carried(worker, own, own.carried))
    worker.hello()
    guarded(worker.serve)()


if __name__ == "__main__":
    main()
