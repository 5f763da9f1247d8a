"""Bit histories in a byte, where they are kept, and the two curves of logistic mixing: all in whole numbers.

A *state* is a byte that stands for what was seen in one context: how many zeros, how many ones, and which came last. State 0
has seen nothing. States are numbered by how much they have seen, so a larger one is worth more.

*Stretch* is ln(p / (1 - p)), *squash* its inverse. Chances are in 65536ths, stretched ones in 256ths, from -2047 to 2047.

All tables here are built by rules, with integers only, so that all machines agree. They decide the bits on air: the stored
vector in the tests fails if one entry changes.
"""

from typing import Final, TypeAlias

_Counts: TypeAlias = tuple[int, int, int]
"""Zeros, ones, the last bit."""

_MOST: Final = (48, 24, 16, 9, 6)
"""Largest count of one bit beside 0, 1, 2 ... of the other. More would be states that are hardly reached."""


def _see(counts: _Counts, bit: int) -> _Counts:
    """One more `bit`. Of the other count, what exceeds two loses the larger part: it is out of date."""
    same, other = (counts[1], counts[0]) if bit else (counts[0], counts[1])
    same += 1
    if other > 2:
        other = 2 + (other - 2) // 3 if other < 25 else 6 + other // 24
    while min(same, other) >= len(_MOST) or max(same, other) > _MOST[min(same, other)]:
        if same > other + 1:
            same -= 1
        else:
            other -= 1
    return (other, same, 1) if bit else (same, other, 0)


def _find_states() -> list[_Counts]:
    """All that can be reached, in the order of their numbers."""
    known = fresh = {(0, 0, 0)}
    while fresh:
        fresh = {_see(counts, bit) for counts in fresh for bit in (0, 1)} - known
        known = known | fresh
    return sorted(known, key=lambda counts: (counts[0] + counts[1], counts))


_STATES: Final = _find_states()


def _after(bit: int) -> list[int]:
    number = {counts: index for index, counts in enumerate(_STATES)}
    return [number[_see(counts, bit)] for counts in _STATES] + [0] * (256 - len(_STATES))


AFTER_ZERO: Final = _after(0)
AFTER_ONE: Final = _after(1)
"""The next state of each. Bytes that are no state lead back to 0."""

FIRST_CHANCES: Final = [65536 * (5 * ones + 2) // (5 * (zeros + ones) + 4) for zeros, ones, _ in _STATES] + [
    1 << 15
] * (256 - len(_STATES))
"""The chance of a one that a model begins with, for each state."""

# ------------------------------------------------------------------ the curves

_STEP: Final = 18518942588666869715
"""e^(1/256) in 2^-64ths."""


def _squashes() -> list[int]:
    power, low = 1 << 64, []
    for _ in range(2049):
        low.append((1 << 80) // (power + (1 << 64)))
        power = power * _STEP >> 64
    return low[:0:-1] + [65536 - chance for chance in low[:2048]]


SQUASH: Final = _squashes()
"""Chances; the index is the stretched chance + 2048."""


def _stretches() -> list[int]:
    stretched, at = [], 0
    for chance in range(8, 65536, 16):
        while at < 4095 and SQUASH[at] < chance:
            at += 1
        stretched.append(min(max(at - 2048, -2047), 2047))
    return stretched


STRETCH: Final = _stretches()
"""Stretched chances; the index is the chance in 4096ths."""

STRETCHED: Final = [stretched for stretched in STRETCH for _ in range(16)]
"""The same; the index is the chance in 65536ths."""

# ------------------------------------------------------------------ chances that learn

_CHANCES: Final = list(range(1 << 16))
RAISED: Final = [_CHANCES[chance + (65535 - chance >> 7)] for chance in _CHANCES]
LOWERED: Final = [_CHANCES[chance - (chance >> 7)] for chance in _CHANCES]
"""What becomes of a chance behind a one and behind a zero: it goes 2^-7 of the way. Tables are quicker than three sums."""

# ------------------------------------------------------------------ where histories are kept

GROUP_BYTES: Final = 16
"""A check byte, then the states of the up to 15 decisions that make half a byte, in the order of a binary tree."""

_BLANK: Final = bytes(GROUP_BYTES - 1)
_HASH: Final = (1 << 30) - 1
_PRIME: Final = 1073741789


def spread(number: int) -> int:
    """A hash of 30 bits: what CPython holds in one digit. `number` is not negative."""
    number = number * 0x2C1B3C6D & _HASH
    return number ^ number >> 15


def fold(number: int) -> int:
    """The same for a number of any size."""
    return spread(number % _PRIME)


def find_group(groups: bytearray, context: int, mask: int) -> int:
    """Where in `groups` the group of a context is.

    A context can have three places. If none of them is its own, it takes that which has seen least.

    Args:
        context: a hash by `spread`.
        mask: number of groups - 1; they are a power of two, 2^22 at most.
    """
    check = context >> 22
    at = (context & mask) << 4
    if groups[at] == check:
        return at
    second = at ^ 16
    if groups[second] == check:
        return second
    third = at ^ 32
    if groups[third] == check:
        return third
    if groups[at + 1] > groups[second + 1]:
        at = second
    if groups[at + 1] > groups[third + 1]:
        at = third
    groups[at] = check
    groups[at + 1 : at + GROUP_BYTES] = _BLANK
    return at
