"""Turns the records of `outpace map --records` into outcomes, as the drivers write them.

usage: read_records.py CULPRIT RECORDS OUTCOMES
"""

import json
import os
import sys

import peer


def main(name, records, path):
    outcomes = peer.Outcomes(path, name)
    if not os.path.exists(records):
        return
    with open(records, encoding="utf-8") as file:
        for line in file:
            if not line.endswith("\n"):
                break  # torn: it was killed while it wrote
            read(outcomes, json.loads(line))


def read(outcomes, record):
    if record["ok"]:
        outcomes.value(record["index"], record["value"])
    else:
        outcomes.write({"index": record["index"], "error": "{type}: {message}".format(**record["error"])})


if __name__ == "__main__":
    main(*sys.argv[1:])
