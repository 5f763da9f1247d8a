"""Symbols and their slots (protocol, 7.2; numbers from compact codec, C2)."""

from enum import IntEnum


class Slot(IntEnum):
    """What a symbol is (compact codec, C2)."""

    NEWS, NEW_COUNT, NEW_ORIGIN, NEW_NAME, NEW_TABLE, COUNT, UNIT = range(7)
    STEP, OTHER, TIME, RESIDUE, AUTHOR, SEQUENCE, STAMPS, STAMP, TABLE = range(8, 17)
    REF, WAY, PLACE, ALIAS, AGAIN, UUID_VERSION, UUID_VARIANT, UUID, KIND = range(17, 26)
    MASK, EXTRAS, LIFE, SIBLINGS, SEEN, SEEN_COUNT, SEEN_ORIGIN, SEEN_SEQUENCE, KEY = range(26, 35)
    CLASS, SCALE, FORM, NUMBER, FRACTION, ZONE, TEXT = range(40, 47)
    PRIMER, COPY, COPIED = 63, 64, 65


Contexts = tuple[int, ...]


def escape(text: bytes) -> bytes:
    """Bytes of a text without a zero (protocol, 7.7)."""
    return text.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1")
