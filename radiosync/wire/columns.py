"""The fast codec's coder: symbols as columns of bytes, for a compressor that knows earlier ones.

Three columns hold what a compressor can make something of: choices, numbers and texts, each in the order in which they were
said, so that a row like an earlier one has bytes like an earlier one. What nothing predicts (identities, and the low bits
of numbers) is kept apart and goes on air as it is. It would cost more inside, and would spoil the history.

- Choices that follow each other are packed, low bits first, up to whole bytes. A row, its record and its mask begin with a
  byte of their own.
- A number is one byte, which holds its size and its first bits; the other bits go apart. A small number is its byte.
- A text ends with a NUL. What would be mistaken for one is escaped.

The compressible part is the lengths of the columns of choices and numbers (LEB128), then the three columns.
"""

from typing import Final, NamedTuple

from radiosync.errors import WireError
from radiosync.limits import BATCH_BYTES, TEXT_BYTES
from radiosync.wire.slot import Slot
from radiosync.wire.varint import read_uvarint, write_uvarint

_SMALL: Final = 16
"""Numbers below this are their own byte."""

_FINE_BITS: Final = 24
"""Numbers of so many bits have their first four bits in their byte, longer ones only their length."""

_FINE_END: Final = _SMALL + 8 * (_FINE_BITS - 4)
_LAST_TOKEN: Final = _FINE_END + 64 - _FINE_BITS - 1

_STARTS: Final = frozenset((Slot.STEP, Slot.REF, Slot.MASK))
"""Choices that start a byte of their own, so that like rows have like bytes."""


class Columns(NamedTuple):
    """A batch as the fast codec writes it.

    Attributes:
        plain: for a compressor; belongs into the history.
        raw: what no compressor makes smaller.
    """

    plain: bytes
    raw: bytes


def token_of(number: int) -> tuple[int, int]:
    """The byte that stands for a number of 64 bits at most, and how many low bits of it go apart."""
    bits = number.bit_length()
    if bits <= 4:
        return number, 0
    if bits <= _FINE_BITS:
        low = bits - 4
        return _SMALL + 8 * (low - 1) + (number >> low & 7), low
    return _FINE_END + bits - _FINE_BITS - 1, bits - 1


def number_of(token: int) -> tuple[int, int]:
    """The bits that a byte holds, and how many low ones follow. Raises WireError."""
    if token < _SMALL:
        return token, 0
    if token < _FINE_END:
        low = (token - _SMALL >> 3) + 1
        return 8 | token - _SMALL & 7, low
    if token > _LAST_TOKEN:
        raise WireError("a number needs more than 64 bits")
    return 1, token - _FINE_END + _FINE_BITS


