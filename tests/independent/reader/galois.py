"""The field of 256 elements, and Reed-Solomon blocks over it (protocol, 6.4 and 3.3)."""

from collections.abc import Sequence

from tests.independent.reader.basics import refuse_unless

_POWERS = [1]
for _ in range(254):
    _POWERS.append(_POWERS[-1] << 1 ^ (0x11D if _POWERS[-1] > 127 else 0))
_LOGS = {power: exponent for exponent, power in enumerate(_POWERS)}


def power_of_two(exponent: int) -> int:
    """2 to a power (protocol, 6.4: 2 is a generator)."""
    return _POWERS[exponent % 255]


def times(a: int, b: int) -> int:
    """Product modulo the polynomial 11d (protocol, 6.4)."""
    return _POWERS[(_LOGS[a] + _LOGS[b]) % 255] if a and b else 0


def inverse(a: int) -> int:
    """1 / a, for a that is not zero."""
    return _POWERS[-_LOGS[a] % 255]


def value_at(polynomial: Sequence[int], x: int) -> int:
    """Value of a polynomial, whose lowest coefficient comes first."""
    total = 0
    for coefficient in reversed(polynomial):
        total = times(total, x) ^ coefficient
    return total


def product(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """Product of two polynomials, the lowest coefficients first."""
    out = [0] * (len(a) + len(b) - 1)
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            out[i + j] ^= times(left, right)
    return out


def _locator(syndromes: Sequence[int]) -> list[int]:
    """Berlekamp and Massey: the polynomial whose roots are the inverse places of errors."""
    current, before, gap, last = [1], [1], 1, 1
    for n, syndrome in enumerate(syndromes):
        terms = (times(current[i], syndromes[n - i]) for i in range(1, min(len(current), n + 1)))
        miss = syndrome
        for term in terms:
            miss ^= term
        if miss:
            shifted = product([0] * gap + [times(miss, inverse(last))], before)
            width = max(len(current), len(shifted))
            sums = [(current[i : i + 1] or [0])[0] ^ (shifted[i : i + 1] or [0])[0] for i in range(width)]
            if 2 * (len(current) - 1) <= n:
                before, gap, last = current, 0, miss
            current = sums
        gap += 1
    while current[-1] == 0:
        current.pop()
    return current


def repair(block: bytes, parity: int) -> bytes:
    """A Reed-Solomon block with its wrong bytes repaired, without its parity (protocol, 3.3)."""
    lowest_first = block[::-1]
    syndromes = [value_at(lowest_first, power_of_two(i)) for i in range(parity)]
    if any(syndromes):
        fixed = bytearray(lowest_first)
        locator = _locator(syndromes)
        places = [p for p in range(len(block)) if value_at(locator, power_of_two(-p)) == 0]
        refuse_unless(len(places) == len(locator) - 1 <= parity // 2, "block damaged beyond repair")
        evaluator = product(syndromes, locator)[:parity]
        slope = [coefficient if i % 2 == 0 else 0 for i, coefficient in enumerate(locator[1:])]
        for place in places:
            x = power_of_two(-place)
            amount = times(value_at(evaluator, x), inverse(value_at(slope, x)))
            fixed[place] ^= times(power_of_two(place), amount)
        refuse_unless(not any(value_at(fixed, power_of_two(i)) for i in range(parity)), "not repaired")
        block = bytes(fixed[::-1])
    return block[: len(block) - parity]
