"""Slots: the kinds of symbols that the layout of changes says. A coder keeps them apart."""

from enum import IntEnum
from typing import Final


class Slot(IntEnum):
    """What a symbol is about. The comment says what divides it further (`place`), if anything does."""

    # The batch.
    NEWS = 0
    NEW_COUNT = 1  # origins, tables, fields
    NEW_ORIGIN = 2
    NEW_NAME = 3  # tables, fields
    NEW_TABLE = 4
    COUNT = 5
    UNIT = 6  # unit, residues

    # When and by whom. Places: 0 for the row itself, 1 for an older stamp of it.
    STEP = 8
    OTHER = 9
    TIME = 10  # later, earlier; older stamps
    RESIDUE = 11
    AUTHOR = 12
    SEQUENCE = 13  # ahead, back; older stamps
    STAMPS = 14
    STAMP = 15  # number of stamps

    # Which record.
    TABLE = 16
    REF = 17  # table
    WAY = 18  # living or dead
    PLACE = 19  # living or dead, ahead or back
    ALIAS = 20  # whose
    AGAIN = 21
    UUID_VERSION = 22  # table
    UUID_VARIANT = 23
    UUID = 24
    KEY = 34  # fields, a field

    # What became of it.
    KIND = 25  # table
    MASK = 26  # first of four fields
    EXTRAS = 27  # table
    LIFE = 28
    SIBLINGS = 29
    SEEN = 30  # whose
    SEEN_COUNT = 31
    SEEN_ORIGIN = 32
    SEEN_SEQUENCE = 33

    # Values. Places: the field.
    CLASS = 40
    SCALE = 41
    FORM = 42
    NUMBER = 43
    FRACTION = 44
    ZONE = 45
    TEXT = 46


_HASH: Final = (1 << 48) - 1


def mix(*numbers: int) -> int:
    """One number, below 2^48, that stands for several that are not below zero."""
    mixed = 0
    for number in numbers:
        mixed = ((mixed ^ number) * 0x2545F4914F6D + 0x9E3779B9) & _HASH
        mixed ^= mixed >> 23
    return mixed
