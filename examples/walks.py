"""A large result as a file: the function writes it, and its result is the name."""

import array
import os
import random


def walk(seed, folder, steps=100_000):
    """Write a random walk into a folder, 8 bytes a step, and return the file's name."""
    draw = random.Random(seed).random
    positions = array.array("d", [0.0])
    for _ in range(steps):
        positions.append(positions[-1] + draw() - 0.5)
    name = os.path.join(folder, "walk-%d.f64" % seed)
    part = "%s.%d" % (name, os.getpid())
    with open(part, "wb") as file:
        positions.tofile(file)
    os.replace(part, name)  # whoever finds the name finds all of it, also after a second try
    return name


def end(name):
    """Return where the walk in a file ended."""
    positions = array.array("d")
    with open(name, "rb") as file:
        positions.frombytes(file.read())
    return round(positions[-1], 6)
