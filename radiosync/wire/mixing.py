"""The compact codec's coder: context mixing, one binary decision at a time.

Each decision is predicted from what was seen before in several contexts, the predictions are mixed by weights that learn,
and the mix drives an arithmetic coder. All that is learnt is a `Statistics`, which lives on from batch to batch.
"""

from functools import cache
from typing import Final

from radiosync.errors import WireError
from radiosync.limits import TEXT_BYTES
from radiosync.wire.arithmetic import BitReader, Bits, BitWriter
from radiosync.wire.bitstates import fold
from radiosync.wire.primer import PRIMER
from radiosync.wire.statistics import Statistics
from radiosync.wire.symbolmodel import SymbolModel
from radiosync.wire.textmodel import TextModel

_PRIMER_SLOT: Final = 63


class _Mixing:
    """A `Coder` in either direction. Slots are below 64. Of more than four contexts, the last four count."""

    def __init__(self, statistics: Statistics, bits: Bits) -> None:
        self._bits = bits
        self._symbols = SymbolModel(statistics, bits)
        self._texts = TextModel(statistics, bits, self._symbols)

    @property
    def reading(self) -> bool:
        """True for a reader."""
        return self._bits.reading

    def choice(self, slot: int, place: int, value: int, count: int, *contexts: int) -> int:
        """As `Coder.choice`."""
        return self._symbols.choice(slot, place, value, count, contexts)

    def number(self, slot: int, place: int, value: int, *contexts: int) -> int:
        """As `Coder.number`."""
        return self._symbols.number(slot, place, value, contexts)

    def text(self, slot: int, place: int, value: bytes, *contexts: int, old: bytes = b"") -> bytes:
        """As `Coder.text`. The first bytes of `old` are enough; only the last of `contexts` counts."""
        telling = fold(contexts[-1] + 1) if contexts else 0
        text = _unescape(self._texts.code(fold(slot << 40 | place), telling, _escape(value), _escape(old)))
        if len(text) > TEXT_BYTES:
            raise WireError(f"a text is longer than {TEXT_BYTES} bytes")
        return text

    def raw(self, slot: int, place: int, value: bytes, length: int) -> bytes:
        """As `Coder.raw`. Costs eight bits a byte."""
        self._bits.work(8 * length)
        number = 0 if self.reading else int.from_bytes(value, "big")
        return self._bits.code_even(number, 8 * length).to_bytes(length, "big")


class MixingWriter(_Mixing):
    """A `Coder` that writes. It teaches `statistics` as it goes, so give it a copy."""

    def __init__(self, statistics: Statistics) -> None:
        self._writer = BitWriter()
        super().__init__(statistics, self._writer)

    def finish(self) -> bytes:
        """All that was written; zeros may follow it. Call it once, at the end."""
        return self._writer.finish()


class MixingReader(_Mixing):
    """A `Coder` that reads `data`. It teaches `statistics` what the writer taught its own."""

    def __init__(self, statistics: Statistics, data: bytes) -> None:
        super().__init__(statistics, BitReader(data))


@cache
def _primed() -> Statistics:
    statistics = Statistics()
    writer = MixingWriter(statistics)
    for line in PRIMER:
        writer.text(_PRIMER_SLOT, 0, line.encode())
    return statistics


def primed_statistics() -> Statistics:
    """What every model begins with: statistics that have learnt the primer. The first call takes a tenth of a second."""
    return _primed().copy()


def _escape(text: bytes) -> bytes:
    """`text` without NUL."""
    return text.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") if 0 in text or 1 in text else text


def _unescape(escaped: bytes) -> bytes:
    if 1 not in escaped:
        return escaped
    text = escaped.replace(b"\1\1", b"\0").replace(b"\1\2", b"\1")
    if _escape(text) != escaped:
        raise WireError("a text holds an escape that nobody writes")
    return text
