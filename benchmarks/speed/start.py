"""What a program of the peers takes from its start to its end, for one item.

    python start.py executor|pool
"""

import sys

import trivial


def executor():
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        return list(pool.map(trivial.same, [1]))


def pool():
    from multiprocessing import Pool

    with Pool(1) as pool:
        return pool.map(trivial.same, [1])


if __name__ == "__main__":
    print({"executor": executor, "pool": pool}[sys.argv[1]]()[0])
