"""What the drivers of all peers share: their arguments, and a file of outcomes.

Outcomes are lines of JSON, flushed one by one, so that they are there however
the driver ends: {"index": 7, "right": true} for a result, {"index": 500,
"error": "ValueError: …"} for an error that the peer gave for an item, and
{"index": null, "error": …} for one that says of no item that it is its own.
"""

import argparse
import json

import culprits

WORKERS = 2


class Outcomes:
    """The file of outcomes of a run of culprits.<name>."""

    def __init__(self, path, name):
        self.file = open(path, "w", buffering=1)
        self.name = name

    def value(self, index, value):
        self.write({"index": index, "right": right(self.name, index, value)})

    def error(self, index, error):
        self.write({"index": index, "error": describe(error)})

    def write(self, outcome):
        self.file.write(json.dumps(outcome) + "\n")


def right(name, index, value):
    """Whether value is the result of culprits.<name> for index."""
    if index != culprits.CULPRIT:
        return value == index * index
    if name == "lambda_result":
        return callable(value) and value() == index
    if name == "set_result":
        return value == {index}
    if name == "cyclic_result":
        return isinstance(value, list) and value[0] == index and value[1] is value
    if name == "large_result":
        return value == "x" * culprits.LARGE
    return value == index * index


def describe(error):
    """The line that a traceback ends with."""
    lines = str(error).strip().splitlines()
    return type(error).__name__ + (": " + lines[0] if lines else "")


def arguments():
    """The culprit's name, its function, the outcomes, the time-out, the chunk size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("culprit")
    parser.add_argument("outcomes")
    parser.add_argument("--timeout", type=float, help="seconds, where the peer has one")
    parser.add_argument("--chunk", type=int, default=1)
    args = parser.parse_args()
    args.function = getattr(culprits, args.culprit)
    args.outcomes = Outcomes(args.outcomes, args.culprit)
    return args
