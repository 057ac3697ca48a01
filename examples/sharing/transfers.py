"""Two locks at a time, in the wrong order and in the right one; and locks that are left behind.

    outpace map examples/sharing/transfers.py:transfer '["a","b"]' '["b","a"]' -j 2
"""

import os

import outpace
from total import meet


def transfer(accounts):
    """Lock one account, then the other. Two tasks that do so in opposite orders wait for one another."""
    first, second = accounts
    with outpace.lock(first):
        meet("transfers", 2)  # both have their first lock now, and each wants the other's
        with outpace.lock(second):
            return accounts


def transfer_sorted(accounts):
    """Lock both, always in the same order: there is no circle."""
    first, second = sorted(accounts)
    with outpace.lock(first), outpace.lock(second):
        return accounts


def book(what):
    """Book under a lock, unless what is to be booked kills the process. Tell what was found."""
    with outpace.lock("ledger") as abandoned:
        if what == "crash":
            os._exit(3)
        return "repaired after: " + abandoned.why if abandoned else "booked"


def forget(what):
    """Return with a lock."""
    outpace.lock("ledger").acquire()
    return what
