"""Count primes, the slow way: pure Python that keeps a core busy.

    outpace map examples/primes.py:count_primes --range 1..40

prints how many primes each of the first forty blocks of 50,000 numbers has;
they add up to 148,933, the primes below two million.
"""

BLOCK = 50_000


def is_prime(n):
    if n < 3 or n % 2 == 0:
        return n == 2
    d = 3
    while d * d <= n:
        if n % d == 0:
            return False
        d += 2
    return True


def count_primes(k):
    """Return how many primes the k-th block of numbers has, from 1."""
    return sum(1 for n in range((k - 1) * BLOCK, k * BLOCK) if is_prime(n))


if __name__ == "__main__":
    import sys

    for argument in sys.argv[1:]:
        print(count_primes(int(argument)))
