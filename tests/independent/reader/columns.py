"""The fast codec (protocol, 7.7)."""

import re

import zstandard

from tests.independent.reader.basics import Cursor, RefusedError, refuse_unless, uvarint
from tests.independent.reader.primer import PRIMER
from tests.independent.reader.symbols import Contexts, Slot, escape

BATCH_BYTES = 4194304
WINDOW_BYTES = 8 << 20
ENTROPY = bytes.fromhex(
    "37a430ec0100008051107055537530cc30c30c33cc30c30cf3b59a4b00084270c418cf83718fedc3d9da2dbf90455458152d"
    "5b0dcd6de896ff7f351fdafff4adbcf078b2ddfedf5db2e3aea52015d949dcb29d388f6dff3f490113610018128e8c04f270"
    "3c2056b71bd461cacd8b09c80605e3883c160a821c45511804418c31c610630c31c618638c540600000074920a65454b3a85"
    "8c110000000000000000000100000004000000080000000000000000000000"
)


def _starts_byte(slot: Slot, before: Slot | None) -> bool:
    """Whether a choice begins a byte whatever comes before it."""
    return slot in (Slot.STEP, Slot.REF) or (slot == Slot.MASK and before != Slot.MASK)


class Bits:
    """Bits, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits as a number."""
        refuse_unless(count <= self._left, "bits end too early")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def finish(self) -> None:
        """Refuse more than the zeros that fill up the last byte."""
        refuse_unless(self._left < 8 and self.take(self._left) == 0, "bits that should not be there")


class ColumnReader:
    """Symbols out of columns and a string of bits."""

    def __init__(self, packed: bytes, string: bytes) -> None:
        refuse_unless(len(packed) <= BATCH_BYTES, "too many bytes")
        cursor = Cursor(packed)
        choices, numbers = cursor.uvarint(), cursor.uvarint()
        self._choices, self._numbers = Cursor(cursor.take(choices)), Cursor(cursor.take(numbers))
        self._texts, self._string = Cursor(cursor.rest()), Bits(string)
        self._byte = self._used = 0
        self._before: Slot | None = None

    def _fill_up(self) -> None:
        refuse_unless(self._byte == 0, "choices that should be zero")
        self._used = 0
        self._before = None

    def choice(self, slot: Slot, count: int, place: int = 0, contexts: Contexts = ()) -> int:
        """One of so many alternatives."""
        if _starts_byte(slot, self._before):
            self._fill_up()
        width = (count - 1).bit_length()
        while self._used < width:
            self._byte |= self._choices.integer(1) << self._used
            self._used += 8
        value = self._byte & (1 << width) - 1
        self._byte, self._used, self._before = self._byte >> width, self._used - width, slot
        refuse_unless(value < count, "choice out of range")
        return value

    def number(self, slot: Slot, place: int = 0, contexts: Contexts = ()) -> int:
        """A whole number below 2^64."""
        self._fill_up()
        byte = self._numbers.integer(1)
        if byte < 16:
            return byte
        refuse_unless(byte < 216, "no such byte of a number")
        if byte < 176:
            bits = 1 + (byte - 16) // 8
            return (8 + (byte - 16) % 8 << bits) + self._string.take(bits)
        return (1 << byte - 152) + self._string.take(byte - 152)

    def text(self, slot: Slot, limit: int, place: int = 0, contexts: Contexts = (), old: bytes = b"") -> str:
        """A string in UTF-8, of so many bytes at most."""
        self._fill_up()
        texts = self._texts
        end = texts.data.find(b"\0", texts.at)
        refuse_unless(end >= 0, "texts end too early")
        return unescape(texts.take(end + 1 - texts.at), limit)

    def raw(self, size: int) -> bytes:
        """So many bytes that nothing predicts."""
        self._fill_up()
        return self._string.take(8 * size).to_bytes(size, "big")

    def finish(self) -> None:
        """Refuse what should not be there behind the last symbol."""
        self._fill_up()
        self._string.finish()
        columns = (self._choices, self._numbers, self._texts)
        refuse_unless(not any(column.rest() for column in columns), "columns that end too late")


