"""concurrent.futures.ProcessPoolExecutor, as its documentation says.

Items one by one are submitted: map would end at the first exception, and gives
the rest of the results to nobody. What a task raised is asked for (exception)
and not raised again: `except Exception` would let SystemExit through.
"""

from concurrent.futures import ProcessPoolExecutor, TimeoutError, as_completed

import culprits
import peer


def main(args):
    executor = ProcessPoolExecutor(peer.WORKERS)
    list(executor.map(culprits.innocent, range(peer.WORKERS)))
    if args.chunk > 1:
        in_chunks(executor, args)
    elif args.timeout:
        in_order(executor, args)
    else:
        as_they_come(executor, args)
    # Without a wait: whatever hangs has to hang by itself.
    executor.shutdown(wait=False, cancel_futures=True)


def as_they_come(executor, args):
    futures = {executor.submit(args.function, x): x for x in range(culprits.ITEMS)}
    for future in as_completed(futures):
        keep(args.outcomes, futures[future], future, None)


def in_order(executor, args):
    """A future has a time-out for the wait, the only one that there is."""
    futures = [executor.submit(args.function, x) for x in range(culprits.ITEMS)]
    for x, future in enumerate(futures):
        try:
            keep(args.outcomes, x, future, args.timeout)
        except TimeoutError as error:
            args.outcomes.error(x, error)


def keep(outcomes, x, future, timeout):
    error = future.exception(timeout)
    if error is None:
        outcomes.value(x, future.result())
    else:
        outcomes.error(x, error)


def in_chunks(executor, args):
    """The whole chunk fails with the culprit, and the iterator ends."""
    results = executor.map(args.function, range(culprits.ITEMS), chunksize=args.chunk, timeout=args.timeout)
    try:
        for x, value in enumerate(results):
            args.outcomes.value(x, value)
    except BaseException as error:
        args.outcomes.error(None, error)
        if not isinstance(error, Exception):
            raise


if __name__ == "__main__":
    main(peer.arguments())
