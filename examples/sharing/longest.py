"""A value that tasks replace by a better one.

    outpace map examples/sharing/longest.py:longest ant crocodile bee
"""

import outpace


def longest(word):
    """Return the longest word that any task has had so far."""
    best = outpace.value("longest", "")
    return best.update(lambda now: max(now, word, key=len))


if __name__ == "__main__":  # without Outpace, the threads of this process share it
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(longest, ["ant", "crocodile", "bee"]):
            pass
    print(outpace.value("longest", "").get())
