"""Arithmetic in GF(256), the field of both Reed-Solomon codes.

Elements are bytes, addition is XOR, multiplication is modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11d), of which 2
is a generator.
"""

from functools import cache
from typing import Final

FIELD_POLYNOMIAL: Final = 0x11D


def _powers_of_two() -> list[int]:
    powers, element = [], 1
    for _ in range(255):
        powers.append(element)
        element <<= 1
        if element > 0xFF:
            element ^= FIELD_POLYNOMIAL
    return powers


EXP: Final = tuple(_powers_of_two() * 2)
"""2 to the power of the index, twice over, so that the sum of two logarithms needs no modulo."""

LOG: Final = tuple(EXP.index(element) if element else 0 for element in range(256))
"""Exponent of 2 that gives the index. Entry 0 has no meaning."""


def multiply(a: int, b: int) -> int:
    """Return the product of two elements."""
    return EXP[LOG[a] + LOG[b]] if a and b else 0


def invert(a: int) -> int:
    """Return the element whose product with `a` (not 0) is 1."""
    return EXP[255 - LOG[a]]


@cache
def products(factor: int) -> bytes:
    """Return the table for `bytes.translate` that multiplies every byte by `factor`."""
    return bytes(multiply(factor, element) for element in range(256))
