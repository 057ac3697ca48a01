"""Small functions for pipes."""

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def spell(n):
    """Return a whole number from 0 to 999,999 in English words."""
    if n >= 1000:
        thousands, rest = divmod(n, 1000)
        return spell(thousands) + " thousand" + (" " + spell(rest) if rest else "")
    if n >= 100:
        hundreds, rest = divmod(n, 100)
        return ONES[hundreds] + " hundred" + (" and " + spell(rest) if rest else "")
    if n >= 20:
        tens, rest = divmod(n, 10)
        return TENS[tens] + ("-" + ONES[rest] if rest else "")
    return ONES[n]


def add(a, b):
    """Return the sum of two numbers: with --star, of a list's or an object's."""
    return a + b
