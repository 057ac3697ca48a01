"""Calls functions of examples/suites and tells what comes of them.

Standard input holds [[module, function, argument], ...] as JSON. Standard output gets a
list with [result, ""] or [null, "class of the exception"] for each.
"""

import hashlib
import importlib
import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])


async def digest(url):
    """What download_async hands on."""
    sha = hashlib.sha256()
    await importlib.import_module("download_async").get(url, sha.update)
    return sha.hexdigest()


def call(module, function, argument):
    module = importlib.import_module(module)
    if str(argument).endswith("/never"):
        module.TIMEOUT = 0.1
    result = getattr(module, function)(argument)
    if not hasattr(result, "__await__"):
        return result
    import asyncio  # as long as a small program; most calls do without

    return asyncio.run(result)


def outcome(entry):
    try:
        return [call(*entry), ""]
    except Exception as error:
        return [None, type(error).__name__]


json.dump([outcome(entry) for entry in json.load(sys.stdin)], sys.stdout)
