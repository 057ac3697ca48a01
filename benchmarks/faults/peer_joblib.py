"""joblib with its default backend, loky.

A generator is asked for: a list would be given as a whole or not at all. joblib
ends the run at the first error, and does not say whose it was. With a time-out
an unordered generator gives more, for it does not wait behind the culprit;
without one it gives less, for it ends before what it has is taken.
"""

from joblib import Parallel, delayed

import culprits
import peer


def numbered(function, x):
    return x, function(x)


def main(args):
    Parallel(peer.WORKERS)(delayed(culprits.innocent)(x) for x in range(peer.WORKERS))
    parallel = Parallel(
        peer.WORKERS,
        return_as="generator_unordered" if args.timeout else "generator",
        batch_size=args.chunk if args.chunk > 1 else "auto",
        timeout=args.timeout,
    )
    results = parallel(delayed(numbered)(args.function, x) for x in range(culprits.ITEMS))
    try:
        for x, value in results:
            args.outcomes.value(x, value)
    except BaseException as error:
        args.outcomes.error(None, error)
        raise


if __name__ == "__main__":
    main(peer.arguments())
