"""Frames out of the bytes of a modem (protocol, 3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

from tests.independent.reader.basics import RefusedError, refuse_unless
from tests.independent.reader.galois import repair

SYNC_WORD = bytes.fromhex("94827f")
PARITY_BYTES = (0, 4, 8, 16, 24, 32, 48, 64)
CANDIDATES = 8
KISS_FRAME_BYTES = 2048
_BCH_POLYNOMIAL = 0o107657


def _kiss_frame(run: bytes) -> bytes:
    """What stands between two FENDs, without command and escapes (protocol, 3.1)."""
    refuse_unless(len(run) <= KISS_FRAME_BYTES, "KISS frame too long")
    refuse_unless(run[0] == 0, "not data for the first radio")
    out = bytearray()
    escaped = False
    for byte in run[1:]:
        if escaped:
            refuse_unless(byte in (0xDC, 0xDD), "bad escape")
            out.append(0xC0 if byte == 0xDC else 0xDB)
        elif byte != 0xDB:
            out.append(byte)
        escaped = byte == 0xDB and not escaped
    refuse_unless(not escaped, "bad escape")
    return bytes(out)


def _without_ax25(frame: bytes) -> bytes:
    """Our frame in an AX.25 UI frame with up to eight digipeaters (protocol, 3.1)."""
    ends = [place for place in range(6, len(frame), 7) if frame[place] & 1]
    refuse_unless(bool(ends) and ends[0] in range(13, 7 * 10, 7), "bad AX.25 path")
    control = frame[ends[0] + 1 : ends[0] + 3]
    refuse_unless(control in (b"\x03\xf0", b"\x13\xf0"), "not UI without layer 3")
    return frame[ends[0] + 3 :]


@dataclass
class Kiss:
    """KISS with AX.25, or bare (protocol, 3.1 and 3.2). Takes bytes in pieces of any size."""

    unwrap: Callable[[bytes], bytes]
    _kept: bytes = b""
    _begun: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that end in these bytes."""
        *runs, self._kept = (self._kept + data).split(b"\xc0")
        if runs and not self._begun:
            self._begun = True
            runs.pop(0)
        frames = []
        for run in filter(None, runs):
            try:
                frames.append(self.unwrap(_kiss_frame(run)))
            except RefusedError:
                continue
        return frames


def _bch_word(information: int) -> int:
    """16 bits of information with their 16 bits of protection (protocol, 3.3)."""
    rest = information << 15
    for bit in range(30, 14, -1):
        if rest >> bit & 1:
            rest ^= _BCH_POLYNOMIAL << bit - 15
    word = (information << 15 | rest) << 1
    return word | word.bit_count() & 1


@cache
def _bch_errors() -> dict[int, int]:
    """Patterns of up to 3 wrong bits in the information, for each difference in the protection."""
    errors = {}
    for count in range(4):
        for bits in combinations(range(32), count):
            pattern = sum(1 << bit for bit in bits)
            errors[(_bch_word(pattern >> 16) ^ pattern) & 0xFFFF] = pattern >> 16
    return errors


def read_header(header: bytes) -> tuple[int, int]:
    """Length of a frame and its strength code (protocol, 3.3)."""
    word = int.from_bytes(header, "big")
    error = _bch_errors().get((_bch_word(word >> 16) ^ word) & 0xFFFF)
    if error is None:
        raise RefusedError("header damaged beyond repair")
    information = word >> 16 ^ error
    length, strength, zero = information >> 4, information >> 1 & 7, information & 1
    refuse_unless(length > 0 and zero == 0, "bad header")
    return length, strength


def _block_count(length: int, strength: int) -> int:
    return -(-length // (255 - PARITY_BYTES[strength])) if strength else 0


def body_bytes(length: int, strength: int) -> int:
    """How many bytes the body of a frame has (protocol, 3.3)."""
    return length + _block_count(length, strength) * PARITY_BYTES[strength]


def read_body(body: bytes, length: int, strength: int) -> bytes:
    """The frame out of its Reed-Solomon blocks (protocol, 3.3)."""
    count = _block_count(length, strength)
    if count == 0:
        return body
    frame = bytearray(length)
    for place in range(count):
        frame[place::count] = repair(body[place::count], PARITY_BYTES[strength])
    return bytes(frame)


@dataclass
class Stream:
    """A transparent modem (protocol, 3.3). What the check then refuses was a false sync word."""

    _kept: bytes = b""
    _open: list[tuple[int, int, int]] = field(default_factory=list)
    _next: int = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that end in these bytes."""
        self._kept += data
        while self._next + 7 <= len(self._kept):
            self._look(self._next)
            self._next += 1
        frames = [frame for candidate in self._open if (frame := self._close(candidate)) is not None]
        self._open = [c for c in self._open if c[0] + body_bytes(*c[1:]) > len(self._kept)]
        return frames

    def _look(self, place: int) -> None:
        """Open a candidate if a sync word and a header begin here."""
        wrong = int.from_bytes(self._kept[place : place + 3], "big") ^ int.from_bytes(SYNC_WORD, "big")
        if wrong.bit_count() > 3 or len(self._open) == CANDIDATES:
            return
        try:
            length, strength = read_header(self._kept[place + 3 : place + 7])
        except RefusedError:
            return
        self._open.append((place + 7, length, strength))

    def _close(self, candidate: tuple[int, int, int]) -> bytes | None:
        place, length, strength = candidate
        body = self._kept[place : place + body_bytes(length, strength)]
        if len(body) < body_bytes(length, strength):
            return None
        try:
            return read_body(body, length, strength)
        except RefusedError:
            return None


Deframer = Kiss | Stream


def deframer(framing: str) -> Deframer:
    """The framing with this name in the stored contacts."""
    if framing == "stream":
        return Stream()
    return Kiss(_without_ax25 if framing == "KISS and AX.25" else bytes)


def check_bytes(framing: str) -> int:
    """Size of the frame check (protocol, 3)."""
    return 4 if framing == "stream" else 2
