"""Downloads without threads: coroutines, and a small HTTP client on asyncio's streams.

    outpace bench examples/suites/download_async.py:download URL --repeat 10
    outpace bench examples/suites/download_async.py:fetch URL --repeat 100

CPython has no asynchronous HTTP client, so this is one, as short as can be: GET,
http and https, redirects, bodies of a known length, in chunks, or up to the end of
the connection. It does the work of download.py and raises the same errors. (Only a
host that is given by name takes a thread: asyncio looks names up in one.)
"""

import asyncio
import contextlib
import functools
import http.client
import io
import math
import socket
import ssl
import tempfile
import urllib.error
from urllib.parse import urljoin, urlsplit

CHUNK = 8192  # bytes that are read, and written, at once
TIMEOUT = 30  # seconds for each step: to connect, and for each chunk
REDIRECTS = 5


async def download(url):
    """Download a URL into a temporary file, chunk by chunk, and return its size in bytes.

    An answer that is an HTTP error is raised. The file goes when it is closed, and
    with the process however that ends: it has no name (on Windows the system removes it).
    """
    with tempfile.TemporaryFile() as file:
        await get(url, file.write)  # writing is left to the system's cache, and does not wait
        return file.tell()


async def fetch(url):
    """Return how many bytes are behind a URL, which are read into memory."""
    chunks = []
    await get(url, chunks.append)
    return len(b"".join(chunks))


async def get(url, write):
    """Call write with each chunk of what is behind a URL."""
    for _ in range(1 + REDIRECTS):
        async with connection(url) as (stream, send):
            send(request(url))
            status, reason, headers = await head(stream)
            if 200 <= status < 300:
                await body(stream, status, headers, write)
                return
            error = urllib.error.HTTPError(url, status, reason, headers, io.BytesIO())
            if status not in (301, 302, 303, 307, 308) or "Location" not in headers:
                raise error
            url = urljoin(url, headers["Location"])
    raise error


@contextlib.asynccontextmanager
async def connection(url):
    """Connect to the host of a URL: a Stream to read from, and a function that sends."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise urllib.error.URLError("not an address of http or https: %s" % url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    opening = asyncio.open_connection(parts.hostname, port, ssl=tls() if secure else None)
    try:
        reader, writer = await asyncio.wait_for(opening, TIMEOUT)
    except (OSError, asyncio.TimeoutError) as error:
        raise urllib.error.URLError(error) from error
    try:
        yield Stream(reader), writer.write
    finally:
        writer.transport.abort()  # all was read, or nothing more is wanted


@functools.lru_cache(maxsize=None)
def tls():
    """The certificates that are trusted, read from their files once."""
    return ssl.create_default_context()


class Stream:
    """Reads with a time-out each.

    asyncio.wait_for would do, but makes a task of every read before Python 3.12. A
    timer that puts an error into the reader costs a quarter of that.
    """

    def __init__(self, reader):
        self.reader = reader

    async def timed(self, reading):
        timer = asyncio.get_running_loop().call_later(TIMEOUT, self.reader.set_exception, socket.timeout("timed out"))
        try:
            return await reading
        finally:
            timer.cancel()

    async def line(self):
        """The next line with its end; b"" at the end of the connection."""
        try:
            return await self.timed(self.reader.readline())
        except ValueError:
            raise http.client.LineTooLong("answer") from None

    async def copy(self, size, write):
        """Hand so many bytes to write; math.inf: all up to the end of the connection."""
        while size > 0:
            chunk = await self.timed(self.reader.read(min(CHUNK, size)))
            if not chunk and size < math.inf:
                raise http.client.IncompleteRead(b"", size)
            if not chunk:
                return
            write(chunk)
            size -= len(chunk)


def request(url):
    """The bytes that ask for a URL."""
    if any(c <= " " or c == "\x7f" for c in url):
        raise http.client.InvalidURL("an address has no space or control character in it: %r" % url)
    parts = urlsplit(url)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = ["GET %s HTTP/1.1" % target, "Host: " + host, "Accept-Encoding: identity", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


async def head(stream):
    """Read the status, its reason and the headers of an answer."""
    while True:
        line = (await stream.line()).decode("latin-1")
        if not line:
            raise http.client.RemoteDisconnected("Remote end closed connection without response")
        version, _, rest = line.partition(" ")
        code, _, reason = rest.strip().partition(" ")
        if not version.startswith("HTTP/1.") or not code.isdecimal():
            raise http.client.BadStatusLine(line)
        headers = http.client.parse_headers(io.BytesIO(b"".join(await fields(stream))))
        if int(code) >= 200:  # before that, an answer is only the announcement of one
            return int(code), reason, headers


async def fields(stream):
    """Read lines up to an empty one, as headers and trailers are."""
    lines = []
    while not lines or lines[-1] not in (b"\r\n", b"\n", b""):
        if len(lines) > 100:
            raise http.client.HTTPException("got more than 100 headers")
        lines.append(await stream.line())
    return lines


async def body(stream, status, headers, write):
    """Read the body of an answer, however its length is told."""
    if status == 204:
        return
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        length = headers.get("Content-Length")
        return await stream.copy(math.inf if length is None else int(length), write)
    while True:
        size = (await stream.line()).split(b";")[0].strip()
        try:
            size = int(size, 16)
        except ValueError:
            raise http.client.IncompleteRead(b"") from None
        if size == 0:
            return await fields(stream)  # of the trailer
        await stream.copy(size, write)
        await stream.line()  # the end of the chunk's last line
