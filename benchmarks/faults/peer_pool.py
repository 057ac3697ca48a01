"""multiprocessing.Pool, as its documentation says.

Items one by one go through apply_async, with callbacks: imap would keep all
results behind one that never comes.
"""

import functools
import multiprocessing

import culprits
import peer


def main(args):
    with multiprocessing.Pool(peer.WORKERS) as pool:  # its end terminates the workers
        pool.map(culprits.innocent, range(peer.WORKERS))
        if args.chunk > 1:
            in_chunks(pool, args)
        else:
            one_by_one(pool, args)


def one_by_one(pool, args):
    results = [
        pool.apply_async(
            args.function,
            (x,),
            callback=functools.partial(args.outcomes.value, x),
            error_callback=functools.partial(args.outcomes.error, x),
        )
        for x in range(culprits.ITEMS)
    ]
    for x, result in enumerate(results):
        result.wait(args.timeout)
        if not result.ready():
            args.outcomes.error(x, multiprocessing.TimeoutError())


def in_chunks(pool, args):
    """The whole chunk fails with the culprit, and the iterator ends. It has no time-out."""
    results = pool.imap(args.function, range(culprits.ITEMS), chunksize=args.chunk)
    try:
        for x, value in enumerate(results):
            args.outcomes.value(x, value)
    except Exception as error:
        args.outcomes.error(None, error)


if __name__ == "__main__":
    main(peer.arguments())
