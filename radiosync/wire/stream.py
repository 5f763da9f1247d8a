"""Frames on transparent modems, which deliver every byte and some of them wrong.

A frame on air, integers with their highest bit first:

    3 bytes   sync word 94 82 7F
    4 bytes   header: 16 bits of information, then 16 bits of their protection
    n bytes   body: the payload in Reed-Solomon blocks, interleaved

Information is LLLLLLLL LLLLSSS0: payload length (1 to 4095), strength code, a zero. Its protection is the
extended BCH code (32, 16) with distance 8: the remainder of information times x^15 divided by x^15 + x^11 +
x^10 + x^9 + x^8 + x^7 + x^5 + x^3 + x^2 + x + 1 (octal 107657; Lin & Costello, Error Control Coding, table
of BCH generators), then a bit that makes the number of ones even. Up to three wrong bits are repaired.

`STRENGTHS` gives the parity bytes of a block by strength code. With parity p > 0 the payload is dealt out
in turn to as few blocks as hold it (255 - p bytes at most), each gets its parity (`reedsolomon`), and they
are interleaved: the body starts with the payload as it is. With strength 0 the body is the payload.

Figures. The sync word is accepted with up to three wrong bits. Random bytes match it once in 7,200
positions and a valid header follows once in 170,000. Where it overlaps itself it differs in 10 bits one
byte on and in 6 bits two bytes on; from three equal bytes it differs in at least 8, from ASCII text in at
least 5. Share of prefixes lost at a uniform bit error rate of 1e-3: 5e-8; 3e-3: 4e-6; 1e-2: 4e-4; 3e-2:
2e-2. Three bytes of sync word suffice, since a false match costs nothing but a
few milliseconds, and most prefixes that are lost are lost to the header.

A match opens a candidate and consumes nothing: the search goes on inside it, so a frame that starts inside
a false match, or inside one that lost bytes, is found and delivered as soon as its own last byte is there.
A frame may be delivered that nobody sent: payloads carry a frame check (`check`) of four bytes.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final

from radiosync.errors import WireError
from radiosync.limits import STREAM_CANDIDATES, STREAM_PAYLOAD_BYTES
from radiosync.wire.reedsolomon import BLOCK_BYTES, decode_block, deinterleave, encode_block, interleave
from radiosync.wire.strength import LEAST_STRENGTH, StrengthMeter

STRENGTHS: Final = (0, 4, 8, 16, 24, 32, 48, 64)
"""Parity bytes of a block by strength code. Half as many wrong bytes are repaired; 64 carries a bit error
rate of 1e-2."""

SYNC_WORD: Final = 0x94827F
SYNC_WRONG_BITS: Final = 3
SYNC_BYTES: Final = 3
HEADER_BYTES: Final = 4
PREFIX_BYTES: Final = SYNC_BYTES + HEADER_BYTES

_GENERATOR: Final = 0o107657
_HEADER_WRONG_BITS: Final = 3
_PREFIX_MASK: Final = (1 << 8 * PREFIX_BYTES) - 1
_HEADER_MASK: Final = (1 << 8 * HEADER_BYTES) - 1
_RESERVED_MASK: Final = 0x1


@dataclass(frozen=True, slots=True)
class StreamFrame:
    """A frame whose blocks could all be repaired.

    Attributes:
        payload: what was sent, or rarely a wrong repair: see `reedsolomon`.
        strength: the code that its header named.
        corrected: wrong bytes that were repaired in all its blocks together.
    """

    payload: bytes
    strength: int
    corrected: int


def stream_bytes(payload_bytes: int, strength: int) -> int:
    """Return the bytes on air of a frame with that payload and strength code."""
    return PREFIX_BYTES + payload_bytes + _block_count(payload_bytes, strength) * STRENGTHS[strength]


def encode_stream(payload: bytes, strength: int) -> bytes:
    """Return the frame for `payload` (1 to 4095 bytes) with strength code 0 to 7.

    Raises ValueError on others.
    """
    if not 1 <= len(payload) <= STREAM_PAYLOAD_BYTES or not 0 <= strength < len(STRENGTHS):
        raise ValueError(f"no stream frame with {len(payload)} bytes and strength {strength}")
    header = _protect(len(payload) << 4 | strength << 1)
    prefix = (SYNC_WORD << 8 * HEADER_BYTES | header).to_bytes(PREFIX_BYTES, "big")
    parity = STRENGTHS[strength]
    if not parity:
        return prefix + payload
    parts = deinterleave(payload, _block_count(len(payload), strength))
    return prefix + interleave([encode_block(part, parity) for part in parts])


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A frame whose prefix was found and whose body is arriving.

    Attributes:
        end_at: count of bytes received in all when its last byte is there.
        payload_bytes, strength: what its header says.
        is_first: no other one was open when it began. Those that begin inside of another one are mostly false.
    """

    end_at: int
    payload_bytes: int
    strength: int
    is_first: bool


