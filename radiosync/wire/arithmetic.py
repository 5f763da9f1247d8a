"""Binary arithmetic coding: bits, each with the chance that a model gave it, to bytes and back.

A carryless range coder on 32 bits. What the bits so far have left is the interval from `low` to `high`. A bit divides it in
proportion to its chance, a one takes the lower part. Leading bytes that both ends agree on are done.

The bytes end as early as they can: a reader takes zeros for those that are missing.
"""

from typing import Final

from radiosync.errors import WireError
from radiosync.limits import MODEL_STEPS

EVEN: Final = 1 << 15
"""The chance of a bit that nothing predicts. Chances are in 65536ths, from 1 to 65535."""

_FULL: Final = 0xFFFFFFFF
_TOP: Final = 0xFF000000
_STATE_BYTES: Final = 4
_ENDING_BYTES: Final = 8
"""Zeros that a writer leaves out at most, and a reader adds at most beyond those that its state holds."""


class BitWriter:
    """Turns bits into bytes."""

    reading: Final = False

    def __init__(self) -> None:
        self._low, self._high, self._out = 0, _FULL, bytearray()

    def code(self, chance: int, bit: int) -> int:
        """Write `bit`, which is a one with `chance`; return it."""
        low, high = self._low, self._high
        middle = low + ((high - low) * chance >> 16)
        if bit:
            high = middle
        else:
            low = middle + 1
        while not (low ^ high) & _TOP:
            self._out.append(high >> 24)
            low = low << 8 & _FULL
            high = high << 8 & _FULL | 255
        self._low, self._high = low, high
        return bit

    def work(self, steps: int) -> None:
        """As `BitReader.work`: a writer knows what it does."""

    def finish(self) -> bytes:
        """The shortest bytes that can be read when zeros follow. Call it once, at the end."""
        for tail_bytes in range(_STATE_BYTES + 1):
            unit = 1 << 8 * (_STATE_BYTES - tail_bytes)
            tail = -(-self._low // unit)
            if tail * unit <= self._high:
                self._out += tail.to_bytes(tail_bytes, "big")
                break
        kept = bytes(self._out).rstrip(b"\0")
        return kept + bytes(max(0, len(self._out) - len(kept) - _ENDING_BYTES))


class BitReader:
    """Turns bytes into the bits that made them, if it is given the same chances."""

    reading: Final = True

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._steps = data, _STATE_BYTES, 0
        self._low, self._high = 0, _FULL
        self._code = int.from_bytes(data[:_STATE_BYTES].ljust(_STATE_BYTES, b"\0"), "big")

    def code(self, chance: int, bit: int) -> int:
        """Read a bit that is a one with `chance`; `bit` is ignored. Raises WireError if the data ended long ago."""
        low, high = self._low, self._high
        middle = low + ((high - low) * chance >> 16)
        if self._code <= middle:
            bit, high = 1, middle
        else:
            bit, low = 0, middle + 1
        while not (low ^ high) & _TOP:
            self._code = self._code << 8 & _FULL | self._next_byte()
            low = low << 8 & _FULL
            high = high << 8 & _FULL | 255
        self._low, self._high = low, high
        return bit

    def work(self, steps: int) -> None:
        """Count steps of work to come. Raises WireError beyond `MODEL_STEPS`.

        Likely bits cost next to nothing, so that a few bytes could keep us busy for hours.
        """
        self._steps += steps
        if self._steps > MODEL_STEPS:
            raise WireError("coded bits stand for too much")

    def _next_byte(self) -> int:
        at = self._at
        self._at = at + 1
        if at < len(self._data):
            return self._data[at]
        if at >= len(self._data) + _STATE_BYTES + _ENDING_BYTES:
            raise WireError("coded bits go on after their end")
        return 0


Bits = BitWriter | BitReader