def unescape(text: bytes, limit: int) -> str:
    """A text out of its escaped bytes and the zero behind them (protocol, 7.7)."""
    text = text[:-1]
    refuse_unless(re.fullmatch(rb"(?s:[^\x01]|\x01[\x01\x02])*", text) is not None, "bad escape")
    text = text.replace(b"\1\1", b"\0").replace(b"\1\2", b"\1")
    refuse_unless(len(text) <= limit, "text too long")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise RefusedError("text that is not UTF-8") from None


class ColumnWriter:
    """Columns and a string of bits out of symbols."""

    def __init__(self) -> None:
        self._choices, self._numbers, self._texts = bytearray(), bytearray(), bytearray()
        self._bits: list[str] = []
        self._free = 0
        self._before: Slot | None = None

    def choice(self, slot: Slot, count: int, value: int) -> None:
        """One of so many alternatives."""
        if _starts_byte(slot, self._before):
            self._free = 0
        self._before = slot
        for bit in range((count - 1).bit_length()):
            if self._free == 0:
                self._choices.append(0)
                self._free = 8
            self._choices[-1] |= (value >> bit & 1) << 8 - self._free
            self._free -= 1

    def number(self, value: int) -> None:
        """A whole number below 2^64."""
        self._other()
        length = value.bit_length()
        if length <= 4:
            self._numbers.append(value)
            return
        bits = length - 4 if length <= 24 else length - 1
        self._numbers.append(16 + (bits - 1) * 8 + (value >> bits) - 8 if length <= 24 else 152 + bits)
        self._bits.append(f"{value & (1 << bits) - 1:0{bits}b}")

    def text(self, text: str) -> None:
        """A string."""
        self._other()
        self._texts += escape(text.encode()) + b"\0"

    def raw(self, data: bytes) -> None:
        """Bytes that nothing predicts."""
        self._other()
        self._bits += [f"{byte:08b}" for byte in data]

    def _other(self) -> None:
        self._free = 0
        self._before = None

    def packed(self) -> bytes:
        """The columns."""
        lengths = uvarint(len(self._choices)) + uvarint(len(self._numbers))
        return lengths + bytes(self._choices + self._numbers + self._texts)

    def string(self) -> bytes:
        """The string of bits."""
        bits = "".join(self._bits)
        size = -(-len(bits) // 8)
        return int(bits.ljust(size * 8, "0") or "0", 2).to_bytes(size, "big")


def _expand(frame: bytes, history: bytes) -> tuple[bytes, bytes]:
    """What a zstd frame says, and the bytes behind it."""
    refuse_unless(bool(frame) and not frame[0] & 0xE7, "frame header with more than a window")
    dictionary = zstandard.ZstdCompressionDict(
        ENTROPY + b"".join(line.encode() + b"\0" for line in PRIMER) + history,
        dict_type=zstandard.DICT_TYPE_FULLDICT,
    )
    expander = zstandard.ZstdDecompressor(
        dict_data=dictionary, max_window_size=WINDOW_BYTES, format=zstandard.FORMAT_ZSTD1_MAGICLESS
    ).decompressobj()
    packed = bytearray()
    try:
        for place in range(len(frame)):
            packed += expander.decompress(frame[place : place + 1])
            refuse_unless(len(packed) <= BATCH_BYTES, "too many bytes")
            if expander.eof:
                return bytes(packed), frame[place + 1 :]
    except zstandard.ZstdError:
        pass
    raise RefusedError("no zstd frame")


def read_body(body: bytes, compressed: bool, history: bytes) -> tuple[bytes, bytes]:
    """Packed and the string of bits, out of a body with its padding (protocol, 7.7)."""
    cursor = Cursor(body)
    string = cursor.take(cursor.uvarint())
    if compressed:
        packed, padding = _expand(cursor.rest(), history)
    else:
        packed, padding = cursor.take(cursor.uvarint()), cursor.rest()
    refuse_unless(not any(padding), "padding that is not zero")
    return packed, string