class StreamDecoder:
    """Finds frames in what a transparent modem delivers, however the bytes are cut, damaged, lost or added.

    Attributes:
        damaged: frames dropped since a block had more wrong bytes than its parity repairs. Counts false
            matches as well, and cannot count a frame of strength 0, nor one whose prefix was lost.
        meter: which strength the frames that arrived would have needed.
    """

    def __init__(self, guess: int = LEAST_STRENGTH) -> None:
        """`guess`: strength that is thought to be needed before anything is heard."""
        self.damaged = 0
        self.meter = StrengthMeter(STRENGTHS, guess)
        self._recent = bytearray()  # at least the last bytes that the longest body can have
        self._received = 0
        self._prefix = 0  # the last PREFIX_BYTES bytes as one integer
        self._candidates: list[_Candidate] = []

    def receive(self, data: bytes) -> list[StreamFrame]:
        """Take bytes from the modem, return the frames that they complete.

        Never raises, whatever the bytes.
        """
        frames = []
        for byte in data:
            self._recent.append(byte)
            self._received += 1
            self._prefix = (self._prefix << 8 | byte) & _PREFIX_MASK
            if self._candidates:
                frames += self._finish()
            if (self._prefix >> 8 * HEADER_BYTES ^ SYNC_WORD).bit_count() <= SYNC_WRONG_BITS:
                self._open(self._prefix & _HEADER_MASK)
        del self._recent[:-_LONGEST_BODY_BYTES]
        return frames

    def _open(self, header: int) -> None:
        information = _repair(header)
        if information is None or information & _RESERVED_MASK or len(self._candidates) >= STREAM_CANDIDATES:
            return
        payload_bytes, strength = information >> 4, information >> 1 & 0x7
        if payload_bytes:
            body_bytes = stream_bytes(payload_bytes, strength) - PREFIX_BYTES
            end_at, is_first = self._received + body_bytes, not self._candidates
            self._candidates.append(_Candidate(end_at, payload_bytes, strength, is_first))

    def _finish(self) -> list[StreamFrame]:
        """Decode the candidates whose last byte has just arrived."""
        ended = [candidate for candidate in self._candidates if candidate.end_at == self._received]
        frames = []
        for candidate in ended:
            self._candidates.remove(candidate)
            body_bytes = stream_bytes(candidate.payload_bytes, candidate.strength) - PREFIX_BYTES
            try:
                frame, wrong_bytes = _decode_body(bytes(self._recent[-body_bytes:]), candidate)
            except WireError:
                self.damaged += 1
                if candidate.is_first:
                    self.meter.note_damaged(body_bytes, candidate.strength)
                continue
            frames.append(frame)
            if frame.strength:
                self.meter.note(body_bytes, wrong_bytes)
        return frames


def _decode_body(body: bytes, candidate: _Candidate) -> tuple[StreamFrame, float]:
    """Return the frame, and the wrong bytes of its worst block for each `BLOCK_BYTES`."""
    parity = STRENGTHS[candidate.strength]
    if not parity:
        return StreamFrame(body, candidate.strength, 0), 0.0
    blocks = deinterleave(body, _block_count(candidate.payload_bytes, candidate.strength))
    parts, corrected = zip(*(decode_block(block, parity) for block in blocks), strict=True)
    wrong_bytes = max(corrected) * BLOCK_BYTES / len(blocks[0])
    return StreamFrame(interleave(parts), candidate.strength, sum(corrected)), wrong_bytes


def _block_count(payload_bytes: int, strength: int) -> int:
    return -(-payload_bytes // (BLOCK_BYTES - STRENGTHS[strength]))


_LONGEST_BODY_BYTES: Final = max(
    stream_bytes(STREAM_PAYLOAD_BYTES, strength) - PREFIX_BYTES for strength in range(len(STRENGTHS))
)


def _protect(information: int) -> int:
    """Return the 32-bit header word for 16 bits of information."""
    rest = information << 15
    for bit in range(30, 14, -1):
        if rest >> bit & 1:
            rest ^= _GENERATOR << (bit - 15)
    word = (information << 15 | rest) << 1
    return word | word.bit_count() & 1


def _repair(word: int) -> int | None:
    """Return the information of a header word with at most three wrong bits, or None."""
    information = word >> 16
    wrong_bits = _wrong_bits_by_syndrome().get((_protect(information) ^ word) & 0xFFFF)
    return None if wrong_bits is None else information ^ wrong_bits >> 16


@cache
def _wrong_bits_by_syndrome() -> dict[int, int]:
    """Return every pattern of at most three wrong bits, by what it does to the protection.

    All 5,489 differ there.
    """
    syndromes = [_protect(1 << bit - 16) & 0xFFFF if bit >= 16 else 1 << bit for bit in range(32)]
    table = {}
    for weight in range(_HEADER_WRONG_BITS + 1):
        for bits in combinations(range(32), weight):
            pattern = syndrome = 0
            for bit in bits:
                pattern |= 1 << bit
                syndrome ^= syndromes[bit]
            table[syndrome] = pattern
    return table
