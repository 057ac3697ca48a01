"""Downloads that count what they meet, and of which two at a time ask the server.

    outpace map examples/sharing/pages.py:fetch URL URL URL -j 1x16

The functions of a run share the counters and the semaphore, in whichever process they run.
"""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import outpace

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # straight to the host


def fetch(url):
    """Return how many bytes are behind a URL; 0 where the server has no such page."""
    try:
        with outpace.semaphore("server", 2), OPENER.open(url, timeout=30) as response:
            page, status = response.read(), response.status
    except urllib.error.HTTPError as error:
        page, status = b"", error.code
    outpace.counter("status").add(str(status))
    outpace.counter("hosts").add(urlsplit(url).hostname)
    return len(page)


def fetch_or_raise(url):
    """Return how many bytes are behind a URL. With --retries, an error is another attempt."""
    outpace.counter("attempts").add("all")  # counts each attempt
    with OPENER.open(url, timeout=30) as response:
        page = response.read()
    outpace.counter("pages").add(url)  # a key for each task: as many keys as pages, whatever was repeated
    return len(page)
