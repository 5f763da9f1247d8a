"""What a codec writes through, and reads through: one layout of changes, several ways to pack it.

The layout of changes (`wire.layout`) says *what* is said, in which order and what it is likely to depend on. A coder says
*how*: as byte columns for a compressor (`wire.columns`), or one binary decision at a time against an adaptive model
(`wire.mixing`). The layout is walked once for both directions: a coder that writes takes the value and returns it; a coder
that reads ignores the value that it is given and returns the one that was written.
"""

from typing import Protocol


class Coder(Protocol):
    """A writer or a reader of symbols.

    `slot` names the kind of symbol, `place` divides a kind further (the number of a field, say): symbols of one slot and
    place are alike. `contexts` are numbers that the value may depend on, the most telling one last; each of them is a hint
    that a coder is free to ignore. Writer and reader must be given the same ones.

    Every method raises `WireError` when it reads what no writer wrote.
    """

    @property
    def reading(self) -> bool:
        """True for a reader."""

    def choice(self, slot: int, place: int, value: int, count: int, *contexts: int) -> int:
        """One of `count` alternatives, 0 to `count` - 1; `count` is 2 to 16."""

    def number(self, slot: int, place: int, value: int, *contexts: int) -> int:
        """A whole number from 0 to 2^64 - 1; small ones are likely."""

    def text(self, slot: int, place: int, value: bytes, *contexts: int, old: bytes = b"") -> bytes:
        """A string of bytes, mostly UTF-8; `old` is what stood in its place before, and may be alike.

        A reader raises `WireError` for one that is longer than `limits.TEXT_BYTES`.
        """

    def raw(self, slot: int, place: int, value: bytes, length: int) -> bytes:
        """`length` bytes that nothing predicts, such as a random identity."""
