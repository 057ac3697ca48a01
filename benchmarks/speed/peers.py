"""The CPython peers, each as its documentation says.

    python peers.py PEER CASE WORKERS N [EXTRA]

measure.py has the cases. EXTRA is the size of a text, the length of a list, or
how often the loop of spin goes round.
"""

import concurrent.futures
import functools
import json
import multiprocessing
import sys

import functions
import measure


def executor(workers, measured, chunksize):
    """ProcessPoolExecutor: map; submit and result."""
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        return measured(
            many=lambda function, inputs, size=chunksize: list(pool.map(function, inputs, chunksize=size)),
            call=lambda function, x: pool.submit(function, x).result(),
        )


def threads(workers, measured):
    """ThreadPoolExecutor: map; submit and result."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return measured(
            many=lambda function, inputs, size=1: list(pool.map(function, inputs)),
            call=lambda function, x: pool.submit(function, x).result(),
        )


def pool(workers, measured, chunksize=None):
    """multiprocessing.Pool: map, which chooses its chunks where none are given; apply."""
    with multiprocessing.Pool(workers) as pool:
        return measured(
            many=lambda function, inputs, size=chunksize: pool.map(function, inputs, size),
            call=lambda function, x: pool.apply(function, (x,)),
        )


def imap(workers, measured, chunksize):
    """multiprocessing.Pool.imap, which streams its results."""
    with multiprocessing.Pool(workers) as pool:
        return measured(
            many=lambda function, inputs, size=chunksize: list(pool.imap(function, inputs, size)),
            call=None,
        )


def joblib(workers, measured):
    """joblib.Parallel with loky, which chooses its batches; the pool is kept between calls."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=workers) as parallel:
        return measured(
            many=lambda function, inputs, size=None: parallel(delayed(function)(x) for x in inputs),
            call=lambda function, x: parallel([delayed(function)(x)])[0],
        )


PEERS = {
    "executor-1": functools.partial(executor, chunksize=1),
    "executor-1000": functools.partial(executor, chunksize=1000),
    "threads": threads,
    "pool": pool,
    "pool-1": functools.partial(pool, chunksize=1),
    "imap-1": functools.partial(imap, chunksize=1),
    "imap-1000": functools.partial(imap, chunksize=1000),
    "joblib": joblib,
    "joblib-2": lambda workers, measured: joblib(2, measured),  # with one worker it has no pool
}


def main(peer, case, workers, n, extra="0"):
    def measured(many, call):
        many(functions.pause, [0.1] * int(workers), 1)  # starts every worker
        return measure.run(case, int(n), int(extra), many, call)

    print(json.dumps(PEERS[peer](int(workers), measured)))


if __name__ == "__main__":
    main(*sys.argv[1:])
