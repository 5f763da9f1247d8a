"""How a value is said through a coder: its class and what else takes a choice, then its content.

A reader passes blank parts and finds them filled. Numbers are never said as differences: what the field held before is a
context, and a coder that can make use of it learns how.
"""

from typing import Final, NamedTuple
from zlib import crc32

from radiosync.records.value import Number, Value
from radiosync.wire.coder import Coder
from radiosync.wire.parts import DECIMALS, TIMES, ZONED, Class, Form, Parts
from radiosync.wire.slot import Slot, mix

HINT_BYTES: Final = 40
"""As much of a value is kept as a hint. Longer texts are found in the coder's own history by their beginning."""

_NO_SHAPE: Final = 1 << 12


class Hint(NamedTuple):
    """What is kept of a value that was said before.

    Attributes:
        shape: its class, form and scale as one number below 2^12; 2^12 if no value is known.
        text: the first bytes of its text.
    """

    shape: int = _NO_SHAPE
    text: bytes = b""


NO_HINT: Final = Hint()


def hint_of(value: Value | None, parts: Parts) -> Hint:
    """A hint at `value`, which consists of `parts`."""
    text = value.literal if isinstance(value, Number) else value if isinstance(value, str) else ""
    return Hint(parts.kind | parts.form << 4 | parts.scale << 7, text[:HINT_BYTES].encode()[:HINT_BYTES])


def say_shape(coder: Coder, field: int, parts: Parts, old: Hint, kind: int) -> None:
    """Say all of a value that takes a choice.

    Args:
        field: its number.
        old: at what the field held before.
        kind: of the row.
    """
    parts.kind = coder.choice(Slot.CLASS, field, parts.kind, len(Class), kind, old.shape)
    if parts.kind in TIMES:
        parts.form = coder.choice(Slot.FORM, field, parts.form, len(Form), old.shape)
        if parts.form != Form.DATE:
            parts.scale = coder.choice(Slot.SCALE, field, parts.scale, 16, old.shape)
    elif parts.kind in DECIMALS:
        parts.scale = 1 + coder.choice(Slot.SCALE, field, max(parts.scale - 1, 0), 16, old.shape)


def say_content(coder: Coder, field: int, parts: Parts, old: Hint, latest: Hint, left: Hint) -> None:
    """Say the rest of it.

    Args:
        latest: at what the field holds in the record that was said last.
        left: at the value that was said just before, of another field of this record.
    """
    match parts.kind:
        case Class.TEXT | Class.LITERAL:
            parts.text = coder.text(Slot.TEXT, field, parts.text, crc32(left.text), old=old.text)
        case Class.LATER | Class.EARLIER:
            contexts = (crc32(latest.text), crc32(old.text), parts.form)
            parts.number = coder.number(Slot.NUMBER, field, parts.number, *contexts)
            if parts.form in ZONED:
                parts.zone = coder.number(Slot.ZONE, field, parts.zone)
            if parts.scale:
                parts.fraction = coder.number(Slot.FRACTION, field, parts.fraction, parts.scale)
        case Class.INTEGER | Class.MINUS_INTEGER | Class.DECIMAL | Class.MINUS_DECIMAL:
            shape = mix(parts.kind, parts.scale)
            contexts = (crc32(latest.text), shape, crc32(old.text))
            parts.number = coder.number(Slot.NUMBER, field, parts.number, crc32(left.text), *contexts)
        case _:
            pass
