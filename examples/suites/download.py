"""Downloads with the standard library: they wait, and a thread that waits lets the others run.

    outpace bench examples/suites/download.py:download URL --repeat 10
    outpace bench examples/suites/download.py:fetch URL --repeat 100

or from a server of the command's own: outpace bench --suite io, --suite sweep-io.
download_async.py and go:download, go:fetch do the same work in other ways: a new
connection for each URL, straight to its host, without a proxy.
"""

import http.client
import tempfile
import urllib.request

CHUNK = 8192  # bytes that are read, and written, at once
TIMEOUT = 30  # seconds for each step: to connect, and for each chunk

# Made once and used by all threads: it holds settings, not connections. What is
# measured on this machine must not go through a proxy.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def download(url):
    """Download a URL into a temporary file, chunk by chunk, and return its size in bytes.

    An answer that is an HTTP error is raised. The file goes when it is closed, and
    with the process however that ends: it has no name (on Windows the system removes it).
    """
    size = 0
    with OPENER.open(url, timeout=TIMEOUT) as response, tempfile.TemporaryFile() as file:
        while chunk := response.read(CHUNK):
            size += file.write(chunk)
        if response.length:  # of the Content-Length; read(CHUNK) does not tell
            raise http.client.IncompleteRead(b"", response.length)
    return size


def fetch(url):
    """Return how many bytes are behind a URL, which are read into memory."""
    with OPENER.open(url, timeout=TIMEOUT) as response:
        return len(response.read())
