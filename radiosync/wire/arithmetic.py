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

TOP: Final = 1 << 24
"""As long as `low ^ high` is below this, their first bytes are the same."""

_FULL: Final = 0xFFFFFFFF
_STATE_BYTES: Final = 4
_ENDING_BYTES: Final = 8
"""Zeros that a writer leaves out at most, and a reader adds at most beyond those that its state holds."""


class Bits:
    """Bits on their way to bytes, or from there.

    Attributes:
        reading: True if `code` finds out what a bit is.
        low, high: the interval that is left.
        window: the bytes of a reader that stand beside these; they lie between them.
    """

    reading = False

    def __init__(self) -> None:
        self.low, self.high, self.window = 0, _FULL, 0

    def code(self, chance: int, bit: int) -> int:
        """Code `bit`, which is a one with `chance`, and return it. A reader ignores the one that it is given.

        Raises WireError if the data ended long ago.
        """
        low, high = self.low, self.high
        middle = low + ((high - low) * chance >> 16)
        if self.window <= middle if self.reading else bit:
            bit, high = 1, middle
        else:
            bit, low = 0, middle + 1
        self.low, self.high = low, high
        if low ^ high < TOP:
            self.shift(low, high)
        return bit

    def code_even(self, value: int, count: int) -> int:
        """Code the `count` low bits of `value`, the highest first, as `code` does with chance `EVEN`.

        Eight bits are one division if the size of the interval is a multiple of 256: then nothing is rounded, and it does
        not matter whether `shift` comes in between or behind them. It leaves such a size, so this is the rule.
        """
        coded, left = 0, count
        while left:
            size = self.high - self.low + 1
            if left < 8 or size & 255:
                left -= 1
                coded = coded << 1 | self.code(EVEN, value >> left & 1)
                continue
            left -= 8
            part = size >> 8
            step = (self.window - self.low) // part if self.reading else 255 - (value >> left & 255)
            self.low += step * part
            self.high = self.low + part - 1
            if self.low ^ self.high < TOP:
                self.shift(self.low, self.high)
            coded = coded << 8 | 255 - step
        return coded

    def shift(self, low: int, high: int) -> tuple[int, int, int]:
        """Be done with the leading bytes that `low` and `high` share. Sets and returns `low`, `high` and `window`."""
        raise NotImplementedError

    def work(self, steps: int) -> None:
        """Count steps of work to come. A reader raises WireError beyond `MODEL_STEPS`.

        Likely bits cost next to nothing, so that a few bytes could keep us busy for hours.
        """


class BitWriter(Bits):
    """Turns bits into bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._out = bytearray()

    def shift(self, low: int, high: int) -> tuple[int, int, int]:
        """As `Bits.shift`."""
        while low ^ high < TOP:
            self._out.append(high >> 24)
            low = low << 8 & _FULL
            high = high << 8 & _FULL | 255
        self.low, self.high = low, high
        return low, high, 0

    def finish(self) -> bytes:
        """The shortest bytes that can be read when zeros follow. Call it once, at the end."""
        for tail_bytes in range(_STATE_BYTES + 1):
            unit = 1 << 8 * (_STATE_BYTES - tail_bytes)
            tail = -(-self.low // unit)
            if tail * unit <= self.high:
                self._out += tail.to_bytes(tail_bytes, "big")
                break
        kept = bytes(self._out).rstrip(b"\0")
        return kept + bytes(max(0, len(self._out) - len(kept) - _ENDING_BYTES))


class BitReader(Bits):
    """Turns bytes into the bits that made them, if it is given the same chances."""

    reading = True

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data, self._at, self._steps = data, _STATE_BYTES, 0
        self.window = int.from_bytes(data[:_STATE_BYTES].ljust(_STATE_BYTES, b"\0"), "big")

    def shift(self, low: int, high: int) -> tuple[int, int, int]:
        """As `Bits.shift`. Raises WireError if the data ended long ago."""
        window = self.window
        while low ^ high < TOP:
            window = window << 8 & _FULL | self._next_byte()
            low = low << 8 & _FULL
            high = high << 8 & _FULL | 255
        self.low, self.high, self.window = low, high, window
        return low, high, window

    def work(self, steps: int) -> None:
        """As `Bits.work`."""
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
