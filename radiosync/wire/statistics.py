"""What the compact codec's models have learnt: the state that both stations must have in common.

`Statistics` is plain data; the models that use and change it are `wire.symbolmodel` and `wire.textmodel`. It lives on from
batch to batch. Coding changes it in place: code on a copy, and keep that once the other side has confirmed the batch.

Sizes are measured on three streams of real changes: half of the text groups costs 1.2 % of the bytes, and 2.9 % where texts
are long; half of the history 0.3 %, half of the index 0.2 %, half of the symbol groups 0.1 %. Twice the text groups saves
0.6 %.
"""

import sys
from array import array
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, TypeAlias

from radiosync.errors import WireError
from radiosync.wire.bitstates import FIRST_CHANCES, GROUP_BYTES

TEXT_GROUPS: Final = 1 << 17
SYMBOL_GROUPS: Final = 1 << 14
HISTORY_BYTES: Final = 1 << 18
INDEX_ENTRIES: Final = 1 << 16
TEXT_INPUTS: Final = 5
SYMBOL_INPUTS: Final = 6
TEXT_SETS: Final = 4 * 256
SYMBOL_SETS: Final = 4 * 68
MATCH_LENGTHS: Final = 32

Weights: TypeAlias = tuple[int, int, int, int, int, int]
"""Of the inputs of one decision, in 65536ths. They are replaced, never changed: so a copy is cheap."""

_VERSION: Final = 1
_DIGEST_BYTES: Final = 8
_FIRST_TEXT_WEIGHTS: Final[Weights] = (22_000, 22_000, 22_000, 22_000, 22_000, 30_000)
_FIRST_SYMBOL_WEIGHTS: Final[Weights] = (20_000, 20_000, 20_000, 20_000, 20_000, 20_000)


class Statistics:
    """The whole state of the models. `Statistics()` has seen nothing.

    Attributes:
        text_groups, symbol_groups: bit histories by context, see `bitstates.find_group`.
        text_chances, symbol_chances: for each input of the mixer, the chance of a one after each bit history.
        match_chances: for each length of a match so far, the chance that it goes on.
        text_weights, symbol_weights: sets of weights; the last one for texts is that of the match.
        history: a ring of the texts that were coded last.
        end: where its next byte goes.
        index: hash of the last few bytes -> the place in the ring that came after them the last time; 0 for none.
    """

    def __init__(self) -> None:
        self.text_groups = bytearray(GROUP_BYTES * TEXT_GROUPS)
        self.symbol_groups = bytearray(GROUP_BYTES * SYMBOL_GROUPS)
        self.text_chances = [FIRST_CHANCES[:] for _ in range(TEXT_INPUTS)]
        self.symbol_chances = [FIRST_CHANCES[:] for _ in range(SYMBOL_INPUTS)]
        self.match_chances = [65536 - 32768 // (length + 2) for length in range(MATCH_LENGTHS)]
        self.text_weights: list[Weights] = [_FIRST_TEXT_WEIGHTS] * TEXT_SETS
        self.symbol_weights: list[Weights] = [_FIRST_SYMBOL_WEIGHTS] * SYMBOL_SETS
        self.history = bytearray(HISTORY_BYTES)
        self.end = 0
        self.index = [0] * INDEX_ENTRIES

    def copy(self) -> "Statistics":
        """A state that learns on its own. Takes a millisecond."""
        copy = Statistics.__new__(Statistics)
        copy.text_groups, copy.symbol_groups = self.text_groups[:], self.symbol_groups[:]
        copy.text_chances = [row[:] for row in self.text_chances]
        copy.symbol_chances = [row[:] for row in self.symbol_chances]
        copy.match_chances = self.match_chances[:]
        copy.text_weights, copy.symbol_weights = self.text_weights[:], self.symbol_weights[:]
        copy.history, copy.end, copy.index = self.history[:], self.end, self.index[:]
        return copy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statistics) and self.to_bytes() == other.to_bytes()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def to_bytes(self) -> bytes:
        """The state as bytes of one fixed length, the same on all machines. They compress well."""
        parts = [bytes([_VERSION]), _pack("I", [self.end, *self.index])]
        parts += [_pack("H", row) for row in self._chances()]
        parts += [_pack("q", row) for row in (*self.text_weights, *self.symbol_weights)]
        body = b"".join((*parts, self.history, self.text_groups, self.symbol_groups))
        return body + blake2b(body, digest_size=_DIGEST_BYTES).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Statistics":
        """The inverse of `to_bytes`. Raises WireError if the bytes are damaged, or of another version."""
        body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
        if body[:1] != bytes([_VERSION]) or blake2b(body, digest_size=_DIGEST_BYTES).digest() != digest:
            raise WireError("statistics are damaged, or of another version")
        new, cut = cls(), _Cut(body)
        new.end, *new.index = cut.numbers("I", 1 + INDEX_ENTRIES)
        for row in new._chances():
            row[:] = cut.numbers("H", len(row))
        for sets in (new.text_weights, new.symbol_weights):
            sets[:] = [_six(cut.numbers("q", 6)) for _ in sets]
        for block in (new.history, new.text_groups, new.symbol_groups):
            block[:] = cut.take(len(block))
        if cut.left or max(new.end, *new.index) >= HISTORY_BYTES:
            raise WireError("statistics hold what no model leaves there")
        return new

    def _chances(self) -> tuple[list[int], ...]:
        return (*self.text_chances, *self.symbol_chances, self.match_chances)


class _Cut:
    """Takes bytes off, one piece after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 1

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise WireError("statistics are cut short")
        self._at += count
        return self._data[self._at - count : self._at]

    def numbers(self, code: str, count: int) -> list[int]:
        packed = array(code, self.take(count * array(code).itemsize))
        if sys.byteorder == "big":
            packed.byteswap()
        return packed.tolist()


def _six(numbers: list[int]) -> Weights:
    first, second, third, fourth, fifth, sixth = numbers
    return first, second, third, fourth, fifth, sixth


def _pack(code: str, numbers: Iterable[int]) -> bytes:
    packed = array(code, numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()