class ColumnWriter:
    """A `Coder` that writes columns."""

    reading: Final = False

    def __init__(self) -> None:
        self._choices, self._numbers, self._texts = bytearray(), bytearray(), bytearray()
        self._packed = self._packed_bits = 0
        self._last_slot = -1
        self._raw = bytearray()
        self._left = self._left_bits = 0

    def choice(self, slot: int, place: int, value: int, count: int, *contexts: int) -> int:
        """As `Coder.choice`."""
        if slot in _STARTS and slot != self._last_slot:
            self._pack()
        self._last_slot = slot
        self._packed |= value << self._packed_bits
        self._packed_bits += (count - 1).bit_length()
        return value

    def number(self, slot: int, place: int, value: int, *contexts: int) -> int:
        """As `Coder.number`."""
        self._pack()
        token, low = token_of(value)
        self._numbers.append(token)
        self._put_raw(value & (1 << low) - 1, low)
        return value

    def text(self, slot: int, place: int, value: bytes, *contexts: int, old: bytes = b"") -> bytes:
        """As `Coder.text`."""
        self._pack()
        self._texts += _escape(value)
        self._texts.append(0)
        return value

    def raw(self, slot: int, place: int, value: bytes, length: int) -> bytes:
        """As `Coder.raw`."""
        self._pack()
        self._put_raw(int.from_bytes(value, "big"), 8 * length)
        return value

    def finish(self) -> Columns:
        """All that was written."""
        self._pack()
        plain = bytearray()
        write_uvarint(plain, len(self._choices))
        write_uvarint(plain, len(self._numbers))
        plain += self._choices + self._numbers + self._texts
        self._put_raw(0, -self._left_bits % 8)
        return Columns(bytes(plain), bytes(self._raw))

    def _pack(self) -> None:
        """End a run of choices."""
        self._choices += self._packed.to_bytes((self._packed_bits + 7) // 8, "little")
        self._packed = self._packed_bits = 0
        self._last_slot = -1

    def _put_raw(self, value: int, bits: int) -> None:
        self._left, self._left_bits = self._left << bits | value, self._left_bits + bits
        over = self._left_bits % 8
        self._raw += (self._left >> over).to_bytes(self._left_bits // 8, "big")
        self._left, self._left_bits = self._left & (1 << over) - 1, over


class ColumnReader:
    """A `Coder` that reads what a `ColumnWriter` wrote. Raises WireError for columns that cannot be told apart."""

    reading: Final = True

    def __init__(self, columns: Columns) -> None:
        plain = columns.plain
        choices, at = read_uvarint(plain, 0)
        numbers, at = read_uvarint(plain, at)
        if len(plain) > BATCH_BYTES or choices + numbers > len(plain) - at:
            raise WireError("a batch has columns that are longer than itself")
        self._choices, self._choice = plain[at : at + choices], 0
        self._numbers = iter(plain[at + choices : at + choices + numbers])
        self._texts, self._text = plain[at + choices + numbers :], 0
        self._packed = self._packed_bits = 0
        self._last_slot = -1
        self._raw, self._raw_bit = columns.raw, 0

    def choice(self, slot: int, place: int, value: int, count: int, *contexts: int) -> int:
        """As `Coder.choice`."""
        if slot in _STARTS and slot != self._last_slot:
            self._pack()
        self._last_slot = slot
        bits = (count - 1).bit_length()
        while self._packed_bits < bits:
            if self._choice == len(self._choices):
                raise WireError("a batch has too few choices")
            self._packed |= self._choices[self._choice] << self._packed_bits
            self._packed_bits += 8
            self._choice += 1
        value = self._packed & (1 << bits) - 1
        self._packed, self._packed_bits = self._packed >> bits, self._packed_bits - bits
        if value >= count:
            raise WireError(f"a batch has alternative {value} of {count}")
        return value

    def number(self, slot: int, place: int, value: int, *contexts: int) -> int:
        """As `Coder.number`."""
        self._pack()
        token = next(self._numbers, None)
        if token is None:
            raise WireError("a batch has too few numbers")
        high, low = number_of(token)
        return high << low | self._take_raw(low)

    def text(self, slot: int, place: int, value: bytes, *contexts: int, old: bytes = b"") -> bytes:
        """As `Coder.text`."""
        self._pack()
        end = self._texts.find(b"\0", self._text)
        if end < 0:
            raise WireError("a batch has too few texts")
        text = _unescape(self._texts[self._text : end])
        self._text = end + 1
        if len(text) > TEXT_BYTES:
            raise WireError(f"a text is longer than {TEXT_BYTES} bytes")
        return text

    def raw(self, slot: int, place: int, value: bytes, length: int) -> bytes:
        """As `Coder.raw`."""
        self._pack()
        return self._take_raw(8 * length).to_bytes(length, "big")

    def end(self) -> None:
        """Check that everything was read. Raises WireError."""
        self._pack()
        rest = len(self._raw) * 8 - self._raw_bit
        if self._choice < len(self._choices) or next(self._numbers, None) is not None:
            raise WireError("a batch has choices or numbers behind its end")
        if self._text < len(self._texts) or rest >= 8 or self._take_raw(rest):
            raise WireError("a batch has bytes behind its end")

    def _pack(self) -> None:
        if self._packed:
            raise WireError("a batch has choices that nobody makes")
        self._packed_bits = 0
        self._last_slot = -1

    def _take_raw(self, bits: int) -> int:
        first, self._raw_bit = self._raw_bit, self._raw_bit + bits
        if self._raw_bit > 8 * len(self._raw):
            raise WireError("a batch is cut short")
        part = self._raw[first // 8 : (self._raw_bit + 7) // 8]
        return int.from_bytes(part, "big") >> -self._raw_bit % 8 & (1 << bits) - 1


def _escape(text: bytes) -> bytes:
    """`text` without NUL."""
    return text.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") if 0 in text or 1 in text else text


def _unescape(text: bytes) -> bytes:
    if 1 not in text:
        return text
    plain = text.replace(b"\1\1", b"\0").replace(b"\1\2", b"\1")
    if _escape(plain) != text:
        raise WireError("a text has an escape that nobody writes")
    return plain
